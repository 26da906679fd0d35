//! Policies as such: what scopes, needs and pods are called, which rules there are, and what stands in for a scope.

use egressor::packet::PeerSet;
use egressor::policy::{
    Action, Direction, Match, Need, Origin, Pods, Policy, Rule, RuleSet, Scope, Subject, Traffic, pair_scopes,
};
use std::collections::BTreeSet;

fn scope(name: &str, direction: Direction) -> Scope {
    Scope { name: name.to_owned(), direction }
}

fn set(name: &str) -> RuleSet {
    let rule = Rule {
        action: Action::Allow,
        matches: Match::ANY,
        traffic: Traffic::New,
        unmodelled: Vec::new(),
        origin: Origin::System(name.to_owned()),
    };
    RuleSet {
        scope: scope(name, Direction::Egress),
        subject: Subject::Host,
        universe: PeerSet::all_addrs(),
        rules: vec![rule],
        default: Action::Deny,
    }
}

#[test]
fn a_scope_is_called_by_its_name_and_its_direction() {
    assert_eq!([Direction::Egress, Direction::Ingress].map(|way| way.to_string()), ["egress", "ingress"]);
    assert_eq!(scope("sg-1", Direction::Ingress).to_string(), "`sg-1` ingress");
    assert_eq!(scope("egress", Direction::Egress).to_string(), "egress");
    assert_eq!(scope("egress", Direction::Ingress).to_string(), "`egress` ingress");
}

#[test]
fn the_hosts_own_scope_is_called_after_its_direction_or_its_chain() {
    for (own, other) in [("egress", "forwarded"), ("filter/OUTPUT", "filter/FORWARD")] {
        let old = Policy::new(vec![set(own), set(other)]);
        let new = Policy::new(vec![set("wanted")]);
        let pairs = pair_scopes(&old, &new);
        let both = pairs.iter().find_map(|pair| Some((&pair.old?.scope.name, &pair.new?.scope.name)));
        assert_eq!(both.map(|(old, new)| [old.as_str(), new.as_str()]), Some([own, "wanted"]));
    }
}

#[test]
fn every_need_has_an_id_and_a_reason_of_its_own() {
    let ids: BTreeSet<&str> = Need::ALL.iter().map(|need| need.id()).collect();
    let reasons: BTreeSet<&str> = Need::ALL.iter().map(|need| need.reason()).collect();
    assert_eq!((ids.len(), reasons.len()), (Need::ALL.len(), Need::ALL.len()));
    assert!(
        ids.iter().all(|id| id.starts_with("implied/")) && reasons.iter().all(|reason| reason.contains(' '))
    );
}

#[test]
fn a_group_of_pods_is_its_namespace_and_its_labels() {
    let labels = [("b", "2"), ("a", "1")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    let pods = Pods { namespace: "ns".to_owned(), labels: labels.into() };
    assert_eq!(pods.group(), "ns/a=1,b=2");
}

#[test]
fn the_rules_of_a_policy_are_those_of_its_scopes_in_order() {
    let policy = Policy::new(vec![set("b"), set("a")]);
    let rules: Vec<(String, Origin)> =
        policy.rules().map(|(scope, rule)| (scope.name.clone(), rule.origin.clone())).collect();
    let expected = ["a", "b"].map(|name| (name.to_owned(), Origin::System(name.to_owned())));
    assert_eq!(rules, expected);
}

#[test]
fn what_holds_elsewhere_is_joined_and_the_first_to_say_it_is_believed() {
    let (mut one, mut other) = (Policy::new(vec![set("a")]), Policy::new(vec![set("b")]));
    let asked = scope("x", Direction::Egress);
    one.absent.hold("network".to_owned(), set("of one"));
    other.absent.hold("network".to_owned(), set("of the other"));
    other.absent.hold("second".to_owned(), set("of the other alone"));
    other.absent.look_up(asked.clone(), vec!["network".to_owned()]);
    one.absent.extend(other.absent.clone());
    let name =
        |policy: &Policy, from: &Policy| policy.stand_in(from, &asked).map(|set| set.scope.name.clone());
    assert_eq!(name(&one, &one).as_deref(), Some("of one"), "the scope is looked up since");
    let mut far = Policy::new(Vec::new());
    far.absent.look_up(asked.clone(), vec!["second".to_owned()]);
    assert_eq!(name(&one, &far).as_deref(), Some("of the other alone"));
}

#[test]
fn a_scope_that_either_side_would_know_is_not_taken_for_another() {
    let (mut holder, mut asking) = (Policy::new(vec![set("b")]), Policy::new(vec![set("a")]));
    let paired = |old: &Policy, new: &Policy| {
        pair_scopes(old, new).iter().filter(|pair| pair.old.is_some() && pair.new.is_some()).count()
    };
    assert_eq!(paired(&asking, &holder), 1);
    holder.absent.hold("network".to_owned(), set("all of the network"));
    asking.absent.look_up(scope("a", Direction::Egress), vec!["network".to_owned()]);
    assert_eq!([paired(&asking, &holder), paired(&holder, &asking)], [0, 0]);
}
