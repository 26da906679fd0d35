//! `show`: what rule files mean.

use super::beside::beside;
use super::files::{self, RULES_LIMIT, read, read_text};
use super::forms::{Claim, claims, formats, joined};
use super::inside::is_inside;
use super::reader::{self, ExternalReader};
use super::wanted::target_of;
use crate::diag::{Code, Finding, Source, any_error};
use crate::policy::{Policy, Scope};
use crate::reader::Answer;
use crate::syntax::hcl::{ends_with, is_loaded_by_itself, is_variables};
use crate::targets::{Imported, Target};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What some files mean together.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// The files, as the user named them.
    pub source: String,
    /// The name of their format, or the names of several that were read together, with ` + ` between; empty when none was
    /// recognised.
    pub format: String,
    /// The meaning.
    pub policy: Policy,
    /// What the user should know. With an error the meaning is not known.
    pub findings: Vec<Finding>,
    /// The format of each scope, where there are several.
    formats: BTreeMap<Scope, &'static str>,
    /// What there is to say about the files beyond what they mean.
    pub advice: Vec<Finding>,
    /// Whether an external reader said what they mean.
    is_external: bool,
}

impl Shown {
    /// What is known under one format.
    pub(super) fn of(source: &str, format: &str, policy: Policy, findings: Vec<Finding>) -> Self {
        let (source, format) = (source.to_owned(), format.to_owned());
        Self { source, format, policy, findings, ..Self::default() }
    }

    /// The target that writes such files, or in whose terms a project is compared with them.
    pub(super) fn target(&self) -> Option<&'static dyn Target> {
        if self.is_external { Some(reader::like(&self.policy)) } else { target_of(&self.format) }
    }

    /// The name of the format that a scope was read from.
    pub fn format_of(&self, scope: &Scope) -> &str {
        self.formats.get(scope).copied().unwrap_or(&self.format)
    }
}

/// Reads files as one rule set; of a plan, the state after it. Of a folder all files below it are read that are
/// recognised, and those that belong to them.
pub fn show(paths: &[PathBuf]) -> Shown {
    show_with(paths, false, &[])
}

/// The same, or of a plan the state before it, where programs read some of the files.
pub fn show_with(paths: &[PathBuf], before: bool, readers: &[ExternalReader]) -> Shown {
    let given = Given::read(paths, readers);
    if before { given.only_before() } else { given.after() }
}

/// Reads texts as one rule set, in whatever form they are. Nothing is looked up beside them.
pub(super) fn import(sources: &[Arc<Source>]) -> Shown {
    let source = sources.iter().map(|source| source.name()).collect::<Vec<_>>().join(", ");
    let mut given = Given { source, claims: Vec::new(), answer: None, findings: Vec::new() };
    match claims(sources, &[]) {
        Ok((claims, _)) => given.claims = claims,
        Err(why) if why.is_empty() => {
            given.findings.push(Finding::new(Code::ReadUnknownFormat, "no text is given").help(formats()));
        }
        Err(why) => given.findings.extend(why),
    }
    given.after()
}

/// Reads files as one rule set, of a plan the state before it. That none of them is a plan is an error.
pub fn show_before(paths: &[PathBuf]) -> Shown {
    show_with(paths, true, &[])
}

/// The states before and after a plan, or the one state that files without a plan have.
pub(super) fn stages(paths: &[PathBuf], readers: &[ExternalReader]) -> (Option<Shown>, Shown) {
    let given = Given::read(paths, readers);
    (given.before(), given.after())
}

/// Files that were read, and whose they are.
struct Given {
    source: String,
    claims: Vec<Claim>,
    /// What an external reader said, in the place of all claims.
    answer: Option<Answer>,
    findings: Vec<Finding>,
}

