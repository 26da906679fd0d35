//! Looking names up against a server that can fail in every way, and what the lockfile makes of it.

#[cfg(test)]
mod dns;
#[cfg(test)]
mod lockfile;
#[cfg(test)]
mod refresh;
#[cfg(test)]
mod server;
