//! Plain CSV, for everything else: what is allowed, a row for each peer and service, with its reason.

mod lower;
mod read;

use super::{Importer, Ingress, Limit, Lowered, OptionSpec, PeerKind, Scoping, Speech, Target, Wanted};
use crate::policy::Need;

/// A file of CSV.
#[derive(Debug, Clone, Copy)]
pub(super) struct Csv;

/// The most characters of a cell.
const CELL: usize = 32_767;

const LIMITS: [Limit; 1] = [Limit {
    what: "characters of a cell",
    max: CELL,
    source: "https://support.microsoft.com/en-us/office/excel-specifications-and-limits-1672b34d-7043-467e-8e27-269d656771c3",
}];

/// The titles of the columns.
const TITLES: [&str; 14] = [
    "scope",
    "direction",
    "action",
    "source",
    "peer kind",
    "peer",
    "protocol",
    "ports",
    "icmp",
    "endpoint",
    "reason",
    "owner",
    "ticket",
    "expires",
];

/// What stands between the items of a cell; a spreadsheet would take `1,2` for a number.
const BETWEEN: &str = "; ";
/// What stands between the ends of a range; a spreadsheet would take `10-12` for a day.
const TO: &str = " to ";

impl Target for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn summary(&self) -> &'static str {
        "plain CSV: a row for each peer and protocol, with reason, owner and expiry, safe to open in a spreadsheet"
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
        &[("csv.csv.tera", include_str!("../../../templates/csv.csv.tera"))]
    }

    fn lower(&self, wanted: &Wanted<'_>) -> Lowered {
        lower::lower(wanted)
    }

    fn importers(&self) -> &'static [&'static dyn Importer] {
        &[&read::RulesCsv]
    }
}
