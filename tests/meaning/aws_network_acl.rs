//! AWS network ACLs: the lowest number wins in each direction by itself, and a TCP connection is one only where its answers
//! pass the other direction, too.

use super::dice::Dice;
use super::law::{Files, Format, Scope, laws};
use super::world::{Block, Edges, Far, Packet};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

laws!(Acl, 25);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    egress: bool,
    allow: bool,
    number: u32,
    /// Every one where it is none.
    protocol: Option<u8>,
    /// Of TCP and UDP.
    ports: (u16, u16),
    far: Block,
}

/// The rules of one ACL. The first ones decide about the ports that clients choose: answers over TCP pass to all of them or
/// to none, and all others pass. They stay as they are.
#[derive(Debug, Clone)]
struct Acl(Vec<Rule>);

/// Rules that decide about answers, in both directions.
const ANCHORS: usize = 2 * 7;

impl Rule {
    fn random(dice: &mut Dice, number: u32) -> Self {
        let v6 = dice.once_in(3);
        Self {
            egress: dice.once_in(2),
            allow: !dice.once_in(3),
            number,
            protocol: *dice.pick(&[None, Some(6), Some(6), Some(6), Some(17), Some(50), Some(132)]),
            ports: dice.ports(),
            far: Block::random(dice, v6),
        }
    }

    fn matches(&self, packet: &Packet) -> bool {
        let Far::Addr(addr) = packet.far else { return false };
        let in_ports = (self.ports.0..=self.ports.1).contains(&packet.detail);
        self.far.holds(addr)
            && self.protocol.is_none_or(|protocol| protocol == packet.protocol)
            && (!matches!(self.protocol, Some(6 | 17)) || in_ports)
    }

    /// The names and values of a rule, as EC2 has them.
    fn entry(&self, dice: &mut Dice) -> Value {
        let mut out = Map::new();
        let protocol = self.protocol.map_or("-1".to_owned(), |protocol| protocol.to_string());
        out.insert("Egress".into(), json!(self.egress));
        out.insert("RuleAction".into(), json!(if self.allow { "allow" } else { "deny" }));
        out.insert("RuleNumber".into(), json!(self.number));
        out.insert("Protocol".into(), json!(protocol));
        let family = if self.far.v6 { "Ipv6CidrBlock" } else { "CidrBlock" };
        out.insert(family.into(), json!(self.far.to_string()));
        match self.protocol {
            Some(6 | 17) => {
                out.insert("PortRange".into(), json!({"From": self.ports.0, "To": self.ports.1}));
            }
            Some(1 | 58) => {
                out.insert("IcmpTypeCode".into(), json!({"Type": -1, "Code": -1}));
            }
            _ if dice.once_in(3) => {
                out.insert("PortRange".into(), Value::Null);
            }
            _ => {}
        }
        Value::Object(out)
    }

    /// The arguments, in the words of Terraform, inside of an ACL or of a resource of its own.
    fn arguments(&self, inside: bool, dice: &mut Dice) -> Map<String, Value> {
        let mut out = Map::new();
        let (number, action) = if inside { ("rule_no", "action") } else { ("rule_number", "rule_action") };
        let name = match self.protocol {
            None => *dice.pick(&["-1", "all"]),
            Some(6) => *dice.pick(&["tcp", "6"]),
            Some(17) => *dice.pick(&["udp", "17"]),
            Some(1) => "icmp",
            Some(58) => "58",
            Some(50) => "50",
            Some(_) => "132",
        };
        out.insert(number.into(), json!(self.number));
        out.insert(action.into(), json!(if self.allow { "allow" } else { "deny" }));
        out.insert("protocol".into(), json!(name));
        let family = if self.far.v6 { "ipv6_cidr_block" } else { "cidr_block" };
        out.insert(family.into(), json!(self.far.to_string()));
        let (from, to) = if matches!(self.protocol, Some(6 | 17)) { self.ports } else { (0, 0) };
        out.insert("from_port".into(), json!(from));
        out.insert("to_port".into(), json!(to));
        if matches!(self.protocol, Some(1 | 58)) {
            out.insert("icmp_type".into(), json!(-1));
            out.insert("icmp_code".into(), json!(-1));
        }
        if !inside && (self.egress || dice.once_in(2)) {
            out.insert("egress".into(), json!(self.egress));
        }
        out
    }
}

