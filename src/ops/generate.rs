//! `generate`: from catalogs and a lock to proven files.

use super::against::{Against, against, tolerate};
use super::files::{TEXT_LIMIT, read};
use super::{File, Proven, prove};
use crate::catalog::{Catalog, LeftOut, SHIPPED, Selected, Selection, load, select};
use crate::compile::{Answer, Answers, Compiled, Evidence, Input, Variables, compile, context};
use crate::diag::{Code, Finding, Source, any_error, suggest};
use crate::packet::Hostname;
use crate::policy::{Need, Origin};
use crate::render::Renderer;
use crate::resolve::{EvidenceKind, Family, Lockfile};
use crate::targets::{Context, Lowered, Options, PeerKind, TARGETS, Target, Wanted};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

/// What the user asked for.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Catalog files; the shipped catalog when empty.
    pub catalogs: Vec<PathBuf>,
    /// Which endpoints.
    pub selection: Selection,
    /// `KEY=VALUE` settings.
    pub settings: Vec<String>,
    /// The lockfile, when there is one.
    pub lock: Option<PathBuf>,
    /// Names of targets; those that are written by default when empty.
    pub targets: Vec<String>,
    /// Files that take the place of templates of the same name.
    pub templates: Vec<PathBuf>,
    /// Existing rules, for targets that tell what has to change.
    pub against: Vec<PathBuf>,
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
}

/// Loads the catalogs of a request.
pub fn catalogs(paths: &[PathBuf]) -> (Vec<Catalog>, Vec<Finding>) {
    let (mut catalogs, mut findings) = (Vec::new(), Vec::new());
    let shipped =
        || SHIPPED.iter().map(|(id, text)| Ok(Arc::new(Source::new(format!("{id} (shipped)"), *text))));
    let sources: Vec<Result<Arc<Source>, Finding>> = if paths.is_empty() {
        shipped().collect()
    } else {
        paths.iter().map(|path| read(path, TEXT_LIMIT)).collect()
    };
    for source in sources {
        match source {
            Ok(source) => {
                let (catalog, found) = load(&source);
                findings.extend(found);
                if let Some(catalog) = catalog {
                    let taken = catalogs.iter().any(|other: &Catalog| other.id() == catalog.id());
                    if taken {
                        let message = format!("two catalogs have the id `{}`", catalog.id());
                        let place = catalog.document.id.span;
                        findings
                            .push(Finding::new(Code::CatalogDuplicate, message).at(&catalog.source, place));
                    }
                    catalogs.push(catalog);
                }
            }
            Err(finding) => findings.push(finding),
        }
    }
    (catalogs, findings)
}

/// Writes every target that is asked for; nothing when anything is wrong.
pub fn generate(request: &Request) -> Generated {
    let (catalogs, mut findings) = catalogs(&request.catalogs);
    let set =
        |key: &str| request.settings.iter().any(|it| it.split_once('=').is_some_and(|(name, _)| name == key));
    let (targets, unknown) = targets(&request.targets, set);
    findings.extend(unknown);
    let (existing, wrong) = against(&request.against, &targets);
    findings.extend(wrong);
    let lock = request.lock.as_ref().map(|path| read(path, TEXT_LIMIT).map_err(|finding| vec![finding]));
    let lock = match lock.map(|source| source.and_then(|source| Lockfile::parse(&source))).transpose() {
        Ok(lock) => lock,
        Err(found) => {
            findings.extend(found);
            None
        }
    };
    let (renderer, broken) = renderer(&targets, &request.templates);
    findings.extend(broken);
    if any_error(&findings) {
        return Generated { files: Vec::new(), findings, left_out: Vec::new() };
    }
    let (variables, wrong) = Variables::parse(request.settings.iter().map(String::as_str), &catalogs);
    findings.extend(wrong);
    let (selected, wrong) = select(&catalogs, &request.selection);
    findings.extend(wrong);
    let left_out: Vec<LeftOut> =
        selected.iter().flat_map(|selected| selected.left_out.iter().cloned()).collect();
    let (Some(renderer), false) = (renderer, any_error(&findings)) else {
        return Generated { files: Vec::new(), findings, left_out };
    };
    let answers = answers(lock.as_ref());
    let input = Input { selected: &selected, answers: &answers, variables: &variables };
    let head = head(&selected, lock.as_ref());
    let mut files = Vec::new();
    let Against { policy: existing, needs } = existing.map(|it| tolerate(it, input)).unwrap_or_default();
    let context = Context { existing, ..context(input) };
    let project = Within { input, selection: &request.selection, context: &context, needs: &needs };
    for target in targets {
        let written = write(target, project, &renderer, &head);
        files.extend(written.files);
        for finding in written.findings {
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
    }
    if any_error(&findings) {
        files.clear();
    }
    Generated { files, findings, left_out }
}

/// What every target is written within.
#[derive(Clone, Copy)]
struct Within<'a> {
    input: Input<'a>,
    selection: &'a Selection,
    context: &'a Context,
    /// What the existing rules let pass besides endpoints, which is not to be asked away.
    needs: &'a BTreeSet<Need>,
}

