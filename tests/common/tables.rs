//! Random rule sets for iptables over a tiny universe, as text and as what the kernel does with each packet.

use proptest::prelude::*;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A condition that is or is not negated.
#[derive(Debug, Clone)]
pub(crate) struct Not<T>(pub(crate) bool, pub(crate) T);

#[derive(Debug, Clone)]
pub(crate) enum Service {
    Any,
    Protocol(Not<u8>),
    /// Protocol, ports, and whether `multiport` writes them.
    Ports(u8, Not<Vec<(u16, u16)>>, bool),
    Icmp(Not<(u8, Option<u8>)>),
}

/// Addresses of one end.
#[derive(Debug, Clone)]
pub(crate) enum End {
    /// An address and how many bits of it count.
    Block(u8, u8),
    /// `iprange`, from the first to the last.
    Range(u8, u8),
    /// One of the sets.
    Set(usize),
}

/// A member of a set of blocks: an address, how many bits of it count, and `nomatch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Member(pub(crate) u8, pub(crate) u8, pub(crate) bool);

#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    Accept,
    Drop,
    Reject,
    Return,
    Log,
    Nothing,
    Jump(usize),
    Goto(usize),
}

#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) source: Option<Not<End>>,
    pub(crate) destination: Option<Not<End>>,
    pub(crate) service: Service,
    /// Whether states are asked for, and whether NEW is among them.
    pub(crate) state: Option<Not<bool>>,
    /// `-o lo`.
    pub(crate) loopback: Option<bool>,
    /// `-m owner --uid-owner N`: nobody can know whether it matches.
    pub(crate) owner: Option<Not<u8>>,
    pub(crate) target: Target,
}

#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) v6: bool,
    pub(crate) accept: bool,
    pub(crate) chains: Vec<Vec<Rule>>,
    /// A `hash:net`.
    pub(crate) nets: Vec<Member>,
    /// A `hash:ip`.
    pub(crate) hosts: Vec<u8>,
}

pub(crate) const CHAINS: usize = 4;
/// A set of blocks, one of addresses, and the list of both.
pub(crate) const SETS: [&str; 3] = ["nets", "hosts", "both"];

/// An address of the universe.
pub(crate) fn addr(v6: bool, last: u8) -> IpAddr {
    if v6 {
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last.into()).into()
    } else {
        Ipv4Addr::new(10, 0, 0, last).into()
    }
}

/// A block of so many bits of the last four.
fn block(v6: bool, first: u8, bits: u8) -> String {
    format!("{}/{}", addr(v6, first), if v6 { 124 } else { 28 } + bits)
}