impl Given {
    fn read(paths: &[PathBuf], readers: &[ExternalReader]) -> Self {
        let source = paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
        let (mut named, mut found, mut findings) = (Vec::new(), Vec::new(), Vec::new());
        let mut seen: BTreeSet<String> = BTreeSet::new();
        for path in paths.iter().filter(|path| !path.is_dir()) {
            match read(path, RULES_LIMIT) {
                Ok(file) if seen.insert(file.name().to_owned()) => named.push(file),
                Ok(_) => {}
                Err(finding) => findings.push(finding),
            }
        }
        // What a program reads is nothing that readers here would follow.
        let known: Vec<Arc<Source>> =
            named.iter().filter(|file| reader::of(readers, file.name()).is_none()).cloned().collect();
        found.extend(beside(&known, &mut findings));
        seen.extend(found.iter().map(|file: &Arc<Source>| file.name().to_owned()));
        let mut others = 0_usize;
        for path in paths.iter().filter(|path| path.is_dir()) {
            let all = texts_below(path, &named, &mut findings);
            others = others.saturating_add(all.iter().filter(|file| file.is_none()).count());
            found.extend(all.into_iter().flatten().filter(|file| seen.insert(file.name().to_owned())));
        }
        let below: BTreeSet<String> = found.iter().map(|file| file.name().to_owned()).collect();
        found.retain(|file| {
            let why = aside(file, &below);
            findings.extend(why.map(|why| {
                let message = format!("`{}` was left aside: {why}", file.name());
                Finding::new(Code::ReadNotCompared, message)
            }));
            why.is_none()
        });
        let mut given = Self { source, claims: Vec::new(), answer: None, findings };
        if any_error(&given.findings) {
            return given;
        }
        let (foreign, rest): (Vec<_>, Vec<_>) =
            named.iter().chain(&found).cloned().partition(|file| reader::of(readers, file.name()).is_some());
        if !foreign.is_empty() {
            given.ask(readers, &foreign, &rest, &named);
            return given;
        }
        match claims(&named, &found) {
            Ok((claims, rest)) => {
                given.claims = claims;
                others = others.saturating_add(rest);
                if others > 0 {
                    let read = found.len().saturating_sub(rest);
                    let message = format!(
                        "{read} files below {} were read, {others} are in no known format",
                        given.source
                    );
                    given.findings.push(Finding::new(Code::ReadNotCompared, message));
                }
            }
            Err(why) if why.is_empty() => {
                let message = format!("no file below `{}` is in a format that is known here", given.source);
                given.findings.push(Finding::new(Code::ReadUnknownFormat, message).help(formats()));
            }
            Err(why) => given.findings.extend(why),
        }
        given
    }

    /// Has an external reader say what its files mean. They are one rule set, so one program reads all of them, and no
    /// file that is read here stands beside them.
    fn ask(
        &mut self,
        readers: &[ExternalReader],
        foreign: &[Arc<Source>],
        rest: &[Arc<Source>],
        named: &[Arc<Source>],
    ) {
        let mut asked: Vec<&ExternalReader> =
            foreign.iter().filter_map(|file| reader::of(readers, file.name())).collect();
        asked.dedup();
        let [reader] = asked.as_slice() else {
            let message = "the files are read by different programs, so they are no one rule set";
            let help = "read the files of one program at a time";
            self.findings.push(Finding::new(Code::ReadUnknownFormat, message).help(help));
            return;
        };
        // Of a folder, what is in no known form is left aside like everywhere.
        let is_read = |file: &&Arc<Source>| named.contains(file) || claims(&[], &[Arc::clone(file)]).is_ok();
        if let Some(file) = rest.iter().find(is_read) {
            let message = format!("`{}` is not read by `{reader}`, which reads the others", file.name());
            let help = "name the files of one format, or let the pattern of `--reader` fit all of them";
            self.findings.push(Finding::new(Code::ReadUnknownFormat, message).help(help));
            return;
        }
        if !rest.is_empty() {
            let (read, others) = (foreign.len(), rest.len());
            let message = format!("{read} files were read by `{reader}`, {others} are in no known format");
            self.findings.push(Finding::new(Code::ReadNotCompared, message));
        }
        match reader.read(foreign) {
            Ok(answer) => self.answer = Some(answer),
            Err(wrong) => self.findings.extend(wrong),
        }
    }

    fn after(&self) -> Shown {
        self.shown(|claim| claim.importer.import(&claim.sources))
    }

