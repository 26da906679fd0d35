//! Network firewall policies of Google Cloud: the lowest priority decides, and what no rule decides goes out by the
//! network's own rule. Two rules at the end deny every address, or two at the beginning allow some port of every one.

use super::dice::Dice;
use super::law::{Files, Format, Scope, laws};
use super::world::{Block, Edges, Far, Packet};
use serde_json::{Value, json};
use std::fmt::Write as _;

laws!(Rules, 25);

/// A protocol and its ports; every one where there are none.
type Service = (Option<u8>, Vec<(u16, u16)>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    egress: bool,
    allow: bool,
    disabled: bool,
    priority: u32,
    services: Vec<Service>,
    ranges: Vec<Block>,
    names: Vec<&'static str>,
    near: Option<Block>,
    target: Option<&'static str>,
}

/// The rules of one policy. The first of them stay as they are: each scope is spoken about.
#[derive(Debug, Clone)]
struct Rules(Vec<Rule>);

const TARGETS: [Option<&str>; 2] = [None, Some("web@p.iam.gserviceaccount.com")];
const ANCHORS: usize = 2 * TARGETS.len() + 2;
const NAMES: [&str; 4] = ["api.example.com", "example.com", "b.example.com", "example.org"];

impl Rule {
    fn anchor(egress: bool, target: Option<&'static str>) -> Self {
        Self {
            egress,
            allow: true,
            disabled: false,
            priority: 0,
            services: vec![(Some(6), vec![(7, 9)])],
            ranges: vec![Block::any(false).with_len(32)],
            names: Vec::new(),
            near: None,
            target,
        }
    }

    fn random(dice: &mut Dice, priority: u32) -> Self {
        let services = dice.below(2) + 1;
        let service = |dice: &mut Dice| match dice.below(6) {
            0 => (None, Vec::new()),
            1 => (Some(*dice.pick(&[1, 47, 50, 6, 17])), Vec::new()),
            _ => (Some(*dice.pick(&[6, 6, 17, 132])), (0..=dice.below(2)).map(|_| dice.ports()).collect()),
        };
        let (by_name, v6) = (dice.once_in(2), dice.once_in(3));
        // A block that is all of a family is left to the rules of which it is known what they mean for names.
        let block = |dice: &mut Dice| {
            let block = Block::random(dice, v6);
            if block.len == 0 { block.with_len(2) } else { block }
        };
        Self {
            egress: dice.once_in(2),
            allow: dice.once_in(2),
            disabled: dice.once_in(8),
            priority,
            services: (0..services).map(|_| service(dice)).collect(),
            ranges: (0..if by_name { dice.below(2) } else { 1 + dice.below(2) })
                .map(|_| block(dice))
                .collect(),
            names: (0..if by_name { 1 + dice.below(2) } else { 0 }).map(|_| *dice.pick(&NAMES)).collect(),
            near: dice.once_in(6).then(|| block(dice)),
            target: *dice.pick(&TARGETS),
        }
    }

    fn matches(&self, packet: &Packet) -> bool {
        let far = match &packet.far {
            Far::Addr(addr) => self.ranges.iter().any(|block| block.holds(*addr)),
            Far::Name(name) => self.names.contains(&name.as_str()),
            Far::Group(_) => false,
        };
        let of = |(protocol, ports): &Service| {
            protocol.is_none_or(|protocol| protocol == packet.protocol)
                && (ports.is_empty()
                    || ports.iter().any(|(first, last)| (*first..=*last).contains(&packet.detail)))
        };
        far && self.near.is_none_or(|near| near.holds(packet.near)) && self.services.iter().any(of)
    }

    fn services(&self, dice: &mut Dice) -> Vec<(String, Vec<String>)> {
        let each = self.services.iter().map(|(protocol, ports)| {
            let name = match protocol {
                None => "all".to_owned(),
                Some(6) if !dice.once_in(3) => "tcp".to_owned(),
                Some(17) if !dice.once_in(3) => "udp".to_owned(),
                Some(other) => other.to_string(),
            };
            let port = |(first, last): &(u16, u16)| {
                if first == last { first.to_string() } else { format!("{first}-{last}") }
            };
            (name, ports.iter().map(port).collect())
        });
        each.collect()
    }

