//! `check` and `lint`: what they say of rules is so, packet by packet.

#![cfg(test)]

mod anomalies;
mod cases;
mod check;
mod dumps;
mod model;
mod trace;
