//! Opening a project file: finding it, reading it, and what it stands for.

use super::files::{TEXT_LIMIT, read};
use super::inside::is_inside;
use super::{Artifact, OUT, Project, catalogs, custom};
use crate::catalog::{At, Catalog, List, Or, SHIPPED, Selection, Text};
use crate::compile::Variables;
use crate::diag::{Code, Finding, Span, any_error, suggest_or_list};
use crate::project::{self, FILE, NEEDED_VARIABLES, RESOLVERS};
use std::path::{Path, PathBuf};

/// A project file that was opened.
#[derive(Debug, Clone)]
pub struct Opened {
    /// What the file says.
    pub file: project::Project,
    /// The folder of the file, as a path from here.
    pub root: PathBuf,
    /// Files of catalogs.
    pub catalogs: Vec<PathBuf>,
    /// Files of overlays.
    pub overlays: Vec<PathBuf>,
    /// Everything else. Its catalogs are those of the file with the overlays behind them, and its lock is there whether
    /// or not the file exists.
    pub project: Project,
}

/// The nearest project file of a folder and those above it, as a path from there.
pub fn find(folder: &Path) -> Option<PathBuf> {
    let mut up = PathBuf::new();
    for ancestor in folder.ancestors() {
        if ancestor.join(FILE).is_file() {
            return Some(up.join(FILE));
        }
        up.push("..");
    }
    None
}

/// Opens a project file for an environment of it. What it names lies in its folder, or in one of those that are allowed.
pub fn open(path: &Path, environment: Option<&str>, allowed: &[PathBuf]) -> (Option<Opened>, Vec<Finding>) {
    let source = match read(path, TEXT_LIMIT) {
        Ok(source) => source,
        Err(finding) if finding.help.is_some() => return (None, vec![finding]),
        Err(finding) => return (None, vec![finding.help("`egressor init` writes a project file")]),
    };
    let (file, mut findings) = project::load(&source, environment);
    let Some(file) = file else { return (None, findings) };
    let root = path.parent().map(Path::to_owned).unwrap_or_default();
    let opened = Opened::new(file, root);
    findings.extend(opened.outside(allowed));
    if any_error(&findings) {
        return (None, findings);
    }
    let (catalogs, found) = catalogs(&opened.project.catalogs);
    let broken = any_error(&found);
    findings.extend(found.into_iter().filter(Finding::is_error).map(|finding| opened.named(finding)));
    if !broken {
        findings.extend(opened.check(&catalogs));
    }
    ((!any_error(&findings)).then_some(opened), findings)
}

impl Opened {
    /// What a file in that folder stands for.
    pub fn new(file: project::Project, root: PathBuf) -> Self {
        let says = &file.says;
        let at = |text: &Text| {
            if root.as_os_str().is_empty() { PathBuf::from(text.as_str()) } else { root.join(text.as_str()) }
        };
        let catalog = |text: &Text| {
            let shipped = SHIPPED.iter().any(|(id, _)| *id == text.as_str());
            if shipped { PathBuf::from(text.as_str()) } else { at(text) }
        };
        let texts = |list: Option<&List<Text>>| -> Vec<Text> {
            list.into_iter().flat_map(|list| &list.0).map(|text| text.value.clone()).collect()
        };
        let named: Vec<PathBuf> =
            texts(says.catalogs.as_ref().map(|list| &list.value)).iter().map(catalog).collect();
        let overlays: Vec<PathBuf> =
            texts(says.overlays.as_ref().and_then(|list| list.value.given())).iter().map(at).collect();
        let project = Project {
            catalogs: named.iter().chain(&overlays).cloned().collect(),
            selection: selection(&file),
            settings: settings(&file),
            lock: says.lock.as_ref().map(|lock| at(&lock.value)),
            artifacts: artifacts(&file),
            folders: texts(says.artifact_dirs.as_ref().map(|list| &list.value)).iter().map(at).collect(),
            templates: says.templates.as_ref().map(|folder| at(&folder.value)),
        };
        Self { catalogs: named, overlays, project, root, file }
    }

