//! What one rule of Suricata asks of a connection.

use super::name::of_options;
use crate::packet::{
    AddrSet, Constraint, IcmpMatch, NameSet, PeerSet, PortRange, PortSet, Prefix, Protocol, Set, TransportSet,
};
use crate::policy::{Action, Match, Unmodelled};
use crate::syntax::suricata::{Setting, Statement};
use crate::targets::clouds::terraform::unknown;
use std::collections::BTreeMap;

/// A rule that decides something.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    /// What it does.
    pub(super) action: Action,
    /// When it can match.
    pub(super) when: When,
    /// What it matches, and what of it is not modelled.
    pub(super) parts: Vec<(Match, Vec<Unmodelled>)>,
}

/// Which packets of a connection a rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// Any, so the first one, too.
    Always,
    /// Those before the connection is open.
    Handshake,
    /// Those after it is open: they alone show names and protocols.
    Established,
}

/// Sets of addresses and of ports by their names.
pub(super) type Variables = BTreeMap<String, Option<Vec<String>>>;

/// What a rule does; nothing when it only tells.
pub(super) fn judge(rule: &Statement, variables: &Variables) -> Result<Option<Judged>, String> {
    let action = match rule.action.as_str() {
        "pass" => Action::Allow,
        "drop" | "reject" | "rejectsrc" | "rejectdst" | "rejectboth" => Action::Deny,
        "alert" => return Ok(None),
        other => {
            return Err(format!("`{other}` is no action: `pass`, `drop`, `reject` or `alert` is needed"));
        }
    };
    let mut head = Head { doubts: Vec::new(), variables };
    let source = head.addresses(&rule.source, "source");
    if head.ports(&rule.source_port).is_none_or(|ports| !ports.is_full()) {
        head.doubt("source port", &rule.source_port, "source ports are not modelled");
    }
    let destination = head.addresses(&rule.destination, "destination");
    let ports = head.ports(&rule.destination_port);
    if ports.is_none() {
        head.doubt("destination port", &rule.destination_port, "the set of ports is not known");
    }
    let options = Options::of(rule, &mut head);
    let mut when = options.when;
    let mut peers = destination;
    let transport = match (protocol(&rule.protocol), &options.name) {
        (Layer::Tls | Layer::Http, Some(name)) => {
            if peers.set().is_some() {
                head.doubt("destination", &rule.destination, "a name and an address are not both modelled");
            }
            peers = Constraint::only(PeerSet::from(name.clone())).unwrap_or(Constraint::Any);
            when = When::Established;
            tcp(ports.as_ref())
        }
        (Layer::Tls | Layer::Http, None) => {
            head.doubt("protocol", &rule.protocol, "what is spoken is not modelled without a name");
            when = When::Established;
            tcp(ports.as_ref())
        }
        (Layer::Network(set), None) => within(&set, ports.as_ref()),
        (Layer::Other, _) | (Layer::Network(_), Some(_)) => {
            head.doubt("protocol", &rule.protocol, "what is spoken is not modelled");
            when = When::Established;
            within(&TransportSet::full(), ports.as_ref())
        }
    };
    let transport = options.narrowed(&transport);
    let mut said = Vec::new();
    for (peers, transport) in families(&rule.protocol, peers, transport) {
        let transport = if transport.is_full() { Some(Constraint::Any) } else { Constraint::only(transport) };
        let Some(transport) = transport else { continue };
        let matches = Match { source: source.clone(), peer: peers, transport };
        said.push((matches, head.doubts.clone()));
    }
    Ok(Some(Judged { action, when, parts: said }))
}

/// What the word for a protocol stands for.
enum Layer {
    Tls,
    Http,
    Network(TransportSet),
    Other,
}

fn protocol(word: &str) -> Layer {
    let one = |protocol| Layer::Network(TransportSet::protocol(protocol));
    match word {
        "tls" => Layer::Tls,
        "http" | "http1" | "http2" => Layer::Http,
        "ip" | "pkthdr" => Layer::Network(TransportSet::full()),
        "tcp" | "tcp-pkt" | "tcp-stream" => one(Protocol::TCP),
        "udp" => one(Protocol::UDP),
        "sctp" => one(Protocol::SCTP),
        "icmp" => Layer::Network(
            TransportSet::protocol(Protocol::ICMP).union(&TransportSet::protocol(Protocol::ICMPV6)),
        ),
        _ => Layer::Other,
    }
}

fn tcp(ports: Option<&PortSet>) -> TransportSet {
    within(&TransportSet::protocol(Protocol::TCP), ports)
}

