//! Firewall rules of Google Cloud: the lowest priority wins, a denial before an allowance, and the network's own rules
//! come last.

use super::dice::Dice;
use super::law::{Files, Format, Scope, laws};
use super::world::{Block, Edges, Far, Packet};
use serde_json::{Value, json};
use std::fmt::Write as _;

laws!(Network, 25);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Service {
    protocol: Option<u8>,
    ports: Vec<(u16, u16)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    egress: bool,
    allow: bool,
    disabled: bool,
    priority: u16,
    services: Vec<Service>,
    /// Of one family.
    ranges: Vec<Block>,
    tag: Option<&'static str>,
}

/// The rules of one network. The first of them stay as they are: each scope is spoken about.
#[derive(Debug, Clone)]
struct Network(Vec<Rule>);

const TAGS: [Option<&str>; 3] = [None, Some("web"), Some("db")];
const ANCHORS: usize = 2 * TAGS.len();

impl Service {
    fn random(dice: &mut Dice) -> Self {
        match dice.below(6) {
            0 => Self { protocol: None, ports: Vec::new() },
            1 => Self { protocol: Some(*dice.pick(&[1, 47, 50, 6, 17])), ports: Vec::new() },
            _ => {
                let count = dice.below(2) + 1;
                let ports = (0..count).map(|_| dice.ports()).collect();
                Self { protocol: Some(*dice.pick(&[6, 6, 17, 132])), ports }
            }
        }
    }

    fn has(&self, packet: &Packet) -> bool {
        self.protocol.is_none_or(|protocol| protocol == packet.protocol)
            && (self.ports.is_empty()
                || self.ports.iter().any(|(first, last)| (*first..=*last).contains(&packet.detail)))
    }

    fn protocol(&self, dice: &mut Dice) -> String {
        let name = match self.protocol {
            None => return "all".to_owned(),
            Some(1) => "icmp",
            Some(6) => "tcp",
            Some(17) => "udp",
            Some(50) => "esp",
            Some(132) => "sctp",
            Some(other) => return other.to_string(),
        };
        if dice.once_in(3) { self.protocol.unwrap().to_string() } else { name.to_owned() }
    }

    fn ports(&self, dice: &mut Dice) -> Vec<String> {
        let port = |(first, last): &(u16, u16)| {
            if first == last && !dice.once_in(3) { first.to_string() } else { format!("{first}-{last}") }
        };
        self.ports.iter().map(port).collect()
    }
}

impl Rule {
    fn random(dice: &mut Dice) -> Self {
        let v6 = dice.once_in(3);
        let count = dice.below(2) + 1;
        let services = dice.below(2) + 1;
        Self {
            egress: dice.once_in(2),
            allow: dice.once_in(2),
            disabled: dice.once_in(8),
            priority: *dice.pick(&[10, 10, 10, 900, 1000, 1000, 65_533]),
            services: (0..services).map(|_| Service::random(dice)).collect(),
            ranges: (0..count).map(|_| Block::random(dice, v6)).collect(),
            tag: *dice.pick(&TAGS),
        }
    }

    fn matches(&self, packet: &Packet) -> bool {
        let Far::Addr(addr) = packet.far else { return false };
        self.ranges.iter().any(|range| range.holds(addr)) && self.services.iter().any(|one| one.has(packet))
    }

    fn ranges(&self) -> Vec<String> {
        self.ranges.iter().map(ToString::to_string).collect()
    }

    fn object(&self, at: usize, dice: &mut Dice) -> Value {
        let service = |service: &Service, dice: &mut Dice| {
            let mut out = json!({"IPProtocol": service.protocol(dice)});
            if !service.ports.is_empty() {
                out["ports"] = json!(service.ports(dice));
            }
            out
        };
        let services: Vec<Value> = self.services.iter().map(|one| service(one, dice)).collect();
        let network = *dice.pick(&[
            "https://www.googleapis.com/compute/v1/projects/p/global/networks/n",
            "https://compute.googleapis.com/compute/v1/projects/p/global/networks/n",
        ]);
        let mut rule = json!({"name": format!("r{at}"), "id": format!("{at}9"), "kind": "compute#firewall",
            "network": network, "description": *dice.pick(&["", "a \"b\""]), "logConfig": {"enable": false}});
        if self.disabled || dice.once_in(2) {
            rule["disabled"] = json!(self.disabled);
        }
        rule[if self.allow { "allowed" } else { "denied" }] = json!(services);
        rule[if self.egress { "destinationRanges" } else { "sourceRanges" }] = json!(self.ranges());
        if self.egress || dice.once_in(2) {
            rule["direction"] = json!(if self.egress { "EGRESS" } else { "INGRESS" });
        }
        if self.priority != 1000 || dice.once_in(2) {
            rule["priority"] = json!(self.priority);
        }
        if let Some(tag) = self.tag {
            rule["targetTags"] = json!([tag]);
        }
        rule
    }

