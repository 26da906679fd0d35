//! The peers of a rule, read as Cilium reads them.
//!
//! <https://docs.cilium.io/en/stable/security/policy/language/#layer-3-examples>

use super::labels;
use super::names::{self, Meaning};
use super::say::{ENTITIES, universe, world};
use crate::diag::Code;
use crate::packet::{AddrSet, GroupSet, NameSet, PeerSet, Set};
use crate::policy::{Direction, Unmodelled};
use crate::syntax::kubernetes::block::{self, Block};
use crate::syntax::kubernetes::fields::{Fields, Path, Reader, compact};
use crate::syntax::kubernetes::labels::read_selector_of;
use crate::syntax::kubernetes::pods::PodPeer;
use crate::syntax::yaml::{Kind, Node};
use std::collections::BTreeMap;

/// The blocks of each `CiliumCIDRGroup` that was given, by its name.
pub(super) type CidrGroups = BTreeMap<String, AddrSet>;

/// Peers, and the condition that is not modelled, where there is one.
pub(super) type Piece = (PeerSet, Option<Unmodelled>);

/// The fields that name peers, without `to` or `from`.
const KINDS: [&str; 8] = ["Endpoints", "CIDR", "CIDRSet", "Entities", "Services", "Groups", "Nodes", "FQDNs"];

/// The peers of a rule; `None` when it names none. What is refused is left out, so the result counts only if nothing was.
pub(super) fn read(
    reader: &mut Reader<'_>,
    fields: Fields<'_>,
    direction: Direction,
    own: Option<&str>,
    groups: &CidrGroups,
    path: &Path<'_>,
) -> Option<Vec<Piece>> {
    let prefix = if direction == Direction::Egress { "to" } else { "from" };
    let mut read: Option<(String, Vec<Piece>)> = None;
    for kind in KINDS {
        let field = format!("{prefix}{kind}");
        let Some(node) = fields.get(&field) else { continue };
        let at = Path::Field(path, &field);
        let Some(items) = reader.list(node, &at) else { continue };
        if items.is_empty() {
            let what = "an empty list selects nothing, and everything in older versions of Cilium";
            reader.find(Code::ReadWidened, node.span, &at, what);
            let why = "versions of Cilium disagree about an empty list".to_owned();
            let piece = (universe(), Some(Unmodelled { text: format!("{field}: []"), why }));
            read.get_or_insert((field, vec![piece]));
            continue;
        }
        let (mut certain, mut pieces) = (Vec::new(), Vec::new());
        for (index, item) in items.iter().enumerate() {
            let at = Path::Item(&at, index);
            for (peers, unmodelled) in read_item(reader, kind, &field, item, own, groups, &at) {
                match unmodelled {
                    None => certain.push(peers),
                    Some(unmodelled) => pieces.push((peers, Some(unmodelled))),
                }
            }
        }
        if !certain.is_empty() {
            pieces.insert(0, (PeerSet::union_all(&certain), None));
        }
        if let Some((before, _)) = &read {
            reader.refuse(node.span, path, format!("`{field}` may not stand beside `{before}`"));
        }
        read = Some((field, pieces));
    }
    read.map(|(_, pieces)| pieces)
}

fn read_item(
    reader: &mut Reader<'_>,
    kind: &str,
    field: &str,
    node: &Node,
    own: Option<&str>,
    groups: &CidrGroups,
    path: &Path<'_>,
) -> Vec<Piece> {
    match kind {
        "Endpoints" => {
            let selector = read_selector_of(reader, node, path, labels::is_key);
            let peers = selector.map(|selector| labels::peers(&selector, own)).unwrap_or_default();
            let peers: Vec<GroupSet> = peers.iter().map(PodPeer::groups).collect();
            vec![(PeerSet::from(GroupSet::union_all(&peers)), None)]
        }
        "Nodes" => {
            let selector = read_selector_of(reader, node, path, labels::is_key);
            let group = selector.map(|selector| GroupSet::of([format!("node/{selector}").as_str()]));
            group.map(|group| (PeerSet::from(group), None)).into_iter().collect()
        }
        "CIDR" => read_cidr(reader, node, path),
        "CIDRSet" => read_cidr_rule(reader, node, groups, path),
        "Entities" => reader.text(node, path).map(str::to_owned).map_or_else(Vec::new, |name| {
            let found = entity(&name);
            if found.is_empty() && name != "none" {
                reader.refuse(node.span, path, format!("`{name}` is not an entity"));
            }
            found
        }),
        "FQDNs" => read_name(reader, node, path),
        _ => {
            let what = if kind == "Services" { "services" } else { "groups of a cloud" };
            let why = format!("which addresses these {what} have is not in the file");
            let text = format!("{field} {}", compact(node));
            vec![(universe(), Some(Unmodelled { text, why }))]
        }
    }
}

/// What an entity is: nothing for `none`, and for one that does not exist.
fn entity(name: &str) -> Vec<Piece> {
    let exactly = |peers: PeerSet| vec![(peers, None)];
    let family = |addrs: AddrSet| {
        let why = "which names have addresses of that family is not known".to_owned();
        let names = Unmodelled { text: format!("the entity {name}"), why };
        vec![(PeerSet::from(addrs), None), (PeerSet::all_names(), Some(names))]
    };
    match name {
        "all" => exactly(universe()),
        "world" => exactly(world()),
        "world-ipv4" => family(AddrSet::all_v4()),
        "world-ipv6" => family(AddrSet::all_v6()),
        "cluster" => exactly(PeerSet::all_groups()),
        name if ENTITIES.contains(&name) => exactly(PeerSet::from(GroupSet::of([name]))),
        _ => Vec::new(),
    }
}

