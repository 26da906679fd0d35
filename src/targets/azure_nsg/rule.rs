//! One rule of a group, from its arguments: those of a resource, of a block inside of a group, or of the API.

use super::lift::{Ends, SecurityRule, refused, tag};
use super::service::{Named, protocol};
use crate::diag::Finding;
use crate::packet::{AddrSet, Constraint, PortRange, PortSet, Prefix, PrefixError, Set as _, TransportSet};
use crate::policy::{Action, Direction, Unmodelled};
use crate::syntax::hcl::{Block, Value};
use crate::targets::clouds::service_tags::ServiceTags;
use crate::targets::clouds::terraform::{Stated, items, stated, unknown};

/// The rule of a group, or nothing where Azure would refuse it: then the findings say why.
///
/// What is left of a rule of which one part is refused is not what was written, so it is no rule at all.
pub(super) fn rule(
    block: &Block,
    group: String,
    tags: &mut ServiceTags,
    findings: &mut Vec<Finding>,
) -> Option<SecurityRule> {
    let name = block.get("name").and_then(Value::as_text).unwrap_or_else(|| block.address());
    let mut reader = Reader { block, name: &name, tags, findings, sound: true };
    let directions = reader.directions();
    let actions = reader.actions();
    let priority = reader.priority();
    let (services, mut doubts) = (reader.services(), reader.source_ports());
    let (source, destination) = (reader.ends("source"), reader.ends("destination"));
    if !reader.sound {
        return None;
    }
    let why = "it decides whether the rule exists";
    doubts.extend(block.uncertain.iter().map(|text| unknown(text, why)));
    let place = block.place.clone();
    Some(SecurityRule {
        group,
        name,
        directions,
        actions,
        priority,
        services,
        source,
        destination,
        doubts,
        place,
    })
}

struct Reader<'a> {
    block: &'a Block,
    name: &'a str,
    tags: &'a mut ServiceTags,
    findings: &'a mut Vec<Finding>,
    sound: bool,
}

/// Ports as a rule states them.
#[derive(Default)]
struct Ports {
    all: bool,
    ranges: Vec<PortRange>,
    unknown: Vec<String>,
}

