//! The laws, for any format.

use super::dice::Dice;
use super::rows::holding;
use super::world::{Edges, Packet};
use egressor::diag::{Finding, any_error};
use egressor::drift::Doubt;
use egressor::ops::{DiffRequest, Project, Side, diff, show};
use egressor::packet::Limit;
use egressor::report::{Comparison, DiffJson, PolicyJson};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// A scope by its name, and whether it is egress.
pub(crate) type Scope = (String, bool);

/// Names and texts of files that are read together.
pub(crate) type Files = Vec<(String, String)>;

/// A format with its naive evaluator.
pub(crate) trait Format: Sized + Clone + std::fmt::Debug {
    /// Random rules. They speak about every scope surely, in a way that no edit takes away.
    fn random(dice: &mut Dice) -> Self;

    /// The rules in files, spelt by chance.
    fn write(&self, dice: &mut Dice) -> Files;

    /// The scopes that the files surely tell.
    fn scopes(&self) -> Vec<Scope>;

    /// Reports whether a packet passes.
    fn allows(&self, scope: &Scope, packet: &Packet) -> bool;

    /// The edges of what rules name.
    fn edges(&self, edges: &mut Edges);

    /// Other rules that mean the same.
    fn rewrite(&self, dice: &mut Dice) -> Self;

    /// The rules with one thing changed.
    fn edit(&self, dice: &mut Dice) -> Self;
}

/// Packets for each comparison.
const PACKETS: usize = 240;

struct Written {
    folder: tempfile::TempDir,
    paths: Vec<PathBuf>,
    text: String,
}

fn written(files: &Files) -> Written {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let mut text = String::new();
    for (name, contents) in files {
        fs::create_dir_all(path(name).parent().unwrap()).unwrap();
        fs::write(path(name), contents).unwrap();
        writeln!(text, "==> {name}\n{contents}").unwrap();
    }
    let paths = files.iter().map(|(name, _)| path(name)).collect();
    Written { folder, paths, text }
}

fn show_json(written: &Written) -> Value {
    let shown = show(&written.paths);
    assert!(
        written.folder.path().exists() && !any_error(&shown.findings),
        "{:?}\n{}",
        shown.findings,
        written.text
    );
    serde_json::to_value(
        PolicyJson::new(&shown.source, &shown.format, &shown.policy, &shown.findings, Limit::default())
            .unwrap(),
    )
    .unwrap()
}

fn diff_json(old: &Written, new: &Written) -> Value {
    let side = |written: &Written| Side::Files(written.paths.clone());
    compared(side(old), side(new), Project::default())
        .unwrap_or_else(|findings| panic!("{findings:?}\n{}\n{}", old.text, new.text))
}

/// What `diff` says as JSON, or why it says nothing.
pub(crate) fn compared(old: Side, new: Side, project: Project) -> Result<Value, Vec<Finding>> {
    let request = DiffRequest {
        old,
        new,
        project,
        explain: false,
        maps: Vec::new(),
        scopes: Vec::new(),
        ignore: None::<&Path>.map(Path::to_owned),
        doubt: Doubt::Unknown,
        envelope: Vec::new(),
        limit: Limit::default(),
        readers: Vec::new(),
    };
    let diffed = diff(&request);
    if !diffed.compared {
        return Err(diffed.findings);
    }
    let comparison = Comparison {
        sources: &diffed.sources,
        drift: &diffed.drift,
        findings: &diffed.findings,
        compared: diffed.compared,
        wanted_is_new: None,
        witness: false,
    };
    Ok(serde_json::to_value(DiffJson::new(&comparison)).unwrap())
}

/// The scope of that name, or the only one of its direction: what a file calls it is its own affair.
fn scope_of<'a>(document: &'a Value, (name, egress): &Scope) -> Option<&'a Value> {
    let direction = if *egress { "egress" } else { "ingress" };
    let of_direction: Vec<&Value> = document["scopes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|scope| scope["direction"] == direction)
        .collect();
    let named = of_direction.iter().find(|scope| scope["scope"] == *name);
    named.or(of_direction.first().filter(|_| of_direction.len() == 1)).copied()
}

