//! Policies that every target is asked to write: items with their names and addresses, said the way each target speaks.

use crate::common::policies::{addrs, plain, policy_of};
use egressor::packet::{
    AddrSet, Constraint, Hostname, IcmpMatch, NamePattern, NameSet, PeerSet, PortRange, Protocol, Set,
    TransportSet,
};
use egressor::policy::{Action, Direction, Match, Origin, Policy, Rule, Traffic};
use egressor::targets::{Ingress, PeerKind, Speech};
use std::fmt::Write as _;
use std::sync::Arc;

/// A policy, whoever writes it, and the hosts that the lock knows.
pub(crate) struct Asked {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    pub(crate) items: Vec<Item>,
    pub(crate) hosts: &'static [(&'static str, &'static [&'static str])],
}

/// One thing that is asked for.
pub(crate) struct Item {
    pub(crate) id: &'static str,
    pub(crate) direction: Direction,
    pub(crate) names: Vec<NamePattern>,
    /// Addresses that are meant themselves, or those of the names.
    pub(crate) addrs: AddrSet,
    pub(crate) services: TransportSet,
}

/// Why a target is not asked for an item, before it says anything itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unasked {
    /// It knows names and the item has none.
    Nameless,
    /// It knows addresses, and no lock can hold those of the names.
    Unresolved,
    /// It knows addresses, and the item is some paths of a host.
    Paths,
    /// It says nothing of what comes in.
    Ingress,
}

impl Unasked {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Nameless => "what is known by its addresses only, where rules name hosts",
            Self::Unresolved => "names below a host, where rules name addresses",
            Self::Paths => "paths of a host, where rules name addresses",
            Self::Ingress => "traffic that comes in",
        }
    }
}

impl Item {
    /// The far end as a target takes it, or why it cannot be asked.
    fn peers(&self, speech: Speech) -> Result<PeerSet, Unasked> {
        let names = PeerSet::from(NameSet::of(&self.names));
        let known = PeerSet::from(self.addrs.clone());
        if self.direction == Direction::Ingress && speech.ingress != Ingress::ByPeer {
            return Err(Unasked::Ingress);
        }
        let peers = match speech.peers {
            PeerKind::Addresses => known,
            PeerKind::Names if self.direction == Direction::Ingress => known,
            PeerKind::NamesFirst if names.is_empty() => known,
            PeerKind::Names | PeerKind::NamesFirst => names,
            PeerKind::Both | PeerKind::Direct => names.union(&known),
        };
        let why = if speech.peers == PeerKind::Addresses { Unasked::Unresolved } else { Unasked::Nameless };
        if peers.is_empty() { Err(why) } else { Ok(peers) }
    }
}

impl Asked {
    /// What a target of this speech is asked for, and what not.
    pub(crate) fn of(&self, speech: Speech) -> (Policy, Vec<(&Item, Unasked)>) {
        let mut policy = policy_of(speech, &[]);
        let mut unasked = Vec::new();
        for item in &self.items {
            let peers = match item.peers(speech) {
                Ok(peers) => peers,
                Err(why) => {
                    unasked.push((item, why));
                    continue;
                }
            };
            let matches = Match {
                source: Constraint::Any,
                peer: Constraint::only(peers).expect("peers"),
                transport: Constraint::only(item.services.clone()).expect("services"),
            };
            let rule = Rule {
                action: Action::Allow,
                matches,
                traffic: Traffic::New,
                unmodelled: Vec::new(),
                origin: Origin::Endpoint(Arc::new(plain(item.id))),
            };
            for set in policy.sets.iter_mut().filter(|set| set.scope.direction == item.direction) {
                set.rules.push(rule.clone());
            }
        }
        (policy, unasked)
    }

    /// The lockfile.
    pub(crate) fn lock(&self) -> String {
        let mut text = "version = 1\n".to_owned();
        for (host, blocks) in self.hosts {
            let seen = "first_seen = \"2026-11-22T08:00:00Z\", last_seen = \"2026-11-22T08:00:00Z\"";
            let line = |block: &&str| {
                format!("    {{ address = \"{block}\", {seen}, published = \"https://example.com/ips\" }},\n")
            };
            let lines: String = blocks.iter().map(line).collect();
            write!(text, "\n[[host]]\nname = \"{host}\"\naddresses = [\n{lines}]\n").expect("text");
        }
        text
    }
}

