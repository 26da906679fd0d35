//! Policies as they are compiled for a target: shaped for its speech, allows only, the rest denied.

use egressor::packet::{
    AddrSet, Constraint, GroupSet, Hostname, IcmpMatch, NamePattern, NameSet, PathPrefix, PeerSet, PortRange,
    Prefix, Protocol, Set, TransportSet,
};
use egressor::policy::{
    Action, Direction, Justification, Match, Need, Origin, Pods, Policy, Rule, RuleSet, Scope, Subject,
    Traffic,
};
use egressor::targets::{Ingress, PeerKind, Scoping, Speech};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use std::sync::Arc;

/// Blocks that stand alone, touch, nest, and hold everything.
const PREFIXES: [&str; 16] = [
    "203.0.113.7/32",
    "203.0.113.6/32",
    "198.51.100.0/24",
    "198.51.100.0/25",
    "192.0.2.128/25",
    "192.0.2.64/26",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "0.0.0.0/0",
    "128.0.0.0/1",
    "2001:db8::/32",
    "2001:db8:1::1/128",
    "2001:db8:1::/127",
    "64:ff9b::/96",
    "fd00::/8",
    "::/0",
];

const HOSTS: [&str; 7] = [
    "api.example.com",
    "example.com",
    "storage.googleapis.com",
    "a.b.example.com",
    "xn--bcher-kva.example",
    "my_bucket.s3.example.org",
    "r1---sn-abc.example.net",
];

/// Every text that a justification carries, the same in all of its fields.
pub(crate) fn justified(text: &str) -> Justification {
    let text = text.to_owned();
    Justification {
        endpoint: text.clone(),
        purpose: text.clone(),
        owner: Some(text.clone()),
        ticket: Some(text.clone()),
        expires: Some(text.clone()),
        sources: vec![text.clone(), text.clone()],
        confidence: text.clone(),
        methods: Vec::new(),
        hosts: vec![text],
        blocks: Vec::new(),
    }
}

/// A justification as catalogs have it.
pub(crate) fn plain(endpoint: &str) -> Justification {
    Justification {
        endpoint: format!("catalog/{endpoint}"),
        purpose: "the agent reports to its control plane".into(),
        owner: Some("platform".into()),
        ticket: Some("NET-7".into()),
        expires: Some("2031-01-31".into()),
        sources: vec!["https://docs.example.com/network".into()],
        confidence: "documented".into(),
        methods: Vec::new(),
        hosts: vec!["api.example.com".into()],
        blocks: Vec::new(),
    }
}

/// An allow of new connections.
pub(crate) fn allow(
    peer: Constraint<PeerSet>,
    transport: Constraint<TransportSet>,
    why: &Justification,
) -> Rule {
    Rule {
        action: Action::Allow,
        matches: Match { source: Constraint::Any, peer, transport },
        traffic: Traffic::New,
        unmodelled: Vec::new(),
        origin: Origin::Endpoint(Arc::new(why.clone())),
    }
}

/// The plainest rule there is: a TCP port of one address or one host.
pub(crate) fn tcp(speech: Speech, port: u16, why: &Justification) -> Rule {
    let peer = match speech.peers {
        PeerKind::Addresses => PeerSet::from(addrs(&PREFIXES[..1])),
        PeerKind::Names | PeerKind::NamesFirst => PeerSet::from(NamePattern::Host(host(HOSTS[0])).names()),
        PeerKind::Both | PeerKind::Direct => PeerSet::from(NamePattern::Host(host(HOSTS[0])).names())
            .union(&PeerSet::from(addrs(&PREFIXES[..1]))),
    };
    let port = TransportSet::port(Protocol::TCP, PortRange::single(port));
    allow(Constraint::only(peer).unwrap(), Constraint::only(port).unwrap(), why)
}

/// A policy that says these rules of the first subject of a speech, in every direction that it has.
pub(crate) fn policy_of(speech: Speech, rules: &[Rule]) -> Policy {
    let directions = if speech.ingress == Ingress::Unsaid { 1 } else { 2 };
    let said =
        shapes(speech).into_iter().take(directions).map(|shape| RuleSet { rules: rules.to_vec(), ..shape });
    Policy::new(said.collect())
}

