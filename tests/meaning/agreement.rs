//! Law 7: `generate`, `show`, `check` and `diff` say the same of every packet, for shipped catalogs and every target.
//!
//! A project by chance is written, and once more without one of its endpoints. What `show` says of either file is read
//! by the evaluator of rows; packets on the edges of those rows, inside and outside of them are what `check` is asked
//! about, and what `diff` of the two files, and of a file and the project, has to tell apart.

use super::dice::Dice;
use super::law::compared;
use super::rows::holding;
use super::world::{Block, Edges, Far, Packet};
use egressor::catalog::{Catalog, SHIPPED, Selection};
use egressor::diag::{Source, any_error};
use egressor::ops::{CheckRequest, Project, Request, Side, Verdict, check, generate, show};
use egressor::packet::{Limit, Protocol};
use egressor::policy::{Direction, Origin};
use egressor::report::PolicyJson;
use egressor::targets::{PeerKind, Scoping, TARGETS, Target};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Packets that are tried of each scope.
const PACKETS: usize = 160;
/// Those of them that `check` is asked about, as it reads its files each time.
const ASKED: usize = 10;

fn shipped() -> Vec<Catalog> {
    let load = |(id, text): &(&str, &str)| egressor::catalog::load(&Arc::new(Source::new(*id, *text))).0;
    SHIPPED.iter().map(|shipped| load(shipped).expect("a shipped catalog")).collect()
}

/// A lockfile with two addresses for every host that a catalog knows, one of either family.
fn lock(catalog: &Catalog) -> String {
    let regions: Vec<_> =
        catalog.document.regions.iter().flat_map(|regions| regions.value.0.keys().cloned()).collect();
    let hosts: BTreeSet<_> = catalog.endpoints().flat_map(|endpoint| endpoint.hosts_in(&regions)).collect();
    let mut text = String::from("version = 1\n");
    for (number, host) in (1..).zip(hosts) {
        let seen = "first_seen = \"2026-11-01T00:00:00Z\", last_seen = \"2026-11-01T00:00:00Z\"";
        let published = "published = \"https://example.com/ranges\"";
        writeln!(text, "\n[[host]]\nname = \"{host}\"\naddresses = [").unwrap();
        for address in [format!("45.33.{}.{}", number / 100, number % 100), format!("2a01:db8::{number:x}")] {
            writeln!(text, "    {{ address = \"{address}\", {seen}, {published} }},").unwrap();
        }
        text.push_str("]\n");
    }
    text
}

/// A choice of what a catalog has, by chance.
fn project(dice: &mut Dice, catalog: &Catalog, lock: PathBuf) -> Project {
    let regions: Vec<String> =
        catalog.document.regions.iter().flat_map(|all| all.value.0.keys().map(ToString::to_string)).collect();
    let features: Vec<String> = catalog.document.features.value.0.keys().map(ToString::to_string).collect();
    let mut settings: Vec<String> = [
        "proxy=http://proxy.example:3128",
        "proxy_and_direct=yes",
        "proxy_address=192.0.2.9/32",
        "control_plane_cidr=172.16.0.0/28",
    ]
    .map(str::to_owned)
    .to_vec();
    for more in ["dns_servers=10.0.0.2", "api_server=172.16.0.2", "pod_cidr=10.64.0.0/14"] {
        if dice.once_in(2) {
            settings.push(more.to_owned());
        }
    }
    let regions = if regions.is_empty() { regions } else { vec![dice.pick(&regions).clone()] };
    let features = features.into_iter().filter(|_| dice.once_in(2)).collect();
    Project {
        catalogs: vec![catalog.id().into()],
        selection: Selection { regions, features, ..Selection::default() },
        settings,
        lock: Some(lock),
        ..Project::default()
    }
}

/// What `generate` writes for a target, in a folder; nothing where the target refuses the project.
fn written(project: &Project, target: &dyn Target, folder: &Path) -> Option<PathBuf> {
    let generated = generate(&Request {
        catalogs: project.catalogs.clone(),
        selection: project.selection.clone(),
        settings: project.settings.clone(),
        lock: project.lock.clone(),
        targets: vec![target.name().to_owned()],
        ..Request::default()
    });
    if any_error(&generated.findings) {
        return None;
    }
    for file in &generated.files {
        let path = folder.join(&file.path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, &file.text).expect("a file");
    }
    Some(folder.to_owned())
}

/// What `show` says of a folder as JSON.
fn shown(folder: &Path) -> Value {
    let shown = show(&[folder.to_owned()]);
    assert!(!any_error(&shown.findings), "{:?}", shown.findings);
    let json =
        PolicyJson::new(&shown.source, &shown.format, &shown.policy, &shown.findings, Limit::default());
    serde_json::to_value(json.expect("a small policy")).expect("JSON")
}

