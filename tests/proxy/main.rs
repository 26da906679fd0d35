//! The variables of a proxy, and requests for changes: what is written, and what files of others mean.

#[cfg(test)]
mod change_request;
#[cfg(test)]
#[cfg(test)]
mod istio;
#[cfg(test)]
mod linter;
#[cfg(test)]
#[path = "../cli/run.rs"]
mod run;
#[cfg(test)]
mod support;
#[cfg(test)]
mod written;