/// The rule sets that a speech has room for, without rules.
fn shapes(speech: Speech) -> Vec<RuleSet> {
    let directions: &[Direction] = if speech.ingress == Ingress::Unsaid {
        &[Direction::Egress]
    } else {
        &[Direction::Egress, Direction::Ingress]
    };
    let universe = match speech.peers {
        PeerKind::Addresses => PeerSet::all_addrs(),
        PeerKind::Names => PeerSet::all_names(),
        PeerKind::NamesFirst | PeerKind::Both | PeerKind::Direct => {
            PeerSet::all_names().union(&PeerSet::all_addrs())
        }
    };
    let pods = |namespace: &str, labels: &[(&str, &str)]| Pods {
        namespace: namespace.into(),
        labels: labels.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect(),
    };
    let subjects: Vec<Subject> = match speech.scoping {
        Scoping::Host => vec![Subject::Host],
        Scoping::Component => vec![
            Subject::Pods(pods("agents", &[("app.kubernetes.io/name", "agent")])),
            Subject::Pods(pods("agents", &[("app.kubernetes.io/name", "agent"), ("tier", "web")])),
            Subject::Pods(pods("other", &[("app", "worker")])),
        ],
        Scoping::Namespace => vec![Subject::Pods(pods("agents", &[])), Subject::Pods(pods("other", &[]))],
    };
    let mut shapes = Vec::new();
    for subject in subjects {
        for direction in directions {
            let name = match &subject {
                Subject::Pods(pods) | Subject::HostNetworkPods(pods) => pods.group(),
                Subject::Host | Subject::Machine => direction.as_str().to_owned(),
            };
            shapes.push(RuleSet {
                scope: Scope { name, direction: *direction },
                subject: subject.clone(),
                universe: universe.clone(),
                rules: Vec::new(),
                default: Action::Deny,
            });
        }
    }
    shapes
}

fn host(name: &str) -> Hostname {
    name.parse().unwrap()
}

/// Addresses, as a set.
pub(crate) fn addrs(prefixes: &[&str]) -> AddrSet {
    AddrSet::of(prefixes.iter().map(|prefix| prefix.parse::<Prefix>().unwrap()))
}

fn patterns() -> Vec<NamePattern> {
    let path = |path: &str| path.parse::<PathPrefix>().unwrap();
    let of = |name: &str| {
        [
            NamePattern::Host(host(name)),
            NamePattern::Tree(host(name)),
            NamePattern::Below(host(name)),
            NamePattern::OneBelow(host(name)),
            NamePattern::Path(host(name), path("/v1/")),
            NamePattern::Path(host(name), path("/a.b+c(d)[e]$^|*~")),
        ]
    };
    HOSTS.into_iter().flat_map(of).chain([NamePattern::Any]).collect()
}

fn peers(speech: Speech) -> BoxedStrategy<Constraint<PeerSet>> {
    let some = match speech.peers {
        PeerKind::NamesFirst | PeerKind::Both | PeerKind::Direct => {
            let names =
                vec(select(patterns()), 0..4).prop_map(|patterns| PeerSet::from(NameSet::of(&patterns)));
            let blocks =
                subsequence(PREFIXES.to_vec(), 1..6).prop_map(|prefixes| PeerSet::from(addrs(&prefixes)));
            (names, blocks, any::<bool>())
                .prop_map(
                    |(names, blocks, both)| {
                        if both || names.is_empty() { names.union(&blocks) } else { names }
                    },
                )
                .boxed()
        }
        PeerKind::Addresses => {
            let blocks =
                subsequence(PREFIXES.to_vec(), 1..6).prop_map(|prefixes| PeerSet::from(addrs(&prefixes)));
            // Many blocks that do not join, so that lists are long.
            let many = (1..60_u32, any::<u16>()).prop_map(|(count, base)| {
                let hosts = (0..count).map(|n| (10 << 24) + (u32::from(base) << 8) + n * 2);
                let hosts = hosts.map(|bits| Prefix::host(std::net::Ipv4Addr::from_bits(bits).into()));
                PeerSet::from(AddrSet::of(hosts))
            });
            prop_oneof![6 => blocks, 1 => many].boxed()
        }
        PeerKind::Names => {
            let names =
                vec(select(patterns()), 1..5).prop_map(|patterns| PeerSet::from(NameSet::of(&patterns)));
            names.boxed()
        }
    };
    let some = some.prop_map(|peers| Constraint::only(peers).unwrap());
    let pods = Just(Constraint::only(PeerSet::from(GroupSet::of(["kube-system/k8s-app=kube-dns"]))).unwrap());
    match speech.scoping {
        Scoping::Host => prop_oneof![12 => some, 1 => Just(Constraint::Any)].boxed(),
        Scoping::Component | Scoping::Namespace => {
            prop_oneof![12 => some, 2 => pods, 1 => Just(Constraint::Any)].boxed()
        }
    }
}

