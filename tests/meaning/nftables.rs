//! Rulesets of nft: the first rule of a chain that matches decides, else the chain's policy, and every chain at a hook must
//! accept. As text and as JSON.

use super::dice::Dice;
use super::law::{Files, Format, Scope, laws};
use super::world::{Block, Edges, Far, Packet};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::net::IpAddr;

laws!(Ruleset, 40);

/// Blocks of one end, or all others of the family.
#[derive(Debug, Clone, PartialEq, Eq)]
struct End {
    negated: bool,
    blocks: Vec<Block>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Service {
    Any,
    Protocols(bool, Vec<u8>),
    Ports(u8, bool, Vec<(u16, u16)>),
    Icmp(bool, u8),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    /// The place of its chain.
    chain: usize,
    /// The family of its packets; both where it names no addresses.
    v6: Option<bool>,
    source: Option<End>,
    destination: Option<End>,
    service: Service,
    accept: bool,
}

/// Three chains at three hooks, and a second one at the hook `output`.
#[derive(Debug, Clone)]
struct Ruleset {
    policies: [bool; 4],
    rules: Vec<Rule>,
}

/// Hooks, and the table of the chain there.
const CHAINS: [(&str, &str); 4] =
    [("input", "first"), ("forward", "first"), ("output", "first"), ("output", "second")];

impl End {
    fn random(dice: &mut Dice, v6: bool) -> Self {
        let negated = dice.once_in(4);
        let count = dice.below(3) + 1;
        let mut blocks: Vec<Block> = (0..count).map(|_| Block::random(dice, v6)).collect();
        if negated {
            for block in &mut blocks {
                *block = block.with_len(block.len.max(1));
            }
        }
        Self { negated, blocks }
    }

    fn has(&self, addr: IpAddr) -> bool {
        self.blocks.iter().any(|block| block.holds(addr)) != self.negated
    }

    /// Blocks that do not overlap, as a set takes them.
    fn apart(&self) -> Vec<Block> {
        let mut apart: Vec<Block> = Vec::new();
        for block in &self.blocks {
            if !apart.iter().any(|other| block.inside(*other)) {
                apart.retain(|other| !other.inside(*block));
                apart.push(*block);
            }
        }
        apart
    }
}

impl Rule {
    fn random(dice: &mut Dice) -> Self {
        let family = dice.once_in(3);
        let source = dice.once_in(3).then(|| End::random(dice, family));
        let destination = (!dice.once_in(3)).then(|| End::random(dice, family));
        let service = match dice.below(8) {
            0 => Service::Any,
            1 => Service::Protocols(dice.once_in(3), vec![*dice.pick(&[6, 17]), *dice.pick(&[47, 50, 132])]),
            2 if source.is_some() || destination.is_some() => {
                Service::Icmp(dice.once_in(4), *dice.pick(&[3, 8, 128]))
            }
            _ => {
                let count = dice.below(3) + 1;
                let ports = (0..count).map(|_| dice.ports()).collect();
                Service::Ports(*dice.pick(&[6, 6, 17]), dice.once_in(5), ports)
            }
        };
        let v6 = (source.is_some() || destination.is_some()).then_some(family);
        Self { chain: dice.below(4), v6, source, destination, service, accept: dice.once_in(2) }
    }

