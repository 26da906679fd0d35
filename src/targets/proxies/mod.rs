//! What proxies share: lists of names, the expressions and cases in which they are asked, and files that they name.

pub(super) mod beside;
pub(super) mod by_name;
pub(super) mod case;
pub(super) mod host_expression;
pub(super) mod plan;
