//! Policies of Calico for one pod: the first rule that matches, tier by tier.

use super::dice::Dice;
use super::law::{Files, Format, Scope, laws};
use super::world::{Block, Edges, Far, Packet};
use serde_json::{Map, Value, json};

laws!(Pod, 30);

/// The far end of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Peer {
    Any,
    Nets(Vec<Block>, Vec<Block>),
    /// Names, and whether everything below is meant in place of the name.
    Names(Vec<(bool, &'static str)>),
    Pods(&'static str),
    /// One of the sets, by its number.
    Set(usize),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    action: &'static str,
    protocol: Option<u8>,
    not_protocol: bool,
    ports: Vec<(u16, u16)>,
    icmp: Option<(u8, Option<u8>)>,
    peer: Peer,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Policy {
    /// 0 is tried before 1.
    tier: usize,
    order: Option<usize>,
    egress: Vec<Rule>,
    ingress: Vec<Rule>,
}

/// Policies that select one pod, and the sets that they choose from.
#[derive(Debug, Clone)]
struct Pod {
    policies: Vec<Policy>,
    sets: Vec<Vec<Block>>,
}

const HOSTS: [&str; 3] = ["example.com", "api.example.com", "example.org"];
const NAMES: [(u8, &str); 5] = [(6, "TCP"), (17, "UDP"), (132, "SCTP"), (1, "ICMP"), (58, "ICMPv6")];

fn blocks(dice: &mut Dice) -> Vec<Block> {
    let v6 = dice.once_in(3);
    (0..=dice.below(2)).map(|_| Block::random(dice, v6)).collect()
}

impl Rule {
    fn random(dice: &mut Dice, egress: bool) -> Self {
        let action = *dice.pick(&["Allow", "Allow", "Allow", "Deny", "Pass", "Log"]);
        let peer = match dice.below(7) {
            0 => Peer::Any,
            1 => Peer::Pods(dice.pick::<&str>(&["a", "b"])),
            2 => Peer::Set(dice.below(2)),
            3 if egress && action == "Allow" => {
                Peer::Names((0..=dice.below(2)).map(|_| (dice.once_in(2), *dice.pick(&HOSTS))).collect())
            }
            _ => {
                let nets = blocks(dice);
                let inner = blocks(dice);
                Peer::Nets(nets, if dice.once_in(3) { inner } else { Vec::new() })
            }
        };
        let protocol =
            *dice.pick(&[None, Some(6), Some(6), Some(17), Some(132), Some(1), Some(58), Some(47)]);
        let has_ports = matches!(protocol, Some(6 | 17 | 132));
        let ports = if has_ports && !dice.once_in(3) {
            (0..=dice.below(2)).map(|_| dice.ports()).collect()
        } else {
            Vec::new()
        };
        let icmp =
            matches!(protocol, Some(1 | 58)).then(|| (*dice.pick(&[0, 3, 8]), dice.once_in(2).then_some(1)));
        let not_protocol = protocol.is_some() && ports.is_empty() && icmp.is_none() && dice.once_in(4);
        Self { action, protocol, not_protocol, ports, icmp, peer }
    }

    fn has(&self, packet: &Packet, sets: &[Vec<Block>]) -> bool {
        let is = self.protocol.is_none_or(|protocol| protocol == packet.protocol);
        let protocol = if self.not_protocol { !is } else { is };
        let ports = self.ports.is_empty()
            || self.ports.iter().any(|(first, last)| (first..=last).contains(&&packet.detail));
        let icmp = self.icmp.is_none_or(|(kind, code)| {
            packet.detail >> 8 == u16::from(kind)
                && code.is_none_or(|code| packet.detail & 255 == u16::from(code))
        });
        let far = match (&self.peer, &packet.far) {
            (Peer::Any, _) => true,
            (Peer::Nets(nets, not), Far::Addr(addr)) => {
                nets.iter().any(|net| net.holds(*addr)) && !not.iter().any(|net| net.holds(*addr))
            }
            (Peer::Set(number), Far::Addr(addr)) => sets[*number].iter().any(|net| net.holds(*addr)),
            (Peer::Names(names), Far::Name(name)) => names.iter().any(|(below, host)| {
                if *below {
                    name.strip_suffix(host).is_some_and(|head| head.ends_with('.'))
                } else {
                    name == host
                }
            }),
            (Peer::Pods(app), Far::Group(group)) => *group == format!("shop/app={app}"),
            _ => false,
        };
        protocol && ports && icmp && far
    }

    fn json(&self, egress: bool, dice: &mut Dice) -> Value {
        let mut far = Map::new();
        let texts =
            |blocks: &[Block]| -> Value { blocks.iter().map(|block| json!(block.to_string())).collect() };
        match &self.peer {
            Peer::Any => {}
            Peer::Nets(nets, not) => {
                far.insert("nets".into(), texts(nets));
                if !not.is_empty() {
                    far.insert("notNets".into(), texts(not));
                }
            }
            Peer::Names(names) => {
                let one =
                    |(below, host): &(bool, &str)| json!(format!("{}{host}", if *below { "*." } else { "" }));
                far.insert("domains".into(), names.iter().map(one).collect());
            }
            Peer::Pods(app) => {
                far.insert("selector".into(), json!(format!("app == '{app}'")));
                far.insert("namespaceSelector".into(), json!("kubernetes.io/metadata.name == 'shop'"));
            }
            Peer::Set(number) => {
                far.insert("selector".into(), json!(format!("set=='s{number}'")));
                far.insert("namespaceSelector".into(), json!("global()"));
            }
        }
        let ports: Vec<Value> = self
            .ports
            .iter()
            .map(|(first, last)| match first == last {
                true if dice.once_in(2) => json!(first),
                true => json!(first.to_string()),
                false => json!(format!("{first}:{last}")),
            })
            .collect();
        let mut rule = json!({"action": self.action});
        if egress {
            if !ports.is_empty() {
                far.insert("ports".into(), ports.into());
            }
            rule["destination"] = far.into();
        } else {
            if !ports.is_empty() {
                rule["destination"] = json!({ "ports": ports });
            }
            rule["source"] = far.into();
        }
        if let Some(protocol) = self.protocol {
            let name = NAMES.iter().find(|(number, _)| *number == protocol);
            let field = if self.not_protocol { "notProtocol" } else { "protocol" };
            rule[field] = name.filter(|_| !dice.once_in(4)).map_or(json!(protocol), |(_, name)| json!(name));
        }
        if let Some((kind, code)) = self.icmp {
            rule["icmp"] = json!({"type": kind});
            if let Some(code) = code {
                rule["icmp"]["code"] = json!(code);
            }
        }
        rule
    }
}

impl Policy {
    fn rules(&self, egress: bool) -> &Vec<Rule> {
        if egress { &self.egress } else { &self.ingress }
    }
}

impl Format for Pod {
    fn random(dice: &mut Dice) -> Self {
        let count = dice.below(3) + 1;
        let policies = (0..count).map(|_| Policy {
            tier: dice.below(2),
            order: (!dice.once_in(4)).then(|| dice.below(5)),
            egress: (0..dice.below(4)).map(|_| Rule::random(dice, true)).collect(),
            ingress: (0..dice.below(3)).map(|_| Rule::random(dice, false)).collect(),
        });
        let policies = policies.collect();
        Self { policies, sets: vec![blocks(dice), blocks(dice)] }
    }

    fn write(&self, dice: &mut Dice) -> Files {
        let meta = |kind: &str, name: String| json!({"apiVersion": "projectcalico.org/v3", "kind": kind, "metadata": {"name": name}});
        let mut objects = vec![meta("Tier", "first".to_owned())];
        objects[0]["spec"] = json!({"order": 10});
        for (number, set) in self.sets.iter().enumerate() {
            let mut object = meta("GlobalNetworkSet", format!("s{number}"));
            object["metadata"]["labels"] = json!({"set": format!("s{number}")});
            object["spec"] = json!({"nets": set.iter().map(ToString::to_string).collect::<Vec<_>>()});
            objects.push(object);
        }
        for (number, policy) in self.policies.iter().enumerate() {
            let mut object = meta("GlobalNetworkPolicy", format!("p{number}"));
            let selector = *dice.pick(&[
                "projectcalico.org/namespace == 'shop' && app == 'x'",
                "app=='x'&&(projectcalico.org/namespace in {'shop'})",
            ]);
            let rules = |egress, dice: &mut Dice| -> Vec<Value> {
                policy.rules(egress).iter().map(|rule| rule.json(egress, dice)).collect()
            };
            object["spec"] = json!({
                "selector": selector,
                "types": ["Egress", "Ingress"],
                "egress": rules(true, dice),
                "ingress": rules(false, dice),
            });
            if policy.tier == 0 {
                object["spec"]["tier"] = json!("first");
            }
            if let Some(order) = policy.order {
                object["spec"]["order"] = json!(order);
            }
            objects.push(object);
        }
        dice.shuffle(&mut objects);
        if dice.once_in(2) {
            let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
            return vec![("list.json".to_owned(), list.to_string())];
        }
        let documents: Vec<String> = objects.iter().map(|object| format!("---\n{object}\n")).collect();
        vec![("all.yaml".to_owned(), documents.concat())]
    }

    fn scopes(&self) -> Vec<Scope> {
        [true, false].map(|egress| ("shop/app=x".to_owned(), egress)).to_vec()
    }

    fn allows(&self, (_, egress): &Scope, packet: &Packet) -> bool {
        for tier in 0..2 {
            let mut policies: Vec<(usize, &Policy)> =
                self.policies.iter().enumerate().filter(|(_, policy)| policy.tier == tier).collect();
            if policies.is_empty() {
                continue;
            }
            policies.sort_by_key(|(number, policy)| (policy.order.unwrap_or(usize::MAX), *number));
            let mut rules = policies.iter().flat_map(|(_, policy)| policy.rules(*egress));
            let first = rules.find(|rule| rule.action != "Log" && rule.has(packet, &self.sets));
            match first.map(|rule| rule.action) {
                Some("Allow") => return true,
                Some("Pass") => {}
                _ => return false,
            }
        }
        true
    }

    fn edges(&self, edges: &mut Edges) {
        for group in ["shop/app=a", "shop/app=c"] {
            edges.peer(&Far::Group(group.to_owned()));
        }
        for policy in &self.policies {
            for rule in policy.egress.iter().chain(&policy.ingress) {
                edges.rule();
                match &rule.peer {
                    Peer::Any => {}
                    Peer::Nets(nets, not) => nets.iter().chain(not).for_each(|net| edges.far(*net)),
                    Peer::Set(number) => self.sets[*number].iter().for_each(|net| edges.far(*net)),
                    Peer::Pods(app) => edges.peer(&Far::Group(format!("shop/app={app}"))),
                    Peer::Names(names) => {
                        for (_, host) in names {
                            for head in ["", "x.", "y.x."] {
                                edges.peer(&Far::Name(format!("{head}{host}")));
                            }
                        }
                    }
                }
                let protocol = rule.protocol.unwrap_or(17);
                edges.protocol(protocol);
                rule.ports.iter().for_each(|range| edges.ports(protocol, *range));
                if let Some((kind, code)) = rule.icmp {
                    edges.icmp(protocol, kind, code);
                }
            }
        }
    }

    fn rewrite(&self, dice: &mut Dice) -> Self {
        let mut other = self.clone();
        for policy in &mut other.policies {
            for rules in [&mut policy.egress, &mut policy.ingress] {
                let mut rewritten = Vec::new();
                for rule in rules.drain(..) {
                    match (dice.below(3), rule.ports.as_slice(), &rule.peer) {
                        (0, [first, rest @ ..], _) if !rest.is_empty() => {
                            rewritten.push(Rule { ports: vec![*first], ..rule.clone() });
                            rewritten.push(Rule { ports: rest.to_vec(), ..rule.clone() });
                        }
                        (1, _, Peer::Nets(nets, not)) if nets[0].halves().is_some() => {
                            let halves = nets[0].halves().unwrap();
                            let nets = nets[1..].iter().copied().chain(halves).collect();
                            rewritten.push(Rule { peer: Peer::Nets(nets, not.clone()), ..rule.clone() });
                        }
                        // A rule that stands twice adds nothing.
                        (2, _, _) => rewritten.extend([rule.clone(), rule]),
                        _ => rewritten.push(rule),
                    }
                }
                *rules = rewritten;
            }
        }
        other
    }

    fn edit(&self, dice: &mut Dice) -> Self {
        let mut other = self.clone();
        let at = dice.below(other.policies.len());
        let policy = &mut other.policies[at];
        let rules = if dice.once_in(3) { &mut policy.ingress } else { &mut policy.egress };
        if rules.is_empty() {
            rules.push(Rule::random(dice, false));
            return other;
        }
        let at = dice.below(rules.len());
        let rule = &mut rules[at];
        match dice.below(4) {
            0 => drop(rules.remove(at)),
            1 if !matches!(rule.peer, Peer::Names(_)) => {
                rule.action = if rule.action == "Deny" { "Allow" } else { "Deny" };
            }
            2 if !rule.ports.is_empty() => rule.ports[0].1 = rule.ports[0].1.saturating_add(1),
            _ => match &mut rule.peer {
                Peer::Nets(nets, _) if nets[0].sibling().is_some() => nets[0] = nets[0].sibling().unwrap(),
                Peer::Names(names) => names[0].0 = !names[0].0,
                _ => drop(rules.remove(at)),
            },
        }
        other
    }
}
