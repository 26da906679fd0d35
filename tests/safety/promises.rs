//! SECURITY.md names the tests that show what it promises; they are there.

use crate::run::file;

/// The tests that a page names, as `path::name` in backticks.
fn named(page: &str) -> Vec<(&str, &str)> {
    page.split('`').skip(1).step_by(2).filter_map(|word| word.split_once(".rs::")).collect()
}

/// Reports whether a source has a test of that name: a function behind `#[test]`, with other attributes between.
fn has(source: &str, name: &str) -> bool {
    let function = format!("fn {name}(");
    let mut lines: Vec<&str> = source.lines().map(str::trim).collect();
    let Some(at) = lines.iter().position(|line| line.starts_with(&function)) else { return false };
    lines.truncate(at);
    lines.iter().rev().take_while(|line| line.starts_with("#[")).any(|line| *line == "#[test]")
}

#[test]
fn every_test_that_the_page_names_is_there() {
    let page = std::fs::read_to_string(file("SECURITY.md")).expect("the page");
    let named = named(&page);
    assert!(named.len() > 40, "{}", named.len());
    for (path, name) in named {
        let source = std::fs::read_to_string(file(&format!("{path}.rs"))).unwrap_or_default();
        assert!(has(&source, name), "there is no test `{name}` in {path}.rs");
    }
}

#[test]
fn every_promise_of_the_page_names_a_test() {
    let page = std::fs::read_to_string(file("SECURITY.md")).expect("the page");
    let promised = page.split("| promise | test |\n|---|---|\n").skip(1);
    let rows = promised.flat_map(|table| table.lines().take_while(|line| line.starts_with('|')));
    let without: Vec<&str> = rows.clone().filter(|row| named(row).is_empty()).collect();
    assert!(rows.count() > 25 && without.is_empty(), "{without:?}");
}

#[test]
fn a_name_that_is_no_test_is_found() {
    let source = "#[test]\n#[cfg(unix)]\nfn a() {}\n\nfn b() {}\n";
    assert!(has(source, "a") && !has(source, "b") && !has(source, "c"));
    assert_eq!(named("see `x/y.rs::a`, `b` and `z.rs::c`"), [("x/y", "a"), ("z", "c")]);
}
