//! Peers and ports of a rule.

use super::super::matches::read_number;
use super::super::traffic::{self, PortMatch};
use super::read::read_pods;
use super::{AdminPeer, AdminPort, Verdict};
use crate::packet::{GroupSet, Hostname, NamePattern, NameSet, PeerSet, Protocol, Set as _};
use crate::syntax::kubernetes::block::{Block, network};
use crate::syntax::kubernetes::fields::{Path, Reader};
use crate::syntax::kubernetes::labels::read_selector;
use crate::syntax::kubernetes::names::is_port_name;
use crate::syntax::kubernetes::pods::PodPeer;
use crate::syntax::kubernetes::selector::Selector;
use crate::syntax::yaml::Node;

/// A peer, of which exactly one kind must be written. An unknown kind is refused, as implementations fail closed.
pub(super) fn peers(
    reader: &mut Reader<'_>,
    node: &Node,
    egress: bool,
    verdict: Verdict,
    path: &Path<'_>,
) -> Vec<AdminPeer> {
    let known: &[&str] = if egress {
        &["namespaces", "pods", "nodes", "networks", "domainNames"]
    } else {
        &["namespaces", "pods"]
    };
    let Some(fields) = reader.object(node, path, known) else { return Vec::new() };
    let mut written = known.iter().filter_map(|field| Some((*field, fields.get(field)?)));
    let (Some((field, value)), None) = (written.next(), written.next()) else {
        reader.refuse(node.span, path, format!("exactly one of `{}` is needed", known.join("`, `")));
        return Vec::new();
    };
    let at = Path::Field(path, field);
    let pods = |peers: Vec<PodPeer>| {
        let groups: Vec<GroupSet> = peers.iter().map(PodPeer::groups).collect();
        vec![AdminPeer::Known(PeerSet::from(GroupSet::union_all(&groups)))]
    };
    match field {
        "namespaces" => {
            let spaces = read_selector(reader, value, &at);
            spaces.map_or_else(Vec::new, |spaces| pods(PodPeer::of(&spaces, &Selector::default())))
        }
        "pods" => read_pods(reader, value, &at).map_or_else(Vec::new, pods),
        "nodes" => {
            let nodes = read_selector(reader, value, &at).map(|nodes| format!("node/{nodes}"));
            let group = |name: String| AdminPeer::Known(PeerSet::from(GroupSet::of([name.as_str()])));
            nodes.map(group).into_iter().collect()
        }
        "networks" => networks(reader, value, &at),
        _ => domain_names(reader, value, verdict, &at),
    }
}

fn networks(reader: &mut Reader<'_>, node: &Node, path: &Path<'_>) -> Vec<AdminPeer> {
    let texts = reader.texts(node, path);
    if texts.is_empty() {
        reader.refuse(node.span, path, "at least one block is needed");
    }
    let mut blocks = Vec::new();
    for (item, text) in texts {
        match network(text) {
            Some(allowed) => blocks.push(AdminPeer::Network(Block { allowed, except: Vec::new() })),
            None => reader.refuse(item.span, path, format!("`{text}` is not a valid CIDR")),
        }
    }
    blocks
}

/// Names of hosts: one, or with `*.` everything below one. They can be allowed only, for an address says nothing of the
/// names that it has besides.
fn domain_names(reader: &mut Reader<'_>, node: &Node, verdict: Verdict, path: &Path<'_>) -> Vec<AdminPeer> {
    if verdict != Verdict::Allow {
        reader.refuse(node.span, path, "names of hosts can only be allowed");
    }
    let texts = reader.texts(node, path);
    if texts.is_empty() {
        reader.refuse(node.span, path, "at least one name is needed");
    }
    let mut patterns = Vec::new();
    for (item, text) in texts {
        let name = text.strip_suffix('.').unwrap_or(text);
        let pattern = match name.strip_prefix("*.") {
            Some(below) => below.parse::<Hostname>().map(NamePattern::Below),
            None => name.parse::<Hostname>().map(NamePattern::Host),
        };
        match pattern {
            Ok(pattern) => patterns.push(pattern),
            Err(error) => reader.refuse(item.span, path, error),
        }
    }
    vec![AdminPeer::Known(PeerSet::from(NameSet::of(&patterns)))]
}

