//! One rule of a policy, from its arguments: those of a resource, of a block inside of a policy, or of the API.

use super::lift::{PolicyRule, refused};
use crate::diag::{Code, Finding};
use crate::packet::{
    AddrSet, Constraint, GroupSet, NamePattern, PeerSet, Prefix, PrefixError, Set, TransportSet,
};
use crate::policy::{Action, Direction, Unmodelled};
use crate::syntax::hcl::{Block, Value};
use crate::targets::clouds::gcp_service::service;
use crate::targets::clouds::objects::{children, says};
use crate::targets::clouds::terraform::{Doubtful, Stated, found, items, stated, unknown};

/// The arguments of a rule that decide about packets and are looked at below, and those that decide nothing.
const KNOWN: [&str; 22] = [
    "action",
    "count",
    "creation_timestamp",
    "depends_on",
    "description",
    "direction",
    "disabled",
    "enable_logging",
    "firewall_policy",
    "for_each",
    "id",
    "kind",
    "priority",
    "project",
    "provider",
    "region",
    "rule_name",
    "rule_tuple_count",
    // What is inspected, and how deep, is said of the action that inspects.
    "security_profile_group",
    "target_service_accounts",
    "timeouts",
    "tls_inspect",
];
/// The blocks of a rule: the conditions, the instances, and what decides nothing.
const BLOCKS: [&str; 5] = ["match", "target_secure_tags", "target_secure_tag", "timeouts", "lifecycle"];

/// The first priority of the rules that every policy ends with, which hand on what nothing else decided.
const PREDEFINED: u32 = 2_147_483_548;

/// The rule, or nothing where Google would refuse it or it does nothing: then the findings say why.
///
/// What is left of a rule of which one part is refused is not what was written, so it is no rule at all.
pub(super) fn rule(block: &Block, policy: String, findings: &mut Vec<Finding>) -> Option<PolicyRule> {
    let name = name(block);
    let mut reader = Reader { block, name: &name, findings, sound: true, doubts: Vec::new() };
    if reader.is_disabled() {
        return None;
    }
    let (priority, actions, directions) = (reader.priority(), reader.actions(), reader.directions());
    let predefined = matches!(priority, Stated::Known(number) if number >= PREDEFINED);
    if predefined && block.get("action").and_then(Value::as_text).as_deref() == Some("goto_next") {
        return None;
    }
    let conditions: Vec<&Block> = children(block, "match").collect();
    let [condition] = conditions.as_slice() else {
        reader.refuse("needs one `match`");
        return None;
    };
    let services = reader.services(condition);
    let (far, near) = reader.ends(condition, &directions);
    reader.others(condition, &directions);
    let Reader { sound, doubts, .. } = reader;
    let place = block.place.clone();
    let (targets, unresolved) = (targets(block), is_unresolved(block));
    sound.then_some(PolicyRule {
        policy,
        directions,
        actions,
        priority,
        services,
        far,
        near,
        targets,
        unresolved,
        doubts,
        place,
    })
}

/// Reports whether an expression says which instances the rule is for.
fn is_unresolved(block: &Block) -> bool {
    let tags = block.blocks.iter().filter(|inner| inner.kind.starts_with("target_secure_tag"));
    let named = tags.filter_map(|tag| tag.get("name"));
    let all = block.get("target_service_accounts").into_iter().flat_map(items).chain(named);
    all.into_iter().any(|item| item.unknown().is_some())
}

/// The instances that a rule is for.
pub(super) fn targets(block: &Block) -> Vec<String> {
    let mut targets = Vec::new();
    for item in block.get("target_service_accounts").into_iter().flat_map(items) {
        let text = item.as_text().or_else(|| item.unknown().map(str::to_owned));
        targets.extend(text.map(|name| format!("service-account:{name}")));
    }
    targets.extend(tags(block, ["target_secure_tags", "target_secure_tag"]));
    targets
}