impl Rule {
    pub(crate) fn write(&self, v6: bool, chain: usize, out: &mut String) {
        let bang = |negated: bool| if negated { "! " } else { "" };
        write!(out, "-A {}", name(chain)).unwrap();
        // What iptables itself knows stands before what its modules know.
        let ends = [("s", "src", &self.source), ("d", "dst", &self.destination)];
        for (flag, _, end) in &ends {
            if let Some(Not(negated, End::Block(first, bits))) = end {
                write!(out, " {}-{flag} {}", bang(*negated), block(v6, *first, *bits)).unwrap();
            }
        }
        if let Some(is_loopback) = self.loopback {
            write!(out, " {}-o lo", bang(!is_loopback)).unwrap();
        }
        match &self.service {
            Service::Any => {}
            Service::Protocol(Not(negated, protocol)) => {
                write!(out, " {}-p {protocol}", bang(*negated)).unwrap();
            }
            Service::Ports(protocol, Not(negated, ranges), multiport) => {
                let list: Vec<String> = ranges.iter().map(|(first, last)| ports(*first, *last)).collect();
                let option = if *multiport { "-m multiport" } else { "" };
                let dports = if *multiport { "--dports" } else { "--dport" };
                write!(out, " -p {protocol} {option} {}{dports} {}", bang(*negated), list.join(",")).unwrap();
            }
            Service::Icmp(Not(negated, (kind, code))) => {
                let code = code.map(|code| format!("/{code}")).unwrap_or_default();
                let (protocol, module, option) =
                    if v6 { ("ipv6-icmp", "icmp6", "icmpv6-type") } else { ("icmp", "icmp", "icmp-type") };
                let kind = icmp_kind(v6, *kind);
                write!(out, " -p {protocol} -m {module} {}--{option} {kind}{code}", bang(*negated)).unwrap();
            }
        }
        for (_, word, end) in &ends {
            match end {
                Some(Not(negated, End::Range(first, last))) => {
                    let (first, last) = (addr(v6, *first), addr(v6, *last));
                    write!(out, " -m iprange {}--{word}-range {first}-{last}", bang(*negated)).unwrap();
                }
                Some(Not(negated, End::Set(set))) => {
                    write!(out, " -m set {}--match-set {} {word}", bang(*negated), SETS[*set]).unwrap();
                }
                Some(Not(_, End::Block(..))) | None => {}
            }
        }
        if let Some(Not(negated, new)) = &self.state {
            let states = if *new { "NEW,INVALID" } else { "RELATED,ESTABLISHED" };
            write!(out, " -m conntrack {}--ctstate {states}", bang(*negated)).unwrap();
        }
        if let Some(Not(negated, owner)) = &self.owner {
            write!(out, " -m owner {}--uid-owner {owner}", bang(*negated)).unwrap();
        }
        match self.target {
            Target::Accept => out.push_str(" -j ACCEPT"),
            Target::Drop => out.push_str(" -j DROP"),
            Target::Reject => out.push_str(" -j REJECT"),
            Target::Return => out.push_str(" -j RETURN"),
            Target::Log => out.push_str(" -j LOG --log-prefix \"a -j ACCEPT\""),
            Target::Nothing => {}
            Target::Jump(chain) => write!(out, " -j {}", name(chain)).unwrap(),
            Target::Goto(chain) => write!(out, " -g {}", name(chain)).unwrap(),
        }
        out.push('\n');
    }
}

/// The type of an echo or of its answer, as the family numbers them.
pub(crate) fn icmp_kind(v6: bool, kind: u8) -> u8 {
    match (v6, kind) {
        (true, 8) => 128,
        (true, 0) => 129,
        (_, kind) => kind,
    }
}

/// A range, or the one port: multiport refuses a range of one.
fn ports(first: u16, last: u16) -> String {
    if first == last { first.to_string() } else { format!("{first}:{last}") }
}

pub(crate) fn name(chain: usize) -> String {
    if chain == 0 { "OUTPUT".to_owned() } else { format!("C{chain}") }
}

impl Table {
    pub(crate) fn write(&self) -> String {
        let policy = if self.accept { "ACCEPT" } else { "DROP" };
        let tool = if self.v6 { "ip6tables" } else { "iptables" };
        let mut out = format!("# Generated by {tool}-save\n*filter\n");
        out.push_str(":INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n");
        writeln!(out, ":OUTPUT {policy} [0:0]").unwrap();
        for chain in 1..CHAINS {
            writeln!(out, ":{} - [0:0]", name(chain)).unwrap();
        }
        for (index, chain) in self.chains.iter().enumerate() {
            for rule in chain {
                rule.write(self.v6, index, &mut out);
            }
        }
        out.push_str("COMMIT\n");
        out
    }

    /// The sets as `ipset save` prints them.
    pub(crate) fn write_sets(&self) -> String {
        let [nets, hosts, both] = SETS;
        let family = if self.v6 { "inet6" } else { "inet" };
        let mut out = String::new();
        for (name, kind) in [(nets, "net"), (hosts, "ip")] {
            writeln!(out, "create {name} hash:{kind} family {family} hashsize 1024 maxelem 65536").unwrap();
        }
        writeln!(out, "create {both} list:set size 8").unwrap();
        for Member(first, bits, nomatch) in &self.nets {
            let nomatch = if *nomatch { " nomatch" } else { "" };
            writeln!(out, "add {nets} {}{nomatch}", block(self.v6, *first, *bits)).unwrap();
        }
        for host in &self.hosts {
            writeln!(out, "add {hosts} {}", addr(self.v6, *host)).unwrap();
        }
        writeln!(out, "add {both} {nets}\nadd {both} {hosts}").unwrap();
        out
    }
}

pub(crate) fn not<T: std::fmt::Debug + Clone>(of: impl Strategy<Value = T>) -> impl Strategy<Value = Not<T>> {
    (prop::bool::weighted(0.3), of).prop_map(|(negated, of)| Not(negated, of))
}

