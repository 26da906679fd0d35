//! Blocks of addresses and ports, read as the API server reads them.

use super::traffic::{self, PortMatch};
use crate::diag::Code;
use crate::packet::Protocol;
use crate::syntax::kubernetes::block::{self, Block};
use crate::syntax::kubernetes::fields::{Path, Reader};
use crate::syntax::kubernetes::names;
use crate::syntax::yaml::{Kind, Node};

/// An `ipBlock`.
pub(super) fn read_block(reader: &mut Reader<'_>, node: &Node, path: &Path<'_>) -> Option<Block> {
    let fields = reader.object(node, path, &["cidr", "except"])?;
    let at = Path::Field(path, "cidr");
    let Some(cidr) = fields.get("cidr").filter(|cidr| cidr.as_str() != Some("")) else {
        reader.refuse(node.span, &at, "a value is needed");
        return None;
    };
    let text = reader.text(cidr, &at)?;
    let Some(allowed) = block::network(text) else {
        reader.refuse(cidr.span, &at, format!("`{text}` is not a valid CIDR"));
        return None;
    };
    let path = Path::Field(path, "except");
    let items = fields.get("except").and_then(|node| reader.list(node, &path)).unwrap_or_default();
    let mut except = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = Path::Item(&path, index);
        let Some(text) = reader.text(item, &path) else { continue };
        match block::network(text) {
            None => reader.refuse(item.span, &path, format!("`{text}` is not a valid CIDR")),
            Some(network) if !network.is_strictly_within(allowed) => {
                reader.refuse(item.span, &path, format!("`{text}` is not a strict subset of `cidr`"));
            }
            Some(network) => except.push((network, item.span)),
        }
    }
    for (network, span) in std::iter::once((allowed, cidr.span)).chain(except.iter().copied()) {
        if let Some(what) = network.surprise() {
            reader.find(Code::ReadIneffective, span, &at, what);
        }
    }
    Some(Block { allowed, except: except.into_iter().map(|(network, _)| network).collect() })
}

/// An item of `ports`; nothing when it is refused.
pub(super) fn read_port(reader: &mut Reader<'_>, node: &Node, path: &Path<'_>) -> Vec<PortMatch> {
    let Some(fields) = reader.object(node, path, &["protocol", "port", "endPort"]) else { return Vec::new() };
    let at = Path::Field(path, "protocol");
    let protocol = match fields.get("protocol") {
        None => Some(Protocol::TCP),
        Some(node) => reader.text(node, &at).and_then(|text| {
            let protocol = traffic::protocol(text);
            if protocol.is_none() {
                reader.refuse(node.span, &at, format!("`{text}` is not one of `TCP`, `UDP`, `SCTP`"));
            }
            protocol
        }),
    };
    let at = Path::Field(path, "endPort");
    let end = fields.get("endPort").map(|node| (node, read_number(reader, node, &at)));
    let port = fields.get("port");
    let matched = match port.map(|node| (node, &node.kind)) {
        None => protocol.map(PortMatch::every),
        Some((node, Kind::String(_))) => {
            let at = Path::Field(path, "port");
            reader.text(node, &at).and_then(|name| {
                if !names::is_port_name(name) {
                    let why = format!("`{name}` is not a name of a port: quotes make a number a name");
                    reader.refuse(node.span, &at, why);
                    return None;
                }
                protocol.map(|protocol| PortMatch::Named(protocol, name.to_owned()))
            })
        }
        Some((node, _)) => {
            let first = read_number(reader, node, &Path::Field(path, "port"));
            let last = end.map_or(first, |(_, end)| end);
            match (protocol, first, last) {
                (Some(protocol), Some(first), Some(last)) if first <= last => {
                    PortMatch::range(protocol, first, last)
                }
                (_, Some(first), Some(last)) if first > last => {
                    let place = end.map_or(node.span, |(node, _)| node.span);
                    reader.refuse(place, &at, format!("`{last}` is below `port`, which is {first}"));
                    None
                }
                _ => None,
            }
        }
    };
    if let Some((node, _)) = end {
        match port.map(|port| &port.kind) {
            None => reader.refuse(node.span, &at, "may not stand without `port`"),
            Some(Kind::String(_)) => reader.refuse(node.span, &at, "may not stand beside a named port"),
            Some(_) => {}
        }
    }
    matched.into_iter().collect()
}

/// A port.
pub(super) fn read_number(reader: &mut Reader<'_>, node: &Node, path: &Path<'_>) -> Option<u16> {
    let Kind::Integer(number) = node.kind else {
        reader.refuse(node.span, path, format!("{} where a whole number is needed", node.kind.describe()));
        return None;
    };
    let port = u16::try_from(number).ok().filter(|port| *port > 0);
    if port.is_none() {
        reader.refuse(node.span, path, format!("`{number}` is not between 1 and 65535"));
    }
    port
}
