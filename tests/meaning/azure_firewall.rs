//! Azure Firewall: network rules before application rules, each by the priorities of group and collection, and what none
//! of them matches is denied.

use super::azure::{tag_list, tag_name};
use super::dice::Dice;
use super::law::{Files, Format, Scope, laws};
use super::world::{Block, Edges, Far, Packet};
use serde_json::{Value, json};
use std::fmt::Write as _;

laws!(Collections, 25);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    /// Protocols, ports (every one where there are none), addresses (every one where there are neither these nor names).
    Network {
        protocols: Vec<&'static str>,
        ports: Vec<(u16, u16)>,
        far: Vec<Block>,
        names: Vec<&'static str>,
    },
    /// Ports, and names as they are spelt.
    Web { ports: Vec<u16>, names: Vec<&'static str> },
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Collection {
    allow: bool,
    priority: u16,
    near: Option<Block>,
    /// Of one kind.
    rules: Vec<Rule>,
}

/// The collections of one group.
#[derive(Debug, Clone)]
struct Collections(Vec<Collection>);

const NAMES: [&str; 6] = [
    "example.com",
    "api.example.com",
    "b.example.com",
    "x.api.example.com",
    "example.org",
    "www.example.org",
];
const EXACT: [&str; 3] = ["example.com", "api.example.com", "example.org"];
const SPELT: [&str; 6] =
    ["example.com", "api.example.com", "*.example.com", "*.api.example.com", "*.org", "*"];

fn named(pattern: &str, name: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(rest) => name.ends_with(rest),
        None => pattern == name,
    }
}

