//! `generate`: from catalogs and a lock to proven files.

use super::against::{Against, against, tolerate};
use super::banner::{banner, head, plain};
use super::catalogs::catalogs;
use super::files::{TEXT_LIMIT, read};
use super::{Artifact, ExternalReader, File, Proven, custom, prove};
use crate::artifact;
use crate::catalog::{Catalog, LeftOut, Selection, select};
use crate::compile::{Answer, Answers, Evidence, Input, Variables, compile, context};
use crate::diag::{Code, Finding, Source, any_error, distinct, suggest_or_list};
use crate::packet::Hostname;
use crate::policy::Need;
use crate::render::{Filters, Renderer};
use crate::resolve::{EvidenceKind, Family, Lockfile};
use crate::targets::{Context, Options, PeerKind, TARGETS, Target, Wanted};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The folder below a project that artifacts are written to when no other is named.
pub const OUT: &str = "out";

/// What the user asked for.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Catalog files, ids of shipped catalogs, and overlays on them in order; the default catalog when no catalog is named.
    pub catalogs: Vec<PathBuf>,
    /// Which endpoints.
    pub selection: Selection,
    /// `KEY=VALUE` settings.
    pub settings: Vec<String>,
    /// The lockfile, when there is one.
    pub lock: Option<PathBuf>,
    /// Names of targets; those that are written by default when empty.
    pub targets: Vec<String>,
    /// A folder of files that take the place of templates of the same name.
    pub templates: Option<PathBuf>,
    /// What the project writes; the targets that are written by default when empty.
    pub artifacts: Vec<Artifact>,
    /// Folders of artifacts of the user's own.
    pub folders: Vec<PathBuf>,
    /// Whether these are written although the project lists what it writes.
    pub all_folders: bool,
    /// Existing rules, for targets that tell what has to change.
    pub against: Vec<PathBuf>,
    /// Patterns of those of their scopes that are meant; all when empty.
    pub against_scopes: Vec<String>,
    /// Programs that read existing rules, and artifacts of the user's own, in formats that are not known here.
    pub readers: Vec<ExternalReader>,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Generated {
    /// The files. Empty when any finding is an error.
    pub files: Vec<File>,
    /// What the user should know.
    pub findings: Vec<Finding>,
    /// Endpoints that were not selected.
    pub left_out: Vec<LeftOut>,
    /// Files that are written no longer, for nothing is left of what they said: all of it has expired.
    pub gone: Vec<String>,
}

