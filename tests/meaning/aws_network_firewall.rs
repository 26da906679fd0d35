//! Rules of AWS Network Firewall in strict order: a list of names and addresses that pass, others that are dropped, and
//! the rest dropped behind them.

use super::dice::Dice;
use super::law::{Files, Format, Scope, laws};
use super::world::{Block, Edges, Far, Packet};
use serde_json::{Value, json};

laws!(RuleGroup, 25);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// The host itself.
    Host,
    /// The host and all below it.
    Tree,
    /// All below it.
    Below,
    /// What is one label below.
    One,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Peer {
    Any,
    Name(Shape, &'static str),
    Blocks(Vec<Block>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    allow: bool,
    /// Every one where it is none. Names are always of TCP.
    protocol: Option<u8>,
    /// Every one where there are none. Only of TCP and UDP.
    ports: Vec<(u16, u16)>,
    peer: Peer,
    near: Option<Block>,
}

/// The rules of one group, in their order. Behind them the rest is dropped.
#[derive(Debug, Clone)]
struct RuleGroup(Vec<Rule>);

const HOSTS: [&str; 3] = ["example.com", "api.example.com", "x.api.example.com"];
const NAMES: [&str; 6] = [
    "example.com",
    "api.example.com",
    "b.example.com",
    "x.api.example.com",
    "y.x.api.example.com",
    "example.org",
];

fn named(shape: Shape, host: &str, name: &str) -> bool {
    let below = name.strip_suffix(host).is_some_and(|head| head.ends_with('.'));
    match shape {
        Shape::Host => name == host,
        Shape::Tree => name == host || below,
        Shape::Below => below,
        Shape::One => below && name.split('.').count() == host.split('.').count() + 1,
    }
}

impl Rule {
    fn random(dice: &mut Dice) -> Self {
        let named = dice.once_in(2);
        let protocol =
            if named { Some(6) } else { *dice.pick(&[None, Some(6), Some(6), Some(17), Some(47)]) };
        let ports = if matches!(protocol, Some(6 | 17)) { dice.below(3) } else { 0 };
        let v6 = dice.once_in(3);
        let peer = if named {
            let shape = *dice.pick(&[Shape::Host, Shape::Tree, Shape::Below, Shape::One]);
            Peer::Name(shape, dice.pick::<&str>(&HOSTS))
        } else if dice.once_in(5) {
            Peer::Any
        } else {
            let count = dice.below(2) + 1;
            Peer::Blocks((0..count).map(|_| Block::random(dice, v6)).collect())
        };
        Self {
            allow: !dice.once_in(3),
            protocol,
            ports: (0..ports).map(|_| dice.ports()).collect(),
            peer,
            near: dice.once_in(6).then(|| Block::random(dice, v6)),
        }
    }

    /// Reports whether it needs an open connection: those that do are tried after those that do not.
    fn late(&self) -> bool {
        matches!(self.peer, Peer::Name(..))
    }

    fn matches(&self, packet: &Packet) -> bool {
        let peer = match (&self.peer, &packet.far) {
            (Peer::Any, Far::Addr(_) | Far::Name(_)) => true,
            (Peer::Name(shape, host), Far::Name(name)) => named(*shape, host, name),
            (Peer::Blocks(blocks), Far::Addr(addr)) => blocks.iter().any(|block| block.holds(*addr)),
            _ => false,
        };
        peer && self.protocol.is_none_or(|protocol| protocol == packet.protocol)
            && (self.ports.is_empty()
                || self.ports.iter().any(|(first, last)| (*first..=*last).contains(&packet.detail)))
            && self.near.is_none_or(|near| near.holds(packet.near))
    }

    fn text(&self, sid: usize, dice: &mut Dice) -> String {
        let list = |items: &[String], dice: &mut Dice| match items {
            [] => "any".to_owned(),
            [one] if dice.once_in(2) => one.clone(),
            several => format!("[{}]", several.join(if dice.once_in(2) { ", " } else { "," })),
        };
        let blocks = |blocks: &[Block]| blocks.iter().map(ToString::to_string).collect::<Vec<_>>();
        let port = |(first, last): &(u16, u16)| {
            if first == last { first.to_string() } else { format!("{first}:{last}") }
        };
        let ports = list(&self.ports.iter().map(port).collect::<Vec<_>>(), dice);
        let near = list(&blocks(self.near.as_slice()), dice);
        let far = match &self.peer {
            Peer::Blocks(far) => list(&blocks(far), dice),
            Peer::Any | Peer::Name(..) => "any".to_owned(),
        };
        let (protocol, mut options) = match (&self.peer, self.protocol) {
            (Peer::Name(..), _) => (*dice.pick(&["tls", "http"]), String::new()),
            (_, None) => ("ip", String::new()),
            (_, Some(6)) => ("tcp", (*dice.pick(&["", "flow:to_server; "])).to_owned()),
            (_, Some(17)) => ("udp", String::new()),
            (_, Some(other)) => ("ip", format!("ip_proto:{other}; ")),
        };
        if let Peer::Name(shape, host) = &self.peer {
            let buffer = if protocol == "tls" { "tls.sni" } else { "http.host" };
            let asked = match shape {
                Shape::Host => format!("content:\"{host}\"; startswith; endswith;"),
                Shape::Tree => format!("dotprefix; content:\".{host}\"; endswith;"),
                Shape::Below => format!("content:\".{host}\"; endswith;"),
                Shape::One => format!("pcre:\"/^[^.]+\\.{}$/i\";", host.replace('.', "\\.")),
            };
            options = format!("{buffer}; {asked} nocase; flow:to_server,established; ");
        }
        let action = if self.allow { "pass" } else { *dice.pick(&["drop", "reject"]) };
        format!(
            "{action} {protocol} {near} any -> {far} {ports} ({options}msg:\"a \\\"b\\\"\"; sid:{sid}; rev:1;)"
        )
    }
}

impl Format for RuleGroup {
    fn random(dice: &mut Dice) -> Self {
        Self((0..dice.below(8) + 2).map(|_| Rule::random(dice)).collect())
    }

    fn write(&self, dice: &mut Dice) -> Files {
        let mut lines: Vec<String> =
            self.0.iter().enumerate().map(|(at, rule)| rule.text(at + 1, dice)).collect();
        lines.push("drop tcp any any -> any any (flow:established,to_server; sid:900;)".to_owned());
        lines.push("# the rest".to_owned());
        lines.push("drop ip any any -> any any (ip_proto:!6; sid:901;)".to_owned());
        let text = lines.join("\n");
        let kind = "aws_networkfirewall_rule_group";
        let values = json!({"name": "g", "type": "STATEFUL", "capacity": 100, "rule_group": [{
            "stateful_rule_options": [{"rule_order": "STRICT_ORDER"}], "rule_variables": [], "reference_sets": [],
            "rules_source": [{"rules_string": text, "rules_source_list": [], "stateful_rule": []}]}]});
        let resource = json!({"address": format!("{kind}.g"), "mode": "managed", "type": kind, "name": "g", "values": values});
        let root = json!({"root_module": {"resources": [resource]}});
        let order = "stateful_rule_options {\n      rule_order = \"STRICT_ORDER\"\n    }";
        let hcl = |rules: &str| {
            format!(
                "resource \"{kind}\" \"g\" {{\n  name = \"g\"\n  type = \"STATEFUL\"\n  capacity = 100\n  rule_group {{\n    {order}\n    rules_source {{\n      rules_string = {rules}\n    }}\n  }}\n}}\n"
            )
        };
        let (name, text) = match dice.below(5) {
            0 => {
                let group: Value = json!({"RulesSource": {"RulesString": text}, "StatefulRuleOptions": {"RuleOrder": "STRICT_ORDER"}});
                let answer = json!({"UpdateToken": "t", "RuleGroup": group, "RuleGroupResponse": {"RuleGroupName": "g", "Type": "STATEFUL"}});
                ("group.json", answer.to_string())
            }
            1 => ("main.tf", hcl(&format!("<<-EOT\n        {}\n      EOT", lines.join("\n        ")))),
            2 => ("main.tf", hcl(&json!(text).to_string())),
            3 => ("show.json", json!({"format_version": "1.0", "values": root}).to_string()),
            _ => {
                let plan = json!({"format_version": "1.2", "planned_values": root, "resource_changes": []});
                ("plan.json", plan.to_string())
            }
        };
        vec![(name.to_owned(), text)]
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![("g".to_owned(), true)]
    }

    fn allows(&self, _: &Scope, packet: &Packet) -> bool {
        let (late, early): (Vec<&Rule>, Vec<&Rule>) = self.0.iter().partition(|rule| rule.late());
        // What is not TCP never gets to the rules that need an open connection: the last rule drops it before.
        let late = late.into_iter().filter(|_| packet.protocol == 6);
        early.into_iter().chain(late).find(|rule| rule.matches(packet)).is_some_and(|rule| rule.allow)
    }

    fn edges(&self, edges: &mut Edges) {
        for rule in &self.0 {
            edges.rule();
            match &rule.peer {
                Peer::Blocks(blocks) => blocks.iter().for_each(|block| edges.far(*block)),
                Peer::Name(..) => NAMES.iter().for_each(|name| edges.peer(&Far::Name((*name).to_owned()))),
                Peer::Any => {}
            }
            rule.near.into_iter().for_each(|block| edges.near(block));
            let protocol = rule.protocol.unwrap_or(6);
            edges.protocol(protocol);
            rule.ports.iter().for_each(|ports| edges.ports(protocol, *ports));
        }
    }

    fn rewrite(&self, dice: &mut Dice) -> Self {
        let mut rules = Vec::new();
        for rule in &self.0 {
            match (dice.below(5), &rule.peer, rule.ports.as_slice()) {
                (0, Peer::Blocks(blocks), _) if blocks.len() == 2 => {
                    rules.extend(
                        blocks.iter().map(|one| Rule { peer: Peer::Blocks(vec![*one]), ..rule.clone() }),
                    );
                }
                (1, Peer::Blocks(blocks), _) if blocks.len() == 1 && blocks[0].halves().is_some() => {
                    let halves = blocks[0].halves().unwrap().to_vec();
                    rules.push(Rule { peer: Peer::Blocks(halves), ..rule.clone() });
                }
                (2, _, [(first, last)]) if first < last => {
                    rules.push(Rule { ports: vec![(first + 1, *last), (*first, *first)], ..rule.clone() });
                }
                (3, ..) => rules.extend([rule.clone(), Rule { allow: !rule.allow, ..rule.clone() }]),
                (4, Peer::Name(Shape::Tree, host), _) => rules.extend(
                    [Shape::Host, Shape::Below]
                        .map(|shape| Rule { peer: Peer::Name(shape, host), ..rule.clone() }),
                ),
                _ => rules.push(rule.clone()),
            }
        }
        Self(rules)
    }

    fn edit(&self, dice: &mut Dice) -> Self {
        let mut rules = self.0.clone();
        let at = dice.below(rules.len());
        let rule = &mut rules[at];
        let late = rule.late();
        match (dice.below(6), &mut rule.peer) {
            (0, Peer::Blocks(blocks)) if blocks[0].len > 0 => {
                blocks[0] = blocks[0].with_len(blocks[0].len - 1);
            }
            (0, Peer::Name(shape, _)) => {
                *shape = if *shape == Shape::Host { Shape::Tree } else { Shape::Host };
            }
            (1, _) if !rule.ports.is_empty() => rule.ports[0].1 = rule.ports[0].1.saturating_add(1),
            (2, Peer::Name(_, host)) => *host = *dice.pick::<&str>(&HOSTS),
            (3, _) if rule.protocol == Some(6) && !late => rule.protocol = Some(17),
            (4, _) => drop(rules.remove(at)),
            _ => rule.allow = !rule.allow,
        }
        Self(rules)
    }
}
