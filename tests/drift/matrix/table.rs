//! The matrix as a page of docs.

use egressor::drift::Verdict;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

/// One policy: its targets, and the lower half of the matrix, row by row.
pub(crate) struct Table {
    name: String,
    what: String,
    targets: Vec<&'static str>,
    cells: Vec<(Verdict, BTreeSet<String>)>,
}

impl Table {
    pub(crate) fn new(name: &str, what: &str, targets: impl Iterator<Item = &'static str>) -> Self {
        Self { name: name.into(), what: what.into(), targets: targets.collect(), cells: Vec::new() }
    }

    pub(crate) fn add(&mut self, verdict: Verdict, why: BTreeSet<String>) {
        assert_eq!(verdict == Verdict::Equal, why.is_empty(), "{}: {why:?}", self.name);
        self.cells.push((verdict, why));
    }

    fn print(&self) -> String {
        let mut text = format!("## {}\n\n{}.\n\n", self.name, capital(&self.what));
        let all: BTreeSet<&String> = self.cells.iter().flat_map(|(_, why)| why).collect();
        let letters: BTreeMap<&String, char> = all.into_iter().zip('a'..='z').collect();
        let numbers: Vec<String> = (1..=self.targets.len()).map(|number| number.to_string()).collect();
        let _ = writeln!(text, "| | {} |\n|---|{}", numbers.join(" | "), "---|".repeat(numbers.len()));
        let mut cells = self.cells.iter();
        for (row, target) in self.targets.iter().enumerate() {
            let of_row: Vec<String> =
                cells.by_ref().take(row + 1).map(|(_, why)| cell(why, &letters)).collect();
            let empty = "| ".repeat(self.targets.len() - row - 1);
            let _ = writeln!(text, "| {} {target} | {} {empty}|", row + 1, of_row.join(" | "));
        }
        text.push('\n');
        for (why, letter) in letters {
            let _ = writeln!(text, "- {letter}: {why}");
        }
        text
    }
}

fn cell(why: &BTreeSet<String>, letters: &BTreeMap<&String, char>) -> String {
    if why.is_empty() {
        return "=".to_owned();
    }
    why.iter().filter_map(|why| letters.get(why)).map(char::to_string).collect::<Vec<_>>().join(" ")
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// The words of a loss without the endpoint that it is about.
pub(crate) fn words(why: &str) -> String {
    let without = why.split_once(": ").filter(|(id, _)| id.contains('/') && !id.contains(' '));
    let words = without.map_or(why, |(_, words)| words);
    // Which host and which paths is not what matters here.
    match words.split_once(" is allowed whole, not only ") {
        Some((_, rest)) => {
            let why = rest.split_once(": ").map_or("", |(_, why)| why);
            format!("a host is allowed whole, not only some paths: {why}")
        }
        None => words.to_owned(),
    }
}

const HEAD: &str = "# Every target against every other

One policy is written by every target, and every pair of the files is compared with `egressor diff`. A cell is `=` where the
files mean the same traffic, else letters: what one of the two declared that it cannot say, or was not asked for, which is all
that differs. Where one file names hosts and the other addresses, they are compared by the addresses of the lock.
`tests/drift/matrix` computes what each file should mean without reading it, and holds `diff` against that at every edge.
This page is written by that test.
";

/// Compares the tables with the page, or writes it with `UPDATE=1`.
pub(crate) fn keep(tables: &[Table]) {
    let text = std::iter::once(HEAD.to_owned())
        .chain(tables.iter().map(Table::print))
        .collect::<Vec<_>>()
        .join("\n");
    println!("{text}");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/matrix.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &text).expect("the page");
    }
    assert_eq!(
        std::fs::read_to_string(&path).unwrap_or_default(),
        text,
        "run with UPDATE=1 and read the diff"
    );
}