impl Reader<'_> {
    fn refuse(&mut self, message: &str) {
        self.sound = false;
        self.findings.push(refused(format!("`{}` {message}", self.name), &self.block.place));
    }

    fn directions(&mut self) -> Vec<Direction> {
        match stated(self.block.get("direction"), Value::as_text) {
            Stated::Known(text) if text.eq_ignore_ascii_case("outbound") => vec![Direction::Egress],
            Stated::Known(text) if text.eq_ignore_ascii_case("inbound") => vec![Direction::Ingress],
            Stated::Unknown(_) => super::lift::BOTH.to_vec(),
            Stated::Known(_) | Stated::Absent => {
                self.refuse("needs a direction, either `Inbound` or `Outbound`");
                Vec::new()
            }
        }
    }

    fn actions(&mut self) -> Vec<(Action, Option<Unmodelled>)> {
        let why = "it decides whether the rule allows or denies";
        match stated(self.block.get("access"), Value::as_text) {
            Stated::Known(text) if text.eq_ignore_ascii_case("allow") => vec![(Action::Allow, None)],
            Stated::Known(text) if text.eq_ignore_ascii_case("deny") => vec![(Action::Deny, None)],
            Stated::Unknown(text) => vec![
                (Action::Allow, Some(unknown(&format!("{text} is Allow"), why))),
                (Action::Deny, Some(unknown(&format!("{text} is Deny"), why))),
            ],
            Stated::Known(_) | Stated::Absent => {
                self.refuse("needs `access`, either `Allow` or `Deny`");
                Vec::new()
            }
        }
    }

    fn priority(&mut self) -> Stated<u16> {
        let priority = stated(self.block.get("priority"), |value| value.as_text()?.parse().ok());
        let fits = |number: u16| (100..=4096).contains(&number) || number >= 65_000;
        match priority {
            Stated::Known(number) if !fits(number) => {
                self.refuse("needs a priority from 100 to 4096");
            }
            Stated::Absent => self.refuse("needs a priority from 100 to 4096"),
            Stated::Known(_) | Stated::Unknown(_) => {}
        }
        priority
    }

    fn services(&mut self) -> Vec<(TransportSet, Vec<Unmodelled>)> {
        let (named, doubt) = match stated(self.block.get("protocol"), Value::as_text) {
            Stated::Known(text) => {
                let Some(named) = protocol(&text) else {
                    self.refuse("needs a protocol: `Tcp`, `Udp`, `Icmp`, `Esp`, `Ah` or `*`");
                    return Vec::new();
                };
                (named, None)
            }
            Stated::Unknown(text) => {
                (Named::Any, Some(unknown(&text, "it decides which protocol the rule is for")))
            }
            Stated::Absent => {
                self.refuse("names no protocol");
                return Vec::new();
            }
        };
        let ports = self.ports("destination");
        let mut services = Vec::new();
        if let (Some(doubt), false) = (&doubt, ports.all) {
            // Whatever the protocol turns out to be, nothing else is known then.
            return vec![(TransportSet::full(), vec![doubt.clone()])];
        }
        if ports.all {
            services.push((named.whole(), Vec::from_iter(doubt.clone())));
        } else if !ports.ranges.is_empty() {
            if let Some(set) = named.ports(&PortSet::of(ports.ranges.iter().copied())) {
                services.push((set, Vec::new()));
            } else {
                let text: Vec<String> = ports.ranges.iter().map(ToString::to_string).collect();
                let text = format!("destination port {}", text.join(","));
                let why = "the protocol has no ports that could be looked at";
                services.push((named.whole(), vec![unknown(&text, why)]));
            }
        }
        for text in ports.unknown {
            let why = "it decides which ports the rule is for";
            services.push((named.whole(), doubt.iter().cloned().chain([unknown(&text, why)]).collect()));
        }
        services
    }

    /// Source ports that are not all of them: no packet that opens a connection can be told by them.
    fn source_ports(&mut self) -> Vec<Unmodelled> {
        let ports = self.ports("source");
        if ports.all {
            return Vec::new();
        }
        let mut texts: Vec<String> = ports.ranges.iter().map(ToString::to_string).collect();
        texts.extend(ports.unknown);
        texts.sort();
        vec![unknown(&format!("source port {}", texts.join(",")), "source ports are not modelled")]
    }

    fn ports(&mut self, end: &str) -> Ports {
        let mut ports = Ports::default();
        let before = self.findings.len();
        let block = self.block;
        let singular = block.get(&format!("{end}_port_range"));
        let plural = block.get(&format!("{end}_port_ranges"));
        for item in singular.into_iter().chain(plural).flat_map(items) {
            match (item.as_text(), item.unknown()) {
                (Some(text), _) if text == "*" => ports.all = true,
                (Some(text), _) => match text.parse::<PortRange>() {
                    Ok(range) => ports.ranges.push(range),
                    Err(error) => self.refuse(&format!("has a {end} port that is none: {error}")),
                },
                (None, Some(text)) => ports.unknown.push(text.to_owned()),
                (None, None) => {
                    self.refuse(&format!("has {} where a {end} port is needed", item.kind.describe()));
                }
            }
        }
        // Every port by its number is every port.
        ports.all |= PortSet::of(ports.ranges.iter().copied()).is_full();
        let nothing = !ports.all && ports.ranges.is_empty() && ports.unknown.is_empty();
        if nothing && self.findings.len() == before {
            self.refuse(&format!("names no {end} port"));
        }
        ports
    }

    fn ends(&mut self, end: &str) -> Ends {
        let mut prefixes: Vec<Prefix> = Vec::new();
        let mut tagged = AddrSet::default();
        let mut unmodelled: Vec<Unmodelled> = Vec::new();
        let mut any = false;
        let (block, before) = (self.block, self.findings.len());
        let singular = block.get(&format!("{end}_address_prefix"));
        let plural = block.get(&format!("{end}_address_prefixes"));
        for item in singular.into_iter().chain(plural).flat_map(items) {
            match (item.as_text(), item.unknown()) {
                (Some(text), _) if text == "*" => any = true,
                // Tags begin with a letter and have neither slash nor colon.
                (Some(text), _) if is_tag(&text) => match self.tags.meaning(&text) {
                    Ok(addrs) => tagged = tagged.union(&addrs),
                    Err(why) => unmodelled.push(tag(end, &text, &why)),
                },
                (Some(text), _) => match text.parse() {
                    Ok(prefix) => prefixes.push(prefix),
                    Err(error) => self.refuse(&format!("has a {end}: {}", PrefixError::to_string(&error))),
                },
                (None, Some(text)) => {
                    let why = "it decides which addresses the rule is for";
                    unmodelled.push(unknown(&format!("{end} {text}"), why));
                }
                (None, None) => {
                    self.refuse(&format!("has {} where a {end} is needed", item.kind.describe()));
                }
            }
        }
        let groups = block.get(&format!("{end}_application_security_group_ids"));
        for item in groups.into_iter().flat_map(items) {
            let text = item.as_text().or_else(|| item.unknown().map(str::to_owned));
            let name = text.unwrap_or_else(|| item.kind.describe().to_owned());
            let why = "the members of an application security group are not in the file";
            unmodelled.push(unknown(&format!("{end} {name}"), why));
        }
        if any {
            return vec![(Constraint::Any, None)];
        }
        let known = Constraint::only(AddrSet::of(prefixes).union(&tagged)).map(|known| (known, None));
        let unknown = unmodelled.into_iter().map(|part| (Constraint::Any, Some(part)));
        let ends: Ends = known.into_iter().chain(unknown).collect();
        if ends.is_empty() && self.findings.len() == before {
            self.refuse(&format!("names no {end}"));
        }
        ends
    }
}

fn is_tag(text: &str) -> bool {
    text.starts_with(|char: char| char.is_ascii_alphabetic()) && !text.contains(['/', ':'])
}
