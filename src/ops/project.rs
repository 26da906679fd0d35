//! What a project wants, as a policy: catalogs and a lock, compiled as a target would have them.

use super::catalogs::catalogs;
use super::files::{TEXT_LIMIT, read};
use super::generate::answers;
use crate::catalog::{Selection, select};
use crate::compile::{Answers, Input, Variables, compile};
use crate::diag::{Finding, any_error};
use crate::policy::{Need, Policy};
use crate::resolve::Lockfile;
use crate::targets::Speech;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Which endpoints of which catalogs, with which addresses.
#[derive(Debug, Clone, Default)]
pub struct Project {
    /// Catalog files, ids of shipped catalogs, and overlays on them in order; the default catalog when no catalog is named.
    pub catalogs: Vec<PathBuf>,
    /// Which endpoints.
    pub selection: Selection,
    /// `KEY=VALUE` settings.
    pub settings: Vec<String>,
    /// The lockfile, when there is one.
    pub lock: Option<PathBuf>,
    /// What is written; the targets that are written by default when empty.
    pub artifacts: Vec<Artifact>,
    /// Folders of artifacts of the user's own.
    pub folders: Vec<PathBuf>,
    /// A folder of files that take the place of templates of the same name.
    pub templates: Option<PathBuf>,
}

/// The files of one target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Artifact {
    /// The target.
    pub target: String,
    /// Options of the target as `KEY=VALUE`, which come before the settings of the project.
    pub settings: Vec<String>,
    /// The folder that the files are written to.
    pub folder: PathBuf,
}

/// Reads a lockfile, where one is named.
pub(super) fn lockfile(path: Option<&Path>) -> Result<Option<Lockfile>, Vec<Finding>> {
    let Some(path) = path else { return Ok(None) };
    let source = read(path, TEXT_LIMIT).map_err(|finding| vec![finding])?;
    Lockfile::parse(&source).map(Some)
}

impl Project {
    /// The settings for a target: those for all, then those of its first artifact.
    pub fn settings_for(&self, target: &str) -> Vec<String> {
        let own = self.artifacts.iter().find(|artifact| artifact.target == target);
        self.settings.iter().chain(own.into_iter().flat_map(|own| &own.settings)).cloned().collect()
    }

    /// What is wanted of a target that speaks like each of these and has these needs, all in one policy. The findings
    /// are those of the catalogs, the lock, and the endpoints that cannot be said.
    pub fn wanted(&self, speeches: &[(Speech, BTreeSet<Need>)]) -> (Policy, Vec<Finding>) {
        match lockfile(self.lock.as_deref()) {
            Ok(lock) => self.wanted_with(&answers(lock.as_ref()), speeches),
            Err(wrong) => {
                let (_, mut findings) = catalogs(&self.catalogs);
                findings.extend(wrong);
                (Policy::default(), findings)
            }
        }
    }

    /// What is wanted when these are the addresses of hosts, whatever the lock says.
    pub(super) fn wanted_with(
        &self,
        answers: &Answers,
        speeches: &[(Speech, BTreeSet<Need>)],
    ) -> (Policy, Vec<Finding>) {
        let (catalogs, mut findings) = catalogs(&self.catalogs);
        if any_error(&findings) {
            return (Policy::default(), findings);
        }
        let (variables, wrong) = Variables::parse(self.settings.iter().map(String::as_str), &catalogs);
        findings.extend(wrong);
        let (selected, wrong) = select(&catalogs, &self.selection);
        findings.extend(wrong);
        if any_error(&findings) {
            return (Policy::default(), findings);
        }
        let input = Input { selected: &selected, answers, variables: &variables };
        let mut sets = Vec::new();
        for (speech, needs) in speeches {
            let off = |need: &Need| self.selection.without.iter().any(|name| name == need.id());
            let needs: BTreeSet<Need> = needs.iter().copied().filter(|need| !off(need)).collect();
            let compiled = compile(input, *speech, &needs);
            sets.extend(compiled.policy.sets);
            for finding in compiled.findings {
                if !findings.contains(&finding) {
                    findings.push(finding);
                }
            }
        }
        (Policy::new(sets), findings)
    }
}