    fn values(&self, at: usize, dice: &mut Dice) -> Value {
        let service = |one: &Service, dice: &mut Dice| json!({"protocol": one.protocol(dice), "ports": one.ports(dice)});
        let services: Vec<Value> = self.services.iter().map(|one| service(one, dice)).collect();
        let (allow, deny) = if self.allow { (services, vec![]) } else { (vec![], services) };
        let range = |here: bool| if here { json!(self.ranges()) } else { json!([]) };
        json!({"name": format!("r{at}"), "network": "projects/p/global/networks/n", "allow": allow, "deny": deny,
            "direction": if self.egress { "EGRESS" } else { "INGRESS" }, "priority": self.priority,
            "disabled": self.disabled, "destination_ranges": range(self.egress), "source_ranges": range(!self.egress),
            "source_tags": null, "target_tags": self.tag.map(|tag| vec![tag]), "description": ""})
    }

    fn hcl(&self, at: usize, dice: &mut Dice) -> String {
        let mut text = format!(
            "resource \"google_compute_firewall\" \"r{at}\" {{\n  name = \"r{at}\"\n  network = \"n\"\n"
        );
        if self.egress || dice.once_in(2) {
            writeln!(text, "  direction = \"{}\"", if self.egress { "EGRESS" } else { "INGRESS" }).unwrap();
        }
        if self.priority != 1000 || dice.once_in(2) {
            writeln!(text, "  priority = {}", self.priority).unwrap();
        }
        if self.disabled || dice.once_in(2) {
            writeln!(text, "  disabled = {}", self.disabled).unwrap();
        }
        let key = if self.egress { "destination_ranges" } else { "source_ranges" };
        writeln!(text, "  {key} = {:?} # {}", self.ranges(), dice.below(9)).unwrap();
        if let Some(tag) = self.tag {
            writeln!(text, "  target_tags = [\"{tag}\"]").unwrap();
        }
        for service in &self.services {
            let kind = if self.allow { "allow" } else { "deny" };
            writeln!(text, "  {kind} {{\n    protocol = \"{}\"", service.protocol(dice)).unwrap();
            if !service.ports.is_empty() {
                writeln!(text, "    ports = {:?}", service.ports(dice)).unwrap();
            }
            text += "  }\n";
        }
        text + "}\n"
    }
}

impl Format for Network {
    fn random(dice: &mut Dice) -> Self {
        let anchor = |(egress, tag)| Rule {
            egress,
            allow: true,
            disabled: false,
            priority: 5,
            services: vec![Service { protocol: Some(6), ports: vec![(7, 9)] }],
            ranges: vec![Block::any(false).with_len(32)],
            tag,
        };
        let anchors = [true, false].into_iter().flat_map(|egress| TAGS.map(|tag| (egress, tag))).map(anchor);
        let count = dice.below(9) + 2;
        Self(anchors.collect::<Vec<_>>().into_iter().chain((0..count).map(|_| Rule::random(dice))).collect())
    }

    fn write(&self, dice: &mut Dice) -> Files {
        let mut rules = self.0.clone();
        dice.shuffle(&mut rules);
        let kind = "google_compute_firewall";
        let mut each = |rule: fn(&Rule, usize, &mut Dice) -> Value| -> Vec<Value> {
            rules.iter().enumerate().map(|(at, one)| rule(one, at, dice)).collect()
        };
        let (objects, values) = (each(Rule::object), each(Rule::values));
        let resources: Vec<Value> = values
            .iter()
            .enumerate()
            .map(|(at, values)| {
                json!({"address": format!("{kind}.r[{at}]"), "mode": "managed", "type": kind, "name": "r", "index": at,
                    "values": values})
            })
            .collect();
        let root = json!({"root_module": {"resources": resources}});
        let (name, text) = match dice.below(6) {
            0 => ("list.json", json!(objects).to_string()),
            1 => ("items.json", json!({"kind": "compute#firewallList", "items": objects}).to_string()),
            2 => ("main.tf", rules.iter().enumerate().map(|(at, rule)| rule.hcl(at, dice)).collect()),
            3 => {
                let instances: Vec<Value> = values
                    .iter()
                    .enumerate()
                    .map(|(at, values)| json!({"index_key": at, "attributes": values}))
                    .collect();
                let resource = json!({"mode": "managed", "type": kind, "name": "r", "instances": instances});
                ("x.tfstate", json!({"version": 4, "serial": 1, "resources": [resource]}).to_string())
            }
            4 => ("show.json", json!({"format_version": "1.0", "values": root}).to_string()),
            _ => {
                let plan = json!({"format_version": "1.2", "planned_values": root, "resource_changes": []});
                ("plan.json", serde_json::to_string_pretty(&plan).unwrap())
            }
        };
        vec![(name.to_owned(), text)]
    }

