//! What judges that guard by name have in common: policies in files, and the hosts and ports that are asked for.

use crate::policies::policies;
use egressor::diag::{Source, any_error};
use egressor::ops::prove;
use egressor::packet::{
    Constraint, Hostname, NamePattern, Packet, Peer, PortRange, PortSet, Protocol, RowPeer, TransportSet,
};
use egressor::policy::{Bounds, Policy};
use egressor::render::Renderer;
use egressor::targets::{Options, Wanted, find};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Files by their names.
pub(crate) type Files = Vec<(String, String)>;

/// Policies as catalogs could ask for them, the same in every run.
pub(crate) fn some_policies(target: &str, count: usize) -> Vec<Policy> {
    let mut runner = TestRunner::deterministic();
    let strategy = policies(find(target).unwrap().speech());
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// The same hosts on ports that need no rights: one of them for requests without TLS.
pub(crate) fn on_high_ports(mut policy: Policy) -> Policy {
    let range = |first, last| PortRange::new(first, last).unwrap();
    let choices = [
        vec![range(20_443, 20_443)],
        vec![range(20_443, 20_443), range(28_443, 28_443)],
        vec![range(20_080, 20_080)],
        vec![range(28_000, 28_003)],
    ];
    for set in &mut policy.sets {
        for (rule, ports) in set.rules.iter_mut().zip(choices.iter().cycle()) {
            let ports = TransportSet::ports(Protocol::TCP, &PortSet::of(ports.iter().copied()));
            rule.matches.transport = Constraint::only(ports).unwrap();
        }
    }
    policy
}

/// The files of a policy, proven, or nothing where the target refuses it.
pub(crate) fn written(target: &str, policy: &Policy, settings: &[(&str, &str)]) -> Files {
    let target = find(target).unwrap();
    let given: BTreeMap<String, String> =
        settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let options = Options::new(target.options(), &given);
    let needs = target.needs().iter().copied().collect();
    let renderer = Renderer::new(target.templates().iter().copied()).unwrap();
    let proven =
        prove(target, &Wanted { policy, needs: &needs, options: &options }, &renderer, |_| vec!["x".into()]);
    proven.files.into_iter().map(|file| (file.path, file.text)).collect()
}

/// What files allow, as they are read; nothing when they are refused.
pub(crate) fn meaning(target: &str, files: &Files) -> Option<Bounds> {
    let sources: Vec<Arc<Source>> =
        files.iter().map(|(name, text)| Arc::new(Source::new(name.clone(), text.clone()))).collect();
    let importers = find(target).unwrap().importers();
    let importer = importers.iter().find(|importer| importer.recognizes(&sources[0])).unwrap();
    let read = importer.import(&sources);
    if any_error(&read.findings) {
        return None;
    }
    let bounds: Vec<Bounds> = read.policy.sets.iter().map(egressor::policy::RuleSet::allows).collect();
    assert!(bounds.len() < 2, "one scope is judged");
    bounds.into_iter().next()
}

/// A connection to a host by its name, from the loopback.
pub(crate) fn packet(host: &Hostname, port: u16) -> Packet<'_> {
    let source = Ipv4Addr::LOCALHOST.into();
    Packet { peer: Peer::Name(host, "/"), source, protocol: Protocol::TCP, detail: port }
}

/// The hosts that rules name, those beside, above and below them, and some that no rule names.
pub(crate) fn hosts(bounds: &Bounds) -> Vec<Hostname> {
    let mut hosts: BTreeSet<String> =
        ["a.example", "b.a.example", "evil.test"].into_iter().map(str::to_owned).collect();
    let mut add = |host: &Hostname| {
        hosts.extend([
            host.to_string(),
            format!("x.{host}"),
            format!("y.x.{host}"),
            format!("x{host}"),
            format!("{host}.evil.test"),
        ]);
    };
    for row in bounds.at_least.rows().into_iter().chain(bounds.at_most.rows()) {
        let RowPeer::Names(names, except) = row.peer else { continue };
        for pattern in names.iter().chain(&except) {
            match pattern {
                NamePattern::Any => {}
                NamePattern::Host(host)
                | NamePattern::Path(host, _)
                | NamePattern::Tree(host)
                | NamePattern::Below(host)
                | NamePattern::OneBelow(host) => add(host),
            }
        }
    }
    hosts.into_iter().filter_map(|host| host.parse().ok()).collect()
}

/// Files as they are shown beside what a judge says of them.
pub(crate) fn shown(files: &Files) -> String {
    let mut text = String::new();
    for (name, file) in files {
        writeln!(text, "==> {name}\n{file}").unwrap();
    }
    text
}

/// The cases of an importer: the folder's name, and its files.
pub(crate) fn corpus(importer: &str) -> Vec<(String, Files)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(importer);
    let mut folders: Vec<PathBuf> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let files = |folder: &PathBuf| {
        let mut names: Vec<PathBuf> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.retain(|path| path.is_file() && !path.ends_with("meaning.txt"));
        names.sort_by_key(|path| path.extension().is_none());
        let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        names.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
    };
    folders
        .iter()
        .map(|folder| (folder.file_name().unwrap().to_str().unwrap().to_owned(), files(folder)))
        .collect()
}
