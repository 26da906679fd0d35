//! The matrix as a page of docs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

/// One policy: its targets, and the lower half of the matrix, row by row.
pub(crate) struct Table {
    name: String,
    what: String,
    targets: Vec<&'static str>,
    /// Why a pair is not equal, and what was not compared.
    cells: Vec<(BTreeSet<String>, BTreeSet<String>)>,
}

impl Table {
    pub(crate) fn new(name: &str, what: &str, targets: impl Iterator<Item = &'static str>) -> Self {
        Self { name: name.into(), what: what.into(), targets: targets.collect(), cells: Vec::new() }
    }

    pub(crate) fn add(&mut self, why: BTreeSet<String>, aside: BTreeSet<String>) {
        self.cells.push((why, aside));
    }

    fn print(&self) -> String {
        let mut text = format!("## {}\n\n{}.\n\n", self.name, capital(&self.what));
        let all: BTreeSet<&String> =
            self.cells.iter().flat_map(|(why, aside)| why.iter().chain(aside)).collect();
        let letters: BTreeMap<&String, char> = all.into_iter().zip('a'..='z').collect();
        let numbers: Vec<String> = (1..=self.targets.len()).map(|number| number.to_string()).collect();
        let _ = writeln!(text, "| | {} |\n|---|{}", numbers.join(" | "), "---|".repeat(numbers.len()));
        let mut cells = self.cells.iter();
        for (row, target) in self.targets.iter().enumerate() {
            let of_row: Vec<String> = cells.by_ref().take(row + 1).map(|it| cell(it, &letters)).collect();
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

fn cell((why, aside): &(BTreeSet<String>, BTreeSet<String>), letters: &BTreeMap<&String, char>) -> String {
    let listed = |words: &BTreeSet<String>| {
        words.iter().filter_map(|why| letters.get(why)).map(char::to_string).collect::<Vec<_>>().join(" ")
    };
    match (why.is_empty(), aside.is_empty()) {
        (true, true) => "=".to_owned(),
        (true, false) => format!("({})", listed(aside)),
        (false, _) => listed(why),
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// The words of a loss without the endpoint or the pods that it is about.
pub(crate) fn words(why: &str) -> String {
    let of_scope = |id: &str| id.ends_with(" egress") || id.ends_with(" ingress");
    let without =
        why.split_once(": ").filter(|(id, _)| id.contains('/') && (!id.contains(' ') || of_scope(id)));
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
that differs. Letters in brackets are what only one of the two can speak about, so that it is told and not compared: the rest
is equal. Where one file names hosts and the other addresses, they are compared by the addresses of the lock.
`tests/drift/matrix` computes what each file should mean without reading it, and holds `diff` against that at every edge.
This page is written by that test.
";

/// Compares the tables with the page, or writes it with `UPDATE=1`.
#[expect(clippy::print_stdout, reason = "the matrix, for whoever runs it with --nocapture")]
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
