//! The stable library: the example is run, and what is public is listed, so that a break of it shows in review.

#![cfg(test)]

use std::path::Path;

#[path = "../../examples/embed.rs"]
#[expect(dead_code, reason = "its main function is for cargo run")]
mod embed;

mod list;

fn file(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect(name)
}

#[test]
fn the_example_goes_the_whole_way_and_the_docs_show_what_it_prints() {
    let report = embed::embed().unwrap_or_else(|refused| panic!("{refused}"));
    let shown = file("docs/library.md");
    let printed = shown.split("```text\n").nth(1).and_then(|rest| rest.split_once("```")).expect("a block").0;
    assert_eq!(printed.lines().collect::<Vec<_>>(), report, "docs/library.md shows what it prints");
}

#[test]
fn the_docs_name_every_type_of_the_library() {
    let docs = file("docs/library.md");
    for name in list::exported(&file("src/lib.rs")) {
        assert!(docs.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn the_public_interface_is_the_one_that_was_reviewed() {
    let (listed, path) = (list::interface(), "tests/api/public.txt");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(path), &listed).expect("it is written");
    }
    let reviewed = file(path);
    assert_eq!(
        reviewed, listed,
        "the stable interface changed: CONTRIBUTING.md says what that means; UPDATE=1 writes the list anew"
    );
}