/// The packets of some protocols at some ports. Only protocols that have ports are matched by them.
fn within(set: &TransportSet, ports: Option<&PortSet>) -> TransportSet {
    let Some(ports) = ports.filter(|ports| !ports.is_full()) else { return set.clone() };
    let of = [Protocol::TCP, Protocol::UDP, Protocol::SCTP].map(|one| TransportSet::ports(one, ports));
    set.intersect(&TransportSet::union_all(&of))
}

/// ICMP is IPv4's and ICMPv6 is IPv6's: `icmp` means the one that a packet's family has.
fn families(
    word: &str,
    peers: Constraint<PeerSet>,
    transport: TransportSet,
) -> Vec<(Constraint<PeerSet>, TransportSet)> {
    if word != "icmp" {
        return vec![(peers, transport)];
    }
    let every = AddrSet::all_v4().union(&AddrSet::all_v6());
    let addrs = peers.set().map_or(every, |peers| peers.addrs.clone());
    let v4 = AddrSet { v4: addrs.v4.clone(), ..AddrSet::default() };
    let v6 = AddrSet { v6: addrs.v6.clone(), ..AddrSet::default() };
    [(v4, Protocol::ICMP), (v6, Protocol::ICMPV6)]
        .into_iter()
        .filter_map(|(addrs, protocol)| {
            let peers = Constraint::only(PeerSet::from(addrs))?;
            Some((peers, transport.intersect(&TransportSet::protocol(protocol))))
        })
        .collect()
}

/// What the options ask for.
struct Options {
    when: When,
    name: Option<NameSet>,
    /// What `ip_proto`, `itype` and `icode` leave.
    only: Vec<TransportSet>,
}

impl Options {
    fn of(rule: &Statement, head: &mut Head<'_>) -> Self {
        let mut options = Self { when: When::Always, name: None, only: Vec::new() };
        let mut kind: Option<u8> = None;
        let mut code: Option<u8> = None;
        let mut about: Vec<&Setting> = Vec::new();
        let mut buffer = false;
        for setting in &rule.options {
            match setting.name.as_str() {
                "msg" | "sid" | "rev" | "gid" | "classtype" | "reference" | "metadata" | "priority" => {}
                "flow" => options.flow(setting, head),
                "ip_proto" => options.only.extend(ip_proto(&setting.value).or_else(|| head.option(setting))),
                "itype" if setting.value.parse::<u8>().is_ok() => kind = setting.value.parse().ok(),
                "icode" if setting.value.parse::<u8>().is_ok() => code = setting.value.parse().ok(),
                "tls.sni" | "http.host" if !buffer && about.is_empty() => buffer = true,
                "content" | "pcre" | "startswith" | "endswith" | "dotprefix" | "nocase" if buffer => {
                    about.push(setting);
                }
                _ => drop(head.option(setting)),
            }
        }
        if let Some(kind) = kind {
            let icmp = |protocol| TransportSet::icmp(protocol, IcmpMatch { kind, code });
            options.only.push(icmp(Protocol::ICMP).union(&icmp(Protocol::ICMPV6)));
        } else if code.is_some() {
            head.doubt("option", "icode", "a code without a type is not modelled");
        }
        if buffer {
            if let Some(pattern) = of_options(&about) {
                options.name = Some(pattern.names());
            } else {
                let text: Vec<String> =
                    about.iter().map(|one| format!("{}:{}", one.name, one.value)).collect();
                head.doubt("name", &text.join(" "), "it decides which names the rule is for");
                options.name = Some(NameSet::full());
            }
        }
        options
    }

    fn flow(&mut self, setting: &Setting, head: &mut Head<'_>) {
        for word in setting.value.split(',').map(str::trim) {
            match word {
                "to_server" | "from_client" | "stateless" => {}
                "established" => self.when = When::Established,
                "not_established" => self.when = When::Handshake,
                _ => drop(head.option(setting)),
            }
        }
    }

    fn narrowed(&self, transport: &TransportSet) -> TransportSet {
        self.only.iter().fold(transport.clone(), |left, only| left.intersect(only))
    }
}

/// `6`, `!6`, `<5`, `>130`.
fn ip_proto(text: &str) -> Option<TransportSet> {
    let text = text.trim();
    let (sign, rest) = match text.chars().next()? {
        sign @ ('!' | '<' | '>') => (Some(sign), text.get(1..)?.trim()),
        _ => (None, text),
    };
    let protocol = Protocol::parse(&rest.to_ascii_lowercase())?;
    match sign {
        None => Some(TransportSet::protocol(protocol)),
        Some('!') => Some(TransportSet::full().subtract(&TransportSet::protocol(protocol))),
        Some('<') => Some(TransportSet::protocols(Protocol(0), Protocol(protocol.0.checked_sub(1)?))),
        Some(_) => Some(TransportSet::protocols(Protocol(protocol.0.checked_add(1)?), Protocol(255))),
    }
}

