//! The model of the template: named lists of clients, ports and hosts, and the access lines over them.

use super::conf::LONGEST_NAME;
use super::digest::short;
use super::handshake::{self, Handshake};
use super::lines::LONGEST_LINE;
use super::tls::{Tls, escaped, urls};
use crate::diag::{Code, Finding};
use crate::packet::{AddrSet, Hostname, NamePattern, PathPrefix, PortSet, Prefix};
use crate::targets::proxies::plan::{Group, Plan};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What the whole file is written with.
#[derive(Debug)]
pub(super) struct Sheet<'a> {
    /// What every name begins with.
    pub(super) prefix: &'a str,
    /// Ports that are asked for without CONNECT.
    pub(super) http_ports: &'a PortSet,
    /// Whether a closing rule denies all else.
    pub(super) deny_rest: bool,
    /// What is done about TLS in tunnels.
    pub(super) tls: Tls,
}

/// A host of which some paths are allowed, each for its reasons.
type Limited<'a> = BTreeMap<&'a Hostname, Vec<(&'a PathPrefix, &'a BTreeSet<String>)>>;

/// The longest part of a name that lists ports.
const LONGEST_LABEL: usize = 24;

/// The model, and what does not fit in Squid's limits.
pub(super) fn lay_out(plans: Vec<Plan>, sheet: &Sheet<'_>) -> (Value, Vec<Finding>) {
    let mut lists = Lists {
        sheet,
        clients: Vec::new(),
        ports: BTreeMap::new(),
        hosts: Vec::new(),
        allows: Vec::new(),
        tunnels: PortSet::default(),
        handshakes: Vec::new(),
        limited: BTreeSet::new(),
    };
    let several = plans.len() > 1;
    for (number, plan) in (1_usize..).zip(plans) {
        let label = if several { format!("_{number}") } else { String::new() };
        let clients = plan.clients.as_ref().map(|clients| lists.clients(clients, &label));
        // Lists of names belong to one set of clients, so that no name covers another within a list.
        for group in plan.groups() {
            lists.group(&group, clients.as_deref(), &label);
        }
    }
    let model = lists.model();
    let findings = beyond_limits(&model);
    (model, findings)
}

struct Lists<'a> {
    sheet: &'a Sheet<'a>,
    clients: Vec<Value>,
    ports: BTreeMap<String, PortSet>,
    hosts: Vec<Value>,
    allows: Vec<Value>,
    /// Every port that a CONNECT may ask for.
    tunnels: PortSet,
    handshakes: Vec<Handshake>,
    /// The hosts of which some paths are allowed.
    limited: BTreeSet<String>,
}