/// The secure tags that blocks of these kinds name.
fn tags(block: &Block, kinds: [&str; 2]) -> Vec<String> {
    let blocks = block.blocks.iter().filter(|inner| kinds.contains(&inner.kind.as_str()));
    let name = |tag: &Block| {
        let value = tag.get("name");
        let text = value.and_then(|name| name.as_text().or_else(|| name.unknown().map(str::to_owned)));
        let text = text.or_else(|| tag.uncertain.first().cloned()).unwrap_or_else(|| "unknown".to_owned());
        format!("secure-tag:{text}")
    };
    blocks.map(name).collect()
}

/// What a rule is called.
fn name(block: &Block) -> String {
    let named = block.get("rule_name").and_then(Value::as_text).filter(|name| !name.is_empty());
    let numbered = || {
        let priority = block.get("priority").and_then(Value::as_text)?;
        block.labels.is_empty().then(|| format!("rule {priority}"))
    };
    named
        .or_else(numbered)
        .unwrap_or_else(|| if block.labels.is_empty() { "a rule".to_owned() } else { block.address() })
}

struct Reader<'a> {
    block: &'a Block,
    name: &'a str,
    findings: &'a mut Vec<Finding>,
    sound: bool,
    doubts: Vec<Unmodelled>,
}

/// An end of connections: what is known of it, and each part that is not.
pub(super) type Ends<S> = Vec<(Constraint<S>, Option<Unmodelled>)>;

