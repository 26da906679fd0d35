//! From a policy to a list for each set of services.

use super::{FORM, Form, MAX_ADDRESSES, MAX_DOMAINS, MAX_LISTS, MAX_URLS, PLATFORM};
use crate::diag::{Code, Finding};
use crate::packet::{AddrSet, NamePattern, Protocol, Set, TransportSet};
use crate::policy::{Direction, Origin, RuleSet};
use crate::targets::asked::demand::{Demand, Unsaid, demands, id};
use crate::targets::asked::named::{Part, Problems, Voice, ask, unsaid};
use crate::targets::told::reason::{Room, reason};
use crate::targets::told::service_words::{label, words};
use crate::targets::{Artifact, Lowered, Wanted};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What is said behind an address.
const COMMENT: Room = Room { limit: 200, allowed: |_| true };

/// The most addresses of a firewall of the large series.
const LARGE: usize = 150_000;

/// Entries, each with who asks for it.
type Entries<'a> = BTreeMap<String, Vec<&'a Origin>>;

/// The policy as lists.
pub(super) fn lower(wanted: &Wanted<'_>) -> Lowered {
    let mut lowered = Lowered::default();
    let form = wanted.options.get(FORM).and_then(Form::of).unwrap_or(Form::Ip);
    let mut entries = 0_usize;
    let mut paths: BTreeSet<String> = BTreeSet::new();
    for set in &wanted.policy.sets {
        let lists = match form {
            Form::Ip => addresses(set, &mut lowered),
            Form::Domain | Form::Url if set.scope.direction == Direction::Ingress => {
                unsaid(set, "the lists are about names that connections go to", &mut lowered);
                continue;
            }
            Form::Domain | Form::Url => names(set, form, &mut lowered),
        };
        for (transport, list) in &lists {
            entries = entries.saturating_add(list.len());
            let path = path(form, set.scope.direction, transport);
            let model = model(form, set.scope.direction, transport, list);
            paths.insert(path.clone());
            lowered.artifacts.push(Artifact { path, template: super::TEMPLATE, model: model.into() });
        }
    }
    let limit = match form {
        Form::Ip if wanted.options.get(PLATFORM) == Some("large") => LARGE,
        Form::Ip => MAX_ADDRESSES.max,
        Form::Domain => MAX_DOMAINS.max,
        Form::Url => MAX_URLS.max,
    };
    let over = |count: usize, max: usize, what: &str, help: &str| {
        let message = format!("{count} {what} where a firewall takes {max}");
        (count > max).then(|| Finding::new(Code::TargetLimit, message).help(help.to_owned()))
    };
    let few = "select fewer endpoints";
    let help = if form == Form::Ip {
        "select fewer endpoints, or set `pan-edl.platform=large` where it is one"
    } else {
        few
    };
    lowered.findings.extend(over(entries, limit, "entries of lists", help));
    lowered.findings.extend(over(paths.len(), MAX_LISTS.max, "lists", few));
    if lowered.findings.iter().any(Finding::is_error) {
        lowered.artifacts.clear();
    }
    lowered
}

/// The addresses by the services that they are needed for.
fn addresses<'a>(set: &'a RuleSet, lowered: &mut Lowered) -> BTreeMap<TransportSet, Entries<'a>> {
    let mut unsaid = Unsaid::default();
    let mut by_service: BTreeMap<TransportSet, Vec<Demand<'a>>> = BTreeMap::new();
    for demand in demands(set, &mut unsaid) {
        by_service.entry(demand.transport.clone()).or_default().push(demand);
    }
    let (losses, findings) = unsaid.finish();
    lowered.losses.extend(losses);
    lowered.findings.extend(findings);
    let lists = by_service.into_iter().map(|(transport, demands)| {
        let all: Vec<AddrSet> = demands.iter().map(|demand| demand.addrs.clone()).collect();
        let entry = |prefix: crate::packet::Prefix| {
            let block = AddrSet::block(prefix);
            let wants = |demand: &&Demand<'a>| !demand.addrs.intersect(&block).is_empty();
            (prefix.to_string(), demands.iter().filter(wants).map(|demand| demand.origin).collect())
        };
        (transport, AddrSet::union_all(&all).prefixes().into_iter().map(entry).collect())
    });
    lists.collect()
}

