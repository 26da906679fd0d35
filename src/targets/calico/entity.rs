//! The `source` or `destination` of a rule: who is at that end.
//!
//! <https://docs.tigera.io/calico/latest/reference/resources/globalnetworkpolicy#entityrule>

use super::expression::{self, Asked};
use super::say::universe;
use super::sets::Sets;
use crate::diag::Code;
use crate::packet::{AddrSet, GroupSet, NamePattern, NameSet, PeerSet, Set};
use crate::policy::Unmodelled;
use crate::syntax::kubernetes::block::{self, Block};
use crate::syntax::kubernetes::fields::{Fields, Path, Reader, compact};
use crate::syntax::kubernetes::pods::{NAMESPACE_NAME, Namespaces, PodPeer};
use crate::syntax::kubernetes::selector::Selector;
use crate::syntax::yaml::Node;

/// The fields of an end.
pub(super) const FIELDS: [&str; 10] = [
    "nets",
    "notNets",
    "selector",
    "notSelector",
    "namespaceSelector",
    "ports",
    "notPorts",
    "serviceAccounts",
    "services",
    "domains",
];

/// The label by which a pod can be asked for its namespace.
const NAMESPACE: &str = "projectcalico.org/namespace";
/// The label of a namespace with its own name, beside that of Kubernetes.
const NAMESPACE_OWN_NAME: &str = "projectcalico.org/name";

/// Peers, and the conditions that are not modelled.
pub(super) type Piece = (PeerSet, Vec<Unmodelled>);

/// Which pods a pair of selectors chooses: those of the own namespace where none is said. Nothing when a selector asks for
/// more than labels, or is none.
pub(super) fn pods(selector: &str, namespaces: Option<&str>, own: Option<&str>) -> Vec<PodPeer> {
    let Some(Asked::Labels(asked)) = expression::parse(selector) else { return Vec::new() };
    let mut spaces = match namespaces.map(expression::parse) {
        None => Selector::default(),
        Some(Some(Asked::Labels(asked))) => asked,
        Some(_) => return Vec::new(),
    };
    let mut chosen = Selector::default();
    let mut says_where = namespaces.is_some();
    for (key, test) in asked.tests() {
        if key == NAMESPACE {
            says_where = true;
            spaces.require(NAMESPACE_NAME.to_owned(), test.clone());
        } else {
            chosen.require(key.to_owned(), test.clone());
        }
    }
    let (mut rest, by_name) = spaces.without(NAMESPACE_OWN_NAME);
    if let Some(test) = by_name {
        rest.require(NAMESPACE_NAME.to_owned(), test);
    }
    match own.filter(|_| !says_where) {
        Some(own) => vec![PodPeer { namespaces: Namespaces::Named(own.to_owned()), pods: chosen }],
        None => PodPeer::of(&rest, &chosen),
    }
}

/// Blocks of addresses, with what is ambiguous about them.
pub(super) fn nets(reader: &mut Reader<'_>, node: &Node, path: &Path<'_>) -> (AddrSet, Vec<Unmodelled>) {
    let (mut sets, mut doubts) = (Vec::new(), Vec::new());
    for (item, text) in reader.texts(node, path) {
        let whole = match text.parse::<std::net::IpAddr>() {
            Ok(addr) => block::network(&format!("{text}/{}", if addr.is_ipv4() { 32 } else { 128 })),
            Err(_) => block::network(text),
        };
        let Some(allowed) = whole else {
            reader.refuse(item.span, path, format!("`{text}` is neither a CIDR nor an address"));
            continue;
        };
        if let Some(what) = allowed.surprise() {
            reader.find(Code::ReadIneffective, item.span, path, what);
        }
        let block = Block { allowed, except: Vec::new() };
        if block.is_ambiguous() {
            let why = "an IPv4-mapped IPv6 block is read as IPv4 by some and as IPv6 by others".to_owned();
            doubts.push(Unmodelled { text: block.text(), why });
        }
        sets.push(block.addrs());
    }
    (AddrSet::union_all(&sets), doubts)
}

/// The items of a list that is there and holds any. An empty one restricts nothing, which is seldom meant.
pub(super) fn list<'n>(
    reader: &mut Reader<'_>,
    fields: Fields<'n>,
    field: &str,
    path: &Path<'_>,
) -> Option<&'n Node> {
    let node = fields.get(field)?;
    let path = Path::Field(path, field);
    if reader.list(node, &path)?.is_empty() {
        reader.find(Code::ReadWidened, node.span, &path, "an empty list restricts nothing");
        return None;
    }
    Some(node)
}

