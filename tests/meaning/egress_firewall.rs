//! The egress firewall of a namespace: the first rule that matches, and everything else passes.

use super::dice::Dice;
use super::law::{Files, Format, Scope, laws};
use super::world::{Block, Edges, Far, Packet};
use serde_json::{Value, json};

laws!(Firewall, 30);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Peer {
    Net(Block),
    Name(&'static str),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    allow: bool,
    peer: Peer,
    /// Protocols with a port, or with all; none is every service.
    ports: Vec<(u8, Option<u16>)>,
}

/// The rules of one namespace, which end with the denial of every address or not.
#[derive(Debug, Clone)]
struct Firewall {
    rules: Vec<Rule>,
    closed: bool,
}

const HOSTS: [&str; 3] = ["example.com", "api.example.com", "example.org"];

impl Rule {
    fn random(dice: &mut Dice) -> Self {
        let v6 = dice.once_in(3);
        let peer = if dice.once_in(3) {
            Peer::Name(dice.pick::<&str>(&HOSTS))
        } else {
            Peer::Net(Block::random(dice, v6))
        };
        // A denial of every address is the last rule here, since it is one of names, too.
        let peer = match peer {
            Peer::Net(block) if block.len == 0 => Peer::Net(block.with_len(1)),
            other => other,
        };
        let one = |dice: &mut Dice| (*dice.pick(&[6, 17, 132]), (!dice.once_in(4)).then(|| dice.port()));
        let ports = (0..dice.below(3)).map(|_| one(dice)).collect();
        Self { allow: !dice.once_in(3), peer, ports }
    }

    fn has(&self, packet: &Packet) -> bool {
        let far = match (&self.peer, &packet.far) {
            (Peer::Net(block), Far::Addr(addr)) => block.holds(*addr),
            (Peer::Name(host), Far::Name(name)) => host == name,
            _ => false,
        };
        let carries = |(protocol, port): &(u8, Option<u16>)| {
            packet.protocol == *protocol && port.is_none_or(|port| packet.detail == port)
        };
        far && (self.ports.is_empty() || self.ports.iter().any(carries))
    }

    fn json(&self, dice: &mut Dice) -> Value {
        let to = match &self.peer {
            Peer::Net(block) => json!({"cidrSelector": block.to_string()}),
            Peer::Name(host) if dice.once_in(3) => json!({"dnsName": format!("{}.", host.to_uppercase())}),
            Peer::Name(host) => json!({"dnsName": host}),
        };
        let mut rule = json!({"type": if self.allow { "Allow" } else { "Deny" }, "to": to});
        if !self.ports.is_empty() {
            let name = |protocol: u8| match protocol {
                6 => "TCP",
                17 => "UDP",
                _ => "SCTP",
            };
            let mut ports: Vec<Value> = self
                .ports
                .iter()
                .map(|(protocol, port)| match port {
                    Some(port) => json!({"protocol": name(*protocol), "port": port}),
                    None => json!({"protocol": name(*protocol)}),
                })
                .collect();
            dice.shuffle(&mut ports);
            rule["ports"] = ports.into();
        }
        rule
    }
}

impl Format for Firewall {
    fn random(dice: &mut Dice) -> Self {
        let count = dice.below(6) + 1;
        Self { rules: (0..count).map(|_| Rule::random(dice)).collect(), closed: !dice.once_in(3) }
    }

    fn write(&self, dice: &mut Dice) -> Files {
        let mut rules: Vec<Value> = self.rules.iter().map(|rule| rule.json(dice)).collect();
        // Both families are spoken about, whatever the rules name.
        for (block, last) in [("0.0.0.0/0", "192.0.2.255/32"), ("::/0", "2001:db8:ffff::1/128")] {
            let (kind, block) = if self.closed { ("Deny", block) } else { ("Allow", last) };
            rules.push(json!({"type": kind, "to": {"cidrSelector": block}}));
        }
        let object = json!({
            "apiVersion": "k8s.ovn.org/v1",
            "kind": "EgressFirewall",
            "metadata": {"name": "default", "namespace": "shop"},
            "spec": {"egress": rules},
        });
        if dice.once_in(3) {
            let list = json!({"apiVersion": "v1", "kind": "List", "items": [object]});
            return vec![("list.json".to_owned(), list.to_string())];
        }
        vec![("firewall.yaml".to_owned(), object.to_string())]
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![("shop/".to_owned(), true)]
    }

    fn allows(&self, _: &Scope, packet: &Packet) -> bool {
        let governed = matches!(packet.far, Far::Addr(_) | Far::Name(_));
        governed && self.rules.iter().find(|rule| rule.has(packet)).map_or(!self.closed, |rule| rule.allow)
    }

    fn edges(&self, edges: &mut Edges) {
        edges.peer(&Far::Name("www.example.net".to_owned()));
        edges.peer(&Far::Group("shop/app=a".to_owned()));
        for rule in &self.rules {
            edges.rule();
            match &rule.peer {
                Peer::Net(block) => edges.far(*block),
                Peer::Name(host) => {
                    for head in ["", "x."] {
                        edges.peer(&Far::Name(format!("{head}{host}")));
                    }
                }
            }
            for (protocol, port) in &rule.ports {
                match port {
                    Some(port) => edges.ports(*protocol, (*port, *port)),
                    None => edges.protocol(*protocol),
                }
            }
        }
    }

    fn rewrite(&self, dice: &mut Dice) -> Self {
        let mut rules = Vec::new();
        for rule in &self.rules {
            match (dice.below(3), &rule.peer, rule.ports.as_slice()) {
                (0, Peer::Net(block), _) if block.halves().is_some() => {
                    let halves = block.halves().unwrap();
                    rules.extend(halves.map(|half| Rule { peer: Peer::Net(half), ..rule.clone() }));
                }
                (1, _, [first, rest @ ..]) if !rest.is_empty() => {
                    rules.push(Rule { ports: vec![*first], ..rule.clone() });
                    rules.push(Rule { ports: rest.to_vec(), ..rule.clone() });
                }
                (2, _, _) => rules.extend([rule.clone(), rule.clone()]),
                _ => rules.push(rule.clone()),
            }
        }
        Self { rules, ..self.clone() }
    }

    fn edit(&self, dice: &mut Dice) -> Self {
        let mut other = self.clone();
        let at = dice.below(other.rules.len());
        match dice.below(5) {
            0 => other.closed = !other.closed,
            1 if other.rules.len() > 1 => drop(other.rules.remove(at)),
            2 => other.rules[at].ports.clear(),
            _ => other.rules[at].allow = !other.rules[at].allow,
        }
        other
    }
}
