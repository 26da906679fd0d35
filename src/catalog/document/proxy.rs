//! What is known of a product behind an outbound proxy.

use crate::catalog::leaf::{Id, Label, Text};
use crate::catalog::read::{List, Table, document};

document! {
    /// What a proxy needs.
    ProxyDocument {
        /// The environment variables.
        required env: List<Text>,
        /// The components that take them.
        required applies_to: List<Id>,
        /// What must not go through the proxy; `${name}` is a variable.
        required no_proxy: List<Text>,
        /// What may be added on request, and what that opens.
        optional no_proxy_optional: Table<Label, Text>,
        /// Where the values of Helm charts take the variables.
        optional charts: List<ChartDocument>,
        /// Where the fact comes from.
        required sources: List<Id>,
        /// Anything else.
        optional notes: List<Text>,
    }
}

document! {
    /// Where the values of a Helm chart take environment variables.
    ChartDocument {
        /// The chart.
        required chart: Label,
        /// The components that it installs.
        required components: List<Id>,
        /// The mapping in the values, as keys with dots between them.
        required values: Label,
        /// The key of each variable in the mapping, where it is not the variable's name.
        optional keys: Table<Label, Label>,
    }
}
