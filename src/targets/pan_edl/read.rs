//! Reading lists back: the services are in the first line, the destinations in the others.
//!
//! "Formatting Guidelines for an External Dynamic List": an IP list has an address, a block or a range on each line, then
//! a space and a comment. A caret before a domain means it alone; in a URL it is one label, and an asterisk is one or more.

use super::{Form, HEAD};
use crate::diag::{Code, Finding, Place, Source, Span};
use crate::packet::{AddrSet, Constraint, Hostname, NamePattern, PeerSet, Prefix, Set, TransportSet};
use crate::policy::{
    Action, Direction, Match, Origin, Policy, Rule, RuleSet, Scope, Subject, Traffic, Unmodelled,
};
use crate::targets::clouds::terraform::unmodelled;
use crate::targets::told::service_words as service;
use crate::targets::{Imported, Importer};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

/// Reads lists whose first line says what they are for.
#[derive(Debug)]
pub(super) struct PanEdlList;

impl Importer for PanEdlList {
    fn name(&self) -> &'static str {
        "pan-edl"
    }

    fn recognizes(&self, source: &Source) -> bool {
        source.text().strip_prefix(HEAD).is_some_and(|rest| rest.starts_with(' '))
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        let mut findings = Vec::new();
        let mut sets: BTreeMap<Direction, RuleSet> = BTreeMap::new();
        for source in sources {
            let Some((form, direction, transport)) = head(source, &mut findings) else { continue };
            let set = sets.entry(direction).or_insert_with(|| RuleSet {
                scope: Scope { name: direction.as_str().to_owned(), direction },
                subject: Subject::Host,
                universe: PeerSet::default(),
                rules: Vec::new(),
                default: Action::Deny,
            });
            let kind = if form == Form::Ip { PeerSet::all_addrs() } else { PeerSet::all_names() };
            set.universe = set.universe.union(&kind);
            set.rules.extend(entries(source, form, &transport, &mut findings));
        }
        Imported { policy: Policy::new(sets.into_values().collect()), findings }
    }
}

/// What the first line says.
fn head(source: &Arc<Source>, findings: &mut Vec<Finding>) -> Option<(Form, Direction, TransportSet)> {
    let line = source.text().split('\n').next().unwrap_or_default();
    let span = source.clamp_span(Span::new(0, line.len()));
    let mut refuse = |message: &str| {
        findings.push(Finding::new(Code::ReadSyntax, message.to_owned()).at(source, span));
    };
    let Some(rest) = line.strip_prefix(HEAD) else {
        refuse("the first line does not say what the list is for");
        return None;
    };
    let mut words = rest.split_ascii_whitespace();
    let form = words.next().and_then(Form::of);
    let direction = words.next();
    let direction =
        [Direction::Egress, Direction::Ingress].into_iter().find(|way| Some(way.as_str()) == direction);
    let (Some(form), Some(direction)) = (form, direction) else {
        refuse("the first line names no form, `ip`, `domain` or `url`, with `egress` or `ingress`");
        return None;
    };
    match service::read(words) {
        Ok(transport) => Some((form, direction, transport)),
        Err(message) => {
            refuse(&message);
            None
        }
    }
}

