//! Network security groups of Azure: the lowest priority wins, and a rule at the end denies what no other allows.

use super::dice::Dice;
use super::law::{Files, Format, Scope, laws};
use super::world::{Block, Edges, Far, Packet};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

laws!(Group, 25);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    egress: bool,
    allow: bool,
    priority: u16,
    /// Every one where it is none.
    protocol: Option<u8>,
    /// Every one where there are none. Only for TCP, UDP and every protocol.
    ports: Vec<(u16, u16)>,
    /// Any where there are none.
    far: Vec<Block>,
    near: Option<Block>,
}

/// The rules of one group. The first two deny the rest, so that no tag decides, and stay as they are.
#[derive(Debug, Clone)]
struct Group(Vec<Rule>);

const ANCHORS: usize = 2;

impl Rule {
    fn random(dice: &mut Dice, priority: u16) -> Self {
        let v6 = dice.once_in(3);
        let protocol = *dice.pick(&[None, Some(1), Some(6), Some(6), Some(17), Some(50), Some(51)]);
        let ported = matches!(protocol, None | Some(6 | 17)) && !dice.once_in(4);
        let (ports, blocks) = (if ported { dice.below(2) + 1 } else { 0 }, dice.below(3));
        Self {
            egress: dice.once_in(2),
            allow: !dice.once_in(3),
            priority,
            protocol,
            ports: (0..ports).map(|_| dice.ports()).collect(),
            far: (0..blocks).map(|_| Block::random(dice, v6)).collect(),
            near: dice.once_in(5).then(|| Block::random(dice, v6)),
        }
    }

    fn matches(&self, packet: &Packet) -> bool {
        let Far::Addr(addr) = packet.far else { return false };
        let ported = |packet: &Packet| {
            [6, 17].contains(&packet.protocol)
                && self.ports.iter().any(|(first, last)| (*first..=*last).contains(&packet.detail))
        };
        self.protocol.is_none_or(|protocol| protocol == packet.protocol)
            && (self.ports.is_empty() || ported(packet))
            && (self.far.is_empty() || self.far.iter().any(|block| block.holds(addr)))
            && self.near.is_none_or(|near| near.holds(packet.near))
    }

    fn protocol(&self, dice: &mut Dice) -> String {
        let name = match self.protocol {
            None => "*",
            Some(1) => "Icmp",
            Some(6) => "Tcp",
            Some(17) => "Udp",
            Some(50) => "Esp",
            Some(_) => "Ah",
        };
        if dice.once_in(4) { name.to_uppercase() } else { name.to_owned() }
    }

    fn ports(&self, dice: &mut Dice) -> Vec<String> {
        let port = |(first, last): &(u16, u16)| {
            if first == last && !dice.once_in(3) { first.to_string() } else { format!("{first}-{last}") }
        };
        self.ports.iter().map(port).collect()
    }

    /// The arguments, in the words of Terraform: each list as one text or as a list.
    fn arguments(&self, dice: &mut Dice) -> Vec<(String, Value)> {
        let mut out = vec![
            ("direction".to_owned(), json!(if self.egress { "Outbound" } else { "Inbound" })),
            ("access".to_owned(), json!(if self.allow { "Allow" } else { "Deny" })),
            ("priority".to_owned(), json!(self.priority)),
            ("protocol".to_owned(), json!(self.protocol(dice))),
            ("source_port_range".to_owned(), json!("*")),
        ];
        let blocks = |blocks: &[Block]| blocks.iter().map(ToString::to_string).collect::<Vec<_>>();
        let (far, near) = if self.egress { ("destination", "source") } else { ("source", "destination") };
        let lists = [
            ("destination_port_range".to_owned(), self.ports(dice)),
            (format!("{far}_address_prefix"), blocks(&self.far)),
            (format!("{near}_address_prefix"), blocks(self.near.as_slice())),
        ];
        for (name, items) in lists {
            // The blocks of the far end may stand under a service tag, which the file beside lists.
            if name.starts_with(far) && name.ends_with("prefix") && !self.far.is_empty() && dice.once_in(3) {
                out.push((name, json!(tag_name(&self.far))));
                continue;
            }
            match items.as_slice() {
                [] => out.push((name, json!("*"))),
                [one] if dice.once_in(2) => out.push((name, json!(one))),
                many => {
                    let plural = if name.ends_with("prefix") { "es" } else { "s" };
                    out.push((format!("{name}{plural}"), json!(many)));
                }
            }
        }
        out
    }

    fn object(&self, name: &str, dice: &mut Dice) -> Value {
        let mut out = Map::new();
        for (key, value) in self.arguments(dice) {
            let mut words = key.split('_');
            let first = words.next().unwrap().to_owned();
            let rest = words.map(|word| format!("{}{}", word[..1].to_uppercase(), &word[1..]));
            out.insert(first + &rest.collect::<String>(), value);
        }
        let id = format!(
            "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/n/securityRules/{name}"
        );
        out.extend([("name".to_owned(), json!(name)), ("id".to_owned(), json!(id))]);
        Value::Object(out)
    }