    /// The paths that lead out of the folder of the file: a file that others may change must not have this machine read
    /// or write what it likes.
    fn outside(&self, allowed: &[PathBuf]) -> Vec<Finding> {
        let says = &self.file.says;
        let catalogs = says.catalogs.iter().flat_map(|list| &list.value.0);
        let named = catalogs.filter(|text| !SHIPPED.iter().any(|(id, _)| *id == text.value.as_str()));
        let overlays = says.overlays.iter().filter_map(|none| none.value.given()).flat_map(|list| &list.0);
        let artifacts = says.artifacts.iter().filter_map(|list| list.value.given()).flat_map(|list| &list.0);
        let folders = artifacts.filter_map(|artifact| artifact.value.0.path.as_ref());
        let all = named.chain(overlays).chain(&says.lock).chain(folders);
        let leads_out =
            |text: &&At<Text>| !is_inside(&self.root, &self.root.join(text.value.as_str()), allowed);
        let finding = |text: &At<Text>| {
            let message = format!("`{}` leads out of the folder of the project", text.value);
            let help = "name it on the command line, or allow its folder with `--allow-outside DIR`";
            Finding::new(Code::FileOutside, message).at(&self.file.source, text.span).help(help)
        };
        all.filter(leads_out).map(finding).collect()
    }

    /// The finding about a catalog or an overlay that cannot be read, at the place where the file names it.
    fn named(&self, finding: Finding) -> Finding {
        let says = &self.file.says;
        let catalogs = says.catalogs.iter().flat_map(|list| &list.value.0).zip(&self.catalogs);
        let overlays = says.overlays.iter().filter_map(|none| none.value.given()).flat_map(|list| &list.0);
        let mut all = catalogs.chain(overlays.zip(&self.overlays));
        let is_it = |path: &Path| finding.message.contains(&format!("`{}`", path.display()));
        let Some((text, _)) = all.find(|(_, path)| finding.place.is_none() && is_it(path)) else {
            return finding;
        };
        let near = crate::diag::suggest(text.value.as_str(), SHIPPED.iter().map(|(id, _)| *id));
        let finding = finding.at(&self.file.source, text.span);
        match near {
            Some(near) => finding.help(format!("did you mean `{near}`, which is shipped?")),
            None => finding,
        }
    }

    /// What is wrong with what the file says about these catalogs, which are its own.
    pub fn check(&self, catalogs: &[Catalog]) -> Vec<Finding> {
        let mut findings = Vec::new();
        let says = &self.file.says;
        let said = |name: &str| {
            says.variables.as_ref().and_then(|table| table.value.0.iter().find(|(id, _)| id.as_str() == name))
        };
        let of_overlay = |name: &str| catalogs.iter().find_map(|catalog| catalog.settings.get(name));
        let known = |name: &str| {
            let mut tables = catalogs.iter().flat_map(|catalog| catalog.document.variables.iter());
            tables.any(|table| table.value.0.keys().any(|id| id.as_str() == name))
        };
        for name in NEEDED_VARIABLES.into_iter().filter(|name| *name == RESOLVERS || known(name)) {
            if said(name).is_none() && of_overlay(name).is_none() {
                let span = says.variables.as_ref().map_or_else(Span::default, |variables| variables.span);
                let message = format!("the variable `{name}` is missing here");
                let help = format!("set it, or say `{name}: unset`: without it other addresses are opened");
                let finding = Finding::new(Code::CatalogMissingKey, message);
                findings.push(finding.at(&self.file.source, span).help(help));
            }
        }
        for (id, value) in says.variables.iter().flat_map(|table| &table.value.0) {
            if let Some((_, place)) = of_overlay(id.as_str()) {
                let message = format!("the variable `{id}` is set in `{}` too", place.source.name());
                let finding = Finding::new(Code::CatalogDuplicate, message);
                findings.push(finding.at(&self.file.source, value.name_span).help("set it in one place"));
            }
            let text = match &value.value {
                Or::Word(_) => continue,
                Or::Given(text) => format!("{id}={}", text.as_str()),
            };
            findings.extend(self.refused(&text, value.name_span, catalogs));
        }
        let (own, wrong) = custom::load(&self.project.folders);
        let broken = !wrong.is_empty();
        findings.extend(wrong);
        let is_own = |name: &str| broken || own.iter().any(|own| own.name() == name);
        for At { value: artifact, .. } in
            says.artifacts.iter().filter_map(|list| list.value.given()).flat_map(|list| &list.0)
        {
            let target = &artifact.0.target;
            if crate::targets::find(target.value.as_str()).is_none() && !is_own(target.value.as_str()) {
                let built_in = crate::targets::TARGETS.iter().map(|target| target.name());
                let known: Vec<&str> =
                    built_in.chain(own.iter().map(crate::artifact::Artifact::name)).collect();
                let help = suggest_or_list(target.value.as_str(), "targets are", known.iter().copied());
                let finding =
                    Finding::new(Code::SelectionUnknown, format!("unknown target `{}`", target.value));
                findings.push(finding.at(&self.file.source, target.span).help(help));
            }
            for option in artifact.0.options.value.given().into_iter().flat_map(|list| &list.0) {
                findings.extend(self.refused(option.value.as_str(), option.span, catalogs));
            }
        }
        findings
    }

