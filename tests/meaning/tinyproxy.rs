//! tinyproxy: who may ask, then the first entry of the filter that matches lets pass, and all else is refused.

use super::dice::Dice;
use super::law::{Files, Format, Scope, laws};
use super::world::{Block, Edges, Far, Packet};
use std::fmt::Write as _;

laws!(Proxy, 24);

const HOSTS: [&str; 6] = ["example", "a.example", "b.a.example", "c.b.a.example", "xa.example", "d.test"];

/// Which hosts an entry names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depth {
    Host,
    Tree,
    Below,
    Label,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    host: &'static str,
    depth: Depth,
    /// The port, and whether it is asked for through a tunnel; looked at where the filter is over URLs.
    port: u16,
    tunnel: bool,
}

#[derive(Debug, Clone)]
struct Proxy {
    urls: bool,
    clients: Vec<(bool, Block)>,
    tunnels: Option<Vec<u16>>,
    entries: Vec<Entry>,
}

impl Entry {
    fn random(dice: &mut Dice) -> Self {
        let depth = *dice.pick(&[Depth::Host, Depth::Tree, Depth::Below, Depth::Label]);
        Self { host: *dice.pick(&HOSTS), depth, port: *dice.pick(&[80, 443, 8443]), tunnel: !dice.once_in(3) }
    }

    fn names(&self, host: &str) -> bool {
        let head = host.strip_suffix(self.host).and_then(|head| head.strip_suffix('.'));
        match self.depth {
            Depth::Host => host == self.host,
            Depth::Tree => host == self.host || head.is_some(),
            Depth::Below => head.is_some(),
            Depth::Label => head.is_some_and(|head| !head.contains('.')),
        }
    }

    /// The expression for the host, with a class of characters for a label.
    fn host(&self, label: &str) -> String {
        let host = self.host.replace('.', "\\.");
        match self.depth {
            Depth::Host => host,
            Depth::Tree => format!("({label}+\\.)*{host}"),
            Depth::Below => format!("({label}+\\.)+{host}"),
            Depth::Label => format!("{label}+\\.{host}"),
        }
    }

    fn over_urls(&self, dice: &mut Dice) -> String {
        let host = self.host("[-a-z0-9_]");
        let own = if self.tunnel { 443 } else { 80 };
        let port = match (self.port == own, dice.below(3)) {
            (true, 0) => String::new(),
            (true, 1) => format!("(:{own})?"),
            (_, _) => format!(":{}", self.port),
        };
        if self.tunnel { format!("^{host}{port}$") } else { format!("^http://{host}{port}/") }
    }

    fn over_hosts(&self, dice: &mut Dice) -> String {
        let host = self.host.replace('.', "\\.");
        match (self.depth, dice.below(3)) {
            (Depth::Tree, 0) => format!("(^|\\.){host}$"),
            (Depth::Below, 0) => format!("\\.{host}$"),
            (Depth::Below, 1) => format!("^.*\\.{host}$"),
            (Depth::Label, 0) => format!("^[^.]*\\.{host}$"),
            (Depth::Host, 0) => format!("^{}$", host.to_uppercase()),
            _ => format!("^{}$", self.host("[^.]")),
        }
    }
}

impl Format for Proxy {
    fn random(dice: &mut Dice) -> Self {
        let count = dice.below(5) + 1;
        let clients = if dice.once_in(2) { 0 } else { dice.below(4) + 1 };
        let client = |dice: &mut Dice| loop {
            let v6 = dice.once_in(4);
            let block = Block::random(dice, v6);
            // A block with `::ffff:0:0/96` in it holds the clients of IPv4 too.
            if block.len > 3 {
                return (!dice.once_in(3), block);
            }
        };
        Self {
            urls: dice.once_in(2),
            clients: (0..clients).map(|_| client(dice)).collect(),
            tunnels: dice.once_in(2).then(|| vec![443, *dice.pick(&[80, 8443])]),
            entries: (0..count).map(|_| Entry::random(dice)).collect(),
        }
    }

