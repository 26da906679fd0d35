//! The target `network-policy`: what it writes means what was asked, and what it reads means what the API says.

#[cfg(test)]
mod make;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod written;
