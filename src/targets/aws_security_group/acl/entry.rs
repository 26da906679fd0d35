//! One rule of an ACL, from its arguments: those of a resource, of a block inside of an ACL, or of the API.

use super::super::peer::{Family, block_of};
use super::super::service::has_ports;
use crate::diag::{Code, Finding, Place};
use crate::packet::{AddrSet, Constraint, IcmpMatch, PeerSet, PortRange, Protocol, TransportSet};
use crate::policy::{Action, Direction, Unmodelled};
use crate::syntax::hcl::{Block, Value};
use crate::targets::clouds::terraform::{Stated, found, stated, unknown};

/// One rule as a file states it.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// The ACL.
    pub(super) acl: String,
    /// Which way; both where the file does not let it be known.
    pub(super) directions: Vec<Direction>,
    /// Its number: the lower, the earlier.
    pub(super) number: Stated<i64>,
    /// What it does, with the doubt where the file does not let it be known.
    pub(super) actions: Vec<(Action, Option<Unmodelled>)>,
    /// The services.
    pub(super) services: Constraint<TransportSet>,
    /// The far end.
    pub(super) peers: Constraint<PeerSet>,
    /// What else the file does not let be known.
    pub(super) doubts: Vec<Unmodelled>,
    /// Where it was read.
    pub(super) place: Place,
}

/// What some arguments are called, which differs between rules inside of an ACL and those of their own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words {
    pub(super) number: &'static str,
    pub(super) action: &'static str,
}

/// Inside of an ACL.
pub(super) const INSIDE: Words = Words { number: "rule_no", action: "action" };
/// A resource of its own.
pub(super) const ALONE: Words = Words { number: "rule_number", action: "rule_action" };

/// The highest number of a rule that is not the last one, and those of the last ones, one for each family.
const NUMBERS: std::ops::RangeInclusive<i64> = 1..=32_768;

/// The rule, or nothing where EC2 would refuse it: then the findings say why.
///
/// What is left of a rule of which one part is refused is not what was written, so it is no rule at all.
pub(super) fn entry(
    block: &Block,
    acl: &str,
    directions: Vec<Direction>,
    words: Words,
    findings: &mut Vec<Finding>,
) -> Option<Entry> {
    let mut reader = Reader { block, findings, doubts: Vec::new(), sound: true };
    let why = "it decides whether the rule exists";
    reader.doubts.extend(block.uncertain.iter().map(|text| unknown(text, why)));
    if directions.len() > 1 {
        reader.doubts.push(unknown("egress", "it decides which way the rule is for"));
    }
    let number = reader.number(words);
    let actions = reader.actions(words);
    let services = reader.services();
    let peers = reader.peers();
    let Reader { doubts, sound, .. } = reader;
    let (services, peers) = (services?, peers?);
    let place = block.place.clone();
    let acl = acl.to_owned();
    sound.then_some(Entry { acl, directions, number, actions, services, peers, doubts, place })
}

struct Reader<'a> {
    block: &'a Block,
    findings: &'a mut Vec<Finding>,
    doubts: Vec<Unmodelled>,
    sound: bool,
}