/// An item of `toCIDR`: a block, or an address alone.
fn read_cidr(reader: &mut Reader<'_>, node: &Node, path: &Path<'_>) -> Vec<Piece> {
    let Some(text) = reader.text(node, path) else { return Vec::new() };
    let whole = match text.parse::<std::net::IpAddr>() {
        Ok(addr) => block::network(&format!("{text}/{}", if addr.is_ipv4() { 32 } else { 128 })),
        Err(_) => block::network(text),
    };
    let Some(allowed) = whole else {
        reader.refuse(node.span, path, format!("`{text}` is neither a CIDR nor an address"));
        return Vec::new();
    };
    blocks(reader, &Block { allowed, except: Vec::new() }, node, path)
}

/// An item of `toCIDRSet`.
fn read_cidr_rule(reader: &mut Reader<'_>, node: &Node, groups: &CidrGroups, path: &Path<'_>) -> Vec<Piece> {
    let known = ["cidr", "except", "cidrGroupRef", "cidrGroupSelector"];
    let Some(fields) = reader.object(node, path, &known) else { return Vec::new() };
    let at = Path::Field(path, "except");
    let mut except = Vec::new();
    for (item, text) in fields.get("except").map(|node| reader.texts(node, &at)).unwrap_or_default() {
        match block::network(text) {
            Some(network) => except.push((item, network)),
            None => reader.refuse(item.span, &at, format!("`{text}` is not a valid CIDR")),
        }
    }
    if let Some(selector) = fields.get("cidrGroupSelector") {
        let why = "which groups of blocks have these labels is not in the file".to_owned();
        let text = format!("cidrGroupSelector {}", compact(selector));
        return vec![(PeerSet::all_addrs(), Some(Unmodelled { text, why }))];
    }
    if let Some(name) = reader.optional_text(fields, "cidrGroupRef", path) {
        let Some(addrs) = groups.get(name) else {
            let why = "the CiliumCIDRGroup of that name was not given".to_owned();
            let unmodelled = Unmodelled { text: format!("cidrGroupRef {name}"), why };
            return vec![(PeerSet::all_addrs(), Some(unmodelled))];
        };
        let except: Vec<AddrSet> = except
            .iter()
            .map(|(_, network)| Block { allowed: *network, except: Vec::new() }.addrs())
            .collect();
        return vec![(PeerSet::from(addrs.subtract(&AddrSet::union_all(&except))), None)];
    }
    let at = Path::Field(path, "cidr");
    let Some(cidr) = fields.get("cidr") else {
        reader.refuse(node.span, &at, "a value is needed");
        return Vec::new();
    };
    let Some(text) = reader.text(cidr, &at) else { return Vec::new() };
    let Some(allowed) = block::network(text) else {
        reader.refuse(cidr.span, &at, format!("`{text}` is not a valid CIDR"));
        return Vec::new();
    };
    let whole = Block { allowed, except: Vec::new() }.addrs();
    for (item, network) in &except {
        let own = Block { allowed: *network, except: Vec::new() }.addrs();
        if own.intersect(&whole).is_empty() {
            reader.refuse(item.span, path, "an exception lies outside of its `cidr`");
        }
    }
    let except = except.into_iter().map(|(_, network)| network).collect();
    blocks(reader, &Block { allowed, except }, cidr, path)
}

fn blocks(reader: &mut Reader<'_>, block: &Block, node: &Node, path: &Path<'_>) -> Vec<Piece> {
    if let Some(what) = block.allowed.surprise() {
        reader.find(Code::ReadIneffective, node.span, path, what);
    }
    let addrs = block.addrs();
    if addrs.is_empty() {
        reader.find(Code::ReadIneffective, node.span, path, "the exceptions leave no address");
        return Vec::new();
    }
    let unmodelled = block.is_ambiguous().then(|| {
        let why = "an IPv4-mapped IPv6 block is read as IPv4 by some and as IPv6 by others".to_owned();
        Unmodelled { text: block.text(), why }
    });
    vec![(PeerSet::from(addrs), unmodelled)]
}

/// An item of `toFQDNs`.
fn read_name(reader: &mut Reader<'_>, node: &Node, path: &Path<'_>) -> Vec<Piece> {
    let Some(fields) = reader.object(node, path, &["matchName", "matchPattern"]) else { return Vec::new() };
    let exactly = |names: NameSet| vec![(PeerSet::from(names), None)];
    let name = reader.optional_text(fields, "matchName", path).filter(|text| !text.is_empty());
    let pattern = reader.optional_text(fields, "matchPattern", path).filter(|text| !text.is_empty());
    match (name, pattern) {
        (Some(_), Some(_)) => {
            reader.refuse(node.span, path, "`matchName` may not stand beside `matchPattern`");
            Vec::new()
        }
        (None, None) => {
            if node.kind != Kind::Null {
                reader.refuse(node.span, path, "`matchName` or `matchPattern` is needed");
            }
            Vec::new()
        }
        (Some(text), None) => names::name(text).map_or_else(
            || {
                reader.refuse(node.span, path, format!("`{text}` is not a name of a host"));
                Vec::new()
            },
            exactly,
        ),
        (None, Some(text)) => match names::meaning(text) {
            Some(Meaning::Exactly(names)) => exactly(names),
            Some(Meaning::Among(names)) => {
                let why =
                    "an asterisk within a label, or more than one label of them, is not modelled".to_owned();
                let text = format!("matchPattern {}", text.to_ascii_lowercase());
                vec![(PeerSet::from(names), Some(Unmodelled { text, why }))]
            }
            None => {
                reader.refuse(node.span, path, format!("`{text}` is not a pattern of names"));
                Vec::new()
            }
        },
    }
}