    fn write(&self, dice: &mut Dice) -> Files {
        let on = |dice: &mut Dice| *dice.pick(&["Yes", "on", "YES"]);
        let mut lines = vec![
            "Port 8888".to_owned(),
            "Filter \"/etc/tinyproxy/filter\"".to_owned(),
            format!("FilterDefaultDeny {}", on(dice)),
            format!("FilterExtended {}", on(dice)),
            format!("FilterURLs {}", if self.urls { on(dice) } else { "No" }),
        ];
        for port in self.tunnels.iter().flatten() {
            lines.push(format!("ConnectPort {port}"));
        }
        dice.shuffle(&mut lines);
        for (allow, block) in &self.clients {
            lines.push(format!("{} {block}", if *allow { "Allow" } else { "deny" }));
        }
        let mut filter = format!("# {}\n", dice.below(99));
        for entry in &self.entries {
            let text = if self.urls { entry.over_urls(dice) } else { entry.over_hosts(dice) };
            writeln!(filter, "{text}{}", dice.pick(&["", "   ", " # a note", "\n\n# more"])).unwrap();
        }
        vec![("tinyproxy.conf".to_owned(), lines.join("\n") + "\n"), ("filter".to_owned(), filter)]
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![("tinyproxy".to_owned(), true)]
    }

    fn allows(&self, _: &Scope, packet: &Packet) -> bool {
        let Far::Name(host) = &packet.far else { return false };
        let client = self.clients.iter().find(|(_, block)| block.holds(packet.near));
        let welcome = client.map_or(self.clients.is_empty(), |(allow, _)| *allow);
        let tunnels = |port: u16| self.tunnels.as_ref().is_none_or(|ports| ports.contains(&port));
        let passes = |entry: &Entry| {
            let reached = packet.detail == entry.port && (!entry.tunnel || tunnels(entry.port));
            entry.names(host) && (!self.urls || reached)
        };
        packet.protocol == 6 && welcome && self.entries.iter().any(passes)
    }

    fn edges(&self, edges: &mut Edges) {
        for host in HOSTS.into_iter().chain(["test", "x.d.test", "b.xa.example"]) {
            edges.peer(&Far::Name(host.to_owned()));
        }
        for (_, block) in &self.clients {
            edges.near(*block);
        }
        for port in [80, 443, 443, 443, 8443, 22] {
            edges.ports(6, (port, port));
        }
    }

    fn rewrite(&self, dice: &mut Dice) -> Self {
        let mut entries = Vec::new();
        for entry in &self.entries {
            if entry.depth == Depth::Tree && dice.once_in(2) {
                entries.push(Entry { depth: Depth::Host, ..entry.clone() });
                entries.push(Entry { depth: Depth::Below, ..entry.clone() });
            } else {
                entries.push(entry.clone());
            }
            if dice.once_in(4) {
                entries.push(entry.clone());
            }
        }
        dice.shuffle(&mut entries);
        let mut clients = Vec::new();
        for (allow, block) in &self.clients {
            match block.halves().filter(|_| dice.once_in(2)) {
                Some(halves) => clients.extend(halves.map(|half| (*allow, half))),
                None => clients.push((*allow, *block)),
            }
        }
        Self { clients, entries, ..self.clone() }
    }

    fn edit(&self, dice: &mut Dice) -> Self {
        let mut other = self.clone();
        let at = dice.below(other.entries.len());
        match dice.below(4) {
            0 if !other.clients.is_empty() => other.clients[0].0 = !other.clients[0].0,
            1 => other.entries[at].port = 8080,
            2 if other.entries.len() > 1 => drop(other.entries.remove(at)),
            _ => {
                let entry = &mut other.entries[at];
                entry.depth = if entry.depth == Depth::Host { Depth::Below } else { Depth::Host };
            }
        }
        other
    }
}
