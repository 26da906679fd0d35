//! What is public in the stable part, as a list: every item of `src/api`, by its declaration.

use super::file;
use std::collections::BTreeSet;

/// The names that `src/lib.rs` exports.
pub(crate) fn exported(lib: &str) -> BTreeSet<String> {
    let block =
        lib.split_once("pub use api::{").and_then(|(_, rest)| rest.split_once("};")).expect("the exports").0;
    block.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}

/// The files of the stable part.
fn sources() -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/api");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| format!("src/api/{}", entry.expect("an entry").file_name().to_string_lossy()))
        .collect();
    names.sort();
    names
}

/// Every public item of the stable part, one a line, sorted.
pub(crate) fn interface() -> String {
    let mut items: Vec<String> = sources().iter().flat_map(|name| items(&file(name))).collect();
    items.sort();
    format!("{}\n", items.join("\n"))
}

/// The public items of a formatted source.
fn items(source: &str) -> Vec<String> {
    let (mut items, mut derives, mut context) = (Vec::new(), String::new(), String::new());
    let mut variants = false;
    let mut lines = source.lines();
    while let Some(line) = lines.next() {
        let text = line.trim();
        if text.starts_with("#[derive") || text.starts_with("#[non_exhaustive") {
            derives = format!("{derives}{text} ");
        } else if line.starts_with("impl") {
            context = text.trim_end_matches(" {").trim_end_matches("{}").trim().to_owned();
            if context.contains(" for ") {
                items.push(context.clone());
            }
        } else if text.starts_with("pub ") && !text.starts_with("pub use ") {
            let mut item = text.to_owned();
            while !item.ends_with(['{', ';']) && !item.ends_with("{}") {
                let next = lines.next().expect("a declaration ends").trim();
                item = format!("{item} {next}");
            }
            let item = item.trim_end_matches(['{', ';']).trim().to_owned();
            // What a tuple holds is the inside.
            let item = item
                .split_once('(')
                .filter(|_| item.starts_with("pub struct"))
                .map_or(item.clone(), |it| it.0.to_owned());
            variants = item.starts_with("pub enum");
            if item.starts_with("pub fn") {
                items.push(format!("{context}: {item}"));
            } else {
                items.push(format!("{derives}{item}"));
                context = item.trim_start_matches("pub ").to_owned();
            }
            derives.clear();
        } else if line == "}" {
            variants = false;
        } else if variants && text.ends_with(',') && !text.starts_with("//") {
            items.push(format!("{context}: {}", text.trim_end_matches(',')));
        }
    }
    items
}

#[test]
fn what_is_listed_is_what_is_declared() {
    let source = "#[derive(Debug)]\n#[non_exhaustive]\npub enum A {\n    /// One.\n    One,\n    Two(u8),\n}\n\n#[derive(Clone)]\npub struct B(crate::b::B);\n\n\
                  impl B {\n    /// Long.\n    pub fn long(\n        &self,\n        a: u8,\n    ) -> u8 {\n        self.0\n    }\n\n    pub(crate) fn not(&self) {}\n    fn nor(&self) {}\n}\n\nimpl std::fmt::Display for B {\n";
    assert_eq!(
        items(source),
        [
            "#[derive(Debug)] #[non_exhaustive] pub enum A",
            "enum A: One",
            "enum A: Two(u8)",
            "#[derive(Clone)] pub struct B",
            "impl B: pub fn long( &self, a: u8, ) -> u8",
            "impl std::fmt::Display for B",
        ]
    );
}

#[test]
fn only_the_stable_part_is_documented() {
    let lib = file("src/lib.rs");
    let lines: Vec<&str> = lib.lines().collect();
    for pair in lines.windows(2) {
        assert!(!pair[1].starts_with("pub mod") || pair[0] == "#[doc(hidden)]", "{} is not hidden", pair[1]);
    }
    let uses = lines.iter().filter(|line| line.starts_with("pub use"));
    assert_eq!(uses.collect::<Vec<_>>(), [&"pub use api::{"]);
    let declared: BTreeSet<String> = interface()
        .lines()
        .filter_map(|item| item.split_once("pub struct ").or_else(|| item.split_once("pub enum ")))
        .map(|(_, name)| name.to_owned())
        .collect();
    assert_eq!(declared, exported(&lib));
}

#[test]
fn no_type_of_a_dependency_or_of_the_inside_stands_in_the_interface() {
    let own = exported(&file("src/lib.rs"));
    let std = [
        "Self",
        "String",
        "Vec",
        "Option",
        "Result",
        "Iterator",
        "IntoIterator",
        "Item",
        "Debug",
        "Clone",
        "Copy",
        "PartialEq",
        "Eq",
        "PartialOrd",
        "Ord",
        "Hash",
        "Default",
        "Display",
        "Error",
    ];
    let primitive = ["str", "usize", "u8", "u16", "u32", "u64", "bool"];
    for item in interface().lines() {
        // Variants are names and no types; paths of crates are lower-case words before two colons.
        if item.starts_with("enum ") {
            continue;
        }
        let words =
            item.split(|char: char| !char.is_alphanumeric() && char != '_').filter(|word| !word.is_empty());
        for word in words.filter(|word| word.starts_with(char::is_uppercase)) {
            assert!(own.contains(word) || std.contains(&word), "`{word}` in {item}");
        }
        let crates = item.split("::").map(|part| {
            part.rsplit(|char: char| !char.is_alphanumeric() && char != '_').next().unwrap_or_default()
        });
        let paths: Vec<&str> = crates.collect();
        for path in paths.iter().take(paths.len().saturating_sub(1)) {
            assert!(
                path.is_empty() || ["std", "fmt", "error"].contains(path) || primitive.contains(path),
                "`{path}::` in {item}"
            );
        }
    }
}

#[test]
fn every_type_has_an_example_that_is_run() {
    for name in sources() {
        let source = file(&name);
        for (at, _) in source.match_indices("\npub struct ").chain(source.match_indices("\npub enum ")) {
            let before = &source[..at];
            let docs = before.rsplit("\n\n").next().unwrap_or_default();
            let item = source[at..].lines().nth(1).unwrap_or_default();
            assert!(docs.contains("/// ```\n"), "{name}: {item}");
        }
    }
}
