//! What frontends let pass, as rules tried in order.

use super::cases::{Context, cases};
use super::section::{Action as Does, Kind, Layer, Rule as Line, Section};
use super::stage::{Stage, joined, on, rule};
use crate::diag::{Code, Finding, Place};
use crate::packet::{Constraint, PeerSet, PortSet};
use crate::policy::{Action, Direction, Match, Origin, Policy, Rule, RuleSet, Scope, Subject, Unmodelled};
use crate::targets::proxies::case::Case;
use std::collections::BTreeSet;

/// The meaning: one rule set for all frontends where each has ports of its own, else one for each.
pub(super) fn lift(sections: &[Section], findings: &mut Vec<Finding>) -> Policy {
    let mut each: Vec<(&Section, Vec<Rule>)> = Vec::new();
    let (mut taken, mut apart) = (PortSet::default(), true);
    for (at, section) in sections.iter().enumerate() {
        if !matches!(section.kind, Kind::Frontend | Kind::Listen) || section.binds.is_empty() {
            continue;
        }
        apart &= taken.intersect(&section.binds).is_empty();
        taken = taken.union(&section.binds);
        each.push((section, frontend(sections, at, section, findings)));
    }
    let set = |name: String, rules: Vec<Rule>| RuleSet {
        scope: Scope { name, direction: Direction::Egress },
        subject: Subject::Host,
        universe: PeerSet::all_names(),
        rules,
        default: Action::Deny,
    };
    let sets = if apart {
        vec![set("haproxy".to_owned(), each.into_iter().flat_map(|(_, rules)| rules).collect())]
    } else {
        each.into_iter().map(|(section, rules)| set(format!("haproxy/{}", section.name), rules)).collect()
    };
    let mut told: BTreeSet<Unmodelled> = BTreeSet::new();
    for rule in sets.iter().flat_map(|set: &RuleSet| &set.rules) {
        let Origin::File(place) = &rule.origin else { continue };
        for doubt in &rule.unmodelled {
            if told.insert(doubt.clone()) {
                let message = format!("`{}` is not modelled: {}", doubt.text, doubt.why);
                findings.push(Finding::new(Code::ReadUnmodelled, message).at(&place.source, place.span));
            }
        }
    }
    Policy::new(sets)
}

/// The defaults of a section: those that it names, else the last ones before it.
fn defaults<'a>(sections: &'a [Section], at: usize, section: &Section) -> Option<&'a Section> {
    let all = || sections.iter().enumerate().filter(|(_, other)| other.kind == Kind::Defaults);
    match &section.from {
        Some(name) => all().map(|(_, other)| other).find(|other| other.name == *name),
        None => all().rfind(|(number, _)| *number < at).map(|(_, other)| other),
    }
}

fn frontend(sections: &[Section], at: usize, section: &Section, findings: &mut Vec<Finding>) -> Vec<Rule> {
    let defaults = defaults(sections, at, section);
    let http = section.http.or(defaults.and_then(|defaults| defaults.http)).unwrap_or_default();
    let ports = &section.binds;
    let looks = section.rules.iter().any(|line| line.layer == Layer::Content);
    let context = Context { section, http, waits: section.waits && looks };
    let mut stages = lists(context, ports);
    let default =
        section.default_backend.as_ref().or(defaults.and_then(|defaults| defaults.default_backend.as_ref()));
    if let Some(defaults) = defaults.filter(|defaults| !defaults.rules.is_empty()) {
        stages.push(doubtful("the rules of `defaults`", &defaults.place, ports));
    }
    if !section.servers || !section.routes.is_empty() {
        stages.push(routes(context, default.is_some() || section.servers, ports));
    }
    if default.is_none() && section.routes.is_empty() && !section.servers {
        let message = format!("`{}` leads to no backend, so nothing that comes in is served", section.name);
        findings
            .push(Finding::new(Code::ReadDefaulted, message).at(&section.place.source, section.place.span));
    }
    let named: BTreeSet<&String> = section.routes.iter().map(|(name, ..)| name).chain(default).collect();
    let backends = sections.iter().filter(|other| {
        matches!(other.kind, Kind::Backend | Kind::Listen)
            && named.contains(&other.name)
            && !other.rules.is_empty()
    });
    for backend in backends {
        if named.len() > 1 {
            stages.push(doubtful("the rules of one backend of several", &backend.place, ports));
        } else {
            // The handshake was waited for by the frontend.
            let http = backend.http.unwrap_or(http);
            stages.extend(lists(
                Context { section: backend, http, waits: context.waits || backend.waits },
                ports,
            ));
        }
    }
    joined(stages, ports)
}

