//! The laws that every target obeys, run over the registry, so that a new entry is held to them without a new test.

#[cfg(test)]
#[path = "../common"]
mod common {
    pub(crate) mod hostile;
    pub(crate) mod policies;
}
#[cfg(test)]
mod artifact;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod long;
#[cfg(test)]
mod models;
#[cfg(test)]
mod registry;
#[cfg(test)]
mod road;
#[cfg(test)]
mod service_tags;
