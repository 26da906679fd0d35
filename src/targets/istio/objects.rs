//! `ServiceEntry` and `Sidecar` objects as they are written.

use crate::diag::{Code, Finding, Place, Source, Span};
use crate::packet::{AddrSet, Hostname, NamePattern, Prefix};
use crate::policy::Pods;
use crate::syntax::yaml::{Kind, Node};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

/// A port of a service.
#[derive(Debug, Clone)]
pub(super) struct Port {
    /// Its number.
    pub(super) number: u16,
    /// The protocol in upper case.
    pub(super) protocol: String,
    /// Whether it leads to a port of another number.
    pub(super) elsewhere: bool,
}

/// Hosts outside of the mesh.
#[derive(Debug, Clone)]
pub(super) struct ServiceEntry {
    /// The namespace.
    pub(super) namespace: String,
    /// The hosts.
    pub(super) hosts: Vec<NamePattern>,
    /// The addresses that connections without a name are compared with.
    pub(super) addresses: AddrSet,
    /// The ports.
    pub(super) ports: Vec<Port>,
    /// Whether the address that the client chose is kept.
    pub(super) keeps_address: bool,
    /// The namespaces that see it; all when empty.
    pub(super) export: Vec<String>,
    /// Where it stands.
    pub(super) place: Place,
}

/// What a sidecar does with what is not in its registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// It is refused.
    RegistryOnly,
    /// It is let pass.
    AllowAny,
    /// The mesh says.
    Unsaid,
}

/// A listener of a sidecar: the hosts that it knows.
#[derive(Debug, Clone)]
pub(super) struct Egress {
    /// Its port, where it is for one.
    pub(super) port: Option<u16>,
    /// Namespaces and hosts.
    pub(super) hosts: Vec<(String, Wanted)>,
    /// It is bound somewhere of its own.
    pub(super) bound: bool,
}

/// The hosts of a listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of them.
    All,
    /// One, or those below one.
    Only(NamePattern),
}

/// A sidecar's configuration.
#[derive(Debug, Clone)]
pub(super) struct Sidecar {
    /// The workloads.
    pub(super) pods: Pods,
    /// The listeners; nothing when it says nothing about hosts.
    pub(super) egress: Option<Vec<Egress>>,
    /// What is not in the registry.
    pub(super) mode: Mode,
    /// Where it stands.
    pub(super) place: Place,
}

/// What files hold.
#[derive(Debug, Default)]
pub(super) struct Objects {
    /// The entries.
    pub(super) entries: Vec<ServiceEntry>,
    /// The sidecars.
    pub(super) sidecars: Vec<Sidecar>,
}

/// The fields of a `ServiceEntry`.
const ENTRY: [&str; 9] = [
    "hosts",
    "addresses",
    "ports",
    "location",
    "resolution",
    "endpoints",
    "workloadSelector",
    "exportTo",
    "subjectAltNames",
];
/// The fields of a `Sidecar`.
const SIDECAR: [&str; 5] =
    ["workloadSelector", "ingress", "egress", "outboundTrafficPolicy", "inboundConnectionPool"];

/// The group of Istio's API.
const GROUP: &str = "networking.istio.io/";

/// Reports whether a node is an object that is read here, or a list with one.
pub(super) fn is_ours(node: &Node) -> bool {
    let own = text(node, "apiVersion").is_some_and(|version| version.starts_with(GROUP));
    let known = matches!(text(node, "kind"), Some("ServiceEntry" | "Sidecar"));
    (own && known) || list(node, "items").iter().any(|item| is_ours(item))
}

fn text<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    node.get(key)?.as_str()
}

fn list<'a>(node: &'a Node, key: &str) -> Vec<&'a Node> {
    match node.get(key).map(|node| &node.kind) {
        Some(Kind::Sequence(items)) => items.iter().collect(),
        _ => Vec::new(),
    }
}

/// Reads the objects of one file.
pub(super) struct Reader<'a> {
    /// The file.
    pub(super) source: &'a Arc<Source>,
    /// What was read so far.
    pub(super) objects: &'a mut Objects,
    /// What there is to say.
    pub(super) findings: &'a mut Vec<Finding>,
}

