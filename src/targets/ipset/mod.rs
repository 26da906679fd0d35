//! `ipset`: sets of addresses with their services, for rules that somebody else writes.
//!
//! The members of a `hash:net,port` set are an address block with a protocol and a port, so that one rule which looks
//! into the set, `-m set --match-set EGRESSOR-OUT4 dst,dst -j ACCEPT`, lets pass what the set says and no more. Rules of
//! our own that look into sets are a form of the target `iptables`.

mod lower;
mod member;
mod read;

use super::{
    Importer, Ingress, Limit, Lowered, OptionKind, OptionSpec, PeerKind, Scoping, Speech, Target, Wanted,
};
use crate::policy::Need;

/// Sets for `ipset restore`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ipset;

const TEMPLATE: &str = "ipset.ipset.tera";

/// The option that stands in the names of the sets.
const NAME: &str = "ipset.name";
/// The option that says how many members a set may have.
const MAX_ELEMENTS: &str = "ipset.max_elements";

const PAGE: &str = "https://manpages.debian.org/bookworm/ipset/ipset.8.en.html";

const SET_NAME: Limit = Limit { what: "characters of a set's name", max: 31, source: PAGE };
const ELEMENTS: Limit = Limit {
    what: "members of a set, unless `ipset.max_elements` says otherwise; each port of a range is one",
    max: 65_536,
    source: PAGE,
};
const COMMENT: Limit =
    Limit { what: "bytes of a member's comment", max: crate::syntax::ipset::COMMENT, source: PAGE };

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        key: NAME,
        kind: OptionKind::Identifier(16),
        default: None,
        summary: "what stands in the names of the sets, as in `EGRESSOR-web-OUT4`, where a host has several",
    },
    OptionSpec {
        key: MAX_ELEMENTS,
        kind: OptionKind::Number(1, 16_777_216),
        default: Some("65536"),
        summary: "how many members a set may have; sets that are there already must have been made with the same",
    },
];

impl Target for Ipset {
    fn name(&self) -> &'static str {
        "ipset"
    }

    fn summary(&self) -> &'static str {
        "sets of addresses with their ports for `ipset restore`, which rules of your own look into"
    }

    fn is_default(&self) -> bool {
        false
    }

    fn speech(&self) -> Speech {
        Speech { peers: PeerKind::Addresses, scoping: Scoping::Host, ingress: Ingress::ByPeer }
    }

    fn needs(&self) -> &'static [Need] {
        &[Need::Dns, Need::ApiServer, Need::Metadata, Need::Proxy]
    }

    fn limits(&self) -> &'static [Limit] {
        &[SET_NAME, ELEMENTS, COMMENT]
    }

    fn options(&self) -> &'static [OptionSpec] {
        OPTIONS
    }

    fn templates(&self) -> &'static [(&'static str, &'static str)] {
        &[(TEMPLATE, include_str!("../../../templates/ipset.ipset.tera"))]
    }

    fn lower(&self, wanted: &Wanted<'_>) -> Lowered {
        lower::lower(wanted)
    }

    fn importers(&self) -> &'static [&'static dyn Importer] {
        &[&read::IpsetSave]
    }
}
