//! What a project wants where catalogs and lock are held in memory: for programs that embed egressor.

use super::banner::head;
use super::check::answered;
use super::generate::{answers, renderer, within};
use super::wanted::told_by;
use super::{Checked, Proven, Shown};
use crate::catalog::{Catalog, Selection, select};
use crate::compile::{Input, Variables};
use crate::diag::{Finding, Source, any_error};
use crate::packet::Limit;
use crate::policy::{Direction, Policy};
use crate::resolve::Lockfile;
use crate::targets::Target;
use std::sync::Arc;

/// Catalogs, a lock, and what is chosen of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Held {
    /// The catalogs.
    pub(crate) catalogs: Vec<Catalog>,
    /// The lock, when there is one.
    pub(crate) lock: Option<Lockfile>,
    /// Which endpoints.
    pub(crate) selection: Selection,
    /// `KEY=VALUE` settings.
    pub(crate) settings: Vec<String>,
}

impl Held {
    /// The files of a target, proven.
    pub(crate) fn prove(&self, target: &'static dyn Target) -> Proven {
        let (renderer, broken) = renderer(&[target], None);
        let proven = self.with(|input, selected| {
            let renderer = renderer.as_ref()?;
            Some(within(target, input, &self.selection, renderer, &head(selected, self.lock.as_ref())))
        });
        let (proven, findings) = proven;
        let mut proven = proven.flatten().unwrap_or_default();
        proven.findings.splice(0..0, broken.into_iter().chain(findings));
        if any_error(&proven.findings) {
            proven.files.clear();
        }
        proven
    }

    /// What the files of a target would mean.
    pub(crate) fn wanted(&self, target: &'static dyn Target) -> (Policy, Vec<Finding>) {
        let told = self.with(|input, _| told_by(target, input, &self.selection));
        let (told, mut findings) = told;
        let (policy, more) = told.unwrap_or_default();
        findings.extend(more);
        (policy, findings)
    }

    /// Does something with what is selected, unless that is not known.
    fn with<T>(
        &self,
        work: impl FnOnce(Input<'_>, &[crate::catalog::Selected<'_>]) -> T,
    ) -> (Option<T>, Vec<Finding>) {
        let (variables, mut findings) =
            Variables::parse(self.settings.iter().map(String::as_str), &self.catalogs);
        let (selected, wrong) = select(&self.catalogs, &self.selection);
        findings.extend(wrong);
        if any_error(&findings) {
            return (None, findings);
        }
        let answers = answers(self.lock.as_ref());
        let input = Input { selected: &selected, answers: &answers, variables: &variables };
        (Some(work(input, &selected)), findings)
    }
}

/// What texts mean together as one rule set, in whatever form they are.
pub(crate) fn import(sources: &[Arc<Source>]) -> Shown {
    super::show::import(sources)
}

/// The answer of rules to a question, such as `192.0.2.1:443`.
pub(crate) fn ask(policy: &Policy, format: &str, question: &str, direction: Direction) -> Checked {
    let shown = Shown::of(format, format, policy.clone(), Vec::new());
    answered(&shown, question, direction, Limit::default())
}
