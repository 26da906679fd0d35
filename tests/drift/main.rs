//! The comparison of rule sets: against brute force, against versions of themselves, and from format to format.

#[cfg(test)]
#[path = "../common"]
mod common {
    #[expect(dead_code, reason = "other tests use the rest")]
    pub(crate) mod policies;

    #[expect(dead_code, reason = "other tests use the rest")]
    pub(crate) mod corpus;

    pub(crate) mod real;

    #[expect(dead_code, reason = "other tests use the rest")]
    pub(crate) mod hostile;

    pub(crate) mod verdicts;
}
#[cfg(test)]
mod browser;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod edits;
#[cfg(test)]
mod formats;
#[cfg(test)]
mod html;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod limit;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod sarif;
#[cfg(test)]
mod support;