fn transports() -> impl Strategy<Value = Constraint<TransportSet>> {
    let range = |first, last| PortRange::new(first, last).unwrap();
    let ports = |protocol, ranges: &[(u16, u16)]| {
        let each: Vec<TransportSet> =
            ranges.iter().map(|(first, last)| TransportSet::port(protocol, range(*first, *last))).collect();
        TransportSet::union_all(&each)
    };
    let icmp = |protocol, kind, code| TransportSet::icmp(protocol, IcmpMatch { kind, code });
    let odd: Vec<(u16, u16)> = (0..40).map(|n| (1_000 + n * 2, 1_000 + n * 2)).collect();
    let pool = vec![
        ports(Protocol::TCP, &[(443, 443)]),
        ports(Protocol::TCP, &[(80, 80), (443, 443), (8_000, 8_100)]),
        ports(Protocol::TCP, &[(1, 65_535)]),
        ports(Protocol::TCP, &[(0, 65_535)]),
        ports(Protocol::TCP, &[(0, 0), (65_535, 65_535)]),
        ports(Protocol::TCP, &odd),
        ports(Protocol::UDP, &[(53, 53)]).union(&ports(Protocol::TCP, &[(53, 53)])),
        ports(Protocol::UDP, &[(123, 123), (443, 443)]),
        ports(Protocol::SCTP, &[(2_905, 2_906)]),
        TransportSet::protocol(Protocol::TCP).union(&TransportSet::protocol(Protocol::UDP)),
        icmp(Protocol::ICMP, 8, None),
        icmp(Protocol::ICMP, 3, Some(4)).union(&icmp(Protocol::ICMPV6, 2, Some(0))),
        icmp(Protocol::ICMPV6, 128, None).union(&icmp(Protocol::ICMPV6, 255, Some(255))),
        TransportSet::protocol(Protocol::ICMP).union(&TransportSet::protocol(Protocol::ICMPV6)),
        TransportSet::protocol(Protocol(47)).union(&TransportSet::protocol(Protocol(50))),
        TransportSet::protocol(Protocol(0)),
        TransportSet::protocols(Protocol(200), Protocol(255)),
        TransportSet::full().subtract(&ports(Protocol::TCP, &[(25, 25)])),
    ];
    let some = select(pool).prop_map(|transport| Constraint::only(transport).unwrap());
    // Most rules are about HTTPS, as most endpoints are.
    let https = Just(Constraint::only(ports(Protocol::TCP, &[(443, 443)])).unwrap());
    prop_oneof![4 => https, 12 => some, 1 => Just(Constraint::Any)]
}

fn justifications() -> impl Strategy<Value = Justification> {
    let text =
        select(vec!["reports metrics", "pulls images; keeps \"tags\"", "Größe", "a purpose\nin two lines"]);
    (0..6_u8, text, any::<bool>()).prop_map(|(number, purpose, full)| {
        let justification = Justification { purpose: purpose.into(), ..plain(&format!("endpoint-{number}")) };
        if full {
            return justification;
        }
        Justification {
            owner: None,
            ticket: None,
            expires: None,
            sources: Vec::new(),
            hosts: Vec::new(),
            blocks: Vec::new(),
            ..justification
        }
    })
}

/// Rules of one scope.
pub(crate) fn rules(speech: Speech) -> impl Strategy<Value = Vec<Rule>> {
    let rule = (peers(speech), transports(), justifications(), 0..8_u8).prop_map(
        |(peer, transport, why, implied)| {
            let rule = allow(peer, transport, &why);
            if implied == 0 { Rule { origin: Origin::Implied(Need::Dns), ..rule } } else { rule }
        },
    );
    vec(rule, 0..6)
}

/// Policies for a target of this speech.
pub(crate) fn policies(speech: Speech) -> impl Strategy<Value = Policy> {
    let shapes = shapes(speech);
    let count = shapes.len();
    let chosen = subsequence(shapes, 1..=count);
    chosen
        .prop_flat_map(move |shapes| {
            let lists = vec(rules(speech), shapes.len());
            (Just(shapes), lists)
        })
        .prop_map(|(mut shapes, lists)| {
            for (shape, rules) in shapes.iter_mut().zip(lists) {
                shape.rules = rules;
            }
            Policy::new(shapes)
        })
}
