//! Policies of one pod: whatever any rule of any policy that selects it lets pass.

use super::dice::Dice;
use super::law::{Files, Format, Scope, laws};
use super::world::{Block, Edges, Far, Packet};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

laws!(Pod, 30);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Peer {
    block: Block,
    except: Vec<Block>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Port {
    protocol: u8,
    range: Option<(u16, u16)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    egress: bool,
    /// None is every peer.
    peers: Option<Vec<Peer>>,
    ports: Option<Vec<Port>>,
}

/// The rules about one pod, whatever policies they stand in.
#[derive(Debug, Clone)]
struct Pod(Vec<Rule>);

impl Peer {
    fn random(dice: &mut Dice) -> Self {
        let v6 = dice.once_in(3);
        let block = Block::random(dice, v6);
        let mut except = Vec::new();
        for _ in 0..dice.below(3) {
            let inner = if dice.once_in(2) { Block::random(dice, v6) } else { below(block, dice) };
            if inner.inside(block) && inner.len > block.len {
                except.push(inner);
            }
        }
        Self { block, except }
    }

    fn has(&self, packet: &Packet) -> bool {
        let Far::Addr(addr) = packet.far else { return false };
        self.block.holds(addr) && !self.except.iter().any(|except| except.holds(addr))
    }

    fn json(&self, dice: &mut Dice) -> Value {
        // The API takes host bits and any spelling of IPv6.
        let spelt = |block: Block, dice: &mut Dice| match block.inner() {
            addr if dice.once_in(4) => format!("{addr}/{}", block.len),
            std::net::IpAddr::V6(_) if dice.once_in(4) => block.to_string().to_uppercase(),
            _ => block.to_string(),
        };
        let mut out = json!({"cidr": spelt(self.block, dice)});
        if !self.except.is_empty() {
            let mut except = self.except.clone();
            dice.shuffle(&mut except);
            out["except"] = except.iter().map(|one| spelt(*one, dice)).collect();
        }
        json!({"ipBlock": out})
    }
}

fn below(block: Block, dice: &mut Dice) -> Block {
    let mut inner = block;
    for _ in 0..=dice.below(4) {
        if let Some(halves) = inner.halves() {
            inner = *dice.pick(&halves);
        }
    }
    inner
}

impl Port {
    fn random(dice: &mut Dice) -> Self {
        let range = if dice.once_in(5) { None } else { Some(dice.ports()) };
        Self { protocol: *dice.pick(&[6, 6, 17, 132]), range }
    }

    fn has(&self, packet: &Packet) -> bool {
        packet.protocol == self.protocol
            && self.range.is_none_or(|(first, last)| (first..=last).contains(&packet.detail))
    }

    fn json(&self, dice: &mut Dice) -> Value {
        let mut out = Map::new();
        if let Some((first, last)) = self.range {
            out.insert("port".to_owned(), json!(first));
            if last > first || dice.once_in(3) {
                out.insert("endPort".to_owned(), json!(last));
            }
        }
        if self.protocol != 6 || dice.once_in(2) {
            let name = match self.protocol {
                6 => "TCP",
                17 => "UDP",
                _ => "SCTP",
            };
            out.insert("protocol".to_owned(), json!(name));
        }
        Value::Object(out)
    }
}

impl Rule {
    fn random(dice: &mut Dice) -> Self {
        let (peers, ports) = (dice.below(3) + 1, dice.below(3) + 1);
        let peers = (!dice.once_in(8)).then(|| (0..peers).map(|_| Peer::random(dice)).collect());
        let ports = (!dice.once_in(8)).then(|| (0..ports).map(|_| Port::random(dice)).collect());
        Self { egress: dice.once_in(2), peers, ports }
    }

    fn allows(&self, packet: &Packet) -> bool {
        self.peers.as_ref().is_none_or(|peers| peers.iter().any(|peer| peer.has(packet)))
            && self.ports.as_ref().is_none_or(|ports| ports.iter().any(|port| port.has(packet)))
    }

    fn json(&self, dice: &mut Dice) -> Value {
        let mut out = Map::new();
        let field = if self.egress { "to" } else { "from" };
        match &self.peers {
            Some(peers) => {
                let mut peers = peers.clone();
                dice.shuffle(&mut peers);
                out.insert(field.to_owned(), peers.iter().map(|peer| peer.json(dice)).collect());
            }
            None if dice.once_in(3) => drop(out.insert(field.to_owned(), json!([]))),
            None => {}
        }
        match &self.ports {
            Some(ports) => {
                let mut ports = ports.clone();
                dice.shuffle(&mut ports);
                out.insert("ports".to_owned(), ports.iter().map(|port| port.json(dice)).collect());
            }
            None if dice.once_in(3) => drop(out.insert("ports".to_owned(), json!([]))),
            None => {}
        }
        Value::Object(out)
    }
}

/// A policy that holds some of the rules.
fn policy(rules: &[Rule], at: usize, dice: &mut Dice) -> Value {
    let selector = match dice.below(3) {
        0 => json!({"matchLabels": {"app": "a"}}),
        1 => json!({"matchExpressions": [{"key": "app", "operator": "In", "values": ["a"]}]}),
        _ => json!({"matchLabels": {"app": "a"}, "matchExpressions": []}),
    };
    let mut spec = json!({"podSelector": selector, "policyTypes": ["Ingress", "Egress"]});
    for (egress, field) in [(true, "egress"), (false, "ingress")] {
        let mine: Vec<Value> =
            rules.iter().filter(|rule| rule.egress == egress).map(|rule| rule.json(dice)).collect();
        if !mine.is_empty() || dice.once_in(2) {
            spec[field] = json!(mine);
        }
    }
    if spec.get("egress").is_some_and(|rules| *rules != json!([])) && dice.once_in(2) {
        // The API server fills it in.
        spec.as_object_mut().unwrap().remove("policyTypes");
    }
    let mut metadata = json!({"name": format!("p{at}"), "labels": {"x": format!("{}", dice.below(9))}});
    if dice.once_in(2) {
        metadata["namespace"] = json!("default");
    }
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec})
}

