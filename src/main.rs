//! The egressor binary.
fn main() {}
