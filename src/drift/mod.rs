//! How two policies differ.

mod verify;

pub use verify::{Mismatch, verify};
