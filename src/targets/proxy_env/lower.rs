//! From a policy of direct connections to the value of `NO_PROXY`, and what that cannot say.

use super::{LONGEST, PROXY, SECRET, model};
use crate::diag::{Code, Finding};
use crate::packet::{
    AddrSet, GroupSet, NamePattern, NameSet, PacketSet, PeerSet, Prefix, Protocol, Set, TransportSet,
};
use crate::policy::{RuleSet, Traffic};
use crate::targets::asked::demand::id;
use crate::targets::told::reason::{Room, reason};
use crate::targets::{Loss, Lowered, ProxyUrl, Wanted};
use std::collections::BTreeSet;

/// The secret that is referred to when the URL has credentials and none is named.
const DEFAULT_SECRET: &str = "outbound-proxy";

/// A comment takes anything that fits on a line.
const COMMENT: Room = Room { limit: 1000, allowed: |_| true };

/// Where the URL of the proxy is from.
#[derive(Debug, Clone)]
pub(super) enum Hop {
    /// It is written.
    Url(String),
    /// It is in a secret of this name.
    Secret(String),
}

/// What the variables are set to.
#[derive(Debug, Clone)]
pub(super) struct Variables {
    pub(super) hop: Hop,
    pub(super) no_proxy: String,
    /// Why each is there, for comments.
    pub(super) reasons: Vec<String>,
}

pub(super) fn lower(wanted: &Wanted<'_>) -> Lowered {
    let mut lowered = Lowered::default();
    let Some(url) = wanted.options.get(PROXY).and_then(|text| text.parse::<ProxyUrl>().ok()) else {
        for set in &wanted.policy.sets {
            let missing = set.allows().at_least;
            if !missing.is_empty() {
                let why = "no proxy is set, so there are no variables to write".to_owned();
                lowered.losses.push(Loss {
                    scope: set.scope.clone(),
                    excess: PacketSet::default(),
                    missing,
                    why,
                });
            }
        }
        let message = "no proxy is set, so there are no variables to write";
        let help = "set it with `--set proxy=http://HOST:3128`";
        lowered.findings.push(Finding::new(Code::VariableUnset, message).help(help));
        return lowered;
    };
    let Some(hop) = hop(wanted, &url, &mut lowered.findings) else { return lowered };
    for set in &wanted.policy.sets {
        let (variables, said) = variables(set, hop.clone(), &url);
        lowered.losses.extend(losses(set, &said, &hop, &mut lowered.findings));
        if variables.no_proxy.len().saturating_add("NO_PROXY=".len()) >= LONGEST {
            let message = format!(
                "NO_PROXY would have {} bytes, and a variable takes {LONGEST} with its name",
                variables.no_proxy.len()
            );
            lowered.findings.push(Finding::new(Code::TargetLimit, message));
        }
        lowered.artifacts.extend(model::artifacts(
            &variables,
            wanted.options.context(),
            &mut lowered.findings,
        ));
    }
    lowered
}

/// Where the URL is from. Nothing, with a finding, when the secret cannot have its name.
fn hop(wanted: &Wanted<'_>, url: &ProxyUrl, findings: &mut Vec<Finding>) -> Option<Hop> {
    let named = wanted.options.get(SECRET);
    if let Some(name) = named.filter(|name| !is_object_name(name)) {
        let message = format!("`{name}` is no name of a secret: lower-case letters, digits and `-` are");
        findings.push(Finding::new(Code::VariableInvalid, message));
        return None;
    }
    if url.has_credentials {
        let secret = named.unwrap_or(DEFAULT_SECRET);
        let message = format!(
            "the URL of the proxy holds credentials, which are written nowhere: artifacts refer to the secret `{secret}`"
        );
        let help = format!(
            "put the whole URL into it under HTTP_PROXY and HTTPS_PROXY; `--set {SECRET}=NAME` names another secret"
        );
        findings.push(Finding::new(Code::ProxyCredentials, message).help(help));
        return Some(Hop::Secret(secret.to_owned()));
    }
    if url.scheme == "https" {
        let message = "the proxy itself is spoken to over TLS, as the scheme of `proxy` says";
        let help = "write `http://`, unless the proxy takes TLS on this port";
        findings.push(Finding::new(Code::ProxyUrl, message).help(help));
    }
    Some(named.map_or_else(|| Hop::Url(explicit(url)), |secret| Hop::Secret(secret.to_owned())))
}

fn is_object_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    name.bytes().all(|byte| plain(byte) || byte == b'-') && name.bytes().next_back().is_some_and(plain)
}

/// The URL with its port, which clients fill in differently.
fn explicit(url: &ProxyUrl) -> String {
    let port = url.port.or_else(|| url.ports().first().copied());
    ProxyUrl { port, ..url.clone() }.to_string()
}

