//! The catalogs inside the binary.

/// Id and text of each shipped catalog.
pub const SHIPPED: &[(&str, &str)] = &[("castai", include_str!("../../catalog/castai.yaml"))];
