//! From variables to a policy: what a client that reads them connects to itself. That is the proxy, and what
//! `NO_PROXY` names; everything else the proxy connects to.
//!
//! Where Go and curl decide differently, or a value is not in the text, the rule is known within bounds only.

use super::decide::{Client, NoProxy};
use super::read::{Setting, Stated, Value, Var, read, recognizes};
use crate::diag::{Code, Finding, Place, Source, Span};
use crate::packet::{Constraint, GroupSet, PeerSet, PortRange, Protocol, Set, TransportSet};
use crate::policy::{
    Action, Direction, Match, Origin, Policy, Rule, RuleSet, Scope, Subject, Traffic, Unmodelled,
};
use crate::targets::{Imported, Importer, ProxyUrl};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The scope of a file that says one thing.
const ALONE: &str = "direct";

/// Reads variables of a proxy from files of variables, commands, manifests and values.
#[derive(Debug)]
pub(super) struct ProxyVariables;

impl Importer for ProxyVariables {
    fn name(&self) -> &'static str {
        "proxy-env"
    }

    fn recognizes(&self, source: &Source) -> bool {
        recognizes(source)
    }

    fn yields(&self) -> bool {
        true
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        let mut findings = Vec::new();
        let stated = distinct(sources, &mut findings);
        let alone = stated.len() < 2;
        let mut sets = Vec::new();
        for stated in &stated {
            let name = if alone || stated.who.is_empty() { ALONE } else { &stated.who };
            sets.push(RuleSet {
                scope: Scope { name: name.to_owned(), direction: Direction::Egress },
                subject: Subject::Host,
                universe: everything(),
                rules: rules(stated, &mut findings),
                default: Action::Deny,
            });
        }
        Imported { policy: Policy::new(sets), findings }
    }

    fn advise(&self, sources: &[Arc<Source>]) -> Vec<Finding> {
        let stated = distinct(sources, &mut Vec::new());
        stated.iter().flat_map(super::advice::findings).collect()
    }
}

/// What is stated, each once: artifacts say the same in several forms.
fn distinct(sources: &[Arc<Source>], findings: &mut Vec<Finding>) -> Vec<Stated> {
    let mut kept: Vec<Stated> = Vec::new();
    for stated in sources.iter().flat_map(|source| read(source, findings)).collect::<Vec<_>>() {
        if !kept.iter().any(|other| other.says() == stated.says()) {
            kept.push(stated);
        }
    }
    kept
}

fn everything() -> PeerSet {
    PeerSet::all_addrs().union(&PeerSet::all_names()).union(&PeerSet::all_groups())
}

/// The rules of one process.
fn rules(stated: &Stated, findings: &mut Vec<Finding>) -> Vec<Rule> {
    let mut rules = Vec::new();
    let somewhere = stated.settings.first().map(|setting| setting.name.clone());
    for var in [Var::Https, Var::Http] {
        let of_var: Vec<&Setting> = stated.settings.iter().filter(|setting| setting.var == var).collect();
        let in_doubt = disagree(&of_var, findings);
        for setting in &of_var {
            for rule in hop(setting, in_doubt.as_ref(), findings) {
                // Both variables name one proxy, mostly.
                let same =
                    |other: &Rule| other.matches == rule.matches && other.unmodelled == rule.unmodelled;
                if !rules.iter().any(same) {
                    rules.push(rule);
                }
            }
        }
        if let ([], Some(place)) = (of_var.as_slice(), &somewhere) {
            let why = "it is not set here; unless it is set elsewhere, these requests go directly";
            rules.push(unknown(var.name(), why, place, findings));
        }
    }
    let of_no: Vec<&Setting> = stated.settings.iter().filter(|setting| setting.var == Var::No).collect();
    let in_doubt = disagree(&of_no, findings);
    for setting in of_no {
        match &setting.value {
            Value::Text(text, place) => bypass(text, place, in_doubt.as_ref(), &mut rules, findings),
            Value::Reference(words) => {
                let why = format!("the list is in {words}");
                rules.push(unknown(Var::No.name(), &why, &setting.name, findings));
            }
        }
    }
    rules
}

/// The doubt about a variable that is set twice and not to the same: Go tries upper case first, curl lower case.
fn disagree(settings: &[&Setting], findings: &mut Vec<Finding>) -> Option<Unmodelled> {
    let text = |setting: &Setting| match &setting.value {
        Value::Text(text, _) => text.clone(),
        Value::Reference(words) => words.clone(),
    };
    let (first, rest) = settings.split_first()?;
    let other = rest.iter().find(|other| text(other) != text(first))?;
    let name = first.var.name();
    let message =
        format!("`{name}` is set twice and differently; Go tries it in upper case first, curl in lower case");
    findings.push(Finding::new(Code::ProxyDisagreement, message).at(&other.name.source, other.name.span));
    Some(Unmodelled {
        text: name.to_owned(),
        why: "it is set twice, and clients take different ones".to_owned(),
    })
}

