//! The services that rules of Google Cloud can say.
//!
//! Compute Engine API, `Firewall.allowed[]` and `FirewallPolicyRuleMatcher.layer4Configs[]`: the protocol is `tcp`, `udp`, `icmp`, `esp`, `ah`, `ipip`, `sctp`, `all`
//! or a number; `ports` are only for TCP, UDP and SCTP. There is no field for ICMP types.

use crate::packet::{IcmpMatch, PortRange, PortSet, Protocol, TransportRow, TransportSet};
use crate::policy::Unmodelled;
use crate::syntax::hcl::{Block, Value};
use crate::targets::clouds::terraform::{Doubtful, Stated, items, stated, unknown};

/// One `allow` or `deny` block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::targets) struct Service {
    /// `IPProtocol`.
    pub(in crate::targets) protocol: String,
    /// The ports; none when all are meant.
    pub(in crate::targets) ports: Vec<PortRange>,
}

/// A set of services as blocks, and what of it cannot be said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::targets) struct Sayable {
    pub(in crate::targets) services: Vec<Service>,
    pub(in crate::targets) said: TransportSet,
    /// Ports of protocols whose ports the firewall does not look at.
    pub(in crate::targets) portless: TransportSet,
    /// ICMP types.
    pub(in crate::targets) typed: TransportSet,
}

/// The names that `IPProtocol` takes.
const NAMES: [(&str, Protocol); 7] = [
    ("icmp", Protocol::ICMP),
    ("ipip", Protocol(4)),
    ("tcp", Protocol::TCP),
    ("udp", Protocol::UDP),
    ("esp", Protocol(50)),
    ("ah", Protocol(51)),
    ("sctp", Protocol::SCTP),
];

/// Splits a set of services into what can be said and what cannot.
pub(in crate::targets) fn sayable(transport: &TransportSet) -> Sayable {
    let mut sayable = Sayable::default();
    let service = |protocol: String, ports: Vec<PortRange>| Service { protocol, ports };
    for row in transport.rows() {
        match row {
            TransportRow::Any => {
                sayable.services.push(service("all".to_owned(), Vec::new()));
                sayable.said = TransportSet::full();
            }
            TransportRow::Protocols(first, last) => {
                let each = (first.0..=last.0).map(Protocol);
                sayable.services.extend(each.map(|protocol| service(spelled(protocol), Vec::new())));
                sayable.said = sayable.said.union(&TransportSet::protocols(first, last));
            }
            TransportRow::Ports(protocol, ranges) => {
                let set = TransportSet::ports(protocol, &PortSet::of(ranges.iter().copied()));
                if has_ports(protocol) {
                    sayable.services.push(service(spelled(protocol), ranges));
                    sayable.said = sayable.said.union(&set);
                } else {
                    sayable.portless = sayable.portless.union(&set);
                }
            }
            TransportRow::Icmp(protocol, types) => {
                let add =
                    |set: TransportSet, icmp: &IcmpMatch| set.union(&TransportSet::icmp(protocol, *icmp));
                sayable.typed = types.iter().fold(sayable.typed, add);
            }
        }
    }
    sayable
}

/// The services of one block, of which one argument is the protocol: those that are surely meant, and those that may be.
pub(in crate::targets) fn service(
    block: &Block,
    protocol: &str,
) -> Result<(TransportSet, Option<Doubtful>), String> {
    let mut doubts: Vec<Unmodelled> = block
        .uncertain
        .iter()
        .map(|text| unknown(text, "it decides whether the services are meant"))
        .collect();
    let protocol = match stated(block.get(protocol), Value::as_text) {
        Stated::Known(protocol) => protocol,
        Stated::Absent => return Err("the block names no protocol".to_owned()),
        Stated::Unknown(text) => {
            doubts.push(unknown(&text, "it decides which protocol is meant"));
            return Ok((TransportSet::default(), Some((TransportSet::full(), doubts))));
        }
    };
    let mut ports = Vec::new();
    let mut more = doubts.clone();
    for item in block.get("ports").into_iter().flat_map(items) {
        match (item.as_text(), item.unknown()) {
            (Some(text), _) => ports.push(text),
            (None, Some(text)) => more.push(unknown(text, "it decides which ports are meant")),
            (None, None) => return Err(format!("{} stands where a port is needed", item.kind.describe())),
        }
    }
    let stated = parse(&protocol, &ports)?;
    // Without the unknown ports the list may be empty, which would read as every port.
    let sure = doubts.is_empty() && (more.is_empty() || !ports.is_empty());
    let known = if sure { stated.clone() } else { TransportSet::default() };
    let all = if more.len() > doubts.len() { whole(&protocol) } else { stated };
    Ok((known, (!more.is_empty()).then_some((all, more))))
}

/// The services of a block as a file states it, or why the API would refuse it.
fn parse(protocol: &str, ports: &[String]) -> Result<TransportSet, String> {
    let protocol = protocol.to_ascii_lowercase();
    if protocol == "all" {
        let refused = || format!("`all` takes no ports, `{}` are given", ports.join("`, `"));
        return if ports.is_empty() { Ok(TransportSet::full()) } else { Err(refused()) };
    }
    let named = NAMES.iter().find(|(name, _)| *name == protocol).map(|(_, protocol)| *protocol);
    let numbered =
        || protocol.bytes().all(|byte| byte.is_ascii_digit()).then(|| protocol.parse().ok().map(Protocol));
    let Some(known) = named.or_else(|| numbered().flatten()) else {
        return Err(format!(
            "`{protocol}` is no protocol that the firewall knows: a name such as `tcp`, or a number"
        ));
    };
    if ports.is_empty() {
        return Ok(TransportSet::protocol(known));
    }
    if !has_ports(known) {
        return Err(format!("the firewall takes no ports for `{protocol}`"));
    }
    let ranges = ports.iter().map(|text| text.parse::<PortRange>()).collect::<Result<Vec<_>, _>>();
    let ranges = ranges.map_err(|error| error.to_string())?;
    Ok(TransportSet::ports(known, &PortSet::of(ranges)))
}

/// All packets of the protocol that a block names, for when its ports are not known.
fn whole(protocol: &str) -> TransportSet {
    parse(protocol, &[]).unwrap_or_else(|_| TransportSet::full())
}

fn spelled(protocol: Protocol) -> String {
    let name = NAMES.iter().find(|(_, known)| *known == protocol).map(|(name, _)| (*name).to_owned());
    name.unwrap_or_else(|| protocol.0.to_string())
}

fn has_ports(protocol: Protocol) -> bool {
    matches!(protocol, Protocol::TCP | Protocol::UDP | Protocol::SCTP)
}
