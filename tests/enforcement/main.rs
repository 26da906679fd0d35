//! What the kernel lets through, packet by packet, against what egressor says of the same rules.
//!
//! `iptables-nft`, `iptables-legacy` and, through `iptables-restore-translate`, `nft` give it the rules. Needs Linux,
//! `unshare`, `ip`, `iptables`, `nft`, `ipset` and `python3`, and either root or user namespaces. Without them the tests say
//! that they were skipped; with `EGRESSOR_REQUIRE_REAL=1` in the environment that is a failure. A kernel without legacy
//! tables is none: no installation brings them.

#![cfg(test)]

#[expect(dead_code, reason = "other tests use the rest")]
#[path = "../common/policies.rs"]
mod policies;
#[path = "../common/real.rs"]
mod real;
#[path = "../common/tables.rs"]
mod tables;
#[path = "../common/verdicts.rs"]
mod verdicts;

mod agree;
mod hosts;
mod kernel;
mod nft;
mod probes;
mod rules;
mod written;
