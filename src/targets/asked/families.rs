//! What is asked of each address family, for targets whose rules are of one family.

use crate::packet::{AddrSet, Protocol, Set, TransportSet};
use crate::policy::Scope;
use crate::targets::asked::demand::{Demand, Unsaid};

/// What a demand asks of each family. ICMP is IPv4's and ICMPv6 is IPv6's: no packet of the other exists.
pub(in crate::targets) fn by_family(
    demand: &Demand<'_>,
    said: &TransportSet,
    scope: &Scope,
    unsaid: &mut Unsaid,
) -> Vec<(AddrSet, TransportSet)> {
    let v4 = AddrSet { v4: demand.addrs.v4.clone(), ..AddrSet::default() };
    let v6 = AddrSet { v6: demand.addrs.v6.clone(), ..AddrSet::default() };
    let mut asked = Vec::new();
    for (addrs, foreign) in [(v4, Protocol::ICMPV6), (v6, Protocol::ICMP)] {
        if addrs.is_empty() {
            continue;
        }
        let foreign = if said.is_full() { TransportSet::default() } else { TransportSet::protocol(foreign) };
        let family = Demand { addrs, ..demand.clone() };
        let why = "ICMP exists over IPv4 only and ICMPv6 over IPv6 only";
        unsaid.part(scope, why, &family, &said.intersect(&foreign));
        let said = said.subtract(&foreign);
        if !said.is_empty() {
            asked.push((family.addrs, said));
        }
    }
    asked
}

/// What addresses of each family can carry of some services.
pub(crate) fn carried(addrs: &AddrSet, said: &TransportSet) -> Vec<(AddrSet, TransportSet)> {
    let v4 = AddrSet { v4: addrs.v4.clone(), ..AddrSet::default() };
    let v6 = AddrSet { v6: addrs.v6.clone(), ..AddrSet::default() };
    let mut parts = Vec::new();
    for (addrs, foreign) in [(v4, Protocol::ICMPV6), (v6, Protocol::ICMP)] {
        let foreign = if said.is_full() { TransportSet::default() } else { TransportSet::protocol(foreign) };
        let said = said.subtract(&foreign);
        if !addrs.is_empty() && !said.is_empty() {
            parts.push((addrs, said));
        }
    }
    parts
}
