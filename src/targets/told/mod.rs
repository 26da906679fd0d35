//! How rules are called and why they are there, in the words and lengths that platforms take.

pub(super) mod places;
pub(super) mod provenance;
pub(super) mod reason;
pub(super) mod rule_name;
pub(super) mod service_words;