impl Lists<'_> {
    fn named(&self, rest: &str) -> String {
        format!("{}_{rest}", self.sheet.prefix)
    }

    fn clients(&mut self, clients: &AddrSet, label: &str) -> String {
        let name = self.named(&format!("clients{label}"));
        let blocks: Vec<String> =
            clients.prefixes().into_iter().flat_map(halves).map(|block| block.to_string()).collect();
        self.clients.push(json!({ "name": name, "blocks": blocks }));
        name
    }

    /// The name of the list of these ports.
    fn ports(&mut self, ports: &PortSet) -> String {
        let name = self.named(&format!("ports_{}", label(ports)));
        self.ports.insert(name.clone(), ports.clone());
        name
    }

    fn group(&mut self, group: &Group, clients: Option<&str>, suffix: &str) {
        let label = label(&group.ports);
        let (mut listed, mut matched, mut any) = (Vec::new(), Vec::new(), BTreeSet::new());
        let mut limited: Limited<'_> = BTreeMap::new();
        for (pattern, why) in &group.names {
            let entry = |value: String| json!({ "value": value, "why": why });
            match pattern {
                NamePattern::Any => any.extend(why.iter().cloned()),
                NamePattern::Host(host) => listed.push(entry(host.to_string())),
                NamePattern::Path(host, path) => limited.entry(host).or_default().push((path, why)),
                NamePattern::Tree(host) => listed.push(entry(format!(".{host}"))),
                // In a list of names, `.x` is `x` too, so these are expressions.
                NamePattern::Below(host) => matched.push(entry(format!(r"\.{}$", escaped(host.as_str())))),
                NamePattern::OneBelow(host) => {
                    matched.push(entry(format!(r"^[^.]+\.{}$", escaped(host.as_str()))));
                }
            }
        }
        let label = format!("{label}{suffix}");
        let mut names: Vec<Names> = Vec::new();
        for (kind, what, entries) in [(&HOSTS, "hosts", listed), (&PATTERNS, "patterns", matched)] {
            if !entries.is_empty() {
                names.push(self.names(kind, &format!("{what}_{label}"), &entries));
            }
        }
        if group.names.contains_key(&NamePattern::Any) {
            names.push(Names { why: any, ..Names::default() });
        }
        let tunnels = group.ports.subtract(self.sheet.http_ports);
        let plain = group.ports.intersect(self.sheet.http_ports);
        self.tunnels = self.tunnels.union(&tunnels);
        let connect = self.named("CONNECT");
        for (tunnelled, ports) in [(true, tunnels), (false, plain)] {
            if ports.is_empty() {
                continue;
            }
            let ports = if ports.is_full() { None } else { Some(self.ports(&ports)) };
            let form = if tunnelled { connect.clone() } else { format!("!{connect}") };
            let scope = Scope { clients, ports: ports.as_deref() };
            for names in &names {
                let acls = scope.acls(Some(&form), names.asked.as_deref());
                self.allows.push(json!({ "acls": acls, "why": names.why }));
                if tunnelled && self.sheet.tls != Tls::Tunnel {
                    let tunnel = scope.acls(None, names.asked.as_deref());
                    self.handshakes.push(Handshake { opened: false, tunnel, server: names.server.clone() });
                }
            }
            if !limited.is_empty() {
                self.paths(&limited, tunnelled, &label, scope);
            }
        }
    }

    /// The lists of hosts that are asked for, and of the same hosts as handshakes name them.
    fn names(&mut self, kind: &Kinds, rest: &str, entries: &[Value]) -> Names {
        let asked = self.named(rest);
        self.hosts
            .push(json!({ "name": asked, "kind": kind.asked, "flags": kind.flags, "entries": entries }));
        let mut names = Names { asked: Some(asked), ..Names::default() };
        if self.sheet.tls != Tls::Tunnel {
            let server = self.named(&format!("sni_{rest}"));
            let bare = |entry: &Value| json!({ "value": entry.get("value"), "why": [] });
            let entries: Vec<Value> = entries.iter().map(bare).collect();
            self.hosts.push(json!({ "name": server, "kind": kind.server, "flags": kind.server_flags, "entries": entries }));
            names.server = Some(server);
        }
        names
    }

    /// The rules for hosts of which some paths are allowed.
    fn paths(&mut self, limited: &Limited<'_>, tunnelled: bool, label: &str, scope: Scope<'_>) {
        self.limited.extend(limited.keys().map(ToString::to_string));
        let connect = self.named("CONNECT");
        let none = BTreeSet::<String>::new();
        if tunnelled {
            let entry = |host: &&Hostname| json!({ "value": host.to_string(), "why": none });
            let entries: Vec<Value> = limited.keys().map(entry).collect();
            let names = self.names(&HOSTS, &format!("opened_{label}"), &entries);
            let acls = scope.acls(Some(&connect), names.asked.as_deref());
            self.allows.push(json!({ "acls": acls, "why": none }));
            let tunnel = scope.acls(None, names.asked.as_deref());
            self.handshakes.push(Handshake { opened: true, tunnel, server: names.server });
        }
        let scheme = if tunnelled { "https" } else { "http" };
        let name = self.named(&format!("{scheme}_{label}"));
        let mut entries = Vec::new();
        for (host, paths) in limited {
            entries.extend(
                paths
                    .iter()
                    .map(|(path, why)| json!({ "value": urls(scheme, host.as_str(), path), "why": why })),
            );
        }
        let flags: [&str; 0] = [];
        self.hosts.push(json!({ "name": name, "kind": "url_regex", "flags": flags, "entries": entries }));
        let acls = scope.acls(Some(&format!("!{connect}")), Some(&name));
        self.allows.push(json!({ "acls": acls, "why": none }));
    }

    fn model(mut self) -> Value {
        let some = !self.allows.is_empty();
        let connect = self.named("CONNECT");
        let addresses = self.named("addresses");
        let mut denies = Vec::new();
        if some {
            let why = "A CONNECT to an address names no host, so no rule by name can judge it.";
            denies.push(json!({ "why": why, "acls": [connect, addresses] }));
        }
        // Without the closing rule other files go on to decide, and a rule over their tunnels is not for this one.
        if some && self.sheet.deny_rest && !self.tunnels.is_full() {
            let why = "Tunnels lead only to the ports that the rules below name.";
            let tunnels = self.tunnels.clone();
            let acls = if tunnels.is_empty() {
                vec![connect.clone()]
            } else {
                let ports = self.named("tunnel_ports");
                self.ports.insert(ports.clone(), tunnels);
                vec![connect.clone(), format!("!{ports}")]
            };
            denies.push(json!({ "why": why, "acls": acls }));
        }
        let mut spelling = Vec::new();
        if !self.limited.is_empty() {
            let hosts = self.named("path_hosts");
            let entries: Vec<Value> =
                self.limited.iter().map(|host| json!({ "value": host, "why": [] })).collect();
            self.hosts
                .push(json!({ "name": hosts, "kind": "dstdomain", "flags": ["-n"], "entries": entries }));
            let found = handshake::spelling(|rest| self.named(rest));
            let why = "A path in another spelling may lead out of what a rule allows: with two dots, an empty segment, encoded.";
            let acl = |key: &str| found.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            denies.push(json!({ "why": why, "acls": [hosts, acl("odd")] }));
            let why = "Squid decodes paths before it compares them, so any that was encoded is refused as it came in.";
            denies.push(json!({ "why": why, "acls": [hosts, acl("noted"), acl("encoded")] }));
            spelling.push(found);
        }
        let step = self.named("first_step");
        let (mark, within) = (self.named("opens"), self.named("within"));
        let handshakes = handshake::lines(&self.handshakes, &step, &mark, self.sheet.deny_rest);
        let mut marks = Vec::new();
        if self.handshakes.iter().any(|handshake| handshake.opened) {
            marks.push(json!({ "mark": mark, "found": within }));
            let why = "Within a tunnel that the proxy has opened, a CONNECT would lead past the rules.";
            denies.insert(0, json!({ "why": why, "acls": [connect, within] }));
        }
        let steps = if handshakes.is_empty() { Vec::new() } else { vec![json!({ "name": step })] };
        let ranges = |ports: &PortSet| ports.port_ranges().map(|range| range.to_string()).collect::<Vec<_>>();
        let ports: Vec<Value> =
            self.ports.iter().map(|(name, ports)| json!({ "name": name, "ranges": ranges(ports) })).collect();
        let methods = if some { vec![json!({ "name": connect, "method": "CONNECT" })] } else { Vec::new() };
        // Squid writes IPv4 addresses as four numbers however they are spelt, and IPv6 addresses with colons.
        let addresses = if some {
            vec![json!({ "name": addresses, "patterns": ["^[0-9.]+$", ":"] })]
        } else {
            Vec::new()
        };
        let closing = if self.sheet.deny_rest {
            vec![json!({ "why": "implied/deny-rest: everything else is denied, whatever files follow." })]
        } else {
            Vec::new()
        };
        let open_end = if self.sheet.deny_rest {
            Vec::new()
        } else {
            vec![
                "There is no closing rule: what matches no line here is decided by the lines that follow in other files.",
                "If none follow, Squid does the opposite of its last line: after an allow, it denies.",
            ]
        };
        json!({
            "clients": self.clients,
            "methods": methods,
            "addresses": addresses,
            "ports": ports,
            "hosts": self.hosts,
            "denies": denies,
            "allows": self.allows,
            "spelling": spelling,
            "steps": steps,
            "marks": marks,
            "handshakes": handshakes,
            "closing": closing,
            "open_end": open_end,
        })
    }
}

