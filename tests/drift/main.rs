//! The comparison of rule sets: against brute force, and against versions of themselves.

#![cfg(test)]

mod laws;
