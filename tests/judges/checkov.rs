//! checkov as a second opinion: what it holds against Terraform that is written.

use crate::egressor_itself::{generate, lock};
use crate::tools::{home, run};
use crate::verdicts::Verdicts;
use serde_json::Value;
use std::process::Command;

const JUDGE: &str = "checkov";

#[test]
fn nothing_is_held_against_what_is_written() {
    let Some(home) = home(JUDGE, 1) else { return };
    let mut verdicts = Verdicts::of(JUDGE, "terraform");
    let kept = tempfile::tempdir().unwrap();
    for target in ["aws-security-group", "gcp-firewall"] {
        generate(target, &lock(), &["--all-regions"], &kept.path().join(target));
    }
    let mut checkov = Command::new(home.join("checkov/bin/python3"));
    checkov.args([
        "-m",
        "checkov.main",
        "--framework",
        "terraform",
        "--skip-download",
        "--compact",
        "--quiet",
    ]);
    checkov.args(["-o", "json", "-d"]).arg(kept.path()).env("CHECKOV_RUN_SCA_PACKAGE_SCAN", "false");
    let ran = run(&mut checkov, "");
    let report: Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}\n{}", ran.out, ran.err));
    let summary = &report["summary"];
    assert!(summary["parsing_errors"] == 0, "{summary}");
    for _ in 0..summary["passed"].as_u64().unwrap() {
        verdicts.case(true, String::new);
    }
    for check in report["results"]["failed_checks"].as_array().unwrap() {
        verdicts
            .case(false, || format!("{} {}: {}", check["check_id"], check["resource"], check["check_name"]));
    }
    verdicts.close();
}