impl Reader<'_> {
    fn refuse(&mut self, span: Span, why: impl Into<String>) {
        self.findings.push(Finding::new(Code::ReadRefused, why).at(self.source, span));
    }

    fn known(&mut self, node: &Node, keys: &[&str]) {
        let Kind::Mapping(entries) = &node.kind else {
            return self.refuse(node.span, "a mapping is needed");
        };
        for (key, _) in entries.iter().filter(|(key, _)| !keys.contains(&key.name.as_str())) {
            let near = crate::diag::suggest(&key.name, keys.iter().copied());
            let near = near.map_or_else(String::new, |near| format!(", did you mean `{near}`"));
            self.refuse(key.span, format!("`{}` is not a field here{near}", key.name));
        }
    }

    /// Reads an object, or the items of a list.
    pub(super) fn object(&mut self, node: &Node) {
        let items = list(node, "items");
        if !items.is_empty() {
            for item in items {
                self.object(item);
            }
            return;
        }
        let version = text(node, "apiVersion").unwrap_or_default();
        let place = Place { source: Arc::clone(self.source), span: node.span };
        match text(node, "kind") {
            Some("ServiceEntry") if version.starts_with(GROUP) => self.entry(node, place),
            Some("Sidecar") if version.starts_with(GROUP) => self.sidecar(node, place),
            kind => {
                let message = format!("`{}` is not compared", kind.unwrap_or("an object of no kind"));
                self.findings.push(Finding::new(Code::ReadNotCompared, message).at(self.source, node.span));
            }
        }
    }

    fn namespace(node: &Node) -> String {
        node.get("metadata").and_then(|meta| text(meta, "namespace")).unwrap_or("default").to_owned()
    }

    fn entry(&mut self, node: &Node, place: Place) {
        let Some(spec) = node.get("spec") else { return self.refuse(node.span, "a `spec` is needed") };
        self.known(spec, &ENTRY);
        let mut hosts = Vec::new();
        for item in list(spec, "hosts") {
            match item.as_str().and_then(pattern) {
                Some(host) => hosts.push(host),
                None => self.refuse(item.span, "a host name, or one behind `*.`, is needed"),
            }
        }
        let mut addresses = Vec::new();
        for item in list(spec, "addresses") {
            let block = item.as_str().and_then(|text| {
                text.parse::<Prefix>().ok().or_else(|| text.parse::<IpAddr>().ok().map(Prefix::host))
            });
            match block {
                Some(block) => addresses.push(block),
                None => self.refuse(item.span, "an address or a block is needed"),
            }
        }
        let ports: Vec<Port> = list(spec, "ports").into_iter().filter_map(|port| self.port(port)).collect();
        if hosts.is_empty() || ports.is_empty() {
            self.refuse(spec.span, "an entry without hosts or without ports does nothing");
        }
        let resolution = text(spec, "resolution").unwrap_or("NONE");
        if !["NONE", "STATIC", "DNS", "DNS_ROUND_ROBIN", "DYNAMIC_DNS"].contains(&resolution) {
            self.refuse(spec.span, format!("`{resolution}` is no resolution"));
        }
        let export = list(spec, "exportTo").into_iter().filter_map(|item| item.as_str().map(str::to_owned));
        self.objects.entries.push(ServiceEntry {
            namespace: Self::namespace(node),
            hosts,
            addresses: AddrSet::of(addresses),
            ports,
            keeps_address: resolution == "NONE",
            export: export.collect(),
            place,
        });
    }

    fn port(&mut self, node: &Node) -> Option<Port> {
        self.known(node, &["number", "protocol", "name", "targetPort"]);
        let number = self.number(node.get("number")?)?;
        let target = node.get("targetPort").map(|target| self.number(target));
        let protocol = text(node, "protocol").unwrap_or("TCP").to_ascii_uppercase();
        Some(Port { number, protocol, elsewhere: target.is_some_and(|target| target != Some(number)) })
    }

    fn number(&mut self, node: &Node) -> Option<u16> {
        let number = match node.kind {
            Kind::Integer(number) => u16::try_from(number).ok().filter(|number| *number > 0),
            _ => None,
        };
        if number.is_none() {
            self.refuse(node.span, "a port from 1 to 65535 is needed");
        }
        number
    }

    fn sidecar(&mut self, node: &Node, place: Place) {
        let empty = Node { span: node.span, kind: Kind::Mapping(Vec::new()) };
        let spec = node.get("spec").unwrap_or(&empty);
        self.known(spec, &SIDECAR);
        let mut labels = BTreeMap::new();
        if let Some(Kind::Mapping(entries)) = spec
            .get("workloadSelector")
            .and_then(|selector| selector.get("labels"))
            .map(|labels| &labels.kind)
        {
            labels.extend(
                entries
                    .iter()
                    .filter_map(|(key, value)| Some((key.name.clone(), value.as_str()?.to_owned()))),
            );
        }
        let mode = spec.get("outboundTrafficPolicy").map(|policy| text(policy, "mode"));
        let mode = match mode {
            Some(Some("REGISTRY_ONLY")) => Mode::RegistryOnly,
            Some(Some("ALLOW_ANY")) => Mode::AllowAny,
            Some(Some(other)) => {
                self.refuse(spec.span, format!("`{other}` is no mode"));
                Mode::Unsaid
            }
            None | Some(None) => Mode::Unsaid,
        };
        let egress = list(spec, "egress");
        let egress: Vec<Egress> = egress.into_iter().map(|egress| self.egress(egress)).collect();
        self.objects.sidecars.push(Sidecar {
            pods: Pods { namespace: Self::namespace(node), labels },
            egress: (!egress.is_empty()).then_some(egress),
            mode,
            place,
        });
    }

    fn egress(&mut self, node: &Node) -> Egress {
        self.known(node, &["port", "bind", "captureMode", "hosts"]);
        let port = node.get("port").and_then(|port| port.get("number")).and_then(|node| self.number(node));
        let mut hosts = Vec::new();
        for item in list(node, "hosts") {
            let parts = item.as_str().and_then(|text| text.split_once('/'));
            let wanted = parts.and_then(|(namespace, host)| {
                let wanted = if host == "*" { Wanted::All } else { Wanted::Only(pattern(host)?) };
                Some((namespace.to_owned(), wanted))
            });
            match wanted {
                Some(wanted) => hosts.push(wanted),
                None => {
                    self.refuse(item.span, "a namespace and a host, such as `./api.example.com`, are needed");
                }
            }
        }
        Egress { port, hosts, bound: node.get("bind").is_some() }
    }
}

fn pattern(text: &str) -> Option<NamePattern> {
    let host =
        |text: &str| text.parse::<Hostname>().ok().filter(|host| host.as_str() == text.to_ascii_lowercase());
    match text.strip_prefix("*.") {
        Some(below) => Some(NamePattern::Below(host(below)?)),
        None => Some(NamePattern::Host(host(text)?)),
    }
}
