//! Objects of Kubernetes: fields, names, labels, selectors and blocks of addresses, read as the API server reads them.

pub(crate) mod block;
pub(crate) mod fields;
pub(crate) mod labels;
pub(crate) mod names;
pub(crate) mod objects;
pub(crate) mod pods;
pub(crate) mod selector;