    /// The lists of both ends, in the words of the API or of Terraform.
    fn lists(&self, spelt: fn(&str, &str) -> String) -> Vec<(String, Vec<String>)> {
        let (far, near) = if self.egress { ("dest", "src") } else { ("src", "dest") };
        let blocks = |blocks: &[Block]| blocks.iter().map(ToString::to_string).collect::<Vec<_>>();
        let names = self.names.iter().map(|name| (*name).to_owned()).collect();
        let mut lists = vec![
            (spelt(far, "ip_ranges"), blocks(&self.ranges)),
            (spelt(far, "fqdns"), names),
            (spelt(near, "ip_ranges"), blocks(self.near.as_slice())),
        ];
        lists.retain(|(_, items)| !items.is_empty());
        lists
    }

    fn object(&self, dice: &mut Dice) -> Value {
        let camel =
            |end: &str, what: &str| format!("{end}{}", if what == "fqdns" { "Fqdns" } else { "IpRanges" });
        let mut matcher: serde_json::Map<String, Value> =
            self.lists(camel).into_iter().map(|(key, items)| (key, json!(items))).collect();
        let service = |(protocol, ports): (String, Vec<String>)| {
            let mut out = json!({ "ipProtocol": protocol });
            if !ports.is_empty() {
                out["ports"] = json!(ports);
            }
            out
        };
        let services: Vec<Value> = self.services(dice).into_iter().map(service).collect();
        matcher.insert("layer4Configs".to_owned(), json!(services));
        let mut rule = json!({"priority": self.priority, "action": if self.allow { "allow" } else { "deny" },
            "direction": if self.egress { "EGRESS" } else { "INGRESS" }, "match": matcher, "ruleTupleCount": 2,
            "enableLogging": false});
        if self.disabled || dice.once_in(2) {
            rule["disabled"] = json!(self.disabled);
        }
        if let Some(target) = self.target {
            rule["targetServiceAccounts"] = json!([target]);
        }
        rule
    }

    fn values(&self, dice: &mut Dice) -> Value {
        let snake = |end: &str, what: &str| format!("{end}_{what}");
        let mut matcher: serde_json::Map<String, Value> =
            self.lists(snake).into_iter().map(|(key, items)| (key, json!(items))).collect();
        let services: Vec<Value> = self
            .services(dice)
            .into_iter()
            .map(|(protocol, ports)| json!({"ip_protocol": protocol, "ports": ports}))
            .collect();
        matcher.insert("layer4_configs".to_owned(), json!(services));
        for key in ["dest_address_groups", "src_region_codes", "src_secure_tags"] {
            matcher.insert(key.to_owned(), json!([]));
        }
        json!({"firewall_policy": "p", "priority": self.priority, "disabled": self.disabled, "match": [matcher],
            "action": if self.allow { "allow" } else { "deny" }, "direction": if self.egress { "EGRESS" } else { "INGRESS" },
            "target_service_accounts": self.target.map(|target| vec![target]), "target_secure_tags": [],
            "rule_name": "", "description": "", "kind": "compute#firewallPolicyRule", "timeouts": null})
    }

    fn hcl(&self, at: usize, dice: &mut Dice) -> String {
        let kind = "google_compute_network_firewall_policy_rule";
        let mut text = format!("resource \"{kind}\" \"r{at}\" {{\n  firewall_policy = \"p\"\n");
        let (action, way) = (self.allow, self.egress);
        writeln!(
            text,
            "  priority = {}\n  action = \"{}\"",
            self.priority,
            if action { "allow" } else { "deny" }
        )
        .unwrap();
        writeln!(text, "  direction = \"{}\"", if way { "EGRESS" } else { "INGRESS" }).unwrap();
        if self.disabled || dice.once_in(2) {
            writeln!(text, "  disabled = {}", self.disabled).unwrap();
        }
        if let Some(target) = self.target {
            writeln!(text, "  target_service_accounts = [\"{target}\"]").unwrap();
        }
        text += "  match {\n";
        for (key, items) in self.lists(|end, what| format!("{end}_{what}")) {
            writeln!(text, "    {key} = {items:?} # {}", dice.below(9)).unwrap();
        }
        for (protocol, ports) in self.services(dice) {
            writeln!(text, "    layer4_configs {{\n      ip_protocol = \"{protocol}\"").unwrap();
            if !ports.is_empty() {
                writeln!(text, "      ports = {ports:?}").unwrap();
            }
            text += "    }\n";
        }
        text + "  }\n}\n"
    }
}