impl Acl {
    fn free(rules: &[Rule], from: u32) -> u32 {
        (from..32_767).find(|number| rules.iter().all(|rule| rule.number != *number)).unwrap()
    }

    /// Whether a direction lets a packet pass, whatever becomes of its answer.
    fn passes(&self, egress: bool, packet: &Packet) -> bool {
        let mut mine: Vec<&Rule> = self.0.iter().filter(|rule| rule.egress == egress).collect();
        mine.sort_by_key(|rule| rule.number);
        mine.into_iter().find(|rule| rule.matches(packet)).is_some_and(|rule| rule.allow)
    }
}

fn lines(arguments: &Map<String, Value>) -> String {
    arguments.iter().fold(String::new(), |mut text, (key, value)| {
        writeln!(text, "    {key} = {value}").unwrap();
        text
    })
}

const ID: &str = "acl-1";

impl Format for Acl {
    fn random(dice: &mut Dice) -> Self {
        let v6 = dice.once_in(3);
        let silent = Block::random(dice, v6);
        let mut rules = Vec::new();
        for (egress, first) in [(true, 1), (false, 11)] {
            let anchors = [
                (false, 6, silent),
                (true, 6, Block::any(false)),
                (true, 6, Block::any(true)),
                (true, 17, Block::any(false)),
                (true, 17, Block::any(true)),
                (true, 1, Block::any(false)),
                (true, 58, Block::any(true)),
            ];
            rules.extend((first..).zip(anchors).map(|(number, (allow, protocol, far))| Rule {
                egress,
                allow,
                number,
                protocol: Some(protocol),
                ports: (1024, 65_535),
                far,
            }));
        }
        assert_eq!(rules.len(), ANCHORS);
        for _ in 0..dice.below(9) + 2 {
            let from = *dice.pick(&[100, 200, 1000, 32_000]);
            let number = Self::free(&rules, from);
            rules.push(Rule::random(dice, number));
        }
        Self(rules)
    }