impl Rule {
    fn random(dice: &mut Dice, network: bool) -> Self {
        if !network {
            let ports = (0..=dice.below(2)).map(|_| *dice.pick(&[80, 443, 8080, 8443])).collect();
            return Self::Web { ports, names: (0..=dice.below(2)).map(|_| *dice.pick(&SPELT)).collect() };
        }
        let choices: [&[&'static str]; 6] =
            [&["TCP"], &["TCP"], &["UDP"], &["TCP", "UDP"], &["ICMP"], &["Any"]];
        let protocols = *dice.pick(&choices);
        let ports = if protocols == ["ICMP"] { 0 } else { dice.below(3) };
        let names = if dice.once_in(3) { 1 + dice.below(2) } else { 0 };
        // Half of everything is never there twice, so that no two blocks are everything.
        let block = |dice: &mut Dice| {
            let block = Block::random(dice, false);
            if block.len < 2 { block.with_len(2) } else { block }
        };
        Self::Network {
            protocols: protocols.to_vec(),
            ports: (0..ports).map(|_| dice.ports()).collect(),
            far: (0..dice.below(3)).map(|_| block(dice)).collect(),
            names: (0..names).map(|_| *dice.pick(&EXACT)).collect(),
        }
    }

    fn matches(&self, packet: &Packet) -> bool {
        match self {
            Self::Network { protocols, ports, far, names } => {
                let ported = [6, 17].contains(&packet.protocol)
                    && ports.iter().any(|(first, last)| (*first..=*last).contains(&packet.detail));
                let of = |name: &&str| match (*name, packet.protocol) {
                    ("Any", _) | ("TCP", 6) | ("UDP", 17) => ports.is_empty() || ported,
                    ("ICMP", 1) => true,
                    _ => false,
                };
                let peer = match &packet.far {
                    Far::Addr(addr) if !addr.is_ipv4() => false,
                    _ if far.is_empty() && names.is_empty() => true,
                    Far::Addr(addr) => far.iter().any(|block| block.holds(*addr)),
                    Far::Name(name) => names.contains(&name.as_str()),
                    Far::Group(_) => false,
                };
                peer && protocols.iter().any(of)
            }
            Self::Web { ports, names } => {
                let Far::Name(name) = &packet.far else { return false };
                packet.protocol == 6
                    && ports.contains(&packet.detail)
                    && names.iter().any(|pattern| named(pattern, name))
            }
        }
    }

    /// The addresses that it names.
    fn blocks(&self) -> &[Block] {
        match self {
            Self::Network { far, .. } => far,
            Self::Web { .. } => &[],
        }
    }

    /// The arguments, in the words of Terraform or of the API.
    fn arguments(&self, api: bool, near: Option<Block>, dice: &mut Dice) -> Vec<(&'static str, Value)> {
        let source = near.map_or("*".to_owned(), |near| near.to_string());
        let spelt = |terraform: &'static str, of_api: &'static str| if api { of_api } else { terraform };
        let mut out = vec![(spelt("source_addresses", "sourceAddresses"), json!([source]))];
        match self {
            Self::Network { protocols, ports, far, names } => {
                let port = |(first, last): &(u16, u16)| {
                    if first == last && !dice.once_in(3) {
                        first.to_string()
                    } else {
                        format!("{first}-{last}")
                    }
                };
                let ports: Vec<String> = ports.iter().map(port).collect();
                let ports = if ports.is_empty() { vec!["*".to_owned()] } else { ports };
                let every = far.is_empty() && names.is_empty();
                let far: Vec<String> =
                    if every { vec!["*".to_owned()] } else { far.iter().map(ToString::to_string).collect() };
                out.push((spelt("protocols", "ipProtocols"), json!(protocols)));
                out.push((spelt("destination_ports", "destinationPorts"), json!(ports)));
                if !self.blocks().is_empty() && dice.once_in(3) {
                    out.push((
                        spelt("destination_addresses", "destinationAddresses"),
                        json!([tag_name(self.blocks())]),
                    ));
                } else if !far.is_empty() {
                    out.push((spelt("destination_addresses", "destinationAddresses"), json!(far)));
                }
                if !names.is_empty() {
                    out.push((spelt("destination_fqdns", "destinationFqdns"), json!(names)));
                }
            }
            Self::Web { ports, names } => {
                let kind = |port: &u16| if *port == 80 || *port == 8080 { "Http" } else { "Https" };
                let protocols: Vec<Value> = ports
                    .iter()
                    .map(
                        |port| json!({(if api { "protocolType" } else { "type" }): kind(port), "port": port}),
                    )
                    .collect();
                out.push(("protocols", json!(protocols)));
                out.push((spelt("destination_fqdns", "targetFqdns"), json!(names)));
            }
        }
        out
    }
}

impl Collection {
    fn random(dice: &mut Dice, priority: u16) -> Self {
        let network = dice.once_in(2);
        Self {
            allow: !dice.once_in(3),
            priority,
            near: dice.once_in(6).then(|| Block::random(dice, false)),
            rules: (0..=dice.below(2)).map(|_| Rule::random(dice, network)).collect(),
        }
    }

    fn is_network(&self) -> bool {
        matches!(self.rules[0], Rule::Network { .. })
    }

    fn action(&self) -> &'static str {
        if self.allow { "Allow" } else { "Deny" }
    }

    fn object(&self, dice: &mut Dice) -> Value {
        let rules: Vec<Value> = self
            .rules
            .iter()
            .map(|rule| {
                let kind = if self.is_network() { "NetworkRule" } else { "ApplicationRule" };
                let fields =
                    rule.arguments(true, self.near, dice).into_iter().map(|(key, it)| (key.to_owned(), it));
                let mut rule: serde_json::Map<String, Value> = fields.collect();
                rule.extend([("ruleType".to_owned(), json!(kind)), ("name".to_owned(), json!("r"))]);
                Value::Object(rule)
            })
            .collect();
        json!({"ruleCollectionType": "FirewallPolicyFilterRuleCollection", "name": format!("c{}", self.priority),
            "priority": self.priority, "action": {"type": self.action()}, "rules": rules})
    }

    fn values(&self, dice: &mut Dice) -> Value {
        let rules: Vec<Value> = self
            .rules
            .iter()
            .map(|rule| {
                let fields = rule.arguments(false, self.near, dice).into_iter();
                let mut rule: serde_json::Map<String, Value> =
                    fields.map(|(key, value)| (key.to_owned(), value)).collect();
                rule.extend([("name".to_owned(), json!("r")), ("source_ip_groups".to_owned(), json!([]))]);
                Value::Object(rule)
            })
            .collect();
        json!({"name": format!("c{}", self.priority), "priority": self.priority, "action": self.action(), "rule": rules})
    }

    fn hcl(&self, dice: &mut Dice) -> String {
        let kind = if self.is_network() { "network" } else { "application" };
        let mut text = format!("  {kind}_rule_collection {{\n    name = \"c{}\"\n", self.priority);
        writeln!(text, "    priority = {}\n    action = \"{}\"", self.priority, self.action()).unwrap();
        for rule in &self.rules {
            text += "    rule {\n      name = \"r\"\n";
            for (key, value) in rule.arguments(false, self.near, dice) {
                match value.as_array().filter(|items| items.iter().any(Value::is_object)) {
                    Some(items) => {
                        for item in items {
                            let (kind, port) = (&item["type"], &item["port"]);
                            writeln!(
                                text,
                                "      {key} {{\n        type = {kind}\n        port = {port}\n      }}"
                            )
                            .unwrap();
                        }
                    }
                    None => writeln!(text, "      {key} = {value} # {}", dice.below(9)).unwrap(),
                }
            }
            text += "    }\n";
        }
        text + "  }\n"
    }
}

const GROUP: &str = "azurerm_firewall_policy_rule_collection_group";
const POLICY: &str = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/firewallPolicies/p";

impl Format for Collections {
    fn random(dice: &mut Dice) -> Self {
        let mut all: Vec<Collection> = Vec::new();
        for _ in 0..dice.below(5) + 2 {
            let from = *dice.pick(&[100, 200, 1000]);
            let free =
                (from..u16::MAX).find(|priority| all.iter().all(|one| one.priority != *priority)).unwrap();
            all.push(Collection::random(dice, free));
        }
        Self(all)
    }