/// The connections to the proxy itself.
fn hop(setting: &Setting, doubt: Option<&Unmodelled>, findings: &mut Vec<Finding>) -> Vec<Rule> {
    let (text, place) = match &setting.value {
        Value::Reference(words) => {
            let peers = PeerSet::from(GroupSet::of([words.as_str()]));
            return allow(
                &peers,
                &TransportSet::protocol(Protocol::TCP),
                doubt.cloned(),
                setting.name.clone(),
            );
        }
        Value::Text(text, place) => (text, place),
    };
    if text.is_empty() || is_expanded(text) {
        let why = if text.is_empty() { "it is empty, so these requests go directly" } else { EXPANDED };
        return vec![unknown(setting.var.name(), why, &setting.name, findings)];
    }
    match text.parse::<ProxyUrl>() {
        Ok(url) => {
            let ports = url.ports();
            let several = (ports.len() > 1).then(|| Unmodelled {
                text: setting.var.name().to_owned(),
                why: "the URL names no port, and clients fill in different ones".to_owned(),
            });
            if several.is_some() {
                let message = format!("`{url}` names no port: Go connects to 80, curl to 1080");
                findings.push(Finding::new(Code::ProxyDisagreement, message).at(&place.source, place.span));
            }
            let doubt = doubt.cloned().or(several);
            let rule = |port: u16| {
                let service = TransportSet::port(Protocol::TCP, PortRange::single(port));
                allow(&url.peer(), &service, doubt.clone(), place.clone())
            };
            ports.into_iter().flat_map(rule).collect()
        }
        Err(error) => {
            let message = format!("clients cannot use this value, and Go connects directly then: {error}");
            findings.push(Finding::new(Code::ProxyUrl, message).at(&place.source, place.span));
            vec![unknown(setting.var.name(), "clients cannot use a URL like this", &setting.name, findings)]
        }
    }
}

const EXPANDED: &str = "another program fills the value in before a client reads it";

/// Reports whether a value is not the one that a client reads: shells, Kubernetes and Helm fill such places in.
pub(super) fn is_expanded(text: &str) -> bool {
    text.contains('$') || text.contains('`') || text.contains("{{")
}

/// What goes around the proxy.
fn bypass(
    text: &str,
    place: &Place,
    doubt: Option<&Unmodelled>,
    rules: &mut Vec<Rule>,
    findings: &mut Vec<Finding>,
) {
    let list = NoProxy::parse(text);
    let (go, curl) = (list.peers(Client::Go), list.peers(Client::Curl));
    // Whether the clients agree on these peers, by the entries that came before.
    let mut known: BTreeMap<PeerSet, bool> = BTreeMap::new();
    let start = start_of(place, text);
    for entry in &list.entries {
        let at = entry_place(place, start, entry.span);
        if is_expanded(&entry.text) {
            rules.push(unknown(&entry.text, EXPANDED, &at, findings));
            continue;
        }
        // What both send around the proxy, by this entry or by this and another one.
        let own = entry.go.peers.union(&entry.curl.peers);
        // What an earlier entry said needs no second look at the list, whose pieces it would repeat.
        let (whole, split) = match known.get(&own) {
            Some(true) => (own, PeerSet::default()),
            Some(false) => (PeerSet::default(), own),
            None => {
                let whole = go.among(&own).intersect(&curl.among(&own));
                let split = own.subtract(&whole);
                known.insert(own, split.is_empty());
                (whole, split)
            }
        };
        rules.extend(allow(&whole, &TransportSet::protocol(Protocol::TCP), doubt.cloned(), at.clone()));
        if !split.is_empty() {
            let why = "Go and curl read it differently".to_owned();
            let unmodelled = Unmodelled { text: entry.text.clone(), why };
            let services = if entry.curl.peers.is_empty() {
                entry.go.services()
            } else {
                TransportSet::protocol(Protocol::TCP)
            };
            rules.extend(allow(&split, &services, Some(unmodelled), at.clone()));
        }
        findings.extend(super::entry::findings(entry, &list, [&go, &curl], &at));
    }
    findings.extend(super::entry::cut_off(&list, place, text));
}

/// From which byte on a value stands in its file, where it stands there as it is. A command writes `NO_PROXY=` before
/// it, and a manifest a quote. A search costs as much as the value is long, so it is made once and not for each entry.
pub(super) fn start_of(value: &Place, text: &str) -> usize {
    let at = value.source.slice(value.span).find(text).unwrap_or_default();
    value.span.start.saturating_add(at)
}

/// The place of an entry of a value that starts there.
pub(super) fn entry_place(value: &Place, start: usize, span: Span) -> Place {
    let (start, end) = (start.saturating_add(span.start), start.saturating_add(span.end));
    Place { source: Arc::clone(&value.source), span: value.source.clamp_span(Span::new(start, end)) }
}

fn allow(peers: &PeerSet, services: &TransportSet, doubt: Option<Unmodelled>, place: Place) -> Vec<Rule> {
    let (Some(peer), Some(transport)) = (Constraint::only(peers.clone()), Constraint::only(services.clone()))
    else {
        return Vec::new();
    };
    vec![Rule {
        action: Action::Allow,
        matches: Match { source: Constraint::Any, peer, transport },
        traffic: Traffic::New,
        unmodelled: Vec::from_iter(doubt),
        origin: Origin::File(place),
    }]
}

/// A rule that may let anything pass, because a value is not known.
fn unknown(text: &str, why: &str, place: &Place, findings: &mut Vec<Finding>) -> Rule {
    let message = format!("`{text}` is not known: {why}");
    findings.push(Finding::new(Code::ReadUnmodelled, message).at(&place.source, place.span));
    Rule {
        action: Action::Allow,
        matches: Match {
            source: Constraint::Any,
            peer: Constraint::Any,
            transport: Constraint::only(TransportSet::protocol(Protocol::TCP)).unwrap_or(Constraint::Any),
        },
        traffic: Traffic::New,
        unmodelled: vec![Unmodelled { text: text.to_owned(), why: why.to_owned() }],
        origin: Origin::File(place.clone()),
    }
}
