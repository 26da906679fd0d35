//! HAProxy: lists of rules that must all let a client pass, in each of which the first that applies decides.

use super::dice::Dice;
use super::law::{Files, Format, Scope, laws};
use super::world::{Block, Edges, Far, Packet};
use std::fmt::Write as _;

laws!(Proxy, 24);

const HOSTS: [&str; 6] = ["example", "a.example", "b.a.example", "c.b.a.example", "xa.example", "d.test"];

/// A comparison. Names are compared only where that says something surely: to let pass, or to refuse all others.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Names(Vec<(bool, &'static str)>),
    Ports(bool, Vec<(u16, u16)>),
    Clients(bool, Vec<Block>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    allow: bool,
    /// Which list: of connections, or of what they send.
    content: bool,
    tests: Vec<Test>,
}

#[derive(Debug, Clone)]
struct Proxy {
    http: bool,
    binds: Vec<(u16, u16)>,
    lines: Vec<Line>,
}

fn is_named(host: &str, names: &[(bool, &str)]) -> bool {
    names.iter().any(|(below, name)| {
        let inside = host.strip_suffix(name).is_some_and(|head| head.ends_with('.'));
        if *below { inside } else { host == *name }
    })
}

impl Test {
    fn random(dice: &mut Dice, names: bool) -> Self {
        let count = dice.below(3) + 1;
        match dice.below(if names { 4 } else { 2 }) {
            0 => Self::Ports(dice.once_in(3), (0..count).map(|_| dice.ports()).collect()),
            1 => Self::Clients(dice.once_in(3), (0..count).map(|_| client(dice)).collect()),
            _ => Self::Names((0..count).map(|_| (dice.once_in(2), *dice.pick(&HOSTS))).collect()),
        }
    }

    /// Reports whether it holds in a line; names are negated in lines that refuse.
    fn holds(&self, packet: &Packet, allow: bool) -> bool {
        match self {
            Self::Names(names) => {
                let Far::Name(host) = &packet.far else { return false };
                is_named(host, names) == allow
            }
            Self::Ports(negated, ports) => {
                ports.iter().any(|(first, last)| (*first..=*last).contains(&packet.detail)) != *negated
            }
            Self::Clients(negated, blocks) => blocks.iter().any(|block| block.holds(packet.near)) != *negated,
        }
    }

    /// Whether a `!` stands before it, and the samples with what they are compared with.
    fn spelt(&self, http: bool, allow: bool, dice: &mut Dice) -> (bool, Vec<String>) {
        let sample = if http {
            *dice.pick(&["req.hdr(host),field(1,:)", "hdr(host),host_only,lower"])
        } else {
            *dice.pick(&["req.ssl_sni", "req_ssl_sni"])
        };
        match self {
            Self::Names(names) => {
                let spell = |(below, name): &(bool, &str)| {
                    let name = if dice.once_in(4) { name.to_uppercase() } else { (*name).to_owned() };
                    match (below, dice.below(2)) {
                        (true, 0) => format!("{sample} -i -m reg '\\.{}$'", name.replace('.', "\\.")),
                        (true, _) => format!("{sample} -m end -i .{name}"),
                        (false, 0) => format!("{sample} -i -- {name}"),
                        (false, _) => format!("{sample} -m str -i {name}"),
                    }
                };
                (!allow, names.iter().map(spell).collect())
            }
            Self::Ports(negated, ports) => {
                let ports: Vec<String> =
                    ports.iter().map(|(first, last)| format!("{first}:{last}")).collect();
                (*negated, vec![format!("dst_port {}", ports.join(" "))])
            }
            Self::Clients(negated, blocks) => {
                (*negated, blocks.iter().map(|block| format!("src {block}")).collect())
            }
        }
    }
}

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
        let (content, count) = (!dice.once_in(4), dice.below(2) + 1);
        let tests = (0..count).map(|_| Test::random(dice, content)).collect();
        Self { allow: !dice.once_in(3), content, tests }
    }
}

impl Format for Proxy {
    fn random(dice: &mut Dice) -> Self {
        let count = dice.below(5) + 1;
        let first = dice.port().min(60_000);
        let mut lines: Vec<Line> = (0..count).map(|_| Line::random(dice)).collect();
        let names = vec![(true, *dice.pick(&HOSTS)), (false, "a.example")];
        lines.push(Line { allow: true, content: true, tests: vec![Test::Names(names)] });
        Self { http: dice.once_in(3), binds: vec![(first, first + 20), (61_000, 61_000)], lines }
    }

