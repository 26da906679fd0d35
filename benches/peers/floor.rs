//! The floor beneath each row of `benches/peers/run`: a process that reads its input and then stops.
//!
//! `floor prefixes|rules|catalog|json FILE…` reads with the readers that the program reads with, and does nothing with it.
#![expect(clippy::print_stdout, reason = "what is said when nothing is asked")]
#![expect(clippy::expect_used, reason = "a bench without its input has to stop")]

use egressor::catalog;
use egressor::diag::{Code, Source, any_error};
use egressor::syntax::json;
use egressor::syntax::prefix_list::Reader;
use egressor::targets::TARGETS;
use std::fs::{File, read_to_string};
use std::io::Read as _;
use std::sync::Arc;

/// How much of a prefix list is in memory at a time.
const PIECE: usize = 256 << 10;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [kind, files @ ..] = args.as_slice() else {
        println!("floor prefixes|rules|catalog|json FILE…");
        return;
    };
    for file in files {
        match kind.as_str() {
            "prefixes" => prefixes(file),
            "rules" => rules(file),
            "catalog" => assert!(catalog::load(&source(file)).0.is_some(), "{file} is no catalog"),
            "json" => drop(json::parse(&source(file), Code::ReadSyntax).expect("JSON")),
            other => println!("{other} is not known"),
        }
    }
}

fn source(file: &str) -> Arc<Source> {
    Arc::new(Source::new(file, read_to_string(file).expect("a text")))
}

fn prefixes(file: &str) {
    let mut input = File::open(file).expect("a file");
    let (mut reader, mut buffer, mut filled) = (Reader::default(), vec![0; PIECE], 0);
    loop {
        let read = input.read(buffer.get_mut(filled..).expect("room")).expect("bytes");
        filled += read;
        let taken = reader.feed(buffer.get(..filled).expect("what was read"), read == 0).expect("prefixes");
        if read == 0 {
            break;
        }
        buffer.copy_within(taken..filled, 0);
        filled -= taken;
    }
    drop(std::hint::black_box(reader));
}

fn rules(file: &str) {
    let source = source(file);
    let mut importers = TARGETS.iter().flat_map(|target| target.importers().iter());
    let importer = importers.find(|importer| importer.recognizes(&source)).expect("a known format");
    let read = importer.import(&[source]);
    assert!(!any_error(&read.findings), "{:?}", read.findings);
}