    fn matches(&self, source: IpAddr, destination: IpAddr, packet: &Packet) -> bool {
        let service = match &self.service {
            Service::Any => true,
            Service::Protocols(negated, protocols) => protocols.contains(&packet.protocol) != *negated,
            Service::Ports(protocol, negated, ports) => {
                let inside = ports.iter().any(|(first, last)| (*first..=*last).contains(&packet.detail));
                packet.protocol == *protocol && inside != *negated
            }
            Service::Icmp(negated, kind) => {
                let same = packet.detail >> 8 == u16::from(*kind);
                packet.protocol == if self.v6 == Some(true) { 58 } else { 1 } && same != *negated
            }
        };
        service
            && self.v6.is_none_or(|v6| v6 == destination.is_ipv6())
            && self.source.as_ref().is_none_or(|end| end.has(source))
            && self.destination.as_ref().is_none_or(|end| end.has(destination))
    }
}

/// A statement in both forms.
type Statement = (String, Value);

fn payload(field: &str) -> Value {
    let (protocol, field) = field.split_once(' ').unwrap();
    if protocol == "meta" {
        json!({"meta": {"key": field}})
    } else {
        json!({"payload": {"protocol": protocol, "field": field}})
    }
}

fn matching(field: &str, negated: bool, (text, value): (String, Value)) -> Statement {
    let (sign, op) = if negated { ("!= ", "!=") } else { ("", "==") };
    (format!("{field} {sign}{text}"), json!({"match": {"op": op, "left": payload(field), "right": value}}))
}

/// Several values as a set.
fn braces(values: Vec<Statement>) -> Statement {
    let (texts, values): (Vec<String>, Vec<Value>) = values.into_iter().unzip();
    (format!("{{ {} }}", texts.join(", ")), json!({"set": values}))
}

fn ports((first, last): (u16, u16)) -> Statement {
    if first == last {
        (first.to_string(), json!(first))
    } else {
        (format!("{first}-{last}"), json!({"range": [first, last]}))
    }
}

fn block(block: Block, dice: &mut Dice) -> Statement {
    let width = if block.v6 { 128 } else { 32 };
    match dice.below(3) {
        0 if block.len == width => (block.first().to_string(), json!(block.first().to_string())),
        1 => {
            let (first, last) = (block.first().to_string(), block.last().to_string());
            (format!("{first}-{last}"), json!({"range": [first, last]}))
        }
        _ => {
            // Host bits are cleared by the tool.
            let addr = if dice.once_in(3) { block.inner() } else { block.first() };
            (format!("{addr}/{}", block.len), json!({"prefix": {"addr": addr.to_string(), "len": block.len}}))
        }
    }
}

/// What is collected while rules are written.
#[derive(Default)]
struct Writer {
    /// Tables in both forms: their sets, and their chains that others jump to.
    sets: Vec<(&'static str, String, Value)>,
    chains: Vec<(&'static str, String, Vec<Vec<Statement>>)>,
}

impl Writer {
    fn end(&mut self, table: &'static str, end: &End, field: &str, dice: &mut Dice) -> Statement {
        let family = if end.blocks[0].v6 { "ip6" } else { "ip" };
        let field = format!("{family} {field}");
        let mut apart = end.apart();
        dice.shuffle(&mut apart);
        let mut values: Vec<Statement> = apart.iter().map(|one| block(*one, dice)).collect();
        let value = if values.len() == 1 && dice.once_in(2) {
            values.remove(0)
        } else if dice.once_in(2) {
            let name = format!("s{}", self.sets.len());
            let kind = if end.blocks[0].v6 { "ipv6_addr" } else { "ipv4_addr" };
            let (text, Value::Object(set)) = braces(values) else { panic!("a set is an object") };
            let text = format!("set {name} {{\ntype {kind}\nflags interval\nelements = {text}\n}}\n");
            let object = json!({"set": {"family": "inet", "name": name, "table": table, "type": kind, "handle": 2,
                "flags": ["interval"], "elem": set["set"]}});
            self.sets.push((table, text, object));
            (format!("@{name}"), json!(format!("@{name}")))
        } else {
            braces(values)
        };
        matching(&field, end.negated, value)
    }

    fn service(rule: &Rule, dice: &mut Dice) -> Vec<Statement> {
        let name = |protocol: u8| match protocol {
            6 => "tcp".to_owned(),
            17 => "udp".to_owned(),
            132 => "sctp".to_owned(),
            47 => "gre".to_owned(),
            other => other.to_string(),
        };
        let value = |protocol: u8| {
            let name = name(protocol);
            let value = name.parse::<u8>().map_or(json!(name), |number| json!(number));
            (name, value)
        };
        match &rule.service {
            Service::Any => Vec::new(),
            Service::Protocols(negated, protocols) => {
                let values = protocols.iter().map(|protocol| value(*protocol)).collect();
                vec![matching("meta l4proto", *negated, braces(values))]
            }
            Service::Icmp(negated, kind) => {
                let field = if rule.v6 == Some(true) { "icmpv6 type" } else { "icmp type" };
                let value = match (kind, rule.v6) {
                    (8, Some(false)) => ("echo-request".to_owned(), json!("echo-request")),
                    _ => (kind.to_string(), json!(kind)),
                };
                vec![matching(field, *negated, value)]
            }
            Service::Ports(protocol, negated, ranges) => {
                let mut ranges = ranges.clone();
                dice.shuffle(&mut ranges);
                let right = if ranges.len() == 1 && dice.once_in(2) {
                    ports(ranges[0])
                } else {
                    braces(ranges.into_iter().map(ports).collect())
                };
                if dice.once_in(3) {
                    vec![
                        matching("meta l4proto", false, value(*protocol)),
                        matching("th dport", *negated, right),
                    ]
                } else {
                    vec![matching(&format!("{} dport", name(*protocol)), *negated, right)]
                }
            }
        }
    }

    fn rule(&mut self, rule: &Rule, dice: &mut Dice) -> Vec<Statement> {
        let table = CHAINS[rule.chain].1;
        let mut statements = Self::service(rule, dice);
        for (end, field) in [(&rule.source, "saddr"), (&rule.destination, "daddr")] {
            statements.extend(end.as_ref().map(|end| self.end(table, end, field, dice)));
        }
        if dice.once_in(6) {
            let new = json!({"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": "new"}});
            statements.push(("ct state new".to_owned(), new));
        }
        dice.shuffle(&mut statements);
        if let Service::Ports(_, false, _) = &rule.service
            && dice.once_in(5)
            && let Some(at) = statements.iter().position(|(text, _)| text.starts_with("tcp dport {"))
        {
            // The verdict may stand in a map.
            let (text, value) = statements.remove(at);
            let verdict = if rule.accept { "accept" } else { "drop" };
            let elements = text.trim_start_matches("tcp dport { ").trim_end_matches(" }");
            let elements: Vec<String> =
                elements.split(", ").map(|one| format!("{one} : {verdict}")).collect();
            let set = value["match"]["right"]["set"].as_array().unwrap();
            let data: Vec<Value> = set.iter().map(|one| json!([one, {verdict: null}])).collect();
            let map = json!({"vmap": {"key": payload("tcp dport"), "data": {"set": data}}});
            statements.push((format!("tcp dport vmap {{ {} }}", elements.join(", ")), map));
            return statements;
        }
        if dice.once_in(3) {
            statements.push((
                "counter packets 1 bytes 60".to_owned(),
                json!({"counter": {"packets": 1, "bytes": 60}}),
            ));
        }
        statements.push(match (rule.accept, dice.below(3)) {
            (true, _) => ("accept".to_owned(), json!({"accept": null})),
            (false, 0) => (
                "reject with icmpx admin-prohibited".to_owned(),
                json!({"reject": {"type": "icmpx", "expr": "admin-prohibited"}}),
            ),
            (false, _) => ("drop".to_owned(), json!({"drop": null})),
        });
        statements
    }

    /// The rules of a chain, some of them behind a jump, some between others that decide nothing.
    fn lines(&mut self, table: &'static str, rules: &[&Rule], dice: &mut Dice) -> Vec<Vec<Statement>> {
        let mut lines = Vec::new();
        let mut at = 0;
        while at < rules.len() {
            if dice.once_in(5) {
                let end = (at + 1 + dice.below(3)).min(rules.len());
                let name = format!("c{}", self.chains.len());
                let inner: Vec<Vec<Statement>> =
                    rules[at..end].iter().map(|rule| self.rule(rule, dice)).collect();
                self.chains.push((table, name.clone(), inner));
                lines.push(vec![(format!("jump {name}"), json!({"jump": {"target": name}}))]);
                at = end;
                continue;
            }
            let accept = || ("accept".to_owned(), json!({"accept": null}));
            match dice.below(8) {
                0 => lines
                    .push(vec![("log prefix \"seen: \"".to_owned(), json!({"log": {"prefix": "seen: "}}))]),
                1 => {
                    let right = json!(["established", "related"]);
                    let value =
                        json!({"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": right}});
                    lines.push(vec![("ct state established,related".to_owned(), value), accept()]);
                }
                _ => {}
            }
            lines.push(self.rule(rules[at], dice));
            at += 1;
        }
        lines
    }
}

impl Format for Ruleset {
    fn random(dice: &mut Dice) -> Self {
        let count = dice.below(8) + 1;
        let mut rules: Vec<Rule> = (0..count).map(|_| Rule::random(dice)).collect();
        rules.sort_by_key(|rule| rule.chain);
        let mut policies = [0; 4].map(|_| dice.once_in(3));
        policies[3] = !dice.once_in(3);
        Self { policies, rules }
    }

