//! What is said of rules whose combinations are more than can be held.

use crate::diag::{Code, Finding};
use crate::policy::ScopeTooLarge;

/// The finding for rules that are too many cases together. It is an error: what they mean is not known.
pub fn too_large(error: &ScopeTooLarge) -> Finding {
    let size = error.size;
    let message = format!(
        "the rules of {} are too many cases: up to {} steps of services at {} steps of peers, where the limit is {} in all",
        error.scope, size.services, size.peers, size.limit
    );
    let help = format!(
        "where rules for any peer at thousands of ports cross rules for thousands of peers, each crossing is a case of \
         its own; join the ports to ranges, choose scopes one by one, or raise the limit with `--limit {}` (a step takes \
         some 16 bytes)",
        size.limit.saturating_mul(8)
    );
    Finding::new(Code::ReadTooLarge, message).help(help)
}
