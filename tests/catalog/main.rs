//! Catalogs, overlays and projects: what is shipped, their schemas, what is refused and how, and that no damage opens anything.

#![cfg(test)]

mod agreement;
mod never_wider;
mod overlays;
mod projects;
mod refused;
mod shipped;
