//! The importer of `squid.conf`, with the files that it includes and the lists that its ACLs name.

use super::conf;
use super::files::{Files, references};
use super::kind::Kind;
use super::lift::lift;
use super::lines::lines;
use crate::diag::Source;
use crate::targets::{Imported, Importer};
use std::sync::Arc;

/// Reads `squid.conf`.
#[derive(Debug)]
pub(super) struct SquidConf;

impl Importer for SquidConf {
    fn name(&self) -> &'static str {
        "squid-conf"
    }

    fn recognizes(&self, source: &Source) -> bool {
        // A cheap look first: most files of other formats never say either word.
        if !source.text().contains("http_access") && !source.text().contains("acl") {
            return false;
        }
        let source = Arc::new(Source::new(source.name(), source.text()));
        let lines = lines(&source, &mut Vec::new());
        let starts =
            |word: &str| lines.iter().any(|line| line.words.first().is_some_and(|first| first.text == word));
        let decides = lines.iter().any(|line| {
            let words: Vec<&str> = line.words.iter().take(3).map(|word| word.text.as_str()).collect();
            match words.as_slice() {
                ["http_access", ..] => true,
                ["acl", _, kind] => !matches!(Kind::parse(kind), Kind::Other(_)),
                _ => false,
            }
        });
        // HAProxy has lines that begin with `acl` too.
        decides && !["frontend", "backend", "listen", "defaults"].into_iter().any(starts)
    }

    fn references(&self, source: &Source) -> Vec<String> {
        if !self.recognizes(source) {
            return Vec::new();
        }
        references(&Arc::new(Source::new(source.name(), source.text())))
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        if sources.is_empty() {
            return Imported::default();
        }
        let mut findings = Vec::new();
        let conf = conf::read(&Files::new(sources), &mut findings);
        let policy = lift(&conf, &mut findings);
        Imported { policy, findings }
    }
}