    fn values(&self, name: &str, alone: bool, dice: &mut Dice) -> Value {
        let mut out: Map<String, Value> = self.arguments(dice).into_iter().collect();
        for (singular, plural) in [("port_range", "port_ranges"), ("address_prefix", "address_prefixes")] {
            for end in ["source", "destination"] {
                out.entry(format!("{end}_{singular}")).or_insert(json!(""));
                out.entry(format!("{end}_{plural}")).or_insert(json!([]));
            }
        }
        out.insert("name".to_owned(), json!(name));
        if alone {
            out.insert("network_security_group_name".to_owned(), json!("n"));
            out.insert("resource_group_name".to_owned(), json!("rg"));
        }
        Value::Object(out)
    }

    fn hcl(&self, name: &str, inline: bool, dice: &mut Dice) -> String {
        let mut text = if inline {
            "  security_rule {\n".to_owned()
        } else {
            format!("resource \"azurerm_network_security_rule\" \"{name}\" {{\n")
        };
        writeln!(text, "  name = \"{name}\"").unwrap();
        if !inline {
            text += "  network_security_group_name = \"n\"\n  resource_group_name = \"rg\"\n";
        }
        for (key, value) in self.arguments(dice) {
            writeln!(text, "  {key} = {value} # {}", dice.below(9)).unwrap();
        }
        text + "}\n"
    }
}

/// A service tag for these blocks.
pub(super) fn tag_name(blocks: &[Block]) -> String {
    let plain = |char: char| if char.is_ascii_alphanumeric() { char } else { '_' };
    blocks.iter().fold("Tag".to_owned(), |name, block| {
        name + "." + &block.to_string().chars().map(plain).collect::<String>()
    })
}

/// The list of service tags for some lists of blocks, as Azure publishes it or as its command line prints it.
pub(super) fn tag_list<'a>(lists: impl Iterator<Item = &'a [Block]>, dice: &mut Dice) -> (String, String) {
    let number = if dice.once_in(2) { json!(7) } else { json!("7") };
    let mut tags: Vec<Value> = lists
        .filter(|blocks| !blocks.is_empty())
        .map(|blocks| {
            let prefixes: Vec<String> = blocks.iter().map(ToString::to_string).collect();
            let properties = json!({"addressPrefixes": prefixes, "region": "", "systemService": "", "changeNumber": number});
            json!({"name": tag_name(blocks), "id": "t", "properties": properties})
        })
        .collect();
    dice.shuffle(&mut tags);
    let list = json!({"changeNumber": number, "cloud": "Public", "values": tags});
    ("ServiceTags_Public.json".to_owned(), list.to_string())
}

impl Group {
    /// The next priority that is free.
    fn free(rules: &[Rule], from: u16) -> u16 {
        (from..4096).find(|priority| rules.iter().all(|rule| rule.priority != *priority)).unwrap()
    }
}

const GROUP: &str = "azurerm_network_security_group";
const RULE: &str = "azurerm_network_security_rule";

impl Format for Group {
    fn random(dice: &mut Dice) -> Self {
        let anchor = |egress| Rule {
            egress,
            allow: false,
            priority: 4096,
            protocol: None,
            ports: Vec::new(),
            far: Vec::new(),
            near: None,
        };
        let mut rules = vec![anchor(true), anchor(false)];
        for _ in 0..dice.below(9) + 2 {
            let from = *dice.pick(&[100, 200, 1000, 4000]);
            let priority = Self::free(&rules, from);
            rules.push(Rule::random(dice, priority));
        }
        Self(rules)
    }

