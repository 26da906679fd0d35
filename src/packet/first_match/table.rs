//! Numbers by 64-bit keys, for look-ups that a tree is too slow for.

/// A table with open addressing. Several numbers may share a key.
// INVARIANT: the number of slots is a power of two or none, and at least every second slot is free.
#[derive(Debug, Default)]
pub(super) struct Table {
    slots: Vec<(u64, u32)>,
    len: usize,
}

/// The mark of a free slot.
const FREE: u32 = u32::MAX;
const FIRST_SLOTS: usize = 64;

impl Table {
    /// The first number of a key that is the one.
    pub(super) fn find(&self, key: u64, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        let mut at = self.start(key);
        loop {
            match self.slots.get(at) {
                Some((there, number)) if *number != FREE => {
                    if *there == key && is_it(*number) {
                        return Some(*number);
                    }
                }
                _ => return None,
            }
            at = self.after(at);
        }
    }

    /// Adds a number to a key.
    pub(super) fn insert(&mut self, key: u64, number: u32) {
        if self.len.saturating_mul(2) >= self.slots.len() {
            let slots = vec![(0, FREE); self.slots.len().saturating_mul(2).max(FIRST_SLOTS)];
            let before = std::mem::replace(&mut self.slots, slots);
            before
                .into_iter()
                .filter(|(_, number)| *number != FREE)
                .for_each(|(key, number)| self.put(key, number));
        }
        self.put(key, number);
        self.len = self.len.saturating_add(1);
    }

    fn put(&mut self, key: u64, number: u32) {
        let mut at = self.start(key);
        while self.slots.get(at).is_some_and(|(_, there)| *there != FREE) {
            at = self.after(at);
        }
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = (key, number);
        }
    }

    fn start(&self, key: u64) -> usize {
        // The upper half of the product depends on all bits of the key.
        let mixed = (key ^ (key >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        usize::try_from(mixed >> 32).unwrap_or_default() & self.slots.len().wrapping_sub(1)
    }

    fn after(&self, at: usize) -> usize {
        at.wrapping_add(1) & self.slots.len().wrapping_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_found_by_its_key_and_no_other() {
        let mut table = Table::default();
        assert_eq!(table.find(7, |_| true), None);
        for number in 0..10_000_u32 {
            table.insert(u64::from(number / 2) << 20, number);
        }
        for number in 0..10_000_u32 {
            let key = u64::from(number / 2) << 20;
            assert_eq!(table.find(key, |there| there == number), Some(number));
            assert_eq!(table.find(key + 1, |_| true), None);
        }
    }
}
