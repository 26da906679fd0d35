//! Security groups: a union of rules, in every form that the vendor's tools and Terraform print.

use super::dice::Dice;
use super::law::{Files, Format, Scope, laws};
use super::world::{Block, Edges, Far, Packet};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

laws!(Group, 30);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Service {
    Any,
    Ports(u8, (u16, u16)),
    /// ICMP or ICMPv6 with a type and a code, where they are given.
    Icmp(u8, Option<(u8, Option<u8>)>),
    Number(u8),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Peer {
    Block(Block),
    Group(&'static str),
    List(&'static str),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    egress: bool,
    service: Service,
    peer: Peer,
}

/// One security group. Its first two rules stay as they are: one for each direction.
#[derive(Debug, Clone)]
struct Group(Vec<Rule>);

impl Service {
    fn random(dice: &mut Dice) -> Self {
        match dice.below(8) {
            0 => Self::Any,
            1 => Self::Icmp(*dice.pick(&[1, 58]), None),
            2 => Self::Icmp(
                *dice.pick(&[1, 58]),
                Some((*dice.pick(&[3, 8, 128]), *dice.pick(&[None, Some(0), Some(1)]))),
            ),
            3 => Self::Number(*dice.pick(&[47, 50, 51])),
            _ => Self::Ports(*dice.pick(&[6, 6, 17]), dice.ports()),
        }
    }

    fn has(self, packet: &Packet) -> bool {
        match self {
            Self::Any => true,
            Self::Number(number) => packet.protocol == number,
            Self::Ports(protocol, (first, last)) => {
                packet.protocol == protocol && (first..=last).contains(&packet.detail)
            }
            Self::Icmp(protocol, shape) => {
                let shape = shape.is_none_or(|(kind, code)| {
                    packet.detail >> 8 == u16::from(kind)
                        && code.is_none_or(|code| packet.detail & 255 == u16::from(code))
                });
                packet.protocol == protocol && shape
            }
        }
    }

    /// The protocol as text, and both ports where there are any.
    fn spelt(self, dice: &mut Dice) -> (String, Option<(i64, i64)>) {
        let protocol = |number: u8, names: &[&str], dice: &mut Dice| {
            let name = names[dice.below(names.len())].to_owned();
            if dice.once_in(3) { number.to_string() } else { name }
        };
        match self {
            Self::Any => ("-1".to_owned(), None),
            Self::Number(number) => (number.to_string(), None),
            Self::Ports(number, (first, last)) => {
                let name = if number == 6 { "tcp" } else { "udp" };
                (protocol(number, &[name], dice), Some((first.into(), last.into())))
            }
            Self::Icmp(number, shape) => {
                let name = if number == 1 { "icmp" } else { "icmpv6" };
                let ports = match shape {
                    None => (-1, -1),
                    Some((kind, code)) => (kind.into(), code.map_or(-1, i64::from)),
                };
                (protocol(number, &[name], dice), Some(ports))
            }
        }
    }
}

impl Rule {
    fn random(dice: &mut Dice) -> Self {
        let peer = match dice.below(6) {
            0 => Peer::Group("sg-7"),
            1 => Peer::List("pl-8"),
            family => Peer::Block(Block::random(dice, family == 2)),
        };
        Self { egress: dice.once_in(2), service: Service::random(dice), peer }
    }

    fn allows(&self, packet: &Packet) -> bool {
        let peer = match (&self.peer, &packet.far) {
            (Peer::Block(block), Far::Addr(addr)) => block.holds(*addr),
            (Peer::Group(own) | Peer::List(own), Far::Group(group)) => own == group,
            _ => false,
        };
        peer && self.service.has(packet)
    }

    /// The key and value of the peer under the keys for IPv4, IPv6, groups and lists.
    fn peer<'a>(&self, keys: [&'a str; 4], dice: &mut Dice) -> (&'a str, String) {
        match self.peer {
            Peer::Block(block) => (keys[usize::from(block.v6)], spelt(block, dice)),
            Peer::Group(group) => (keys[2], group.to_owned()),
            Peer::List(list) => (keys[3], list.to_owned()),
        }
    }

    /// Values of a rule of its own, as Terraform stores them.
    fn values(&self, dice: &mut Dice) -> (&'static str, Map<String, Value>) {
        let kind = if self.egress {
            "aws_vpc_security_group_egress_rule"
        } else {
            "aws_vpc_security_group_ingress_rule"
        };
        let (protocol, ports) = self.service.spelt(dice);
        let mut values = Map::new();
        values.insert("security_group_id".to_owned(), json!("sg-1"));
        values.insert("description".to_owned(), json!(*dice.pick(&["", "a ${b} \"c\"", "0.0.0.0/0"])));
        values.insert("ip_protocol".to_owned(), json!(protocol));
        if let Some((from, to)) = ports {
            values.insert("from_port".to_owned(), json!(from));
            values.insert("to_port".to_owned(), json!(to));
        }
        let keys = ["cidr_ipv4", "cidr_ipv6", "referenced_security_group_id", "prefix_list_id"];
        let (key, value) = self.peer(keys, dice);
        values.insert(key.to_owned(), json!(value));
        for absent in keys.iter().chain(&["from_port", "to_port"]) {
            if !values.contains_key(*absent) && dice.once_in(2) {
                values.insert((*absent).to_owned(), Value::Null);
            }
        }
        (kind, values)
    }

    /// Lists of a rule with several peers, as `aws_security_group_rule` and inline blocks have them.
    fn lists(rules: &[&Self], dice: &mut Dice) -> Map<String, Value> {
        let (protocol, ports) = rules[0].service.spelt(dice);
        let (from, to) = ports.unwrap_or((0, 0));
        let mut values = Map::new();
        values.insert("protocol".to_owned(), json!(protocol));
        values.insert("from_port".to_owned(), json!(from));
        values.insert("to_port".to_owned(), json!(to));
        for key in ["cidr_blocks", "ipv6_cidr_blocks", "security_groups", "prefix_list_ids"] {
            values.insert(key.to_owned(), json!([]));
        }
        for rule in rules {
            let keys = ["cidr_blocks", "ipv6_cidr_blocks", "security_groups", "prefix_list_ids"];
            let (key, value) = rule.peer(keys, dice);
            values[key].as_array_mut().unwrap().push(json!(value));
        }
        values
    }
}

/// A block as a person may spell it.
fn spelt(block: Block, dice: &mut Dice) -> String {
    match block.first() {
        std::net::IpAddr::V6(v6) if dice.once_in(3) => {
            let words: Vec<String> = v6.segments().iter().map(|word| format!("{word:04X}")).collect();
            format!("{}/{}", words.join(":"), block.len)
        }
        _ => block.to_string(),
    }
}

/// Rules of one direction and service stand together.
fn together(rules: &[Rule]) -> Vec<Vec<&Rule>> {
    let mut all: Vec<Vec<&Rule>> = Vec::new();
    for rule in rules {
        match all.iter_mut().find(|of| of[0].egress == rule.egress && of[0].service == rule.service) {
            Some(of) => of.push(rule),
            None => all.push(vec![rule]),
        }
    }
    all
}

fn hcl(kind: &str, name: &str, values: &Map<String, Value>) -> String {
    let mut text = format!("resource \"{kind}\" \"{name}\" {{\n");
    for (key, value) in values {
        writeln!(text, "  {key} = {}", value.to_string().replace("${", "$${")).unwrap();
    }
    text + "}\n"
}

fn state(resources: &[(&str, Value)]) -> Value {
    let resource = |(at, (kind, values)): (usize, &(&str, Value))| {
        json!({"mode": "managed", "type": kind, "name": format!("r{at}"),
            "instances": [{"schema_version": 0, "attributes": values}]})
    };
    let resources: Vec<Value> = resources.iter().enumerate().map(resource).collect();
    json!({"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "l", "resources": resources})
}

fn values(resources: &[(&str, Value)]) -> Value {
    let resource = |(at, (kind, values)): (usize, &(&str, Value))| {
        json!({"address": format!("{kind}.r{at}"), "mode": "managed", "type": kind, "name": format!("r{at}"),
            "values": values})
    };
    json!({"root_module": {"resources": resources.iter().enumerate().map(resource).collect::<Vec<_>>()}})
}

impl Group {
    fn permissions(&self, egress: bool, dice: &mut Dice) -> Value {
        let mine: Vec<Rule> = self.0.iter().filter(|rule| rule.egress == egress).cloned().collect();
        let permission = |rules: &Vec<&Rule>, dice: &mut Dice| {
            let (protocol, ports) = rules[0].service.spelt(dice);
            let mut out = json!({"IpProtocol": protocol});
            if let Some((from, to)) = ports {
                out["FromPort"] = json!(from);
                out["ToPort"] = json!(to);
            }
            for (list, key) in [
                ("IpRanges", "CidrIp"),
                ("Ipv6Ranges", "CidrIpv6"),
                ("UserIdGroupPairs", "GroupId"),
                ("PrefixListIds", "PrefixListId"),
            ] {
                let keys = ["CidrIp", "CidrIpv6", "GroupId", "PrefixListId"];
                let mut peers = Vec::new();
                for rule in rules {
                    let (own, value) = rule.peer(keys, dice);
                    if own == key {
                        peers.push(json!({key: value, "Description": "x"}));
                    }
                }
                if !peers.is_empty() || dice.once_in(2) {
                    out[list] = json!(peers);
                }
            }
            out
        };
        together(&mine).iter().map(|rules| permission(rules, dice)).collect()
    }

    fn described(&self, dice: &mut Dice) -> Value {
        let rule = |rule: &Rule, at: usize, dice: &mut Dice| {
            let (protocol, ports) = rule.service.spelt(dice);
            let (from, to) = ports.unwrap_or((-1, -1));
            let mut out = json!({"SecurityGroupRuleId": format!("sgr-{at}"), "GroupId": "sg-1",
                "IsEgress": rule.egress, "IpProtocol": protocol, "FromPort": from, "ToPort": to, "Tags": []});
            match rule.peer(["CidrIpv4", "CidrIpv6", "", "PrefixListId"], dice) {
                ("", group) => out["ReferencedGroupInfo"] = json!({"GroupId": group}),
                (key, value) => out[key] = json!(value),
            }
            out
        };
        let first = dice.below(100);
        let rules: Vec<Value> =
            self.0.iter().enumerate().map(|(at, one)| rule(one, first + at, dice)).collect();
        json!({"SecurityGroupRules": rules})
    }

    /// The group with its rules inside.
    fn inline(&self, dice: &mut Dice) -> Value {
        let rules = |egress: bool, dice: &mut Dice| -> Value {
            let mine: Vec<Rule> = self.0.iter().filter(|rule| rule.egress == egress).cloned().collect();
            let block = |rules: &Vec<&Rule>, dice: &mut Dice| {
                let mut values = Rule::lists(rules, dice);
                values.insert("self".to_owned(), json!(false));
                values.insert("description".to_owned(), json!(""));
                Value::Object(values)
            };
            together(&mine).iter().map(|rules| block(rules, dice)).collect()
        };
        json!({"id": "sg-1", "name": "g", "egress": rules(true, dice), "ingress": rules(false, dice)})
    }
}

impl Format for Group {
    fn random(dice: &mut Dice) -> Self {
        let anchor = |egress| Rule {
            egress,
            service: Service::Ports(6, (7, 9)),
            peer: Peer::Block(Block::any(false).with_len(32)),
        };
        let count = dice.below(7) + 1;
        Self(
            [anchor(true), anchor(false)].into_iter().chain((0..count).map(|_| Rule::random(dice))).collect(),
        )
    }

    fn write(&self, dice: &mut Dice) -> Files {
        let mut rules = self.0.clone();
        dice.shuffle(&mut rules);
        let group = Self(rules);
        let mut resources = Vec::new();
        for rule in &group.0 {
            let (kind, values) = rule.values(dice);
            resources.push((kind, Value::Object(values)));
        }
        let (name, text) = match dice.below(9) {
            0 => {
                let groups = json!([{"GroupId": "sg-1", "GroupName": "g",
                    "IpPermissions": group.permissions(false, dice), "IpPermissionsEgress": group.permissions(true, dice)}]);
                ("groups.json", json!({"SecurityGroups": groups}).to_string())
            }
            1 => ("rules.json", serde_json::to_string_pretty(&group.described(dice)).unwrap()),
            2 => {
                let text = resources
                    .iter()
                    .enumerate()
                    .map(|(at, (kind, values))| hcl(kind, &format!("r{at}"), values.as_object().unwrap()));
                ("main.tf", text.collect())
            }
            3 => {
                let mut text = String::new();
                for (at, rules) in together(&group.0).iter().enumerate() {
                    // A group is named by a key of its own here, one a resource.
                    let (groups, others): (Vec<&Rule>, Vec<&Rule>) =
                        rules.iter().partition(|rule| matches!(rule.peer, Peer::Group(_)));
                    for (part, rules) in [("g", groups), ("o", others)] {
                        if rules.is_empty() {
                            continue;
                        }
                        let mut values = Rule::lists(&rules, dice);
                        values.remove("security_groups");
                        values.retain(|_, value| *value != json!([]));
                        values.insert(
                            "type".to_owned(),
                            json!(if rules[0].egress { "egress" } else { "ingress" }),
                        );
                        values.insert("security_group_id".to_owned(), json!("sg-1"));
                        if part == "g" {
                            values.insert("source_security_group_id".to_owned(), json!("sg-7"));
                        }
                        text += &hcl("aws_security_group_rule", &format!("{part}{at}"), &values);
                    }
                }
                ("main.tf", text)
            }
            4 => {
                let inline = group.inline(dice);
                let mut text = "resource \"aws_security_group\" \"a\" {\n".to_owned();
                for direction in ["egress", "ingress"] {
                    for block in inline[direction].as_array().unwrap() {
                        writeln!(text, "  {direction} {{").unwrap();
                        for (key, value) in block.as_object().unwrap() {
                            writeln!(text, "    {key} = {value}").unwrap();
                        }
                        text += "  }\n";
                    }
                }
                ("main.tf", text + "}\n")
            }
            5 => ("x.tfstate", state(&resources).to_string()),
            6 => ("x.tfstate", state(&[("aws_security_group", group.inline(dice))]).to_string()),
            7 => ("show.json", json!({"format_version": "1.0", "values": values(&resources)}).to_string()),
            _ => {
                let plan = json!({"format_version": "1.2", "planned_values": values(&resources),
                    "resource_changes": [], "prior_state": {"values": values(&resources[..1])}, "configuration": {}});
                ("plan.json", plan.to_string())
            }
        };
        vec![(name.to_owned(), text)]
    }

    fn scopes(&self) -> Vec<Scope> {
        [true, false].map(|egress| ("sg-1".to_owned(), egress)).to_vec()
    }

    fn allows(&self, (_, egress): &Scope, packet: &Packet) -> bool {
        self.0.iter().any(|rule| rule.egress == *egress && rule.allows(packet))
    }

    fn edges(&self, edges: &mut Edges) {
        edges.peer(&Far::Group("sg-9".to_owned()));
        for rule in &self.0 {
            edges.rule();
            match rule.peer {
                Peer::Block(block) => edges.far(block),
                Peer::Group(group) | Peer::List(group) => edges.peer(&Far::Group(group.to_owned())),
            }
            match rule.service {
                Service::Any => {}
                Service::Ports(protocol, ports) => edges.ports(protocol, ports),
                Service::Icmp(protocol, Some((kind, code))) => edges.icmp(protocol, kind, code),
                Service::Icmp(protocol, None) | Service::Number(protocol) => edges.protocol(protocol),
            }
        }
    }

    fn rewrite(&self, dice: &mut Dice) -> Self {
        let mut rules = Vec::new();
        for rule in &self.0 {
            match (rule.peer, rule.service, dice.below(5)) {
                (Peer::Block(block), _, 0) if block.halves().is_some() => {
                    let half = |half| Rule { peer: Peer::Block(half), ..rule.clone() };
                    rules.extend(block.halves().unwrap().map(half));
                }
                (_, Service::Ports(protocol, (first, last)), 1) if first < last => {
                    let middle = first + u16::try_from(dice.below(usize::from(last - first))).unwrap();
                    let part = |ports| Rule { service: Service::Ports(protocol, ports), ..rule.clone() };
                    rules.extend([part((first, middle)), part((middle + 1, last))]);
                }
                (Peer::Block(block), _, 2) => {
                    // Another rule says a part of it once more.
                    let inner = block.with_len((block.len + 3).min(if block.v6 { 128 } else { 32 }));
                    rules.extend([rule.clone(), Rule { peer: Peer::Block(inner), ..rule.clone() }]);
                }
                (_, _, 3) => rules.extend([rule.clone(), rule.clone()]),
                _ => rules.push(rule.clone()),
            }
        }
        rules.dedup();
        dice.shuffle(&mut rules);
        Self(rules)
    }

    fn edit(&self, dice: &mut Dice) -> Self {
        let mut rules = self.0.clone();
        let at = 2 + dice.below(rules.len() - 2);
        let rule = &mut rules[at];
        match (dice.below(6), rule.peer, rule.service) {
            (0, Peer::Block(block), _) if block.len > 0 => {
                rule.peer = Peer::Block(block.with_len(block.len - 1));
            }
            (1, Peer::Block(block), _) if block.sibling().is_some() => {
                rule.peer = Peer::Block(block.sibling().unwrap());
            }
            (2, _, Service::Ports(protocol, (first, last))) => {
                rule.service = Service::Ports(protocol, (first, last.saturating_add(1)));
            }
            (3, _, Service::Ports(protocol, ports)) => {
                rule.service = Service::Ports(if protocol == 6 { 17 } else { 6 }, ports);
            }
            (4, ..) => rule.egress = !rule.egress,
            _ => drop(rules.remove(at)),
        }
        Self(rules)
    }
}
