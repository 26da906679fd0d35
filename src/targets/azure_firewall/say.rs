//! What the firewall can say of a name or of addresses, and what it cannot.

use super::{LAST_PORT, PORTS};
use crate::packet::{AddrSet, NamePattern, PortRange, PortSet, Protocol, Set, TransportSet};
use crate::targets::asked::named::{Part, Problems};

/// The ports of TCP that application rules are written for, and what is spoken at them.
pub(super) const SPOKEN: [(u16, &str); 2] = [(80, "Http"), (443, "Https")];

/// What is written for a pattern: at the ports of HTTP and HTTPS an application rule; elsewhere a network rule for a name
/// that is exact, and application rules for names that are not.
pub(super) fn of_name(
    pattern: &NamePattern,
    transport: &TransportSet,
    by_lookup: bool,
    problems: &mut Problems,
) -> Vec<(NamePattern, TransportSet)> {
    let tcp = TransportSet::protocol(Protocol::TCP);
    let web = PortSet::of(SPOKEN.map(|(port, _)| PortRange::single(port)));
    let web = TransportSet::ports(Protocol::TCP, &web).intersect(transport);
    let exact = |problems: &mut Problems| {
        let said = ported(transport, problems);
        if !by_lookup && !said.is_subset(&web) {
            problems.push("without a DNS proxy names pass at the ports of HTTP and HTTPS only".to_owned());
            return web.clone();
        }
        said
    };
    let below = |problems: &mut Problems| {
        if !transport.subtract(&tcp).is_empty() {
            problems.push("names below a host are seen over TCP only".to_owned());
        }
        let ports = transport.intersect(&tcp).ports_of(Protocol::TCP);
        let single: Vec<u16> = ports
            .port_ranges()
            .flat_map(|range| range.first()..=range.last())
            .filter(|port| (1..=LAST_PORT).contains(port))
            .take(PORTS + 1)
            .collect();
        let said = if single.len() > PORTS {
            PortSet::default()
        } else {
            PortSet::of(single.into_iter().map(PortRange::single))
        };
        if said != ports {
            problems.push(format!("names below a host pass at no more than {PORTS} ports up to {LAST_PORT}"));
        }
        TransportSet::ports(Protocol::TCP, &said)
    };
    let mut said: Vec<(NamePattern, TransportSet)> = match pattern {
        NamePattern::Host(host) => vec![(NamePattern::Host(host.clone()), exact(problems))],
        NamePattern::Tree(host) => vec![
            (NamePattern::Host(host.clone()), exact(problems)),
            (NamePattern::Below(host.clone()), below(problems)),
        ],
        NamePattern::Below(_) | NamePattern::Any => vec![(pattern.clone(), below(problems))],
        NamePattern::OneBelow(_) | NamePattern::Path(..) => {
            problems.push(format!("`{pattern}` is left out: a wildcard stands for any number of labels"));
            Vec::new()
        }
    };
    said.retain(|(_, said)| !said.is_empty());
    said
}

/// Ports of TCP and UDP, without the port 0 that no rule takes, unless all are meant.
fn ported(transport: &TransportSet, problems: &mut Problems) -> TransportSet {
    let mut said = TransportSet::default();
    for protocol in [Protocol::TCP, Protocol::UDP] {
        let ports = transport.ports_of(protocol);
        let zero = PortSet::of([PortRange::single(0)]);
        let ports = if ports.is_full() { ports } else { ports.subtract(&zero) };
        said = said.union(&TransportSet::ports(protocol, &ports));
    }
    if *transport != said {
        problems.push("rules here look at ports of TCP and UDP only, from 1 on".to_owned());
    }
    said
}

/// What is written for addresses: those of IPv4, at ports of TCP and UDP, for ICMP, or for everything.
pub(super) fn of_address(addrs: &AddrSet, transport: &TransportSet, problems: &mut Problems) -> Vec<Part> {
    let v4 = AddrSet { v4: addrs.v4.clone(), ..AddrSet::default() };
    if v4 != *addrs {
        problems.push("Azure Firewall knows addresses of IPv4 only".to_owned());
    }
    if v4.is_empty() {
        return Vec::new();
    }
    let said = if transport.is_full() {
        transport.clone()
    } else {
        let icmp = TransportSet::protocol(Protocol::ICMP);
        let icmp = if icmp.is_subset(transport) { icmp } else { TransportSet::default() };
        let said = ported(&transport.subtract(&icmp), problems).union(&icmp);
        if said != *transport {
            problems.push("rules here know TCP, UDP, all of ICMP and every protocol".to_owned());
        }
        said
    };
    if said.is_empty() { Vec::new() } else { vec![(v4, said)] }
}
