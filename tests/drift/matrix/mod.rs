//! One policy written by every target, every pair of files compared: equal, or just what the targets said they cannot say.
//!
//! What each file should mean is computed without reading it: what the target was asked for, less and more what it declared.
//! An oracle that looks at points compares two such meanings, by the addresses of the lock where one side names hosts, and
//! `egressor diff` has to say the same of every point. Nothing here is taken from its output but the table for the page.

mod policy;
mod probe;
mod table;

use crate::common::policies::plain;
use egressor::catalog::Selection;
use egressor::diag::{Source, any_error};
use egressor::drift::{Doubt, Kind, Verdict};
use egressor::ops::{DiffRequest, Project, Side, diff, prove, show};
use egressor::packet::{
    AddrSet, Constraint, Hostname, Limit, NamePattern, NameSet, PacketSet, PeerSet, Prefix, Set, TransportSet,
};
use egressor::policy::{Direction, Need, Origin, Policy, Scope};
use egressor::render::Renderer;
use egressor::resolve::Lockfile;
use egressor::targets::{Ingress, Lowered, OptionKind, Options, PeerKind, TARGETS, Target, Wanted};
use policy::{Asked, Unasked};
use probe::{Far, Lock, Passes, Probe, probes};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use table::Table;

/// The file of one target, and what it should mean.
struct Written {
    target: &'static str,
    folder: PathBuf,
    /// What it should allow.
    means: BTreeMap<Direction, PacketSet>,
    /// What it was not asked, or cannot say, and the words for it.
    lost: Vec<(Direction, PacketSet, String)>,
    /// Whether its rules name hosts and know no addresses.
    names_only: bool,
    /// The kinds of peers that its rules speak about, where it has rules.
    knows: BTreeMap<Direction, BTreeSet<Kind>>,
}

/// Of addresses that one file writes beside the names of their hosts, one that only names hosts says nothing.
const ADDRESSES_ASIDE: &str = "addresses beside the names of their hosts, where rules know names only";

/// What somebody asks of a target.
struct Demand {
    policy: Policy,
    unasked: Vec<(Direction, PacketSet, Unasked)>,
    names_only: bool,
}

impl Written {
    fn new(target: &'static dyn Target, folder: PathBuf, demand: Demand, lowered: &Lowered) -> Self {
        let mut means: BTreeMap<Direction, PacketSet> = BTreeMap::new();
        let of = |scope: &Scope, part: fn(&egressor::targets::Loss) -> &PacketSet| {
            let losses = lowered.losses.iter().filter(|loss| loss.scope == *scope);
            PacketSet::union_all(&losses.map(|loss| part(loss).clone()).collect::<Vec<_>>())
        };
        for set in &demand.policy.sets {
            let asked = set.allows().at_least.union(&of(&set.scope, |loss| &loss.excess));
            let said = asked.subtract(&of(&set.scope, |loss| &loss.missing));
            let all = means.entry(set.scope.direction).or_default();
            *all = all.union(&said);
        }
        let mut lost: Vec<_> = demand
            .unasked
            .into_iter()
            .map(|(direction, packets, why)| (direction, packets, why.words().to_owned()))
            .collect();
        for loss in &lowered.losses {
            let packets = loss.excess.union(&loss.missing);
            if !packets.is_empty() {
                lost.push((loss.scope.direction, packets, table::words(&loss.why)));
            }
        }
        let shown = show(&[folder.clone()]);
        assert!(!any_error(&shown.findings), "{}: {:#?}", target.name(), shown.findings);
        let mut knows: BTreeMap<Direction, BTreeSet<Kind>> = BTreeMap::new();
        for set in &shown.policy.sets {
            let kinds = knows.entry(set.scope.direction).or_default();
            for peers in set.rules.iter().filter_map(|rule| rule.matches.peer.set()).chain([&set.universe]) {
                kinds.extend(kinds_of(peers));
            }
        }
        Self { target: target.name(), folder, means, lost, names_only: demand.names_only, knows }
    }

