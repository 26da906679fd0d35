//! Blocks of addresses, each with who asks for it.

use crate::packet::Prefix;
use crate::policy::Origin;
use std::collections::BTreeMap;

/// Blocks with who asks for them.
pub(in crate::targets) type Blocks<'a> = BTreeMap<Prefix, Vec<&'a Origin>>;

/// The blocks that are inside of no other; whoever asks for one that is asks for the one that holds it.
pub(in crate::targets) fn outermost(blocks: Blocks<'_>) -> Blocks<'_> {
    let mut kept: Blocks<'_> = BTreeMap::new();
    // In order, a block comes before those inside it.
    for (block, origins) in blocks {
        match kept.last_entry().filter(|last| last.key().contains(block)) {
            Some(mut last) => last.get_mut().extend(origins),
            None => drop(kept.insert(block, origins)),
        }
    }
    kept
}
