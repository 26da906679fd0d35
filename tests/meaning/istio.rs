//! Istio: what the sidecars of a namespace know of hosts outside, port by port, and what becomes of all else.

use super::dice::Dice;
use super::law::{Files, Format, Scope, laws};
use super::world::{Edges, Far, Packet};
use std::fmt::Write as _;

laws!(Mesh, 24);

const HOSTS: [&str; 6] = ["example", "a.example", "b.a.example", "c.b.a.example", "xa.example", "d.test"];
const PORTS: [u16; 4] = [80, 443, 8443, 5432];

/// A host, or everything below it.
type Name = (bool, &'static str);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    /// Whether it stands in the namespace of the workloads, and whether it is exported to others.
    here: bool,
    exported: bool,
    names: Vec<Name>,
    ports: Vec<u16>,
}

#[derive(Debug, Clone)]
struct Mesh {
    entries: Vec<Entry>,
    /// What the sidecar knows: of which namespaces, and which names.
    known: Vec<(&'static str, Option<Name>)>,
    /// The one port that its listener is for.
    port: Option<u16>,
    closed: bool,
}

fn names(below: Name, host: &str) -> bool {
    match below {
        (true, name) => host.strip_suffix(name).is_some_and(|head| head.ends_with('.')),
        (false, name) => host == name,
    }
}

/// Whether all that one name stands for is within the other.
fn within(one: Name, other: Name) -> bool {
    match (one, other) {
        ((false, host), _) => names(other, host),
        ((true, host), (true, wide)) => host == wide || names((true, wide), host),
        ((true, _), (false, _)) => false,
    }
}

fn apart(one: Name, other: Name) -> bool {
    !within(one, other) && !within(other, one)
}

fn spelt((below, name): Name) -> String {
    if below { format!("*.{name}") } else { name.to_owned() }
}

impl Entry {
    fn random(dice: &mut Dice) -> Self {
        let count = dice.below(3) + 1;
        Self {
            here: !dice.once_in(3),
            exported: dice.once_in(2),
            names: (0..count).map(|_| (dice.once_in(3), *dice.pick(&HOSTS))).collect(),
            ports: (0..=dice.below(2)).map(|_| *dice.pick(&PORTS)).collect(),
        }
    }
}

impl Mesh {
    fn knows(&self, entry: &Entry, name: Name) -> bool {
        let seen = entry.here || entry.exported;
        let of = |namespace: &str| match namespace {
            "*" => true,
            "." | "apps" => entry.here,
            _ => !entry.here,
        };
        seen && self
            .known
            .iter()
            .any(|(namespace, known)| of(namespace) && known.is_none_or(|known| within(name, known)))
    }

    /// Takes away what the sidecar knows of a name in part only, which cannot be told.
    fn told(mut self) -> Self {
        let all: Vec<Name> = self.entries.iter().flat_map(|entry| entry.names.clone()).collect();
        self.known.retain(|(_, known)| {
            known.is_none_or(|known| all.iter().all(|name| apart(*name, known) || within(*name, known)))
        });
        if self.known.is_empty() {
            self.known.push(("*", None));
        }
        self
    }
}

impl Format for Mesh {
    fn random(dice: &mut Dice) -> Self {
        let count = dice.below(4) + 1;
        let known = |dice: &mut Dice| {
            let name = (dice.once_in(2), *dice.pick(&HOSTS));
            (*dice.pick(&["*", ".", "apps", "shared"]), (!dice.once_in(3)).then_some(name))
        };
        let mesh = Self {
            entries: (0..count).map(|_| Entry::random(dice)).collect(),
            known: (0..=dice.below(3)).map(|_| known(dice)).collect(),
            port: dice.once_in(4).then(|| *dice.pick(&PORTS)),
            closed: !dice.once_in(6),
        };
        mesh.told()
    }