/// `show` says of each packet what the evaluator says, in rows that are disjoint.
pub(crate) fn shown<F: Format>(seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let mut dice = Dice::new(seed);
        let rules = F::random(&mut dice);
        let written = written(&rules.write(&mut dice));
        let document = show_json(&written);
        let mut edges = Edges::default();
        rules.edges(&mut edges);
        for scope in rules.scopes() {
            let about = |packet: &Packet| format!("seed {seed}: {packet:?} of {scope:?}\n{}", written.text);
            let found = scope_of(&document, &scope)
                .unwrap_or_else(|| panic!("seed {seed}: no {scope:?} in {document:#}\n{}", written.text));
            assert_eq!(found["exact"], true, "seed {seed}\n{}", written.text);
            for packet in edges.packets(&mut dice, PACKETS) {
                let expected = usize::from(rules.allows(&scope, &packet));
                assert_eq!(holding(&found["allows"]["at_least"], &packet), expected, "{}", about(&packet));
                assert_eq!(holding(&found["allows"]["at_most"], &packet), expected, "{}", about(&packet));
            }
        }
    }
}

/// Rules that are rewritten without effect are equal.
pub(crate) fn rewritten<F: Format>(seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let mut dice = Dice::new(seed);
        let rules = F::random(&mut dice);
        let other = rules.rewrite(&mut dice);
        let (old, new) = (written(&rules.write(&mut dice)), written(&other.write(&mut dice)));
        let about = format!("seed {seed}\n{}\n{}", old.text, new.text);
        let mut edges = Edges::default();
        rules.edges(&mut edges);
        for scope in rules.scopes() {
            for packet in edges.packets(&mut dice, PACKETS / 4) {
                let (before, after) = (rules.allows(&scope, &packet), other.allows(&scope, &packet));
                assert_eq!(before, after, "the rewriting is wrong: {scope:?} {packet:?} {about}");
            }
        }
        for (old, new) in [(&old, &new), (&new, &old)] {
            let document = diff_json(old, new);
            assert_eq!(document["verdict"], "equal", "{about}\n{document:#}");
            for scope in document["scopes"].as_array().unwrap() {
                for rows in ["added", "removed", "unknown"] {
                    assert_eq!(scope[rows], json!([]), "{about}");
                }
            }
        }
    }
}

/// What is changed is exactly the traffic that the evaluator decides otherwise.
pub(crate) fn edited<F: Format>(seeds: std::ops::Range<u64>) {
    let (mut changed, count) = (0, seeds.clone().count());
    for seed in seeds {
        let mut dice = Dice::new(seed);
        let rules = F::random(&mut dice);
        let other = rules.edit(&mut dice);
        let (old, new) = (written(&rules.write(&mut dice)), written(&other.write(&mut dice)));
        let document = diff_json(&old, &new);
        let mut edges = Edges::default();
        rules.edges(&mut edges);
        other.edges(&mut edges);
        let mut differs = [false; 2];
        for scope in rules.scopes() {
            let found = scope_of(&document, &scope);
            assert!(found.is_some(), "seed {seed}: no {scope:?} in {document:#}\n{}\n{}", old.text, new.text);
            for packet in edges.packets(&mut dice, PACKETS) {
                let (before, after) = (rules.allows(&scope, &packet), other.allows(&scope, &packet));
                let rows = |key: &str| found.map_or(0, |scope| holding(&scope[key], &packet));
                let (added, removed) = (!before && after, before && !after);
                differs = [differs[0] | added, differs[1] | removed];
                assert_eq!(
                    (rows("added"), rows("removed"), rows("unknown")),
                    (usize::from(added), usize::from(removed), 0),
                    "seed {seed}: {packet:?} of {scope:?}\n{}\n{}\n{document:#}",
                    old.text,
                    new.text
                );
            }
        }
        changed += usize::from(differs != [false; 2]);
        let verdict = document["verdict"].as_str().unwrap();
        let possible: &[&str] = match differs {
            [true, true] => &["changed"],
            [true, false] => &["broadened", "changed"],
            [false, true] => &["narrowed", "changed"],
            [false, false] => &["equal", "broadened", "narrowed", "changed"],
        };
        assert!(
            possible.contains(&verdict),
            "seed {seed}: {verdict} {differs:?}\n{}\n{}",
            old.text,
            new.text
        );
    }
    assert!(changed > count / 5, "{changed} of {count} edits changed a packet that was tried");
}

/// The tests of a format.
macro_rules! laws {
    ($format:ty, $seeds:expr) => {
        #[test]
        fn show_agrees_with_an_evaluator_of_its_own() {
            $crate::law::shown::<$format>(0..$seeds);
        }

        #[test]
        fn what_is_rewritten_without_effect_is_equal() {
            $crate::law::rewritten::<$format>(1_000..1_000 + $seeds);
        }

        #[test]
        fn one_change_is_exactly_that_traffic() {
            $crate::law::edited::<$format>(2_000..2_000 + $seeds);
        }
    };
}
pub(crate) use laws;
