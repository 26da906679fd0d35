//! The program as people run it: what it writes, what it refuses, and how it ends.

#![cfg(test)]

#[path = "../common/real.rs"]
mod real;

mod acceptance;
mod bad_input;
mod catalogs;
mod check;
mod classes;
mod clouds;
mod completion;
mod custom;
mod diff;
mod errors;
mod existing;
mod external;
mod generate;
mod lint;
mod merge;
mod plans;
mod printed;
mod project;
mod quiet;
mod run;
mod sensitive;
mod service_tags;
mod show;
mod suggestions;
mod terminal;
mod variables;
