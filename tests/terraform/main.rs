//! The targets that write Terraform: what they write means what was asked, and what they read means what it says.

#[cfg(test)]
mod aws;
#[cfg(test)]
mod gcp;
#[cfg(test)]
mod gke;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod support;
