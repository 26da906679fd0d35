//! From what a file states about one rule of a security group to what the rule means.
//!
//! It does not matter here how the rule was written down: every form of security groups is brought to a
//! [`Permission`] first.

use super::service::has_ports;
use crate::diag::{Code, Finding, Place};
use crate::packet::{
    AddrSet, Constraint, GroupSet, IcmpMatch, PeerSet, PortRange, Prefix, Protocol, Set, TransportSet,
};
use crate::policy::{
    Action, Direction, Match, Origin, Policy, Rule, RuleSet, Scope, Subject, Traffic, Unmodelled,
};
use crate::targets::clouds::terraform::{Stated, found, unknown, unmodelled};
use std::collections::BTreeMap;

/// A peer as a file states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Peer {
    /// A block of addresses.
    Block(Prefix),
    /// The addresses of a prefix list whose entries are known.
    Addrs(AddrSet),
    /// A security group or a prefix list, by id or by reference.
    Group(String),
    /// An expression that only Terraform can compute.
    Unknown(String),
}

/// One rule as a file states it.
#[derive(Debug, Clone)]
pub(super) struct Permission {
    /// The security group.
    pub(super) group: String,
    /// Which way; both where the file does not let it be known.
    pub(super) directions: Vec<Direction>,
    /// `IpProtocol`: `-1`, a name or a number.
    pub(super) protocol: Stated<String>,
    /// `FromPort`, or the ICMP type.
    pub(super) from: Stated<i64>,
    /// `ToPort`, or the ICMP code.
    pub(super) to: Stated<i64>,
    /// The peers.
    pub(super) peers: Vec<Peer>,
    /// What decides whether the rule exists, where that is not known.
    pub(super) conditions: Vec<String>,
    /// Where it was read.
    pub(super) place: Place,
}

/// What the permissions mean together, and what cannot be told. A scope of `stated` has a rule set even when it has
/// no rules: the file says that nothing is allowed.
pub(super) fn lift(permissions: Vec<Permission>, stated: Vec<Scope>, findings: &mut Vec<Finding>) -> Policy {
    let mut scopes: BTreeMap<Scope, Vec<Rule>> =
        stated.into_iter().map(|scope| (scope, Vec::new())).collect();
    for permission in permissions {
        for direction in &permission.directions {
            let scope = Scope { name: permission.group.clone(), direction: *direction };
            scopes.entry(scope).or_default();
        }
        match rules(&permission) {
            Ok(rules) => {
                for rule in &rules {
                    findings.extend(rule.unmodelled.iter().map(|part| unmodelled(part, &permission.place)));
                }
                for direction in &permission.directions {
                    let scope = Scope { name: permission.group.clone(), direction: *direction };
                    scopes.entry(scope).or_default().extend(rules.clone());
                }
            }
            Err(message) => findings.push(found(Code::ReadRefused, message, &permission.place)),
        }
    }
    Policy::new(scopes.into_iter().map(|(scope, rules)| set(scope, rules)).collect())
}

fn set(scope: Scope, rules: Vec<Rule>) -> RuleSet {
    // A rule of a security group allows addresses and groups; what is not allowed is denied.
    let universe = PeerSet::all_addrs().union(&PeerSet::all_groups());
    RuleSet { scope, subject: Subject::Host, universe, rules, default: Action::Deny }
}

/// The rules that a permission stands for: one for the peers that are known, and one for each that is not.
fn rules(permission: &Permission) -> Result<Vec<Rule>, String> {
    let mut unmodelled: Vec<Unmodelled> = permission
        .conditions
        .iter()
        .map(|text| unknown(text, "it decides whether the rule exists"))
        .collect();
    if permission.directions.len() > 1 {
        unmodelled.push(unknown("type", "it decides whether the rule is ingress or egress"));
    }
    let (transport, doubt) = transport(permission)?;
    unmodelled.extend(doubt);
    let rule = |peer: Constraint<PeerSet>, unmodelled: Vec<Unmodelled>| Rule {
        action: Action::Allow,
        matches: Match { source: Constraint::Any, peer, transport: transport.clone() },
        traffic: Traffic::New,
        unmodelled,
        origin: Origin::File(permission.place.clone()),
    };
    let known = Constraint::only(known(&permission.peers));
    let mut rules: Vec<Rule> = known.map(|peers| rule(peers, unmodelled.clone())).into_iter().collect();
    for peer in &permission.peers {
        if let Peer::Unknown(text) = peer {
            let mut unmodelled = unmodelled.clone();
            unmodelled.push(unknown(text, "it decides which peers the rule is for"));
            rules.push(rule(Constraint::Any, unmodelled));
        }
    }
    Ok(rules)
}