    fn write(&self, dice: &mut Dice) -> Files {
        let mut writer = Writer::default();
        let mut bases = Vec::new();
        for (at, (hook, table)) in CHAINS.into_iter().enumerate() {
            let rules: Vec<&Rule> = self.rules.iter().filter(|rule| rule.chain == at).collect();
            bases.push((table, hook, self.policies[at], writer.lines(table, &rules, dice)));
        }
        if dice.once_in(2) {
            return vec![("list.json".to_owned(), as_json(&writer, &bases))];
        }
        let mut text = String::new();
        for table in ["first", "second"] {
            writeln!(text, "table inet {table} {{").unwrap();
            writer.sets.iter().filter(|(of, ..)| *of == table).for_each(|(_, set, _)| text += set);
            let mut chain = |name: &str, head: &str, rules: &[Vec<Statement>]| {
                writeln!(text, "\tchain {name} {{\n{head}").unwrap();
                for rule in rules {
                    let words: Vec<&str> = rule.iter().map(|(text, _)| text.as_str()).collect();
                    let comment = if dice.once_in(4) { " comment \"it's { } drop\"" } else { "" };
                    writeln!(text, "\t\t{}{comment}", words.join(" ")).unwrap();
                }
                text += "\t}\n";
            };
            for (_, name, rules) in writer.chains.iter().filter(|(of, ..)| *of == table) {
                chain(name, "", rules);
            }
            for (_, hook, accept, rules) in bases.iter().filter(|(of, ..)| *of == table) {
                let policy = if *accept { "accept" } else { "drop" };
                chain(hook, &format!("type filter hook {hook} priority filter; policy {policy};"), rules);
            }
            text += "}\n";
        }
        vec![("ruleset.nft".to_owned(), text)]
    }

