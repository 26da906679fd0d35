//! The importer of `tinyproxy.conf` with its filter.

use super::conf::{self, is_conf};
use super::filter::{HEAD, entries};
use super::lift::lift;
use crate::diag::{Code, Finding, Source};
use crate::targets::proxies::beside::named;
use crate::targets::{Imported, Importer};
use std::sync::Arc;

/// Reads `tinyproxy.conf`.
#[derive(Debug)]
pub(super) struct TinyproxyConf;

impl Importer for TinyproxyConf {
    fn name(&self) -> &'static str {
        "tinyproxy-conf"
    }

    fn recognizes(&self, source: &Source) -> bool {
        is_filter(source) || is_conf(source.text())
    }

    fn references(&self, source: &Source) -> Vec<String> {
        if !is_conf(source.text()) {
            return Vec::new();
        }
        let source = Arc::new(Source::new(source.name(), source.text()));
        conf::read(&[&source], &mut Vec::new()).filter.map(|(path, _)| path).into_iter().collect()
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        if sources.is_empty() {
            return Imported::default();
        }
        let mut findings = Vec::new();
        let confs: Vec<&Arc<Source>> = sources.iter().filter(|source| is_conf(source.text())).collect();
        if confs.is_empty() {
            let message = "a filter says nothing without the `tinyproxy.conf` that names it";
            findings.push(Finding::new(Code::FileRead, message));
            return Imported { findings, ..Imported::default() };
        }
        let conf = conf::read(&confs, &mut findings);
        let others: Vec<&Arc<Source>> = sources.iter().filter(|source| !is_conf(source.text())).collect();
        let mut list = None;
        if let Some((path, place)) = &conf.filter {
            let file = named(path, &others);
            if file.is_none() {
                let message = format!("the file `{path}` is not given, so what it says is not known");
                findings.push(Finding::new(Code::FileRead, message).at(&place.source, place.span));
            }
            list = Some(file.map(|file| entries(file, &mut findings)).unwrap_or_default());
        }
        let policy = lift(&conf, list.as_deref(), &mut findings);
        Imported { policy, findings }
    }
}

fn is_filter(source: &Source) -> bool {
    source.text().lines().next().is_some_and(|line| line == HEAD)
}
