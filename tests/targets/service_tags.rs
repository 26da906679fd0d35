//! Service tags of Azure in place of addresses: never wider, and proven with the file beside the rules.

use super::common::policies::{addrs, allow, plain, policies, policy_of};
use super::road::{Travelled, installed, read, sources, tag, travel_in};
use egressor::ops::File;
use egressor::packet::{Constraint, PacketSet, PeerSet, PortRange, Protocol, Set, TransportSet};
use egressor::policy::{Policy, Rule, RuleSet};
use egressor::targets::{Context, Lowered, ServiceTag, Target, find};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use std::cell::Cell;
use std::collections::BTreeMap;

const TARGETS: [&str; 2] = ["azure-nsg", "azure-firewall"];

fn target(name: &str) -> &'static dyn Target {
    find(name).expect(name)
}

fn exact(target: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(format!("{target}.service_tags"), "exact".to_owned())])
}

/// Some addresses at some ports, for an endpoint.
fn wants(endpoint: &str, blocks: &[&str], protocol: Protocol, ports: &[u16]) -> Rule {
    let ports: Vec<TransportSet> =
        ports.iter().map(|port| TransportSet::port(protocol, PortRange::single(*port))).collect();
    let peer = Constraint::only(PeerSet::from(addrs(blocks))).expect("addresses");
    allow(peer, Constraint::only(TransportSet::union_all(&ports)).expect("ports"), &plain(endpoint))
}

fn in_tcp(blocks: &[&str]) -> Rule {
    wants("api", blocks, Protocol::TCP, &[443])
}

/// What a target writes where these tags are known.
fn written(name: &str, tags: &[ServiceTag], rules: &[Rule]) -> Travelled {
    let target = target(name);
    let context = Context { service_tags: tags.to_vec(), ..installed() };
    let policy = policy_of(target.speech(), rules);
    let banner = |lowered: &Lowered| -> Vec<String> {
        lowered.findings.iter().map(|finding| finding.message.clone()).collect()
    };
    let travelled = travel_in(target, &policy, &[], &exact(name), context.clone());
    assert!(travelled.errors().is_empty(), "{name}: {:#?}", travelled.errors());
    travel_in(target, &policy, &banner(&travelled.lowered), &exact(name), context)
}

/// The tags that the rules name, in order.
fn named(travelled: &Travelled, tags: &[ServiceTag]) -> Vec<String> {
    let rules = &travelled.proven.files.first().expect("rules").text;
    let is_named = |tag: &&ServiceTag| rules.contains(&format!("\"{}\"", tag.name));
    let mut names: Vec<String> = tags.iter().filter(is_named).map(|tag| tag.name.clone()).collect();
    names.sort();
    names
}

/// Reports whether a file lists what tags stood for.
fn is_list(path: &str) -> bool {
    path.contains(".service-tags.")
}

fn messages(travelled: &Travelled) -> String {
    let messages: Vec<&str> =
        travelled.proven.findings.iter().map(|finding| finding.message.as_str()).collect();
    messages.join("\n")
}

/// What is asked, less what is told to be lost.
fn expected(policy: &Policy, travelled: &Travelled) -> Vec<(String, PacketSet)> {
    let of = |set: &RuleSet| {
        let losses = travelled.lowered.losses.iter().filter(|loss| loss.scope == set.scope);
        let said =
            losses.fold(set.allows().at_least, |said, loss| said.union(&loss.excess).subtract(&loss.missing));
        (set.scope.direction.to_string(), said)
    };
    policy.sets.iter().map(of).collect()
}

/// Policies of which many ask for all that a tag stands for, or for all but a block of it.
fn asking(target: &'static dyn Target) -> impl Strategy<Value = Policy> {
    let tags: Vec<ServiceTag> = installed().service_tags;
    let tag = (prop::sample::select(tags), any::<prop::sample::Index>(), 0..4_u8);
    (policies(target.speech()), tag).prop_map(|(mut policy, (tag, block, whole))| {
        let mut blocks: Vec<String> = tag.addrs.prefixes().iter().map(ToString::to_string).collect();
        if whole == 0 {
            blocks.remove(block.index(blocks.len()));
        }
        let blocks: Vec<&str> = blocks.iter().map(String::as_str).collect();
        if let (Some(set), false) = (policy.sets.first_mut(), blocks.is_empty()) {
            set.rules.push(in_tcp(&blocks));
        }
        policy
    })
}

