//! What an argument may be: words of the program, of catalogs, of the project and of rule files.

use super::line::Asked;
use super::{Beside, Candidate};
use crate::catalog::{Catalog, SHIPPED};
use crate::compile::Variables;
use crate::diag::CODES;
use crate::ops::{Opened, catalogs, find, open, show};
use crate::policy::Need;
use crate::project::FILE;
use crate::resolve::feeds::FEEDS;
use crate::syntax::yaml::{self, Kind};
use crate::targets::TARGETS;
use clap::{Arg, ValueHint};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The largest file that is read while somebody waits for a word.
const LARGEST: u64 = 1 << 20;
/// The largest rule files that are read for the names of their scopes.
const LARGEST_RULES: u64 = 64 << 10;
/// The arguments that name folders.
const FOLDERS: [&str; 4] = ["out", "templates", "artifact_dir", "allow_outside"];

/// What an argument may be, and what a shell offers beside.
pub(super) fn of(arg: &Arg, asked: &Asked<'_>) -> (Beside, Vec<Candidate>) {
    let id = arg.get_id().as_str();
    let candidates = known(id, asked).unwrap_or_else(|| {
        let words = arg.get_possible_values();
        let shown = words.iter().filter(|word| !word.is_hide_set());
        let help = |word: &clap::builder::PossibleValue| word.get_help().map(ToString::to_string);
        shown.map(|word| candidate(word.get_name(), help(word).unwrap_or_default())).collect()
    });
    let beside = match arg.get_value_hint() {
        _ if id == "set" && !asked.split().1.contains('=') => Beside::Open,
        ValueHint::AnyPath if FOLDERS.contains(&id) => Beside::Folders,
        ValueHint::AnyPath => Beside::Files,
        _ => Beside::Words,
    };
    (beside, candidates)
}

fn candidate(value: impl Into<String>, help: impl Into<String>) -> Candidate {
    Candidate { value: value.into(), help: help.into() }
}

/// The words that are known for an argument; nothing where its type knows them.
fn known(id: &str, asked: &Asked<'_>) -> Option<Vec<Candidate>> {
    let command = asked.command.get_name();
    Some(match id {
        "target" => targets(asked),
        "model" => {
            let own = ["artifact", "manifest"].map(|word| candidate(word, ""));
            TARGETS.iter().map(|target| candidate(target.name(), target.summary())).chain(own).collect()
        }
        "catalog" | "old" | "new" | "envelope" if id == "catalog" || command == "diff" => shipped(id, asked)?,
        "files" if command == "lint" && is_of_catalogs(asked) => shipped("catalog", asked)?,
        "feed" => FEEDS.iter().map(|feed| candidate(feed.name, "")).collect(),
        "code" => CODES.iter().map(|code| candidate(code.as_str(), code.title())).collect(),
        "env" => environments(asked),
        "region" if command != "import" => all(asked, |catalog| {
            let regions = catalog.document.regions.iter();
            regions
                .flat_map(|regions| regions.value.0.keys())
                .map(|id| candidate(id.to_string(), ""))
                .collect()
        }),
        "component" => all(asked, |catalog| {
            catalog.document.components.value.0.keys().map(|id| candidate(id.to_string(), "")).collect()
        }),
        "feature" | "no_feature" => all(asked, |catalog| {
            catalog.document.features.value.0.keys().map(|id| candidate(id.to_string(), "")).collect()
        }),
        "without" => {
            let implied = Need::ALL.iter().map(|need| candidate(need.id(), need.reason()));
            all(asked, endpoints).into_iter().chain(implied).collect()
        }
        "endpoints" => all(asked, endpoints),
        "set" => settings(asked),
        "only" | "accept" | "allow_private" => all(asked, |catalog| {
            let regions: Vec<_> =
                catalog.document.regions.iter().flat_map(|all| all.value.0.keys()).cloned().collect();
            let hosts = catalog.endpoints().flat_map(|endpoint| endpoint.hosts_in(&regions));
            hosts.map(|host| candidate(host.to_string(), "")).collect()
        }),
        "scope" | "against_scope" => scopes(asked),
        _ => return None,
    })
}

/// Reports whether the command is `catalog lint`, and not the one about rules.
fn is_of_catalogs(asked: &Asked<'_>) -> bool {
    asked.command.get_arguments().any(|arg| arg.get_id() == "catalog")
        && !asked.command.get_arguments().any(|arg| arg.get_id() == "before")
}

fn targets(asked: &Asked<'_>) -> Vec<Candidate> {
    let of_project = opened(asked).into_iter().flat_map(|opened| opened.project.artifacts);
    let own = of_project.map(|artifact| candidate(artifact.target, "of the project"));
    let mut all: Vec<Candidate> =
        TARGETS.iter().map(|target| candidate(target.name(), target.summary())).collect();
    for own in own {
        if !all.iter().any(|known| known.value == own.value) {
            all.push(own);
        }
    }
    all
}

/// Ids of shipped catalogs, where the argument takes any.
fn shipped(id: &str, asked: &Asked<'_>) -> Option<Vec<Candidate>> {
    let of_rules = asked.command.get_arguments().any(|arg| arg.get_id() == "old_files");
    let ids = || SHIPPED.iter().map(|(id, _)| candidate(*id, "shipped")).collect();
    (matches!(id, "catalog" | "envelope") || !of_rules).then(ids)
}

