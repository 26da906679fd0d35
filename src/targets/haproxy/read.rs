//! The importer of `haproxy.cfg` with the lists that its ACLs name.

use super::conf::{self, is_conf, lists};
use super::lift::lift;
use crate::diag::Source;
use crate::targets::{Imported, Importer};
use std::sync::Arc;

/// Reads `haproxy.cfg`.
#[derive(Debug)]
pub(super) struct HaproxyCfg;

impl Importer for HaproxyCfg {
    fn name(&self) -> &'static str {
        "haproxy-cfg"
    }

    fn recognizes(&self, source: &Source) -> bool {
        is_conf(source.text())
    }

    fn references(&self, source: &Source) -> Vec<String> {
        if is_conf(source.text()) { lists(source) } else { Vec::new() }
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        let mut findings = Vec::new();
        let (confs, others): (Vec<&Arc<Source>>, Vec<&Arc<Source>>) =
            sources.iter().partition(|source| is_conf(source.text()));
        if confs.is_empty() {
            return Imported::default();
        }
        let sections = conf::read(&confs, &others, &mut findings);
        let policy = lift(&sections, &mut findings);
        Imported { policy, findings }
    }
}
