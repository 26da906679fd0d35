//! `iptables` and `ip6tables`: files for `iptables-restore`, and what `iptables-save` prints.

mod chains;
mod commands;
mod form;
mod lift;
mod lower;
mod rule;
mod save;
mod services;
mod sets;
mod spec;
mod spell;
mod states;
mod unmodelled;
mod verdict;
mod walk;

use super::packet_filters::ip_sets;
use super::{
    Imported, Importer, Ingress, Limit, Lowered, OptionKind, OptionSpec, PeerKind, Scoping, Speech, Target,
    Wanted,
};
use crate::diag::Source;
use crate::policy::Need;
use std::sync::Arc;

/// Files for `iptables-restore` and `ip6tables-restore`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Iptables;

/// Reads what `iptables-save` and `ip6tables-save` print, with the output of `ipset save` beside.
#[derive(Debug, Clone, Copy)]
pub(super) struct IptablesSave;

/// Reads scripts of `iptables …` and `ip6tables …` commands, with the output of `ipset save` beside.
#[derive(Debug, Clone, Copy)]
pub(super) struct IptablesCommands;

/// The most characters of a chain's name.
const CHAIN_NAME: usize = 28;
/// The most bytes of a comment.
const COMMENT: usize = 255;
/// The most bytes of one word of a rule.
const WORD: usize = 1023;
/// The most characters of a set's name.
const SET_NAME: usize = 31;
/// The most slots of one list of ports, of which a range takes two.
const MULTIPORT_SLOTS: usize = 15;

const LIMITS: [Limit; 5] = [
    Limit {
        what: "characters of a chain's name",
        max: CHAIN_NAME,
        source: "https://manpages.debian.org/bookworm/iptables/iptables.8.en.html",
    },
    Limit {
        what: "bytes of a rule's comment",
        max: COMMENT,
        source: "https://manpages.debian.org/bookworm/iptables/iptables-extensions.8.en.html#comment",
    },
    Limit {
        what: "bytes of one word of a rule",
        max: WORD,
        source: "https://manpages.debian.org/bookworm/iptables/iptables-restore.8.en.html",
    },
    Limit {
        what: "slots of one list of ports, of which a range takes two",
        max: MULTIPORT_SLOTS,
        source: "https://manpages.debian.org/bookworm/iptables/iptables-extensions.8.en.html#multiport",
    },
    Limit {
        what: "characters of a set's name",
        max: SET_NAME,
        source: "https://manpages.debian.org/bookworm/ipset/ipset.8.en.html",
    },
];

const OPTIONS: [OptionSpec; 3] = [
    OptionSpec {
        key: "iptables.prefix",
        kind: OptionKind::Identifier(20),
        default: Some("EGRESSOR"),
        summary: "what the names of the chains begin with",
    },
    OptionSpec {
        key: "iptables.reject",
        kind: OptionKind::Choice(&["drop", "reject"]),
        default: Some("drop"),
        summary: "how the rest is stopped; `reject` tells the sender, and ends the chain for rules behind it",
    },
    OptionSpec {
        key: "iptables.form",
        kind: OptionKind::Choice(&["rules", "ipset"]),
        default: Some("rules"),
        summary: "a rule for each block, or `ipset`: sets of blocks for `ipset restore` and rules that look into them",
    },
];

impl Target for Iptables {
    fn name(&self) -> &'static str {
        "iptables"
    }

    fn summary(&self) -> &'static str {
        "iptables-restore files for IPv4 and IPv6, with a chain of their own in each direction"
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
        &[
            ("iptables.rules.tera", include_str!("../../../templates/iptables.rules.tera")),
            ("iptables-sets.ipset.tera", include_str!("../../../templates/iptables-sets.ipset.tera")),
        ]
    }

    fn lower(&self, wanted: &Wanted<'_>) -> Lowered {
        lower::lower(wanted)
    }

    fn importers(&self) -> &'static [&'static dyn Importer] {
        &[&IptablesSave, &IptablesCommands]
    }
}

impl Importer for IptablesSave {
    fn name(&self) -> &'static str {
        "iptables-save"
    }

    fn recognizes(&self, source: &Source) -> bool {
        let lines = source.text().lines().map(str::trim_end).filter(|line| !line.is_empty());
        let mut content = lines.filter(|line| !line.starts_with('#') || save::header_family(line).is_some());
        let table = |line: &str| line.strip_prefix('*').is_some_and(|name| save::TABLES.contains(&name));
        content.next().is_some_and(|line| table(line) || save::header_family(line).is_some())
            || is_members(source.text())
    }

    fn completes(&self, source: &Source) -> bool {
        ip_sets::recognizes(source.text())
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        lift::import(sources)
    }
}

impl Importer for IptablesCommands {
    fn name(&self) -> &'static str {
        "iptables-commands"
    }

    fn recognizes(&self, source: &Source) -> bool {
        // Members of sets belong to either form.
        let text = source.text();
        is_members(text) || (!IptablesSave.recognizes(source) && commands::recognizes(text))
    }

    fn completes(&self, source: &Source) -> bool {
        ip_sets::recognizes(source.text())
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        commands::import(sources)
    }
}

/// Reports whether a text holds sets that mean nothing without the rules that look into them.
fn is_members(text: &str) -> bool {
    ip_sets::recognizes(text) && !ip_sets::has_own(text)
}