fn write(target: &dyn Target, within: Within<'_>, renderer: &Renderer, head: &[String]) -> Proven {
    let Within { input, selection, context, needs: existing } = within;
    let off = |need: &Need| selection.without.iter().any(|name| name == need.id());
    let mut needs: BTreeSet<Need> = target.needs().iter().copied().filter(|need| !off(need)).collect();
    if target.speech().peers == PeerKind::Both {
        needs.extend(existing.iter().copied().filter(|need| !off(need)));
    }
    let compiled = compile(input, target.speech(), &needs);
    if any_error(&compiled.findings) {
        return Proven { files: Vec::new(), findings: compiled.findings };
    }
    let mut settings = input.variables.all().clone();
    if selection.literal {
        // What the vendor's page says to the letter, where the target has a way to write just that.
        for spec in target.options().iter().filter(|spec| spec.key.ends_with(".literal")) {
            settings.entry(spec.key.to_owned()).or_insert_with(|| "yes".to_owned());
        }
    }
    let options = Options::new(target.options(), &settings).within(context.clone());
    let wanted = Wanted { policy: &compiled.policy, needs: &needs, options: &options };
    let mut proven = prove(target, &wanted, renderer, |lowered| banner(head, &compiled, lowered));
    proven.findings.splice(0..0, compiled.findings);
    proven
}

