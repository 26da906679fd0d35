//! Rules as plain data: what each allows, as rows of texts, and what such texts mean.

use crate::packet::{
    AddrSet, Constraint, GroupSet, Hostname, IcmpMatch, NamePattern, NameSet, PacketSet, PeerSet, PortRange,
    PortSet, Prefix, Protocol, Row, RowPeer, Set, TransportRow, TransportSet,
};
use crate::policy::{Action, Match, Origin, Rule, RuleSet, Traffic};
use crate::syntax::text::one_line;
use serde::Serialize;
use std::collections::BTreeSet;

/// One product of sources, peers and services of one protocol, and why it is allowed. Empty lists are not constrained,
/// but for the peers, of which exactly one list is not empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PlainRow {
    /// Blocks of the near end.
    pub source: Vec<String>,
    /// Blocks of the far end.
    pub cidrs: Vec<String>,
    /// Names of the far end: `=h` that host, `.h` the host and everything below, `*.h` everything below, `?.h` one label
    /// below, `*` every name; a path prefix follows the host.
    pub names: Vec<String>,
    /// Names that are taken out.
    pub except_names: Vec<String>,
    /// Groups of the far end; `*` is every group.
    pub groups: Vec<String>,
    /// Groups that are taken out.
    pub except_groups: Vec<String>,
    /// `any`, a name, a number, or a range of numbers.
    pub protocol: String,
    /// Ports and ranges of ports.
    pub ports: Vec<String>,
    /// Types of ICMP, `8`, or a type and a code, `3/1`.
    pub icmp: Vec<String>,
    /// Who asks for it: an endpoint of a catalog, or a need of the target.
    pub endpoint: String,
    /// What it is for.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The ticket that approved it.
    pub ticket: String,
    /// Its last day.
    pub expires: String,
}

/// Everything that the rules of a set allow, rule by rule, in a fixed order and each once.
pub(super) fn rows(set: &RuleSet) -> BTreeSet<PlainRow> {
    let allows = |rule: &&Rule| rule.action == Action::Allow && rule.traffic == Traffic::New;
    let all = set.rules.iter().filter(allows).flat_map(|rule| {
        let why = why(&rule.origin);
        set.packets(&rule.matches).rows().into_iter().map(move |row| PlainRow { ..with(&row, why.clone()) })
    });
    all.collect()
}

fn why(origin: &Origin) -> PlainRow {
    let text = |text: &Option<String>| text.as_deref().map(one_line).unwrap_or_default();
    match origin {
        Origin::Endpoint(why) => PlainRow {
            endpoint: one_line(&why.endpoint),
            reason: one_line(&why.purpose),
            owner: text(&why.owner),
            ticket: text(&why.ticket),
            expires: text(&why.expires),
            ..PlainRow::default()
        },
        Origin::Implied(need) => PlainRow {
            endpoint: need.id().to_owned(),
            reason: need.reason().to_owned(),
            ..PlainRow::default()
        },
        Origin::File(place) => PlainRow { endpoint: one_line(place.source.name()), ..PlainRow::default() },
        Origin::System(words) => PlainRow { reason: one_line(words), ..PlainRow::default() },
    }
}

fn with(row: &Row, why: PlainRow) -> PlainRow {
    let (protocol, ports, icmp) = match &row.transport {
        TransportRow::Any => ("any".to_owned(), Vec::new(), Vec::new()),
        TransportRow::Protocols(first, last) if first == last => (first.to_string(), Vec::new(), Vec::new()),
        TransportRow::Protocols(first, last) => (format!("{}-{}", first.0, last.0), Vec::new(), Vec::new()),
        TransportRow::Ports(protocol, ports) => (protocol.to_string(), texts(ports), Vec::new()),
        TransportRow::Icmp(protocol, types) => {
            let spelt = |icmp: &IcmpMatch| match icmp.code {
                Some(code) => format!("{}/{code}", icmp.kind),
                None => icmp.kind.to_string(),
            };
            (protocol.to_string(), Vec::new(), types.iter().map(spelt).collect())
        }
    };
    let source = row.source.as_ref().map(|source| texts(&source.prefixes())).unwrap_or_default();
    let row_of = PlainRow { source, protocol, ports, icmp, ..why };
    match &row.peer {
        RowPeer::Addrs(addrs) => PlainRow { cidrs: texts(&addrs.prefixes()), ..row_of },
        RowPeer::Names(names, except) => {
            PlainRow { names: texts(names), except_names: texts(except), ..row_of }
        }
        RowPeer::Groups(groups, except) => {
            PlainRow { groups: groups.clone(), except_groups: except.clone(), ..row_of }
        }
    }
}

fn texts<T: ToString>(items: &[T]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}