#[test]
fn a_tag_is_written_only_where_all_of_it_is_wanted_and_means_just_that_with_the_file_beside() {
    for name in TARGETS {
        let target = target(name);
        let (tagged, of_both) = (Cell::new(0), Cell::new(0));
        let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) };
        let seed = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
        let outcome = TestRunner::new_with_rng(config, seed).run(&asking(target), |policy| {
            let travelled = travel_in(target, &policy, &[], &exact(name), installed());
            assert!(travelled.errors().is_empty(), "{:#?}", travelled.errors());
            let files = &travelled.proven.files;
            let Some(evidence) = files.iter().find(|file| is_list(&file.path)) else {
                return Ok(());
            };
            tagged.set(tagged.get() + 1);
            of_both.set(of_both.get() + usize::from(evidence.text.contains("2001:db8::/32")));
            let with = read(target, files);
            let rules: Vec<File> = files.iter().filter(|file| !is_list(&file.path)).cloned().collect();
            let without = read(target, &rules);
            for (direction, said) in expected(&policy, &travelled) {
                let of = |read: &Policy| {
                    let set = read.sets.iter().find(|set| set.scope.direction.to_string() == direction);
                    set.map(RuleSet::allows)
                };
                match (of(&with.policy), of(&without.policy)) {
                    (Some(with), Some(without)) => {
                        assert!(with.is_exact());
                        assert_eq!(with.at_least.rows(), said.rows());
                        assert!(without.at_least.is_subset(&said) && said.is_subset(&without.at_most));
                    }
                    (with, without) => assert!(with.is_none() && without.is_none() && said.is_empty()),
                }
            }
            Ok(())
        });
        outcome.expect("the law holds");
        assert!(tagged.get() >= 30, "{name}: {} of the policies had a tag", tagged.get());
        assert_eq!(of_both.get() > 0, name == "azure-nsg", "{name}: {} tags of both families", of_both.get());
    }
}

#[test]
fn a_tag_takes_the_place_of_its_blocks_and_the_rest_stays_addresses() {
    let tags = [tag("Alpha", &["192.0.2.0/26", "198.51.100.0/24"])];
    for name in TARGETS {
        let travelled =
            written(name, &tags, &[in_tcp(&["192.0.2.0/26", "198.51.100.0/24", "203.0.113.7/32"])]);
        assert_eq!(named(&travelled, &tags), ["Alpha"], "{name}");
        let [rules, evidence] = travelled.proven.files.as_slice() else { panic!("two files of {name}") };
        assert!(
            rules.text.contains("203.0.113.7/32") && !rules.text.contains("192.0.2.0/26"),
            "{}",
            rules.text
        );
        assert!(evidence.text.contains("\"192.0.2.0/26\"") && !evidence.text.contains("203.0.113.7"));
        assert!(evidence.text.contains("\"changeNumber\": \"359\""), "{}", evidence.text);
        for file in [rules, evidence] {
            let line = "each stands for whatever Azure lists on the day, and is proven as of change 359 of the cloud Public: `Alpha`";
            assert!(file.text.contains(line), "{}", file.text);
        }
        for source in sources(&travelled.proven.files) {
            let of_target = target(name).importers();
            let reads = of_target.iter().any(|importer| importer.recognizes(&source));
            assert_eq!(reads, !is_list(source.name()));
            assert!(of_target.iter().any(|importer| importer.completes(&source)));
        }
    }
}

#[test]
fn what_is_not_wanted_whole_stays_addresses() {
    let tags = [tag("Alpha", &["192.0.2.0/26", "198.51.100.0/24"])];
    let whole = ["192.0.2.0/26", "198.51.100.0/24"];
    let cases: [(&str, Vec<Rule>); 5] = [
        ("a part of a block", vec![in_tcp(&["192.0.2.0/27", "198.51.100.0/24"])]),
        ("one block of two", vec![in_tcp(&whole[..1])]),
        (
            "one block at each port",
            vec![in_tcp(&whole[..1]), wants("api", &whole[1..], Protocol::TCP, &[444])],
        ),
        (
            "one block over each protocol",
            vec![in_tcp(&whole[..1]), wants("api", &whole[1..], Protocol::UDP, &[443])],
        ),
        ("everything", vec![in_tcp(&["0.0.0.0/0", "::/0"])]),
    ];
    for name in TARGETS {
        for (what, rules) in &cases {
            let travelled = written(name, &tags, rules);
            assert!(named(&travelled, &tags).is_empty(), "{name}: {what}");
            assert_eq!(travelled.proven.files.len(), 1, "{name}: {what}");
            assert!(messages(&travelled).contains("service tags are not written: of none"), "{name}: {what}");
        }
    }
}

#[test]
fn a_tag_of_one_block_is_no_better_than_the_block() {
    let tags = [tag("One", &["192.0.2.0/24"]), tag("Halves", &["198.51.100.0/25", "198.51.100.128/25"])];
    for name in TARGETS {
        let travelled = written(name, &tags, &[in_tcp(&["192.0.2.0/24", "198.51.100.0/24"])]);
        assert!(named(&travelled, &tags).is_empty(), "{name}");
    }
}

