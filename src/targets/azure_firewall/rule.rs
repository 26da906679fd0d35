//! One rule of a collection, from its arguments: those of a block in Terraform, or of the API.

use super::lift::{FirewallRule, Layer, Order, refused};
use crate::diag::Finding;
use crate::packet::{
    AddrSet, Constraint, NamePattern, PeerSet, PortRange, PortSet, Prefix, Protocol, Set, TransportSet,
};
use crate::policy::{Action, Unmodelled};
use crate::syntax::hcl::{Block, Value};
use crate::targets::clouds::objects::{children, says};
use crate::targets::clouds::service_tags::ServiceTags;
use crate::targets::clouds::terraform::{Doubtful, Stated, items, stated, unknown};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// IP groups by their addresses in the module and by their ids, in lower case.
pub(super) type Groups = BTreeMap<String, (AddrSet, Vec<String>)>;

/// An end of connections: what is known of it, and each part that is known to Azure alone.
pub(super) type Ends<S> = Vec<(Constraint<S>, Option<Unmodelled>)>;

/// Where a rule stands.
pub(super) struct At<'a> {
    pub(super) policy: &'a str,
    pub(super) order: Order,
    pub(super) layer: Layer,
    pub(super) actions: &'a [(Action, Option<Unmodelled>)],
    pub(super) doubts: &'a [Unmodelled],
}

/// The arguments that decide nothing.
const IDLE: [&str; 8] = [
    "name",
    "description",
    "rule_type",
    "terminate_tls",
    "http_headers",
    "http_headers_to_insert",
    "id",
    "etag",
];

/// The rule, or nothing where Azure would refuse it: then the findings say why.
///
/// What is left of a rule of which one part is refused is not what was written, so it is no rule at all.
pub(super) fn rule(
    block: &Block,
    at: &At<'_>,
    groups: &Groups,
    tags: &mut ServiceTags,
    findings: &mut Vec<Finding>,
) -> Option<FirewallRule> {
    let name = block.get("name").and_then(Value::as_text).unwrap_or_else(|| "a rule".to_owned());
    let mut reader =
        Reader { block, name: &name, tags, findings, groups, sound: true, looked_at: Vec::new() };
    let near = reader.addresses("source").0;
    let (services, far) = match at.layer {
        Layer::Network => (reader.network_services(), reader.network_peers()),
        Layer::Application => (reader.web_services(), reader.web_peers()),
    };
    let mut doubts = at.doubts.to_vec();
    let why = "it decides whether the rule exists";
    doubts.extend(block.uncertain.iter().map(|text| unknown(text, why)));
    doubts.extend(reader.others());
    let near = match near {
        Listed::Any => vec![(Constraint::Any, None)],
        Listed::These(known, unmodelled) => ends(known, unmodelled),
    };
    if near.is_empty() || far.is_empty() {
        reader.refuse("names no source or no destination");
    }
    reader.sound.then(|| FirewallRule {
        policy: at.policy.to_owned(),
        layer: at.layer,
        order: at.order.clone(),
        actions: at.actions.to_vec(),
        services,
        far,
        near,
        doubts,
        place: block.place.clone(),
    })
}

/// Addresses as an argument lists them.
enum Listed {
    Any,
    These(AddrSet, Vec<Unmodelled>),
}

/// The addresses that a text names, or nothing where it is none: a block, one address, or a range.
pub(super) fn addresses(text: &str) -> Option<AddrSet> {
    if let Some((first, last)) = text.split_once('-') {
        let (first, last): (IpAddr, IpAddr) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        let fits = first.is_ipv4() == last.is_ipv4() && first <= last;
        return fits.then(|| AddrSet::from_ranges([(first, last)]));
    }
    text.parse::<Prefix>().ok().map(AddrSet::block)
}

struct Reader<'a> {
    block: &'a Block,
    name: &'a str,
    tags: &'a mut ServiceTags,
    findings: &'a mut Vec<Finding>,
    groups: &'a Groups,
    sound: bool,
    looked_at: Vec<String>,
}

