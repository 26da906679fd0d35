//! CAST AI, written and compared by the program itself.

use super::expected::compared;
use super::policy::Unasked;
use super::table::Table;
use super::written::{Demand, Written};
use super::{lock_of, matrix, options};
use egressor::catalog::Selection;
use egressor::diag::Source;
use egressor::drift::Verdict;
use egressor::ops::Project;
use egressor::packet::{AddrSet, Constraint, Hostname, NamePattern, PacketSet, PeerSet, TransportSet};
use egressor::policy::{Direction, Need, Origin, Policy};
use egressor::resolve::Lockfile;
use egressor::targets::{Ingress, PeerKind, TARGETS, Wanted};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// The component of CAST AI that has most to reach: pods of one kind, so that every target has one rule set each way.
const COMPONENT: &str = "cluster-controller";

/// CAST AI in the United States, written and compared by the program itself.
pub(crate) fn of_castai(folder: &Path) -> Table {
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/01_quickstart/egressor.lock");
    let without: Vec<String> =
        Need::ALL.iter().map(|need| need.id().to_owned()).filter(|id| id != "implied/deny-rest").collect();
    let selection = Selection {
        regions: vec!["us".into()],
        components: vec![COMPONENT.into()],
        without,
        ..Selection::default()
    };
    let project = Project { lock: Some(lock.clone()), selection, ..Project::default() };
    let wanted = |speech| project.wanted(&[(speech, BTreeSet::new())]).0;
    // All that is known of each endpoint: its names and its addresses.
    let all_known = wanted(egressor::targets::Speech {
        peers: PeerKind::Both,
        scoping: egressor::targets::Scoping::Host,
        ingress: Ingress::ByPeer,
    });
    let mut all = Vec::new();
    for target in TARGETS.iter().copied() {
        let mut arguments =
            vec!["generate".to_owned(), "-t".into(), target.name().into(), "--region".into(), "us".into()];
        arguments.extend([
            "--component".into(),
            COMPONENT.into(),
            "--lock".into(),
            lock.display().to_string(),
        ]);
        arguments
            .extend(project.selection.without.iter().flat_map(|id| ["--without".to_owned(), id.clone()]));
        let options = options(target);
        let speech = target.speech_with(&options);
        if speech.peers == PeerKind::Direct {
            // It tells what does not go through a proxy, and without one there is nothing to tell.
            continue;
        }
        let out = folder.join(target.name());
        arguments.extend(["--out".into(), out.display().to_string()]);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let (code, _, said) = program(folder, &arguments);
        assert_eq!(code, 0, "{said}");
        if !out.exists() {
            continue;
        }
        let policy = wanted(speech);
        let needs: BTreeSet<Need> =
            target.needs().iter().copied().filter(|need| *need == Need::DenyRest).collect();
        let lowered = target.lower(&Wanted { policy: &policy, needs: &needs, options: &options });
        let unasked = unasked(&policy, &all_known, speech.peers);
        all.push(Written::new(
            target,
            out,
            Demand { policy, unasked, names_only: speech.peers == PeerKind::Names },
            &lowered,
        ));
    }
    let text = std::fs::read_to_string(&lock).expect("the lock");
    let read = Lockfile::parse(&std::sync::Arc::new(Source::new("egressor.lock", text))).expect("a lock");
    let mut hosts: BTreeMap<Hostname, AddrSet> = read
        .hosts()
        .map(|host| {
            (host.name().clone(), AddrSet::of(host.evidence().iter().map(|evidence| evidence.prefix)))
        })
        .collect();
    for rule in all_known.sets.iter().flat_map(|set| &set.rules) {
        // Addresses that are the host's own come before those of the lock.
        if let (Origin::Endpoint(why), Some(peers)) = (&rule.origin, rule.matches.peer.set())
            && let [host] = why.hosts.as_slice()
        {
            hosts.insert(host.parse().expect("a host"), peers.addrs.clone());
        }
    }
    let known = lock_of(hosts, &all);
    let lock_name = lock.display().to_string();
    matrix(
        "castai",
        "the cluster controller of CAST AI in the United States, with the lock of the quickstart",
        &all,
        &known,
        |old, new, probes| {
            let found = compared(old, new, &project, probes, &known);
            let [old, new] = [old, new].map(|side| side.folder.display().to_string());
            let arguments = ["diff", &old, &new, "--lock", &lock_name, "--format", "json"];
            let (code, printed, said) = program(folder, &arguments);
            let json: serde_json::Value = serde_json::from_str(&printed).expect(&said);
            assert_eq!(json["verdict"], found.verdict.as_str(), "{old} {new}");
            assert_eq!(code, i32::from(found.verdict != Verdict::Equal), "{said}");
            found
        },
    )
}

/// What is known and not asked of a target, and what it is asked in part.
fn unasked(policy: &Policy, all_known: &Policy, speaks: PeerKind) -> Vec<(Direction, PacketSet, Unasked)> {
    let asked: BTreeSet<&str> = endpoints(policy).map(|(_, id, ..)| id).collect();
    let mut unasked = Vec::new();
    for (direction, id, peers, services) in endpoints(all_known) {
        let patterns = peers.names.patterns();
        let mut names = patterns.iter().flat_map(|(some, _)| some);
        let why = match (asked.contains(id), direction, speaks) {
            (false, Direction::Ingress, _) => Unasked::Ingress,
            (false, Direction::Egress, PeerKind::Addresses) => Unasked::Unresolved,
            (false, Direction::Egress, _) => Unasked::Nameless,
            (true, _, PeerKind::Addresses) if names.any(|name| matches!(name, NamePattern::Path(..))) => {
                Unasked::Paths
            }
            (true, ..) => continue,
        };
        unasked.push((direction, PacketSet::product(None, peers, services, &true), why));
    }
    unasked
}

fn endpoints(policy: &Policy) -> impl Iterator<Item = (Direction, &str, &PeerSet, &TransportSet)> {
    policy.rules().filter_map(|(scope, rule)| {
        let Origin::Endpoint(why) = &rule.origin else { return None };
        let (Constraint::Only(_), Constraint::Only(_)) = (&rule.matches.peer, &rule.matches.transport) else {
            return None;
        };
        Some((
            scope.direction,
            why.endpoint.as_str(),
            rule.matches.peer.set()?,
            rule.matches.transport.set()?,
        ))
    })
}

fn program(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_egressor"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the program runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (output.status.code().expect("it ends by itself"), text(output.stdout), text(output.stderr))
}
