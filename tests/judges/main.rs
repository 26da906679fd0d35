//! Third-party software as the judge of what is written and of what is read.
//!
//! Terraform, the AWS provider, an EC2 API, botocore, Google's client, Kubernetes' schemas, kubectl with Kustomize,
//! checkov, Envoy, HAProxy, tinyproxy and Squid. `tests/judges/tools/install FOLDER` installs all but the last three; `.ci/run` does, into a folder that is kept. Without a judge
//! its tests say that they were skipped; with `EGRESSOR_REQUIRE_REAL=1` in the environment that is a failure.

#![cfg(test)]

#[path = "../common/hostile.rs"]
mod hostile;
#[path = "../common/policies.rs"]
mod policies;
#[path = "../common/real.rs"]
mod real;
#[path = "../common/verdicts.rs"]
mod verdicts;

mod by_name;
mod checkov;
mod cluster;
mod ec2;
mod egressor_itself;
mod envoy;
mod haproxy;
mod hello;
mod kubernetes;
mod proxy;
mod shapes;
mod squid;
mod squid_tls;
mod terraform;
mod tinyproxy;
mod tools;
