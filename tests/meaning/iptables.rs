//! Packet filters: the first rule of a chain that matches decides, else the chain's policy. As a dump of either family,
//! with sets beside, and as a script of commands.

use super::dice::Dice;
use super::law::{Files, Format, Scope, laws};
use super::world::{Block, Edges, Far, Packet};
use std::fmt::Write as _;
use std::net::IpAddr;

laws!(Table, 40);

/// Blocks of one end, or all others.
#[derive(Debug, Clone, PartialEq, Eq)]
struct End {
    negated: bool,
    blocks: Vec<Block>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Service {
    Any,
    Protocol(bool, u8),
    Ports(u8, bool, Vec<(u16, u16)>),
    Icmp(bool, u8, Option<u8>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    chain: usize,
    source: Option<End>,
    destination: Option<End>,
    service: Service,
    accept: bool,
}

/// A filter table of one family.
#[derive(Debug, Clone)]
struct Table {
    v6: bool,
    policies: [bool; 3],
    rules: Vec<Rule>,
}

const CHAINS: [&str; 3] = ["INPUT", "FORWARD", "OUTPUT"];

impl End {
    fn random(dice: &mut Dice, v6: bool) -> Option<Self> {
        let negated = dice.once_in(4);
        let count = if negated || dice.once_in(2) { 1 } else { 2 };
        (!dice.once_in(3)).then(|| {
            let mut blocks: Vec<Block> = (0..count).map(|_| Block::random(dice, v6)).collect();
            if negated && blocks[0].len == 0 {
                blocks[0] = blocks[0].with_len(1);
            }
            Self { negated, blocks }
        })
    }

    fn has(&self, addr: IpAddr) -> bool {
        self.blocks.iter().any(|block| block.holds(addr)) != self.negated
    }
}

impl Rule {
    fn random(dice: &mut Dice, v6: bool) -> Self {
        let service = match dice.below(8) {
            0 => Service::Any,
            1 => Service::Protocol(dice.once_in(3), *dice.pick(&[6, 17, 47, 50, 132])),
            2 => Service::Icmp(
                dice.once_in(4),
                *dice.pick(&[3, 8, 128]),
                *dice.pick(&[None, Some(0), Some(1)]),
            ),
            _ => {
                let count = dice.below(3) + 1;
                let ports = (0..count).map(|_| dice.ports()).collect();
                Service::Ports(*dice.pick(&[6, 6, 17]), dice.once_in(5), ports)
            }
        };
        Self {
            chain: dice.below(3),
            source: End::random(dice, v6).filter(|_| dice.once_in(2)),
            destination: End::random(dice, v6),
            service,
            accept: dice.once_in(2),
        }
    }

    fn matches(&self, v6: bool, source: IpAddr, destination: IpAddr, packet: &Packet) -> bool {
        let service = match &self.service {
            Service::Any => true,
            Service::Protocol(negated, protocol) => (packet.protocol == *protocol) != *negated,
            Service::Ports(protocol, negated, ports) => {
                let inside = ports.iter().any(|(first, last)| (*first..=*last).contains(&packet.detail));
                packet.protocol == *protocol && inside != *negated
            }
            Service::Icmp(negated, kind, code) => {
                let same = packet.detail >> 8 == u16::from(*kind)
                    && code.is_none_or(|code| packet.detail & 255 == u16::from(code));
                packet.protocol == if v6 { 58 } else { 1 } && same != *negated
            }
        };
        service
            && self.source.as_ref().is_none_or(|end| end.has(source))
            && self.destination.as_ref().is_none_or(|end| end.has(destination))
    }
}

/// What is collected while rules are written.
struct Writer {
    v6: bool,
    sets: String,
    set_count: usize,
    chains: Vec<String>,
}

impl Writer {
    fn address(&self, block: Block, dice: &mut Dice) -> String {
        let width = if self.v6 { 128 } else { 32 };
        match (dice.below(5), block.first()) {
            // Host bits are cleared by the tool.
            (0, _) => format!("{}/{}", block.inner(), block.len),
            (1, first) if block.len == width => first.to_string(),
            (2, IpAddr::V4(first)) => {
                let mask = if block.len == 0 { 0 } else { u32::MAX << (32 - block.len) };
                format!("{first}/{}", std::net::Ipv4Addr::from_bits(mask))
            }
            (2, IpAddr::V6(first)) => {
                let words: Vec<String> = first.segments().iter().map(|word| format!("{word:04X}")).collect();
                format!("{}/{}", words.join(":"), block.len)
            }
            _ => block.to_string(),
        }
    }

    /// The options for one end of a rule.
    fn end(&mut self, end: &End, source: bool, dice: &mut Dice) -> String {
        let not = if end.negated { "! " } else { "" };
        let (letter, word) = if source { ('s', "src") } else { ('d', "dst") };
        match dice.below(5) {
            0 if end.blocks.len() == 1 => {
                let block = end.blocks[0];
                format!("-m iprange {not}--{word}-range {}-{}", block.first(), block.last())
            }
            1 => {
                let name = format!("s{}", self.set_count);
                self.set_count += 1;
                let family = if self.v6 { "inet6" } else { "inet" };
                writeln!(self.sets, "create {name} hash:net family {family} hashsize 1024 maxelem 65536")
                    .unwrap();
                for block in &end.blocks {
                    // A set takes no block of all addresses.
                    let parts = if block.len == 0 { block.halves().unwrap().to_vec() } else { vec![*block] };
                    for part in parts {
                        writeln!(self.sets, "add {name} {part}").unwrap();
                    }
                }
                format!("-m set {not}--match-set {name} {word}")
            }
            choice => {
                let blocks: Vec<String> = end.blocks.iter().map(|block| self.address(*block, dice)).collect();
                let option = match (choice, source) {
                    (2, true) => "--source".to_owned(),
                    (2, false) => "--destination".to_owned(),
                    _ => format!("-{letter}"),
                };
                format!("{not}{option} {}", blocks.join(","))
            }
        }
    }

    /// The protocol, and what asks for its details, which stands behind it.
    fn service(&self, service: &Service, dice: &mut Dice) -> Vec<String> {
        let spelt = |protocol: u8, dice: &mut Dice| {
            let name = match protocol {
                6 => "tcp",
                17 => "udp",
                1 => "icmp",
                58 => *dice.pick(&["ipv6-icmp", "icmpv6"]),
                47 => "gre",
                50 => "esp",
                _ => "sctp",
            };
            let option = *dice.pick(&["-p", "-p", "--protocol"]);
            let name = match dice.below(4) {
                0 => protocol.to_string(),
                1 if protocol == 6 => "TCP".to_owned(),
                _ => name.to_owned(),
            };
            format!("{option} {name}")
        };
        match service {
            Service::Any if dice.once_in(4) => vec!["-p all".to_owned()],
            Service::Any => Vec::new(),
            Service::Protocol(negated, protocol) => {
                vec![format!("{}{}", if *negated { "! " } else { "" }, spelt(*protocol, dice))]
            }
            Service::Icmp(negated, kind, code) => {
                let (protocol, module) = if self.v6 { (58, "icmp6") } else { (1, "icmp") };
                let not = if *negated { "! " } else { "" };
                let code = code.map_or(String::new(), |code| format!("/{code}"));
                let option = if self.v6 { "icmpv6-type" } else { "icmp-type" };
                let load = if dice.once_in(2) { format!("-m {module} ") } else { String::new() };
                vec![spelt(protocol, dice), format!("{load}{not}--{option} {kind}{code}")]
            }
            Service::Ports(protocol, negated, ports) => {
                let not = if *negated { "! " } else { "" };
                let one = |(first, last): &(u16, u16), dice: &mut Dice| match (*first, *last) {
                    (443, 443) if dice.once_in(2) => "https".to_owned(),
                    (22, 22) if dice.once_in(2) => "ssh".to_owned(),
                    // A list of ports takes no open end.
                    (first, 65_535) if ports.len() == 1 && dice.once_in(2) => format!("{first}:"),
                    (first, last) if first == last && !dice.once_in(4) => first.to_string(),
                    (first, last) => format!("{first}:{last}"),
                };
                let module = if *protocol == 6 { "tcp" } else { "udp" };
                let mut list: Vec<String> = ports.iter().map(|ports| one(ports, dice)).collect();
                let details = if list.len() > 1 || (dice.once_in(3) && !list[0].ends_with(':')) {
                    dice.shuffle(&mut list);
                    let option = *dice.pick(&["--dports", "--destination-ports"]);
                    format!("-m multiport {not}{option} {}", list.join(","))
                } else {
                    let load = if dice.once_in(2) { format!("-m {module} ") } else { String::new() };
                    let option = *dice.pick(&["--dport", "--destination-port"]);
                    format!("{load}{not}{option} {}", list[0])
                };
                vec![spelt(*protocol, dice), details]
            }
        }
    }

    /// A rule without its chain.
    fn rule(&mut self, rule: &Rule, dice: &mut Dice) -> String {
        let ends: Vec<String> = [(&rule.source, true), (&rule.destination, false)]
            .into_iter()
            .filter_map(|(end, source)| end.as_ref().map(|end| self.end(end, source, dice)))
            .collect();
        // What asks for details of a protocol stands behind it; all else may stand anywhere.
        let mut groups = vec![self.service(&rule.service, dice).join(" ")];
        groups.extend(ends);
        if dice.once_in(3) {
            let comment = *dice
                .pick(&["-m comment --comment plain", "-m comment --comment \"it\\'s -j DROP \\\"x\\\"\""]);
            groups.push(comment.to_owned());
        }
        if dice.once_in(6) {
            groups.push((*dice.pick(&["-m conntrack --ctstate NEW", "-m state --state NEW"])).to_owned());
        }
        groups.retain(|group| !group.is_empty());
        dice.shuffle(&mut groups);
        let target = match (rule.accept, dice.below(4)) {
            (true, _) => "ACCEPT".to_owned(),
            (false, 0) => "REJECT".to_owned(),
            (false, 1) if self.v6 => "REJECT --reject-with icmp6-port-unreachable".to_owned(),
            (false, 1) => "REJECT --reject-with icmp-port-unreachable".to_owned(),
            (false, _) => "DROP".to_owned(),
        };
        groups.push(format!("{} {target}", dice.pick(&["-j", "-j", "--jump"])));
        groups.join(" ")
    }

    /// The rules of a chain in lines, some of them behind a jump, some between others that decide nothing.
    fn lines(&mut self, name: &str, rules: &[&Rule], dice: &mut Dice) -> Vec<String> {
        let mut lines = Vec::new();
        let mut at = 0;
        while at < rules.len() {
            if dice.once_in(5) {
                let end = (at + 1 + dice.below(3)).min(rules.len());
                let chain = format!("C{}", self.chains.len());
                self.chains.push(chain.clone());
                lines.push(format!("{name} -j {chain}"));
                for rule in &rules[at..end] {
                    let rule = self.rule(rule, dice);
                    lines.push(format!("{chain} {rule}"));
                }
                if dice.once_in(2) {
                    lines.push(format!("{chain} -j RETURN"));
                }
                at = end;
                continue;
            }
            match dice.below(10) {
                0 => lines.push(format!("{name} -j LOG --log-prefix \"seen: \" --log-level 4")),
                1 => lines.push(format!("{name} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT")),
                2 if name != "FORWARD" => {
                    let option = if name == "OUTPUT" { "-o" } else { "-i" };
                    lines.push(format!("{name} {option} lo -j ACCEPT"));
                }
                3 => lines.push(format!("{name} -m comment --comment nothing")),
                _ => {}
            }
            let rule = self.rule(rules[at], dice);
            lines.push(format!("{name} {rule}"));
            at += 1;
        }
        lines
    }
}

impl Format for Table {
    fn random(dice: &mut Dice) -> Self {
        let v6 = dice.once_in(3);
        let count = dice.below(8) + 1;
        let mut rules: Vec<Rule> = (0..count).map(|_| Rule::random(dice, v6)).collect();
        rules.sort_by_key(|rule| rule.chain);
        Self { v6, policies: [dice.once_in(3), dice.once_in(3), dice.once_in(3)], rules }
    }

    fn write(&self, dice: &mut Dice) -> Files {
        let mut writer = Writer { v6: self.v6, sets: String::new(), set_count: 0, chains: Vec::new() };
        let mut lines = Vec::new();
        for (at, name) in CHAINS.into_iter().enumerate() {
            let rules: Vec<&Rule> = self.rules.iter().filter(|rule| rule.chain == at).collect();
            lines.extend(writer.lines(name, &rules, dice));
        }
        let verdict = |accept: bool| if accept { "ACCEPT" } else { "DROP" };
        let policies = || CHAINS.into_iter().zip(self.policies);
        let tool = if self.v6 { "ip6tables" } else { "iptables" };
        let (name, text) = if dice.once_in(3) {
            let mut text = format!("#!/bin/sh\n{tool} -F\n");
            for (chain, accept) in policies() {
                writeln!(text, "{tool} -P {chain} {}", verdict(accept)).unwrap();
            }
            writer.chains.iter().for_each(|chain| writeln!(text, "{tool} -N {chain}").unwrap());
            for line in &lines {
                let append = *dice.pick(&["-A", "-A", "--append", "-w -A"]);
                // A shell takes the backslash before an apostrophe between quotation marks as itself.
                writeln!(text, "{tool} {append} {}", line.replace("\\'", "'")).unwrap();
            }
            ("rules.sh", text)
        } else {
            let mut text = match dice.below(3) {
                0 => format!("# Generated by {tool}-save v1.8.9 on Sun Nov 22 12:00:00 2026\n"),
                1 => {
                    format!("# Generated by {tool}-nft-save v1.8.9 (nf_tables) on Mon Nov 23 12:00:00 2026\n")
                }
                _ => format!("# Generated by {tool}-save\n"),
            };
            text += "*filter\n";
            for (chain, accept) in policies() {
                writeln!(text, ":{chain} {} [{}:7]", verdict(accept), dice.below(9)).unwrap();
            }
            writer.chains.iter().for_each(|chain| writeln!(text, ":{chain} - [0:0]").unwrap());
            let counted = dice.once_in(3);
            for line in &lines {
                let counters = if counted { format!("[{}:60] ", dice.below(99)) } else { String::new() };
                writeln!(text, "{counters}-A {line}").unwrap();
            }
            ("rules.save", text + "COMMIT\n# Completed\n")
        };
        let mut files = vec![(name.to_owned(), text)];
        if !writer.sets.is_empty() {
            files.push(("sets.ipset".to_owned(), writer.sets));
        }
        files
    }

    fn scopes(&self) -> Vec<Scope> {
        CHAINS.map(|chain| (format!("filter/{chain}"), chain != "INPUT")).to_vec()
    }

    fn allows(&self, (name, _): &Scope, packet: &Packet) -> bool {
        let Far::Addr(far) = packet.far else { return false };
        let chain = CHAINS.iter().position(|chain| name.ends_with(chain)).unwrap();
        let (source, destination) = if chain == 0 { (far, packet.near) } else { (packet.near, far) };
        let mine = self.rules.iter().filter(|rule| rule.chain == chain);
        let first = mine.into_iter().find(|rule| rule.matches(self.v6, source, destination, packet));
        // A table says nothing of the other family.
        far.is_ipv6() == self.v6 && first.map_or(self.policies[chain], |rule| rule.accept)
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
                Service::Protocol(_, protocol) => edges.protocol(*protocol),
                Service::Ports(protocol, _, ports) => {
                    for ports in ports {
                        edges.ports(*protocol, *ports);
                    }
                }
                Service::Icmp(_, kind, code) => edges.icmp(if self.v6 { 58 } else { 1 }, *kind, *code),
            }
        }
    }