/// Reads the head of a rule and notes what is not modelled.
struct Head<'a> {
    doubts: Vec<Unmodelled>,
    variables: &'a Variables,
}

impl Head<'_> {
    fn doubt(&mut self, what: &str, text: &str, why: &str) {
        self.doubts.push(unknown(&format!("{what} {text}"), why));
    }

    fn option(&mut self, setting: &Setting) -> Option<TransportSet> {
        let text = if setting.value.is_empty() {
            setting.name.clone()
        } else {
            format!("{}:{}", setting.name, setting.value)
        };
        self.doubt("option", &text, "the keyword is not modelled");
        None
    }

    /// An end of connections. What is not known of it is a doubt, and anything.
    fn addresses<S: Set + From<AddrSet>>(&mut self, text: &str, end: &str) -> Constraint<S> {
        // Without a definition `HOME_NET` is what is guarded, and all else is `EXTERNAL_NET`.
        let defined = |name: &str| self.variables.contains_key(name);
        let guarded = end == "source" && text == "$HOME_NET" && !defined("HOME_NET");
        let foreign = end == "destination"
            && text == "$EXTERNAL_NET"
            && !defined("HOME_NET")
            && !defined("EXTERNAL_NET");
        if text == "any" || guarded || foreign {
            return Constraint::Any;
        }
        let known = self.addr_set(text, 2).and_then(|addrs| {
            let all = addrs.v4.is_full() && addrs.v6.is_full();
            if all { Some(Constraint::Any) } else { Constraint::only(S::from(addrs)) }
        });
        known.unwrap_or_else(|| {
            self.doubt(end, text, "the set of addresses is not known");
            Constraint::Any
        })
    }

    /// The addresses of a list or a variable, `deep` variables within each other at most.
    fn addr_set(&self, text: &str, deep: u8) -> Option<AddrSet> {
        let every = AddrSet::all_v4().union(&AddrSet::all_v6());
        let one = |item: &str| match item.strip_prefix('$') {
            Some("EXTERNAL_NET") if !self.variables.contains_key("EXTERNAL_NET") => {
                let home = self.variables.get("HOME_NET")?.as_ref()?;
                let home = self.addr_set(&format!("[{}]", home.join(",")), deep.checked_sub(1)?)?;
                Some(every.subtract(&home))
            }
            Some(name) => {
                let items = self.variables.get(name)?.as_ref()?;
                self.addr_set(&format!("[{}]", items.join(",")), deep.checked_sub(1)?)
            }
            None if item == "any" => Some(every.clone()),
            None => item.parse::<Prefix>().ok().map(AddrSet::block),
        };
        listed(text, &every, one, AddrSet::union, AddrSet::subtract)
    }

    fn ports(&self, text: &str) -> Option<PortSet> {
        let one = |item: &str| match item.strip_prefix('$') {
            Some(name) => {
                let items = self.variables.get(name)?.as_ref()?;
                let ranges = items.iter().map(|item| port(item)).collect::<Option<Vec<_>>>()?;
                Some(PortSet::of(ranges))
            }
            None if item == "any" => Some(PortSet::full()),
            None => port(item).map(|range| PortSet::of([range])),
        };
        listed(text, &PortSet::full(), one, PortSet::union, PortSet::subtract)
    }
}

/// `443`, `8000:8100`, `1024:`.
fn port(text: &str) -> Option<PortRange> {
    match text.split_once(':') {
        Some((first, last)) => {
            let first = if first.is_empty() { 0 } else { first.parse().ok()? };
            let last = if last.is_empty() { u16::MAX } else { last.parse().ok()? };
            PortRange::new(first, last).ok()
        }
        None => text.parse().ok().map(PortRange::single),
    }
}

/// A list in brackets, with `!` before what is taken out, or one item. Lists within lists are not read.
fn listed<S: Clone>(
    text: &str,
    every: &S,
    one: impl Fn(&str) -> Option<S>,
    union: impl Fn(&S, &S) -> S,
    subtract: impl Fn(&S, &S) -> S,
) -> Option<S> {
    let inner = text.strip_prefix('[').map_or(Some(text), |rest| rest.strip_suffix(']'))?;
    let (mut held, mut out): (Option<S>, Vec<S>) = (None, Vec::new());
    for item in inner.split(',').map(str::trim) {
        if let Some(item) = item.strip_prefix('!') {
            out.push(one(item)?);
        } else {
            let set = one(item)?;
            held = Some(held.map_or(set.clone(), |held| union(&held, &set)));
        }
    }
    let held = held.unwrap_or_else(|| every.clone());
    Some(out.iter().fold(held, |held, out| subtract(&held, out)))
}
