//! Law: deleting, mistyping, emptying or ill-typing any one key of a valid catalog is an error or a subset of the
//! intended traffic. Every key of the shipped catalog is tried in every way.

use crate::shipped::{castai_tree, json, tree_of};
use egressor::catalog::{Catalog, SHIPPED, Selection, from_tree, load, select};
use egressor::compile::{Answer, Answers, Evidence, Input, Variables, compile};
use egressor::diag::{Source, any_error};
use egressor::packet::{Hostname, PacketSet, Set};
use egressor::policy::{Need, Policy, Scope};
use egressor::syntax::yaml::{Key, Kind, Node};
use egressor::targets::{Ingress, PeerKind, Scoping, Speech};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The entries of a mapping.
type Entries = Vec<(Key, Node)>;

/// One step into a tree: an entry of a mapping or an item of a list.
pub(crate) type Way = Vec<usize>;

/// The ways to all keys of a tree.
pub(crate) fn keys(node: &Node, here: &mut Way, all: &mut Vec<Way>) {
    let children: Vec<&Node> = match &node.kind {
        Kind::Mapping(entries) => entries.iter().map(|(_, value)| value).collect(),
        Kind::Sequence(items) => items.iter().collect(),
        _ => Vec::new(),
    };
    for (index, child) in children.into_iter().enumerate() {
        here.push(index);
        if matches!(node.kind, Kind::Mapping(_)) {
            all.push(here.clone());
        }
        keys(child, here, all);
        here.pop();
    }
}

/// The entries of the mapping that holds a key, and which of them it is.
fn holder<'a>(tree: &'a mut Node, way: &[usize]) -> (&'a mut Entries, usize) {
    let (last, before) = way.split_last().expect("a way has steps");
    let at = before.iter().fold(tree, |node, index| match &mut node.kind {
        Kind::Mapping(entries) => &mut entries[*index].1,
        Kind::Sequence(items) => &mut items[*index],
        other => panic!("{other:?} has no parts"),
    });
    let Kind::Mapping(entries) = &mut at.kind else { panic!("the last step is a key") };
    (entries, *last)
}

/// The way in words, for a failure.
pub(crate) fn name(tree: &Node, way: &[usize]) -> String {
    let mut tree = tree.clone();
    let (entries, index) = holder(&mut tree, way);
    format!("{way:?} `{}`", entries[index].0.name)
}

/// Every way to damage one key.
pub(crate) fn damages(original: &Node, way: &[usize]) -> Vec<(String, Node)> {
    let mut out = Vec::new();
    let mut damage = |what: &str, change: &dyn Fn(&mut Entries, usize)| {
        let mut tree = original.clone();
        let (entries, index) = holder(&mut tree, way);
        change(entries, index);
        out.push((what.to_owned(), tree));
    };
    damage("deleted", &|entries, index| drop(entries.remove(index)));
    damage("mistyped", &|entries, index| entries[index].0.name.push('x'));
    let empty =
        [Kind::Null, Kind::String(String::new()), Kind::Sequence(Vec::new()), Kind::Mapping(Vec::new())];
    let ill_typed = [Kind::Integer(42), Kind::Float(4.5), Kind::Bool(true)];
    for kind in empty.into_iter().chain(ill_typed) {
        damage(&format!("{kind:?} instead"), &|entries, index| {
            let value = &mut entries[index].1.kind;
            // Another value of the right type is another catalog, not a damaged one.
            if !matches!((&*value, &kind), (Kind::Bool(_), Kind::Bool(_))) {
                *value = kind.clone();
            }
        });
    }
    damage("wrapped in a list", &|entries, index| {
        let value = &mut entries[index].1;
        value.kind = Kind::Sequence(vec![value.clone()]);
    });
    out
}

pub(crate) const SPEECHES: [Speech; 3] = [
    Speech { peers: PeerKind::Names, scoping: Scoping::Host, ingress: Ingress::ByPeer },
    Speech { peers: PeerKind::Addresses, scoping: Scoping::Host, ingress: Ingress::ByPeer },
    Speech { peers: PeerKind::Addresses, scoping: Scoping::Component, ingress: Ingress::ByPeer },
];

/// An address of its own for each host, as if the DNS had answered it.
pub(crate) fn answers(tree: &Node) -> Answers {
    let tree = json(tree);
    let mut hosts: BTreeSet<Hostname> = BTreeSet::new();
    for endpoint in tree["endpoints"].as_array().expect("endpoints") {
        let regional = endpoint["hosts"].as_object().into_iter().flat_map(|hosts| hosts.values());
        let all = regional.chain([&endpoint["host"]]).cloned();
        let many = endpoint["hosts_all"].as_array().cloned().unwrap_or_default();
        hosts.extend(all.chain(many).filter_map(|host| host.as_str()?.parse().ok()));
    }
    Answers::new(hosts.into_iter().zip(1_u8..).map(|(host, number)| {
        let prefix = format!("192.0.2.{number}").parse().expect("an address");
        (host, Answer { addresses: vec![(prefix, Evidence::Dns)], ..Answer::default() })
    }))
}

/// The catalog of a tree; nothing when it is refused.
fn catalog(tree: &Node) -> Option<Catalog> {
    from_tree(tree, &Arc::new(Source::new("mutant", ""))).0
}

