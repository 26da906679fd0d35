//! Peers and services as they stand in a cell, and how they are read out of it.
//!
//! Items are separated by `; ` and ranges are written `8000 to 8100`, for a spreadsheet would take `1,2` for a number and
//! `10-12` for a day.

use crate::packet::{
    AddrSet, Hostname, IcmpMatch, NamePattern, NameSet, PortRange, PortSet, Prefix, Protocol, Set,
    TransportRow, TransportSet,
};

const BETWEEN: &str = "; ";

/// Joins items to one cell.
pub(super) fn join(items: &[String]) -> String {
    items.join(BETWEEN)
}

/// The items of a cell.
fn items(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(';').map(str::trim).filter(|item| !item.is_empty())
}

/// Names that can be written, one item each, and the names that they stand for.
pub(super) fn names(names: &NameSet) -> (Vec<String>, NameSet) {
    let plain = names.patterns().into_iter().filter(|(_, except)| except.is_empty());
    let patterns: Vec<NamePattern> = plain.flat_map(|(patterns, _)| patterns).collect();
    let spelt = |pattern: &NamePattern| match pattern {
        NamePattern::Any => "*".to_owned(),
        NamePattern::Host(host) => host.to_string(),
        NamePattern::Path(host, path) => format!("{host}{}", path.as_str().replace(';', "%3B")),
        NamePattern::Tree(host) => format!(".{host}"),
        NamePattern::Below(host) => format!("*.{host}"),
        NamePattern::OneBelow(host) => format!("?.{host}"),
    };
    // A sign that separates items cannot stand in a path.
    let fits = |pattern: &&NamePattern| !matches!(pattern, NamePattern::Path(_, path) if path.as_str().contains(';'));
    let fitting: Vec<&NamePattern> = patterns.iter().filter(fits).collect();
    let mut spelt: Vec<String> = fitting.iter().map(|pattern| spelt(pattern)).collect();
    spelt.sort();
    (spelt, NameSet::of(fitting))
}

/// The names of a cell, or the item that is none.
pub(super) fn read_names(cell: &str) -> Result<NameSet, String> {
    let patterns: Vec<NamePattern> = items(cell).map(read_name).collect::<Result<_, _>>()?;
    Ok(NameSet::of(&patterns))
}

fn read_name(item: &str) -> Result<NamePattern, String> {
    let host = |text: &str| text.parse::<Hostname>().map_err(|error| error.to_string());
    if item == "*" {
        return Ok(NamePattern::Any);
    }
    if let Some(rest) = item.strip_prefix("*.") {
        return host(rest).map(NamePattern::Below);
    }
    if let Some(rest) = item.strip_prefix("?.") {
        return host(rest).map(NamePattern::OneBelow);
    }
    if let Some(rest) = item.strip_prefix('.') {
        return host(rest).map(NamePattern::Tree);
    }
    match item.find('/').and_then(|at| item.split_at_checked(at)) {
        Some((name, path)) => {
            let path = path.parse().map_err(|error: crate::packet::PathPrefixError| error.to_string())?;
            Ok(NamePattern::Path(host(name)?, path))
        }
        None => host(item).map(NamePattern::Host),
    }
}

/// Blocks, one item each.
pub(super) fn blocks(addrs: &AddrSet) -> Vec<String> {
    addrs.prefixes().iter().map(ToString::to_string).collect()
}

/// The blocks of a cell, or the item that is none.
pub(super) fn read_blocks(cell: &str) -> Result<AddrSet, String> {
    let blocks: Vec<Prefix> = items(cell)
        .map(|item| item.parse::<Prefix>().map_err(|error| error.to_string()))
        .collect::<Result<_, _>>()?;
    Ok(AddrSet::of(blocks))
}

/// The cells of protocol and port.
pub(super) fn services(services: &TransportSet) -> (String, String) {
    let rows = services.rows();
    if let [TransportRow::Ports(protocol, ports)] = rows.as_slice() {
        let ports: Vec<String> = ports.iter().map(|range| range_in_words(*range)).collect();
        return (protocol.to_string(), join(&ports));
    }
    let mut protocols: Vec<String> = Vec::new();
    let mut details: Vec<String> = Vec::new();
    for row in &rows {
        match row {
            TransportRow::Any => {
                protocols.push("any".to_owned());
                details.push("any".to_owned());
            }
            TransportRow::Protocols(first, last) if first == last => {
                protocols.push(first.to_string());
                details.push(format!("{first} any"));
            }
            TransportRow::Protocols(first, last) => {
                protocols.push(format!("{} to {}", first.0, last.0));
                details.push(format!("protocols {} to {}", first.0, last.0));
            }
            TransportRow::Ports(protocol, ports) => {
                protocols.push(protocol.to_string());
                details.extend(ports.iter().map(|range| format!("{protocol} {}", range_in_words(*range))));
            }
            TransportRow::Icmp(protocol, types) => {
                protocols.push(protocol.to_string());
                details.extend(types.iter().map(|icmp| {
                    let code = icmp.code.map_or_else(String::new, |code| format!(" code {code}"));
                    format!("{protocol} type {}{code}", icmp.kind)
                }));
            }
        }
    }
    (join(&protocols), join(&details))
}

