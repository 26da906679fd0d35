//! Plain JSON, for everything else: what is allowed, as rows of names, addresses and services, each with its reason.

mod lower;
mod read;

use super::{Importer, Ingress, Limit, Lowered, OptionSpec, PeerKind, Scoping, Speech, Target, Wanted};
use crate::policy::Need;

/// A file of JSON.
#[derive(Debug, Clone, Copy)]
pub(super) struct Json;

/// What a file says that it is.
const SCHEMA: &str = "egressor/rules/v1";

/// The most characters of a text that programs in JavaScript take: beyond it, `JSON.parse` has nothing to parse.
const DOCUMENT: usize = 536_870_888;

const LIMITS: [Limit; 1] = [Limit {
    what: "characters of a document that programs in JavaScript read",
    max: DOCUMENT,
    source: "https://nodejs.org/api/buffer.html#bufferconstantsmax_string_length",
}];

impl Target for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn summary(&self) -> &'static str {
        "plain JSON: every rule with peers, services, reason, owner and expiry, for programs of your own"
    }

    fn is_default(&self) -> bool {
        false
    }

    fn speech(&self) -> Speech {
        Speech { peers: PeerKind::Both, scoping: Scoping::Host, ingress: Ingress::ByPeer }
    }

    fn needs(&self) -> &'static [Need] {
        &[Need::Dns, Need::ApiServer, Need::Metadata, Need::Proxy]
    }

    fn limits(&self) -> &'static [Limit] {
        &LIMITS
    }

    fn options(&self) -> &'static [OptionSpec] {
        &[]
    }

    fn templates(&self) -> &'static [(&'static str, &'static str)] {
        &[("json.json.tera", include_str!("../../../templates/json.json.tera"))]
    }

    fn lower(&self, wanted: &Wanted<'_>) -> Lowered {
        lower::lower(wanted)
    }

    fn importers(&self) -> &'static [&'static dyn Importer] {
        &[&read::RulesJson]
    }
}