fn scopes(document: &Value) -> Vec<(String, Direction, &Value)> {
    let egress = |scope: &Value| scope["direction"] == "egress";
    let scope = |scope| {
        let direction = if egress(scope) { Direction::Egress } else { Direction::Ingress };
        (scope["scope"].as_str().expect("a name").to_owned(), direction, scope)
    };
    document["scopes"].as_array().expect("scopes").iter().map(scope).collect()
}

/// The edges of the rows of a scope.
fn edges(edges: &mut Edges, scope: &Value) {
    let words = |row: &Value, key: &str| -> Vec<String> {
        let all = row.get(key).and_then(Value::as_array).into_iter().flatten();
        all.map(|word| word.as_str().expect("a word").to_owned()).collect()
    };
    for row in scope["allows"]["at_most"].as_array().expect("rows") {
        edges.rule();
        for cidr in &words(row, "cidrs") {
            edges.far(Block::named(cidr));
        }
        for cidr in &words(row, "source") {
            edges.near(Block::named(cidr));
        }
        for name in words(row, "names").into_iter().chain(words(row, "except_names")) {
            let host =
                name.trim_start_matches(['=', '.', '*', '?']).split('/').next().expect("a host").to_owned();
            if !host.is_empty() {
                edges.peer(&Far::Name(format!("below.{host}")));
                edges.peer(&Far::Name(host));
            }
        }
        for group in words(row, "groups") {
            edges.peer(&Far::Group(group));
        }
        let protocol = match row["protocol"].as_str().expect("a protocol") {
            "udp" => 17,
            "icmp" => 1,
            "icmpv6" => 58,
            _ => 6,
        };
        for range in words(row, "ports") {
            let (first, last) = range.split_once('-').unwrap_or((&range, &range));
            edges.ports(protocol, (first.parse().expect("a port"), last.parse().expect("a port")));
        }
        edges.protocol(protocol);
    }
}

/// Whether rows say that a packet passes surely, and whether it may.
fn passes(scope: &Value, packet: &Packet) -> (bool, bool) {
    let of = |bound: &str| holding(&scope["allows"][bound], packet) > 0;
    (of("at_least"), of("at_most"))
}

/// What `check` answers about one scope of a folder, or about the project.
fn answer(
    project: &Project,
    folder: Option<&Path>,
    (scope, direction): (Option<&str>, Direction),
    packet: &Packet,
) -> Option<(Verdict, bool)> {
    let whom = match &packet.far {
        Far::Addr(addr) if addr.is_ipv6() => format!("[{addr}]"),
        Far::Addr(addr) => addr.to_string(),
        Far::Name(name) => name.clone(),
        Far::Group(_) => return None,
    };
    let service = match packet.protocol {
        6 | 17 => format!(":{}/{}", packet.detail, Protocol(packet.protocol)),
        _ => return None,
    };
    let checked = check(&CheckRequest {
        question: format!("{whom}{service}"),
        files: folder.map(Path::to_owned).into_iter().collect(),
        before: false,
        project: project.clone(),
        from: Some(packet.near.to_string()),
        scope: None,
        direction,
        limit: Limit::default(),
        readers: Vec::new(),
    });
    let found = checked.scopes.iter().find(|answered| scope.is_none_or(|scope| answered.scope.name == scope));
    let found = found.unwrap_or_else(|| panic!("no answer to {packet:?}: {:?}", checked.findings));
    let endpoint = |origin: &Origin| matches!(origin, Origin::Endpoint(_));
    Some((found.verdict, found.deciding.iter().any(|deciding| endpoint(&deciding.origin))))
}

/// Two folders, what `show` says of them, and the projects that they were written for.
struct Pair {
    folders: [PathBuf; 2],
    documents: [Value; 2],
    projects: [Project; 2],
}

impl Pair {
    /// A project by chance, and the same without one endpoint.
    fn random(dice: &mut Dice, catalog: &Catalog, target: &dyn Target, home: &Path) -> Option<Self> {
        let whole = project(dice, catalog, home.join("egressor.lock"));
        let ids: Vec<String> = catalog.endpoints().map(|endpoint| endpoint.id.value.to_string()).collect();
        let first = written(&whole, target, &home.join(format!("{}/whole", target.name())))?;
        for attempt in 0..5 {
            let mut part = whole.clone();
            part.selection.without = vec![dice.pick(&ids).clone()];
            let folder = home.join(format!("{}/part-{attempt}", target.name()));
            if let Some(second) = written(&part, target, &folder) {
                let documents = [shown(&first), shown(&second)];
                return Some(Self { folders: [first, second], documents, projects: [whole, part] });
            }
        }
        None
    }

    /// What `diff` says of the first folder and something else.
    fn to(&self, other: Side, project: usize) -> Value {
        let old = Side::Files(vec![self.folders[0].clone()]);
        compared(old, other, self.projects[project].clone()).unwrap_or_else(|why| panic!("{why:?}"))
    }
}

