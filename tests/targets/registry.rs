//! What an entry of the registry must have.

use super::fake::{FAKES, Flaw, flawed};
use egressor::render::Renderer;
use egressor::targets::{OptionKind, OptionSpec, Options, TARGETS, Target, find};
use std::collections::{BTreeMap, BTreeSet};

/// Templates that reproduce a vendor's page to the letter, or are JSON without comments that an API takes, so that nothing
/// may stand before it.
const TO_THE_LETTER: [&str; 2] =
    ["gke-module-literal.tfvars.tera", "aws-security-group-permissions.json.tera"];

/// Everything that is wrong with a list of targets, in words.
fn wrong(targets: &[&dyn Target]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for target in targets {
        let name = target.name();
        let mut refuse = |bad: bool, why: &str| {
            if bad {
                wrong.push(format!("`{name}`: {why}"));
            }
        };
        refuse(!is_kebab(name), "its name is not lower case with hyphens");
        refuse(!seen.insert(format!("target {name}")), "another target has its name");
        let summary = target.summary();
        refuse(summary.trim().is_empty() || summary.lines().count() != 1, "its summary is not one line");
        refuse(
            summary.trim() != summary || summary.ends_with('.'),
            "its summary ends in a period or a space",
        );
        refuse(target.templates().is_empty(), "it has no template");
        for (template, text) in target.templates() {
            refuse(!seen.insert(format!("template {template}")), "a template is listed twice");
            refuse(text.trim().is_empty(), "a template is empty");
            let banner = text.contains("banner") || TO_THE_LETTER.contains(template);
            refuse(!banner, "a template does not print the banner");
        }
        let loaded = Renderer::new(target.templates().iter().copied());
        refuse(loaded.is_err(), "a template does not load");
        refuse(target.limits().is_empty(), "it states no limit");
        for limit in target.limits() {
            refuse(limit.what.trim().is_empty() || limit.max == 0, "a limit says nothing");
            refuse(!limit.source.starts_with("https://"), "a limit has no source");
        }
        refuse(target.importers().is_empty(), "nothing reads what it writes");
        for importer in target.importers() {
            refuse(!is_kebab(importer.name()), "the name of a reader is not lower case with hyphens");
            refuse(
                !seen.insert(format!("reader {}", importer.name())),
                "another reader has the name of one of its",
            );
        }
        for spec in target.options() {
            refuse(!seen.insert(format!("option {}", spec.key)), "a setting is declared twice");
            // A variable of the project has a name of its own.
            let is_variable = spec.kind == OptionKind::Proxy && spec.key == "proxy";
            refuse(!is_key(spec) && !is_variable, "a setting is not called `place.what`");
            refuse(
                spec.summary.trim().is_empty() || spec.summary.lines().count() != 1,
                "a setting has no summary",
            );
            let default = spec.default.and_then(|default| spec.kind.refuses(default));
            refuse(default.is_some(), "a setting refuses its own default");
        }
        let options = Options::new(target.options(), &BTreeMap::new());
        let kept = target.options().iter().all(|spec| options.get(spec.key) == spec.default);
        refuse(!kept, "a default is lost");
        let needs: BTreeSet<_> = target.needs().iter().collect();
        refuse(needs.len() != target.needs().len(), "a need is listed twice");
    }
    wrong
}

fn is_kebab(name: &str) -> bool {
    let plain = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit();
    !name.is_empty() && name.split('-').all(|word| !word.is_empty() && word.chars().all(plain))
}

fn is_key(spec: &OptionSpec) -> bool {
    let plain = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || matches!(char, '_' | '-');
    let words: Vec<&str> = spec.key.split('.').collect();
    words.len() == 2 && words.iter().all(|word| !word.is_empty() && word.chars().all(plain))
}

#[test]
fn every_entry_of_the_registry_is_complete() {
    let found = wrong(TARGETS);
    assert!(found.is_empty(), "{found:#?}");
    for target in TARGETS {
        assert_eq!(find(target.name()).map(Target::name), Some(target.name()));
    }
    assert!(find("no-such-target").is_none());
}

#[test]
fn the_fakes_are_complete_and_flawed_ones_are_not() {
    for fake in FAKES {
        assert_eq!(wrong(&[*fake]), [""; 0]);
    }
    for flaw in [Flaw::NoReader, Flaw::NoLimit, Flaw::BadDefault, Flaw::NoBanner] {
        assert!(!wrong(&[flawed(flaw)]).is_empty(), "{flaw:?}");
    }
    assert!(!wrong(&[FAKES[0], FAKES[0]]).is_empty());
}
