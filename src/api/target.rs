//! The places where a network is guarded.

use crate::targets::{self, TARGETS};

/// A kind of rule file that can be written, proven and read back.
///
/// ```
/// let target = egressor::Target::named("iptables").expect("a target");
/// assert!(target.formats().contains(&"iptables-save"));
/// assert!(egressor::Target::all().any(|each| each.name() == "squid"));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Target(pub(super) &'static dyn targets::Target);

impl Target {
    /// The target of that name, as `egressor targets` lists it.
    pub fn named(name: &str) -> Option<Self> {
        targets::find(name).map(Self)
    }

    /// Every target.
    pub fn all() -> impl Iterator<Item = Self> {
        TARGETS.iter().copied().map(Self)
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.0.name()
    }

    /// What it writes, in a line.
    pub fn summary(&self) -> &'static str {
        self.0.summary()
    }

    /// The formats of existing rules that are read for it.
    pub fn formats(&self) -> Vec<&'static str> {
        self.0.importers().iter().map(|importer| importer.name()).collect()
    }
}