impl Rules {
    fn free(rules: &[Rule], from: u32) -> u32 {
        (from..u32::MAX).find(|priority| rules.iter().all(|rule| rule.priority != *priority)).unwrap()
    }
}

impl Format for Rules {
    fn random(dice: &mut Dice) -> Self {
        let ways = [true, false].into_iter().flat_map(|egress| TARGETS.map(|target| (egress, target)));
        let mut rules: Vec<Rule> = Vec::new();
        for (egress, target) in ways {
            let priority = Self::free(&rules, 1);
            rules.push(Rule { priority, ..Rule::anchor(egress, target) });
        }
        // Behind all others, or some ports before all others: what is decided for every address is so for every name.
        let (allow, services) = if dice.once_in(3) {
            (true, vec![(Some(6), vec![(20, 30)])])
        } else {
            (false, vec![(None, vec![])])
        };
        for v6 in [false, true] {
            let priority = Self::free(&rules, if allow { 1 } else { 90_000 });
            let ranges = vec![Block::any(v6)];
            rules.push(Rule {
                allow,
                priority,
                services: services.clone(),
                ranges,
                ..Rule::anchor(true, None)
            });
        }
        for _ in 0..dice.below(8) + 2 {
            let from = *dice.pick(&[10, 10, 900, 1000, 65_533]);
            let priority = Self::free(&rules, from);
            rules.push(Rule::random(dice, priority));
        }
        Self(rules)
    }

    fn write(&self, dice: &mut Dice) -> Files {
        let mut rules = self.0.clone();
        dice.shuffle(&mut rules);
        let kind = "google_compute_network_firewall_policy_rule";
        let objects: Vec<Value> = rules.iter().map(|rule| rule.object(dice)).collect();
        let resources: Vec<Value> = rules
            .iter()
            .enumerate()
            .map(|(at, rule)| {
                json!({"address": format!("{kind}.r[{at}]"), "mode": "managed", "type": kind, "name": "r", "index": at,
                    "values": rule.values(dice)})
            })
            .collect();
        let root = json!({"root_module": {"resources": resources}});
        let policy =
            json!({"kind": "compute#firewallPolicy", "name": "p", "rules": objects, "fingerprint": "x"});
        let (name, text) = match dice.below(5) {
            0 => ("policy.json", policy.to_string()),
            1 => ("items.json", json!({"items": [policy]}).to_string()),
            2 => ("main.tf", rules.iter().enumerate().map(|(at, rule)| rule.hcl(at, dice)).collect()),
            3 => ("show.json", json!({"format_version": "1.0", "values": root}).to_string()),
            _ => {
                let plan = json!({"format_version": "1.2", "planned_values": root, "resource_changes": []});
                ("plan.json", plan.to_string())
            }
        };
        vec![(name.to_owned(), text)]
    }

    fn scopes(&self) -> Vec<Scope> {
        let name =
            |target: Option<&str>| target.map_or("p".to_owned(), |it| format!("p/service-account:{it}"));
        [true, false].into_iter().flat_map(|egress| TARGETS.map(|target| (name(target), egress))).collect()
    }

