//! A change request for a network team: which connections to open and to close, one row for each endpoint and
//! direction, with why, for how long, at what risk and how to undo it.
//!
//! The columns are those that such teams ask for in their forms. The rows of the CSV are the contract: action, direction,
//! peers, protocol and port are read back, and mean the policy; the table of the Markdown file must say the same. A peer
//! is named by host and, where they are known, by address, since nobody knows what stands in the way. Rows that remove
//! something, and those that keep it, are written when existing rules are given; a row to remove asks for nothing.
//!
//! With a proxy there is a row for the way to it, and what goes through it is asked for by name alone: the proxy has to
//! let it pass, and no rule by address is wanted.

mod cells;
mod existing;
mod lift;
mod lower;
mod row;

use super::{
    Importer, Ingress, Limit, Lowered, OptionKind, OptionSpec, PeerKind, Scoping, Speech, Target, Wanted,
};
use crate::policy::Need;

/// The target `change-request`.
#[derive(Debug)]
pub(super) struct ChangeRequest;

const CSV: &str = "change-request.csv.tera";
const MARKDOWN: &str = "change-request.md.tera";

/// The most characters that spreadsheets keep of a cell.
const CELL: usize = 32_767;

const LIMITS: &[Limit] = &[Limit {
    what: "characters of a cell; more addresses take several rows",
    max: CELL,
    source: "https://support.microsoft.com/office/excel-specifications-and-limits-1672b34d-7043-467e-8e27-269d656771c3",
}];

const fn text(key: &'static str, summary: &'static str) -> OptionSpec {
    OptionSpec { key, kind: OptionKind::Text, default: None, summary }
}

const OPTIONS: &[OptionSpec] = &[
    text("change.id", "the id of the request; the ticket when not given"),
    text("change.requested_by", "who asks"),
    text("change.approver", "who approves"),
    text("change.valid_from", "from when the rules are wanted"),
];

impl Target for ChangeRequest {
    fn name(&self) -> &'static str {
        "change-request"
    }

    fn summary(&self) -> &'static str {
        "a change request as CSV and Markdown: one row for each endpoint and direction, with why, risk and expiry"
    }

    fn is_default(&self) -> bool {
        false
    }

    fn speech(&self) -> Speech {
        Speech { peers: PeerKind::Both, scoping: Scoping::Host, ingress: Ingress::ByPeer }
    }

    /// The way to the proxy is the network team's; what else a machine needs is not asked of it.
    fn needs(&self) -> &'static [Need] {
        &[Need::Proxy]
    }

    fn limits(&self) -> &'static [Limit] {
        LIMITS
    }

    fn options(&self) -> &'static [OptionSpec] {
        OPTIONS
    }

    fn takes_context(&self) -> bool {
        true
    }

    fn templates(&self) -> &'static [(&'static str, &'static str)] {
        &[
            (CSV, include_str!("../../../templates/change-request.csv.tera")),
            (MARKDOWN, include_str!("../../../templates/change-request.md.tera")),
        ]
    }

    fn lower(&self, wanted: &Wanted<'_>) -> Lowered {
        lower::lower(wanted)
    }

    fn importers(&self) -> &'static [&'static dyn Importer] {
        &[&lift::ChangeRequests]
    }
}
