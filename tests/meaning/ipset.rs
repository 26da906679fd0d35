//! Sets of ipset that say by themselves what they are for: what is a member passes, in the direction of the set.

use super::dice::Dice;
use super::law::{Files, Format, Scope, laws};
use super::world::{Block, Edges, Far, Packet};
use std::fmt::Write as _;

laws!(Sets, 30);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Service {
    Ports(u8, (u16, u16)),
    /// Type and code of the ICMP of the member's family.
    Icmp(u8, u8),
    Whole(u8),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Member {
    egress: bool,
    block: Block,
    service: Service,
}

/// All members. The sets of both directions and families are there whatever is in them.
#[derive(Debug, Clone)]
struct Sets(Vec<Member>);

impl Service {
    fn random(dice: &mut Dice) -> Self {
        match dice.below(6) {
            0 => Self::Icmp(*dice.pick(&[3, 8, 128, 135]), *dice.pick(&[0, 1, 4])),
            1 => Self::Whole(*dice.pick(&[47, 50, 51])),
            _ => Self::Ports(*dice.pick(&[6, 6, 17, 132]), dice.ports()),
        }
    }

    fn has(self, v6: bool, packet: &Packet) -> bool {
        match self {
            Self::Ports(protocol, (first, last)) => {
                packet.protocol == protocol && (first..=last).contains(&packet.detail)
            }
            Self::Icmp(kind, code) => {
                packet.protocol == if v6 { 58 } else { 1 }
                    && packet.detail == u16::from(kind) << 8 | u16::from(code)
            }
            Self::Whole(protocol) => packet.protocol == protocol,
        }
    }

    fn spelt(self, v6: bool, dice: &mut Dice) -> String {
        match self {
            Self::Ports(protocol, (first, last)) => {
                let name = match protocol {
                    6 => "tcp",
                    17 => "udp",
                    _ => "sctp",
                };
                let name = if dice.once_in(4) { protocol.to_string() } else { name.to_owned() };
                let name = if protocol == 6 && dice.once_in(5) { String::new() } else { format!("{name}:") };
                let ports = if first == last { first.to_string() } else { format!("{first}-{last}") };
                format!("{name}{ports}")
            }
            Self::Icmp(kind, code) => {
                let name = *dice.pick(if v6 { &["icmpv6", "ipv6-icmp"] } else { &["icmp", "1"] });
                match (v6, kind, code) {
                    (false, 8, 0) | (true, 128, 0) if dice.once_in(2) => format!("{name}:echo-request"),
                    _ => format!("{name}:{kind}/{code}"),
                }
            }
            Self::Whole(47) if dice.once_in(2) => "gre:0".to_owned(),
            Self::Whole(protocol) => format!("{protocol}:0"),
        }
    }
}

impl Member {
    fn random(dice: &mut Dice) -> Self {
        let v6 = dice.once_in(3);
        let mut block = Block::random(dice, v6);
        if block.len == 0 {
            block = block.with_len(1);
        }
        Self { egress: dice.once_in(2), block, service: Service::random(dice) }
    }

    fn matches(&self, packet: &Packet) -> bool {
        let far = matches!(&packet.far, Far::Addr(addr) if self.block.holds(*addr));
        far && self.service.has(self.block.v6, packet)
    }

    fn line(&self, set: &str, dice: &mut Dice) -> String {
        let block = if self.block.first() == self.block.last() && dice.once_in(2) {
            self.block.first().to_string()
        } else {
            self.block.to_string()
        };
        let comment = match dice.below(4) {
            0 => " comment \"nomatch # why\"",
            1 => " comment why",
            _ => "",
        };
        format!("add {set} {block},{}{comment}\n", self.service.spelt(self.block.v6, dice))
    }
}

impl Format for Sets {
    fn random(dice: &mut Dice) -> Self {
        Self((0..dice.below(6) + 2).map(|_| Member::random(dice)).collect())
    }

    fn write(&self, dice: &mut Dice) -> Files {
        let mut files: Vec<String> = vec!["# sets\n".to_owned(), String::new()];
        let sets = [("OUT4", true, false), ("OUT6", true, true), ("IN4", false, false), ("IN6", false, true)];
        for (end, egress, v6) in sets {
            let own = |member: &&Member| member.egress == egress && member.block.v6 == v6;
            let mut members: Vec<&Member> = self.0.iter().filter(own).collect();
            dice.shuffle(&mut members);
            let family = if v6 { "inet6" } else { "inet" };
            let file = &mut files[usize::from(dice.once_in(3))];
            let name = format!("EGRESSOR-{end}");
            // Filled in its place, or beside it and then put there.
            let filled = if dice.once_in(2) { name.clone() } else { format!("{name}+") };
            let mut names = vec![&name, &filled];
            names.dedup();
            for name in names {
                writeln!(file, "create {name} hash:net,port family {family} maxelem 65536 comment").unwrap();
            }
            if filled != name && dice.once_in(2) {
                writeln!(file, "add {filled} {},tcp:1", if v6 { "::1" } else { "127.0.0.1" }).unwrap();
                writeln!(file, "flush {filled}").unwrap();
            }
            for member in members {
                *file += &member.line(&filled, dice);
            }
            if filled != name {
                writeln!(file, "swap {filled} {name}\ndestroy {filled}").unwrap();
            }
        }
        files.retain(|file| file.contains("create"));
        files.into_iter().enumerate().map(|(at, text)| (format!("sets-{at}.ipset"), text)).collect()
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![("EGRESSOR-OUT".to_owned(), true), ("EGRESSOR-IN".to_owned(), false)]
    }

    fn allows(&self, (_, egress): &Scope, packet: &Packet) -> bool {
        self.0.iter().any(|member| member.egress == *egress && member.matches(packet))
    }

    fn edges(&self, edges: &mut Edges) {
        for member in &self.0 {
            edges.rule();
            edges.far(member.block);
            match member.service {
                Service::Ports(protocol, ports) => edges.ports(protocol, ports),
                Service::Icmp(kind, code) => {
                    edges.icmp(if member.block.v6 { 58 } else { 1 }, kind, Some(code));
                }
                Service::Whole(protocol) => edges.protocol(protocol),
            }
        }
    }

    fn rewrite(&self, dice: &mut Dice) -> Self {
        let mut members = Vec::new();
        for member in &self.0 {
            match (dice.below(4), member.block.halves(), member.service) {
                (0, Some(halves), _) => members.extend(halves.map(|block| Member { block, ..*member })),
                (1, _, Service::Ports(protocol, (first, last))) if first < last => {
                    let ranges = [(first, first), (first + 1, last)];
                    members.extend(
                        ranges.map(|ports| Member { service: Service::Ports(protocol, ports), ..*member }),
                    );
                }
                (2, _, _) => members.extend([*member, *member]),
                _ => members.push(*member),
            }
        }
        dice.shuffle(&mut members);
        Self(members)
    }

    fn edit(&self, dice: &mut Dice) -> Self {
        let mut members = self.0.clone();
        let at = dice.below(members.len());
        let member = &mut members[at];
        match (dice.below(4), &mut member.service) {
            (0, _) if member.block.len > 1 => member.block = member.block.with_len(member.block.len - 1),
            (1, Service::Ports(_, (_, last))) => *last = last.saturating_add(1),
            (1, Service::Icmp(_, code)) => *code += 1,
            (2, _) => member.egress = !member.egress,
            _ => drop(members.remove(at)),
        }
        Self(members)
    }
}
