//! The list of targets against the folders and templates that are there.

use super::layers::target_folders;
use super::tree;
use egressor::targets::TARGETS;
use std::collections::BTreeSet;

/// What only one side has, in words.
fn unlike(
    left: &BTreeSet<String>,
    right: &BTreeSet<String>,
    only_left: &str,
    only_right: &str,
) -> Vec<String> {
    let here = left.difference(right).map(|name| format!("`{name}` {only_left}"));
    here.chain(right.difference(left).map(|name| format!("`{name}` {only_right}"))).collect()
}

/// Names in a list that stand there twice.
fn twice(names: &[String]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    names.iter().filter(|name| !seen.insert(*name)).cloned().collect()
}

#[test]
fn every_folder_is_a_target_and_every_target_has_its_folder() {
    let folders = target_folders(&tree::files("src/targets"));
    let names = TARGETS.iter().map(|target| target.name().replace('-', "_")).collect();
    let wrong =
        unlike(&folders, &names, "has a folder and no entry in TARGETS", "is in TARGETS and has no folder");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_template_is_listed_by_one_target_and_as_it_is_in_its_file() {
    let files = tree::files("templates");
    let there = files.iter().map(|(path, _)| path.trim_start_matches("templates/").to_owned()).collect();
    let listed: Vec<(&str, &str)> =
        TARGETS.iter().flat_map(|target| target.templates().iter().copied()).collect();
    let names: Vec<String> = listed.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(twice(&names), [""; 0]);
    let wrong = unlike(
        &there,
        &names.into_iter().collect(),
        "is listed by no target",
        "is listed and not in templates/",
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
    for (name, text) in listed {
        let path = format!("templates/{name}");
        let on_disk = files.iter().find(|(file, _)| *file == path).map(|(_, text)| text.as_str());
        assert_eq!(on_disk, Some(text), "{name}");
    }
}

#[test]
fn templates_are_named_after_their_target() {
    for target in TARGETS {
        for (name, _) in target.templates() {
            assert!(named_after(target.name(), name), "{name} of {}", target.name());
        }
    }
}

/// Reports whether a template is `<target>.<ext>.tera` or `<target>-<part>.<ext>.tera`.
fn named_after(target: &str, template: &str) -> bool {
    let rest = template.strip_prefix(target).and_then(|rest| rest.strip_suffix(".tera"));
    rest.is_some_and(|rest| rest.starts_with(['.', '-']) && rest.contains('.'))
}

#[test]
fn what_is_missing_on_either_side_is_named() {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert!(unlike(&set(&["a", "b"]), &set(&["b", "a"]), "l", "r").is_empty());
    assert_eq!(
        unlike(&set(&["a", "b"]), &set(&["b", "c"]), "only left", "only right"),
        ["`a` only left", "`c` only right"]
    );
    assert_eq!(twice(&["a".into(), "b".into(), "a".into()]), ["a"]);
}

#[test]
fn names_of_templates_are_checked() {
    assert!(
        named_after("iptables", "iptables.rules.tera")
            && named_after("gcp-firewall", "gcp-firewall-rules.tf.tera")
    );
    for wrong in ["squid.conf.tera", "iptables.tera", "iptablesx.rules.tera", "iptables.rules"] {
        assert!(!named_after("iptables", wrong), "{wrong}");
    }
}
