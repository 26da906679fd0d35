//! The kernel's verdicts beside what rules are said to mean, and beside what is read of `iptables-save` and `nft list`.

use crate::kernel::{Answer, Backend, Case, ask};
use crate::nft::listed_alike;
use crate::verdicts::Verdicts;
use egressor::diag::{Source, any_error};
use egressor::policy::{Bounds, Direction};
use egressor::targets::find;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

/// Compares the kernel's verdicts with what the rules are said to let through: where that is sure, it is the verdict.
/// What `iptables-save` prints of the loaded rules must mean the same, and `egressor diff` must say so.
#[expect(clippy::print_stdout, reason = "what was tried is counted")]
pub(crate) fn agree(backend: Backend, test: &'static str, cases: &[Case]) {
    let mut judged = Verdicts::of(backend.judge(), test);
    let Some(answers) = ask(backend, cases) else { return };
    let (mut tried, mut passed, mut unsure) = (0_usize, 0_usize, 0_usize);
    for (case, answer) in cases.iter().zip(answers) {
        judged.case(answer.untranslated.is_empty(), || {
            format!("{}: not translated:\n{}", case.name, answer.untranslated)
        });
        assert!(case.packets.len() == answer.verdicts.len() || !answer.untranslated.is_empty());
        for (packet, verdict) in case.packets.iter().zip(&answer.verdicts) {
            let (least, most) = (case.allows.at_least.at(packet), case.allows.at_most.at(packet));
            judged.case(if *verdict { most } else { !least }, || {
                format!("{}: the kernel says {verdict} to {packet:?}\n{}", case.name, case.rules)
            });
            tried += 1;
            passed += usize::from(*verdict);
            unsure += usize::from(least != most);
        }
        let same = match backend {
            Backend::Nft | Backend::Legacy => Some(saved_alike(case, &answer)),
            Backend::Translated if !answer.untranslated.is_empty() => None,
            Backend::Translated | Backend::Ruleset => Some(listed_alike(backend, case, &answer)),
        };
        if let Some(same) = same {
            judged.case(same.is_ok(), || format!("{}: {}\n{}", case.name, same.unwrap_err(), case.rules));
        }
    }
    println!(
        "{}: {} rule sets, {tried} packets: {passed} passed, {unsure} not decided by the rules",
        backend.judge(),
        cases.len()
    );
    judged.close();
    assert!(passed > 0 && passed < tried, "{passed} of {tried} packets passed");
}

/// What rules let through in one direction, as they are read; nothing when they are not understood.
pub(crate) fn read(rules: &str, sets: Option<&str>, direction: Direction) -> Bounds {
    let mut sources = vec![Arc::new(Source::new("rules", rules))];
    sources.extend(sets.map(|sets| Arc::new(Source::new("sets", sets))));
    let read = find("iptables").unwrap().importers()[0].import(&sources);
    assert!(!any_error(&read.findings), "{:?}\n{rules}", read.findings);
    let scope = match direction {
        Direction::Egress => "filter/OUTPUT",
        Direction::Ingress => "filter/INPUT",
    };
    read.policy.sets.iter().find(|set| set.scope.name == scope).unwrap().allows()
}

/// Reports whether `iptables-save` prints what means the same as what was loaded.
fn saved_alike(case: &Case, answer: &Answer) -> Result<(), String> {
    let found = read(&answer.saved, case.sets.as_deref(), case.direction);
    if found != case.allows {
        return Err(format!("what was saved means something else:\n{}", answer.saved));
    }
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        fs::write(folder.path().join(name), text).unwrap();
        name.to_owned()
    };
    let mut command = Command::new(env!("CARGO_BIN_EXE_egressor"));
    command.args(["--color=never", "diff", "--format=json"]).current_dir(folder.path());
    command.args(["--old", &write("loaded", &case.rules), "--new", &write("saved", &answer.saved)]);
    if let Some(sets) = &case.sets {
        let sets = write("sets", sets);
        command.args(["--old", &sets, "--new", &sets]);
    }
    let ran = command.output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap_or_default();
    if ran.status.code() == Some(0) && report["verdict"] == "equal" {
        return Ok(());
    }
    Err(format!(
        "diff ends with {}:\n{}{}\n{}",
        ran.status,
        String::from_utf8_lossy(&ran.stdout),
        String::from_utf8_lossy(&ran.stderr),
        answer.saved
    ))
}

/// The text of a file of the tests.
pub(crate) fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
