//! One row of a packet set, as text and as JSON.

use crate::packet::{AddrSet, IcmpMatch, NamePattern, Row, RowPeer, TransportRow};
use serde_json::{Value, json};

/// A row as JSON, in the shape of the published schema. Lists are never empty; what is not constrained is left out.
pub fn row_json(row: &Row, origins: Vec<Value>) -> Value {
    let mut object = json!({});
    if let Some(source) = &row.source {
        object["source"] = blocks(source);
    }
    match &row.peer {
        RowPeer::Addrs(addrs) => {
            object["cidrs"] = blocks(addrs);
            object["addresses"] = addrs.count().to_string().into();
        }
        RowPeer::Names(names, except) => {
            object["names"] = patterns(names);
            if !except.is_empty() {
                object["except_names"] = patterns(except);
            }
        }
        RowPeer::Groups(groups, except) => {
            object["groups"] = json!(groups);
            if !except.is_empty() {
                object["except_groups"] = json!(except);
            }
        }
    }
    match &row.transport {
        TransportRow::Any => object["protocol"] = "any".into(),
        TransportRow::Protocols(first, last) if first == last => object["protocol"] = first.to_string().into(),
        TransportRow::Protocols(first, last) => object["protocol"] = format!("{}-{}", first.0, last.0).into(),
        TransportRow::Ports(protocol, ports) => {
            object["protocol"] = protocol.to_string().into();
            object["ports"] = ports.iter().map(ToString::to_string).collect::<Vec<_>>().into();
        }
        TransportRow::Icmp(protocol, types) => {
            object["protocol"] = protocol.to_string().into();
            object["icmp"] = types.iter().map(icmp_json).collect::<Vec<_>>().into();
        }
    }
    if !origins.is_empty() {
        object["origins"] = origins.into();
    }
    object
}

fn icmp_json(icmp: &IcmpMatch) -> Value {
    match icmp.code {
        Some(code) => json!({"type": icmp.kind, "code": code}),
        None => json!({"type": icmp.kind}),
    }
}

fn blocks(addrs: &AddrSet) -> Value {
    addrs.prefixes().iter().map(ToString::to_string).collect::<Vec<_>>().into()
}

fn patterns(patterns: &[NamePattern]) -> Value {
    patterns.iter().map(ToString::to_string).collect::<Vec<_>>().into()
}

/// A row in words, as cells: what is carried, the far end, the near end, how many addresses.
pub fn row_text(row: &Row) -> [String; 4] {
    let service = match &row.transport {
        TransportRow::Any => "any".to_owned(),
        TransportRow::Protocols(first, last) if first == last => first.to_string(),
        TransportRow::Protocols(first, last) => format!("{}-{}", first.0, last.0),
        TransportRow::Ports(protocol, ports) => format!("{protocol}/{}", few(ports)),
        TransportRow::Icmp(protocol, types) => {
            let types: Vec<String> = types
                .iter()
                .map(|icmp| icmp.code.map_or(icmp.kind.to_string(), |code| format!("{}/{code}", icmp.kind)))
                .collect();
            format!("{protocol} {}", few(&types))
        }
    };
    let except = |names: String, except: &[String]| {
        if except.is_empty() { names } else { format!("{names} except {}", few(except)) }
    };
    let text = |patterns: &[NamePattern]| patterns.iter().map(ToString::to_string).collect::<Vec<_>>();
    let (peer, addresses) = match &row.peer {
        RowPeer::Addrs(addrs) => (few(&addrs.prefixes()), addrs.count().to_string()),
        RowPeer::Names(names, excepted) => (except(few(&text(names)), &text(excepted)), String::new()),
        RowPeer::Groups(groups, excepted) => (except(few(groups), excepted), String::new()),
    };
    let source = row.source.as_ref().map_or("any".to_owned(), |source| few(&source.prefixes()));
    [service, peer, source, addresses]
}

/// The first few items of a list, and how many more there are.
fn few<T: ToString>(items: &[T]) -> String {
    const SHOWN: usize = 6;
    let shown: Vec<String> = items.iter().take(SHOWN).map(ToString::to_string).collect();
    let more = items.len().saturating_sub(SHOWN);
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}
