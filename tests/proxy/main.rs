//! The variables of a proxy, and requests for changes: what is written, and what files of others mean.

#![cfg(test)]

mod change_request;
mod istio;
mod linter;
#[path = "../cli/run.rs"]
mod run;
mod support;
mod written;
