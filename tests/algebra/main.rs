//! The laws of the algebra: by property, against a brute-force oracle on a tiny universe, and at every boundary.

#[cfg(test)]
mod boundaries;
#[cfg(test)]
mod first_match;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod meets;
#[cfg(test)]
mod names;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod parsing;
#[cfg(test)]
mod pieces;
#[cfg(test)]
mod policies;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod sizes;
