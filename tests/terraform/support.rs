//! Hand-made policies, and the road out and back.

use egressor::diag::{Code, Finding, Source};
use egressor::ops::{Proven, prove};
use egressor::packet::{AddrSet, Constraint, PacketSet, PeerSet, Prefix, Set, TransportSet};
use egressor::policy::{
    Action, Direction, Justification, Match, Need, Origin, Policy, Rule, RuleSet, Scope, Subject, Traffic,
};
use egressor::render::Renderer;
use egressor::targets::{self, Imported, Options, Target, Wanted};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(crate) const HOSTILE: [&str; 9] = [
    "say \"hi\"",
    "two\nlines\r\n# and more",
    "${var.secret}",
    "$${x} %{ if true }%{ endif } %%{y}",
    "{{ rules }}{% for x in y %}",
    "back\\slash \\u0041 \\",
    "} resource \"x\" \"y\" {",
    "tab\there \u{0} \u{7F} \u{202E}evil\u{2066}",
    "/* open */ // <<EOF ; é 漢字",
];

pub(crate) fn target(name: &str) -> &'static dyn Target {
    targets::find(name).unwrap()
}

pub(crate) fn why(endpoint: &str, purpose: &str) -> Origin {
    Origin::Endpoint(Arc::new(Justification {
        endpoint: endpoint.to_owned(),
        purpose: purpose.to_owned(),
        owner: Some("platform".to_owned()),
        ticket: Some("NET-7".to_owned()),
        expires: Some("2027-01-31".to_owned()),
        sources: vec!["https://example.com/doc".to_owned()],
        confidence: "documented".to_owned(),
        methods: Vec::new(),
        hosts: vec!["api.example.com".to_owned()],
        blocks: Vec::new(),
    }))
}

pub(crate) fn addrs(prefixes: &[&str]) -> AddrSet {
    AddrSet::of(prefixes.iter().map(|prefix| prefix.parse::<Prefix>().unwrap()))
}

pub(crate) fn packets(prefixes: &[&str], transport: &TransportSet) -> PacketSet {
    PacketSet::product(None, &PeerSet::from(addrs(prefixes)), transport, &true)
}

pub(crate) fn rule(prefixes: &[&str], transport: &TransportSet, origin: Origin) -> Rule {
    Rule {
        action: Action::Allow,
        matches: Match {
            source: Constraint::Any,
            peer: Constraint::only(PeerSet::from(addrs(prefixes))).unwrap(),
            transport: Constraint::only(transport.clone()).unwrap(),
        },
        traffic: Traffic::New,
        unmodelled: Vec::new(),
        origin,
    }
}

pub(crate) fn set(direction: Direction, rules: Vec<Rule>) -> RuleSet {
    RuleSet {
        scope: Scope { name: "host".to_owned(), direction },
        subject: Subject::Host,
        universe: PeerSet::all_addrs(),
        rules,
        default: Action::Deny,
    }
}

pub(crate) fn egress(rules: Vec<Rule>) -> Policy {
    Policy::new(vec![set(Direction::Egress, rules)])
}

pub(crate) fn write_with(
    target: &dyn Target,
    policy: &Policy,
    needs: &[Need],
    options: &[(&str, &str)],
) -> Proven {
    let given: BTreeMap<String, String> =
        options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    for spec in target.options() {
        assert_eq!(given.get(spec.key).and_then(|value| spec.kind.refuses(value)), None);
    }
    let options = Options::new(target.options(), &given);
    let needs: BTreeSet<Need> = needs.iter().copied().collect();
    let wanted = Wanted { policy, needs: &needs, options: &options };
    let renderer = Renderer::new(target.templates().iter().copied()).unwrap();
    let hostile: Vec<String> = HOSTILE.iter().map(|line| (*line).to_owned()).collect();
    prove(target, &wanted, &renderer, |lowered| {
        let losses = lowered.losses.iter().map(|loss| loss.why.clone());
        hostile.iter().cloned().chain(losses).collect()
    })
}

pub(crate) fn write(name: &str, policy: &Policy) -> Proven {
    let target = target(name);
    write_with(target, policy, target.needs(), &[])
}

pub(crate) fn text(proven: &Proven) -> &str {
    assert!(!proven.files.is_empty(), "{:?}", proven.findings);
    &proven.files[0].text
}

pub(crate) fn codes(findings: &[Finding]) -> Vec<Code> {
    findings.iter().map(|finding| finding.code).collect()
}

pub(crate) fn import(name: &str, text: &str) -> Imported {
    let importer = target(name).importers()[0];
    let source = Arc::new(Source::new("main.tf", text));
    assert!(importer.recognizes(&source));
    importer.import(&[source])
}

pub(crate) fn read(name: &str, text: &str) -> Policy {
    let imported = import(name, text);
    assert_eq!(imported.findings, []);
    imported.policy
}

/// What a scope surely allows, and what it may allow beyond that.
pub(crate) fn bounds(policy: &Policy, name: &str, direction: Direction) -> (PacketSet, PacketSet) {
    let scope = Scope { name: name.to_owned(), direction };
    let names: Vec<&Scope> = policy.sets.iter().map(|set| &set.scope).collect();
    let set = policy.sets.iter().find(|set| set.scope == scope);
    let bounds = set.unwrap_or_else(|| panic!("{scope:?} is not among {names:?}")).allows();
    (bounds.at_least.clone(), bounds.at_most.subtract(&bounds.at_least))
}

pub(crate) fn exactly(policy: &Policy, name: &str, direction: Direction) -> PacketSet {
    let (allowed, doubt) = bounds(policy, name, direction);
    assert!(doubt.is_empty());
    allowed
}
