//! External dynamic lists of PAN-OS: what stands in a list passes at the services of its first line, and nothing else.

use super::dice::Dice;
use super::law::{Files, Format, Scope, laws};
use super::world::{Block, Edges, Far, Packet};
use std::fmt::Write as _;

laws!(Lists, 25);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Host,
    Below,
    /// Only in lists of URLs.
    One,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Entries {
    Addresses(Vec<Block>),
    Domains(Vec<(Shape, &'static str)>),
    Urls(Vec<(Shape, &'static str)>),
}

/// A list with its services: a protocol, and ports where it has any.
#[derive(Debug, Clone, PartialEq, Eq)]
struct List {
    egress: bool,
    services: Vec<(u8, Vec<(u16, u16)>)>,
    entries: Entries,
}

/// All lists. The first ones stay as they are: both directions are spoken about, with names and addresses of both.
#[derive(Debug, Clone)]
struct Lists(Vec<List>);

const ANCHORS: usize = 4;
const HOSTS: [&str; 3] = ["example.com", "api.example.com", "example.org"];
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
        Shape::Below => below,
        Shape::One => below && name.split('.').count() == host.split('.').count() + 1,
    }
}

impl List {
    fn random(dice: &mut Dice) -> Self {
        let service = |dice: &mut Dice| match *dice.pick(&[6, 6, 17, 132, 1, 47]) {
            ported @ (6 | 17 | 132) => (ported, (0..dice.below(3)).map(|_| dice.ports()).collect()),
            other => (other, Vec::new()),
        };
        let services = (0..=dice.below(2)).map(|_| service(dice)).collect();
        let v6 = dice.once_in(3);
        let entries = match dice.below(3) {
            0 => Entries::Addresses((0..=dice.below(3)).map(|_| Block::random(dice, v6)).collect()),
            1 => {
                let name = |dice: &mut Dice| (*dice.pick(&[Shape::Host, Shape::Below]), *dice.pick(&HOSTS));
                Entries::Domains((0..=dice.below(2)).map(|_| name(dice)).collect())
            }
            _ => {
                let shapes = [Shape::Host, Shape::Below, Shape::One];
                Entries::Urls(
                    (0..=dice.below(2)).map(|_| (*dice.pick(&shapes), *dice.pick(&HOSTS))).collect(),
                )
            }
        };
        Self { egress: dice.once_in(2), services, entries }
    }

    fn matches(&self, packet: &Packet) -> bool {
        let far = match (&self.entries, &packet.far) {
            (Entries::Addresses(blocks), Far::Addr(addr)) => blocks.iter().any(|block| block.holds(*addr)),
            (Entries::Domains(names) | Entries::Urls(names), Far::Name(name)) => {
                names.iter().any(|(shape, host)| named(*shape, host, name))
            }
            _ => false,
        };
        let of = |(protocol, ports): &(u8, Vec<(u16, u16)>)| {
            *protocol == packet.protocol
                && (ports.is_empty()
                    || ports.iter().any(|(first, last)| (*first..=*last).contains(&packet.detail)))
        };
        far && self.services.iter().any(of)
    }

    fn text(&self, dice: &mut Dice) -> String {
        let form = match &self.entries {
            Entries::Addresses(_) => "ip",
            Entries::Domains(_) => "domain",
            Entries::Urls(_) => "url",
        };
        let mut text =
            format!("# egressor pan-edl {form} {}", if self.egress { "egress" } else { "ingress" });
        for (protocol, ports) in &self.services {
            let name = match protocol {
                6 => "tcp",
                17 => "udp",
                1 => "icmp",
                132 => "sctp",
                _ => "47",
            };
            let port = |(first, last): &(u16, u16)| {
                if first == last { first.to_string() } else { format!("{first}-{last}") }
            };
            let ports: Vec<String> = ports.iter().map(port).collect();
            let ports = if ports.is_empty() { String::new() } else { format!("/{}", ports.join(",")) };
            write!(text, " {name}{ports}").unwrap();
        }
        text += "\n# a comment\n";
        let mut lines: Vec<String> = match &self.entries {
            Entries::Addresses(blocks) => blocks
                .iter()
                .map(|block| match dice.below(4) {
                    0 => format!("{}-{}", block.first(), block.last()),
                    1 => format!("{block} # why"),
                    2 => format!("{block} ;10.0.0.0/8"),
                    _ => block.to_string(),
                })
                .collect(),
            Entries::Domains(names) => names
                .iter()
                .map(|(shape, host)| format!("{}{host}", if *shape == Shape::Host { "^" } else { "*." }))
                .collect(),
            Entries::Urls(names) => names
                .iter()
                .map(|(shape, host)| {
                    let begin = match shape {
                        Shape::Host => "",
                        Shape::Below => "*.",
                        Shape::One => "^.",
                    };
                    format!("{begin}{host}{}", if dice.once_in(3) { "" } else { "/" })
                })
                .collect(),
        };
        dice.shuffle(&mut lines);
        let end = if dice.once_in(4) { "\r\n" } else { "\n" };
        text + &lines.join(end) + end
    }
}

impl Format for Lists {
    fn random(dice: &mut Dice) -> Self {
        let anchor = |egress, entries| List { egress, services: vec![(6, vec![(7, 7)])], entries };
        let mut lists: Vec<List> = Vec::new();
        for egress in [true, false] {
            lists.push(anchor(egress, Entries::Addresses(vec![Block::any(false).with_len(32)])));
            lists.push(anchor(egress, Entries::Urls(vec![(Shape::Host, "anchor.example")])));
        }
        lists.extend((0..dice.below(5) + 2).map(|_| List::random(dice)));
        Self(lists)
    }

    fn write(&self, dice: &mut Dice) -> Files {
        let mut lists = self.0.clone();
        dice.shuffle(&mut lists);
        lists.iter().enumerate().map(|(at, list)| (format!("list-{at}.txt"), list.text(dice))).collect()
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![("egress".to_owned(), true), ("ingress".to_owned(), false)]
    }

    fn allows(&self, (_, egress): &Scope, packet: &Packet) -> bool {
        self.0.iter().any(|list| list.egress == *egress && list.matches(packet))
    }

    fn edges(&self, edges: &mut Edges) {
        for list in &self.0 {
            edges.rule();
            match &list.entries {
                Entries::Addresses(blocks) => blocks.iter().for_each(|block| edges.far(*block)),
                Entries::Domains(_) | Entries::Urls(_) => {
                    for name in NAMES {
                        edges.peer(&Far::Name(name.to_owned()));
                    }
                }
            }
            for (protocol, ports) in &list.services {
                edges.protocol(*protocol);
                for ports in ports {
                    edges.ports(*protocol, *ports);
                }
            }
        }
    }

    fn rewrite(&self, dice: &mut Dice) -> Self {
        let mut lists = Vec::new();
        for list in &self.0 {
            match (dice.below(4), &list.entries, list.services.as_slice()) {
                (0, Entries::Addresses(blocks), _) if blocks.len() == 2 => {
                    let one =
                        |block: &Block| List { entries: Entries::Addresses(vec![*block]), ..list.clone() };
                    lists.extend(blocks.iter().map(one));
                }
                (1, Entries::Addresses(blocks), _) if blocks.len() == 1 && blocks[0].halves().is_some() => {
                    let halves = blocks[0].halves().unwrap().to_vec();
                    lists.push(List { entries: Entries::Addresses(halves), ..list.clone() });
                }
                (2, _, [first, second]) => {
                    lists.extend(
                        [second, first].map(|one| List { services: vec![one.clone()], ..list.clone() }),
                    );
                }
                (3, Entries::Domains(names), _) => {
                    lists.push(List { entries: Entries::Urls(names.clone()), ..list.clone() });
                }
                _ => lists.push(list.clone()),
            }
        }
        Self(lists)
    }

    fn edit(&self, dice: &mut Dice) -> Self {
        let mut lists = self.0.clone();
        let at = ANCHORS + dice.below(lists.len() - ANCHORS);
        let list = &mut lists[at];
        match (dice.below(4), &mut list.entries) {
            (0, Entries::Addresses(blocks)) if blocks[0].len > 0 => {
                blocks[0] = blocks[0].with_len(blocks[0].len - 1);
            }
            (0, Entries::Domains(names) | Entries::Urls(names)) => names[0].1 = *dice.pick::<&str>(&HOSTS),
            (1, _) if !list.services[0].1.is_empty() => {
                list.services[0].1[0].1 = list.services[0].1[0].1.saturating_add(1);
            }
            (2, _) => list.egress = !list.egress,
            _ => drop(lists.remove(at)),
        }
        Self(lists)
    }
}