/// What a row matches, or why nothing is clear.
pub fn matches(row: &PlainRow) -> Result<Match, String> {
    let peers = [!row.cidrs.is_empty(), !row.names.is_empty(), !row.groups.is_empty()];
    if peers.into_iter().filter(|given| *given).count() != 1 {
        return Err("exactly one of cidrs, names and groups is needed, and not empty".to_owned());
    }
    if (!row.except_names.is_empty() && row.names.is_empty())
        || (!row.except_groups.is_empty() && row.groups.is_empty())
    {
        return Err("what is taken out is of another kind than what is named".to_owned());
    }
    let names = |items: &[String]| {
        let patterns: Result<Vec<NamePattern>, String> = items.iter().map(|item| name(item)).collect();
        patterns.map(|patterns| NameSet::of(&patterns))
    };
    let groups = RowPeer::Groups(row.groups.clone(), row.except_groups.clone());
    let peer = if !row.cidrs.is_empty() {
        PeerSet::from(blocks(&row.cidrs)?)
    } else if !row.names.is_empty() {
        PeerSet::from(names(&row.names)?.subtract(&names(&row.except_names)?))
    } else {
        groups.peers()
    };
    let source = if row.source.is_empty() {
        Constraint::Any
    } else {
        Constraint::only(blocks(&row.source)?).ok_or("the source is empty")?
    };
    let transport = transport(row)?;
    Ok(Match {
        source,
        peer: Constraint::only(peer).ok_or("no peer is left")?,
        transport: Constraint::only(transport).ok_or("no service is left")?,
    })
}

fn blocks(items: &[String]) -> Result<AddrSet, String> {
    let blocks: Result<Vec<Prefix>, _> = items.iter().map(|item| item.parse::<Prefix>()).collect();
    blocks.map(AddrSet::of).map_err(|error| error.to_string())
}

fn name(item: &str) -> Result<NamePattern, String> {
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
    let bare = item.strip_prefix('=').ok_or_else(|| {
        format!(
            "`{item}` is no name: `=h` is that host, `.h` it and everything below, `*.h` everything below"
        )
    })?;
    match bare.find('/').and_then(|at| bare.split_at_checked(at)) {
        Some((name, path)) => {
            let path = path.parse().map_err(|error: crate::packet::PathPrefixError| error.to_string())?;
            Ok(NamePattern::Path(host(name)?, path))
        }
        None => host(bare).map(NamePattern::Host),
    }
}

fn transport(row: &PlainRow) -> Result<TransportSet, String> {
    let bare = row.ports.is_empty() && row.icmp.is_empty();
    if row.protocol == "any" {
        return if bare {
            Ok(TransportSet::full())
        } else {
            Err("`any` protocol has no ports or types".to_owned())
        };
    }
    let known = |text: &str| Protocol::parse(text).ok_or_else(|| format!("`{text}` is not a protocol"));
    if let Some((first, last)) = row.protocol.split_once('-')
        && Protocol::parse(&row.protocol).is_none()
    {
        let (first, last) = (known(first)?, known(last)?);
        return if bare && first <= last {
            Ok(TransportSet::protocols(first, last))
        } else {
            Err(format!("`{}` is no range of protocols that could have ports", row.protocol))
        };
    }
    let protocol = known(&row.protocol)?;
    if bare {
        return Ok(TransportSet::protocol(protocol));
    }
    if !row.ports.is_empty() && protocol.has_ports() && row.icmp.is_empty() {
        let ranges: Result<Vec<PortRange>, _> =
            row.ports.iter().map(|item| item.parse::<PortRange>()).collect();
        let ranges = ranges.map_err(|error| error.to_string())?;
        return Ok(TransportSet::ports(protocol, &PortSet::of(ranges)));
    }
    if !row.icmp.is_empty() && protocol.has_icmp_types() && row.ports.is_empty() {
        let types: Result<Vec<TransportSet>, String> =
            row.icmp.iter().map(|item| icmp(item).map(|icmp| TransportSet::icmp(protocol, icmp))).collect();
        return types.map(|types| Set::union_all(&types));
    }
    Err(format!("`{}` has no such ports or types", row.protocol))
}

fn icmp(item: &str) -> Result<IcmpMatch, String> {
    let number = |text: &str| {
        text.parse::<u8>()
            .ok()
            .filter(|number| number.to_string() == text)
            .ok_or_else(|| format!("`{item}` is not an ICMP type, or a type and a code such as `3/1`"))
    };
    match item.split_once('/') {
        None => Ok(IcmpMatch { kind: number(item)?, code: None }),
        Some((kind, code)) => Ok(IcmpMatch { kind: number(kind)?, code: Some(number(code)?) }),
    }
}

/// The kinds of peers that a rule set speaks about, in words.
pub const KINDS: [&str; 4] = ["ipv4", "ipv6", "names", "groups"];

/// The peers of a kind.
pub fn kind(word: &str) -> Option<PeerSet> {
    match word {
        "ipv4" => Some(PeerSet::from(AddrSet::all_v4())),
        "ipv6" => Some(PeerSet::from(AddrSet::all_v6())),
        "names" => Some(PeerSet::all_names()),
        "groups" => Some(PeerSet::from(GroupSet::full())),
        _ => None,
    }
}

/// The packets of a row, when it means something.
pub(super) fn packets(row: &PlainRow) -> PacketSet {
    let Ok(matches) = matches(row) else { return PacketSet::default() };
    let (Some(peer), Some(transport)) = (matches.peer.set(), matches.transport.set()) else {
        return PacketSet::default();
    };
    PacketSet::product(matches.source.set(), peer, transport, &true)
}
