//! Looking names up against a server that can fail in every way, and what the lockfile makes of it.

#![cfg(test)]

mod command;
mod dns;
mod lockfile;
mod refresh;
mod server;
