//! The program under judgement: its commands, and what they print.

use crate::tools::{Ran, must, run};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A lock as a user has it, with addresses that documentation of the hosts' owners gives.
pub(crate) fn lock() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/01_quickstart/egressor.lock")
}

pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_egressor"));
    command.arg("--color=never").args(arguments).current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

/// What only a user knows, so that every endpoint of the catalog has its rule.
pub(crate) const SETTINGS: [&str; 8] = [
    "--set",
    "control_plane_cidr=172.16.0.0/28",
    "--set",
    "dns_servers=10.0.0.2",
    "--set",
    "api_server=10.0.9.0/28",
    "--set",
    "owner=platform",
];

/// Writes the whole catalog for a target, and gives the folder's files by name.
pub(crate) fn generate(target: &str, lock: &Path, more: &[&str], out: &Path) {
    let mut command = command(&["generate", "-q", "--target", target]);
    command.args(SETTINGS).args(more).arg("--lock").arg(lock).arg("--out").arg(out);
    must(&mut command, "");
}

/// Compares two sides, each of several files.
pub(crate) fn diff(old: &[&Path], new: &[&Path], more: &[&str]) -> (Ran, Value) {
    let mut command = command(&["diff", "--format=json"]);
    for (flag, files) in [("--old", old), ("--new", new)] {
        for file in files {
            command.arg(flag).arg(file);
        }
    }
    let ran = run(command.args(more), "");
    let report = serde_json::from_str(&ran.out).unwrap_or(Value::Null);
    (ran, report)
}

/// Reports whether two sides mean the same, or what differs.
pub(crate) fn equal(old: &[&Path], new: &[&Path], more: &[&str]) -> Result<(), String> {
    let (ran, report) = diff(old, new, more);
    if ran.code == 0 && report["verdict"] == "equal" {
        return Ok(());
    }
    Err(format!("{old:?} against {new:?}: exit {}\n{}{}", ran.code, ran.out, ran.err))
}

/// The rows of a report that are added or removed, over all scopes, each as `cidrs protocol/ports`.
pub(crate) fn rows(report: &Value, key: &str) -> Vec<String> {
    let scopes = report["scopes"].as_array().cloned().unwrap_or_default();
    let words = |value: &Value| {
        let words = value.as_array().cloned().unwrap_or_default();
        words.iter().map(|word| word.as_str().unwrap().to_owned()).collect::<Vec<_>>().join(",")
    };
    let mut rows: Vec<String> = scopes
        .iter()
        .flat_map(|scope| {
            let direction = scope["direction"].as_str().unwrap().to_owned();
            let rows = scope[key].as_array().cloned().unwrap_or_default();
            rows.into_iter().map(move |row| {
                let peers = [&row["cidrs"], &row["groups"], &row["names"]].map(words).concat();
                format!("{direction} {}/{} {peers}", row["protocol"].as_str().unwrap(), words(&row["ports"]))
            })
        })
        .collect();
    rows.sort();
    rows
}