    fn allows(&self, direction: Direction) -> PacketSet {
        self.means.get(&direction).cloned().unwrap_or_default()
    }
}

fn kinds_of(peers: &PeerSet) -> Vec<Kind> {
    Kind::ALL.into_iter().filter(|kind| !peers.intersect(&kind.peers()).is_empty()).collect()
}

fn kind_of(far: &Far) -> Kind {
    match far {
        Far::Addr(addr) if addr.is_ipv4() => Kind::V4,
        Far::Addr(_) => Kind::V6,
        Far::Name(..) => Kind::Names,
        Far::Group(_) => Kind::Groups,
    }
}

/// How one packet should fare.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Fares {
    Same,
    Added,
    Removed,
    Unknown,
}

/// What a pair should differ in.
struct Expected {
    /// How every probe fares.
    fares: Vec<Fares>,
    /// The words for why.
    why: BTreeSet<String>,
    /// The words for what only one of the two speaks about, so that it is not compared.
    aside: BTreeSet<String>,
    /// A difference that neither declared.
    unexplained: Option<String>,
}

/// What a pair should differ in, one way.
fn expected(old: &Written, new: &Written, direction: Direction, probes: &[Probe], lock: &Lock) -> Expected {
    let both = old.knows.get(&direction).zip(new.knows.get(&direction));
    let (of_old, of_new) = (old.allows(direction), new.allows(direction));
    let names = |set: &PacketSet| !set.peer_names().is_empty();
    let addrs = |set: &PacketSet| !set.peer_addrs().is_empty();
    let speaks = |kinds: &BTreeSet<Kind>| kinds.contains(&Kind::V4) || kinds.contains(&Kind::V6);
    // One side lets hosts pass by name and the other by address: addresses take the place of names.
    let turned =
        |one: &PacketSet, other: &PacketSet| both.is_some() && names(one) && !names(other) && addrs(other);
    let (turned_old, turned_new) = (turned(&of_old, &of_new), turned(&of_new, &of_old));
    // Both name hosts, and one has their addresses, too: they stand beside the names on either side.
    let beside = names(&of_old)
        && names(&of_new)
        && (addrs(&of_old) || addrs(&of_new))
        && old.target != new.target
        && both.is_some_and(|(a, b)| speaks(a) && speaks(b));
    let covered = |kinds: &BTreeSet<Kind>, turned: bool| -> BTreeSet<Kind> {
        let all = [Kind::V4, Kind::V6].into_iter().filter(|_| turned);
        kinds.iter().copied().filter(|kind| !turned || *kind != Kind::Names).chain(all).collect()
    };
    let kinds = both.map(|(a, b)| (covered(a, turned_old), covered(b, turned_new)));
    let alike = kinds.as_ref().is_none_or(|(a, b)| !a.is_disjoint(b));
    let passes = |turned: bool, set: &PacketSet, probe: &Probe| match (turned, beside) {
        (true, _) => probe.by_name(set, lock, true),
        (false, true) => probe.by_name(set, lock, false),
        (false, false) => probe.passes(set),
    };
    let lost = |side: &Written, probe: &Probe| -> Vec<String> {
        let lost = side.lost.iter().filter(|(way, ..)| *way == direction);
        let here = lost.filter(|(_, packets, _)| probe.by_name(packets, lock, true) != Passes::Never);
        here.map(|(.., words)| words.clone()).collect()
    };
    let mut expected =
        Expected { fares: Vec::new(), why: BTreeSet::new(), aside: BTreeSet::new(), unexplained: None };
    for probe in probes {
        let kind = kind_of(&probe.far);
        if (turned_old || turned_new) && kind == Kind::Names {
            expected.fares.push(Fares::Same);
            continue;
        }
        let one_sided = kinds.as_ref().is_some_and(|(a, b)| a.contains(&kind) != b.contains(&kind));
        let (before, after) = (passes(turned_old, &of_old, probe), passes(turned_new, &of_new, probe));
        let differs = match (before, after) {
            (Passes::Surely, Passes::Surely) | (Passes::Never, Passes::Never) => None,
            _ if one_sided => Some(Fares::Unknown),
            (Passes::Surely, Passes::Never) => Some(Fares::Removed),
            (Passes::Never, Passes::Surely) => Some(Fares::Added),
            (Passes::Perhaps, _) | (_, Passes::Perhaps) => Some(Fares::Unknown),
        };
        let aside = one_sided && alike;
        expected.fares.push(differs.filter(|_| !aside).unwrap_or(Fares::Same));
        if differs.is_some() {
            let mut words = [lost(old, probe), lost(new, probe)].concat();
            let silent = |side: &Written| {
                side.names_only && side.knows.get(&direction).is_some_and(|kinds| !kinds.contains(&kind))
            };
            if words.is_empty() && aside && kind != Kind::Names && (silent(old) || silent(new)) {
                words.push(ADDRESSES_ASIDE.to_owned());
            }
            if words.is_empty() && expected.unexplained.is_none() {
                let message = format!("{direction} {probe:?}: {before:?} and {after:?}, declared by neither");
                expected.unexplained = Some(message);
            }
            if aside { &mut expected.aside } else { &mut expected.why }.extend(words);
        }
    }
    expected
}