/// The packets of each scope, for each kind of target; nothing when the catalog does not compile.
fn meanings(
    catalog: &Catalog,
    answers: &Answers,
    features: &[&str],
    below: &[String],
) -> Option<Vec<BTreeMap<Scope, PacketSet>>> {
    let catalogs = [catalog.clone()];
    // A variable that a catalog does not have cannot be set.
    let has = |name: &str| {
        let table = catalog.document.variables.as_ref();
        table.is_some_and(|table| table.value.0.keys().any(|id| id.as_str() == name))
    };
    let mut settings = vec!["api_server=10.8.0.1/32"];
    settings.extend(has("control_plane_cidr").then_some("control_plane_cidr=10.9.0.0/28"));
    let (variables, wrong) = Variables::parse(settings, &catalogs);
    if any_error(&wrong) {
        return None;
    }
    let first = catalog.document.regions.as_ref().and_then(|regions| {
        let us = regions.value.0.keys().find(|region| region.as_str() == "us");
        us.or(regions.value.0.keys().next()).map(ToString::to_string)
    });
    let selection = |without: &[String]| Selection {
        regions: first.iter().cloned().collect(),
        features: features.iter().map(ToString::to_string).collect(),
        without: without.to_vec(),
        ..Selection::default()
    };
    let needs = BTreeSet::from(Need::ALL);
    SPEECHES
        .iter()
        .map(|speech| {
            // Names below a host have no address.
            let by_address = speech.peers == PeerKind::Addresses;
            let (selected, findings) = select(&catalogs, &selection(if by_address { below } else { &[] }));
            if any_error(&findings) {
                return None;
            }
            let input = Input { selected: &selected, answers, variables: &variables };
            let compiled = compile(input, *speech, &needs);
            (!any_error(&compiled.findings)).then(|| packets(&compiled.policy))
        })
        .collect()
}

/// The endpoints that are names below a host.
fn below(catalog: &Catalog) -> Vec<String> {
    let below = catalog.endpoints().filter(|endpoint| endpoint.subdomains.is_some());
    below.map(|endpoint| endpoint.id.value.to_string()).collect()
}

pub(crate) fn packets(policy: &Policy) -> BTreeMap<Scope, PacketSet> {
    policy.sets.iter().map(|set| (set.scope.clone(), set.allows().at_most)).collect()
}

#[test]
fn no_damage_to_one_key_widens_the_traffic() {
    let features = [&[][..], &["security", "telemetry", "istio-gke"][..]];
    never_wider(&castai_tree(), 400, &features);
}

/// The catalogs beside the first, with the features that need no name below a host: those are for names only.
#[test]
fn no_damage_to_one_key_of_any_other_catalog_widens_the_traffic() {
    for (id, text) in SHIPPED.iter().skip(1) {
        never_wider(&tree_of(id, text), 80, &[&[][..]]);
    }
}

/// Catalogs that were imported from feeds: addresses without hosts, hosts that have them together, and callers.
#[test]
fn no_damage_to_one_key_of_an_imported_catalog_widens_the_traffic() {
    for (id, text) in [
        ("microsoft365", include_str!("../feeds/microsoft365/sets/catalog.yaml")),
        ("hcp-terraform", include_str!("../feeds/hcp-terraform/both-ways/catalog.yaml")),
    ] {
        never_wider(&tree_of(id, text), 60, &[&[][..]]);
    }
}

fn never_wider(original: &Node, least: usize, features: &[&[&str]]) {
    let answers = answers(original);
    let mut ways = Vec::new();
    keys(original, &mut Vec::new(), &mut ways);
    assert!(ways.len() > least, "the whole catalog is walked, {} keys", ways.len());
    let sound = catalog(original).expect("the shipped catalog is sound");
    let below = below(&sound);
    let intended: Vec<_> = features
        .iter()
        .map(|features| meanings(&sound, &answers, features, &below).expect("it compiles"))
        .collect();
    let (mut refused, mut accepted) = (0, 0);
    for way in &ways {
        for (what, mutant) in damages(original, way) {
            let Some(catalog) = catalog(&mutant) else {
                refused += 1;
                continue;
            };
            accepted += 1;
            for (features, intended) in features.iter().zip(&intended) {
                let meanings = meanings(&catalog, &answers, features, &below).unwrap_or_default();
                for (scopes, intended) in meanings.iter().zip(intended) {
                    for (scope, packets) in scopes {
                        let wider = packets.subtract(&intended.get(scope).cloned().unwrap_or_default());
                        let key = name(original, way);
                        assert!(wider.is_empty(), "{key} {what} opens {:?} in {scope:?}", wider.rows());
                    }
                }
            }
        }
    }
    assert!(refused > accepted && accepted > 0, "{refused} refused, {accepted} accepted");
}

#[test]
fn a_wider_catalog_would_be_noticed() {
    let original = castai_tree();
    let answers = answers(&original);
    let text = SHIPPED[0].1.replacen("ports: [443/tcp]", "ports: [443/tcp, 22/tcp]", 1);
    let (wider, _) = load(&Arc::new(Source::new("wider", text)));
    let intended = meanings(&catalog(&original).expect("sound"), &answers, &[], &[]).expect("it compiles");
    let meaning = meanings(&wider.expect("sound"), &answers, &[], &[]).expect("it compiles");
    assert!(meaning.iter().zip(&intended).all(|(wider, intended)| wider != intended));
}