    /// The state before; that there is none is an error.
    fn only_before(self) -> Shown {
        self.before().unwrap_or_else(|| {
            let mut shown =
                Shown { source: self.source.clone(), findings: self.findings, ..Shown::default() };
            if !any_error(&shown.findings) {
                let message = format!("no plan is among `{}`, so there is no state before it", self.source);
                let help = "a plan is what `terraform show -json PLANFILE` prints";
                shown.findings.push(Finding::new(Code::ReadRefused, message).help(help));
            }
            shown
        })
    }

    /// The state before, when one of the files is a plan.
    fn before(&self) -> Option<Shown> {
        let before: Vec<Option<Imported>> =
            self.claims.iter().map(|claim| claim.importer.import_before(&claim.sources)).collect();
        if before.iter().all(Option::is_none) {
            return None;
        }
        let mut before = before.into_iter();
        // What no plan is about has only one state.
        let stage =
            |claim: &Claim| before.next().flatten().unwrap_or_else(|| claim.importer.import(&claim.sources));
        Some(self.shown(stage))
    }

    fn shown(&self, mut read: impl FnMut(&Claim) -> Imported) -> Shown {
        let mut findings = self.findings.clone();
        let (mut parts, mut formats) = (Vec::new(), BTreeMap::new());
        for claim in &self.claims {
            let imported = read(claim);
            let name = claim.importer.name();
            if self.claims.len() > 1 {
                formats.extend(imported.policy.sets.iter().map(|set| (set.scope.clone(), name)));
            }
            findings.extend(imported.findings);
            parts.push((name, imported.policy));
        }
        let mut format = parts.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" + ");
        let mut policy = joined(parts, &mut findings);
        if let Some(answer) = &self.answer {
            format.clone_from(&answer.format);
            policy.clone_from(&answer.imported.policy);
            findings.extend(answer.imported.findings.iter().cloned());
        }
        let findings = once(findings);
        let policy = if any_error(&findings) { Policy::default() } else { policy };
        let advice = self.claims.iter().flat_map(|claim| claim.importer.advise(&claim.sources)).collect();
        let is_external = self.answer.is_some();
        Shown { source: self.source.clone(), format, policy, findings, advice, formats, is_external }
    }
}

/// Each finding once: several importers can say the same of a file that all of them read, and so can both states of a
/// plan.
pub(super) fn once(findings: Vec<Finding>) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    let key = |finding: &Finding| {
        let place = finding.place.as_ref().map(|place| (place.source.name().to_owned(), place.span));
        (finding.code, finding.severity, finding.message.clone(), place)
    };
    findings.into_iter().filter(|finding| seen.insert(key(finding))).collect()
}

/// Why a file below a folder is not read although its form is known.
fn aside(file: &Source, names: &BTreeSet<String>) -> Option<&'static str> {
    let name = file.name();
    let module = |name: &String| ends_with(name, ".tf");
    if is_variables(name) && !is_loaded_by_itself(name) && names.iter().any(module) {
        Some("Terraform does not read it by itself; give it beside the folder, as for `-var-file`")
    } else if name.strip_suffix(".backup").is_some_and(|original| names.contains(original)) {
        Some("the file that it is a copy of stands beside it")
    } else {
        None
    }
}

/// The files below a folder, `None` for those that are no text. A link that leads out of the folder is an error, for what
/// it leads to may be rules, unless that file is named, too.
fn texts_below(
    folder: &Path,
    named: &[Arc<Source>],
    findings: &mut Vec<Finding>,
) -> Vec<Option<Arc<Source>>> {
    let mut paths = files::below(folder).unwrap_or_else(|finding| {
        findings.push(finding);
        Vec::new()
    });
    paths.retain(|path| {
        if !path.is_symlink() || is_inside(folder, path, &[]) {
            return true;
        }
        let real = |path: &Path| path.canonicalize().ok();
        if !named.iter().any(|file| real(Path::new(file.name())) == real(path)) {
            let message = format!("`{}` is not read: it leads out of the folder", path.display());
            let help = "name what it leads to as a further file if it belongs to the rules";
            findings.push(Finding::new(Code::FileOutside, message).help(help));
        }
        false
    });
    let text = |path: PathBuf| read_text(&path, RULES_LIMIT).map_err(|finding| findings.push(finding)).ok();
    paths.into_iter().filter_map(text).collect()
}
