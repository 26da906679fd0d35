//! What reviews are made with, run as far as it can be run here: the actions of GitHub step by step, the job of GitLab,
//! the pre-commit hooks and the step of Atlantis, against an API on the loopback that answers like theirs.

#![cfg(test)]

#[path = "../common/real.rs"]
mod real;
#[path = "../common/verdicts.rs"]
mod verdicts;

mod atlantis;
mod cutting;
mod documents;
mod forge;
mod github;
mod gitlab;
mod hooks;
mod install;
mod refresh;
mod runner;
mod shapes;
mod support;