    fn write(&self, dice: &mut Dice) -> Files {
        let mut all = self.0.clone();
        dice.shuffle(&mut all);
        let objects: Vec<Value> = all.iter().map(|one| one.object(dice)).collect();
        let id = format!("{POLICY}/ruleCollectionGroups/g");
        let group = json!({"name": "g", "id": id, "priority": 300, "ruleCollections": objects});
        let of = |network: bool, dice: &mut Dice| -> Vec<Value> {
            all.iter().filter(|one| one.is_network() == network).map(|one| one.values(dice)).collect()
        };
        let values = json!({"name": "g", "firewall_policy_id": POLICY, "priority": 300, "nat_rule_collection": [],
            "network_rule_collection": of(true, dice), "application_rule_collection": of(false, dice)});
        let resource = json!({"address": format!("{GROUP}.g"), "mode": "managed", "type": GROUP, "name": "g", "values": values});
        let root = json!({"root_module": {"resources": [resource]}});
        let (name, text) = match dice.below(5) {
            0 => ("group.json", group.to_string()),
            1 => {
                let bare = json!({"name": "g", "id": id, "properties": {"priority": 300, "ruleCollections": objects}});
                ("value.json", json!({"value": [bare]}).to_string())
            }
            2 => {
                let inner: String = all.iter().map(|one| one.hcl(dice)).collect();
                let head = format!("  name = \"g\"\n  firewall_policy_id = \"{POLICY}\"\n  priority = 300\n");
                ("main.tf", format!("resource \"{GROUP}\" \"g\" {{\n{head}{inner}}}\n"))
            }
            3 => ("show.json", json!({"format_version": "1.0", "values": root}).to_string()),
            _ => {
                let plan = json!({"format_version": "1.2", "planned_values": root, "resource_changes": []});
                ("plan.json", plan.to_string())
            }
        };
        let tags = tag_list(all.iter().flat_map(|one| one.rules.iter().map(Rule::blocks)), dice);
        vec![(name.to_owned(), text), tags]
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![("p".to_owned(), true)]
    }

