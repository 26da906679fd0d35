//! The catalogs inside the binary.

/// Id and text of each shipped catalog; the first is the one that is meant when none is named. The list is data and
/// stands beside the catalogs, so that no code knows any of them.
pub const SHIPPED: &[(&str, &str)] = include!("../../catalog/shipped.in");