    /// What is wrong with a setting, at its place.
    fn refused(&self, setting: &str, span: Span, catalogs: &[Catalog]) -> Vec<Finding> {
        let before = Variables::parse([], catalogs).1;
        let (_, wrong) = Variables::parse([setting], catalogs);
        let new = wrong.into_iter().filter(|finding| !before.contains(finding));
        new.map(|finding| finding.at(&self.file.source, span)).collect()
    }
}

fn selection(file: &project::Project) -> Selection {
    let says = &file.says;
    let region = says.region.as_ref().map(|region| &region.value);
    let list = |list: &List<crate::catalog::Id>| -> Vec<String> {
        list.0.iter().map(|id| id.value.to_string()).collect()
    };
    let without = says.without.as_ref().and_then(|list| list.value.given());
    Selection {
        regions: region.and_then(Or::given).map(ToString::to_string).into_iter().collect(),
        all_regions: region.is_some_and(|region| region.given().is_none()),
        components: says.components.as_ref().and_then(|all| all.value.given()).map(list).unwrap_or_default(),
        only_features: says.features.as_ref().and_then(|all| all.value.given()).map(list),
        without: without.into_iter().flat_map(|list| &list.0).map(|text| text.value.to_string()).collect(),
        ..Selection::default()
    }
}

/// What the file sets, as `--set` would.
fn settings(file: &project::Project) -> Vec<String> {
    let says = &file.says;
    let mut settings = Vec::new();
    for (id, value) in says.variables.iter().flat_map(|table| &table.value.0) {
        if let Or::Given(value) = &value.value {
            settings.push(format!("{id}={}", value.as_str()));
        }
    }
    settings.extend(says.owner.as_ref().map(|owner| format!("owner={}", owner.value)));
    settings.extend(says.ticket.as_ref().map(|ticket| format!("ticket={}", ticket.value)));
    let expires = says.expires.as_ref().and_then(|expires| expires.value.given());
    settings.extend(expires.map(|day| format!("expires={day}")));
    settings
}

fn artifacts(file: &project::Project) -> Vec<Artifact> {
    let given = file.says.artifacts.iter().filter_map(|list| list.value.given());
    let artifact = |artifact: &At<project::ArtifactDocument>| {
        let mapping = &artifact.value.0;
        let options = mapping.options.value.given().into_iter().flat_map(|list| &list.0);
        Artifact {
            target: mapping.target.value.to_string(),
            settings: options.map(|option| option.value.to_string()).collect(),
            folder: mapping.path.as_ref().map_or(OUT, |path| path.value.as_str()).into(),
        }
    };
    given.flat_map(|list| &list.0).map(artifact).collect()
}