fn known(peers: &[Peer]) -> PeerSet {
    let blocks = AddrSet::of(peers.iter().filter_map(|peer| match peer {
        Peer::Block(prefix) => Some(*prefix),
        Peer::Addrs(_) | Peer::Group(_) | Peer::Unknown(_) => None,
    }));
    let mut groups = Vec::new();
    let mut addrs = vec![blocks];
    for peer in peers {
        match peer {
            Peer::Addrs(set) => addrs.push(set.clone()),
            Peer::Group(name) => groups.push(GroupSet::of([own(name)])),
            Peer::Block(_) | Peer::Unknown(_) => {}
        }
    }
    PeerSet { addrs: AddrSet::union_all(&addrs), groups: GroupSet::union_all(&groups), ..PeerSet::default() }
}

/// The id of a group without the account before it, which Terraform writes for groups of other accounts. The id alone is
/// unique.
fn own(name: &str) -> &str {
    let account = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    name.split_once('/').filter(|(before, _)| account(before)).map_or(name, |(_, id)| id)
}

/// The services, and the fields that are not known; or why EC2 would refuse them.
fn transport(permission: &Permission) -> Result<(Constraint<TransportSet>, Vec<Unmodelled>), String> {
    let protocol = match &permission.protocol {
        Stated::Known(text) => text.trim().to_ascii_lowercase(),
        Stated::Unknown(text) => {
            return Ok((Constraint::Any, vec![unknown(text, "it decides which protocol the rule is for")]));
        }
        Stated::Absent => return Err("the rule names no protocol".to_owned()),
    };
    if matches!(protocol.as_str(), "-1" | "all") {
        return Ok((Constraint::Any, Vec::new()));
    }
    let known = protocol.bytes().all(|byte| byte.is_ascii_digit())
        || matches!(protocol.as_str(), "tcp" | "udp" | "icmp" | "icmpv6");
    let Some(protocol) = Protocol::parse(&protocol).filter(|_| known) else {
        return Err(format!(
            "`{protocol}` is no protocol that EC2 knows: tcp, udp, icmp, icmpv6, -1 or a number"
        ));
    };
    let mut doubt = Vec::new();
    let mut number = |stated: &Stated<i64>| match stated {
        Stated::Known(number) => Some(*number),
        Stated::Absent => None,
        Stated::Unknown(text) => {
            doubt.push(unknown(text, "it decides which ports the rule is for"));
            None
        }
    };
    let (from, to) = (number(&permission.from), number(&permission.to));
    let whole = TransportSet::protocol(protocol);
    let services = if !doubt.is_empty() {
        whole
    } else if has_ports(protocol) {
        ports(protocol, from, to)?
    } else if protocol.has_icmp_types() {
        icmp(protocol, from, to)?
    } else {
        // EC2: "If you specify a protocol other than one of these, traffic on all ports is allowed".
        whole
    };
    let services = Constraint::only(services).ok_or_else(|| "the rule names no service".to_owned())?;
    Ok((services, doubt))
}

fn ports(protocol: Protocol, from: Option<i64>, to: Option<i64>) -> Result<TransportSet, String> {
    let (Some(from), Some(to)) = (from, to) else {
        return Err(format!("a rule for {protocol} needs `from_port` and `to_port`"));
    };
    let range = u16::try_from(from).ok().zip(u16::try_from(to).ok());
    let range = range.and_then(|(from, to)| PortRange::new(from, to).ok());
    let range = range.ok_or_else(|| format!("`{from}` to `{to}` is no range of ports from 0 to 65535"))?;
    Ok(TransportSet::port(protocol, range))
}

/// ICMP has its type in `from_port` and its code in `to_port`; `-1` is all of them.
fn icmp(protocol: Protocol, from: Option<i64>, to: Option<i64>) -> Result<TransportSet, String> {
    let (kind, code) = match (from, to) {
        (None | Some(-1), None | Some(-1)) => return Ok(TransportSet::protocol(protocol)),
        (Some(kind), code) => (kind, code.filter(|code| *code != -1)),
        (None, Some(code)) => return Err(format!("the ICMP code `{code}` has no type")),
    };
    let code = code.map(u8::try_from).transpose();
    match (u8::try_from(kind), code) {
        (Ok(kind), Ok(code)) => Ok(TransportSet::icmp(protocol, IcmpMatch { kind, code })),
        _ => Err(format!("`{kind}` and `{}` are no ICMP type and code from 0 to 255", to.unwrap_or(-1))),
    }
}