/// Who is at the far end; `None` when nothing is asked of it. What is refused is left out, so the result counts only if
/// nothing was.
pub(super) fn read(
    reader: &mut Reader<'_>,
    fields: Fields<'_>,
    own: Option<&str>,
    sets: &Sets,
    path: &Path<'_>,
) -> Option<Vec<Piece>> {
    let mut doubts = Vec::new();
    for field in ["notSelector", "serviceAccounts", "services"] {
        if let Some(node) = fields.get(field) {
            let why = "which peers that leaves is not in the file".to_owned();
            doubts.push(Unmodelled { text: format!("{field} {}", compact(node)), why });
        }
    }
    let mut asked: Vec<Vec<Piece>> = Vec::new();
    if let Some(node) = list(reader, fields, "nets", path) {
        let (addrs, ambiguous) = nets(reader, node, &Path::Field(path, "nets"));
        asked.push(vec![(PeerSet::from(addrs), ambiguous)]);
    }
    if let Some(node) = list(reader, fields, "domains", path) {
        asked.push(domains(reader, node, &Path::Field(path, "domains")));
    }
    let selectors = ["selector", "namespaceSelector"];
    let [selector, spaces] = selectors
        .map(|field| reader.optional_text(fields, field, path).filter(|text| !text.trim().is_empty()));
    if selector.is_some() || spaces.is_some() {
        let place = selectors.into_iter().find_map(|field| fields.get(field)).map(|node| node.span);
        let chosen = select(selector.unwrap_or("all()"), spaces, own, sets);
        if let (None, Some(place)) = (&chosen, place) {
            let text = [selector, spaces].into_iter().flatten().collect::<Vec<_>>().join("` and `");
            reader.refuse(place, path, format!("`{text}` is not a selector"));
        }
        asked.extend(chosen.map(|piece| vec![piece]));
    }
    let mut pieces = match asked.len() {
        0 => vec![(universe(), Vec::new())],
        1 => asked.remove(0),
        _ => {
            // Both must hold, and which pods have which addresses is not known.
            let why = "which addresses those have is not in the file".to_owned();
            let conditions = ["nets", "domains", "selector", "namespaceSelector"].into_iter();
            let conditions =
                conditions.filter_map(|field| Some(format!("{field} {}", compact(fields.get(field)?))));
            let text = conditions.collect::<Vec<_>>().join(" and ");
            let all = asked.into_iter().flatten();
            let (peers, doubts): (Vec<PeerSet>, Vec<Vec<Unmodelled>>) = all.unzip();
            let mut doubts: Vec<Unmodelled> = doubts.into_iter().flatten().collect();
            doubts.push(Unmodelled { text, why });
            vec![(PeerSet::union_all(&peers), doubts)]
        }
    };
    if let Some(node) = list(reader, fields, "notNets", path) {
        let (addrs, ambiguous) = nets(reader, node, &Path::Field(path, "notNets"));
        let text = format!("notNets {}", compact(node));
        pieces = pieces.into_iter().flat_map(|piece| without(piece, &addrs, &ambiguous, &text)).collect();
    } else if doubts.is_empty() && pieces == [(universe(), Vec::new())] {
        return None;
    }
    for (_, own) in &mut pieces {
        own.extend(doubts.iter().cloned());
    }
    Some(pieces)
}

/// Peers without some addresses: exactly so for addresses, and perhaps for all others.
fn without((peers, doubts): Piece, addrs: &AddrSet, ambiguous: &[Unmodelled], text: &str) -> Vec<Piece> {
    let left = peers.addrs.subtract(addrs);
    let doubts: Vec<Unmodelled> = doubts.into_iter().chain(ambiguous.iter().cloned()).collect();
    let others = PeerSet { addrs: AddrSet::default(), ..peers };
    let why = "which addresses names and pods have is not in the file".to_owned();
    let mut unsure = doubts.clone();
    unsure.push(Unmodelled { text: text.to_owned(), why });
    vec![(PeerSet::from(left), doubts), (others, unsure)]
}

/// What selectors choose: pods, and the addresses of the sets that were given and have such labels.
fn select(selector: &str, spaces: Option<&str>, own: Option<&str>, sets: &Sets) -> Option<Piece> {
    let asked = expression::parse(selector)?;
    let space = match spaces {
        Some(text) => Some(expression::parse(text)?),
        None => None,
    };
    let opaque = |text: String| PeerSet::from(GroupSet::of([text.as_str()]));
    if let Asked::Labels(labels) = &asked {
        let addrs = sets.chosen(labels, space.as_ref(), own);
        if space == Some(Asked::Global) {
            // Without a set of these labels, they are those of somebody's that was not given.
            let peers = addrs.map_or_else(|| opaque(format!("global/{labels}")), PeerSet::from);
            return Some((peers, Vec::new()));
        }
        let peers = pods(selector, spaces, own);
        if !peers.is_empty() {
            let groups: Vec<GroupSet> = peers.iter().map(PodPeer::groups).collect();
            let groups = PeerSet::from(GroupSet::union_all(&groups));
            let addrs = addrs.map(PeerSet::from).unwrap_or_default();
            return Some((groups.union(&addrs), Vec::new()));
        }
    }
    let text = format!("selector {} in {}", spelt(selector), spelt(spaces.or(own).unwrap_or("all()")));
    let why = "a selector that asks for more than labels is not modelled".to_owned();
    Some((universe(), vec![Unmodelled { text, why }]))
}

/// A selector with its spaces normalised.
pub(super) fn spelt(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The names of a rule. An asterisk stands for one label or more.
/// <https://docs.tigera.io/calico-enterprise/latest/network-policy/domain-based-policy>
fn domains(reader: &mut Reader<'_>, node: &Node, path: &Path<'_>) -> Vec<Piece> {
    let (mut certain, mut pieces) = (Vec::new(), Vec::new());
    for (item, text) in reader.texts(node, path) {
        let host = text.strip_suffix('.').unwrap_or(text);
        let exact = match host.strip_prefix("*.") {
            Some(rest) => rest.parse().ok().map(NamePattern::Below),
            None => host.parse().ok().map(NamePattern::Host),
        };
        if let Some(pattern) = exact {
            certain.push(pattern);
        } else if host.contains('*')
            && host.chars().all(|char| char.is_ascii_alphanumeric() || "*-_.".contains(char))
        {
            let why = "an asterisk within a name is not modelled".to_owned();
            let doubt = Unmodelled { text: format!("domain {}", text.to_ascii_lowercase()), why };
            pieces.push((PeerSet::all_names(), vec![doubt]));
        } else {
            reader.refuse(item.span, path, format!("`{text}` is not a name of a host"));
        }
    }
    if !certain.is_empty() {
        pieces.insert(0, (PeerSet::from(NameSet::of(&certain)), Vec::new()));
    }
    pieces
}