    fn scopes(&self) -> Vec<Scope> {
        ["input", "forward", "output"].map(|hook| (hook.to_owned(), hook != "input")).to_vec()
    }

    fn allows(&self, (name, _): &Scope, packet: &Packet) -> bool {
        let Far::Addr(far) = packet.far else { return false };
        let (source, destination) = if name == "input" { (far, packet.near) } else { (packet.near, far) };
        let mut chains = (0..).zip(CHAINS).filter(|(_, (hook, _))| hook == name);
        chains.all(|(at, _)| {
            let mut mine = self.rules.iter().filter(|rule| rule.chain == at);
            let first = mine.find(|rule| rule.matches(source, destination, packet));
            first.map_or(self.policies[at], |rule| rule.accept)
        })
    }

    fn edges(&self, edges: &mut Edges) {
        let ends = |edges: &mut Edges, end: &Option<End>, far: bool| {
            for block in end.iter().flat_map(|end| &end.blocks) {
                if far { edges.far(*block) } else { edges.near(*block) }
            }
        };
        for rule in &self.rules {
            edges.rule();
            ends(edges, &rule.source, rule.chain == 0);
            ends(edges, &rule.destination, rule.chain != 0);
            match &rule.service {
                Service::Any => {}
                Service::Protocols(_, protocols) => {
                    for one in protocols {
                        edges.protocol(*one);
                    }
                }
                Service::Ports(protocol, _, ports) => {
                    for one in ports {
                        edges.ports(*protocol, *one);
                    }
                }

                Service::Icmp(_, kind) => edges.icmp(if rule.v6 == Some(true) { 58 } else { 1 }, *kind, None),
            }
        }
    }