impl Reader<'_> {
    fn refuse(&mut self, message: impl Into<String>) {
        self.sound = false;
        self.findings.push(found(Code::ReadRefused, message, &self.block.place));
    }

    fn number(&mut self, words: Words) -> Stated<i64> {
        let number = stated(self.block.get(words.number), |value| value.as_text()?.parse().ok());
        match &number {
            Stated::Known(known) if !NUMBERS.contains(known) => {
                self.refuse(format!("a rule needs a number from 1 to 32766, and this has {known}"));
            }
            Stated::Absent => self.refuse(format!("the rule needs `{}`, from 1 to 32766", words.number)),
            Stated::Unknown(text) => {
                self.doubts.push(unknown(text, "it decides which rule comes first"));
            }
            Stated::Known(_) => {}
        }
        number
    }

    fn actions(&mut self, words: Words) -> Vec<(Action, Option<Unmodelled>)> {
        let why = "it decides whether the rule allows or denies";
        match stated(self.block.get(words.action), Value::as_text) {
            Stated::Known(text) if text.eq_ignore_ascii_case("allow") => vec![(Action::Allow, None)],
            Stated::Known(text) if text.eq_ignore_ascii_case("deny") => vec![(Action::Deny, None)],
            Stated::Unknown(text) => vec![
                (Action::Allow, Some(unknown(&format!("{text} is allow"), why))),
                (Action::Deny, Some(unknown(&format!("{text} is deny"), why))),
            ],
            Stated::Known(_) | Stated::Absent => {
                self.refuse(format!("the rule needs `{}`, either `allow` or `deny`", words.action));
                Vec::new()
            }
        }
    }

    /// Where the packets come from or go to: one block of one family.
    fn peers(&mut self) -> Option<Constraint<PeerSet>> {
        let block = self.block;
        let named: Vec<(Family, &Value)> = [("cidr_block", Family::V4), ("ipv6_cidr_block", Family::V6)]
            .into_iter()
            .filter_map(|(argument, family)| Some((family, block.get(argument)?)))
            .filter(|(_, value)| value.as_text().is_none_or(|text| !text.is_empty()))
            .collect();
        let [(family, value)] = named.as_slice() else {
            self.refuse("the rule needs either `cidr_block` or `ipv6_cidr_block`");
            return None;
        };
        if let Some(text) = value.unknown() {
            self.doubts.push(unknown(text, "it decides which addresses the rule is for"));
            let all = match family {
                Family::V4 => AddrSet::all_v4(),
                Family::V6 => AddrSet::all_v6(),
            };
            return Constraint::only(PeerSet::from(all));
        }
        match value.as_text().map(|text| block_of(&text, *family)) {
            Some(Ok(prefix)) => Constraint::only(PeerSet::from(AddrSet::block(prefix))),
            Some(Err(message)) => {
                self.refuse(message);
                None
            }
            None => {
                self.refuse(format!("{} stands where a CIDR block is needed", value.kind.describe()));
                None
            }
        }
    }

    fn services(&mut self) -> Option<Constraint<TransportSet>> {
        let text = match stated(self.block.get("protocol"), Value::as_text) {
            Stated::Known(text) => text.trim().to_ascii_lowercase(),
            Stated::Unknown(text) => {
                self.doubts.push(unknown(&text, "it decides which protocol the rule is for"));
                return Some(Constraint::Any);
            }
            Stated::Absent => {
                self.refuse("the rule names no protocol");
                return None;
            }
        };
        if matches!(text.as_str(), "-1" | "all") {
            return Some(Constraint::Any);
        }
        let Some(protocol) = Protocol::parse(&text) else {
            self.refuse(format!("`{text}` is no protocol: a name, a number from 0 to 255, or -1 for all"));
            return None;
        };
        let services = if has_ports(protocol) {
            self.ports(protocol)
        } else if protocol.has_icmp_types() {
            self.icmp(protocol)
        } else {
            // EC2, `CreateNetworkAclEntry`: "traffic on all ports is allowed, regardless of any ports" for these.
            Some(TransportSet::protocol(protocol))
        };
        Constraint::only(services?)
    }

    fn ports(&mut self, protocol: Protocol) -> Option<TransportSet> {
        let (from, to) = (self.count("from_port"), self.count("to_port"));
        if let Some(text) = [&from, &to].into_iter().find_map(not_known) {
            self.doubts.push(unknown(&text, "it decides which ports the rule is for"));
            return Some(TransportSet::protocol(protocol));
        }
        let (Stated::Known(from), Stated::Known(to)) = (from, to) else {
            self.refuse(format!("a rule for {protocol} needs `from_port` and `to_port`"));
            return None;
        };
        let range = u16::try_from(from).ok().zip(u16::try_from(to).ok());
        let Some(range) = range.and_then(|(from, to)| PortRange::new(from, to).ok()) else {
            self.refuse(format!("`{from}` to `{to}` is no range of ports from 0 to 65535"));
            return None;
        };
        Some(TransportSet::port(protocol, range))
    }

    /// ICMP has a type and a code; `-1` is all of them. What Terraform leaves out it sends as 0, which is an echo reply
    /// and seldom meant, so it must be written.
    fn icmp(&mut self, protocol: Protocol) -> Option<TransportSet> {
        let (kind, code) = (self.count("icmp_type"), self.count("icmp_code"));
        if let Some(text) = [&kind, &code].into_iter().find_map(not_known) {
            self.doubts.push(unknown(&text, "it decides which types the rule is for"));
            return Some(TransportSet::protocol(protocol));
        }
        let (Stated::Known(kind), Stated::Known(code)) = (kind, code) else {
            self.refuse(format!("a rule for {protocol} needs `icmp_type` and `icmp_code`, -1 for all"));
            return None;
        };
        if kind == -1 && code == -1 {
            return Some(TransportSet::protocol(protocol));
        }
        let of_code = if code == -1 { Some(None) } else { u8::try_from(code).ok().map(Some) };
        let (Ok(of_kind), Some(of_code)) = (u8::try_from(kind), of_code) else {
            self.refuse(format!("`{kind}` and `{code}` are no ICMP type and code from 0 to 255"));
            return None;
        };
        Some(TransportSet::icmp(protocol, IcmpMatch { kind: of_kind, code: of_code }))
    }

    fn count(&mut self, argument: &str) -> Stated<i64> {
        let value = self.block.get(argument);
        let number = stated(value, |value| value.as_text()?.parse().ok());
        if value.is_some() && number == Stated::Absent {
            self.refuse(format!("`{argument}` is no whole number"));
        }
        number
    }
}

fn not_known(number: &Stated<i64>) -> Option<String> {
    match number {
        Stated::Unknown(text) => Some(text.clone()),
        Stated::Known(_) | Stated::Absent => None,
    }
}
