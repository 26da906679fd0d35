//! Artifacts of the user's own: read from their folders, written and proven like those of any target.

use super::banner::banner;
use super::files::{TEXT_LIMIT, names_in, read};
use super::inside::is_inside;
use super::prove::{bad_paths, proof, sources};
use super::reader::{Proving, proving};
use super::{ExternalReader, File, Proven};
use crate::artifact::{Artifact, MANIFEST};
use crate::catalog::Selection;
use crate::compile::{Input, compile};
use crate::diag::{Code, Finding, Source, any_error};
use crate::policy::Need;
use crate::targets::{Importer, Lowered};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Reads the artifacts of some folders. Two of one name are an error.
pub(super) fn load(folders: &[PathBuf]) -> (Vec<Artifact>, Vec<Finding>) {
    let (mut artifacts, mut findings): (Vec<Artifact>, Vec<Finding>) = (Vec::new(), Vec::new());
    for folder in folders {
        match one(folder) {
            Ok(artifact) => {
                if artifacts.iter().any(|other| other.name() == artifact.name()) {
                    let message = format!("two artifacts have the name `{}`", artifact.name());
                    findings.push(Finding::new(Code::CatalogDuplicate, message));
                }
                artifacts.push(artifact);
            }
            Err(found) => findings.extend(found),
        }
    }
    (artifacts, findings)
}

fn one(folder: &Path) -> Result<Artifact, Vec<Finding>> {
    let manifest = read_inside(folder, MANIFEST).map_err(|finding| vec![finding])?;
    let mut templates = Vec::new();
    for name in templates_of(folder).map_err(|finding| vec![finding])? {
        let source = read_inside(folder, &name).map_err(|finding| vec![finding])?;
        templates.push((name, source));
    }
    Artifact::load(&manifest, templates)
}

/// The names of the templates of a folder, in order.
pub(super) fn templates_of(folder: &Path) -> Result<Vec<String>, Finding> {
    let names = names_in(folder)?;
    let is_template = |name: &String| Path::new(name).extension().is_some_and(|kind| kind == "tera");
    Ok(names.into_iter().filter(is_template).collect())
}

/// Reads a file of a folder. A link that leads out of the folder is not followed: what is read may end up in files that
/// others see.
pub(super) fn read_inside(folder: &Path, name: &str) -> Result<Arc<Source>, Finding> {
    let path = folder.join(name);
    if path.exists() && !is_inside(folder, &path, &[]) {
        let message = format!("`{}` leads out of its folder", path.display());
        return Err(Finding::new(Code::FileOutside, message).help("put the file itself there, not a link"));
    }
    read(&path, TEXT_LIMIT)
}

/// Writes an artifact and proves it with its reader, where it has one, or with the program that is named for its files.
pub(super) fn write(
    artifact: &Artifact,
    input: Input<'_>,
    selection: &Selection,
    head: &[String],
    readers: &[ExternalReader],
) -> Proven {
    let program = match artifact.needs_program().then(|| proving(readers, artifact)).transpose() {
        Ok(program) => program.map(Proving),
        Err(finding) => return Proven { files: Vec::new(), findings: vec![finding] },
    };
    let off = |need: &Need| selection.without.iter().any(|name| name == need.id());
    let needs: BTreeSet<Need> = artifact.needs().into_iter().filter(|need| !off(need)).collect();
    let compiled = compile(input, artifact.speech(), &needs);
    let mut findings = compiled.findings.clone();
    if any_error(&findings) {
        return Proven { files: Vec::new(), findings };
    }
    let laid = artifact.lay(&compiled.policy);
    findings.extend(laid.findings.iter().cloned());
    let lowered = Lowered { losses: laid.losses, findings: laid.findings, ..Lowered::default() };
    let files = match artifact.render(&laid.model, &banner(head, &compiled, &lowered)) {
        Ok(files) => files,
        Err(error) => {
            findings.push(error.finding());
            return Proven { files: Vec::new(), findings };
        }
    };
    let mut files: Vec<File> = files.into_iter().map(|(path, text)| File { path, text }).collect();
    findings.extend(bad_paths(files.iter().map(|file| file.path.as_str())));
    let by_program = program.as_ref().map(|program| -> &dyn Importer { program });
    if let Some(importer) = artifact.importer().or(by_program) {
        findings.extend(proof(artifact.name(), importer, &compiled.policy, &lowered, &sources(&files)));
    }
    if any_error(&findings) {
        files.clear();
    }
    Proven { files, findings }
}
