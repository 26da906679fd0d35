//! What the program is packed with and in: completion scripts, manual pages, archives, Debian packages, images, releases.
//! The programs that will read all that are the judges: shells, `man`, `mandoc`, `dpkg`, `tar`.

#![cfg(test)]
#![cfg(target_os = "linux")]

mod archive;
mod completions;
mod crate_file;
mod deb;
mod image;
mod install;
mod man;
#[path = "../common/real.rs"]
mod real;
mod release;
mod run;