    fn allows(&self, _: &Scope, packet: &Packet) -> bool {
        let mut all: Vec<&Collection> = self.0.iter().collect();
        all.sort_by_key(|one| (!one.is_network(), one.priority));
        let matches = |one: &&&Collection| {
            one.near.is_none_or(|near| near.holds(packet.near))
                && one.rules.iter().any(|rule| rule.matches(packet))
        };
        all.iter().find(matches).is_some_and(|one| one.allow)
    }

    fn edges(&self, edges: &mut Edges) {
        for one in &self.0 {
            for rule in &one.rules {
                edges.rule();
                one.near.into_iter().for_each(|near| edges.near(near));
                match rule {
                    Rule::Network { protocols, ports, far, names } => {
                        for block in far {
                            edges.far(*block);
                        }
                        if far.is_empty() || !names.is_empty() {
                            for name in NAMES {
                                edges.peer(&Far::Name(name.to_owned()));
                            }
                        }
                        let protocol = match protocols[0] {
                            "UDP" => 17,
                            "ICMP" => 1,
                            _ => 6,
                        };
                        edges.protocol(protocol);
                        for ports in ports {
                            edges.ports(protocol, *ports);
                        }
                    }
                    Rule::Web { ports, .. } => {
                        for name in NAMES {
                            edges.peer(&Far::Name(name.to_owned()));
                        }
                        for port in ports {
                            edges.ports(6, (*port, *port));
                        }
                    }
                }
            }
        }
    }

    fn rewrite(&self, dice: &mut Dice) -> Self {
        let mut order: Vec<u16> = self.0.iter().map(|one| one.priority).collect();
        order.sort_unstable();
        let place = |priority| {
            100 + 5 * u16::try_from(order.iter().position(|one| *one == priority).unwrap()).unwrap()
        };
        let mut all = Vec::new();
        for one in &self.0 {
            let one = Collection { priority: place(one.priority), ..one.clone() };
            let next = one.priority + 1;
            match (dice.below(4), one.rules.as_slice()) {
                (0, [first, second]) => {
                    all.push(Collection { rules: vec![second.clone()], ..one.clone() });
                    all.push(Collection { rules: vec![first.clone()], priority: next, ..one.clone() });
                }
                (1, _) => {
                    all.extend([
                        one.clone(),
                        Collection { priority: next, allow: !one.allow, ..one.clone() },
                    ]);
                }
                (2, [Rule::Network { protocols, ports, far, names }])
                    if far.len() == 1 && names.is_empty() && far[0].halves().is_some() =>
                {
                    let far = far[0].halves().unwrap().to_vec();
                    let rule = Rule::Network {
                        protocols: protocols.clone(),
                        ports: ports.clone(),
                        far,
                        names: Vec::new(),
                    };
                    all.push(Collection { rules: vec![rule], ..one.clone() });
                }
                _ => all.push(one),
            }
        }
        Self(all)
    }

    fn edit(&self, dice: &mut Dice) -> Self {
        let mut all = self.0.clone();
        let at = dice.below(all.len());
        let one = &mut all[at];
        match (dice.below(4), &mut one.rules[0]) {
            (0, Rule::Network { ports, .. }) if !ports.is_empty() => {
                ports[0].1 = ports[0].1.saturating_add(1);
            }
            (0, Rule::Web { names, .. }) => names[0] = *dice.pick(&SPELT),
            (1, Rule::Network { names, .. }) => names.push("example.org"),
            (1, Rule::Web { ports, .. }) => ports[0] = 8081,
            (2, _) if at + 1 < self.0.len() || self.0.len() > 1 => drop(all.remove(at)),
            _ => one.allow = !one.allow,
        }
        Self(all)
    }
}