    fn write(&self, dice: &mut Dice) -> Files {
        let mut rules = self.0.clone();
        dice.shuffle(&mut rules);
        let named: Vec<(String, &Rule)> =
            rules.iter().enumerate().map(|(at, rule)| (format!("r{at}"), rule)).collect();
        let group = |rules: Vec<Value>| json!({"name": "n", "resource_group_name": "rg", "location": "l", "security_rule": rules});
        let alone: Vec<Value> = named.iter().map(|(name, rule)| rule.values(name, true, dice)).collect();
        let inline: Vec<Value> = named.iter().map(|(name, rule)| rule.values(name, false, dice)).collect();
        let resource = |kind: &str, name: &str, values: &Value| json!({"address": format!("{kind}.{name}"), "mode": "managed", "type": kind, "name": name, "values": values});
        // The group lists the rules that are resources, too.
        let mut resources = vec![resource(GROUP, "g", &group(inline.clone()))];
        if dice.once_in(2) {
            resources
                .extend(alone.iter().zip(&named).map(|(values, (name, _))| resource(RULE, name, values)));
        }
        let root = json!({"root_module": {"resources": resources}});
        let objects: Vec<Value> = named.iter().map(|(name, rule)| rule.object(name, dice)).collect();
        let (name, text) = match dice.below(7) {
            0 => {
                let group =
                    json!({"name": "n", "resourceGroup": "rg", "securityRules": objects, "tags": null});
                let text = if dice.once_in(2) { json!([group]) } else { group };
                ("nsg.json", text.to_string())
            }
            1 => {
                let bare = |object: &Value| json!({"name": object["name"], "properties": object});
                let rules: Vec<Value> = objects.iter().map(bare).collect();
                let id =
                    "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/n";
                let group = json!({"name": "n", "id": id, "properties": {"securityRules": rules}});
                ("value.json", json!({"value": [group]}).to_string())
            }
            2 => ("rules.json", json!(objects).to_string()),
            3 => {
                let inner: String = named.iter().map(|(name, rule)| rule.hcl(name, true, dice)).collect();
                let text = format!(
                    "resource \"{GROUP}\" \"g\" {{\n  name = \"n\"\n  resource_group_name = \"rg\"\n{inner}}}\n"
                );
                ("main.tf", text)
            }
            4 => ("main.tf", named.iter().map(|(name, rule)| rule.hcl(name, false, dice)).collect()),
            5 => ("show.json", json!({"format_version": "1.0", "values": root}).to_string()),
            _ => {
                let plan = json!({"format_version": "1.2", "planned_values": root, "resource_changes": []});
                ("plan.json", serde_json::to_string_pretty(&plan).unwrap())
            }
        };
        let tags = tag_list(self.0.iter().map(|rule| rule.far.as_slice()), dice);
        vec![(name.to_owned(), text), tags]
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![("n".to_owned(), true), ("n".to_owned(), false)]
    }

    fn allows(&self, (_, egress): &Scope, packet: &Packet) -> bool {
        let mut mine: Vec<&Rule> = self.0.iter().filter(|rule| rule.egress == *egress).collect();
        mine.sort_by_key(|rule| rule.priority);
        mine.into_iter().find(|rule| rule.matches(packet)).is_some_and(|rule| rule.allow)
    }

    fn edges(&self, edges: &mut Edges) {
        for rule in &self.0 {
            edges.rule();
            rule.far.iter().for_each(|block| edges.far(*block));
            rule.near.into_iter().for_each(|block| edges.near(block));
            let protocol = rule.protocol.unwrap_or(6);
            edges.protocol(protocol);
            rule.ports.iter().for_each(|ports| edges.ports(protocol, *ports));
        }
    }

    fn rewrite(&self, dice: &mut Dice) -> Self {
        // Room for one more rule behind each, in the same order.
        let mut order: Vec<u16> = self.0[ANCHORS..].iter().map(|rule| rule.priority).collect();
        order.sort_unstable();
        let place = |priority: u16| {
            100 + 7 * u16::try_from(order.iter().position(|one| *one == priority).unwrap()).unwrap()
        };
        let mut rules = self.0[..ANCHORS].to_vec();
        for rule in &self.0[ANCHORS..] {
            let rule = Rule { priority: place(rule.priority), ..rule.clone() };
            let next = rule.priority + 1;
            match (dice.below(5), rule.far.as_slice(), rule.ports.as_slice()) {
                (0, [one, two], _) => {
                    rules.push(Rule { far: vec![*one], ..rule.clone() });
                    rules.push(Rule { far: vec![*two], priority: next, ..rule.clone() });
                }
                (1, [one], _) if one.halves().is_some() => {
                    rules.push(Rule { far: one.halves().unwrap().to_vec(), ..rule.clone() });
                }
                (2, _, [(first, last)]) if first < last => {
                    rules.push(Rule { ports: vec![(first + 1, *last), (*first, *first)], ..rule.clone() });
                }
                (3, [], _) => {
                    rules.push(Rule { far: vec![Block::any(false), Block::any(true)], ..rule.clone() });
                }
                (4, ..) => {
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
        let free = Self::free(&rules, *dice.pick(&[100, 1500, 4050]));
        let rule = &mut rules[at];
        match dice.below(7) {
            0 if rule.far.first().is_some_and(|block| block.len > 0) => {
                rule.far[0] = rule.far[0].with_len(rule.far[0].len - 1);
            }
            1 if !rule.ports.is_empty() => rule.ports[0].1 = rule.ports[0].1.saturating_add(1),
            2 if rule.protocol == Some(6) => rule.protocol = Some(17),
            3 => rule.priority = free,
            4 => rule.allow = !rule.allow,
            5 if !rule.far.is_empty() => rule.far.clear(),
            _ => drop(rules.remove(at)),
        }
        Self(rules)
    }
}
