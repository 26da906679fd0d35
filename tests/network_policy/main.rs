//! The target `network-policy`: what it writes means what was asked, and what it reads means what the API says.

mod corpus;
mod oracle;
mod written;