fn host(name: &str) -> Hostname {
    name.parse().expect("a host")
}

fn ports(protocol: Protocol, ranges: &[(u16, u16)]) -> TransportSet {
    let one = |(first, last): &(u16, u16)| {
        TransportSet::port(protocol, PortRange::new(*first, *last).expect("a range"))
    };
    TransportSet::union_all(&ranges.iter().map(one).collect::<Vec<_>>())
}

fn https() -> TransportSet {
    ports(Protocol::TCP, &[(443, 443)])
}

/// The policies.
pub(crate) fn all() -> Vec<Asked> {
    let item = |id, names: Vec<NamePattern>, blocks: &[&str], services| Item {
        id,
        direction: Direction::Egress,
        names,
        addrs: addrs(blocks),
        services,
    };
    let icmp = |protocol, kind, code| TransportSet::icmp(protocol, IcmpMatch { kind, code });
    let named = Asked {
        name: "names",
        what: "hosts at port 443, one of them with several addresses of both families, and one path of a host",
        items: vec![
            item(
                "api",
                vec![NamePattern::Host(host("api.example.com"))],
                &["203.0.113.7/32", "203.0.113.8/32", "198.51.100.0/28", "2001:db8:1::7/128"],
                https(),
            ),
            item(
                "files",
                vec![NamePattern::Path(host("files.example.org"), "/public/".parse().expect("a path"))],
                &["192.0.2.64/27"],
                https(),
            ),
        ],
        hosts: &[
            ("api.example.com", &["203.0.113.7", "203.0.113.8", "198.51.100.0/28", "2001:db8:1::7"]),
            ("files.example.org", &["192.0.2.64/27"]),
            ("other.example.com", &["192.0.2.1"]),
        ],
    };
    let addresses = Asked {
        name: "addresses",
        what: "blocks of both families with ranges of ports, UDP, ICMP and whole protocols, and traffic that comes in",
        items: vec![
            item(
                "web",
                vec![],
                &["203.0.113.0/24", "2001:db8::/32"],
                ports(Protocol::TCP, &[(80, 80), (8000, 8100)]),
            ),
            item("time", vec![], &["198.51.100.7/32"], ports(Protocol::UDP, &[(123, 123)])),
            item("ping", vec![], &["192.0.2.0/25"], icmp(Protocol::ICMP, 8, None)),
            item("ping6", vec![], &["2001:db8:5::/48"], icmp(Protocol::ICMPV6, 128, Some(0))),
            item("tunnel", vec![], &["192.0.2.200/32"], TransportSet::protocol(Protocol(50))),
            Item {
                direction: Direction::Ingress,
                ..item("hook", vec![], &["10.0.0.0/28", "fd00:1::/64"], ports(Protocol::TCP, &[(8443, 8444)]))
            },
        ],
        hosts: &[("other.example.com", &["192.0.2.1"])],
    };
    let wildcards = Asked {
        name: "wildcards",
        what: "names one label below a host, at any depth below one, with and without the host itself",
        items: vec![
            item("tree", vec![NamePattern::Tree(host("tree.example.com"))], &[], https()),
            item("below", vec![NamePattern::Below(host("below.example.com"))], &[], https()),
            item("one", vec![NamePattern::OneBelow(host("one.example.com"))], &[], https()),
            item("api", vec![NamePattern::Host(host("api.example.com"))], &["203.0.113.7/32"], https()),
        ],
        hosts: &[
            ("api.example.com", &["203.0.113.7"]),
            ("a.tree.example.com", &["203.0.113.20"]),
            ("a.b.below.example.com", &["203.0.113.30"]),
            ("a.one.example.com", &["203.0.113.40"]),
        ],
    };
    vec![named, addresses, wildcards]
}
