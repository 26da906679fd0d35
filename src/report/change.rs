//! The words for changes of traffic that all reports share.

use super::words::{number, services};
use crate::diag::{Code, Finding, mask_secrets};
use crate::drift::{Change, Drift, Effect, Ended, Explained, Verdict};
use crate::packet::{AddrSet, PacketSet, Row, RowPeer, Set, TransportRow};
use crate::policy::Origin;
use crate::syntax::text::one_line;
use std::net::IpAddr;

/// A comparison with all that reports tell of it.
#[derive(Debug, Clone, Copy)]
pub struct Comparison<'a> {
    /// The names of both sides.
    pub sources: &'a [String; 2],
    /// What differs.
    pub drift: &'a Drift,
    /// What else there is to tell.
    pub findings: &'a [Finding],
    /// Whether the comparison could be made; without it the verdict is that nothing is known.
    pub compared: bool,
    /// Which side is the project, when one is: the new one, or else the old one.
    pub wanted_is_new: Option<bool>,
    /// Whether each row names one of its packets.
    pub witness: bool,
}

impl Comparison<'_> {
    /// The verdict.
    pub fn verdict(&self) -> Verdict {
        if self.compared { self.drift.verdict() } else { Verdict::Unknown }
    }

    /// What of the files was left aside, each thing once. A verdict is about the rest.
    pub(super) fn not_compared(&self) -> Vec<String> {
        let mut all = Vec::new();
        for finding in self.findings.iter().filter(|finding| finding.code == Code::ReadNotCompared) {
            let place = finding.place.as_ref().map(|place| {
                let (line, _) = place.source.line_column(place.span.start);
                format!(" ({}:{line})", place.source.name())
            });
            let line = one_line(&format!("{}{}", finding.message, place.unwrap_or_default()));
            if !all.contains(&line) {
                all.push(line);
            }
        }
        all
    }

    /// How many addresses are newly reached and no longer reached, as `+256 addresses, -0`.
    pub(super) fn balance(&self) -> String {
        let reach = |of: fn(&crate::drift::Difference) -> &PacketSet| {
            let each: Vec<AddrSet> =
                self.drift.scopes.iter().map(|scope| of(&scope.difference).peer_addrs()).collect();
            number(&AddrSet::union_all(&each).count().to_string())
        };
        let (added, removed) = (reach(|it| &it.added), reach(|it| &it.removed));
        format!("+{added} -{removed} addresses")
    }
}

/// The sign before a row.
pub(super) fn sign(effect: Effect) -> &'static str {
    match effect {
        Effect::Added => "+",
        Effect::Removed => "-",
        Effect::MayOpen | Effect::MayClose | Effect::MayEither => "?",
    }
}

/// The heading over rows of an effect. `wanted_is_new` tells which side is the project, when one is.
pub(super) fn heading(effect: Effect, wanted_is_new: Option<bool>) -> &'static str {
    match (effect, wanted_is_new) {
        (Effect::Added, None) => "newly allowed",
        (Effect::Added, Some(true)) => "newly allowed: wanted, and not there yet",
        (Effect::Added, Some(false)) => "newly allowed: not wanted",
        (Effect::Removed, None) => "no longer allowed",
        (Effect::Removed, Some(true)) => "no longer allowed: there, and not wanted",
        (Effect::Removed, Some(false)) => "no longer allowed: wanted",
        (Effect::MayOpen, _) => "perhaps newly allowed",
        (Effect::MayClose, _) => "perhaps no longer allowed",
        (Effect::MayEither, _) => "perhaps newly or no longer allowed",
    }
}

/// Changes of one effect, source and peer: what they carry is told together.
#[derive(Debug)]
pub(super) struct Group<'a> {
    /// What happens to the packets.
    pub(super) effect: Effect,
    /// The first of the changes, for what they share.
    pub(super) first: &'a Change,
    /// All of them.
    pub(super) changes: Vec<&'a Change>,
}

/// The changes of a scope in groups, in their order.
pub(super) fn groups(changes: &[Change]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for change in changes {
        match groups.last_mut() {
            Some(group)
                if group.effect == change.effect
                    && group.first.row.peer == change.row.peer
                    && group.first.row.source == change.row.source =>
            {
                group.changes.push(change);
            }
            _ => groups.push(Group { effect: change.effect, first: change, changes: vec![change] }),
        }
    }
    groups
}

impl Group<'_> {
    /// What the packets carry, as the smaller of the set and what it leaves out.
    pub(super) fn services(&self) -> String {
        services(&self.changes.iter().map(|change| &change.row.transport).collect::<Vec<_>>())
    }

    /// The rules that are responsible, each once.
    pub(super) fn causes(&self) -> Vec<String> {
        let mut all = Vec::new();
        for cause in self.changes.iter().flat_map(|change| causes(change)) {
            if !all.contains(&cause) {
                all.push(cause);
            }
        }
        all
    }

    /// Why the packets deserve a second look, when they do.
    pub(super) fn wide(&self) -> Option<&'static str> {
        let words = |change: &&Change| wide(&change.row);
        self.changes.iter().filter(|change| change.effect.may_open()).find_map(words)
    }
}

