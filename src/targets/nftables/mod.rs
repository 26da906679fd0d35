//! `nft`: one file that replaces a table of its own, and what `nft list ruleset` prints, as text and as JSON.

mod chains;
mod field;
mod flags;
mod hook;
mod json;
mod json_expression;
mod lift;
mod lower;
mod masks;
mod members;
mod model;
mod names;
mod pattern;
mod rule;
mod spell;
mod statement;
mod text;
mod token;
mod walk;

use super::{
    Imported, Importer, Ingress, Limit, Lowered, OptionKind, OptionSpec, PeerKind, Scoping, Speech, Target,
    Wanted,
};
use crate::diag::Source;
use crate::policy::Need;
use chains::Chains;
use std::sync::Arc;

/// A file for `nft -f`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Nftables;

/// Reads what `nft list ruleset` prints, and files for `nft -f`.
#[derive(Debug, Clone, Copy)]
pub(super) struct NftList;

/// Reads what `nft -j list ruleset` prints.
#[derive(Debug, Clone, Copy)]
pub(super) struct NftJson;

/// The most bytes of a comment.
const COMMENT: usize = 128;
/// The most characters of a name that is chosen.
const NAME: usize = 31;

const LIMITS: [Limit; 2] = [
    Limit {
        what: "bytes of a rule's comment",
        max: COMMENT,
        source: "https://manpages.debian.org/bookworm/nftables/nft.8.en.html#RULES",
    },
    Limit {
        what: "characters of a table's name that iptables-nft shows too",
        max: NAME,
        source: "https://manpages.debian.org/bookworm/iptables/iptables-nft.8.en.html",
    },
];

const OPTIONS: [OptionSpec; 3] = [
    OptionSpec {
        key: "nftables.table",
        kind: OptionKind::Identifier(NAME),
        default: Some("egressor"),
        summary: "the name of the table, of the family inet, which the file replaces as a whole",
    },
    OptionSpec {
        key: "nftables.prefix",
        kind: OptionKind::Identifier(20),
        default: None,
        summary: "what the names of the chains begin with; without it they are `output` and `input`",
    },
    OptionSpec {
        key: "nftables.reject",
        kind: OptionKind::Choice(&["drop", "reject"]),
        default: Some("drop"),
        summary: "how the rest is stopped; `reject` tells the sender",
    },
];

impl Target for Nftables {
    fn name(&self) -> &'static str {
        "nftables"
    }

    fn summary(&self) -> &'static str {
        "one file for `nft -f` that replaces a table of its own, for IPv4 and IPv6, with interval sets"
    }

    fn is_default(&self) -> bool {
        false
    }

    fn speech(&self) -> Speech {
        Speech { peers: PeerKind::Addresses, scoping: Scoping::Host, ingress: Ingress::ByPeer }
    }

    fn needs(&self) -> &'static [Need] {
        &[Need::Dns, Need::ApiServer, Need::ReturnTraffic, Need::Loopback, Need::Metadata, Need::Proxy]
    }

    fn limits(&self) -> &'static [Limit] {
        &LIMITS
    }

    fn options(&self) -> &'static [OptionSpec] {
        &OPTIONS
    }

    fn templates(&self) -> &'static [(&'static str, &'static str)] {
        &[("nftables.nft.tera", include_str!("../../../templates/nftables.nft.tera"))]
    }

    fn lower(&self, wanted: &Wanted<'_>) -> Lowered {
        lower::lower(wanted)
    }

    fn importers(&self) -> &'static [&'static dyn Importer] {
        &[&NftList, &NftJson]
    }
}

impl Importer for NftList {
    fn name(&self) -> &'static str {
        "nft-list"
    }

    fn recognizes(&self, source: &Source) -> bool {
        text::recognizes(source.text())
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        let mut findings = Vec::new();
        let mut chains = Chains::default();
        for source in sources {
            chains.read(&text::parse(source, &mut findings), &mut findings);
        }
        Imported { policy: lift::lift(&chains, &mut findings), findings }
    }
}

impl Importer for NftJson {
    fn name(&self) -> &'static str {
        "nft-json"
    }

    fn recognizes(&self, source: &Source) -> bool {
        json::recognizes(source.text())
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        let mut findings = Vec::new();
        let mut chains = Chains::default();
        for source in sources {
            chains.read(&json::parse(source, &mut findings), &mut findings);
        }
        Imported { policy: lift::lift(&chains, &mut findings), findings }
    }
}
