//! DNSSEC: an answer counts when it is signed from the root down, or when its zone is shown to be unsigned.

use super::line::Line;
use super::{DnsOptions, ResolveError};
use hickory_resolver::net::dnssec::DnssecDnsHandle;
use hickory_resolver::net::xfer::{DnsHandle, FirstAnswer};
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::dnssec::{Proof, TrustAnchors};
use hickory_resolver::proto::op::{DnsRequest, DnsResponse, ResponseCode};
use hickory_resolver::proto::rr::RecordType;
use std::sync::Arc;

/// A line whose answers are validated.
#[derive(Clone)]
pub(super) struct Validator(DnssecDnsHandle<Line>);

impl Validator {
    pub(super) fn new(line: Line, options: &DnsOptions) -> Result<Self, ResolveError> {
        let anchors = match &options.trust_anchor {
            None => TrustAnchors::default(),
            Some(path) => TrustAnchors::from_file(path)
                .map_err(|error| ResolveError::TrustAnchor(format!("{}: {error}", path.display())))?,
        };
        Ok(Self(DnssecDnsHandle::with_trust_anchor(line, Arc::new(anchors))))
    }

    /// The answer, when nothing about it is in doubt; else `DnssecBogus`.
    pub(super) async fn ask(&self, request: DnsRequest) -> Result<DnsResponse, NetError> {
        let response = match self.0.send(request).first_answer().await {
            Ok(response) => response,
            Err(NetError::Dns(DnsError::Nsec { response, proof, .. })) => {
                // A server that could not answer proves nothing, and is not bogus for that.
                if speaks_of_the_name(&response) && proof != Proof::Insecure {
                    return Err(NetError::Dns(DnsError::DnssecBogus));
                }
                *response
            }
            Err(error) => return Err(error),
        };
        let believed = response
            .answers
            .iter()
            .filter(|record| record.record_type() != RecordType::RRSIG)
            .all(|record| matches!(record.proof, Proof::Secure | Proof::Insecure));
        if believed { Ok(response) } else { Err(NetError::Dns(DnsError::DnssecBogus)) }
    }
}

fn speaks_of_the_name(response: &DnsResponse) -> bool {
    matches!(response.response_code, ResponseCode::NoError | ResponseCode::NXDomain)
}
