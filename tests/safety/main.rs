//! What is promised about files, secrets, the network and bad input, while somebody tries to break it.

#![cfg(test)]

mod disk;
mod interrupted;
mod network;
mod outside;
mod peers;
mod promises;
#[path = "../common/real.rs"]
mod real;
mod run;
mod secrets;
mod supply;
mod writes;