/// What came of a pair.
struct Compared {
    verdict: Verdict,
    why: BTreeSet<String>,
    aside: BTreeSet<String>,
    wrong: Vec<String>,
}

/// Compares a pair the way `egressor diff` does, and holds it against what is expected. The words for why it is not equal.
fn compared(old: &Written, new: &Written, project: &Project, probes: &[Probe], lock: &Lock) -> Compared {
    let request = DiffRequest {
        old: Side::Files(vec![old.folder.clone()]),
        new: Side::Files(vec![new.folder.clone()]),
        project: project.clone(),
        explain: false,
        maps: Vec::new(),
        scopes: Vec::new(),
        ignore: None,
        doubt: Doubt::Unknown,
        envelope: Vec::new(),
        limit: Limit::default(),
    };
    let diffed = diff(&request);
    let pair = format!("{} and {}", old.target, new.target);
    assert!(diffed.compared, "{pair}: {:#?}", diffed.findings);
    let verdict = diffed.drift.verdict();
    let mut compared = Compared { verdict, why: BTreeSet::new(), aside: BTreeSet::new(), wrong: Vec::new() };
    let mut differs = false;
    for direction in [Direction::Egress, Direction::Ingress] {
        let of = |part: fn(&egressor::drift::Difference) -> PacketSet| {
            let scopes = diffed.drift.scopes.iter().filter(|scope| scope.direction == direction);
            PacketSet::union_all(&scopes.map(|scope| part(&scope.difference)).collect::<Vec<_>>())
        };
        let found = [
            of(|it| it.added.clone()),
            of(|it| it.removed.clone()),
            of(egressor::drift::Difference::unknown),
        ];
        let expected = expected(old, new, direction, probes, lock);
        compared.wrong.extend(expected.unexplained.map(|text| format!("{pair}: {text}")));
        compared.why.extend(expected.why);
        compared.aside.extend(expected.aside);
        let mut wrong = None;
        for (probe, expected) in probes.iter().zip(expected.fares) {
            let [added, removed, unknown] = found.each_ref().map(|set| probe.is_in(set));
            let found = match (added, removed, unknown) {
                (true, false, false) => Some(Fares::Added),
                (false, true, false) => Some(Fares::Removed),
                (false, false, true) => Some(Fares::Unknown),
                (false, false, false) => Some(Fares::Same),
                _ => None,
            };
            differs |= found != Some(Fares::Same);
            if found != Some(expected) && wrong.is_none() {
                wrong = Some(format!("{pair}, {direction} {probe:?}: {found:?}, and {expected:?} expected"));
            }
        }
        compared.wrong.extend(wrong);
    }
    if (verdict == Verdict::Equal) == differs {
        compared.wrong.push(format!("{pair}: the verdict is {verdict}"));
    }
    compared
}