/// YAML in block style with every second mapping of scalars in flow style.
fn block_style(value: &Value, indent: usize, dice: &mut Dice) -> String {
    let pad = "  ".repeat(indent);
    match value {
        _ if dice.once_in(6) => value.to_string(),
        Value::Object(entries) if !entries.is_empty() => {
            let entry = |(key, value)| format!("\n{pad}{key}: {}", block_style(value, indent + 1, dice));
            entries.iter().map(entry).collect::<Vec<_>>().concat()
        }
        Value::Array(items) if !items.is_empty() => {
            let item = |item| format!("\n{pad}- {}", block_style(item, indent + 1, dice).trim_start());
            items.iter().map(item).collect::<Vec<_>>().concat()
        }
        other => other.to_string(),
    }
}

impl Format for Pod {
    fn random(dice: &mut Dice) -> Self {
        let count = dice.below(5) + 1;
        Self((0..count).map(|_| Rule::random(dice)).collect())
    }

    fn write(&self, dice: &mut Dice) -> Files {
        let mut rules = self.0.clone();
        dice.shuffle(&mut rules);
        let cut = dice.below(rules.len() + 1);
        let (one, two) = rules.split_at(cut);
        let mut policies = vec![policy(one, 0, dice)];
        if !two.is_empty() || dice.once_in(3) {
            policies.push(policy(two, 1, dice));
        }
        dice.shuffle(&mut policies);
        let file = |name: &str, text: String| (name.to_owned(), text);
        match dice.below(4) {
            0 => vec![file(
                "list.json",
                json!({"apiVersion": "v1", "kind": "List", "items": policies}).to_string(),
            )],
            1 => policies
                .iter()
                .enumerate()
                .map(|(at, policy)| file(&format!("p{at}.yaml"), policy.to_string()))
                .collect(),
            _ => {
                let other =
                    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {kind: NetworkPolicy}\n";
                let mut text = format!("# {}\n", dice.below(9));
                for policy in &policies {
                    let field = |(key, value)| format!("{key}: {}\n", block_style(value, 1, dice));
                    let fields = policy.as_object().unwrap().iter().map(field).collect::<Vec<_>>().concat();
                    writeln!(text, "---\n{fields}").unwrap();
                }
                vec![file("all.yaml", format!("{text}---\n{other}"))]
            }
        }
    }

