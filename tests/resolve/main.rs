//! Looking names up against a server that can fail in every way, and what the lockfile makes of it.

#![cfg(test)]

mod check;
mod command;
mod datagrams;
mod dns;
mod failures;
mod flags;
mod hostile;
#[path = "../common/hostile.rs"]
mod hostile_texts;
mod interrupted;
mod lockfile;
mod news;
#[path = "../common/real.rs"]
mod real;
mod refresh;
mod scale;
mod server;
mod starved;
mod system;
mod zones;