/// All targets that something was written for, each pair.
fn matrix(
    name: &str,
    what: &str,
    all: &[Written],
    lock: &Lock,
    compare: impl Fn(&Written, &Written, &[Probe]) -> Compared,
) -> Table {
    let mut table = Table::new(name, what, all.iter().map(|written| written.target));
    let mut wrong = Vec::new();
    for (at, old) in all.iter().enumerate() {
        for new in all.iter().take(at + 1) {
            let sets: Vec<PacketSet> =
                [old, new].into_iter().flat_map(|it| it.means.values().cloned()).collect();
            let probes = probes(&sets.iter().collect::<Vec<_>>(), lock);
            let found = compare(old, new, &probes);
            wrong.extend(found.wrong);
            if std::ptr::eq(old, new) && found.verdict != Verdict::Equal {
                wrong.push(format!("{} is not equal to itself", old.target));
            }
            table.add(found.why, found.aside);
        }
    }
    assert!(wrong.is_empty(), "{name}: {} are wrong\n{}", wrong.len(), wrong.join("\n"));
    table
}

fn lock_of(hosts: BTreeMap<Hostname, AddrSet>, all: &[Written]) -> Lock {
    let sets: Vec<&PacketSet> = all.iter().flat_map(|written| written.means.values()).collect();
    Lock::of(hosts, &sets)
}

/// What a target cannot do without, and nothing else.
fn options(target: &dyn Target) -> Options {
    let proxies = target.options().iter().filter(|spec| spec.kind == OptionKind::Proxy);
    let given =
        proxies.map(|spec| (spec.key.to_owned(), "http://proxy.example.net:3128".to_owned())).collect();
    Options::new(target.options(), &given)
}

/// A policy of ours, written by every target.
fn of_ours(asked: &Asked, folder: &Path) -> Table {
    let lock = folder.join("egressor.lock");
    std::fs::write(&lock, asked.lock()).expect("a lock");
    let project = Project { lock: Some(lock), catalogs: vec![PathBuf::from("github")], ..Project::default() };
    let mut all = Vec::new();
    for target in TARGETS.iter().copied() {
        let options = options(target);
        let speech = target.speech_with(&options);
        let (policy, unasked) = asked.of(speech);
        let needs: BTreeSet<Need> = target.needs().iter().copied().collect();
        let wanted = Wanted { policy: &policy, needs: &needs, options: &options };
        let renderer = Renderer::new(target.templates().iter().copied()).expect("templates");
        let proven = prove(target, &wanted, &renderer, |_| Vec::new());
        assert!(!any_error(&proven.findings), "{}: {:#?}", target.name(), proven.findings);
        if proven.files.is_empty() {
            continue;
        }
        let folder = folder.join(target.name());
        write(&folder, &proven.files);
        let lowered = target.lower(&wanted);
        let packets = |item: &policy::Item| {
            let peers = PeerSet::from(NameSet::of(&item.names)).union(&PeerSet::from(item.addrs.clone()));
            PacketSet::product(None, &peers, &item.services, &true)
        };
        let mut lost: Vec<_> =
            unasked.iter().map(|(item, why)| (item.direction, packets(item), *why)).collect();
        if speech.peers == PeerKind::Addresses {
            let pathed = asked
                .items
                .iter()
                .filter(|item| item.names.iter().any(|name| matches!(name, NamePattern::Path(..))));
            lost.extend(pathed.map(|item| (item.direction, packets(item), Unasked::Paths)));
        }
        all.push(Written::new(
            target,
            folder,
            Demand { policy, unasked: lost, names_only: speech.peers == PeerKind::Names },
            &lowered,
        ));
    }
    let hosts = asked.hosts.iter().map(|(host, blocks)| {
        let prefix = |text: &&str| -> Prefix {
            text.parse()
                .or_else(|_| format!("{text}/{}", if text.contains(':') { 128 } else { 32 }).parse())
                .expect("a block")
        };
        (host.parse().expect("a host"), AddrSet::of(blocks.iter().map(prefix)))
    });
    let known = lock_of(hosts.collect(), &all);
    matrix(asked.name, asked.what, &all, &known, |old, new, probes| {
        compared(old, new, &project, probes, &known)
    })
}