    fn rewrite(&self, dice: &mut Dice) -> Self {
        let mut rules: Vec<Rule> = Vec::new();
        for rule in &self.rules {
            match (dice.below(5), &rule.destination, &rule.service) {
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
                (2, ..) => rules.extend([rule.clone(), rule.clone()]),
                (3, _, Service::Any) => {
                    // What the rule leaves is decided by nothing behind it.
                    let narrow = Rule { service: Service::Protocol(false, 6), ..rule.clone() };
                    rules.extend([narrow, rule.clone(), Rule { accept: !rule.accept, ..rule.clone() }]);
                }
                _ => rules.push(rule.clone()),
            }
        }
        for at in 1..rules.len() {
            let same = rules[at - 1].accept == rules[at].accept && rules[at - 1].chain == rules[at].chain;
            if same && dice.once_in(2) {
                rules.swap(at - 1, at);
            }
        }
        Self { rules, ..self.clone() }
    }

    fn edit(&self, dice: &mut Dice) -> Self {
        let mut table = self.clone();
        let at = dice.below(table.rules.len());
        let rule = &mut table.rules[at];
        match (dice.below(8), &mut rule.destination, &mut rule.service) {
            (0, Some(end), _) => end.blocks[0] = end.blocks[0].with_len(end.blocks[0].len.max(2) - 1),
            (1, Some(end), _) if end.blocks.len() == 1 && end.blocks[0].len > 0 => end.negated = !end.negated,
            (2, _, Service::Ports(_, _, ports)) => ports[0].1 = ports[0].1.saturating_add(1),
            (3, _, Service::Ports(protocol, ..)) => *protocol = if *protocol == 6 { 17 } else { 6 },
            (
                4,
                _,
                Service::Ports(_, negated, _) | Service::Protocol(negated, _) | Service::Icmp(negated, ..),
            ) => {
                *negated = !*negated;
            }
            (5, ..) => {
                let chain = dice.below(3);
                table.policies[chain] = !table.policies[chain];
            }
            (6, ..) if at > 0 => table.rules.swap(at - 1, at),
            _ => rule.accept = !rule.accept,
        }
        table
    }
}
