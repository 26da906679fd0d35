//! The reader against a second, naive reading of the same policies: every pod, every policy, every packet is tried.

use egressor::diag::Source;
use egressor::packet::{Packet, Peer, Protocol};
use egressor::policy::Direction;
use egressor::targets;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::net::IpAddr;
use std::sync::Arc;

/// The labels of a pod: `a` and `b`, each with a value or missing. `w` is a value that no selector mentions.
type Labels = [Option<&'static str>; 2];

const VALUES: [Option<&str>; 4] = [None, Some("x"), Some("y"), Some("w")];

/// A selector: what is asked of `a` and of `b`.
#[derive(Debug, Clone, PartialEq)]
struct Asked([Ask; 2]);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Ask {
    Nothing,
    Is(&'static str),
    In,
    NotIn(&'static str),
    There,
    NotThere,
}

impl Asked {
    fn chooses(&self, labels: Labels) -> bool {
        self.0.iter().zip(labels).all(|(ask, value)| match ask {
            Ask::Nothing => true,
            Ask::Is(asked) => value == Some(asked),
            Ask::In => matches!(value, Some("x" | "y")),
            Ask::NotIn(not) => value != Some(not),
            Ask::There => value.is_some(),
            Ask::NotThere => value.is_none(),
        })
    }

    fn json(&self) -> Value {
        let mut labels = Map::new();
        let mut expressions = Vec::new();
        for (key, ask) in ["a", "b"].into_iter().zip(&self.0) {
            match ask {
                Ask::Nothing => {}
                Ask::Is(value) => drop(labels.insert(key.to_owned(), json!(value))),
                Ask::In => expressions.push(json!({"key": key, "operator": "In", "values": ["y", "x"]})),
                Ask::NotIn(not) => {
                    expressions.push(json!({"key": key, "operator": "NotIn", "values": [not]}));
                }
                Ask::There => expressions.push(json!({"key": key, "operator": "Exists"})),
                Ask::NotThere => expressions.push(json!({"key": key, "operator": "DoesNotExist"})),
            }
        }
        let mut selector = Map::new();
        if !labels.is_empty() {
            selector.insert("matchLabels".to_owned(), Value::Object(labels));
        }
        if !expressions.is_empty() {
            selector.insert("matchExpressions".to_owned(), Value::Array(expressions));
        }
        Value::Object(selector)
    }

    fn text(&self) -> String {
        let asks = ["a", "b"].into_iter().zip(&self.0).filter_map(|(key, ask)| match ask {
            Ask::Nothing => None,
            Ask::Is(value) => Some(format!("{key}={value}")),
            Ask::In => Some(format!("{key} in (x,y)")),
            Ask::NotIn(not) => Some(format!("{key} notin ({not})")),
            Ask::There => Some(key.to_owned()),
            Ask::NotThere => Some(format!("!{key}")),
        });
        asks.collect::<Vec<_>>().join(",")
    }
}

/// Every pod that there is.
fn every_pod() -> impl Iterator<Item = Labels> {
    VALUES.into_iter().flat_map(|a| VALUES.into_iter().map(move |b| [a, b]))
}

#[derive(Debug, Clone)]
enum To {
    Block(&'static str, Vec<&'static str>),
    Pods(Asked),
    PodsOf(&'static str, Asked),
    EveryPod,
}

#[derive(Debug, Clone)]
struct Port {
    protocol: Option<&'static str>,
    range: Option<(u16, Option<u16>)>,
}

#[derive(Debug, Clone)]
struct Rule {
    peers: Option<Vec<To>>,
    ports: Option<Vec<Port>>,
}

#[derive(Debug, Clone)]
struct Np {
    namespace: Option<&'static str>,
    pods: Asked,
    types: Option<Vec<&'static str>>,
    egress: Option<Vec<Rule>>,
    ingress: Option<Vec<Rule>>,
}

fn ask() -> impl Strategy<Value = Ask> {
    prop_oneof![
        4 => Just(Ask::Nothing), 3 => prop::sample::select(vec!["x", "y"]).prop_map(Ask::Is), 1 => Just(Ask::In),
        1 => prop::sample::select(vec!["x", "y"]).prop_map(Ask::NotIn), 1 => Just(Ask::There), 1 => Just(Ask::NotThere),
    ]
}

fn asked() -> impl Strategy<Value = Asked> {
    [ask(), ask()].prop_map(Asked)
}

fn to() -> impl Strategy<Value = To> {
    let blocks = vec![
        ("10.0.0.0/30", vec!["10.0.0.0/31", "10.0.0.3/32"]),
        ("10.0.0.1/24", vec!["10.0.0.2/31"]),
        ("0.0.0.0/0", vec!["10.0.0.0/31", "10.0.0.2/32", "128.0.0.0/1"]),
        ("2001:db8::/64", vec!["2001:db8::1/128"]),
        ("::/0", vec!["2001:db8::/127", "::/1"]),
    ];
    let block = prop::sample::select(blocks).prop_flat_map(|(cidr, except)| {
        let most = except.len();
        prop::sample::subsequence(except, 0..=most).prop_map(move |except| To::Block(cidr, except))
    });
    prop_oneof![
        5 => block, 1 => asked().prop_map(To::Pods), 1 => Just(To::EveryPod),
        1 => (prop::sample::select(vec!["default", "two"]), asked()).prop_map(|(of, pods)| To::PodsOf(of, pods)),
    ]
}

fn rule() -> impl Strategy<Value = Rule> {
    let range = (1..6_u16, prop::option::of(0..3_u16))
        .prop_map(|(first, more)| (first, more.map(|more| first + more)));
    let protocol = prop::option::of(prop::sample::select(vec!["TCP", "UDP", "SCTP"]));
    let port =
        (protocol, prop::option::weighted(0.8, range)).prop_map(|(protocol, range)| Port { protocol, range });
    let peers = prop::option::weighted(0.8, prop::collection::vec(to(), 0..3));
    (peers, prop::option::weighted(0.8, prop::collection::vec(port, 0..3)))
        .prop_map(|(peers, ports)| Rule { peers, ports })
}

fn policy() -> impl Strategy<Value = Np> {
    let types =
        vec![vec![], vec!["Egress"], vec!["Ingress"], vec!["Egress", "Ingress"], vec!["Egress", "Egress"]];
    let rules = || prop::option::weighted(0.7, prop::collection::vec(rule(), 0..3));
    let namespace = prop::option::of(prop::sample::select(vec!["default", "two"]));
    (namespace, asked(), prop::option::weighted(0.7, prop::sample::select(types)), rules(), rules())
        .prop_map(|(namespace, pods, types, egress, ingress)| Np { namespace, pods, types, egress, ingress })
}

impl Np {
    fn namespace(&self) -> &'static str {
        self.namespace.unwrap_or("default")
    }

    /// Whether the policy speaks about the direction, and its rules for it.
    fn rules(&self, direction: Direction) -> Option<&[Rule]> {
        let rules = |rules: &'_ Option<Vec<Rule>>| rules.as_ref().map_or(0, Vec::len);
        let speaks = match (&self.types, direction) {
            (Some(types), Direction::Egress) if !types.is_empty() => types.contains(&"Egress"),
            (Some(types), Direction::Ingress) if !types.is_empty() => types.contains(&"Ingress"),
            (_, Direction::Egress) => rules(&self.egress) > 0,
            (_, Direction::Ingress) => true,
        };
        let own = match direction {
            Direction::Egress => &self.egress,
            Direction::Ingress => &self.ingress,
        };
        speaks.then(|| own.as_deref().unwrap_or_default())
    }

    fn json(&self, name: usize) -> Value {
        let rules = |rules: &[Rule], field: &str| {
            let rule = |rule: &Rule| {
                let mut out = Map::new();
                if let Some(peers) = &rule.peers {
                    out.insert(field.to_owned(), peers.iter().map(To::json).collect());
                }
                if let Some(ports) = &rule.ports {
                    out.insert("ports".to_owned(), ports.iter().map(Port::json).collect());
                }
                Value::Object(out)
            };
            rules.iter().map(rule).collect::<Value>()
        };
        let mut spec = Map::new();
        spec.insert("podSelector".to_owned(), self.pods.json());
        if let Some(types) = &self.types {
            spec.insert("policyTypes".to_owned(), json!(types));
        }
        for (field, peers, list) in [("egress", "to", &self.egress), ("ingress", "from", &self.ingress)] {
            if let Some(list) = list {
                spec.insert(field.to_owned(), rules(list, peers));
            }
        }
        let mut metadata = json!({"name": format!("p{name}")});
        if let Some(namespace) = self.namespace {
            metadata["namespace"] = json!(namespace);
        }
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec})
    }
}

impl To {
    fn json(&self) -> Value {
        match self {
            Self::Block(cidr, except) if except.is_empty() => json!({"ipBlock": {"cidr": cidr}}),
            Self::Block(cidr, except) => json!({"ipBlock": {"cidr": cidr, "except": except}}),
            Self::Pods(pods) => json!({"podSelector": pods.json()}),
            Self::PodsOf(namespace, pods) => {
                let labels = json!({"matchLabels": {"kubernetes.io/metadata.name": namespace}});
                json!({"namespaceSelector": labels, "podSelector": pods.json()})
            }
            Self::EveryPod => json!({"namespaceSelector": {}}),
        }
    }

    fn has(&self, peer: &Far, own: &str) -> bool {
        match (self, peer) {
            (Self::Block(cidr, except), Far::Addr(addr)) => {
                within(*addr, cidr) && !except.iter().any(|except| within(*addr, except))
            }
            (Self::Pods(pods), Far::Group(group)) => *group == format!("{own}/{}", pods.text()),
            (Self::PodsOf(namespace, pods), Far::Group(group)) => {
                *group == format!("{namespace}/{}", pods.text())
            }
            (Self::EveryPod, Far::Group(_)) => true,
            _ => false,
        }
    }
}

impl Port {
    fn json(&self) -> Value {
        let mut out = Map::new();
        if let Some(protocol) = self.protocol {
            out.insert("protocol".to_owned(), json!(protocol));
        }
        if let Some((first, last)) = self.range {
            out.insert("port".to_owned(), json!(first));
            if let Some(last) = last {
                out.insert("endPort".to_owned(), json!(last));
            }
        }
        Value::Object(out)
    }

    fn has(&self, protocol: Protocol, port: u16) -> bool {
        let number = match self.protocol.unwrap_or("TCP") {
            "TCP" => 6,
            "UDP" => 17,
            _ => 132,
        };
        protocol.0 == number
            && self.range.is_none_or(|(first, last)| (first..=last.unwrap_or(first)).contains(&port))
    }
}

#[derive(Debug, Clone)]
enum Far {
    Addr(IpAddr),
    Group(String),
}

/// By bits, one at a time.
fn within(addr: IpAddr, cidr: &str) -> bool {
    let (network, len) = cidr.split_once('/').unwrap();
    let bits = |addr: IpAddr| match addr {
        IpAddr::V4(v4) => v4.octets().map(|octet| format!("{octet:08b}")).concat(),
        IpAddr::V6(v6) => v6.octets().map(|octet| format!("{octet:08b}")).concat(),
    };
    let network: IpAddr = network.parse().unwrap();
    let len: usize = len.parse().unwrap();
    network.is_ipv4() == addr.is_ipv4() && bits(addr)[..len] == bits(network)[..len]
}

/// YAML in block style, written by hand so that both styles of the reader are tried.
fn block_style(value: &Value, indent: usize) -> String {
    let pad = "  ".repeat(indent);
    match value {
        Value::Object(entries) if !entries.is_empty() => {
            let entry = |(key, value)| format!("\n{pad}{key}: {}", block_style(value, indent + 1));
            entries.iter().map(entry).collect::<Vec<_>>().concat()
        }
        Value::Array(items) if !items.is_empty() => {
            let item = |item| format!("\n{pad}- {}", block_style(item, indent + 1).trim_start());
            items.iter().map(item).collect::<Vec<_>>().concat()
        }
        other => other.to_string(),
    }
}

fn peers() -> Vec<Far> {
    let addrs = [
        "10.0.0.0",
        "10.0.0.1",
        "10.0.0.2",
        "10.0.0.3",
        "10.0.0.9",
        "9.0.0.0",
        "192.0.2.1",
        "2001:db8::",
        "2001:db8::1",
        "2001:db8::2",
        "fe80::1",
    ];
    let groups =
        ["default/", "two/", "default/a=x", "two/a=x,b=y", "default/a in (x,y)", "two/!b", "other/q=z"];
    let addrs = addrs.into_iter().map(|addr| Far::Addr(addr.parse().unwrap()));
    addrs.chain(groups.into_iter().map(|group| Far::Group(group.to_owned()))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_reader_agrees_with_trying_everything(policies in prop::collection::vec(policy(), 1..5), block in any::<bool>()) {
        let documents: Vec<Value> = policies.iter().enumerate().map(|(index, policy)| policy.json(index)).collect();
        let text: String = if block {
            documents.iter().map(|document| format!("---{}\n", block_style(document, 0))).collect::<Vec<_>>().concat()
        } else {
            json!({"apiVersion": "v1", "kind": "List", "items": documents}).to_string()
        };
        let importer = targets::find("network-policy").unwrap().importers()[0];
        let source = Arc::new(Source::new("p", text.clone()));
        prop_assert!(importer.recognizes(&source));
        let imported = importer.import(&[source]);
        let errors: Vec<_> = imported.findings.iter().filter(|finding| finding.is_error()).collect();
        prop_assert!(errors.is_empty(), "{errors:?}\n{text}");
        let mut scopes = 0;
        let mut seen = Vec::new();
        for policy in &policies {
            let name = format!("{}/{}", policy.namespace(), policy.pods.text());
            if seen.contains(&name) {
                continue;
            }
            seen.push(name.clone());
            for direction in [Direction::Egress, Direction::Ingress] {
                let selecting: Vec<&[Rule]> = policies
                    .iter()
                    .filter(|other| other.namespace() == policy.namespace())
                    .filter(|other| every_pod().all(|pod| !policy.pods.chooses(pod) || other.pods.chooses(pod)))
                    .filter_map(|other| other.rules(direction))
                    .collect();
                let set = imported.policy.sets.iter().find(|set| set.scope.name == name && set.scope.direction == direction);
                prop_assert_eq!(set.is_some(), !selecting.is_empty(), "{} {}\n{}", name, direction, text);
                let Some(set) = set else { continue };
                scopes += 1;
                let bounds = set.allows();
                prop_assert!(bounds.is_exact());
                for peer in peers() {
                    for (protocol, port) in [(6, 0), (6, 1), (6, 3), (6, 8), (17, 2), (17, 9), (132, 5), (1, 0), (47, 0), (136, 1)] {
                        let expected = selecting.iter().flat_map(|rules| rules.iter()).any(|rule| {
                            let peers = rule.peers.as_deref().unwrap_or_default();
                            let ports = rule.ports.as_deref().unwrap_or_default();
                            (peers.is_empty() || peers.iter().any(|to| to.has(&peer, policy.namespace())))
                                && (ports.is_empty() || ports.iter().any(|one| one.has(Protocol(protocol), port)))
                        });
                        let (far, source): (Peer<'_>, IpAddr) = match &peer {
                            Far::Addr(addr) if addr.is_ipv4() => (Peer::Addr(*addr), "10.9.9.9".parse().unwrap()),
                            Far::Addr(addr) => (Peer::Addr(*addr), "fd00::1".parse().unwrap()),
                            Far::Group(group) => (Peer::Group(group), "10.9.9.9".parse().unwrap()),
                        };
                        let packet = Packet { peer: far, source, protocol: Protocol(protocol), detail: port };
                        prop_assert_eq!(bounds.at_least.at(&packet), expected, "{} {} {:?}\n{}", name, direction, packet, text);
                    }
                }
            }
        }
        prop_assert_eq!(imported.policy.sets.len(), scopes);
    }
}
