//! One family of one name, asked at one server along all aliases, validated if that is wanted.

use super::chain::{Chain, Next};
use super::line::Line;
use crate::packet::Hostname;
use crate::resolve::outcome::{Family, Outcome};
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::{DnsRequest, DnsRequestOptions, DnsResponse, Query};
use hickory_resolver::proto::rr::Name;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// What one server says about one family of a name.
pub(super) struct Said {
    pub(super) outcome: Outcome,
    /// Empty unless the outcome is an answer.
    pub(super) addresses: BTreeSet<IpAddr>,
    pub(super) cname: Vec<Hostname>,
    pub(super) ttl: Option<u32>,
}

/// Whom to ask, whether to believe it, and how much may come in one piece.
#[derive(Clone)]
pub(super) enum Asker {
    /// What the server says is taken as it is.
    Trusting(Line, u16),
    /// What the server says must be signed, or shown to be unsigned, from the root down.
    #[cfg(feature = "dnssec")]
    Validating(super::dnssec::Validator, u16),
}

/// How many questions one lookup may need, aliases that the server leaves to us included.
const QUESTIONS: usize = 16;

/// Looks up one family of a name at one server, along all aliases.
pub(super) async fn look_up(asker: &Asker, name: &Hostname, family: Family) -> Said {
    let Some(name) = absolute(name) else { return Said::failed(Outcome::Bogus) };
    let mut chain = Chain::new(name, family);
    for _ in 0..QUESTIONS {
        let response = match asker.ask(request(&chain, asker.payload())).await {
            Ok(response) => response,
            Err(error) => return Said { cname: chain.cname, ..Said::failed(failure(&error)) },
        };
        let (outcome, addresses) = match chain.read(&response) {
            Next::Ask => continue,
            Next::Answer(addresses) => (Outcome::Answer, addresses),
            Next::End(outcome) => (outcome, BTreeSet::new()),
        };
        return Said { outcome, addresses, cname: chain.cname, ttl: chain.ttl };
    }
    Said { cname: chain.cname, ..Said::failed(Outcome::CnameLoop) }
}

impl Said {
    pub(super) fn failed(outcome: Outcome) -> Self {
        Self { outcome, addresses: BTreeSet::new(), cname: Vec::new(), ttl: None }
    }
}

impl Asker {
    fn payload(&self) -> u16 {
        match self {
            Self::Trusting(_, payload) => *payload,
            #[cfg(feature = "dnssec")]
            Self::Validating(_, payload) => *payload,
        }
    }

    async fn ask(&self, request: DnsRequest) -> Result<DnsResponse, NetError> {
        match self {
            Self::Trusting(line, _) => line.ask(request).await,
            #[cfg(feature = "dnssec")]
            Self::Validating(validator, _) => validator.ask(request).await,
        }
    }
}

/// The name with its root, so that no search list is ever tried.
fn absolute(name: &Hostname) -> Option<Name> {
    let mut name = Name::from_ascii(name.as_str()).ok()?;
    name.set_fqdn(true);
    Some(name)
}

fn request(chain: &Chain, payload: u16) -> DnsRequest {
    let mut options = DnsRequestOptions::default();
    options.use_edns = true;
    options.edns_payload_len = payload;
    options.recursion_desired = true;
    DnsRequest::from_query(Query::query(chain.name.clone(), chain.record_type()), options)
}

fn failure(error: &NetError) -> Outcome {
    match error {
        NetError::Truncated => Outcome::Truncated,
        NetError::Dns(DnsError::DnssecBogus) => Outcome::Bogus,
        // There was an answer, and it made no sense.
        NetError::Proto(_) => Outcome::ServFail,
        _ => Outcome::Timeout,
    }
}
