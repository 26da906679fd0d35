//! Turns a catalog of endpoints into firewall rules for every place where a network is guarded, proves that each file
//! it writes means exactly what the catalog says, and tells what traffic a change of rules opens or closes.
//!
//! The groups of modules below are the layers: a module uses only layers above its own line, and modules of one
//! layer are strangers to each other. `tests/architecture.rs` reads this list and refuses any other import.

// 1: no files, no clouds.
pub mod diag;
pub mod packet;

// 2: what rules mean, and the syntaxes they are written in.
pub mod policy;
pub mod syntax;

// 3: what is wanted, what a target can say, and how two policies differ.
pub mod catalog;
pub mod drift;
pub mod targets;

// 4: laying out artifacts, finding addresses, and the file in which a team says what it wants.
pub mod project;
pub mod render;
pub mod resolve;

// 5: from a catalog to a policy, from a policy to a reader, and what users lay out themselves.
pub mod artifact;
pub mod compile;
pub mod report;

// 6: one function per command; nothing here prints.
pub mod ops;

// 7: arguments, colours, exit codes.
pub mod cli;