/// Why a row deserves a second look, when it does: every address of a family, or every port.
pub(super) fn wide(row: &Row) -> Option<&'static str> {
    let anywhere = match &row.peer {
        RowPeer::Addrs(addrs) => most_of_a_family(addrs),
        RowPeer::Names(names, _) => names.contains(&crate::packet::NamePattern::Any),
        RowPeer::Groups(groups, _) => groups.iter().any(|group| group == "*"),
    };
    let every_port = match &row.transport {
        TransportRow::Any => true,
        TransportRow::Protocols(first, last) => {
            (first.0..=last.0).any(|protocol| crate::packet::Protocol(protocol).has_ports())
        }
        TransportRow::Ports(..) | TransportRow::Icmp(..) => false,
    };
    match (anywhere, every_port) {
        (true, true) => Some("wide open: every peer, every port"),
        (true, false) => Some("wide open: every peer"),
        (false, true) => Some("wide open: every port"),
        (false, false) => None,
    }
}

/// Reports whether it is half of all addresses of a family or more: all but some private blocks is everywhere too.
fn most_of_a_family(addrs: &AddrSet) -> bool {
    let v4: u64 = addrs.v4.ranges().map(|(first, last)| u64::from(last - first) + 1).sum();
    let v6: u128 = addrs.v6.ranges().map(|(first, last)| (last - first) / 2).sum();
    v4 >= 1 << 31 || v6 >= 1 << 126
}

/// One packet of a row, as `egressor check` takes it.
pub(super) fn witness(row: &Row) -> String {
    let host = |addr: IpAddr| match addr {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("[{v6}]"),
    };
    let peer = match &row.peer {
        RowPeer::Addrs(addrs) => {
            addrs.prefixes().first().map(|prefix| host(prefix.addr())).unwrap_or_default()
        }
        RowPeer::Names(names, _) => {
            let name = names.first().map(ToString::to_string).unwrap_or_default();
            match name.chars().next() {
                Some('=') => name.chars().skip(1).collect(),
                Some('.' | '*' | '?') => format!("x.{}", name.trim_start_matches(['.', '*', '?'])),
                Some(_) | None => name,
            }
        }
        RowPeer::Groups(groups, _) => groups.first().map(|group| one_line(group)).unwrap_or_default(),
    };
    let packet = match &row.transport {
        TransportRow::Any => format!("{peer}:443/tcp"),
        TransportRow::Protocols(first, _) if first.has_ports() => format!("{peer}:443/{first}"),
        TransportRow::Protocols(first, _) => format!("{peer}/{first}"),
        TransportRow::Ports(protocol, ports) => {
            format!("{peer}:{}/{protocol}", ports.first().map_or(0, |range| range.first()))
        }
        TransportRow::Icmp(protocol, _) => format!("{peer}/{protocol}"),
    };
    let source = row.source.as_ref().and_then(|source| source.prefixes().first().copied());
    source.map_or(packet.clone(), |source| format!("{packet} from {}", source.addr()))
}

/// The rules that are responsible for a change, in words: those that are not wanted any longer, those that allow, then
/// those that stop.
pub(super) fn causes(change: &Change) -> Vec<String> {
    let allowed = change.allowed_by.iter().map(|origin| format!("allowed by {}", cause(origin)));
    let stopped = change.stopped_by.iter().map(|origin| format!("stopped by {}", cause(origin)));
    let by =
        || change.explained.iter().flat_map(|explained| explained.by.iter().map(move |by| (by, explained)));
    let ended = by().filter_map(|(by, explained)| to_remove(by, explained));
    let explained = change.explained.iter().flat_map(|explained| {
        let allowed: Vec<String> = change.allowed_by.iter().map(cause).collect();
        let still = explained.by.iter().filter(|by| to_remove(by, explained).is_none());
        let others = still.map(cause).filter(move |by| !allowed.contains(by));
        let unmanaged = explained.is_unmanaged().then(|| {
            let all = explained.unmanaged == change.row.packets();
            let what = if all { "unmanaged" } else { "partly unmanaged" };
            format!("{what}: no catalog entry explains it")
        });
        others.map(|by| format!("explained by {by}")).chain(unmanaged)
    });
    ended.chain(allowed).chain(stopped).chain(explained).collect()
}

/// Why an endpoint that explains traffic does not want it any longer; nothing when it does.
fn to_remove(origin: &Origin, explained: &Explained) -> Option<String> {
    let Origin::Endpoint(why) = origin else { return None };
    let endpoint = one_line(&why.endpoint);
    Some(match explained.ended.get(&why.endpoint)? {
        Ended::Expired => {
            let day = why.expires.as_deref().unwrap_or("earlier");
            format!("to remove: {endpoint} expired, its last day was {day}")
        }
        Ended::Disabled(place) => format!("to remove: {endpoint} is disabled by {}", one_line(place)),
    })
}

/// A rule in words: the endpoint, or the line and its text.
pub(super) fn cause(origin: &Origin) -> String {
    match origin {
        Origin::Endpoint(why) => format!("{} ({})", one_line(&why.endpoint), one_line(&why.purpose)),
        Origin::Implied(need) => format!("{} ({})", need.id(), need.reason()),
        Origin::System(words) => format!("the system: {}", one_line(words)),
        Origin::File(place) => {
            let (line, _) = place.source.line_column(place.span.start);
            let text = place.source.slice(place.span).lines().next().unwrap_or_default().trim().to_owned();
            format!("{}:{line} {}", one_line(place.source.name()), mask_secrets(&one_line(&text)))
        }
    }
}

/// A text of at most so many characters.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}
