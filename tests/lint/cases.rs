//! Each folder of `tests/cases/lint` holds rule files, and what is found in them.
//!
//! A first line `# lint: …` of `expected.txt` gives the region to explain traffic by. `UPDATE=1` writes what is found
//! now; read the change before it is committed.

use egressor::ops::{LintRequest, Project, lint};
use egressor::packet::Limit;
use egressor::report::human;
use std::path::{Path, PathBuf};

#[test]
fn every_case_has_its_findings() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/lint");
    let folders = |path: &Path| {
        let mut all: Vec<PathBuf> =
            std::fs::read_dir(path).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
        all.sort();
        all
    };
    let cases = folders(&root);
    assert!(cases.len() >= 20, "{} cases", cases.len());
    let update = std::env::var_os("UPDATE").is_some();
    for case in cases {
        let expected = case.join("expected.txt");
        let before = std::fs::read_to_string(&expected).unwrap_or_default();
        let region =
            before.lines().next().and_then(|line| line.strip_prefix("# lint: region ")).map(str::to_owned);
        let files: Vec<PathBuf> = folders(&case).into_iter().filter(|path| *path != expected).collect();
        let project = region.as_ref().map(|region| {
            let mut project = Project::default();
            project.selection.regions = vec![region.clone()];
            project.lock =
                Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/01_quickstart/egressor.lock"));
            project
        });
        let today = "2026-11-22".parse().expect("a day");
        let linted = lint(&LintRequest {
            files,
            before: false,
            project,
            today,
            until: None,
            limit: Limit::default(),
            readers: Vec::new(),
        });
        let mut said = region.map(|region| format!("# lint: region {region}\n")).unwrap_or_default();
        for finding in &linted.findings {
            said.push_str(&human(finding, false).replace(&format!("{}/", case.display()), ""));
            said.push('\n');
        }
        if update {
            std::fs::write(&expected, &said).expect("the expectation can be written");
        } else {
            assert_eq!(said, before, "{}", case.display());
        }
    }
}