fn any_end() -> impl Strategy<Value = End> {
    prop_oneof![
        4 => (0_u8..16, 0_u8..=4).prop_map(|(first, bits)| End::Block(first, bits)),
        1 => (0_u8..16, 0_u8..16).prop_map(|(one, other)| End::Range(one.min(other), one.max(other))),
        1 => (0..SETS.len()).prop_map(End::Set),
    ]
}

/// Blocks without host bits, none of them twice.
fn any_nets() -> impl Strategy<Value = Vec<Member>> {
    let member = (0_u8..16, 0_u8..=4, prop::bool::weighted(0.3));
    prop::collection::vec(member, 0..4).prop_map(|members| {
        let mut nets: Vec<Member> = Vec::new();
        for (first, bits, nomatch) in members {
            let member = Member(first >> (4 - bits) << (4 - bits), bits, nomatch);
            if nets.iter().all(|net| (net.0, net.1) != (member.0, member.1)) {
                nets.push(member);
            }
        }
        nets
    })
}

pub(crate) fn any_rule(chain: usize, owners: bool) -> impl Strategy<Value = Rule> {
    let block = || prop::option::of(not(any_end()));
    let ports =
        prop::collection::vec((0_u16..8, 0_u16..4).prop_map(|(first, more)| (first, first + more)), 1..3);
    let service = prop_oneof![
        Just(Service::Any),
        not(prop::sample::select(vec![6_u8, 17, 47])).prop_map(Service::Protocol),
        (prop::sample::select(vec![6_u8, 17]), not(ports), any::<bool>()).prop_map(
            |(protocol, ports, multiport)| {
                let Not(negated, mut ranges) = ports;
                if !multiport {
                    ranges.truncate(1);
                }
                Service::Ports(protocol, Not(negated, ranges), multiport)
            }
        ),
        not((prop::sample::select(vec![0_u8, 8]), prop::option::of(0_u8..2))).prop_map(Service::Icmp),
    ];
    let next = (chain + 1).min(CHAINS - 1)..CHAINS;
    let jumps = chain + 1 < CHAINS;
    let target = prop_oneof![
        3 => Just(Target::Accept),
        2 => Just(Target::Drop),
        1 => Just(Target::Reject),
        2 => Just(Target::Return),
        1 => Just(Target::Log),
        1 => Just(Target::Nothing),
        3 => next.clone().prop_map(move |next| if jumps { Target::Jump(next) } else { Target::Accept }),
        2 => next.prop_map(move |next| if jumps { Target::Goto(next) } else { Target::Drop }),
    ];
    let owner = prop::option::weighted(0.2, not(0_u8..2)).prop_map(move |owner| owner.filter(|_| owners));
    let state = prop::option::weighted(0.2, not(any::<bool>()));
    let loopback = prop::option::weighted(0.15, any::<bool>());
    // A way to another chain or out of this one shows in what comes behind, so some of them are for most packets.
    let broad = prop::bool::weighted(0.5);
    (block(), block(), service, state, loopback, owner, target, broad).prop_map(
        |(source, destination, service, state, loopback, owner, target, broad)| {
            let rule = Rule { source, destination, service, state, loopback, owner, target };
            match target {
                Target::Jump(_) | Target::Goto(_) if broad => Rule {
                    source: None,
                    service: Service::Any,
                    state: None,
                    loopback: None,
                    owner: None,
                    ..rule
                },
                Target::Accept
                | Target::Drop
                | Target::Reject
                | Target::Return
                | Target::Log
                | Target::Nothing
                | Target::Jump(_)
                | Target::Goto(_) => rule,
            }
        },
    )
}

pub(crate) fn any_table(owners: bool) -> impl Strategy<Value = Table> {
    let chain = move |index| prop::collection::vec(any_rule(index, owners), 0..6);
    let chains = (chain(0), chain(1), chain(2), chain(3));
    let hosts = prop::collection::btree_set(0_u8..16, 0..4);
    (any::<bool>(), any::<bool>(), chains, any_nets(), hosts).prop_map(
        |(v6, accept, (a, b, c, d), nets, hosts)| Table {
            v6,
            accept,
            chains: vec![a, b, c, d],
            nets,
            hosts: hosts.into_iter().collect(),
        },
    )
}
