//! The program as people run it: what it writes, what it refuses, and how it ends.

#![cfg(test)]

mod acceptance;
mod bad_input;
mod check;
mod classes;
mod diff;
mod generate;
mod lint;
mod run;
mod show;
