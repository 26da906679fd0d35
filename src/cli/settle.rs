//! What a run is about: the project file, and the flags that override its keys.

use super::args::{Common, SelectArgs};
use super::output::Output;
use crate::catalog::{Date, How, Or};
use crate::diag::{Code, Finding, Place, any_error, mask_secrets};
use crate::ops::{Opened, Project, catalogs, find, open};
use crate::project::EnvironmentDocument;
use crate::syntax::text::one_line;
use std::path::{Path, PathBuf};

/// The lockfile that is used when neither a flag nor a project names one.
const LOCK: &str = "egressor.lock";

/// What is wanted, by the project file and the flags together.
#[derive(Debug, Default)]
pub(super) struct Settled {
    /// What is wanted. Its lock is one that exists, or that a flag names.
    pub(super) project: Project,
    /// Where the lockfile is, or would be.
    pub(super) lock: PathBuf,
    /// The folder of the project file, where there is one.
    pub(super) root: Option<PathBuf>,
    /// Whether anything was said about what is wanted, by a flag or a file.
    pub(super) is_asked: bool,
    /// What is wrong. With an error nothing is wanted.
    pub(super) findings: Vec<Finding>,
    opened: Option<Opened>,
    told: Vec<String>,
}

/// Opens the project file that is meant, and lets the flags override it.
pub(super) fn settle(common: &Common, select: &SelectArgs, set: &[String], lock: Option<&Path>) -> Settled {
    let (opened, mut findings) = opened(common);
    let today = match super::catalog::day(select.today.as_deref()) {
        Ok(today) => Some(today),
        Err(message) => {
            findings.push(Finding::new(Code::VariableInvalid, message));
            None
        }
    };
    if any_error(&findings) {
        return Settled { findings, ..Settled::default() };
    }
    let is_asked = opened.is_some() || select.is_given();
    let mut settled = Settled { is_asked, findings, ..Settled::default() };
    settled.merge(opened.as_ref(), select, set, lock);
    settled.project.selection.today = today;
    settled.tell_today(select, today);
    settled.root = opened.as_ref().map(|opened| opened.root.clone());
    settled.opened = opened;
    settled
}

/// The project file: the one that a flag names, else the nearest one from here upwards.
pub(super) fn opened(common: &Common) -> (Option<Opened>, Vec<Finding>) {
    let path = match &common.project {
        Some(path) if path == Path::new("none") => None,
        Some(path) => Some(path.clone()),
        None => std::env::current_dir().ok().and_then(|here| find(&here)),
    };
    match (path, &common.env) {
        (Some(path), env) => open(&path, env.as_deref(), &common.allow_outside),
        (None, Some(env)) => {
            let message = format!("there is no project file that could have an environment `{env}`");
            let help = "`egressor init` writes one, `--project FILE` names one";
            (None, vec![Finding::new(Code::SelectionUnknown, message).help(help)])
        }
        (None, None) => (None, Vec::new()),
    }
}

impl Settled {
    fn merge(&mut self, opened: Option<&Opened>, select: &SelectArgs, set: &[String], lock: Option<&Path>) {
        let base = opened.map(|opened| opened.project.clone()).unwrap_or_default();
        let flags = select.selection();
        let mut selection = base.selection;
        if select.all_regions || !flags.regions.is_empty() {
            selection.regions.clone_from(&flags.regions);
            selection.all_regions = flags.all_regions;
        }
        if !flags.components.is_empty() {
            selection.components.clone_from(&flags.components);
        }
        selection.features.extend(flags.features);
        selection.without_features.extend(flags.without_features);
        selection.without.extend(flags.without);
        selection.literal |= flags.literal;
        selection.superseded |= flags.superseded;
        let of_file = |list: fn(&Opened) -> &Vec<PathBuf>, flag: &[PathBuf]| -> Vec<PathBuf> {
            if flag.is_empty() { opened.map(list).cloned().unwrap_or_default() } else { flag.to_vec() }
        };
        let catalogs = of_file(|opened| &opened.catalogs, &select.catalog);
        let overlays = of_file(|opened| &opened.overlays, &select.overlay);
        let mut artifacts = base.artifacts;
        // An option of an artifact comes before what the flags set, so one that a flag sets is dropped.
        let key = |setting: &str| setting.split_once('=').map(|(key, _)| key.to_owned());
        for artifact in &mut artifacts {
            artifact.settings.retain(|own| !set.iter().any(|flag| key(flag) == key(own)));
        }
        let named = lock.map(Path::to_owned).or_else(|| base.lock.clone());
        self.lock = named.unwrap_or_else(|| PathBuf::from(LOCK));
        self.project = Project {
            catalogs: catalogs.into_iter().chain(overlays).collect(),
            selection,
            settings: base.settings.into_iter().chain(set.iter().cloned()).collect(),
            lock: (lock.is_some() || self.lock.exists()).then(|| self.lock.clone()),
            artifacts,
        };
        self.told = told(opened, select, set, lock);
    }

