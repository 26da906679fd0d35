//! Policies of Cilium for one pod: what any allows and none denies.

use super::dice::Dice;
use super::law::{Files, Format, Scope, laws};
use super::world::{Block, Edges, Far, Packet};
use serde_json::{Map, Value, json};

laws!(Pod, 30);

/// The far end of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Peers {
    /// Nothing is said.
    None,
    /// Blocks with exceptions.
    Cidr(Vec<(Block, Vec<Block>)>),
    /// Names: how many labels may stand before them (none, one, any number but none).
    Names(Vec<(usize, &'static str)>),
    Entities(Vec<&'static str>),
    /// Pods by the one label `app`.
    Pods(Vec<&'static str>),
}

/// A protocol and its ports, first and last.
type Port = (Option<u8>, Option<(u16, u16)>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Services {
    None,
    /// Protocols (none is any that has ports) and ports (none is all).
    Ports(Vec<Port>),
    /// Types of ICMP (1) and `ICMPv6` (58).
    Icmp(Vec<(u8, u8)>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    egress: bool,
    deny: bool,
    far: Peers,
    near: Services,
}

/// The rules about one pod, whatever policies they stand in.
#[derive(Debug, Clone)]
struct Pod(Vec<Rule>);

const HOSTS: [&str; 4] = ["example.com", "api.example.com", "a.b.example.com", "example.org"];
const APPS: [&str; 3] = ["a", "b", "c"];

fn some<T: Clone>(dice: &mut Dice, things: &[T]) -> Vec<T> {
    (0..=dice.below(2)).map(|_| dice.pick(things).clone()).collect()
}

impl Peers {
    fn random(dice: &mut Dice, egress: bool, deny: bool) -> Self {
        match dice.below(8) {
            0 => Self::None,
            1 => Self::Entities(some(dice, &["world", "all", "kube-apiserver", "host", "cluster"])),
            2 => Self::Pods(some(dice, &APPS)),
            3..6 if egress && !deny => {
                Self::Names((0..=dice.below(2)).map(|_| (dice.below(3), *dice.pick(&HOSTS))).collect())
            }
            _ => Self::Cidr((0..=dice.below(2)).map(|_| cidr(dice)).collect()),
        }
    }

    fn has(&self, packet: &Packet) -> Option<bool> {
        Some(match (self, &packet.far) {
            (Self::None, _) => return None,
            (Self::Cidr(blocks), Far::Addr(addr)) => blocks.iter().any(|(block, except)| {
                block.holds(*addr) && !except.iter().any(|except| except.holds(*addr))
            }),
            (Self::Names(names), Far::Name(name)) => names.iter().any(|(labels, host)| {
                let head = name.strip_suffix(host).filter(|head| head.is_empty() || head.ends_with('.'));
                head.is_some_and(|head| match (labels, head.matches('.').count()) {
                    (0, 0) | (1, 1) => true,
                    (0 | 1, _) => false,
                    (_, count) => count > 0,
                })
            }),
            (Self::Entities(names), far) => names.iter().any(|entity| match (*entity, far) {
                ("all", _) | ("world", Far::Addr(_) | Far::Name(_)) | ("cluster", Far::Group(_)) => true,
                (entity, Far::Group(group)) => entity == group,
                _ => false,
            }),
            (Self::Pods(apps), Far::Group(group)) => {
                apps.iter().any(|app| *group == format!("default/app={app}"))
            }
            _ => false,
        })
    }

    fn json(&self, prefix: &str, dice: &mut Dice, out: &mut Map<String, Value>) {
        let (field, items): (&str, Vec<Value>) = match self {
            Self::None => return,
            Self::Cidr(blocks) if blocks.iter().all(|(_, except)| except.is_empty()) && dice.once_in(2) => {
                ("CIDR", blocks.iter().map(|(block, _)| json!(block.to_string())).collect())
            }
            Self::Cidr(blocks) => {
                let one = |(block, except): &(Block, Vec<Block>)| {
                    let except: Vec<String> = except.iter().map(ToString::to_string).collect();
                    json!({"cidr": block.to_string(), "except": except})
                };
                ("CIDRSet", blocks.iter().map(one).collect())
            }
            Self::Names(names) => {
                let one = |(labels, host): &(usize, &str)| match labels {
                    0 => json!({"matchName": host}),
                    1 => json!({"matchPattern": format!("*.{host}")}),
                    _ => json!({"matchPattern": format!("**.{host}")}),
                };
                ("FQDNs", names.iter().map(one).collect())
            }
            Self::Entities(names) => ("Entities", names.iter().map(|name| json!(name)).collect()),
            Self::Pods(apps) => {
                let one = |app: &&str| {
                    if app.len() + apps.len() == 2 {
                        return json!({"matchLabels": {"k8s:app": app}});
                    }
                    let namespace = json!({"k8s:io.kubernetes.pod.namespace": "default", "any:app": app});
                    json!({ "matchLabels": namespace })
                };
                ("Endpoints", apps.iter().map(one).collect())
            }
        };
        let mut items = items;
        dice.shuffle(&mut items);
        out.insert(format!("{prefix}{field}"), items.into());
    }
}

fn cidr(dice: &mut Dice) -> (Block, Vec<Block>) {
    let v6 = dice.once_in(3);
    let block = Block::random(dice, v6);
    let inner = Block::random(dice, v6);
    let except = if inner.inside(block) && inner.len > block.len { vec![inner] } else { Vec::new() };
    (block, except)
}

impl Services {
    fn random(dice: &mut Dice) -> Self {
        match dice.below(6) {
            0 => Self::None,
            1 => Self::Icmp(
                (0..=dice.below(2)).map(|_| (*dice.pick(&[1, 58]), *dice.pick(&[0, 3, 8, 128]))).collect(),
            ),
            _ => Self::Ports(
                (0..=dice.below(2))
                    .map(|_| {
                        let protocol = *dice.pick(&[Some(6), Some(6), Some(17), Some(132), None]);
                        (protocol, (!dice.once_in(6)).then(|| dice.ports()))
                    })
                    .collect(),
            ),
        }
    }

    fn has(&self, packet: &Packet) -> Option<bool> {
        Some(match self {
            Self::None => return None,
            Self::Ports(ports) => ports.iter().any(|(protocol, range)| {
                protocol.map_or([6, 17, 132].contains(&packet.protocol), |own| own == packet.protocol)
                    && range.is_none_or(|(first, last)| (first..=last).contains(&packet.detail))
            }),
            Self::Icmp(types) => types.iter().any(|(protocol, kind)| {
                *protocol == packet.protocol && u16::from(*kind) == packet.detail >> 8
            }),
        })
    }

    fn json(&self, dice: &mut Dice, out: &mut Map<String, Value>) {
        match self {
            Self::None => {}
            Self::Ports(ports) => {
                let mut ports: Vec<Value> = ports
                    .iter()
                    .map(|(protocol, range)| {
                        let (first, last) = range.unwrap_or((0, 0));
                        let mut port = json!({"port": first.to_string()});
                        if last > first || dice.once_in(4) {
                            port["endPort"] = json!(last);
                        }
                        match protocol {
                            Some(6) => port["protocol"] = json!("TCP"),
                            Some(17) => port["protocol"] = json!("UDP"),
                            Some(_) => port["protocol"] = json!("SCTP"),
                            None if dice.once_in(2) => port["protocol"] = json!("ANY"),
                            None => {}
                        }
                        port
                    })
                    .collect();
                dice.shuffle(&mut ports);
                let entries: Vec<Value> = if dice.once_in(2) {
                    vec![json!({ "ports": ports })]
                } else {
                    ports.into_iter().map(|port| json!({"ports": [port]})).collect()
                };
                out.insert("toPorts".to_owned(), entries.into());
            }
            Self::Icmp(types) => {
                let fields: Vec<Value> = types
                    .iter()
                    .map(|(protocol, kind)| match (protocol, kind) {
                        (1, 8) if dice.once_in(2) => json!({"type": "EchoRequest"}),
                        (1, kind) => json!({"family": "IPv4", "type": kind}),
                        (_, kind) => json!({"family": "IPv6", "type": kind.to_string()}),
                    })
                    .collect();
                out.insert("icmps".to_owned(), json!([{ "fields": fields }]));
            }
        }
    }
}

impl Rule {
    fn random(dice: &mut Dice) -> Self {
        let (egress, deny) = (!dice.once_in(3), dice.once_in(4));
        Self { egress, deny, far: Peers::random(dice, egress, deny), near: Services::random(dice) }
    }

    /// A rule that says nothing at all matches nothing.
    fn has(&self, packet: &Packet) -> bool {
        match (self.far.has(packet), self.near.has(packet)) {
            (None, None) => false,
            (far, near) => far.unwrap_or(true) && near.unwrap_or(true),
        }
    }

    fn json(&self, dice: &mut Dice) -> Value {
        let mut out = Map::new();
        self.far.json(if self.egress { "to" } else { "from" }, dice, &mut out);
        self.near.json(dice, &mut out);
        Value::Object(out)
    }
}

/// A policy that holds some of the rules.
fn policy(rules: &[Rule], at: usize, dice: &mut Dice) -> Value {
    // A rule without anything in it isolates and allows nothing.
    let mut spec = json!({
        "endpointSelector": {"matchLabels": {if dice.once_in(2) { "app" } else { "k8s:app" }: "a"}},
        "egress": [{}],
        "ingress": [{}],
    });
    for rule in rules {
        let field = match (rule.egress, rule.deny) {
            (true, false) => "egress",
            (true, true) => "egressDeny",
            (false, false) => "ingress",
            (false, true) => "ingressDeny",
        };
        if spec.get(field).is_none() {
            spec[field] = json!([]);
        }
        spec[field].as_array_mut().unwrap().push(rule.json(dice));
    }
    if dice.once_in(3) {
        spec["enableDefaultDeny"] = json!({"egress": true, "ingress": true});
    }
    let metadata = json!({"name": format!("p{at}"), "namespace": "default"});
    let mut object =
        json!({"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": metadata});
    if dice.once_in(4) {
        object["specs"] = json!([spec]);
    } else {
        object["spec"] = spec;
    }
    object
}

impl Format for Pod {
    fn random(dice: &mut Dice) -> Self {
        let count = dice.below(6) + 1;
        Self((0..count).map(|_| Rule::random(dice)).collect())
    }

    fn write(&self, dice: &mut Dice) -> Files {
        let mut rules = self.0.clone();
        dice.shuffle(&mut rules);
        let cut = dice.below(rules.len() + 1);
        let (one, two) = rules.split_at(cut);
        let mut policies = vec![policy(one, 0, dice), policy(two, 1, dice)];
        dice.shuffle(&mut policies);
        match dice.below(3) {
            0 => {
                let list = json!({"apiVersion": "v1", "kind": "List", "items": policies});
                vec![("list.json".to_owned(), list.to_string())]
            }
            1 => (0..)
                .zip(&policies)
                .map(|(at, policy): (usize, _)| (format!("p{at}.yaml"), policy.to_string()))
                .collect(),
            _ => {
                let documents: Vec<String> =
                    policies.iter().map(|policy| format!("---\n{policy}\n")).collect();
                vec![("all.yaml".to_owned(), documents.concat())]
            }
        }
    }

    fn scopes(&self) -> Vec<Scope> {
        [true, false].map(|egress| ("default/app=a".to_owned(), egress)).to_vec()
    }

    fn allows(&self, (_, egress): &Scope, packet: &Packet) -> bool {
        let matching =
            |deny| self.0.iter().any(|rule| rule.egress == *egress && rule.deny == deny && rule.has(packet));
        !matching(true) && matching(false)
    }

    fn edges(&self, edges: &mut Edges) {
        for group in ["default/app=a", "default/app=c", "kube-apiserver", "host"] {
            edges.peer(&Far::Group(group.to_owned()));
        }
        for rule in &self.0 {
            edges.rule();
            match &rule.far {
                Peers::Cidr(blocks) => {
                    for (block, except) in blocks {
                        edges.far(*block);
                        for except in except {
                            edges.far(*except);
                        }
                    }
                }
                Peers::Names(names) => {
                    for (_, host) in names {
                        for head in ["", "x.", "y.x."] {
                            edges.peer(&Far::Name(format!("{head}{host}")));
                        }
                    }
                }
                Peers::Entities(_) => edges.peer(&Far::Name("www.example.net".to_owned())),
                Peers::Pods(apps) => {
                    for app in apps {
                        edges.peer(&Far::Group(format!("default/app={app}")));
                    }
                }
                Peers::None => {}
            }
            match &rule.near {
                Services::None => {}
                Services::Ports(ports) => {
                    for (protocol, range) in ports {
                        let protocol = protocol.unwrap_or(17);
                        match range {
                            Some(range) => edges.ports(protocol, *range),
                            None => edges.protocol(protocol),
                        }
                    }
                }
                Services::Icmp(types) => {
                    for (protocol, kind) in types {
                        edges.icmp(*protocol, *kind, None);
                    }
                }
            }
        }
    }

    fn rewrite(&self, dice: &mut Dice) -> Self {
        let mut rules = Vec::new();
        for rule in &self.0 {
            let mut rule = rule.clone();
            if let Peers::Cidr(blocks) = &mut rule.far
                && dice.once_in(2)
                && blocks[0].1.is_empty()
                && let Some(halves) = blocks[0].0.halves()
            {
                blocks.remove(0);
                blocks.extend(halves.map(|half| (half, Vec::new())));
            }
            match (dice.below(3), &rule.far, &rule.near) {
                (0, Peers::Names(names), _) if names.len() > 1 => {
                    rules.extend(
                        names.iter().map(|name| Rule { far: Peers::Names(vec![*name]), ..rule.clone() }),
                    );
                }
                (1, _, Services::Ports(ports)) if ports.len() > 1 => {
                    rules.extend(
                        ports.iter().map(|port| Rule { near: Services::Ports(vec![*port]), ..rule.clone() }),
                    );
                }
                (2, Peers::Cidr(blocks), _) if blocks.len() > 1 => {
                    let one = |block: &(Block, Vec<Block>)| Rule {
                        far: Peers::Cidr(vec![block.clone()]),
                        ..rule.clone()
                    };
                    rules.extend(blocks.iter().map(one));
                }
                _ => rules.push(rule),
            }
        }
        // A name that another covers adds nothing.
        Self(rules)
    }

    fn edit(&self, dice: &mut Dice) -> Self {
        let mut rules = self.0.clone();
        let at = dice.below(rules.len());
        let rule = &mut rules[at];
        match (dice.below(4), &mut rule.far, &mut rule.near) {
            (0, Peers::Names(names), _) => names[0].0 = (names[0].0 + 1) % 3,
            (0, Peers::Cidr(blocks), _) => {
                if let Some(block) = blocks[0].0.sibling() {
                    blocks[0] = (block, Vec::new());
                }
            }
            (1, _, Services::Ports(ports)) => {
                ports[0].0 = if ports[0].0 == Some(6) { Some(17) } else { Some(6) }
            }
            (2, Peers::Names(_), _) => drop(rules.remove(at)),
            (2, _, _) => rule.deny = !rule.deny,
            _ => drop(rules.remove(at)),
        }
        if rules.is_empty() { self.clone() } else { Self(rules) }
    }
}