    fn rewrite(&self, dice: &mut Dice) -> Self {
        let mut rules: Vec<Rule> = Vec::new();
        for rule in &self.rules {
            match (dice.below(4), &rule.destination, &rule.service) {
                (0, Some(End { negated: false, blocks }), _) if blocks[0].halves().is_some() => {
                    let [one, two] = blocks[0].halves().unwrap();
                    let rest = blocks[1..].iter().copied();
                    let with = |blocks: Vec<Block>| Rule {
                        destination: Some(End { negated: false, blocks }),
                        ..rule.clone()
                    };
                    rules.extend([with(vec![one]), with(rest.chain([two]).collect())]);
                }
                (1, _, Service::Ports(protocol, false, ports)) if ports.len() > 1 => {
                    let (one, rest) = ports.split_at(1);
                    let with = |ports: &[(u16, u16)]| Rule {
                        service: Service::Ports(*protocol, false, ports.to_vec()),
                        ..rule.clone()
                    };
                    rules.extend([with(rest), with(one)]);
                }
                (2, ..) => rules.extend([rule.clone(), Rule { accept: !rule.accept, ..rule.clone() }]),
                _ => rules.push(rule.clone()),
            }
        }
        Self { rules, ..self.clone() }
    }

    fn edit(&self, dice: &mut Dice) -> Self {
        let mut ruleset = self.clone();
        let at = dice.below(ruleset.rules.len());
        let rule = &mut ruleset.rules[at];
        match (dice.below(7), &mut rule.destination, &mut rule.service) {
            (0, Some(end), _) => end.blocks[0] = end.blocks[0].with_len(end.blocks[0].len.max(2) - 1),
            (1, _, Service::Ports(_, _, ports)) => ports[0].1 = ports[0].1.saturating_add(1),
            (2, _, Service::Ports(protocol, ..)) => *protocol = if *protocol == 6 { 17 } else { 6 },
            (
                3,
                _,
                Service::Ports(_, negated, _) | Service::Protocols(negated, _) | Service::Icmp(negated, _),
            ) => {
                *negated = !*negated;
            }
            (4, ..) => {
                let chain = dice.below(4);
                ruleset.policies[chain] = !ruleset.policies[chain];
            }
            (5, ..) if at > 0 => ruleset.rules.swap(at - 1, at),
            _ => rule.accept = !rule.accept,
        }
        ruleset
    }
}

/// What `nft -j list ruleset` would print.
fn as_json(writer: &Writer, bases: &[(&'static str, &'static str, bool, Vec<Vec<Statement>>)]) -> String {
    let mut all = vec![json!({"metainfo": {"version": "1.0.6", "json_schema_version": 1}})];
    let rule = |table: &str, chain: &str, statements: &[Statement]| {
        let expr: Vec<&Value> = statements.iter().map(|(_, value)| value).collect();
        json!({"rule": {"family": "inet", "table": table, "chain": chain, "handle": 9, "expr": expr}})
    };
    for table in ["first", "second"] {
        all.push(json!({"table": {"family": "inet", "name": table, "handle": 1}}));
        all.extend(writer.sets.iter().filter(|(of, ..)| *of == table).map(|(_, _, set)| set.clone()));
        for (_, name, _) in writer.chains.iter().filter(|(of, ..)| *of == table) {
            all.push(json!({"chain": {"family": "inet", "table": table, "name": name, "handle": 3}}));
        }
        for (_, hook, accept, _) in bases.iter().filter(|(of, ..)| *of == table) {
            let policy = if *accept { "accept" } else { "drop" };
            all.push(json!({"chain": {"family": "inet", "table": table, "name": hook, "handle": 4, "type": "filter",
                "hook": hook, "prio": 0, "policy": policy}}));
        }
    }
    for (table, name, rules) in &writer.chains {
        all.extend(rules.iter().map(|statements| rule(table, name, statements)));
    }
    for (table, hook, _, rules) in bases {
        all.extend(rules.iter().map(|statements| rule(table, hook, statements)));
    }
    json!({"nftables": all}).to_string()
}
