//! A short digest that stands for a long text in a name or a message.

use sha2::{Digest, Sha256};

/// The first 40 bits of the text's SHA-256, in hexadecimal.
pub(super) fn short(text: &str) -> String {
    let number =
        Sha256::digest(text).iter().take(5).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    format!("{number:010x}")
}