/// Names that a rule is for.
#[derive(Debug, Default)]
struct Names {
    /// The list of hosts that are asked for; nothing when any will do.
    asked: Option<String>,
    /// The list of hosts that handshakes name.
    server: Option<String>,
    /// Why, where no list says it.
    why: BTreeSet<String>,
}

/// The types of a list of hosts.
struct Kinds {
    asked: &'static str,
    flags: &'static [&'static str],
    server: &'static str,
    server_flags: &'static [&'static str],
}

const HOSTS: Kinds =
    Kinds { asked: "dstdomain", flags: &["-n"], server: "ssl::server_name", server_flags: &[] };
const PATTERNS: Kinds = Kinds {
    asked: "dstdom_regex",
    flags: &["-n", "-i"],
    server: "ssl::server_name_regex",
    server_flags: &["-i"],
};

/// The clients and ports of rules.
#[derive(Debug, Clone, Copy)]
struct Scope<'a> {
    clients: Option<&'a str>,
    ports: Option<&'a str>,
}

impl Scope<'_> {
    /// The ACLs of a line for requests of a form and for a list of names.
    fn acls(&self, form: Option<&str>, names: Option<&str>) -> Vec<String> {
        [self.clients, form, names, self.ports].into_iter().flatten().map(str::to_owned).collect()
    }
}