impl Reader<'_> {
    fn refuse(&mut self, message: &str) {
        self.sound = false;
        self.findings.push(refused(format!("`{}` {message}", self.name), &self.block.place));
    }

    /// The members of a list under any of its names, as texts; what is not known is the second.
    fn list(&mut self, names: &[&str]) -> (Vec<String>, Vec<String>) {
        let (mut texts, mut unknown) = (Vec::new(), Vec::new());
        self.looked_at.extend(names.iter().map(|name| (*name).to_owned()));
        let block = self.block;
        for item in names.iter().filter_map(|name| block.get(name)).flat_map(items) {
            match (item.as_text(), item.unknown()) {
                (Some(text), _) => texts.push(text),
                (None, Some(text)) => unknown.push(text.to_owned()),
                (None, None) => {
                    self.refuse(&format!("has {} where a text is needed", item.kind.describe()));
                }
            }
        }
        (texts, unknown)
    }

    /// The addresses of an end, and whether anything is said of it.
    fn addresses(&mut self, end: &str) -> (Listed, bool) {
        let argument = format!("{end}_addresses");
        let (texts, unresolved) = self.list(&[&argument]);
        let (groups, unresolved_groups) = self.list(&[&format!("{end}_ip_groups")]);
        let (mut known, mut unmodelled) = (AddrSet::default(), Vec::new());
        let mut any = false;
        let said =
            !(texts.is_empty() && unresolved.is_empty() && groups.is_empty() && unresolved_groups.is_empty());
        for text in texts {
            if text == "*" {
                any = true;
            } else if let Some(addrs) = addresses(&text) {
                known = known.union(&addrs);
            } else if is_tag(&text) {
                match self.tags.meaning(&text) {
                    Ok(addrs) => known = known.union(&addrs),
                    Err(why) => unmodelled.push(unknown(&format!("{end} {text}"), &why)),
                }
            } else {
                self.refuse(&format!("has `{text}` where an address is needed"));
            }
        }
        for text in unresolved {
            let why = "it decides which addresses the rule is for";
            unmodelled.push(unknown(&format!("{end} {text}"), why));
        }
        for group in groups.into_iter().chain(unresolved_groups) {
            let key = group.strip_suffix(".id").unwrap_or(&group).to_ascii_lowercase();
            if let Some((addrs, doubts)) = self.groups.get(&key) {
                known = known.union(addrs);
                let why = "it decides which addresses the IP group has";
                unmodelled.extend(doubts.iter().map(|text| unknown(&format!("{end} {text}"), why)));
            } else {
                let why = "the addresses of this IP group are not in the file";
                unmodelled.push(unknown(&format!("{end} {group}"), why));
            }
        }
        (if any { Listed::Any } else { Listed::These(known, unmodelled) }, said)
    }

    fn network_peers(&mut self) -> Ends<PeerSet> {
        let (listed, _) = self.addresses("destination");
        let (names, unresolved) = self.list(&["destination_fqdns"]);
        let Listed::These(addrs, mut unmodelled) = listed else { return vec![(Constraint::Any, None)] };
        let mut known = PeerSet::from(addrs);
        for text in names {
            match text.trim_end_matches('.').parse() {
                Ok(host) => known = known.union(&PeerSet::from(NamePattern::Host(host).names())),
                Err(_) => self.refuse(&format!("names `{text}`, which is no name of a host")),
            }
        }
        for text in unresolved {
            let why = "it decides which names the rule is for";
            unmodelled.push(unknown(&format!("destination_fqdns {text}"), why));
        }
        ends(known, unmodelled)
    }

    fn network_services(&mut self) -> Vec<Doubtful> {
        let (protocols, unresolved) = self.list(&["protocols", "ip_protocols"]);
        let (ports, unresolved_ports) = self.list(&["destination_ports"]);
        let mut ranges = Vec::new();
        let mut every = false;
        for text in &ports {
            match text.parse::<PortRange>() {
                _ if text == "*" => every = true,
                Ok(range) => ranges.push(range),
                Err(error) => self.refuse(&format!("has a port that is none: {error}")),
            }
        }
        let ports = PortSet::of(ranges);
        every |= ports.is_full();
        if !every && ports.is_empty() && unresolved_ports.is_empty() {
            self.refuse("names no port");
        }
        if protocols.is_empty() && unresolved.is_empty() {
            self.refuse("names no protocol");
        }
        let mut services: Vec<Doubtful> = Vec::new();
        for text in &protocols {
            let of = |protocol| {
                if every { TransportSet::protocol(protocol) } else { TransportSet::ports(protocol, &ports) }
            };
            let known = match text.to_ascii_lowercase().as_str() {
                "any" if every => TransportSet::full(),
                // A packet of any other protocol has no port that could be looked at.
                "any" => of(Protocol::TCP).union(&of(Protocol::UDP)),
                "tcp" => of(Protocol::TCP),
                "udp" => of(Protocol::UDP),
                "icmp" => TransportSet::protocol(Protocol::ICMP),
                _ => {
                    self.refuse("needs a protocol: `TCP`, `UDP`, `ICMP` or `Any`");
                    continue;
                }
            };
            for text in &unresolved_ports {
                let why = "it decides which ports the rule is for";
                let doubt = unknown(&format!("destination_ports {text}"), why);
                services.push((any_port(&known, &protocols), vec![doubt]));
            }
            services.push((known, Vec::new()));
        }
        for text in unresolved {
            let why = "it decides which protocols the rule is for";
            services.push((TransportSet::full(), vec![unknown(&format!("protocols {text}"), why)]));
        }
        services
    }

    fn web_services(&mut self) -> Vec<Doubtful> {
        let mut services: Vec<Doubtful> = Vec::new();
        let block = self.block;
        let tcp = || TransportSet::protocol(Protocol::TCP);
        let mut known = TransportSet::default();
        for inner in children(block, "protocols") {
            let kind = inner.get("type").or_else(|| inner.get("protocol_type"));
            let kind = stated(kind, Value::as_text);
            let port = stated(inner.get("port"), |value| value.as_text()?.parse::<u16>().ok());
            let why = "it decides which protocols and ports the rule is for";
            match (kind, port) {
                _ if !inner.uncertain.is_empty() => {
                    let doubts = inner.uncertain.iter().map(|text| unknown(text, why)).collect();
                    services.push((tcp(), doubts));
                }
                (Stated::Unknown(text), _) | (_, Stated::Unknown(text)) => {
                    services.push((tcp(), vec![unknown(&text, why)]));
                }
                (Stated::Known(kind), Stated::Known(port))
                    if ["http", "https", "mssql"].contains(&kind.to_ascii_lowercase().as_str()) =>
                {
                    known = known.union(&TransportSet::port(Protocol::TCP, PortRange::single(port)));
                }
                _ => self.refuse("needs protocols: `Http`, `Https` or `Mssql`, each with a port"),
            }
        }
        if let Some(text) = block.get("protocols").and_then(Value::unknown) {
            let why = "it decides which protocols and ports the rule is for";
            services.push((tcp(), vec![unknown(&format!("protocols {text}"), why)]));
        }
        self.looked_at.push("protocols".to_owned());
        services.push((known, Vec::new()));
        let says_nothing = services.iter().all(|(set, _)| set.is_empty());
        // A tag brings its protocols with it.
        let tags =
            ["destination_fqdn_tags", "fqdn_tags"].iter().any(|name| block.get(name).is_some_and(says));
        if says_nothing && tags {
            services
                .push((tcp(), vec![unknown("the protocols of the tag", "they are known to Azure alone")]));
        } else if says_nothing {
            self.refuse("names no protocol");
        }
        services
    }

    fn web_peers(&mut self) -> Ends<PeerSet> {
        let (names, unresolved) = self.list(&["destination_fqdns", "target_fqdns"]);
        let (mut known, mut unmodelled) = (PeerSet::default(), Vec::new());
        for text in names {
            let pattern = match text.strip_prefix('*') {
                None => text.trim_end_matches('.').parse().ok().map(NamePattern::Host),
                Some("") => Some(NamePattern::Any),
                Some(rest) => {
                    rest.strip_prefix('.').and_then(|host| host.parse().ok()).map(NamePattern::Below)
                }
            };
            match pattern {
                Some(pattern) => known = known.union(&PeerSet::from(pattern.names())),
                None if text.starts_with('*') => {
                    let why = "it stands for every name that ends so, also within a label";
                    unmodelled.push(unknown(&text, why));
                }
                None => self.refuse(&format!("names `{text}`, which is no name of a host")),
            }
        }
        for text in unresolved {
            let why = "it decides which names the rule is for";
            unmodelled.push(unknown(&format!("destination_fqdns {text}"), why));
        }
        let listed: [(&[&str], &str); 3] = [
            (&["destination_urls", "target_urls"], "a path is seen only where TLS is inspected"),
            (&["destination_fqdn_tags", "fqdn_tags"], "the names of a tag are known to Azure alone"),
            (&["web_categories"], "the names of a category are known to Azure alone"),
        ];
        for (arguments, why) in listed {
            let (texts, unresolved) = self.list(arguments);
            unmodelled.extend(texts.iter().chain(&unresolved).map(|text| unknown(text, why)));
        }
        let of_names = |(peer, doubt): (Constraint<PeerSet>, Option<Unmodelled>)| {
            let names = Constraint::only(PeerSet::all_names()).unwrap_or(Constraint::Any);
            (if doubt.is_some() { names } else { peer }, doubt)
        };
        ends(known, unmodelled).into_iter().map(of_names).collect()
    }

    /// Conditions that are not looked at: each may narrow the rule.
    fn others(&mut self) -> Vec<Unmodelled> {
        let why = "this condition is not modelled, and may narrow the rule";
        let known = |name: &String| IDLE.contains(&name.as_str()) || self.looked_at.contains(name);
        let more = self.block.attributes.iter().filter(|(name, value)| !known(name) && says(value));
        let texts = more.map(|(name, value)| {
            let items: Vec<String> = items(value).iter().filter_map(Value::as_text).collect();
            unknown(format!("{name} {}", items.join(" ")).trim(), why)
        });
        let blocks = self.block.blocks.iter().filter(|inner| !known(&inner.kind));
        texts.chain(blocks.map(|inner| unknown(&inner.kind, why))).collect()
    }
}

/// All ports of what is known, for when its ports are not.
fn any_port(known: &TransportSet, protocols: &[String]) -> TransportSet {
    if protocols.iter().any(|text| text.eq_ignore_ascii_case("any")) {
        return TransportSet::full();
    }
    let both = [Protocol::TCP, Protocol::UDP].map(TransportSet::protocol);
    let named: Vec<TransportSet> = both
        .into_iter()
        .zip(["tcp", "udp"])
        .filter(|(_, name)| protocols.iter().any(|text| text.eq_ignore_ascii_case(name)))
        .map(|(set, _)| set)
        .collect();
    TransportSet::union_all(&named).union(known)
}

/// An end as constraints: what is known, and anything for what is not. Nothing where nothing is stated.
fn ends<S: Set>(known: S, unmodelled: Vec<Unmodelled>) -> Ends<S> {
    let known = Constraint::only(known).map(|known| (known, None));
    known.into_iter().chain(unmodelled.into_iter().map(|part| (Constraint::Any, Some(part)))).collect()
}

fn is_tag(text: &str) -> bool {
    text.starts_with(|char: char| char.is_ascii_alphabetic()) && !text.contains(['/', ':'])
}