    fn write(&self, dice: &mut Dice) -> Files {
        let mode = if self.http { "http" } else { "tcp" };
        let mut text = format!("# {}\ndefaults\n  mode {mode}\n  timeout client 5s\n\n", dice.below(99));
        writeln!(text, "frontend f{}", dice.below(9)).unwrap();
        for (first, last) in &self.binds {
            writeln!(text, "  bind {}:{first}-{last}", dice.pick(&["", "*", "10.0.0.1", "ipv6@::"])).unwrap();
        }
        text += "  tcp-request inspect-delay 5s\n";
        let mut rules = Vec::new();
        for (at, line) in self.lines.iter().enumerate() {
            let mut words = Vec::new();
            for (number, test) in line.tests.iter().enumerate() {
                let (negated, samples) = test.spelt(self.http, line.allow, dice);
                let sign = if negated { *dice.pick(&["!", "! "]) } else { "" };
                if samples.len() == 1 && dice.once_in(2) {
                    words.push(format!("{sign}{{ {} }}", samples[0]));
                } else {
                    for sample in samples {
                        writeln!(text, "  acl a{at}_{number} {sample}").unwrap();
                    }
                    words.push(format!("{sign}a{at}_{number}"));
                }
            }
            let (list, action) = match (line.content, self.http, line.allow) {
                (true, true, true) => ("http-request", "allow"),
                (true, true, false) => ("http-request", *dice.pick(&["deny", "tarpit", "silent-drop"])),
                (true, false, true) => ("tcp-request content", "accept"),
                (true, false, false) => ("tcp-request content", *dice.pick(&["reject", "silent-drop"])),
                (false, _, true) => ("tcp-request connection", "accept"),
                (false, _, false) => ("tcp-request connection", "reject"),
            };
            rules.push(format!("  {list} {action} if {}\n", words.join(" ")));
        }
        text += &rules.concat();
        text += if self.http { "  http-request deny\n" } else { "  tcp-request content reject\n" };
        text += "  default_backend out\n\nbackend out\n  server any 0.0.0.0:0\n";
        vec![("haproxy.cfg".to_owned(), text)]
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![("haproxy".to_owned(), true)]
    }

    fn allows(&self, _: &Scope, packet: &Packet) -> bool {
        let applies = |line: &&Line| line.tests.iter().all(|test| test.holds(packet, line.allow));
        let list =
            |content: bool| self.lines.iter().filter(move |line| line.content == content).find(applies);
        let comes_in = self.binds.iter().any(|(first, last)| (*first..=*last).contains(&packet.detail));
        matches!(packet.far, Far::Name(_))
            && packet.protocol == 6
            && comes_in
            && list(false).is_none_or(|line| line.allow)
            && list(true).is_some_and(|line| line.allow)
    }

    fn edges(&self, edges: &mut Edges) {
        for host in HOSTS.into_iter().chain(["test", "x.d.test", "b.xa.example"]) {
            edges.peer(&Far::Name(host.to_owned()));
        }
        for ports in &self.binds {
            edges.ports(6, *ports);
        }
        for test in self.lines.iter().flat_map(|line| &line.tests) {
            match test {
                Test::Names(_) => {}
                Test::Ports(_, ports) => ports.iter().for_each(|ports| edges.ports(6, *ports)),
                Test::Clients(_, blocks) => blocks.iter().for_each(|block| edges.near(*block)),
            }
        }
        for _ in 0..6 {
            edges.ports(6, self.binds[0]);
        }
    }

    fn rewrite(&self, dice: &mut Dice) -> Self {
        let mut lines: Vec<Line> = Vec::new();
        for line in &self.lines {
            match &line.tests[0] {
                Test::Names(names) if line.allow && names.len() > 1 => {
                    for part in names.chunks(1) {
                        let mut one = line.clone();
                        one.tests[0] = Test::Names(part.to_vec());
                        lines.push(one);
                    }
                }
                Test::Clients(negated, blocks) if blocks[0].halves().is_some() && dice.once_in(2) => {
                    let mut blocks = blocks.clone();
                    blocks.splice(..1, blocks[0].halves().unwrap());
                    let mut one = line.clone();
                    one.tests[0] = Test::Clients(*negated, blocks);
                    lines.push(one);
                }
                _ => lines.extend(vec![line.clone(); if dice.once_in(3) { 2 } else { 1 }]),
            }
        }
        // The lists are tried one after the other, however their lines are mixed.
        lines.sort_by_key(|line| line.content);
        Self { lines, ..self.clone() }
    }

    fn edit(&self, dice: &mut Dice) -> Self {
        let mut other = self.clone();
        let at = dice.below(other.lines.len());
        match &mut other.lines[at].tests[0] {
            Test::Names(names) => names[0].0 = !names[0].0,
            Test::Ports(negated, _) | Test::Clients(negated, _) => *negated = !*negated,
        }
        other
    }
}