impl Reader<'_> {
    fn refuse(&mut self, message: &str) {
        self.sound = false;
        self.findings.push(refused(format!("`{}` {message}", self.name), &self.block.place));
    }

    fn is_disabled(&mut self) -> bool {
        let why = "it decides whether the rule applies";
        self.doubts.extend(self.block.uncertain.iter().map(|text| unknown(text, why)));
        match stated(self.block.get("disabled"), Value::as_bool) {
            Stated::Known(true) => {
                let message = format!("`{}` is disabled, so it does nothing", self.name);
                self.findings.push(found(Code::ReadNotCompared, message, &self.block.place));
                return true;
            }
            Stated::Unknown(text) => self.doubts.push(unknown(&format!("disabled = {text}"), why)),
            Stated::Known(false) | Stated::Absent => {}
        }
        false
    }

    fn priority(&mut self) -> Stated<u32> {
        let priority = stated(self.block.get("priority"), |value| value.as_text()?.parse().ok());
        if matches!(priority, Stated::Absent) {
            self.refuse("needs a priority from 0 to 2147483647");
        }
        priority
    }

    fn actions(&mut self) -> Vec<(Action, Option<Unmodelled>)> {
        // Either way nothing behind the rule is asked about its packets.
        let handed =
            |text: &str, why: &str| vec![(Action::Allow, Some(unknown(text, why))), (Action::Deny, None)];
        match stated(self.block.get("action"), Value::as_text) {
            Stated::Known(text) => match text.to_ascii_lowercase().as_str() {
                "allow" => vec![(Action::Allow, None)],
                "deny" => vec![(Action::Deny, None)],
                "goto_next" => handed("goto_next", "what comes after the policy decides"),
                "apply_security_profile_group" => {
                    let group = self.block.get("security_profile_group");
                    let group = group.and_then(|it| it.as_text().or_else(|| it.unknown().map(str::to_owned)));
                    let text = format!("security_profile_group {}", group.unwrap_or_default());
                    handed(text.trim(), "what is found when connections are inspected decides")
                }
                _ => {
                    self.refuse("needs an action, such as `allow` or `deny`");
                    Vec::new()
                }
            },
            Stated::Unknown(text) => {
                let why = "it decides whether the rule allows or denies";
                vec![
                    (Action::Allow, Some(unknown(&format!("{text} is allow"), why))),
                    (Action::Deny, Some(unknown(&format!("{text} is deny"), why))),
                ]
            }
            Stated::Absent => {
                self.refuse("needs an action, such as `allow` or `deny`");
                Vec::new()
            }
        }
    }

    fn directions(&mut self) -> Vec<Direction> {
        match stated(self.block.get("direction"), Value::as_text) {
            Stated::Known(text) if text == "INGRESS" => vec![Direction::Ingress],
            Stated::Known(text) if text == "EGRESS" => vec![Direction::Egress],
            Stated::Unknown(text) => {
                let why = "it decides whether the rule is ingress or egress";
                self.doubts.push(unknown(&format!("direction {text}"), why));
                vec![Direction::Egress, Direction::Ingress]
            }
            // A policy with its rules may leave it out; the API fills in ingress then.
            Stated::Absent if self.block.get("direction").is_none() => vec![Direction::Ingress],
            Stated::Known(_) | Stated::Absent => {
                self.refuse("needs a direction, either `INGRESS` or `EGRESS`");
                Vec::new()
            }
        }
    }

    fn services(&mut self, condition: &Block) -> Vec<Doubtful> {
        let kinds = ["layer4_configs", "layer4_config"];
        let blocks: Vec<&Block> =
            condition.blocks.iter().filter(|inner| kinds.contains(&inner.kind.as_str())).collect();
        if blocks.is_empty() && condition.uncertain.is_empty() {
            self.refuse("names no service: `layer4_configs` is needed");
        }
        let mut services = Vec::new();
        for block in blocks {
            match service(block, "ip_protocol") {
                Ok((sure, doubtful)) => {
                    services.push((sure, Vec::new()));
                    services.extend(doubtful);
                }
                Err(message) => self.refuse(&format!("has a service that is none: {message}")),
            }
        }
        for text in &condition.uncertain {
            let why = "it decides what the rule is for";
            services.push((TransportSet::full(), vec![unknown(text, why)]));
        }
        services
    }

    /// The far and the near end.
    fn ends(&mut self, condition: &Block, directions: &[Direction]) -> (Ends<PeerSet>, Ends<AddrSet>) {
        let [direction] = directions else {
            // Which of the arguments is the far end is not known either.
            return (vec![(Constraint::Any, None)], vec![(Constraint::Any, None)]);
        };
        let (far, near) = sides(*direction);
        let (addrs, mut unmodelled) = self.ranges(condition, far);
        let mut known = PeerSet::from(addrs);
        let argument = format!("{far}_fqdns");
        for item in condition.get(&argument).into_iter().flat_map(items) {
            match (item.as_text(), item.unknown()) {
                (Some(text), _) => match text.trim_end_matches('.').parse() {
                    Ok(host) => known = known.union(&PeerSet::from(NamePattern::Host(host).names())),
                    Err(_) => self.refuse(&format!("names `{text}`, which is no name of a host")),
                },
                (None, Some(text)) => {
                    unmodelled
                        .push(unknown(&format!("{argument} {text}"), "it decides which names are meant"));
                }
                (None, None) => {
                    self.refuse(&format!("has {} where a name is needed", item.kind.describe()));
                }
            }
        }
        let listed = [
            ("address_groups", "the addresses of an address group are not in the file"),
            ("region_codes", "the addresses of a country are known to Google alone"),
            ("threat_intelligences", "the addresses of such a list are known to Google alone"),
        ];
        for (what, why) in listed {
            for item in condition.get(&format!("{far}_{what}")).into_iter().flat_map(items) {
                let text = item.as_text().or_else(|| item.unknown().map(str::to_owned));
                let text = text.unwrap_or_else(|| item.kind.describe().to_owned());
                unmodelled.push(unknown(&format!("{far}_{what} {text}"), why));
            }
        }
        if *direction == Direction::Ingress {
            let tags = tags(condition, ["src_secure_tags", "src_secure_tag"]);
            known = known.union(&PeerSet::from(GroupSet::of(tags.iter().map(String::as_str))));
        }
        let far = ends(known, unmodelled);
        let (near, unmodelled) = self.ranges(condition, near);
        (far, ends(near, unmodelled))
    }

    /// The blocks of addresses of one end, and what of them is not known.
    fn ranges(&mut self, condition: &Block, end: &str) -> (AddrSet, Vec<Unmodelled>) {
        let (mut prefixes, mut unmodelled): (Vec<Prefix>, _) = (Vec::new(), Vec::new());
        let argument = format!("{end}_ip_ranges");
        for item in condition.get(&argument).into_iter().flat_map(items) {
            match (item.as_text(), item.unknown()) {
                (Some(text), _) => match text.parse() {
                    Ok(prefix) => prefixes.push(prefix),
                    Err(error) => self.refuse(&format!("has an address: {}", PrefixError::to_string(&error))),
                },
                (None, Some(text)) => {
                    let why = "it decides which addresses are meant";
                    unmodelled.push(unknown(&format!("{argument} {text}"), why));
                }
                (None, None) => {
                    self.refuse(&format!(
                        "has {} where a block of addresses is needed",
                        item.kind.describe()
                    ));
                }
            }
        }
        (AddrSet::of(prefixes), unmodelled)
    }

    /// Conditions that are not looked at: each may narrow the rule.
    fn others(&mut self, condition: &Block, directions: &[Direction]) {
        let why = "this condition is not modelled, and may narrow the rule";
        let mut doubts = Vec::new();
        let mut doubt = |name: &str, value: Option<&Value>| {
            let text = |item: &Value| item.as_text().or_else(|| item.unknown().map(str::to_owned));
            let texts: Vec<String> = value.into_iter().flat_map(items).filter_map(text).collect();
            doubts.push(unknown(format!("{name} {}", texts.join(" ")).trim(), why));
        };
        for (name, value) in &self.block.attributes {
            if !KNOWN.contains(&name.as_str()) && says(value) {
                doubt(name, Some(value));
            }
        }
        for inner in &self.block.blocks {
            if !BLOCKS.contains(&inner.kind.as_str()) {
                doubt(&inner.kind, None);
            }
        }
        let looked_at = |name: &str| {
            let [direction] = directions else { return false };
            let (far, near) = sides(*direction);
            let of_far = ["ip_ranges", "fqdns", "address_groups", "region_codes", "threat_intelligences"];
            name.strip_prefix(far)
                .and_then(|rest| rest.strip_prefix('_'))
                .is_some_and(|rest| of_far.contains(&rest))
                || name.strip_prefix(near) == Some("_ip_ranges")
        };
        for (name, value) in &condition.attributes {
            if !looked_at(name) && says(value) {
                doubt(name, Some(value));
            }
        }
        let tagged = directions == [Direction::Ingress];
        for inner in &condition.blocks {
            let known = inner.kind.starts_with("layer4_config")
                || (tagged && inner.kind.starts_with("src_secure_tag"));
            if !known {
                doubt(&inner.kind, inner.get("name"));
            }
        }
        self.doubts.extend(doubts);
    }
}

/// How the arguments of the far and of the near end begin.
fn sides(direction: Direction) -> (&'static str, &'static str) {
    match direction {
        Direction::Egress => ("dest", "src"),
        Direction::Ingress => ("src", "dest"),
    }
}

/// An end as constraints: what is known, and anything for what is not. Nothing stated means any.
fn ends<S: Set>(known: S, unmodelled: Vec<Unmodelled>) -> Ends<S> {
    let known = Constraint::only(known).map(|known| (known, None));
    let unknown = unmodelled.into_iter().map(|part| (Constraint::Any, Some(part)));
    let ends: Ends<S> = known.into_iter().chain(unknown).collect();
    if ends.is_empty() { vec![(Constraint::Any, None)] } else { ends }
}
