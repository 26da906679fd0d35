//! DNSSEC: an answer counts when it is signed from the root down, or when its zone is shown to be unsigned.

use super::line::Line;
use super::{DnsOptions, ResolveError, Validation};
use hickory_resolver::net::dnssec::DnssecDnsHandle;
use hickory_resolver::net::xfer::{DnsHandle, FirstAnswer};
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::dnssec::{Proof, TrustAnchors};
use hickory_resolver::proto::op::{DnsRequest, DnsResponse, ResponseCode};
use hickory_resolver::proto::rr::{Record, RecordType};
use std::sync::Arc;

/// A line whose answers are validated.
#[derive(Clone)]
pub(super) struct Validator {
    handle: DnssecDnsHandle<Line>,
    /// Whether an unsigned zone is refused.
    strict: bool,
}

impl Validator {
    pub(super) fn new(line: Line, options: &DnsOptions) -> Result<Self, ResolveError> {
        let anchors = match &options.trust_anchor {
            None => TrustAnchors::default(),
            Some(path) => TrustAnchors::from_file(path)
                .map_err(|error| ResolveError::TrustAnchor(format!("{}: {error}", path.display())))?,
        };
        let strict = options.dnssec == Validation::Require;
        Ok(Self { handle: DnssecDnsHandle::with_trust_anchor(line, Arc::new(anchors)), strict })
    }

    /// The answer, when nothing about it is in doubt; else `DnssecBogus`.
    pub(super) async fn ask(&self, request: DnsRequest) -> Result<DnsResponse, NetError> {
        let (mut response, proven) = match self.handle.send(request).first_answer().await {
            Ok(response) => (response, true),
            Err(NetError::Dns(DnsError::Nsec { response, proof, .. })) => {
                (*response, proof == Proof::Insecure && !self.strict)
            }
            Err(error) => return Err(error),
        };
        let bogus = || NetError::Dns(DnsError::DnssecBogus);
        let signed = |record: &&Record| record.record_type() != RecordType::RRSIG;
        if !response.answers.iter().filter(signed).all(|record| self.is_believed(record.proof)) {
            return Err(bogus());
        }
        // That there is nothing needs its own proof, which an unsigned zone does not have.
        let says_nothing = !response.answers.iter().any(|record| signed(&record));
        if self.strict && says_nothing && speaks_of_the_name(&response) {
            let mut proofs = response.authorities.iter().filter(signed).peekable();
            if proofs.peek().is_none() || !proofs.all(|record| self.is_believed(record.proof)) {
                return Err(bogus());
            }
        }
        let is_alias = |record: &Record| record.record_type() == RecordType::CNAME;
        if response.answers.iter().any(is_alias) && speaks_of_the_name(&response) {
            // That the end of an alias has no addresses is proven under its own name, so it has to be asked for there.
            response.metadata.response_code = ResponseCode::NoError;
            return Ok(response);
        }
        // A server that could not answer proves nothing, and is not bogus for that.
        if proven || !speaks_of_the_name(&response) { Ok(response) } else { Err(bogus()) }
    }

    /// Reports whether a record is signed, or shown to need no signature.
    fn is_believed(&self, proof: Proof) -> bool {
        match proof {
            Proof::Secure => true,
            Proof::Insecure => !self.strict,
            Proof::Bogus | Proof::Indeterminate => false,
        }
    }
}

fn speaks_of_the_name(response: &DnsResponse) -> bool {
    matches!(response.response_code, ResponseCode::NoError | ResponseCode::NXDomain)
}
