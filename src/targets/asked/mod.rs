//! What a policy asks of a target, in the terms in which targets are written: addresses, names, services and who needs them.

pub(super) mod absorb;
pub(super) mod blocks;
pub(super) mod demand;
pub(super) mod families;
pub(super) mod grouped;
pub(super) mod named;
