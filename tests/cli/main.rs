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
mod custom;
mod diff;
mod existing;
mod external;
mod generate;
mod lint;
mod merge;
mod plans;
mod project;
mod run;
mod sensitive;
mod show;
mod variables;