/// A port of v1alpha1: a number or a range with its protocol, or a name.
pub(super) fn ports(reader: &mut Reader<'_>, node: &Node, path: &Path<'_>) -> Option<AdminPort> {
    let known = ["portNumber", "portRange", "namedPort"];
    let fields = reader.object(node, path, &known)?;
    let mut written = known.iter().filter_map(|field| Some((*field, fields.get(field)?)));
    let (Some((field, value)), None) = (written.next(), written.next()) else {
        reader.refuse(node.span, path, format!("exactly one of `{}` is needed", known.join("`, `")));
        return None;
    };
    let at = Path::Field(path, field);
    if field == "namedPort" {
        return named(reader, value, &at);
    }
    let of_range = ["protocol", "start", "end"];
    let of_number = ["protocol", "port"];
    let range = field == "portRange";
    let fields = reader.object(value, &at, if range { &of_range } else { &of_number })?;
    let protocol = match fields.get("protocol") {
        None => Protocol::TCP,
        Some(node) => {
            let at = Path::Field(&at, "protocol");
            let text = reader.text(node, &at)?;
            let Some(protocol) = traffic::protocol(text) else {
                reader.refuse(node.span, &at, format!("`{text}` is not one of `TCP`, `UDP`, `SCTP`"));
                return None;
            };
            protocol
        }
    };
    let mut number = |name: &str| {
        let at = Path::Field(&at, name);
        if let Some(node) = fields.get(name) {
            return read_number(reader, node, &at);
        }
        reader.refuse(value.span, &at, "a port is needed");
        None
    };
    let (first, last) =
        if range { (number("start")?, number("end")?) } else { (number("port")?, number("port")?) };
    numbered(reader, value, protocol, (first, last), &at)
}

/// A match of v1alpha2: a protocol with one port, a range or all of its ports, or a name.
pub(super) fn protocols(reader: &mut Reader<'_>, node: &Node, path: &Path<'_>) -> Option<AdminPort> {
    let known = ["tcp", "udp", "sctp", "destinationNamedPort"];
    let fields = reader.object(node, path, &known)?;
    let mut written = known.iter().filter_map(|field| Some((*field, fields.written(field)?)));
    let (Some((field, value)), None) = (written.next(), written.next()) else {
        reader.refuse(node.span, path, format!("exactly one of `{}` is needed", known.join("`, `")));
        return None;
    };
    let at = Path::Field(path, field);
    let protocol = match field {
        "tcp" => Protocol::TCP,
        "udp" => Protocol::UDP,
        "sctp" => Protocol::SCTP,
        _ => return named(reader, value, &at),
    };
    let fields = reader.object(value, &at, &["destinationPort"])?;
    let at = Path::Field(&at, "destinationPort");
    let Some(port) = fields.get("destinationPort") else {
        return Some(AdminPort::Of(PortMatch::every(protocol)));
    };
    let fields = reader.object(port, &at, &["number", "range"])?;
    match (fields.get("number"), fields.get("range")) {
        (Some(node), None) => {
            let number = read_number(reader, node, &Path::Field(&at, "number"))?;
            numbered(reader, node, protocol, (number, number), &at)
        }
        (None, Some(node)) => {
            let at = Path::Field(&at, "range");
            let fields = reader.object(node, &at, &["start", "end"])?;
            let mut ends = Vec::new();
            for name in ["start", "end"] {
                let at = Path::Field(&at, name);
                match fields.get(name) {
                    Some(node) => ends.extend(read_number(reader, node, &at)),
                    None => reader.refuse(node.span, &at, "a port is needed"),
                }
            }
            let [first, last] = ends.as_slice() else { return None };
            numbered(reader, node, protocol, (*first, *last), &at)
        }
        _ => {
            reader.refuse(port.span, &at, "either `number` or `range` is needed");
            None
        }
    }
}

fn numbered(
    reader: &mut Reader<'_>,
    node: &Node,
    protocol: Protocol,
    (first, last): (u16, u16),
    path: &Path<'_>,
) -> Option<AdminPort> {
    let ports = PortMatch::range(protocol, first, last);
    if ports.is_none() {
        reader.refuse(node.span, path, format!("`{first}` to `{last}` runs backwards"));
    }
    ports.map(AdminPort::Of)
}

fn named(reader: &mut Reader<'_>, node: &Node, path: &Path<'_>) -> Option<AdminPort> {
    let name = reader.text(node, path)?;
    if !is_port_name(name) {
        reader.refuse(node.span, path, format!("`{name}` is not a name of a port"));
        return None;
    }
    Some(AdminPort::Named(name.to_owned()))
}
