//! One row of a request.

use serde_json::Value;

/// What happens to the traffic of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// It is not allowed yet.
    Add,
    /// A part of it is.
    Modify,
    /// All of it is.
    Keep,
    /// It is allowed, and nobody asks for it.
    Remove,
}

impl Step {
    pub(super) const ALL: [Self; 4] = [Self::Add, Self::Modify, Self::Keep, Self::Remove];

    /// The word in the column `action`.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Modify => "modify",
            Self::Keep => "keep",
            Self::Remove => "remove",
        }
    }
}

macro_rules! columns {
    ($($field:ident $title:literal)*) => {
        /// The cells of a row, in the order of the columns.
        #[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) struct Row {
            $(pub(super) $field: String,)*
        }

        /// The titles of the columns.
        pub(super) const TITLES: &[&str] = &[$($title),*];

        impl Row {
            /// The cells, in the order of the columns.
            pub(super) fn cells(&self) -> Vec<&str> {
                vec![$(self.$field.as_str()),*]
            }

            /// The cells by name, with a word for those that say nothing.
            pub(super) fn named(&self, nothing: &str) -> Value {
                let cells = [$((stringify!($field), self.$field.as_str())),*];
                let said = |cell: &str| Value::from(if cell.is_empty() { nothing } else { cell });
                cells.into_iter().map(|(name, cell)| (name.to_owned(), said(cell))).collect()
            }
        }
    };
}

columns! {
    direction "direction"
    endpoint "endpoint or rule"
    action "action"
    change "change"
    request "request id"
    source "source zone or selector"
    source_cidr "source CIDR"
    destination "destination FQDN"
    destination_cidr "destination CIDR"
    provenance "address provenance"
    protocol "protocol"
    port "port"
    via "via"
    application "application"
    component "component"
    condition "feature or condition"
    justification "business justification"
    upload "upload"
    risk "risk"
    alternative "alternative"
    owner "owner"
    approver "approver"
    requested_by "requested by"
    ticket "ticket"
    valid_from "valid from"
    expires "expires"
    vendor_source "vendor source"
    verified "verified on"
    confidence "confidence"
    rollback "rollback"
}