    fn write(&self, dice: &mut Dice) -> Files {
        let mut objects = Vec::new();
        for (at, entry) in self.entries.iter().enumerate() {
            let mut text = format!(
                "apiVersion: networking.istio.io/{}\nkind: ServiceEntry\nmetadata: {{name: e{at}, namespace: {}}}\nspec:\n",
                dice.pick(&["v1", "v1beta1", "v1alpha3"]),
                if entry.here { "apps" } else { "shared" }
            );
            let to: &[&str] = if entry.exported {
                &["", "  exportTo: [\"*\"]\n", "  exportTo: [\".\", apps]\n"]
            } else {
                &["  exportTo: [\".\"]\n"]
            };
            text += *dice.pick(to);
            text += "  location: MESH_EXTERNAL\n  resolution: NONE\n  hosts:\n";
            for name in &entry.names {
                writeln!(text, "  - \"{}\"", spelt(*name)).unwrap();
            }
            text += "  ports:\n";
            for port in &entry.ports {
                let protocol = dice.pick(&["TLS", "HTTPS", "HTTP", "tls", "GRPC"]);
                writeln!(text, "  - {{number: {port}, name: p{port}, protocol: {protocol}}}").unwrap();
            }
            objects.push(text);
        }
        let mut text = "apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: default, namespace: apps}\nspec:\n".to_owned();
        writeln!(
            text,
            "  outboundTrafficPolicy: {{mode: {}}}",
            if self.closed { "REGISTRY_ONLY" } else { "ALLOW_ANY" }
        )
        .unwrap();
        text += "  egress:\n  - hosts:\n";
        for (namespace, known) in &self.known {
            writeln!(text, "    - \"{namespace}/{}\"", known.map_or("*".to_owned(), spelt)).unwrap();
        }
        if let Some(port) = self.port {
            writeln!(text, "    port: {{number: {port}, protocol: TLS, name: p}}").unwrap();
        }
        objects.push(text);
        dice.shuffle(&mut objects);
        if dice.once_in(2) {
            return vec![("istio.yaml".to_owned(), objects.join("---\n"))];
        }
        objects.into_iter().enumerate().map(|(at, text)| (format!("o{at}.yaml"), text)).collect()
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![("apps/".to_owned(), true)]
    }

    fn allows(&self, _: &Scope, packet: &Packet) -> bool {
        let Far::Name(host) = &packet.far else { return false };
        let listens = self.port.is_none_or(|port| port == packet.detail);
        let passes = |entry: &Entry| {
            entry.ports.contains(&packet.detail)
                && entry.names.iter().any(|name| names(*name, host) && self.knows(entry, *name))
        };
        packet.protocol == 6 && (!self.closed || (listens && self.entries.iter().any(passes)))
    }

    fn edges(&self, edges: &mut Edges) {
        for host in HOSTS.into_iter().chain(["test", "x.d.test", "b.xa.example"]) {
            edges.peer(&Far::Name(host.to_owned()));
        }
        for port in PORTS {
            edges.ports(6, (port, port));
        }
    }

    fn rewrite(&self, dice: &mut Dice) -> Self {
        let mut entries = Vec::new();
        for entry in &self.entries {
            if dice.once_in(2) {
                entries.extend(entry.names.iter().map(|name| Entry { names: vec![*name], ..entry.clone() }));
            } else {
                entries.extend(entry.ports.iter().map(|port| Entry { ports: vec![*port], ..entry.clone() }));
            }
        }
        dice.shuffle(&mut entries);
        Self { entries, ..self.clone() }
    }

    fn edit(&self, dice: &mut Dice) -> Self {
        let mut other = self.clone();
        let at = dice.below(other.entries.len());
        match dice.below(4) {
            0 => other.closed = !other.closed,
            1 => other.entries[at].ports[0] = 9443,
            2 => other.known = vec![("*", None)],
            _ => other.entries[at].exported = !other.entries[at].exported,
        }
        other
    }
}
