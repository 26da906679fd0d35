//! What the packet filters of Linux share: lines, the addresses and services in them, and sets.

pub(super) mod accepted;
pub(super) mod addresses;
pub(super) mod ip_set_member;
pub(super) mod ip_sets;
pub(super) mod masked;
pub(super) mod region;
pub(super) mod spread;
pub(super) mod well_known;