#[test]
fn of_tags_that_overlap_the_larger_comes_first() {
    let all = ["10.0.0.0/24", "10.1.0.0/24", "10.2.0.0/24", "10.3.0.0/24"];
    let tags = [
        tag("Alpha", &all),
        tag("Alpha.East", &all[..2]),
        // Overlaps without being a part.
        tag("Beta", &["10.3.0.0/24", "10.4.0.0/25", "10.5.0.0/25"]),
    ];
    for name in TARGETS {
        let every = wants("all", &all, Protocol::TCP, &[443]);
        let east = wants("east", &all[..2], Protocol::TCP, &[443]);
        let travelled = written(name, &tags, &[every.clone(), east.clone()]);
        assert_eq!(named(&travelled, &tags), ["Alpha"], "{name}");
        let rules = &travelled.proven.files[0].text;
        assert!(rules.contains("catalog/all") && rules.contains("catalog/east"), "both are named: {rules}");
        assert_eq!(
            named(&written(name, &tags, std::slice::from_ref(&east)), &tags),
            ["Alpha.East"],
            "{name}"
        );
        let other_way = written(name, &tags, &[east.clone(), every.clone()]);
        assert_eq!(travelled.proven.files, other_way.proven.files, "{name}: the order of rules shows");
        // What is allowed at more services needs no tag, and no address, at fewer of them.
        let more = wants("all", &all, Protocol::TCP, &[443, 8443]);
        let travelled = written(name, &tags, &[more, east]);
        assert_eq!(named(&travelled, &tags), ["Alpha"], "{name}");
        assert!(!travelled.proven.files[0].text.contains("10.1.0.0"), "{name}");
        let both = wants("b", &["10.3.0.0/24", "10.4.0.0/25", "10.5.0.0/25"], Protocol::TCP, &[443]);
        assert_eq!(named(&written(name, &tags, &[every, both]), &tags), ["Alpha", "Beta"], "{name}");
    }
}

#[test]
fn a_tag_of_both_families_is_written_where_both_are_wanted_and_never_for_a_firewall() {
    let blocks = ["192.0.2.0/24", "198.51.100.0/24", "2001:db8::/32"];
    let tags = [tag("Both", &blocks)];
    let v4 = written("azure-nsg", &tags, &[in_tcp(&blocks[..2])]);
    assert!(named(&v4, &tags).is_empty());
    assert_eq!(named(&written("azure-nsg", &tags, &[in_tcp(&blocks)]), &tags), ["Both"]);
    for wanted in [&blocks[..2], &blocks[..]] {
        let travelled = written("azure-firewall", &tags, &[in_tcp(wanted)]);
        assert!(named(&travelled, &tags).is_empty());
        let told = "service tags that stay addresses, as they have IPv6, of which Azure Firewall knows nothing: `Both`";
        assert!(messages(&travelled).contains(told), "{}", messages(&travelled));
    }
}

#[test]
fn a_tag_that_the_target_does_not_take_or_that_is_the_own_network_stays_addresses() {
    let blocks = ["192.0.2.0/24", "198.51.100.0/24"];
    let neither = ServiceTag { in_groups: false, in_firewalls: false, ..tag("Neither", &blocks) };
    for name in TARGETS {
        for tags in
            [vec![neither.clone()], vec![tag("Internet", &blocks)], vec![tag("virtualnetwork", &blocks)]]
        {
            assert!(named(&written(name, &tags, &[in_tcp(&blocks)]), &tags).is_empty(), "{name}");
        }
        let travelled = written(name, std::slice::from_ref(&neither), &[in_tcp(&blocks)]);
        assert!(
            messages(&travelled).contains("do not take them: `Neither`")
                || messages(&travelled).contains("does not take them: `Neither`")
        );
    }
}

#[test]
fn catalogs_that_do_not_agree_about_tags_leave_addresses() {
    let blocks = ["192.0.2.0/24", "198.51.100.0/24"];
    let later = ServiceTag { change: "360".into(), ..tag("Later", &["203.0.113.0/25"]) };
    let elsewhere = ServiceTag { cloud: "AzureGovernment".into(), ..later.clone() };
    for name in TARGETS {
        for (other, told) in [
            (later.clone(), "as of several changes, 359 of Public, 360 of Public"),
            (elsewhere.clone(), "as of several changes, 360 of AzureGovernment, 359 of Public"),
            (tag("ALPHA", &["192.0.2.0/24"]), "catalogs differ about its addresses"),
            (tag("Alpha", &["192.0.2.0/24"]), "the service tag `Alpha` is not written: catalogs differ"),
        ] {
            let tags = [tag("Alpha", &blocks), other];
            let travelled = written(name, &tags, &[in_tcp(&blocks)]);
            assert!(named(&travelled, &tags).is_empty(), "{name}: {told}");
            assert!(messages(&travelled).contains(told), "{name}: {}", messages(&travelled));
        }
        let same = [tag("Alpha", &blocks), tag("Alpha", &blocks)];
        assert_eq!(named(&written(name, &same, &[in_tcp(&blocks)]), &same[..1]), ["Alpha"]);
    }
}

