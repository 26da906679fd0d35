//! Catalogs: the shipped one, its schema, what is refused and how, and that no damage to a catalog opens anything.

#![cfg(test)]

mod never_wider;
mod refused;
mod shipped;
