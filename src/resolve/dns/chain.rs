//! Following one name through the messages of a server: aliases, addresses, and how it ends.

use crate::packet::Hostname;
use crate::resolve::outcome::{Family, Outcome};
use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::{DNSClass, Name, RData, RecordType};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// How far a name has been followed.
pub(super) struct Chain {
    family: Family,
    /// The name to ask for next.
    pub(super) name: Name,
    /// The aliases on the way, the name itself left out.
    pub(super) cname: Vec<Hostname>,
    seen: BTreeSet<Name>,
    /// The least time to live of all records on the way.
    pub(super) ttl: Option<u32>,
}

/// What to do after a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The addresses are there; at least one.
    Answer(BTreeSet<IpAddr>),
    /// The server stopped at an alias: ask again, for the name now in `Chain::name`.
    Ask,
    /// There is nothing more to ask.
    End(Outcome),
}

/// No honest name has so many aliases; resolvers give up earlier.
const LONGEST: usize = 16;

impl Chain {
    pub(super) fn new(name: Name, family: Family) -> Self {
        Self { family, seen: BTreeSet::from([name.to_lowercase()]), name, cname: Vec::new(), ttl: None }
    }

    pub(super) fn record_type(&self) -> RecordType {
        match self.family {
            Family::V4 => RecordType::A,
            Family::V6 => RecordType::AAAA,
        }
    }

    /// Reads an answer to a question for `self.name`. Records of names that the chain does not lead to are nobody's
    /// and are not looked at.
    pub(super) fn read(&mut self, message: &Message) -> Next {
        match message.response_code {
            ResponseCode::NoError | ResponseCode::NXDomain => {}
            ResponseCode::Refused | ResponseCode::NotAuth => return Next::End(Outcome::Refused),
            _ => return Next::End(Outcome::ServFail),
        }
        let mut followed = false;
        loop {
            let addresses = self.addresses(message);
            if !addresses.is_empty() {
                return Next::Answer(addresses);
            }
            match self.follow(message) {
                Ok(true) => followed = true,
                Ok(false) => break,
                Err(outcome) => return Next::End(outcome),
            }
        }
        // The code speaks of the last name of the chain (RFC 6604).
        if message.response_code == ResponseCode::NXDomain {
            return Next::End(if self.cname.is_empty() { Outcome::NxDomain } else { Outcome::DanglingCname });
        }
        if followed {
            return Next::Ask;
        }
        Next::End(if is_referral(message) { Outcome::Refused } else { Outcome::NoData })
    }

    fn addresses(&mut self, message: &Message) -> BTreeSet<IpAddr> {
        let mut found = BTreeSet::new();
        for record in &message.answers {
            if record.name != self.name || record.dns_class != DNSClass::IN {
                continue;
            }
            let addr = match (&record.data, self.family) {
                (RData::A(a), Family::V4) => IpAddr::V4(a.0),
                (RData::AAAA(aaaa), Family::V6) => IpAddr::V6(aaaa.0),
                _ => continue,
            };
            found.insert(addr);
            self.ttl = Some(self.ttl.map_or(record.ttl, |ttl| ttl.min(record.ttl)));
        }
        found
    }

    /// Moves on to the name that the current one is an alias of, if the message says so.
    fn follow(&mut self, message: &Message) -> Result<bool, Outcome> {
        let aliases = message.answers.iter().filter_map(|record| match &record.data {
            RData::CNAME(target) if record.name == self.name && record.dns_class == DNSClass::IN => {
                Some((target.0.to_lowercase(), record.ttl))
            }
            _ => None,
        });
        // A name has one alias at most; of several, the same one is taken whatever their order.
        let Some((mut target, ttl)) = aliases.min() else { return Ok(false) };
        target.set_fqdn(true);
        self.ttl = Some(self.ttl.map_or(ttl, |least| least.min(ttl)));
        if !self.seen.insert(target.clone()) || self.cname.len() >= LONGEST {
            return Err(Outcome::CnameLoop);
        }
        self.cname.push(target.to_ascii().parse().map_err(|_| Outcome::Bogus)?);
        self.name = target;
        Ok(true)
    }
}

/// Reports whether the server only points at others: it does not resolve for us, and says nothing about the name.
fn is_referral(message: &Message) -> bool {
    let has = |wanted| message.authorities.iter().any(|record| record.record_type() == wanted);
    !message.authoritative && has(RecordType::NS) && !has(RecordType::SOA)
}