/// The rules that the entries of a list stand for: one for what is known, and one for each that may mean more.
fn entries(
    source: &Arc<Source>,
    form: Form,
    transport: &TransportSet,
    findings: &mut Vec<Finding>,
) -> Vec<Rule> {
    let mut peers: Vec<PeerSet> = Vec::new();
    let mut doubtful: Vec<(PeerSet, Unmodelled, Place)> = Vec::new();
    let mut at = 0_usize;
    let mut sound = true;
    for line in source.text().split_inclusive('\n') {
        let span = source.clamp_span(Span::new(at, at.saturating_add(line.trim_end().len())));
        at = at.saturating_add(line.len());
        let text = line.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let place = Place { source: Arc::clone(source), span };
        if let Some((known, more)) = entry(form, text) {
            peers.push(known);
            doubtful.extend(more.map(|(peer, doubt)| (peer, doubt, place)));
        } else {
            sound = false;
            let message = format!("`{text}` is no entry of a list of this form, so it is skipped");
            findings.push(Finding::new(Code::ReadRefused, message).at(source, span));
        }
    }
    if peers.is_empty() && sound {
        let message = "the list has no entry".to_owned();
        findings.push(Finding::new(Code::ReadSyntax, message).at(source, Span::default()));
    }
    let origin = |place: Place| Origin::File(place);
    let rule = |peer: PeerSet, unmodelled: Vec<Unmodelled>, place: Place| {
        Some(Rule {
            action: Action::Allow,
            matches: Match {
                source: Constraint::Any,
                peer: Constraint::only(peer)?,
                transport: Constraint::only(transport.clone())?,
            },
            traffic: Traffic::New,
            unmodelled,
            origin: origin(place),
        })
    };
    findings.extend(doubtful.iter().map(|(_, doubt, place)| unmodelled(doubt, place)));
    let whole = Place { source: Arc::clone(source), span: source.clamp_span(Span::new(0, HEAD.len())) };
    let known = rule(PeerSet::union_all(&peers), Vec::new(), whole);
    let more = doubtful.into_iter().map(|(peer, doubt, place)| rule(peer, vec![doubt], place));
    std::iter::once(known).chain(more).flatten().collect()
}

/// What may be meant besides what surely is, and what decides it.
type More = Option<(PeerSet, Unmodelled)>;

fn entry(form: Form, text: &str) -> Option<(PeerSet, More)> {
    match form {
        Form::Ip => {
            let address = text.split_ascii_whitespace().next()?;
            addresses(address).map(|addrs| (PeerSet::from(addrs), None))
        }
        Form::Domain => domain(text),
        Form::Url => url(text),
    }
}

fn addresses(text: &str) -> Option<AddrSet> {
    if let Some((first, last)) = text.split_once('-') {
        let (first, last): (IpAddr, IpAddr) = (first.parse().ok()?, last.parse().ok()?);
        let fits = first.is_ipv4() == last.is_ipv4() && first <= last;
        return fits.then(|| AddrSet::from_ranges([(first, last)]));
    }
    text.parse::<Prefix>().ok().map(AddrSet::block)
}

fn peer(pattern: &NamePattern) -> PeerSet {
    PeerSet::from(pattern.names())
}

fn domain(text: &str) -> Option<(PeerSet, More)> {
    if let Some(rest) = text.strip_prefix('^') {
        return Some((peer(&NamePattern::Host(rest.parse().ok()?)), None));
    }
    if let Some(rest) = text.strip_prefix("*.") {
        return Some((peer(&NamePattern::Below(rest.parse().ok()?)), None));
    }
    let host: Hostname = text.parse().ok()?;
    let doubt = Unmodelled {
        text: format!("*.{host}"),
        why: "whether a domain means all below it, too, is set where the list is configured".to_owned(),
    };
    Some((peer(&NamePattern::Host(host.clone())), Some((peer(&NamePattern::Below(host)), doubt))))
}

fn url(text: &str) -> Option<(PeerSet, More)> {
    let (host, path) = text.split_once('/').unwrap_or((text, ""));
    let pattern = if let Some(rest) = host.strip_prefix("*.") {
        NamePattern::Below(rest.parse().ok()?)
    } else if let Some(rest) = host.strip_prefix("^.") {
        NamePattern::OneBelow(rest.parse().ok()?)
    } else {
        NamePattern::Host(host.parse().ok()?)
    };
    if path.is_empty() {
        return Some((peer(&pattern), None));
    }
    let whole = format!("/{path}");
    let plain = path.ends_with('/') && !path.contains(['*', '^', '?']);
    if let (NamePattern::Host(host), true, Ok(path)) = (&pattern, plain, whole.parse()) {
        return Some((peer(&NamePattern::Path(host.clone(), path)), None));
    }
    let why = "a pattern of paths is not modelled".to_owned();
    let doubt = Unmodelled { text: text.to_owned(), why };
    Some((PeerSet::default(), Some((peer(&pattern), doubt))))
}
