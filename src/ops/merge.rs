//! `merge`: prefix lists to the minimal list.

use super::files::{RULES_LIMIT, read};
use crate::diag::{Finding, any_error};
use crate::packet::{AddrSet, Set};
use crate::syntax::prefix_list;
use std::path::PathBuf;

/// What is done with the lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Merge {
    /// The addresses of any list.
    All,
    /// The addresses that all lists have.
    Common,
    /// The addresses of the lists that none of these has.
    Except(Vec<PathBuf>),
    /// The addresses of the lists or of these, but not of both.
    Diff(Vec<PathBuf>),
}

/// Reads lists and merges them. With an error among the findings the answer is empty and means nothing.
pub fn merge(files: &[PathBuf], how: &Merge) -> (AddrSet, Vec<Finding>) {
    let mut findings = Vec::new();
    let mut lists = |paths: &[PathBuf]| -> Vec<AddrSet> {
        let list = |path: &PathBuf| match read(path, RULES_LIMIT) {
            Ok(source) => Some(prefix_list::parse(&source, &mut findings)),
            Err(finding) => {
                findings.push(finding);
                None
            }
        };
        paths.iter().filter_map(list).collect()
    };
    let own = lists(files);
    let merged = match how {
        Merge::All => AddrSet::union_all(&own),
        Merge::Common => {
            let common = own.iter().cloned().reduce(|common, list| common.intersect(&list));
            common.unwrap_or_default()
        }
        Merge::Except(others) => AddrSet::union_all(&own).subtract(&AddrSet::union_all(&lists(others))),
        Merge::Diff(others) => {
            let (own, others) = (AddrSet::union_all(&own), AddrSet::union_all(&lists(others)));
            own.subtract(&others).union(&others.subtract(&own))
        }
    };
    if any_error(&findings) { (AddrSet::default(), findings) } else { (merged, findings) }
}