    fn scopes(&self) -> Vec<Scope> {
        [true, false].map(|egress| ("default/app=a".to_owned(), egress)).to_vec()
    }

    fn allows(&self, (_, egress): &Scope, packet: &Packet) -> bool {
        self.0.iter().any(|rule| rule.egress == *egress && rule.allows(packet))
    }

    fn edges(&self, edges: &mut Edges) {
        edges.peer(&Far::Group("default/app=b".to_owned()));
        for rule in &self.0 {
            edges.rule();
            for peer in rule.peers.iter().flatten() {
                edges.far(peer.block);
                peer.except.iter().for_each(|except| edges.far(*except));
            }
            for port in rule.ports.iter().flatten() {
                match port.range {
                    Some(range) => edges.ports(port.protocol, range),
                    None => edges.protocol(port.protocol),
                }
            }
        }
    }

    fn rewrite(&self, dice: &mut Dice) -> Self {
        let mut rules = Vec::new();
        for rule in &self.0 {
            let mut rule = rule.clone();
            for peer in rule.peers.iter_mut().flatten() {
                if dice.once_in(3)
                    && let Some(first) = peer.except.first().copied()
                {
                    // The same exception in two halves.
                    if let Some(halves) = first.halves() {
                        peer.except.splice(..1, halves);
                    }
                }
            }
            if dice.once_in(3)
                && let Some(peers) = &mut rule.peers
                && let Some(halves) = peers[0].block.halves()
            {
                let whole = peers.remove(0);
                for block in halves {
                    if whole.except.iter().any(|except| block.inside(*except)) {
                        continue;
                    }
                    let except = whole.except.iter().copied().filter(|except| except.inside(block)).collect();
                    peers.push(Peer { block, except });
                }
                if peers.is_empty() {
                    continue;
                }
            }
            match (dice.below(3), rule.peers.as_deref(), rule.ports.as_deref()) {
                (0, Some([first, rest @ ..]), _) if !rest.is_empty() => {
                    let of = |peers: &[Peer]| Rule { peers: Some(peers.to_vec()), ..rule.clone() };
                    rules.extend([of(std::slice::from_ref(first)), of(rest)]);
                }
                (1, _, Some([first, rest @ ..])) if !rest.is_empty() => {
                    let of = |ports: &[Port]| Rule { ports: Some(ports.to_vec()), ..rule.clone() };
                    rules.extend([of(rest), of(std::slice::from_ref(first))]);
                }
                _ => rules.push(rule),
            }
        }
        Self(rules)
    }

    fn edit(&self, dice: &mut Dice) -> Self {
        let mut rules = self.0.clone();
        let at = dice.below(rules.len());
        let rule = &mut rules[at];
        match (dice.below(6), &mut rule.peers, &mut rule.ports) {
            (0, Some(peers), _) if !peers[0].except.is_empty() => drop(peers[0].except.pop()),
            (1, Some(peers), _) => {
                let inner = below(peers[0].block, dice);
                if inner.len > peers[0].block.len {
                    peers[0].except.push(inner);
                }
            }
            (2, Some(peers), _) => {
                if let Some(block) = peers[0].block.sibling() {
                    peers[0] = Peer { block, except: Vec::new() };
                }
            }
            (3, _, Some(ports)) => {
                ports[0].range = ports[0].range.map(|(first, last)| (first, last.saturating_add(1)));
            }
            (4, _, Some(ports)) => ports[0].protocol = if ports[0].protocol == 6 { 17 } else { 6 },
            _ => rule.egress = !rule.egress,
        }
        Self(rules)
    }
}
