//! Services as words: `tcp/443,8000-8100`, `udp`, `icmp:8,3.4`, `47`, `200-255`, `any`.

use crate::packet::{IcmpMatch, PortRange, PortSet, Protocol, Set, TransportRow, TransportSet};
use crate::syntax::digest::sha256;

/// The protocols that have a name here; the others are numbers.
const NAMES: [(&str, Protocol); 5] = [
    ("tcp", Protocol::TCP),
    ("udp", Protocol::UDP),
    ("sctp", Protocol::SCTP),
    ("icmp", Protocol::ICMP),
    ("icmpv6", Protocol::ICMPV6),
];

/// The words for services, in a fixed order.
pub(in crate::targets) fn words(transport: &TransportSet) -> Vec<String> {
    let word = |row: TransportRow| match row {
        TransportRow::Any => "any".to_owned(),
        TransportRow::Protocols(first, last) if first == last => named(first),
        TransportRow::Protocols(first, last) => format!("{}-{}", first.0, last.0),
        TransportRow::Ports(protocol, ranges) => {
            let ranges: Vec<String> = ranges.iter().map(ToString::to_string).collect();
            format!("{}/{}", named(protocol), ranges.join(","))
        }
        TransportRow::Icmp(protocol, types) => {
            let spelt = |icmp: &IcmpMatch| match icmp.code {
                Some(code) => format!("{}.{code}", icmp.kind),
                None => icmp.kind.to_string(),
            };
            let types: Vec<String> = types.iter().map(spelt).collect();
            format!("{}:{}", named(protocol), types.join(","))
        }
    };
    transport.rows().into_iter().map(word).collect()
}

/// The longest label that the words make.
const LABEL: usize = 40;

/// Services in the name of a file or a resource: `tcp-443`. Those that make a long name are told apart by digits of a
/// digest.
pub(in crate::targets) fn label(transport: &TransportSet) -> String {
    let text = words(transport).join(" ");
    let label: String =
        text.chars().map(|char| if char.is_ascii_alphanumeric() { char } else { '-' }).collect();
    // A comma and a hyphen read alike, so that only the plainest services make a name of their own.
    let plain = text.chars().filter(|char| !char.is_ascii_alphanumeric()).count() <= 1;
    if label.len() <= LABEL && plain {
        return label;
    }
    let digest: String = sha256(&text).chars().take(10).collect();
    format!("{}-{digest}", label.chars().take(LABEL).collect::<String>())
}

/// The services that words name, or the word that names none.
pub(in crate::targets) fn read<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<TransportSet, String> {
    let mut all = TransportSet::default();
    for word in words {
        let one = one(word).filter(|one| !one.is_empty()).ok_or_else(|| format!("`{word}` is no service"))?;
        all = all.union(&one);
    }
    if all.is_empty() { Err("no service is named".to_owned()) } else { Ok(all) }
}

fn one(word: &str) -> Option<TransportSet> {
    if word == "any" {
        return Some(TransportSet::full());
    }
    if let Some((protocol, ports)) = word.split_once('/') {
        let protocol = protocol_of(protocol).filter(|protocol| protocol.has_ports())?;
        let ranges: Option<Vec<PortRange>> = ports.split(',').map(|range| range.parse().ok()).collect();
        return Some(TransportSet::ports(protocol, &PortSet::of(ranges?)));
    }
    if let Some((protocol, types)) = word.split_once(':') {
        let protocol = protocol_of(protocol).filter(|protocol| protocol.has_icmp_types())?;
        let types: Option<Vec<TransportSet>> = types
            .split(',')
            .map(|text| {
                let (kind, code) =
                    text.split_once('.').map_or((text, None), |(kind, code)| (kind, Some(code)));
                let code = match code {
                    Some(code) => Some(code.parse().ok()?),
                    None => None,
                };
                Some(TransportSet::icmp(protocol, IcmpMatch { kind: kind.parse().ok()?, code }))
            })
            .collect();
        return Some(TransportSet::union_all(&types?));
    }
    if let Some((first, last)) = word.split_once('-') {
        let (first, last): (u8, u8) = (first.parse().ok()?, last.parse().ok()?);
        return (first <= last).then(|| TransportSet::protocols(Protocol(first), Protocol(last)));
    }
    protocol_of(word).map(TransportSet::protocol)
}

fn protocol_of(word: &str) -> Option<Protocol> {
    let named = NAMES.iter().find(|(name, _)| *name == word).map(|(_, protocol)| *protocol);
    named.or_else(|| word.parse().ok().map(Protocol))
}

fn named(protocol: Protocol) -> String {
    let name = NAMES.iter().find(|(_, known)| *known == protocol).map(|(name, _)| (*name).to_owned());
    name.unwrap_or_else(|| protocol.0.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_what_they_were_written_for() {
        for text in [
            "any",
            "tcp/443",
            "tcp/0,80,8000-8100 udp/53",
            "icmp:3.4,8 icmpv6:128",
            "47",
            "200-255",
            "tcp",
            "sctp/7",
        ] {
            let services = read(text.split(' ')).unwrap();
            assert_eq!(words(&services).join(" "), text);
        }
    }

    #[test]
    fn what_is_no_service_is_refused() {
        for text in [
            "",
            "tcp/",
            "tcp/70000",
            "tcp/9-1",
            "tcpx",
            "icmp:300",
            "icmp:1.",
            "tcp:8",
            "47/1",
            "9-3",
            "any/1",
        ] {
            assert!(read(text.split(' ')).is_err(), "{text}");
        }
    }
}