/// The names by the services that they are needed for, as a list of that form says them.
fn names<'a>(set: &'a RuleSet, form: Form, lowered: &mut Lowered) -> BTreeMap<TransportSet, Entries<'a>> {
    let of_name = |pattern: &NamePattern, transport: &TransportSet, problems: &mut Problems| {
        of_name(form, pattern, transport, problems)
    };
    let voice = Voice {
        name: &of_name,
        address: &|_, _, problems| {
            problems.push("a list of names holds no addresses".to_owned());
            Vec::new()
        },
        every_name: &|_: &[Part]| TransportSet::default(),
    };
    let asked = ask(set, &voice, lowered);
    let mut lists: BTreeMap<TransportSet, Entries<'a>> = BTreeMap::new();
    for (pattern, (transport, origins)) in asked.names {
        if let Some(text) = spelt(form, &pattern) {
            lists.entry(transport).or_default().entry(text).or_default().extend(origins);
        }
    }
    lists
}

/// What is written for a pattern. The services of a list are for the rule that names it to say.
fn of_name(
    form: Form,
    pattern: &NamePattern,
    transport: &TransportSet,
    problems: &mut Problems,
) -> Vec<(NamePattern, TransportSet)> {
    let tcp = TransportSet::protocol(Protocol::TCP).intersect(transport);
    let said = if form == Form::Url { tcp } else { transport.clone() };
    if said != *transport {
        problems.push("a URL is seen over TCP only".to_owned());
    }
    let patterns = match pattern {
        NamePattern::Tree(host) => vec![NamePattern::Host(host.clone()), NamePattern::Below(host.clone())],
        other => vec![other.clone()],
    };
    if said.is_empty() {
        return Vec::new();
    }
    let mut written = Vec::new();
    for pattern in patterns {
        if spelt(form, &pattern).is_some() {
            written.push((pattern, said.clone()));
        } else {
            problems.push(format!("`{pattern}` is left out: a list of this form has no entry for it"));
        }
    }
    written
}

/// The entry for a pattern ("Formatting Guidelines for an External Dynamic List", "Domain List"; "Guidelines for URL
/// Category Exceptions"): a domain alone may mean all below it, too, so a caret says that it does not; the host of a URL
/// ends with a slash.
fn spelt(form: Form, pattern: &NamePattern) -> Option<String> {
    match (form, pattern) {
        (Form::Domain, NamePattern::Host(host)) => Some(format!("^{host}")),
        (Form::Domain, NamePattern::Below(host)) => Some(format!("*.{host}")),
        (Form::Url, NamePattern::Host(host)) => Some(format!("{host}/")),
        (Form::Url, NamePattern::Below(host)) => Some(format!("*.{host}/")),
        (Form::Url, NamePattern::OneBelow(host)) => Some(format!("^.{host}/")),
        _ => None,
    }
}

/// The file of a list: `pan-edl/egress-tcp-443.txt`. Services that make a long name are told apart by digits of a digest.
fn path(form: Form, direction: Direction, transport: &TransportSet) -> String {
    let piece = label(transport);
    let form = if form == Form::Ip { String::new() } else { format!("{}-", form.word()) };
    format!("pan-edl/{}-{form}{piece}.txt", direction.as_str())
}

fn model(form: Form, direction: Direction, transport: &TransportSet, list: &Entries<'_>) -> Value {
    let entries: Vec<Value> = list
        .iter()
        .map(|(text, origins)| {
            let (why, _) = reason(origins.iter().copied(), COMMENT);
            // A comment stands behind an address; lists of names have no comments.
            let why = if form == Form::Ip { vec![why] } else { Vec::new() };
            json!({ "text": text, "why": why })
        })
        .collect();
    let ids: BTreeSet<String> = list.values().flatten().map(|origin| id(origin)).collect();
    let services = words(transport);
    json!({
        "head": format!("{} {} {} {}", super::HEAD, form.word(), direction.as_str(), services.join(" ")),
        "advice": advice(form, direction, &services),
        "endpoints": ids,
        "entries": entries,
    })
}

/// What the policy of the firewall has to say beside the list.
fn advice(form: Form, direction: Direction, services: &[String]) -> Vec<String> {
    let services = services.join(", ");
    let place = match (form, direction) {
        (Form::Ip, Direction::Egress) => "the list is its Destination Address",
        (Form::Ip, Direction::Ingress) => "the list is its Source Address",
        (Form::Url, _) => "the list is its URL Category",
        (Form::Domain, _) => {
            "its Anti-Spyware profile has the list under DNS Policies, with the action allow"
        }
    };
    vec![
        format!("A list has no services. A rule of the Security policy must name them: {services}; {place}."),
        "Without that rule these entries allow nothing; with `any` as its service they allow more."
            .to_owned(),
    ]
}