/// The services of the two cells, or why they are none.
pub(super) fn read_services(protocols: &str, ports: &str) -> Result<TransportSet, String> {
    let sets: Vec<TransportSet> =
        items(ports).map(|item| read_service(protocols.trim(), item)).collect::<Result<_, _>>()?;
    let read = TransportSet::union_all(&sets);
    if read.is_empty() {
        return Err("no port is named; `any` means every one".to_owned());
    }
    if services(&read).0 != protocols.trim() {
        return Err(format!(
            "the ports `{}` are not those of the protocol `{}`",
            ports.trim(),
            protocols.trim()
        ));
    }
    Ok(read)
}

fn read_service(protocols: &str, item: &str) -> Result<TransportSet, String> {
    let wrong = || format!("`{item}` is no port, nor a protocol with one");
    let protocol = |text: &str| Protocol::parse(text).ok_or_else(wrong);
    let words: Vec<&str> = item.split_whitespace().collect();
    let number = |text: &str| text.parse::<u8>().map_err(|_| wrong());
    match words.as_slice() {
        ["any"] if protocols == "any" => Ok(TransportSet::full()),
        ["any"] => Ok(TransportSet::protocol(protocol(protocols)?)),
        ["protocols", first, "to", last] if number(first)? <= number(last)? => {
            Ok(TransportSet::protocols(Protocol(number(first)?), Protocol(number(last)?)))
        }
        [name, "any"] => Ok(TransportSet::protocol(protocol(name)?)),
        [name, "type", kind, rest @ ..] if protocol(name)?.has_icmp_types() => {
            let code = match rest {
                [] => None,
                ["code", code] => Some(number(code)?),
                _ => return Err(wrong()),
            };
            Ok(TransportSet::icmp(protocol(name)?, IcmpMatch { kind: number(kind)?, code }))
        }
        [port] => read_ports(protocol(protocols)?, port, port).ok_or_else(wrong),
        [first, "to", last] => read_ports(protocol(protocols)?, first, last).ok_or_else(wrong),
        [name, port] => read_ports(protocol(name)?, port, port).ok_or_else(wrong),
        [name, first, "to", last] => read_ports(protocol(name)?, first, last).ok_or_else(wrong),
        _ => Err(wrong()),
    }
}

fn read_ports(protocol: Protocol, first: &str, last: &str) -> Option<TransportSet> {
    let plain = |text: &str| text.parse::<u16>().ok().filter(|port| port.to_string() == text);
    let range = PortRange::new(plain(first)?, plain(last)?).ok()?;
    protocol.has_ports().then(|| TransportSet::ports(protocol, &PortSet::of([range])))
}

fn range_in_words(range: PortRange) -> String {
    if range.first() == range.last() {
        range.first().to_string()
    } else {
        format!("{} to {}", range.first(), range.last())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn back(set: &TransportSet) -> Result<TransportSet, String> {
        let (protocols, ports) = services(set);
        read_services(&protocols, &ports)
    }

    #[test]
    fn services_are_read_back_as_they_are() {
        let range = |first, last| PortRange::new(first, last).unwrap();
        let tcp = |first, last| TransportSet::port(Protocol::TCP, range(first, last));
        let icmp = |kind, code| TransportSet::icmp(Protocol::ICMP, IcmpMatch { kind, code });
        let sets = [
            tcp(443, 443),
            tcp(8_000, 8_100).union(&tcp(443, 443)),
            tcp(53, 53).union(&TransportSet::port(Protocol::UDP, range(53, 53))),
            TransportSet::protocol(Protocol::TCP),
            TransportSet::protocol(Protocol(47)),
            TransportSet::protocols(Protocol(200), Protocol(255)),
            icmp(3, Some(4)).union(&icmp(8, None)),
            TransportSet::full(),
            TransportSet::full().subtract(&tcp(25, 25)),
        ];
        for set in &sets {
            assert_eq!(back(set).as_ref(), Ok(set), "{:?}", services(set));
        }
        assert_eq!(services(&tcp(443, 443)), ("tcp".to_owned(), "443".to_owned()));
        assert_eq!(services(&sets[1]).1, "443; 8000 to 8100");
        assert_eq!(services(&sets[2]).1, "tcp 53; udp 53");
    }

    #[test]
    fn cells_that_disagree_or_say_nothing_are_refused() {
        for (protocols, ports) in [
            ("tcp", ""),
            ("udp", "tcp 443"),
            ("tcp", "0443"),
            ("tcp", "443-445"),
            ("", "443"),
            ("tcp; udp", "443"),
        ] {
            assert!(read_services(protocols, ports).is_err(), "{protocols:?} {ports:?}");
        }
    }

    #[test]
    fn names_and_blocks_are_read_back_as_they_are() {
        let cell = "*.b.example; .a.example; ?.c.example; d.example; e.example/v1/";
        let set = read_names(cell).unwrap();
        assert_eq!(join(&names(&set).0), cell);
        assert_eq!(names(&NameSet::full()).0, ["*"]);
        assert!(read_names("a b").is_err());
        assert_eq!(
            blocks(&read_blocks("10.0.0.0/8; 2001:db8::/32").unwrap()),
            ["10.0.0.0/8", "2001:db8::/32"]
        );
        assert!(read_blocks("10.0.0.1/8").is_err());
    }
}
