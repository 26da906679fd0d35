//! How a project is said beside files that a program reads: in the terms of what those files speak about, and exactly.

use crate::packet::{PeerSet, Set as _};
use crate::policy::{Need, Policy};
use crate::targets::{
    Importer, Ingress, Limit, Lowered, OptionSpec, PeerKind, Scoping, Speech, Target, Wanted,
};

/// A place where rules of a foreign format are in force. It writes nothing and cannot fail to say anything.
#[derive(Debug)]
struct Foreign(PeerKind);

/// What speaks about addresses only, about names only, and about both.
const KINDS: [&Foreign; 3] =
    [&Foreign(PeerKind::Addresses), &Foreign(PeerKind::Names), &Foreign(PeerKind::Both)];

/// The target in whose terms a project is compared with such a policy.
pub(in crate::ops) fn like(policy: &Policy) -> &'static dyn Target {
    let covers = |kind: &PeerSet| policy.sets.iter().any(|set| !set.universe.intersect(kind).is_empty());
    let addresses = covers(&PeerSet::all_addrs());
    let names = covers(&PeerSet::all_names());
    let [of_addresses, of_names, of_both] = KINDS;
    match (addresses, names) {
        (true, false) => of_addresses,
        (false, true) => of_names,
        (true, true) | (false, false) => of_both,
    }
}

impl Target for Foreign {
    fn name(&self) -> &'static str {
        "external"
    }

    fn summary(&self) -> &'static str {
        "rules that a program reads"
    }

    fn speech(&self) -> Speech {
        Speech { peers: self.0, scoping: Scoping::Host, ingress: Ingress::ByPeer }
    }

    fn needs(&self) -> &'static [Need] {
        &[Need::Dns, Need::ApiServer, Need::Metadata, Need::Proxy]
    }

    fn limits(&self) -> &'static [Limit] {
        &[]
    }

    fn options(&self) -> &'static [OptionSpec] {
        &[]
    }

    fn templates(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    fn lower(&self, _: &Wanted<'_>) -> Lowered {
        Lowered::default()
    }

    fn importers(&self) -> &'static [&'static dyn Importer] {
        &[]
    }
}
