//! Long lists: a few hundred terms are said as whole as one, or refused for a limit of the platform.

use super::common::policies::{addrs, allow, plain, policy_of};
use super::road::travel;
use egressor::packet::{Constraint, NamePattern, PeerSet, PortRange, Protocol, Set, TransportSet};
use egressor::policy::{Origin, Rule};
use egressor::render::Renderer;
use egressor::targets::{Model, PeerKind, TARGETS};
use std::sync::Arc;

/// More than any list of cases that a reader unfolds.
const TERMS: usize = 300;

/// A host, an address or both, on one port.
fn term(number: usize, peers: PeerKind) -> Rule {
    let address = PeerSet::from(addrs(&[format!("192.0.{}.{}/32", number / 100, number % 100 * 2).as_str()]));
    let name = PeerSet::from(NamePattern::Host(format!("h{number}.example.com").parse().unwrap()).names());
    let peer = match peers {
        PeerKind::Addresses => address,
        PeerKind::Names | PeerKind::NamesFirst => name,
        PeerKind::Both | PeerKind::Direct => name.union(&address),
    };
    let port = TransportSet::port(Protocol::TCP, PortRange::single(443));
    let why = plain(&format!("e{number}"));
    allow(Constraint::only(peer).unwrap(), Constraint::only(port).unwrap(), &why)
}

/// Addresses that are there for one reason.
fn many_addresses() -> Rule {
    let blocks: Vec<String> = (0..100).map(|number| format!("198.51.100.{}/32", number * 2)).collect();
    let blocks: Vec<&str> = blocks.iter().map(String::as_str).collect();
    let port = TransportSet::port(Protocol::TCP, PortRange::single(443));
    let peer = Constraint::only(PeerSet::from(addrs(&blocks))).unwrap();
    allow(peer, Constraint::only(port).unwrap(), &plain("many"))
}

/// Policies of many terms: plain ones, and ones with texts that look like what a template is given.
fn policies_of(peers: PeerKind) -> [Vec<Rule>; 2] {
    let mut plainly: Vec<Rule> = (0..TERMS).map(|number| term(number, peers)).collect();
    if matches!(peers, PeerKind::Addresses | PeerKind::Both) {
        plainly.push(many_addresses());
    }
    let mut confusing = plainly.clone();
    for (rule, text) in confusing.iter_mut().step_by(7).zip(["@run0@", "a @run1@ b", "@run", "@run0", "0@"]) {
        rule.origin = Origin::Endpoint(Arc::new(plain(text)));
    }
    [plainly, confusing]
}

#[test]
fn rows_that_are_laid_out_once_are_written_as_if_each_were() {
    let mut laid_out_once = 0;
    for target in TARGETS {
        let renderer = Renderer::new(target.templates().iter().copied()).unwrap();
        for rules in policies_of(target.speech().peers) {
            let travelled = travel(*target, &policy_of(target.speech(), &rules), &["a banner".to_owned()]);
            for artifact in &travelled.lowered.artifacts {
                let text = |model: &Model| renderer.render(artifact.template, model, &[]).unwrap();
                assert_eq!(text(&artifact.model), text(&artifact.model.whole()), "{}", target.name());
                laid_out_once += usize::from(!artifact.model.runs().is_empty());
            }
        }
    }
    assert!(laid_out_once > 0, "some target has rows that are alike");
}

#[test]
fn hundreds_of_terms_are_said_whole_or_refused_for_a_limit() {
    for target in TARGETS {
        let [rules, _] = policies_of(target.speech().peers);
        let travelled = travel(*target, &policy_of(target.speech(), &rules), &["a banner".to_owned()]);
        let errors = travelled.errors();
        assert!(errors.is_empty(), "{}: {errors:#?}", target.name());
    }
}