    fn write(&self, dice: &mut Dice) -> Files {
        let mut rules = self.0.clone();
        dice.shuffle(&mut rules);
        let values = |inside: bool, rule: &Rule, dice: &mut Dice| {
            let mut out = rule.arguments(inside, dice);
            for key in ["cidr_block", "ipv6_cidr_block"] {
                out.entry(key).or_insert(json!(""));
            }
            if !inside {
                out.insert("network_acl_id".into(), json!(ID));
            }
            Value::Object(out)
        };
        let listed = |egress: bool, dice: &mut Dice| -> Vec<Value> {
            rules.iter().filter(|rule| rule.egress == egress).map(|rule| values(true, rule, dice)).collect()
        };
        let acl = json!({"id": ID, "egress": listed(true, dice), "ingress": listed(false, dice), "vpc_id": "vpc-1"});
        let resource = |kind: &str, name: &str, values: Value| json!({"address": format!("{kind}.{name}"), "mode": "managed", "type": kind, "name": name, "values": values});
        let mut resources = vec![resource("aws_network_acl", "a", acl)];
        if dice.once_in(2) {
            // The ACL lists the rules that are resources, too.
            resources.extend(rules.iter().enumerate().map(|(at, rule)| {
                resource("aws_network_acl_rule", &format!("r{at}"), values(false, rule, dice))
            }));
        }
        let root = json!({"root_module": {"resources": resources}});
        let entries: Vec<Value> = rules.iter().map(|rule| rule.entry(dice)).collect();
        let object = json!({"NetworkAclId": ID, "Entries": entries, "VpcId": "vpc-1", "IsDefault": false});
        let (name, text) = match dice.below(6) {
            0 => ("acls.json", json!({"NetworkAcls": [object]}).to_string()),
            1 => ("acl.json", object.to_string()),
            2 => {
                let mut text = "resource \"aws_network_acl\" \"a\" {\n  vpc_id = \"vpc-1\"\n".to_owned();
                for rule in &rules {
                    let way = if rule.egress { "egress" } else { "ingress" };
                    writeln!(text, "  {way} {{\n{}  }}", lines(&rule.arguments(true, dice))).unwrap();
                }
                ("main.tf", text + "}\n")
            }
            3 => {
                let mut text = "resource \"aws_network_acl\" \"a\" {\n}\n".to_owned();
                for (at, rule) in rules.iter().enumerate() {
                    let inner = lines(&rule.arguments(false, dice));
                    writeln!(text, "resource \"aws_network_acl_rule\" \"r{at}\" {{\n    network_acl_id = aws_network_acl.a.id\n{inner}}}").unwrap();
                }
                ("main.tf", text)
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
        vec![(ID.to_owned(), true), (ID.to_owned(), false)]
    }

    fn allows(&self, (_, egress): &Scope, packet: &Packet) -> bool {
        let answer = |port| self.passes(!egress, &Packet { detail: port, ..packet.clone() });
        let answers = [1024, 1025, 32_768, 49_152, 60_999, 65_535].map(answer);
        assert!(packet.protocol != 6 || answers.iter().all(|passes| *passes == answers[0]), "all or none");
        self.passes(*egress, packet) && (packet.protocol != 6 || answers[0])
    }

    fn edges(&self, edges: &mut Edges) {
        for rule in &self.0 {
            edges.rule();
            edges.far(rule.far);
            let protocol = rule.protocol.unwrap_or(6);
            edges.protocol(protocol);
            if matches!(protocol, 6 | 17) {
                edges.ports(protocol, rule.ports);
            }
        }
    }

    fn rewrite(&self, dice: &mut Dice) -> Self {
        // Room for one more rule behind each, in the same order.
        let mut order: Vec<u32> = self.0[ANCHORS..].iter().map(|rule| rule.number).collect();
        order.sort_unstable();
        let place = |number: u32| {
            100 + 7 * u32::try_from(order.iter().position(|one| *one == number).unwrap()).unwrap()
        };
        let mut rules = self.0[..ANCHORS].to_vec();
        for rule in &self.0[ANCHORS..] {
            let rule = Rule { number: place(rule.number), ..rule.clone() };
            let next = rule.number + 1;
            match (dice.below(3), rule.far.halves(), rule.ports) {
                (0, Some([one, two]), _) => {
                    rules.push(Rule { far: one, ..rule.clone() });
                    rules.push(Rule { far: two, number: next, ..rule.clone() });
                }
                (1, _, (first, last)) if first < last => {
                    rules.push(Rule { ports: (first + 1, last), ..rule.clone() });
                    rules.push(Rule { ports: (first, first), number: next, ..rule.clone() });
                }
                (2, ..) => {
                    rules.extend([rule.clone(), Rule { number: next, allow: !rule.allow, ..rule.clone() }]);
                }
                _ => rules.push(rule),
            }
        }
        Self(rules)
    }

    fn edit(&self, dice: &mut Dice) -> Self {
        let mut rules = self.0.clone();
        let at = ANCHORS + dice.below(rules.len() - ANCHORS);
        let free = Self::free(&rules, *dice.pick(&[100, 1500, 32_050]));
        let rule = &mut rules[at];
        match dice.below(6) {
            0 if rule.far.len > 0 => rule.far = rule.far.with_len(rule.far.len - 1),
            1 => rule.ports.1 = rule.ports.1.saturating_add(1),
            2 if rule.protocol == Some(6) => rule.protocol = Some(17),
            3 => rule.number = free,
            4 => rule.allow = !rule.allow,
            _ => drop(rules.remove(at)),
        }
        Self(rules)
    }
}
