//! Turns a catalog of endpoints into firewall rules for every place where a network is guarded, proves that each file
//! it writes means exactly what the catalog says, and tells what traffic a change of rules opens or closes.
//!
//! This is the documentation of the library, which is small on purpose. `docs/library.md` tells what of it is stable;
//! `examples/embed.rs` goes the whole way:
//!
//! ```
//! use egressor::{Catalog, Direction, Lock, Policy, Project, Target, Verdict};
//!
//! // What is wanted: a catalog, and the addresses of its names.
//! let catalog = Catalog::shipped("castai")?;
//! let lock = Lock::parse("egressor.lock", include_str!("../examples/01_quickstart/egressor.lock"))?;
//! let target = Target::named("iptables").expect("a target");
//! let project = Project::new([catalog]).lock(lock).region("us");
//!
//! // Files that were read back and mean just that.
//! let generated = project.generate(target)?;
//! let written = Policy::parse("iptables.rules", generated.files()[0].text())?;
//! assert_eq!(project.policy(target)?.diff(&written)?.verdict(), Verdict::Equal);
//!
//! // Would it be allowed, and by which rule?
//! let answers = written.check("104.16.81.56:443", Direction::Egress)?;
//! println!("{:?} by {:?}", answers[0].decision(), answers[0].decided_by());
//! # Ok::<(), egressor::Refused>(())
//! ```
//!
//! # Inside
//!
//! The modules are not documented here and not stable: the program, its tests and its benches use them. The groups of
//! modules below are the layers: a module uses only layers above its own line, and modules of one layer are strangers to
//! each other. `tests/architecture.rs` reads this list and refuses any other import.

// 1: no files, no clouds.
#[doc(hidden)]
pub mod diag;
#[doc(hidden)]
pub mod packet;

// 2: what rules mean, and the syntaxes they are written in.
#[doc(hidden)]
pub mod policy;
#[doc(hidden)]
pub mod syntax;

// 3: what is wanted, what a target can say, and how two policies differ.
#[doc(hidden)]
pub mod catalog;
#[doc(hidden)]
pub mod drift;
#[doc(hidden)]
pub mod targets;

// 4: laying out artifacts, finding addresses, and the file in which a team says what it wants.
#[doc(hidden)]
pub mod project;
#[doc(hidden)]
pub mod render;
#[doc(hidden)]
pub mod resolve;

// 5: from a catalog to a policy, from a policy to a reader, what users lay out themselves, and how their programs read.
#[doc(hidden)]
pub mod artifact;
#[doc(hidden)]
pub mod compile;
#[doc(hidden)]
pub mod reader;
#[doc(hidden)]
pub mod report;

// 6: one function per command; nothing here prints.
#[doc(hidden)]
pub mod ops;

// 7: arguments, colours, exit codes; and the library that others embed.
mod api;
#[doc(hidden)]
pub mod cli;

pub use api::{
    Answer, Catalog, Change, Decision, Difference, Direction, Effect, File, Finding, Generated, Lock, Policy,
    Project, Refused, Severity, Target, Verdict,
};
