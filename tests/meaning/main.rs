//! What rules mean: every reader against evaluators of its own, and the laws of comparing.

#![cfg(test)]

#[path = "../common/corpus.rs"]
mod corpus;
mod corpus_laws;