    fn allows(&self, (name, egress): &Scope, packet: &Packet) -> bool {
        let target = name.strip_prefix("p/service-account:");
        let mut mine: Vec<&Rule> = self
            .0
            .iter()
            .filter(|rule| {
                rule.egress == *egress && !rule.disabled && (rule.target.is_none() || rule.target == target)
            })
            .collect();
        mine.sort_by_key(|rule| rule.priority);
        // The two rules about every address stand beside each other, so the first of them stands for both.
        let every = |rule: &&&Rule| {
            matches!(packet.far, Far::Name(_)) && rule.ranges == [Block::any(false)] && {
                let named = Rule { ranges: Vec::new(), names: vec!["x"], ..(**rule).clone() };
                named.matches(&Packet { far: Far::Name("x".to_owned()), ..packet.clone() })
            }
        };
        let first = mine.iter().find(|rule| rule.matches(packet) || every(rule));
        first.map_or(*egress && !matches!(packet.far, Far::Group(_)), |rule| rule.allow)
    }

    fn edges(&self, edges: &mut Edges) {
        for rule in &self.0 {
            edges.rule();
            rule.ranges.iter().for_each(|range| edges.far(*range));
            rule.near.into_iter().for_each(|near| edges.near(near));
            if !rule.names.is_empty() || rule.ranges == [Block::any(false)] {
                for name in NAMES {
                    edges.peer(&Far::Name(name.to_owned()));
                }
            }
            for (protocol, ports) in &rule.services {
                let protocol = protocol.unwrap_or(6);
                edges.protocol(protocol);
                for ports in ports {
                    edges.ports(protocol, *ports);
                }
            }
        }
    }

    fn rewrite(&self, dice: &mut Dice) -> Self {
        let mut order: Vec<u32> = self.0.iter().map(|rule| rule.priority).collect();
        order.sort_unstable();
        let place = |priority: u32| {
            10 * u32::try_from(order.iter().position(|one| *one == priority).unwrap()).unwrap()
        };
        let mut rules: Vec<Rule> = Vec::new();
        for (at, rule) in self.0.iter().enumerate() {
            let rule = Rule { priority: place(rule.priority), ..rule.clone() };
            let next = rule.priority + 1;
            match (dice.below(5), rule.ranges.as_slice(), rule.names.as_slice()) {
                _ if at < ANCHORS => rules.push(rule),
                (0, [one, two], names) => {
                    rules.push(Rule { ranges: vec![*one], names: names.to_vec(), ..rule.clone() });
                    rules.push(Rule {
                        ranges: vec![*two],
                        names: Vec::new(),
                        priority: next,
                        ..rule.clone()
                    });
                }
                (1, [one], _) if one.halves().is_some() => {
                    rules.push(Rule { ranges: one.halves().unwrap().to_vec(), ..rule.clone() });
                }
                (2, [], [one, two]) => {
                    rules.push(Rule { names: vec![*two], ..rule.clone() });
                    rules.push(Rule { names: vec![*one], priority: next, ..rule.clone() });
                }
                (3, ..) => {
                    rules.extend([rule.clone(), Rule { priority: next, allow: !rule.allow, ..rule.clone() }]);
                }
                _ => rules.push(rule),
            }
        }
        Self(rules)
    }

    fn edit(&self, dice: &mut Dice) -> Self {
        let mut rules = self.0.clone();
        let at = ANCHORS + dice.below(rules.len() - ANCHORS);
        let free = Self::free(&rules, *dice.pick(&[10, 950, 80_000]));
        let rule = &mut rules[at];
        match dice.below(8) {
            0 if !rule.names.is_empty() => rule.names[0] = *dice.pick(&NAMES),
            1 if !rule.services[0].1.is_empty() => {
                rule.services[0].1[0].1 = rule.services[0].1[0].1.saturating_add(1);
            }
            2 if rule.services[0].0 == Some(6) => rule.services[0].0 = Some(17),
            3 => rule.egress = !rule.egress,
            4 => rule.priority = free,
            5 => rule.allow = !rule.allow,
            6 => rule.disabled = !rule.disabled,
            7 => rule.target = *dice.pick(&TARGETS),
            _ => drop(rules.remove(at)),
        }
        Self(rules)
    }
}
