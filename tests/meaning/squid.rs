//! A proxy: the first access line whose conditions all hold decides, else the opposite of the last.

use super::dice::Dice;
use super::law::{Files, Format, Scope, laws};
use super::world::{Block, Edges, Far, Packet};
use std::fmt::Write as _;

laws!(Proxy, 30);

const HOSTS: [&str; 8] = [
    "example",
    "a.example",
    "b.a.example",
    "c.b.a.example",
    "d.a.example",
    "xa.example",
    "d.test",
    "x.d.test",
];

/// A condition, and whether it is negated.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    /// Names: whether all below are meant too, and the host.
    Names(bool, Vec<(bool, &'static str)>),
    Ports(bool, Vec<(u16, u16)>),
    Clients(bool, Vec<Block>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    allow: bool,
    tests: Vec<Test>,
}

#[derive(Debug, Clone)]
struct Proxy(Vec<Line>);

impl Test {
    fn random(dice: &mut Dice) -> Self {
        let (negated, count) = (dice.once_in(5), dice.below(3) + 1);
        match dice.below(5) {
            0 => Self::Clients(negated, (0..count).map(|_| client(dice)).collect()),
            1 | 2 => Self::Ports(negated, (0..count).map(|_| dice.ports()).collect()),
            _ => Self::Names(negated, (0..count).map(|_| (dice.once_in(2), *dice.pick(&HOSTS))).collect()),
        }
    }

    fn holds(&self, packet: &Packet) -> bool {
        match self {
            Self::Names(negated, names) => {
                let Far::Name(host) = &packet.far else { return false };
                let is = |(below, name): &(bool, &str)| {
                    host == name
                        || (*below && host.strip_suffix(name).is_some_and(|head| head.ends_with('.')))
                };
                names.iter().any(is) != *negated
            }
            Self::Ports(negated, ports) => {
                ports.iter().any(|(first, last)| (*first..=*last).contains(&packet.detail)) != *negated
            }
            Self::Clients(negated, blocks) => blocks.iter().any(|block| block.holds(packet.near)) != *negated,
        }
    }

    fn negated(&self) -> bool {
        match self {
            Self::Names(negated, _) | Self::Ports(negated, _) | Self::Clients(negated, _) => *negated,
        }
    }

    /// The type of the ACL, and its values.
    fn spelt(&self, dice: &mut Dice) -> (&'static str, Vec<String>) {
        let (kind, mut values): (_, Vec<String>) = match self {
            Self::Names(_, names) => {
                // Squid refuses a name beside a domain that it lies in, so only the widest are written.
                let inside = |(_, name): &(bool, &str), (below, other): &(bool, &str)| {
                    *below
                        && (name == other || name.strip_suffix(other).is_some_and(|head| head.ends_with('.')))
                };
                let mut kept: Vec<(bool, &str)> = Vec::new();
                for one in names {
                    if !kept.iter().any(|other| inside(one, other) || one == other) {
                        kept.retain(|other| !inside(other, one));
                        kept.push(*one);
                    }
                }
                let name = |(below, name): &(bool, &str)| {
                    let dot = if *below { "." } else { "" };
                    let name = format!("{dot}{name}");
                    if dice.once_in(4) { name.to_uppercase() } else { name }
                };
                ("dstdomain -n", kept.iter().map(name).collect())
            }
            Self::Ports(_, ports) => {
                let port = |(first, last): &(u16, u16)| {
                    if first == last && !dice.once_in(3) {
                        first.to_string()
                    } else {
                        format!("{first}-{last}")
                    }
                };
                ("port", ports.iter().map(port).collect())
            }
            Self::Clients(_, blocks) => {
                let block = |block: &Block| match dice.below(3) {
                    0 => format!("{}-{}", block.first(), block.last()),
                    1 if block.len == if block.v6 { 128 } else { 32 } => block.first().to_string(),
                    _ => block.to_string(),
                };
                ("src", blocks.iter().map(block).collect())
            }
        };
        dice.shuffle(&mut values);
        (kind, values)
    }
}

/// Clients of some network: Squid wants `all` where every address is meant.
fn client(dice: &mut Dice) -> Block {
    loop {
        let v6 = dice.once_in(4);
        let block = Block::random(dice, v6);
        if block.len > 0 {
            return block;
        }
    }
}

impl Line {
    fn random(dice: &mut Dice) -> Self {
        let count = dice.below(3);
        Self { allow: !dice.once_in(3), tests: (0..=count).map(|_| Test::random(dice)).collect() }
    }

    fn holds(&self, packet: &Packet) -> bool {
        self.tests.iter().all(|test| test.holds(packet))
    }
}

impl Format for Proxy {
    fn random(dice: &mut Dice) -> Self {
        let count = dice.below(6) + 1;
        Self((0..count).map(|_| Line::random(dice)).collect())
    }

    fn write(&self, dice: &mut Dice) -> Files {
        let mut conf = format!("# {}\nhttp_port 3128\n", dice.below(99));
        let mut lists = Vec::new();
        let mut rules = String::new();
        let first = dice.below(50);
        for (at, line) in self.0.iter().enumerate() {
            let mut words = Vec::new();
            for (number, test) in line.tests.iter().enumerate() {
                let name = format!("a{}_{number}", at + first);
                let (kind, values) = test.spelt(dice);
                match dice.below(4) {
                    0 => {
                        let list = format!("lists/{name}.txt");
                        writeln!(conf, "acl {name} {kind} \"{list}\"").unwrap();
                        lists.push((list, format!("# {name}\n{}\n", values.join("\n\n"))));
                    }
                    1 => {
                        for value in values {
                            writeln!(conf, "acl  {name} {kind} {value}").unwrap();
                        }
                    }
                    2 => writeln!(conf, "acl {name} {kind} {}", values.join(" \\\n  ")).unwrap(),
                    _ => {
                        writeln!(conf, "acl {name} {kind} {} # {}", values.join(" "), dice.below(9)).unwrap();
                    }
                }
                words.push(format!("{}{name}", if test.negated() { "!" } else { "" }));
            }
            if dice.once_in(4) {
                words.push("all".to_owned());
            }
            dice.shuffle(&mut words);
            writeln!(rules, "http_access {} {}", if line.allow { "allow" } else { "deny" }, words.join(" "))
                .unwrap();
        }
        // The opposite of the last line comes after it, written or not.
        let last = if self.0.last().is_some_and(|line| line.allow) { "deny" } else { "allow" };
        if dice.once_in(2) {
            writeln!(rules, "http_access {last} all").unwrap();
        }
        let mut files = Vec::new();
        if dice.once_in(3) {
            conf += "include conf.d/*.conf\n";
            files.push(("conf.d/10-rules.conf".to_owned(), rules));
        } else {
            conf += &rules;
        }
        files.insert(0, ("squid.conf".to_owned(), conf));
        files.extend(lists);
        files
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![("squid".to_owned(), true)]
    }

    fn allows(&self, _: &Scope, packet: &Packet) -> bool {
        let decided = self.0.iter().find(|line| line.holds(packet));
        let allow = decided.map_or_else(|| self.0.last().is_some_and(|line| !line.allow), |line| line.allow);
        matches!(packet.far, Far::Name(_)) && packet.protocol == 6 && allow
    }

    fn edges(&self, edges: &mut Edges) {
        for host in HOSTS.into_iter().chain(["test", "other.example", "b.xa.example"]) {
            edges.peer(&Far::Name(host.to_owned()));
        }
        for test in self.0.iter().flat_map(|line| &line.tests) {
            match test {
                Test::Names(..) => {}
                Test::Ports(_, ports) => ports.iter().for_each(|ports| edges.ports(6, *ports)),
                Test::Clients(_, blocks) => blocks.iter().for_each(|block| edges.near(*block)),
            }
        }
        for _ in 0..10 {
            edges.ports(6, (443, 443));
        }
    }

    fn rewrite(&self, dice: &mut Dice) -> Self {
        let mut lines: Vec<Line> = Vec::new();
        for line in &self.0 {
            let with = |at: usize, test: Test| {
                let mut line = line.clone();
                line.tests[at] = test;
                line
            };
            let at = dice.below(line.tests.len());
            match (dice.below(4), &line.tests[at]) {
                (0, Test::Names(false, names)) if names.len() > 1 => {
                    let (one, rest) = names.split_at(1);
                    lines.extend([one, rest].map(|part| with(at, Test::Names(false, part.to_vec()))));
                }
                (1, Test::Ports(false, ports)) if ports[0].0 < ports[0].1 => {
                    let (first, last) = ports[0];
                    let mut rest = ports.clone();
                    rest[0] = (first + 1, last);
                    lines.extend([vec![(first, first)], rest].map(|part| with(at, Test::Ports(false, part))));
                }
                (2, Test::Clients(negated, blocks)) if blocks[0].halves().is_some() => {
                    let mut blocks = blocks.clone();
                    blocks.splice(..1, blocks[0].halves().unwrap());
                    lines.push(with(at, Test::Clients(*negated, blocks)));
                }
                (3, _) => lines.extend([line.clone(), line.clone()]),
                _ => lines.push(line.clone()),
            }
        }
        // Neighbours of one verdict change places.
        for at in 1..lines.len() {
            if lines[at - 1].allow == lines[at].allow && dice.once_in(2) {
                lines.swap(at - 1, at);
            }
        }
        Self(lines)
    }

    fn edit(&self, dice: &mut Dice) -> Self {
        let mut lines = self.0.clone();
        let at = dice.below(lines.len());
        let line = &mut lines[at];
        let number = dice.below(line.tests.len());
        match (dice.below(4), &mut line.tests[number]) {
            (0, Test::Names(negated, _) | Test::Ports(negated, _) | Test::Clients(negated, _)) => {
                *negated = !*negated;
            }
            (1 | 2, Test::Names(_, names)) => names[0].0 = !names[0].0,
            (1 | 2, Test::Ports(_, ports)) => ports[0].1 = ports[0].1.saturating_add(1),
            (1 | 2, Test::Clients(_, blocks)) => blocks[0] = blocks[0].with_len(blocks[0].len.max(2) - 1),
            _ => line.allow = !line.allow,
        }
        Self(lines)
    }
}