fn endpoints(catalog: &Catalog) -> Vec<Candidate> {
    let one = |endpoint| {
        let endpoint: &crate::catalog::EndpointDocument = endpoint;
        let purpose = endpoint.purpose.value.as_str();
        [candidate(endpoint.id.value.to_string(), purpose), candidate(catalog.full_id(endpoint), purpose)]
    };
    catalog.endpoints().flat_map(one).collect()
}

/// Keys and their `=`; behind it the words that the value may be.
fn settings(asked: &Asked<'_>) -> Vec<Candidate> {
    let keys = Variables::keys(&named(asked));
    if let Some((key, _)) = asked.split().1.split_once('=') {
        let words = keys.into_iter().find(|(known, _)| known == key).map(|(_, words)| words);
        return words.into_iter().flatten().map(|word| candidate(format!("{key}={word}"), "")).collect();
    }
    let specs = || TARGETS.iter().flat_map(|target| target.options());
    let help = |key: &str| specs().find(|spec| spec.key == key).map_or("", |spec| spec.summary);
    keys.into_iter().map(|(key, _)| candidate(format!("{key}="), help(&key))).collect()
}

/// Something of each catalog that is meant, once.
fn all(asked: &Asked<'_>, of: impl Fn(&Catalog) -> Vec<Candidate>) -> Vec<Candidate> {
    let mut seen = BTreeSet::new();
    let mut all: Vec<Candidate> = named(asked).iter().flat_map(of).collect();
    all.retain(|candidate| seen.insert(candidate.value.clone()));
    all
}

/// The catalogs that are meant: those of the line, else those of the project, else what the command means without any.
fn named(asked: &Asked<'_>) -> Vec<Catalog> {
    let of_line = |id| asked.values(id).iter().map(PathBuf::from).collect::<Vec<_>>();
    let (mut paths, overlays) = (of_line("catalog"), of_line("overlay"));
    let of_file = if paths.is_empty() || overlays.is_empty() { opened(asked) } else { None };
    if paths.is_empty() {
        paths = of_file.as_ref().map(|opened| opened.catalogs.clone()).unwrap_or_default();
    }
    // An endpoint may be named with its catalog, and a list without any catalog is about all of them.
    if paths.is_empty() && matches!(asked.command.get_name(), "list" | "show") {
        paths = crate::ops::shipped();
    }
    let overlays = if overlays.is_empty() {
        of_file.map(|opened| opened.overlays).unwrap_or_default()
    } else {
        overlays
    };
    paths.extend(overlays);
    let is_shipped = |path: &PathBuf| SHIPPED.iter().any(|(id, _)| Path::new(id) == path);
    if !paths.iter().all(|path| is_shipped(path) || is_small(path, LARGEST)) {
        return Vec::new();
    }
    catalogs(&paths).0
}

/// Reports whether it is a file that can be read at once: a pipe would wait for whoever writes to it.
fn is_small(path: &Path, largest: u64) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() <= largest)
}

/// The project file that is meant.
fn project_file(asked: &Asked<'_>) -> Option<PathBuf> {
    let path = match asked.values("project").last().map(String::as_str) {
        Some("none") => None,
        Some(path) => Some(PathBuf::from(path)),
        None => std::env::current_dir().ok().and_then(|here| find(&here)),
    };
    path.filter(|path| is_small(path, LARGEST))
}

fn opened(asked: &Asked<'_>) -> Option<Opened> {
    let outside: Vec<PathBuf> = asked.values("allow_outside").iter().map(PathBuf::from).collect();
    let env = asked.values("env").last().map(String::as_str);
    open(&project_file(asked)?, env, &outside).0
}

/// The environments of the project, which are found also where none is chosen yet.
fn environments(asked: &Asked<'_>) -> Vec<Candidate> {
    let path =
        project_file(asked).or_else(|| Some(PathBuf::from(FILE)).filter(|path| is_small(path, LARGEST)));
    let text = path.and_then(|path| std::fs::read_to_string(path).ok());
    let Some(text) = text else { return Vec::new() };
    let source = Arc::new(crate::diag::Source::new("", text));
    let trees = yaml::parse(&source, crate::diag::Code::CatalogSyntax).unwrap_or_default();
    match trees.first().and_then(|root| root.get("env")).map(|env| &env.kind) {
        Some(Kind::Mapping(entries)) => {
            entries.iter().map(|(key, _)| candidate(key.name.clone(), "")).collect()
        }
        Some(_) | None => Vec::new(),
    }
}

/// The scopes of the rule files on the line, where these are small.
fn scopes(asked: &Asked<'_>) -> Vec<Candidate> {
    let ids = ["files", "against", "old", "new", "old_files", "new_files"];
    let files: Vec<PathBuf> = ids.iter().flat_map(|id| asked.values(id)).map(PathBuf::from).collect();
    let mut names = BTreeSet::new();
    for file in files.iter().filter(|file| is_small(file, LARGEST_RULES)) {
        names.extend(show(std::slice::from_ref(file)).policy.sets.into_iter().map(|set| set.scope.name));
    }
    names.into_iter().map(|name| candidate(name, "")).collect()
}
