//! The smallest parts of a catalog: ids, texts, dates, ports.

use super::read::{Document, List, Reader, parsed};
use crate::diag::has_url_password;
use crate::packet::{Hostname, PathPrefix, PortRange, Prefix, Protocol, TransportSet};
use crate::syntax::text::SEEN;
use crate::syntax::yaml::{Kind, Node};
use serde_json::{Value, json};
use std::fmt;
use std::str::FromStr;

/// A name by which things refer to each other: a lower-case letter or digit, then those, `-` and `_`; at most 63.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id(String);

/// One line of text for people: not empty, no control characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text(String);

/// The key or value of a Kubernetes label.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label(String);

/// A day of the Gregorian calendar, written as ISO 8601 does: `2026-11-22`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// A service: ports of a protocol, `443/tcp` or `8000-8100/udp`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PortSpec {
    /// The ports.
    pub ports: PortRange,
    /// The protocol; it has ports.
    pub protocol: Protocol,
}

/// The value of a variable or an option: a text, a whole number, or a list of texts, which stand for themselves joined
/// by commas.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Setting(String);

impl Setting {
    /// The value as `--set` takes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Document for Setting {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        match &node.kind {
            Kind::Integer(number) => Some(Self(number.to_string())),
            Kind::Sequence(_) => {
                let list = List::<Text>::read(node, reader)?;
                let texts: Vec<&str> = list.0.iter().map(|text| text.value.as_str()).collect();
                Some(Self(texts.join(",")))
            }
            // A proxy may have a password, which is known for one there and written nowhere.
            _ => parsed(node, reader, "a text", |text| line(text).map(|text| Self(text.to_owned()))),
        }
    }

    fn schema() -> Value {
        json!({"anyOf": [Text::schema(), {"type": "integer"}, List::<Text>::schema()]})
    }
}

impl Id {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Text {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Label {
    /// The label as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PortSpec {
    /// The packets to these ports.
    pub fn transport(self) -> TransportSet {
        TransportSet::port(self.protocol, self.ports)
    }
}

impl FromStr for Id {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let inner =
            |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || matches!(char, '-' | '_');
        let starts = text.starts_with(|char: char| char.is_ascii_lowercase() || char.is_ascii_digit());
        if starts && text.len() <= 63 && text.chars().all(inner) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!(
                "`{text}` is not an id: lower-case letters, digits, `-` and `_` are, at most 63 of them"
            ))
        }
    }
}

impl FromStr for Text {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = line(text)?;
        // It would stand beside rules, in artifacts and reports.
        if has_url_password(text) {
            Err("the text holds a URL with a password".to_owned())
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

/// A text without the space around it, if it is one line that shows all that it holds.
fn line(text: &str) -> Result<&str, String> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        Err("the text is empty".to_owned())
    } else if crate::syntax::text::one_line(trimmed) == trimmed {
        Ok(trimmed)
    } else {
        Err("the text holds line breaks, doubled spaces, or control or invisible characters".to_owned())
    }
}

impl FromStr for Label {
    type Err = String;

    /// Keys may have a DNS prefix and a slash; the name part and values are at most 63 of `A-Za-z0-9-_.`, starting and
    /// ending in a letter or digit (Kubernetes, "Labels and Selectors", Syntax and character set).
    fn from_str(text: &str) -> Result<Self, String> {
        let name = text.rsplit_once('/').map_or(text, |(_, name)| name);
        let prefix_fits = text.rsplit_once('/').is_none_or(|(prefix, _)| prefix.parse::<Hostname>().is_ok());
        let edge = |char: char| char.is_ascii_alphanumeric();
        let inner = |char: char| edge(char) || matches!(char, '-' | '_' | '.');
        let fits = (1..=63).contains(&name.len()) && name.chars().all(inner);
        if prefix_fits && fits && name.starts_with(edge) && name.ends_with(edge) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("`{text}` is not a Kubernetes label"))
        }
    }
}

impl FromStr for Date {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let malformed = || format!("`{text}` is not a date such as `2026-11-22`");
        let mut parts = text.split('-');
        let mut part = |len: usize| {
            let digits =
                parts.next().filter(|part| part.len() == len && part.bytes().all(|b| b.is_ascii_digit()));
            digits.ok_or_else(malformed)
        };
        let year: u16 = part(4)?.parse().map_err(|_| malformed())?;
        let month: u8 = part(2)?.parse().map_err(|_| malformed())?;
        let day: u8 = part(2)?.parse().map_err(|_| malformed())?;
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            4 | 6 | 9 | 11 => 30,
            2 => 28 + u8::from(leap),
            1..=12 => 31,
            _ => 0,
        };
        if parts.next().is_none() && (1..=days).contains(&day) {
            Ok(Self { year, month, day })
        } else {
            Err(malformed())
        }
    }
}

impl FromStr for PortSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((ports, protocol)) = text.split_once('/') else {
            return Err(format!("`{text}` names no protocol, write for example `{text}/tcp`"));
        };
        let ports: PortRange =
            ports.parse().map_err(|error: crate::packet::PortRangeError| error.to_string())?;
        let protocol = Protocol::parse(protocol)
            .filter(|found| found.has_ports() && found.name() == Some(protocol))
            .ok_or_else(|| {
                format!("`{protocol}` is not a protocol with ports: tcp, udp, sctp, dccp, udplite")
            })?;
        Ok(Self { ports, protocol })
    }
}

/// A port, as a pattern.
pub(crate) const PORT: &str =
    "(0|[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])";

/// A host, as a pattern: what can be seen, without the signs of addresses and URLs, and not ending in a number.
fn host() -> String {
    format!("^(?!(.*\\.)?[0-9]+\\.?$){}+$", SEEN.replacen("[^", "[^*?/:@", 1))
}

macro_rules! text_leaf {
    ($($type:ty, $needed:literal, $schema:expr;)*) => {$(
        impl Document for $type {
            fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
                parsed(node, reader, $needed, <$type>::from_str)
            }

            fn schema() -> Value {
                $schema
            }
        }
    )*};
}

text_leaf! {
    Id, "an id", json!({"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,62}$"});
    Text, "a text", json!({"type": "string", "minLength": 1, "pattern": format!("^\\s*{SEEN}+( {SEEN}+)*\\s*$")});
    Label, "a label", json!({"type": "string", "pattern": "^([^*?/:@\\s]+/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$"});
    Date, "a date", json!({"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"});
    PortSpec, "a text such as `443/tcp`", json!({"type": "string", "pattern": format!("^{PORT}(-{PORT})?/(tcp|udp|sctp|dccp|udplite)$")});
    Hostname, "a host name", json!({"type": "string", "minLength": 1, "maxLength": 253, "pattern": host()});
    PathPrefix, "a path", json!({"type": "string", "pattern": "^/[!\"$->@-\\[\\]-~]*$"});
}

impl Document for Prefix {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        parsed(node, reader, "a CIDR block", Self::from_str)
    }

    fn schema() -> Value {
        json!({"type": "string", "pattern": "^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$"})
    }

    fn block(&self) -> Option<Prefix> {
        Some(*self)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl fmt::Display for PortSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.ports, self.protocol)
    }
}
