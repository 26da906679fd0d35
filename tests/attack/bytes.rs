//! The bodies of the fuzzing targets, over the corpus, over what was found before, and over mutants of both.

use crate::bodies::{names, run};
use crate::common::hostile::HOSTILE;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, all: &mut Vec<Vec<u8>>) {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            files(&path, all);
        } else if path.file_name().is_some_and(|name| name != "meaning.txt" && name != "expected.txt") {
            all.push(fs::read(path).expect("a file"));
        }
    }
}

/// What a target starts from.
fn seeds(name: &str) -> Vec<Vec<u8>> {
    let folders: &[&str] = match name {
        "catalog" => &["catalog", "tests/cases/catalog"],
        "overlay" => &["examples/04_project/overlays"],
        "project" | "lock" => &["examples/04_project"],
        "prefix-list" => &["examples/03_custom_template"],
        _ => &[],
    };
    let mut all = vec![Vec::new()];
    for folder in folders {
        files(&root().join(folder), &mut all);
    }
    files(&root().join("tests/corpus").join(name), &mut all);
    files(&root().join("tests/attack/found").join(name), &mut all);
    let questions = ["api.example.com:443/tcp/a/b", "[2001:db8::1]:53/udp", "192.0.2.1/icmp:3.1", "a:1/tcp"];
    all.extend(questions.iter().filter(|_| name == "question").map(|text| text.as_bytes().to_vec()));
    all.retain(|bytes| bytes.len() < 60_000);
    all
}

#[test]
fn every_target_of_the_fuzzer_is_a_name_of_the_list() {
    let file = fs::read_to_string(root().join("fuzz/Cargo.toml")).expect("the manifest");
    let listed: Vec<String> = file
        .lines()
        .filter_map(|line| line.strip_prefix("path = \"fuzz_targets/")?.strip_suffix(".rs\""))
        .map(|name| name.replace('_', "-"))
        .collect();
    let mut wanted: Vec<String> = names().iter().map(ToString::to_string).collect();
    let mut sorted = listed.clone();
    wanted.sort();
    sorted.sort();
    assert_eq!(sorted, wanted);
    for name in listed {
        let body = root().join(format!("fuzz/fuzz_targets/{}.rs", name.replace('-', "_")));
        let body = fs::read_to_string(body).expect("the target");
        assert!(body.contains(&format!("run(\"{name}\", data)")), "{name}");
    }
}

#[test]
fn seeds_and_finds_keep_every_promise() {
    for name in names() {
        for bytes in seeds(name) {
            run(name, &bytes);
        }
    }
}

/// One change of some bytes.
#[derive(Debug, Clone)]
enum Change {
    Cut,
    Drop,
    Copy,
    Insert(Vec<u8>),
    Flip(u8),
}

fn change() -> impl Strategy<Value = Change> {
    let strangers = prop::sample::select(HOSTILE.to_vec()).prop_map(|text| Change::Insert(text.into()));
    prop_oneof![
        1 => Just(Change::Cut),
        3 => Just(Change::Drop),
        3 => Just(Change::Copy),
        4 => strangers,
        2 => (1_u8..=255).prop_map(Change::Flip),
    ]
}

fn mutant(seed: &[u8], changes: &[(prop::sample::Index, usize, Change)]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for (at, length, change) in changes {
        let at = at.index(bytes.len() + 1);
        let end = (at + length).min(bytes.len());
        match change {
            Change::Cut => bytes.truncate(at),
            Change::Drop => drop(bytes.drain(at..end)),
            Change::Copy => {
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            Change::Insert(text) => drop(bytes.splice(at..at, text.iter().copied())),
            Change::Flip(by) => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= by),
        }
    }
    bytes
}

/// A number that the caller of the tests chose, or another one.
fn chosen(variable: &str, else_: u32) -> u32 {
    let text = std::env::var(variable).ok();
    text.map_or(else_, |text| text.parse().unwrap_or_else(|_| panic!("{variable}={text} is no number")))
}

/// Runs a body on so many generated inputs, the same ones in each run. `EGRESSOR_ATTACKS` multiplies their number, and
/// `EGRESSOR_SEED` chooses others.
fn attack(name: &str, cases: u32, inputs: &impl Strategy<Value = Vec<u8>>) {
    let cases = cases * chosen("EGRESSOR_ATTACKS", 1);
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) };
    let mut seed = [7; 32];
    seed[..4].copy_from_slice(&chosen("EGRESSOR_SEED", 0).to_le_bytes());
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let outcome = TestRunner::new_with_rng(config, random).run(inputs, |bytes| {
        run(name, &bytes);
        Ok(())
    });
    if let Err(why) = outcome {
        panic!("{name}: {why}");
    }
}

/// Importers have thousands of mutants more in `tests/mutations.rs`, which knows their lines and words.
#[test]
fn mutants_of_seeds_keep_every_promise() {
    for name in names() {
        let cases = match name {
            "algebra" => 300,
            "overlay" => 60,
            "catalog" | "project" | "lock" | "prefix-list" | "question" => 250,
            _ => 25,
        };
        let mut seeds = seeds(name);
        if name == "algebra" {
            seeds.extend((1_u8..40).map(|seed| (0..80).map(|at| seed.wrapping_mul(at)).collect()));
        }
        let changes = prop::collection::vec((any::<prop::sample::Index>(), 1_usize..40, change()), 1..5);
        let mutants =
            (prop::sample::select(seeds), changes).prop_map(|(seed, changes)| mutant(&seed, &changes));
        attack(name, cases, &mutants);
    }
}

#[test]
fn the_algebra_agrees_with_trying_rule_after_rule() {
    attack("algebra", 300, &prop::collection::vec(any::<u8>(), 0..80));
}
