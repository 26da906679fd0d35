//! Bad catalogs: each folder of `tests/cases/catalog` holds one, and what is said about it.
//!
//! `UPDATE=1` writes what is said now; read the change before it is committed.

use egressor::catalog::load;
use egressor::diag::{Source, any_error};
use egressor::report::human;
use std::path::Path;
use std::sync::Arc;

#[test]
fn every_bad_catalog_is_refused_and_told_why() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/catalog");
    let mut cases: Vec<_> =
        std::fs::read_dir(&root).expect("the cases").map(|entry| entry.expect("an entry").path()).collect();
    cases.sort();
    assert!(cases.len() >= 15, "{} cases", cases.len());
    let update = std::env::var_os("UPDATE").is_some();
    for case in cases {
        let text = std::fs::read_to_string(case.join("catalog.yaml")).expect("a catalog");
        let (catalog, findings) = load(&Arc::new(Source::new("catalog.yaml", text)));
        assert!(catalog.is_none() && any_error(&findings), "{} is refused", case.display());
        let said: Vec<String> = findings.iter().map(|finding| human(finding, false)).collect();
        let said = format!("{}\n", said.join("\n"));
        let path = case.join("expected.txt");
        if update {
            std::fs::write(&path, &said).expect("the expectation can be written");
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(said, expected, "{}", case.display());
    }
}

#[test]
fn aliases_that_explode_and_nesting_without_end_are_refused() {
    let mut bomb = "a: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let before = format!("*a{}", level - 1);
        bomb = format!("{bomb}b{level}: &a{level} [{}]\n", vec![before; 9].join(", "));
    }
    for text in [bomb, "[".repeat(200_000), "{a: ".repeat(100_000)] {
        let (catalog, findings) = load(&Arc::new(Source::new("bomb", text)));
        assert!(catalog.is_none() && any_error(&findings));
    }
}