/// What the variables are, and which connections they say.
fn variables(set: &RuleSet, hop: Hop, url: &ProxyUrl) -> (Variables, PacketSet) {
    let tcp = TransportSet::protocol(Protocol::TCP);
    let everything = TransportSet::full();
    let (mut peers, mut reasons) = (PeerSet::default(), BTreeSet::new());
    for rule in set.rules.iter().filter(|rule| rule.traffic == Traffic::New) {
        let services = rule.matches.transport.set().unwrap_or(&everything);
        if rule.matches.source.set().is_none() && tcp.is_subset(services) {
            let of_rule = sayable(rule.matches.peer.set().unwrap_or(&set.universe));
            if !of_rule.is_empty() {
                reasons.insert(reason([&rule.origin], COMMENT).0);
            }
            peers = peers.union(&of_rule);
        }
    }
    let direct = PacketSet::product(None, &peers, &tcp, &true);
    let to_proxy = match &hop {
        Hop::Url(_) => url.packets(url.port.or_else(|| url.ports().first().copied()).unwrap_or_default()),
        Hop::Secret(name) => by_reference(name, &tcp),
    };
    let no_proxy = entries(&peers).join(",");
    (Variables { hop, no_proxy, reasons: reasons.into_iter().collect() }, direct.union(&to_proxy))
}

/// The connections to a proxy that only a secret knows, as they are read back.
fn by_reference(name: &str, tcp: &TransportSet) -> PacketSet {
    let groups = ["HTTP_PROXY", "HTTPS_PROXY"].map(|key| format!("secret {name}/{key}"));
    let peers = PeerSet::from(GroupSet::of(groups.iter().map(String::as_str)));
    PacketSet::product(None, &peers, tcp, &true)
}

/// What of some peers `NO_PROXY` can name: addresses, and names with everything below them.
fn sayable(peers: &PeerSet) -> PeerSet {
    let trees: Vec<NamePattern> = trees(&peers.names).into_iter().map(NamePattern::Tree).collect();
    PeerSet::from(peers.addrs.clone()).union(&PeerSet::from(NameSet::of(&trees)))
}

/// The hosts of which the set holds everything, and that no other of them holds.
fn trees(names: &NameSet) -> BTreeSet<crate::packet::Hostname> {
    let whole = names.patterns().into_iter().filter(|(_, except)| except.is_empty());
    let of_pattern = |pattern| match pattern {
        NamePattern::Tree(host) => Some(host),
        NamePattern::Any
        | NamePattern::Host(_)
        | NamePattern::Path(..)
        | NamePattern::Below(_)
        | NamePattern::OneBelow(_) => None,
    };
    whole.flat_map(|(patterns, _)| patterns).filter_map(of_pattern).collect()
}

/// The entries of the list: names, then addresses and blocks. A block of length 0 becomes its halves, for curl does not
/// apply that length.
fn entries(peers: &PeerSet) -> Vec<String> {
    let names = trees(&peers.names).into_iter().map(|host| host.to_string());
    let halves = |block: Prefix| {
        let first = Prefix::containing(block.addr(), 1);
        let last = Prefix::containing(block.last(), 1);
        [first, last].into_iter().flatten().collect::<Vec<_>>()
    };
    let blocks = AddrSet::prefixes(&peers.addrs)
        .into_iter()
        .flat_map(|block| if block.len() == 0 { halves(block) } else { vec![block] });
    let whole = |block: &Prefix| block.len() == if block.is_ipv4() { 32 } else { 128 };
    let spelt = |block: Prefix| if whole(&block) { block.addr().to_string() } else { block.to_string() };
    names.chain(blocks.map(spelt)).collect()
}

/// What is asked and not said, and what is said and not asked: the proxy, where a secret or a setting names it.
fn losses(set: &RuleSet, said: &PacketSet, hop: &Hop, findings: &mut Vec<Finding>) -> Vec<Loss> {
    let asked = set.allows().at_least;
    let (missing, excess) = (asked.subtract(said), said.subtract(&asked));
    let mut losses = Vec::new();
    if !missing.is_empty() {
        let why = match hop {
            Hop::Secret(name) => format!(
                "NO_PROXY names whole domains and addresses, at every port; the proxy is known to the secret `{name}` only"
            ),
            Hop::Url(_) => "NO_PROXY names whole domains and addresses, at every port".to_owned(),
        };
        let mut ids: Vec<String> = set.rules.iter().map(|rule| format!("`{}`", id(&rule.origin))).collect();
        ids.sort();
        ids.dedup();
        ids.truncate(3);
        let who = crate::syntax::text::one_line(&ids.join(", "));
        let message = format!("part of what {who} ask for is left out: {why}");
        let severity = match hop {
            Hop::Secret(_) => crate::diag::Severity::Note,
            Hop::Url(_) => crate::diag::Severity::Warning,
        };
        findings.push(Finding { severity, ..Finding::new(Code::TargetCannotSay, message) });
        losses.push(Loss { scope: set.scope.clone(), excess: PacketSet::default(), missing, why });
    }
    if !excess.is_empty() {
        let why = match hop {
            Hop::Secret(name) => format!("the proxy is the one that the secret `{name}` names"),
            Hop::Url(_) => "clients connect to the proxy".to_owned(),
        };
        let finding = Finding::new(Code::TargetCannotSay, why.clone());
        findings.push(Finding { severity: crate::diag::Severity::Note, ..finding });
        losses.push(Loss { scope: set.scope.clone(), excess, missing: PacketSet::default(), why });
    }
    losses
}
