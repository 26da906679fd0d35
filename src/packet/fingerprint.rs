//! A short number for a value, to find equal values without comparing each with each.

use std::hash::{Hash, Hasher};

/// A number that equal values share. Others may share it too, by accident or on purpose, so whoever finds two equal
/// numbers compares the values.
pub fn fingerprint<T: Hash + ?Sized>(value: &T) -> u64 {
    let mut mixer = Mixer(0x9E37_79B9_7F4A_7C15);
    value.hash(&mut mixer);
    mixer.finish()
}

/// One multiplication for each number: the standard hasher, made to withstand those who choose its input, costs ten
/// times as much.
struct Mixer(u64);

impl Mixer {
    fn mix(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    }
}

impl Hasher for Mixer {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.mix(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            let mut word = [0; 8];
            word.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            self.mix(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, value: u8) {
        self.mix(u64::from(value));
    }

    fn write_u32(&mut self, value: u32) {
        self.mix(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        self.mix(value);
    }

    fn write_usize(&mut self, value: usize) {
        self.mix(u64::try_from(value).unwrap_or(u64::MAX));
    }

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_their_number_and_close_ones_do_not() {
        assert_eq!(fingerprint(&[1_u32, 2]), fingerprint(&vec![1_u32, 2]));
        let numbers: std::collections::BTreeSet<u64> =
            (0_u32..1000).map(|value| fingerprint(&value)).collect();
        assert_eq!(numbers.len(), 1000);
        assert_ne!(fingerprint("ab"), fingerprint("ba"));
    }
}
