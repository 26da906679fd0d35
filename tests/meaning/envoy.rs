//! Envoy: of the filter chains that fit, the most specific one has the connection, criterion by criterion.

use super::dice::Dice;
use super::law::{Files, Format, Scope, laws};
use super::world::{Block, Edges, Far, Packet};
use std::fmt::Write as _;

laws!(Proxy, 24);

const HOSTS: [&str; 6] = ["example", "a.example", "b.a.example", "c.b.a.example", "xa.example", "d.test"];

/// What a chain asks, in the order in which it is compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Asked {
    port: Option<u16>,
    /// The name, and whether everything below it is meant instead.
    name: (bool, &'static str),
    client: Option<Block>,
}

/// Where all connections come in, and the chains: what they ask, and whether they lead on.
#[derive(Debug, Clone)]
struct Proxy(Vec<(Asked, bool)>);

impl Asked {
    fn random(dice: &mut Dice) -> Self {
        let port = dice.once_in(2).then(|| *dice.pick(&[443, 8443]));
        let client = dice.once_in(3).then(|| {
            loop {
                let v6 = dice.once_in(4);
                let block = Block::random(dice, v6);
                if block.len > 0 {
                    break block;
                }
            }
        });
        Self { port, name: (dice.once_in(2), *dice.pick(&HOSTS)), client }
    }

    /// How closely a name is met: exactly, or by how many labels.
    fn closeness(&self, host: &str) -> Option<usize> {
        let (below, name) = self.name;
        if !below {
            return (host == name).then_some(usize::MAX);
        }
        let inside = host.strip_suffix(name).is_some_and(|head| head.ends_with('.'));
        inside.then(|| name.split('.').count())
    }

    fn text(&self) -> String {
        let mut text = format!("server_names: [\"{}{}\"]", if self.name.0 { "*." } else { "" }, self.name.1);
        if let Some(port) = self.port {
            write!(text, ", destination_port: {port}").unwrap();
        }
        if let Some(block) = self.client {
            let (addr, len) = (block.first(), block.len);
            write!(text, ", source_prefix_ranges: [{{address_prefix: \"{addr}\", prefix_len: {len}}}]")
                .unwrap();
        }
        text
    }
}

/// What is left when only those stay that are as specific as the most specific of those that fit.
fn closest<'a, K: Ord>(
    chains: &[&'a (Asked, bool)],
    fit: impl Fn(&Asked) -> Option<K>,
) -> Vec<&'a (Asked, bool)> {
    let best = chains.iter().filter_map(|(asked, _)| fit(asked)).max();
    chains.iter().copied().filter(|(asked, _)| best.is_some() && fit(asked) == best).collect()
}

impl Format for Proxy {
    fn random(dice: &mut Dice) -> Self {
        let count = dice.below(7) + 1;
        let mut chains: Vec<(Asked, bool)> =
            (0..count).map(|_| (Asked::random(dice), !dice.once_in(3))).collect();
        chains.sort();
        chains.dedup_by(|(one, _), (other, _)| one == other);
        dice.shuffle(&mut chains);
        Self(chains)
    }

    fn write(&self, dice: &mut Dice) -> Files {
        let mut text = format!(
            "# {}\nstatic_resources:\n  clusters:\n  - {{name: hole, type: STATIC}}\n",
            dice.below(99)
        );
        text += "  listeners:\n  - name: all\n    address: {socket_address: {address: 0.0.0.0, port_value: 15001}}\n";
        text += "    listener_filters:\n    - name: envoy.filters.listener.original_dst\n    - name: envoy.filters.listener.tls_inspector\n";
        text += "    filter_chains:\n";
        // All or none: a chain that asks for it hides those that do not.
        let tls = *dice.pick(&["", ", transport_protocol: tls"]);
        for (asked, passes) in &self.0 {
            let cluster = if *passes { "out" } else { "hole" };
            // A hole can be written as a chain without filters, too.
            let none = !passes && dice.once_in(2);
            writeln!(text, "    - filter_chain_match: {{{}{tls}}}", asked.text()).unwrap();
            if none {
                text += "      filters: []\n";
            } else {
                let kind = "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";
                writeln!(text, "      filters:\n      - name: any\n        typed_config: {{\"@type\": {kind}, cluster: {cluster}}}").unwrap();
            }
        }
        vec![("envoy.yaml".to_owned(), text)]
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![("envoy".to_owned(), true)]
    }

    fn allows(&self, _: &Scope, packet: &Packet) -> bool {
        let Far::Name(host) = &packet.far else { return false };
        let all: Vec<&(Asked, bool)> = self.0.iter().collect();
        let by_port = closest(&all, |asked| match asked.port {
            Some(port) => (port == packet.detail).then_some(1),
            None => Some(0),
        });
        let by_name = closest(&by_port, |asked| asked.closeness(host));
        let by_client = closest(&by_name, |asked| match asked.client {
            Some(block) => block.holds(packet.near).then_some(block.len + 1),
            None => Some(0),
        });
        packet.protocol == 6 && by_client.iter().any(|(_, passes)| *passes)
    }

    fn edges(&self, edges: &mut Edges) {
        for host in HOSTS.into_iter().chain(["test", "x.d.test", "b.xa.example"]) {
            edges.peer(&Far::Name(host.to_owned()));
        }
        for (asked, _) in &self.0 {
            asked.client.into_iter().for_each(|block| edges.near(block));
        }
        for port in [443, 443, 8443, 22] {
            edges.ports(6, (port, port));
        }
    }

    fn rewrite(&self, dice: &mut Dice) -> Self {
        let mut chains = Vec::new();
        for (asked, passes) in &self.0 {
            let halves = asked.client.and_then(Block::halves).filter(|_| dice.once_in(2));
            // Halves are more specific than the whole, so that there may be no other block in between.
            let alone = self.0.iter().filter(|(other, _)| other.client.is_some()).count() == 1;
            match halves.filter(|_| alone) {
                Some(halves) => {
                    chains
                        .extend(halves.map(|half| (Asked { client: Some(half), ..asked.clone() }, *passes)));
                }
                None => chains.push((asked.clone(), *passes)),
            }
        }
        dice.shuffle(&mut chains);
        Self(chains)
    }

    fn edit(&self, dice: &mut Dice) -> Self {
        let mut chains = self.0.clone();
        let at = dice.below(chains.len());
        if chains.len() > 1 && dice.once_in(2) {
            chains.remove(at);
        } else {
            chains[at].1 = !chains[at].1;
        }
        Self(chains)
    }
}