fn write(folder: &Path, files: &[egressor::ops::File]) {
    std::fs::create_dir_all(folder).expect("a folder");
    for file in files {
        std::fs::write(folder.join(&file.path), &file.text).expect("a file");
    }
}

/// The component of CAST AI that has most to reach: pods of one kind, so that every target has one rule set each way.
const COMPONENT: &str = "cluster-controller";

/// CAST AI in the United States, written and compared by the program itself.
fn of_castai(folder: &Path) -> Table {
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
        let asked: BTreeSet<&str> = endpoints(&policy).map(|(_, id, ..)| id).collect();
        let mut unasked = Vec::new();
        for (direction, id, peers, services) in endpoints(&all_known) {
            let packets = PacketSet::product(None, peers, services, &true);
            if !asked.contains(id) {
                let why = match (direction, speech.peers) {
                    (Direction::Ingress, _) => Unasked::Ingress,
                    (_, PeerKind::Addresses) => Unasked::Unresolved,
                    _ => Unasked::Nameless,
                };
                unasked.push((direction, packets, why));
            } else if speech.peers == PeerKind::Addresses
                && peers
                    .names
                    .patterns()
                    .iter()
                    .flat_map(|(some, _)| some)
                    .any(|name| matches!(name, NamePattern::Path(..)))
            {
                unasked.push((direction, packets, Unasked::Paths));
            }
        }
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

#[test]
fn every_pair_of_targets_is_equal_but_for_what_they_declared() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(&path).expect("a folder");
        path
    };
    let ours = policy::all();
    let tables: Vec<Table> = std::thread::scope(|scope| {
        let castai = scope.spawn(|| of_castai(&path("castai")));
        let ours: Vec<Table> = ours.iter().map(|asked| of_ours(asked, &path(asked.name))).collect();
        std::iter::once(castai.join().expect("CAST AI")).chain(ours).collect()
    });
    table::keep(&tables);
}

#[test]
fn what_a_target_declares_is_missed_when_it_is_not_declared() {
    let folder = tempfile::tempdir().expect("a folder");
    let asked = policy::all().into_iter().next().expect("a policy");
    let found = |forget: bool| {
        let target = egressor::targets::find("envoy").expect("a target");
        let options = options(target);
        let (policy, _) = asked.of(target.speech_with(&options));
        let needs = BTreeSet::new();
        let wanted = Wanted { policy: &policy, needs: &needs, options: &options };
        let renderer = Renderer::new(target.templates().iter().copied()).expect("templates");
        let out = folder.path().join("envoy");
        write(&out, &prove(target, &wanted, &renderer, |_| Vec::new()).files);
        let lowered = if forget { Lowered::default() } else { target.lower(&wanted) };
        let written =
            Written::new(target, out, Demand { policy, unasked: Vec::new(), names_only: true }, &lowered);
        let shown = show(&[written.folder.clone()]).policy;
        let allows =
            PacketSet::union_all(&shown.sets.iter().map(|set| set.allows().at_least).collect::<Vec<_>>());
        written.allows(Direction::Egress) == allows
    };
    assert!(found(false), "what is declared explains the file");
    assert!(!found(true), "what is not declared is seen: {}", plain("files").endpoint);
}
