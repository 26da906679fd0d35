//! Rows of packets, addresses and numbers in words, the same in every report.

use crate::packet::{AddrSet, IcmpMatch, PacketSet, Row, RowPeer, Set as _, TransportRow, TransportSet};
use crate::syntax::text::one_line;

/// The most items of a list that a cell or a sentence names.
const MOST_ITEMS: usize = 6;

/// A row as part of a sentence: `tcp/443 104.16.81.56/32 from 10.0.0.0/8`.
pub fn row_in_words(row: &Row) -> String {
    let source = row.source.as_ref().map(|source| format!(" from {}", addresses(source, MOST_ITEMS)));
    let service = match &row.transport {
        TransportRow::Any => "any protocol".to_owned(),
        transport => service(transport),
    };
    format!("{service} {}{}", peers(row, MOST_ITEMS), source.unwrap_or_default())
}

/// The first rows of a set as part of a sentence.
pub fn rows_in_words(packets: &PacketSet) -> String {
    const MOST_ROWS: usize = 3;
    let rows = packets.rows();
    let shown: Vec<String> = rows.iter().take(MOST_ROWS).map(row_in_words).collect();
    match rows.len().saturating_sub(MOST_ROWS) {
        0 => shown.join("; "),
        more => format!("{}; and {more} rows more", shown.join("; ")),
    }
}

/// What a row carries: `tcp/443`.
pub(super) fn service(transport: &TransportRow) -> String {
    match transport {
        TransportRow::Any => "any".to_owned(),
        TransportRow::Protocols(first, last) if first == last => first.to_string(),
        TransportRow::Protocols(first, last) => format!("{}-{}", first.0, last.0),
        TransportRow::Ports(protocol, ports) => format!("{protocol}/{}", few(&texts(ports), MOST_ITEMS, ",")),
        TransportRow::Icmp(protocol, types) => {
            let one = |icmp: &IcmpMatch| {
                icmp.code.map_or(icmp.kind.to_string(), |code| format!("{}/{code}", icmp.kind))
            };
            format!("{protocol} {}", few(&types.iter().map(one).collect::<Vec<_>>(), MOST_ITEMS, ","))
        }
    }
}

/// The far end of a row, at most so many items of it.
pub(super) fn peers(row: &Row, most: usize) -> String {
    let but = |except: &[String]| {
        if except.is_empty() { String::new() } else { format!(" but {}", few(except, most, ", ")) }
    };
    match &row.peer {
        RowPeer::Addrs(addrs) => addresses(addrs, most),
        RowPeer::Names(names, except) => format!("{}{}", few(&texts(names), most, ", "), but(&texts(except))),
        RowPeer::Groups(groups, except) => {
            format!("{}{}", few(&clean(groups), most, ", "), but(&clean(except)))
        }
    }
}

/// Addresses as the smaller of the set and what it leaves out.
pub(super) fn addresses(addrs: &AddrSet, most: usize) -> String {
    let families = [
        ("IPv4", AddrSet { v4: addrs.v4.clone(), ..AddrSet::default() }, AddrSet::all_v4()),
        ("IPv6", AddrSet { v6: addrs.v6.clone(), ..AddrSet::default() }, AddrSet::all_v6()),
    ];
    if families.iter().all(|(_, held, all)| held == all) {
        return "any address".to_owned();
    }
    let part = |(family, held, all): &(&str, AddrSet, AddrSet)| {
        if held.is_empty() {
            return None;
        }
        let (prefixes, rest) = (held.prefixes(), all.subtract(held).prefixes());
        Some(match rest.as_slice() {
            [] => format!("any {family}"),
            _ if rest.len() < prefixes.len() => {
                format!("all {family} but {}", few(&texts(&rest), most, ", "))
            }
            _ => few(&texts(&prefixes), most, ", "),
        })
    };
    families.iter().filter_map(part).collect::<Vec<_>>().join(", ")
}

/// How many addresses a row reaches; nothing where it has none.
pub(super) fn count(row: &Row) -> Option<String> {
    match &row.peer {
        RowPeer::Addrs(addrs) => Some(number(&addrs.count().to_string())),
        RowPeer::Names(..) | RowPeer::Groups(..) => None,
    }
}

/// Digits in groups of three; a number that nobody can picture as its power of ten.
pub(super) fn number(digits: &str) -> String {
    const MOST_DIGITS: usize = 15;
    if digits.len() > MOST_DIGITS {
        return format!("about 10^{}", digits.len() - 1);
    }
    let grouped = digits.chars().enumerate().flat_map(|(at, digit)| {
        let comma = at > 0 && (digits.len() - at).is_multiple_of(3);
        comma.then_some(',').into_iter().chain([digit])
    });
    grouped.collect()
}

/// The first few items of a list, and how many more there are.
pub(super) fn few(items: &[String], most: usize, between: &str) -> String {
    let shown: Vec<&str> = items.iter().take(most).map(String::as_str).collect();
    let more = items.len().saturating_sub(most);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", shown.join(between))
}

fn texts<T: ToString>(items: &[T]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}

fn clean(items: &[String]) -> Vec<String> {
    items.iter().map(|item| one_line(item)).collect()
}

/// What packets carry, as the smaller of the set and what it leaves out.
pub(super) fn services(carried: &[&TransportRow]) -> String {
    let each: Vec<TransportSet> = carried.iter().map(|row| row.services()).collect();
    let held = TransportSet::union_all(&each);
    let (rows, rest) = (held.rows(), TransportSet::full().subtract(&held).rows());
    let list = |rows: &[TransportRow]| few(&rows.iter().map(service).collect::<Vec<_>>(), MOST_ITEMS, " ");
    if !rest.is_empty() && rest.len() < rows.len() { format!("any but {}", list(&rest)) } else { list(&rows) }
}