/// The targets of these names, in the order of the registry.
fn targets(names: &[String], set: impl Fn(&str) -> bool) -> (Vec<&'static dyn Target>, Vec<Finding>) {
    let mut findings = Vec::new();
    for name in names.iter().filter(|name| crate::targets::find(name).is_none()) {
        let known: Vec<&str> = TARGETS.iter().map(|target| target.name()).collect();
        let help = suggest(name, known.iter().copied()).map_or_else(
            || format!("targets are {}", known.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        findings.push(Finding::new(Code::SelectionUnknown, format!("unknown target `{name}`")).help(help));
    }
    let asked = |target: &dyn Target| names.iter().any(|name| name == target.name());
    let by_default = |target: &dyn Target| target.is_default() || target.default_with().is_some_and(&set);
    let targets = TARGETS
        .iter()
        .copied()
        .filter(|target| if names.is_empty() { by_default(*target) } else { asked(*target) });
    (targets.collect(), findings)
}

/// The built-in templates of some targets, with the user's in the place of those of the same name.
fn renderer(targets: &[&'static dyn Target], own: &[PathBuf]) -> (Option<Renderer>, Vec<Finding>) {
    let builtin: Vec<(&str, &str)> =
        targets.iter().flat_map(|target| target.templates().iter().copied()).collect();
    let (mut overrides, mut findings) = (Vec::new(), Vec::new());
    for path in own {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let known =
            TARGETS.iter().any(|target| target.templates().iter().any(|(builtin, _)| *builtin == name));
        match read(path, TEXT_LIMIT) {
            Err(finding) => findings.push(finding),
            Ok(_) if !known => {
                let names: Vec<&str> = TARGETS
                    .iter()
                    .flat_map(|target| target.templates().iter().map(|(name, _)| *name))
                    .collect();
                let message = format!("`{name}` takes the place of no template");
                let help = format!("name the file after one of {}", names.join(", "));
                findings.push(Finding::new(Code::TemplateError, message).help(help));
            }
            Ok(source) => overrides.push((name, source)),
        }
    }
    let own = overrides.iter().map(|(name, source)| (name.as_str(), source.text()));
    match Renderer::new(builtin.into_iter().chain(own)) {
        Ok(renderer) => (Some(renderer), findings),
        Err(error) => {
            findings.push(Finding::new(Code::TemplateError, error.to_string()));
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
            failure: failure.map(|outcome| outcome.as_str().to_owned()),
        };
        (host.name().clone(), answer)
    };
    Answers::new(hosts.map(of_host))
}

/// The lines at the head of every file that do not depend on the target.
fn head(selected: &[Selected<'_>], lock: Option<&Lockfile>) -> Vec<String> {
    let mut lines = vec![format!(
        "Generated by egressor {}. Do not edit: change the catalog and generate again.",
        env!("CARGO_PKG_VERSION")
    )];
    for selected in selected {
        let catalog = selected.catalog;
        let regions: Vec<&str> = selected.regions.iter().map(crate::catalog::Id::as_str).collect();
        let region =
            if regions.is_empty() { String::new() } else { format!(", region {}", regions.join(" and ")) };
        lines.push(format!(
            "Catalog {}{region}, verified {}.",
            catalog.id(),
            catalog.document.verified.value.on.value
        ));
        lines.push(format!("Digest of catalog {}: sha256 {}", catalog.id(), digest(&catalog.canonical)));
    }
    lines.push(lock.map_or_else(
        || "No lock: only dedicated addresses are known.".to_owned(),
        |lock| format!("Digest of lock: sha256 {}", digest(&lock.render())),
    ));
    lines
}

fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The lines at the head of a target's files: what is covered, what is implied, what cannot be said.
fn banner(head: &[String], compiled: &Compiled, lowered: &Lowered) -> Vec<String> {
    let mut lines = head.to_vec();
    let mut endpoints: BTreeSet<&str> = BTreeSet::new();
    let mut implied: BTreeSet<Need> = BTreeSet::new();
    for (_, rule) in compiled.policy.rules() {
        match &rule.origin {
            Origin::Endpoint(why) => {
                endpoints.insert(&why.endpoint);
            }
            Origin::Implied(need) => {
                implied.insert(*need);
            }
            Origin::File(_) | Origin::System(_) => {}
        }
    }
    let through: Vec<&str> = compiled.proxied.iter().map(String::as_str).collect();
    if !endpoints.is_empty() || through.is_empty() {
        lines.push(format!("Endpoints: {}", endpoints.into_iter().collect::<Vec<_>>().join(", ")));
    }
    if !through.is_empty() {
        lines.push(format!("Endpoints behind the proxy: {}", through.join(", ")));
    }
    lines.extend(implied.iter().map(|need| format!("Implied: {}, {}", need.id(), need.reason())));
    // A loss and the finding about it may say the same, the finding with backticks.
    let plain = |text: &str| text.replace('`', "");
    let told = lowered
        .findings
        .iter()
        .filter(|finding| matches!(finding.code, Code::TargetCannotSay | Code::TargetNotEnforceable));
    let mut unsaid: BTreeSet<String> = lowered.losses.iter().map(|loss| plain(&loss.why)).collect();
    unsaid.extend(told.map(|finding| plain(&finding.message)));
    lines.extend(unsaid.into_iter().map(|why| format!("Cannot say: {why}")));
    lines
}
