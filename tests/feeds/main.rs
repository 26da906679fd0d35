//! Vendors' feeds: folders of cases, laws over all formats, the command, and a server that does what servers do.
#![cfg(test)]

mod cases;
mod command;
mod diff;
#[cfg(feature = "fetch")]
mod fetched;
#[path = "../common/hostile.rs"]
mod hostile;
mod laws;
mod run;
#[cfg(feature = "fetch")]
mod server;