    fn tell_today(&mut self, select: &SelectArgs, today: Option<Date>) {
        let from = if select.today.is_some() { "--today" } else { "the clock, in UTC" };
        self.told.extend(today.map(|today| format!("today = {today} ({from})")));
    }

    /// Tells where each value came from, when notes are printed.
    pub(super) fn tell(&self, output: Output) {
        if output.is_verbose() && !output.is_json() {
            for line in self.told.iter().chain(&self.told_by_overlays()) {
                // A URL may hold a password.
                output.status(&mask_secrets(line));
            }
        }
    }

    /// Where values came from that overlays set, and neither a flag nor the project file does.
    fn told_by_overlays(&self) -> Vec<String> {
        let (catalogs, _) = catalogs(&self.project.catalogs);
        let is_set = |key: &str| {
            let mut settings = self.project.settings.iter().filter_map(|setting| setting.split_once('='));
            settings.any(|(name, _)| name == key)
        };
        let line = |place: &Place| place.source.line_column(place.span.start).0;
        let mut lines = Vec::new();
        for catalog in &catalogs {
            for key in ["owner", "ticket", "expires"] {
                let mut changes = catalog.changes.iter().rev().filter(|it| it.how == How::Set);
                // A last day that is set for all never makes one of them last longer, so an overlay's still counts.
                let change = changes.find(|change| change.key.as_deref() == Some(key));
                let change = change.filter(|_| key == "expires" || !is_set(key));
                lines.extend(change.map(|change| {
                    let value = one_line(change.place.source.slice(change.place.span));
                    let value = value.trim_matches('"');
                    format!("{key} = {value} ({}:{})", change.place.source.name(), line(&change.place))
                }));
            }
            for (key, (value, place)) in catalog.settings.iter().filter(|(key, _)| !is_set(key)) {
                lines.push(format!("{key} = {value} ({}:{})", place.source.name(), line(place)));
            }
        }
        lines
    }

    /// Gives findings about values of the project file the places of those.
    pub(super) fn locate(&self, findings: &mut [Finding]) {
        let Some(opened) = &self.opened else { return };
        let values = values(opened);
        for finding in findings.iter_mut().filter(|finding| finding.place.is_none()) {
            let about_a_value = matches!(
                finding.code,
                Code::SelectionUnknown | Code::SelectionRegion | Code::VariableInvalid
            );
            let quoted = |text: &str| finding.message.contains(&format!("`{text}`"));
            let found = values.iter().find(|(text, _)| about_a_value && quoted(text));
            if let Some((_, place)) = found {
                finding.place = Some(place.clone());
            }
        }
    }
}