/// The rows of a comparison about a packet of a scope: newly allowed, no longer allowed, not known.
fn differs(document: &Value, scope: &str, direction: Direction, packet: &Packet) -> [usize; 3] {
    let found = scopes(document).into_iter().find(|(name, way, _)| name == scope && *way == direction);
    let rows = |key: &str| found.as_ref().map_or(0, |(_, _, scope)| holding(&scope[key], packet));
    ["added", "removed", "unknown"].map(rows)
}

/// Holds the four commands to one word about a target. Returns how many packets were tried, and how many of them pass.
fn agree(dice: &mut Dice, catalog: &Catalog, target: &dyn Target, home: &Path) -> [usize; 2] {
    let Some(pair) = Pair::random(dice, catalog, target, home) else { return [0, 0] };
    let about = format!("{} for {}: {:?}", catalog.id(), target.name(), pair.projects[1]);
    assert_eq!(pair.to(Side::Project, 0)["verdict"], "equal", "what is written is what is wanted: {about}");
    let files = pair.to(Side::Files(vec![pair.folders[1].clone()]), 0);
    let wanted = pair.to(Side::Project, 1);
    let policy = show(&[pair.folders[0].clone()]).policy;
    let mut count = [0, 0];
    for (name, direction, scope) in scopes(&pair.documents[0]) {
        let of = scopes(&pair.documents[1])
            .into_iter()
            .find(|(other, way, _)| *other == name && *way == direction);
        let Some((_, _, less)) = of else { continue };
        let mut named = Edges::default();
        edges(&mut named, scope);
        let universe = &policy.sets.iter().find(|set| set.scope.name == name).expect("the scope").universe;
        for (number, packet) in named.packets(dice, PACKETS).into_iter().enumerate() {
            let about = || format!("{packet:?} of {name} {direction}, {about}");
            let [(least, most), (less_least, less_most)] = [scope, less].map(|scope| passes(scope, &packet));
            let expected = [!most && less_least, least && !less_most].map(usize::from);
            for (what, document) in [("two files", &files), ("a file and the project", &wanted)] {
                let [added, removed, unknown] = differs(document, &name, direction, &packet);
                assert_eq!([added, removed], expected, "{what}: {}", about());
                assert!(unknown == 0 || least != most || less_least != less_most, "{what}: {}", about());
            }
            count = [count[0] + 1, count[1] + usize::from(least)];
            if number >= ASKED {
                continue;
            }
            let spoken = match &packet.far {
                Far::Addr(addr) => universe.addrs.contains(*addr),
                Far::Name(host) => universe.names.contains_host(&host.parse().expect("a host"), "/"),
                Far::Group(_) => false,
            };
            let at = (Some(name.as_str()), direction);
            let Some((verdict, _)) = answer(&pair.projects[0], Some(&pair.folders[0]), at, &packet) else {
                continue;
            };
            let said = match (least, most) {
                (true, _) => Verdict::Allowed,
                (false, false) if spoken => Verdict::Denied,
                (false, _) => Verdict::Unknown,
            };
            assert_eq!(verdict, said, "{}", about());
            let speech = target.speech();
            let alike = matches!(
                (speech.peers, &packet.far),
                (PeerKind::Addresses, Far::Addr(_)) | (PeerKind::Names, Far::Name(_))
            );
            if alike && speech.scoping == Scoping::Host && direction == Direction::Egress {
                let asked = answer(&pair.projects[0], None, (None, direction), &packet);
                let (verdict, by_endpoint) = asked.expect("a question");
                // Of a host whose paths are named, the project allows these, and what knows no paths lets all pass: that
                // is the loss which its head declares. Endpoints allow only, so one that decides allows a part.
                assert!(
                    !least || verdict == Verdict::Allowed || by_endpoint,
                    "the project denies what is written: {}",
                    about()
                );
                let wanted = verdict == Verdict::Allowed && by_endpoint;
                assert!(!wanted || most, "what the project allows is not written: {}", about());
            }
        }
    }
    count
}

#[test]
fn generate_show_check_and_diff_say_the_same_of_every_packet() {
    let mut dice = Dice::new(7);
    let mut counts: Vec<(&str, [usize; 2])> = Vec::new();
    for catalog in shipped() {
        let home = tempfile::tempdir().expect("a folder");
        std::fs::write(home.path().join("egressor.lock"), lock(&catalog)).expect("a lockfile");
        for target in TARGETS.iter().filter(|target| !target.importers().is_empty()) {
            counts.push((target.name(), agree(&mut dice, &catalog, *target, home.path())));
        }
    }
    for target in TARGETS.iter().filter(|target| !target.importers().is_empty()) {
        let of = counts.iter().filter(|(name, _)| *name == target.name());
        let [tried, passed] = of.fold([0, 0], |sum, (_, count)| [sum[0] + count[0], sum[1] + count[1]]);
        assert!(tried >= PACKETS && passed > 0, "{}: {tried} packets, {passed} of them pass", target.name());
    }
}