#[test]
fn never_is_what_happens_when_nothing_is_set() {
    for name in TARGETS {
        let target = target(name);
        let policy = policy_of(target.speech(), &[in_tcp(&["10.0.0.0/8", "172.16.0.0/12"])]);
        let text = |given: &BTreeMap<String, String>| {
            let travelled = travel_in(target, &policy, &[], given, installed());
            travelled.proven.files.iter().map(|file| file.text.clone()).collect::<Vec<_>>()
        };
        let never = BTreeMap::from([(format!("{name}.service_tags"), "never".to_owned())]);
        assert_eq!(text(&BTreeMap::new()), text(&never));
        assert_eq!(text(&never).len(), 1);
        assert_eq!(text(&exact(name)).len(), 2);
    }
}

/// A tag counts as one, whatever it stands for: one rule of a group, one destination of a firewall.
#[test]
fn a_tag_counts_as_one_where_its_blocks_count_each() {
    let blocks: Vec<String> = (0..6000).map(|at| format!("10.{}.{}.0/25", at / 250, at % 250)).collect();
    let blocks: Vec<&str> = blocks.iter().map(String::as_str).collect();
    let tags = [tag("Large", &blocks)];
    let count = |travelled: &Travelled, word: &str| travelled.proven.files[0].text.matches(word).count();
    let group = "resource \"azurerm_network_security_rule\"";
    let tagged = written("azure-nsg", &tags, &[in_tcp(&blocks)]);
    let plain = written("azure-nsg", &[], &[in_tcp(&blocks)]);
    // In two directions: two rules of at most 4,000 ranges and the denial, or one rule and the denial.
    assert_eq!((count(&plain, group), count(&tagged, group)), (2 * 3, 2 * 2));
    let (tagged, plain) = (
        written("azure-firewall", &tags, &[in_tcp(&blocks)]),
        written("azure-firewall", &[], &[in_tcp(&blocks)]),
    );
    assert_eq!((count(&plain, "azurerm_ip_group\""), count(&tagged, "azurerm_ip_group\"")), (2, 0));
    // A group has 1,000 rules. As each tag needs one for each protocol, too many tags are refused with the arithmetic.
    let many: Vec<[String; 2]> =
        (0..500).map(|at| [0, 128].map(|part| format!("10.{}.{}.{part}/26", at / 250, at % 250))).collect();
    let each = many.iter().enumerate();
    let tags = each.map(|(at, [one, other])| tag(&format!("Tag{at}"), &[one, other])).collect();
    let all: Vec<&str> = many.iter().flatten().map(String::as_str).collect();
    let rules = [Protocol::TCP, Protocol::UDP].map(|protocol| wants("api", &all, protocol, &[443]));
    let target = target("azure-nsg");
    let context = Context { service_tags: tags, ..installed() };
    let policy = policy_of(target.speech(), &rules);
    let travelled = travel_in(target, &policy, &[], &exact("azure-nsg"), context);
    assert!(travelled.hit_a_limit() && travelled.proven.files.is_empty());
    assert!(messages(&travelled).contains("egress 1000 + 1"), "{}", messages(&travelled));
}

/// A list that was cut off is never a shorter one: the tags are not known then.
#[test]
fn a_list_that_was_cut_anywhere_says_nothing_of_its_tags() {
    let tags = [tag("Alpha", &["192.0.2.0/26", "198.51.100.0/24"])];
    for name in TARGETS {
        let files = written(name, &tags, &[in_tcp(&["192.0.2.0/26", "198.51.100.0/24"])]).proven.files;
        let [rules, list] = files.as_slice() else { panic!("two files of {name}") };
        let whole = list.text.trim_end().len();
        for at in (0..whole).step_by(7).chain([whole - 1]) {
            let cut = File { text: list.text[..at].to_owned(), ..list.clone() };
            let read = read(target(name), &[rules.clone(), cut]);
            let sets = || read.policy.sets.iter();
            assert!(sets().any(|set| !set.allows().is_exact()), "{name}: cut at {at}");
            assert!(sets().all(|set| set.allows().at_least.is_empty()), "{name}: cut at {at}");
        }
    }
}
