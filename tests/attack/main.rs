//! Under attack: hostile texts in every input, texts that stand for more than they say, and any bytes at all.

#![cfg(test)]

#[path = "../common"]
mod common {
    pub(crate) mod hostile;
}
#[expect(unreachable_pub, reason = "the fuzzer is another crate")]
mod bodies;
mod bytes;
mod expansion;
mod inputs;
mod program;
mod surroundings;