    fn scopes(&self) -> Vec<Scope> {
        let name = |tag: Option<&str>| tag.map_or("n".to_owned(), |tag| format!("n/tag:{tag}"));
        [true, false].into_iter().flat_map(|egress| TAGS.map(|tag| (name(tag), egress))).collect()
    }

    fn allows(&self, (name, egress): &Scope, packet: &Packet) -> bool {
        let tag = name.strip_prefix("n/tag:");
        let mut mine: Vec<&Rule> = self
            .0
            .iter()
            .filter(|rule| {
                rule.egress == *egress && !rule.disabled && (rule.tag.is_none() || rule.tag == tag)
            })
            .collect();
        mine.sort_by_key(|rule| (rule.priority, rule.allow));
        let first = mine.into_iter().find(|rule| rule.matches(packet));
        first.map_or(*egress && matches!(packet.far, Far::Addr(_)), |rule| rule.allow)
    }

    fn edges(&self, edges: &mut Edges) {
        for rule in &self.0 {
            edges.rule();
            rule.ranges.iter().for_each(|range| edges.far(*range));
            for service in &rule.services {
                let protocol = service.protocol.unwrap_or(6);
                edges.protocol(protocol);
                service.ports.iter().for_each(|ports| edges.ports(protocol, *ports));
            }
        }
    }

    fn rewrite(&self, dice: &mut Dice) -> Self {
        let mut rules = Vec::new();
        for rule in &self.0 {
            let part = |ranges: &[Block]| Rule { ranges: ranges.to_vec(), ..rule.clone() };
            let of = |services: &[Service]| Rule { services: services.to_vec(), ..rule.clone() };
            match (dice.below(6), rule.ranges.as_slice(), rule.services.as_slice()) {
                (0, [one, two], _) => rules.extend([part(&[*one]), part(&[*two])]),
                (1, [one], _) if one.halves().is_some() => rules.push(part(&one.halves().unwrap())),
                (2, _, [one, two]) => {
                    rules.extend([of(std::slice::from_ref(one)), of(std::slice::from_ref(two))]);
                }
                (3, _, [Service { protocol, ports }]) if ports.len() == 1 && ports[0].0 < ports[0].1 => {
                    let (first, last) = ports[0];
                    let ports = vec![(first, first), (first + 1, last)];
                    rules.push(of(&[Service { protocol: *protocol, ports }]));
                }
                (4, ..) => rules.extend([rule.clone(), Rule { disabled: rule.disabled, ..rule.clone() }]),
                (5, ..) => {
                    rules.extend([rule.clone(), Rule { disabled: true, allow: !rule.allow, ..rule.clone() }]);
                }
                _ => rules.push(rule.clone()),
            }
        }
        // Priorities in the same order.
        let stretch = dice.below(2);
        for rule in &mut rules {
            rule.priority = match (stretch, rule.priority) {
                (1, 10) => 77,
                (1, 900) => 999,
                (1, 65_533) => 2_000,
                (_, same) => same,
            };
        }
        Self(rules)
    }

    fn edit(&self, dice: &mut Dice) -> Self {
        let mut rules = self.0.clone();
        let at = ANCHORS + dice.below(rules.len() - ANCHORS);
        let rule = &mut rules[at];
        match dice.below(8) {
            0 if rule.ranges[0].len > 0 => rule.ranges[0] = rule.ranges[0].with_len(rule.ranges[0].len - 1),
            1 if !rule.services[0].ports.is_empty() => {
                let (first, last) = rule.services[0].ports[0];
                rule.services[0].ports[0] = (first, last.saturating_add(1));
            }
            2 if rule.services[0].protocol.is_some_and(|protocol| protocol == 6) => {
                rule.services[0].protocol = Some(17);
            }
            3 => rule.egress = !rule.egress,
            4 => rule.priority = *dice.pick(&[0, 10, 900, 1000, 1001, 65_534]),
            5 => rule.allow = !rule.allow,
            6 => rule.disabled = !rule.disabled,
            7 => rule.tag = *dice.pick(&TAGS),
            _ => drop(rules.remove(at)),
        }
        Self(rules)
    }
}