/// The values of a project file that a finding may be about, each with its place.
fn values(opened: &Opened) -> Vec<(String, Place)> {
    let says = &opened.file.says;
    let mut values = Vec::new();
    let mut put = |text: String, span| values.push((text, opened.file.place(span)));
    if let Some(region) = &says.region
        && let Or::Given(id) = &region.value
    {
        put(id.to_string(), region.span);
    }
    let ids = [
        says.components.as_ref().and_then(|all| all.value.given()),
        says.features.as_ref().and_then(|all| all.value.given()),
    ];
    for id in ids.into_iter().flatten().flat_map(|list| &list.0) {
        put(id.value.to_string(), id.span);
    }
    for text in says.without.iter().filter_map(|none| none.value.given()).flat_map(|list| &list.0) {
        put(text.value.to_string(), text.span);
    }
    values
}

/// Where each value came from, one a line.
fn told(opened: Option<&Opened>, select: &SelectArgs, set: &[String], lock: Option<&Path>) -> Vec<String> {
    let mut lines = Vec::new();
    let says = opened.map(|opened| &opened.file.says);
    let given = says.map(EnvironmentDocument::given).unwrap_or_default();
    let place = |span: crate::diag::Span| -> String {
        let place = opened.map(|opened| opened.file.place(span));
        place.map_or_else(String::new, |place| {
            format!("{}:{}", place.source.name(), place.source.line_column(place.span.start).0)
        })
    };
    let of_file = |span: crate::diag::Span| {
        let text = opened.map(|opened| opened.file.source.slice(span)).unwrap_or_default();
        one_line(text).trim_matches(['[', ']', '"']).to_owned()
    };
    match opened {
        None => lines.push("project = none (no egressor.yaml here or above)".to_owned()),
        Some(opened) => {
            lines.push(format!("project = {}", opened.file.source.name()));
            lines.extend(opened.file.environment.as_ref().map(|env| format!("env = {env}")));
        }
    }
    let paths = |list: &[PathBuf]| {
        let list: Vec<String> = list.iter().map(|path| path.display().to_string()).collect();
        (!list.is_empty()).then(|| list.join(", "))
    };
    let words = |list: &[String]| (!list.is_empty()).then(|| list.join(", "));
    let region = if select.all_regions { Some("all".to_owned()) } else { words(&select.region) };
    let flags = [
        ("catalogs", "--catalog", paths(&select.catalog), "shipped"),
        ("overlays", "--overlay", paths(&select.overlay), "none"),
        ("region", "--region", region, "none"),
        ("components", "--component", words(&select.component), "all"),
        ("features", "", None, "default"),
        ("without", "", None, "none"),
        ("lock", "--lock", lock.map(|lock| lock.display().to_string()), LOCK),
        ("artifacts", "", None, "default"),
    ];
    for (key, flag, value, default) in flags {
        let at = given.iter().find(|(name, _)| *name == key);
        lines.push(match (value, at) {
            (Some(value), _) => format!("{key} = {value} ({flag})"),
            (None, Some((_, span))) => format!("{key} = {} ({})", of_file(*span), place(*span)),
            (None, None) => format!("{key} = {default} (default)"),
        });
    }
    for (what, flag, list) in [
        ("feature on", "--feature", &select.feature),
        ("feature off", "--no-feature", &select.no_feature),
        ("left out", "--without", &select.without),
    ] {
        lines.extend(words(list).map(|list| format!("{what} = {list} ({flag})")));
    }
    let is_set = |key: &str| set.iter().any(|flag| flag.split_once('=').is_some_and(|(name, _)| name == key));
    for (key, span) in given.iter().filter(|(key, _)| matches!(*key, "owner" | "ticket" | "expires")) {
        if !is_set(key) {
            lines.push(format!("{key} = {} ({})", of_file(*span), place(*span)));
        }
    }
    for (id, value) in says.iter().flat_map(|says| says.variables.iter()).flat_map(|table| &table.value.0) {
        let text = match &value.value {
            Or::Word(word) => word.as_str(),
            Or::Given(text) => text.as_str(),
        };
        if !is_set(id.as_str()) {
            lines.push(format!("{id} = {text} ({})", place(value.name_span)));
        }
    }
    lines.extend(
        set.iter()
            .filter_map(|flag| flag.split_once('=').map(|(key, value)| format!("{key} = {value} (--set)"))),
    );
    lines
}