/// Writes every target that is asked for; nothing when anything is wrong.
pub fn generate(request: &Request) -> Generated {
    let (catalogs, mut findings) = catalogs(&request.catalogs);
    let (own, wrong) = custom::load(&request.folders);
    let (jobs, unknown) = jobs(request, &catalogs, &own);
    // The name of an artifact that could not be read is not known, and that is told already.
    if !any_error(&wrong) {
        findings.extend(unknown);
    }
    findings.extend(wrong);
    let targets: Vec<&'static dyn Target> = jobs.iter().map(|(target, _)| *target).collect();
    let (existing, wrong) = against(request, &targets);
    findings.extend(wrong);
    let lock = request.lock.as_ref().map(|path| read(path, TEXT_LIMIT).map_err(|finding| vec![finding]));
    let lock = match lock.map(|source| source.and_then(|source| Lockfile::parse(&source))).transpose() {
        Ok(lock) => lock,
        Err(found) => {
            findings.extend(found);
            None
        }
    };
    let (renderer, broken) = renderer(&targets, request.templates.as_deref());
    findings.extend(broken);
    if any_error(&findings) {
        return Generated { findings, ..Generated::default() };
    }
    let settings =
        |own: &Artifact| -> Vec<String> { request.settings.iter().chain(&own.settings).cloned().collect() };
    let (variables_of_all, wrong) = Variables::parse(request.settings.iter().map(String::as_str), &catalogs);
    findings.extend(wrong);
    let mut variables = Vec::new();
    for (_, artifact) in &jobs {
        let (parsed, wrong) = Variables::parse(settings(artifact).iter().map(String::as_str), &catalogs);
        findings.extend(wrong.into_iter().filter(|finding| !findings.contains(finding)).collect::<Vec<_>>());
        variables.push(parsed);
    }
    let (selected, wrong) = select(&catalogs, &request.selection);
    findings.extend(wrong);
    let left_out: Vec<LeftOut> =
        selected.iter().flat_map(|selected| selected.left_out.iter().cloned()).collect();
    let (Some(renderer), false) = (renderer, any_error(&findings)) else {
        return Generated { findings, left_out, ..Generated::default() };
    };
    let answers = answers(lock.as_ref());
    let head = head(&selected, lock.as_ref());
    let (mut files, mut gone): (Vec<File>, Vec<String>) = (Vec::new(), Vec::new());
    let of_all = Input { selected: &selected, answers: &answers, variables: &variables_of_all };
    let Against { policy: existing, needs } = existing.map(|it| tolerate(it, of_all)).unwrap_or_default();
    let mut known: Option<(&Variables, Arc<Context>)> = None;
    for ((target, artifact), variables) in jobs.iter().zip(&variables) {
        let input = Input { variables, ..of_all };
        // What is known of a project is much, and the same for all targets with the same variables.
        let context = match &known {
            _ if !target.takes_context() => Arc::default(),
            Some((of, context)) if *of == variables => Arc::clone(context),
            _ => Arc::new(Context { existing: existing.clone(), ..context(input) }),
        };
        if target.takes_context() {
            known = Some((variables, Arc::clone(&context)));
        }
        let within = Within { input, selection: &request.selection, context: &context, needs: &needs };
        let written = write(*target, within, &renderer, &head);
        let nothing_left = written.files.is_empty() && !any_error(&written.findings);
        let path = |file: &File| artifact.folder.join(&file.path).display().to_string();
        files.extend(written.files.into_iter().map(|file| File { path: path(&file), ..file }));
        if nothing_left && written.findings.iter().any(|finding| finding.code == Code::CatalogExpired) {
            let before = Selection { today: None, ..request.selection.clone() };
            let (earlier, _) = select(&catalogs, &before);
            let input = Input { selected: &earlier, ..input };
            let within = Within { input, selection: &before, ..within };
            let written = write(*target, within, &renderer, &head);
            let path = |file: File| artifact.folder.join(file.path).display().to_string();
            gone.extend(written.files.into_iter().map(path));
        }
        add(&mut findings, written.findings);
    }
    for (own, artifact) in own.iter().flat_map(|own| own_jobs(request, own)) {
        let (variables, wrong) = Variables::parse(settings(&artifact).iter().map(String::as_str), &catalogs);
        add(&mut findings, wrong);
        let input = Input { variables: &variables, ..of_all };
        let written = custom::write(own, input, &request.selection, &head, &request.readers);
        let path = |file: &File| artifact.folder.join(&file.path).display().to_string();
        files.extend(written.files.into_iter().map(|file| File { path: path(&file), ..file }));
        add(&mut findings, written.findings);
    }
    findings.extend(twice(&files));
    if any_error(&findings) {
        files.clear();
    }
    Generated { files, findings, left_out, gone }
}

/// Adds findings that are not there yet.
fn add(findings: &mut Vec<Finding>, more: Vec<Finding>) {
    findings.extend(more);
    *findings = distinct(std::mem::take(findings));
}

/// Files that would land on each other.
fn twice(files: &[File]) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    let twice = files.iter().filter(|file| !seen.insert(file.path.to_lowercase()));
    let finding = |file: &File| {
        let message = format!("`{}` is the path of two artifacts", file.path);
        Finding::new(Code::FileWrite, message).help("give each a folder of its own")
    };
    twice.map(finding).collect()
}

/// What every target is written within.
#[derive(Clone, Copy)]
struct Within<'a> {
    input: Input<'a>,
    selection: &'a Selection,
    context: &'a Arc<Context>,
    /// What the existing rules let pass besides endpoints, which is not to be asked away.
    needs: &'a BTreeSet<Need>,
}