/// The ports as part of a name: `443`, `80_443`, `8000-8100`; a long list as its first port and a digest.
fn label(ports: &PortSet) -> String {
    if ports.is_full() {
        return "any".to_owned();
    }
    let ranges: Vec<String> = ports.port_ranges().map(|range| range.to_string()).collect();
    let whole = ranges.join("_");
    if whole.len() <= LONGEST_LABEL {
        return whole;
    }
    format!("{}_{}", ranges.first().map_or("", String::as_str), short(&whole))
}

/// A block, or its halves where it is all of a family: Squid takes `0.0.0.0/0` for every address of both.
fn halves(block: Prefix) -> Vec<Prefix> {
    if block.len() > 0 {
        return vec![block];
    }
    let whole = AddrSet::of([block]);
    let low = Prefix::containing(block.addr(), 1);
    let high = Prefix::containing(block.last(), 1);
    debug_assert_eq!(AddrSet::of(low.into_iter().chain(high)), whole);
    low.into_iter().chain(high).collect()
}

/// What of a model Squid would cut or refuse.
fn beyond_limits(model: &Value) -> Vec<Finding> {
    let list = |key: &str| model.get(key).and_then(Value::as_array).into_iter().flatten();
    let text_length = |value: &Value| value.as_str().map_or(0, str::len);
    let mut findings = Vec::new();
    for acl in ["clients", "methods", "addresses", "ports", "hosts"].into_iter().flat_map(list) {
        let name = acl.get("name").and_then(Value::as_str).unwrap_or_default();
        if name.len() > LONGEST_NAME {
            let message =
                format!("the ACL name `{name}` has {} characters, {LONGEST_NAME} are allowed", name.len());
            findings.push(Finding::new(Code::TargetLimit, message));
        }
        let values = ["blocks", "patterns", "ranges", "entries"]
            .into_iter()
            .filter_map(|key| acl.get(key)?.as_array());
        let longest =
            values.flatten().map(|value| text_length(value.get("value").unwrap_or(value))).max().unwrap_or(0);
        // Every value stands on a line of its own, behind the name, the type and its options.
        let bytes = "acl  ssl::server_name_regex -i ".len() + name.len() + longest;
        if bytes > LONGEST_LINE {
            let message = format!("a line of the ACL `{name}` has {bytes} bytes, {LONGEST_LINE} are allowed");
            findings.push(Finding::new(Code::TargetLimit, message));
        }
    }
    findings
}