/// The lists of a section, in the order in which they are tried.
fn lists(context: Context<'_>, ports: &PortSet) -> Vec<Stage> {
    let mut stages = Vec::new();
    for layer in [Layer::Connection, Layer::Session, Layer::Content, Layer::Http] {
        if layer == Layer::Http && !context.http {
            continue;
        }
        let lines: Vec<&Line> = context.section.rules.iter().filter(|line| line.layer == layer).collect();
        let Some(last) = lines.last() else { continue };
        let origin = Origin::File(last.place.clone());
        let rules = lines.iter().flat_map(|line| rules(context, line, ports)).collect();
        stages.push(Stage { rules, default: Action::Allow, origin });
    }
    stages
}

fn rules(context: Context<'_>, line: &Line, ports: &PortSet) -> Vec<Rule> {
    let action = if line.action == Does::Accept { Action::Allow } else { Action::Deny };
    let mut found = cases(context, &line.condition, line.action == Does::Accept);
    if line.action == Does::Unknown {
        let place = &line.place;
        let text = place.source.slice(place.span).split_whitespace().collect::<Vec<_>>().join(" ");
        let doubt = Unmodelled { text, why: "an action that is not known".to_owned() };
        found = found.into_iter().map(|case| case.doubted(Some(&doubt))).collect();
    }
    found.into_iter().filter_map(|case| of_case(case, action, &line.place, ports)).collect()
}

fn of_case(case: Case, action: Action, place: &Place, ports: &PortSet) -> Option<Rule> {
    let transport = on(&case.ports.map_or_else(|| ports.clone(), |asked| asked.intersect(ports)))?;
    let peer = match case.peer {
        None => Constraint::Any,
        Some(peer) => Constraint::only(peer)?,
    };
    let source = match case.source {
        None => Constraint::Any,
        Some(source) if source.v4.is_full() && source.v6.is_full() => Constraint::Any,
        Some(source) => Constraint::only(source)?,
    };
    Some(rule(action, Match { source, peer, transport }, case.unmodelled, Origin::File(place.clone())))
}

/// Which backend is chosen: without one, a client is turned away.
fn routes(context: Context<'_>, default: bool, ports: &PortSet) -> Stage {
    let section = context.section;
    let rules = section.routes.iter().flat_map(|(_, condition, place)| {
        let found = cases(context, condition, true).into_iter();
        found.filter_map(|case| of_case(case, Action::Allow, place, ports)).collect::<Vec<_>>()
    });
    Stage {
        rules: rules.collect(),
        default: if default { Action::Allow } else { Action::Deny },
        origin: Origin::File(section.place.clone()),
    }
}

/// A list that may refuse anything.
fn doubtful(what: &str, place: &Place, ports: &PortSet) -> Stage {
    let doubt =
        Unmodelled { text: what.to_owned(), why: "they may refuse what the frontend lets pass".to_owned() };
    let origin = Origin::File(place.clone());
    let rules = on(ports)
        .map(|transport| rule(Action::Deny, Match { transport, ..Match::ANY }, vec![doubt], origin.clone()));
    Stage { rules: rules.into_iter().collect(), default: Action::Allow, origin }
}