/// Writes one target for what is selected, without anything that exists.
pub(super) fn within(
    target: &dyn Target,
    input: Input<'_>,
    selection: &Selection,
    renderer: &Renderer,
    head: &[String],
) -> Proven {
    let known = if target.takes_context() { Arc::new(context(input)) } else { Arc::default() };
    let within = Within { input, selection, context: &known, needs: &BTreeSet::new() };
    write(target, within, renderer, head)
}

fn write(target: &dyn Target, within: Within<'_>, renderer: &Renderer, head: &[String]) -> Proven {
    let Within { input, selection, context, needs: existing } = within;
    let off = |need: &Need| selection.without.iter().any(|name| name == need.id());
    let mut needs: BTreeSet<Need> = target.needs().iter().copied().filter(|need| !off(need)).collect();
    let mut settings = input.variables.all().clone();
    if selection.literal {
        // What the vendor's page says to the letter, where the target has a way to write just that.
        for spec in target.options().iter().filter(|spec| spec.key.ends_with(".literal")) {
            settings.entry(spec.key.to_owned()).or_insert_with(|| "yes".to_owned());
        }
    }
    let options = Options::new(target.options(), &settings).within(Arc::clone(context));
    let speech = target.speech_with(&options);
    if speech.peers == PeerKind::Both {
        needs.extend(existing.iter().copied().filter(|need| !off(need)));
    }
    let compiled = compile(input, speech, &needs);
    if any_error(&compiled.findings) {
        return Proven { files: Vec::new(), findings: compiled.findings };
    }
    let wanted = Wanted { policy: &compiled.policy, needs: &needs, options: &options };
    let expired = compiled.findings.iter().filter(|finding| finding.code == Code::CatalogExpired);
    let expired: Vec<String> =
        expired.map(|finding| format!("Expired: {}", plain(&finding.message))).collect();
    let mut proven = prove(target, &wanted, renderer, |lowered| {
        let mut lines = banner(head, &compiled, lowered);
        lines.extend(expired.iter().cloned());
        lines
    });
    proven.findings.splice(0..0, compiled.findings);
    proven
}

/// What is written: the targets of these names, with the options and folders that the project has for them; else all
/// artifacts of the project; else the targets that are written by default. In the order of the registry.
fn jobs(
    request: &Request,
    catalogs: &[Catalog],
    own: &[artifact::Artifact],
) -> (Vec<(&'static dyn Target, Artifact)>, Vec<Finding>) {
    let (names, artifacts) = (&request.targets, &request.artifacts);
    let mut findings = Vec::new();
    let all = names.iter().chain(artifacts.iter().map(|artifact| &artifact.target));
    let is_own = |name: &String| own.iter().any(|own| own.name() == name);
    for name in all.filter(|name| crate::targets::find(name).is_none() && !is_own(name)) {
        let built_in = TARGETS.iter().map(|target| target.name());
        let known: Vec<&str> = built_in.chain(own.iter().map(artifact::Artifact::name)).collect();
        let help = suggest_or_list(name, "targets are", known.iter().copied());
        findings.push(Finding::new(Code::SelectionUnknown, format!("unknown target `{name}`")).help(help));
    }
    let keys = || request.settings.iter().filter_map(|setting| Some(setting.split_once('=')?.0));
    let by_overlay = |key: &str| catalogs.iter().any(|catalog| catalog.settings.contains_key(key));
    let is_set = |key: &str| keys().any(|set| set == key) || by_overlay(key);
    let asked = |target: &dyn Target| {
        let own = artifacts.iter().any(|artifact| artifact.target == target.name());
        match (names.is_empty(), artifacts.is_empty()) {
            (false, _) => names.iter().any(|name| name == target.name()),
            (true, false) => own,
            (true, true) => target.is_default() || target.default_with().is_some_and(is_set),
        }
    };
    let mut jobs = Vec::new();
    for target in TARGETS.iter().copied().filter(|target| asked(*target)) {
        let own = artifacts.iter().filter(|artifact| artifact.target == target.name());
        let before = jobs.len();
        jobs.extend(own.map(|artifact| (target, artifact.clone())));
        if jobs.len() == before {
            let folder = artifacts.first().map(|_| PathBuf::from(OUT)).unwrap_or_default();
            jobs.push((target, Artifact { target: target.name().to_owned(), folder, ..Artifact::default() }));
        }
    }
    (jobs, findings)
}

/// How an artifact of the user's own is written: as the project lists it, and where nothing is listed, or it is asked for
/// by name, as one more.
fn own_jobs<'a>(request: &Request, own: &'a artifact::Artifact) -> Vec<(&'a artifact::Artifact, Artifact)> {
    let listed = request.artifacts.iter().filter(|artifact| artifact.target == own.name());
    let mut jobs: Vec<_> = listed.map(|artifact| (own, artifact.clone())).collect();
    let is_asked = if request.targets.is_empty() {
        request.all_folders || request.artifacts.is_empty() || !jobs.is_empty()
    } else {
        request.targets.iter().any(|name| name == own.name())
    };
    if !is_asked {
        return Vec::new();
    }
    if jobs.is_empty() {
        let folder = request.artifacts.first().map(|_| PathBuf::from(OUT)).unwrap_or_default();
        jobs.push((own, Artifact { target: own.name().to_owned(), folder, ..Artifact::default() }));
    }
    jobs
}

/// The built-in templates of some targets, with the user's in the place of those of the same name.
pub(super) fn renderer(
    targets: &[&'static dyn Target],
    own: Option<&Path>,
) -> (Option<Renderer>, Vec<Finding>) {
    let all = || TARGETS.iter().flat_map(|target| target.templates().iter().map(|(name, _)| *name));
    let builtin = targets.iter().flat_map(|target| target.templates().iter().copied());
    let mut templates: Vec<(String, Arc<Source>)> =
        builtin.map(|(name, text)| (name.to_owned(), Arc::new(Source::new(name, text)))).collect();
    let mut findings = Vec::new();
    let names = own.map(custom::templates_of).transpose().unwrap_or_else(|finding| {
        findings.push(finding);
        None
    });
    for (folder, name) in own.into_iter().flat_map(|own| names.iter().flatten().map(move |name| (own, name)))
    {
        match custom::read_inside(folder, name) {
            Err(finding) => findings.push(finding),
            Ok(_) if !all().any(|known| known == name) => {
                let message = format!("`{name}` takes the place of no template");
                let help = suggest_or_list(name, "name the file after one of", all());
                findings.push(Finding::new(Code::TemplateError, message).help(help));
            }
            Ok(source) => templates.push((name.clone(), source)),
        }
    }
    match Renderer::with(Filters::Targets, templates) {
        Ok(renderer) => (Some(renderer), findings),
        Err(error) => {
            findings.push(error.finding());
            (None, findings)
        }
    }
}

/// What a lock says about hosts, in the compiler's terms.
pub(super) fn answers(lock: Option<&Lockfile>) -> Answers {
    let hosts = lock.into_iter().flat_map(Lockfile::hosts);
    let of_host = |host: &crate::resolve::LockedHost| -> (Hostname, Answer) {
        let kind = |kind: &EvidenceKind| match kind {
            EvidenceKind::Published { .. } => Evidence::Published,
            EvidenceKind::Dns { .. } => Evidence::Dns,
        };
        let stale = [Family::V4, Family::V6].into_iter().find_map(|family| host.stale(family));
        let failure = [Family::V4, Family::V6].into_iter().find_map(|family| host.outcome(family));
        let answer = Answer {
            addresses: host
                .evidence()
                .iter()
                .map(|evidence| (evidence.prefix, kind(&evidence.kind)))
                .collect(),
            stale: stale
                .map(|stale| format!("last lookup {}, last seen {}", stale.outcome.as_str(), stale.since)),
            rotates: host.rotates(),
            failure: failure.map(|outcome| outcome.as_str().to_owned()),
        };
        (host.name().clone(), answer)
    };
    Answers::new(hosts.map(of_host))
}
