//! The smallest parts of an answer: texts, lines, services.

use crate::catalog::PORT;
use crate::catalog::read::{Document, Reader, parsed};
use crate::diag::Code;
use crate::packet::PortRange;
use crate::syntax::text::{SEEN, one_line};
use crate::syntax::yaml::{Kind, Node};
use serde_json::{Value, json};

/// A text in which something can be seen, on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said(pub String);

/// The name of a file, to the letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRef(pub String);

/// The number of a line, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line(pub usize);

impl Document for Said {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        parsed(node, reader, "a text", |text| match one_line(text) {
            line if line.is_empty() => Err("the text is empty"),
            line => Ok(Self(line)),
        })
    }

    fn schema() -> Value {
        json!({"type": "string", "pattern": SEEN})
    }
}

impl Document for FileRef {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        parsed(node, reader, "the name of a file", |text| Ok::<_, String>(Self(text.to_owned())))
    }

    fn schema() -> Value {
        json!({"type": "string"})
    }
}

impl Document for Line {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Kind::Integer(number) = node.kind else {
            reader.wrong_kind(node, "the number of a line");
            return None;
        };
        let line = usize::try_from(number).ok().filter(|line| *line > 0);
        if line.is_none() {
            reader.report(Code::CatalogValue, node.span, format!("there is no line {number}"), None);
        }
        line.map(Self)
    }

    fn schema() -> Value {
        json!({"type": "integer", "minimum": 1})
    }
}

/// Texts whose form is checked here and whose meaning is checked with the rest of the rule.
macro_rules! shaped {
    ($($(#[doc = $about:literal])* $name:ident $needed:literal $pattern:expr, $fits:expr;)*) => {$(
        $(#[doc = $about])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name(pub String);

        impl Document for $name {
            fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
                let fits: fn(&str) -> bool = $fits;
                parsed(node, reader, $needed, |text| {
                    if fits(text) { Ok(Self(text.to_owned())) } else { Err(format!("`{text}` is not {}", $needed)) }
                })
            }

            fn schema() -> Value {
                json!({"type": "string", "pattern": $pattern})
            }
        }
    )*};
}

shaped! {
    /// A name of the far end.
    NameText "a name such as `=h`, `.h`, `*.h`, `?.h` or `*`" "^(\\*|(=|\\*\\.|\\?\\.|\\.)[^\\s]+)$",
        |text| {
            let host = ["=", "*.", "?.", "."].iter().find_map(|sign| text.strip_prefix(sign));
            text == "*" || host.is_some_and(|host| !host.is_empty() && !host.contains(char::is_whitespace))
        };
    /// A protocol, or a range of their numbers.
    ProtocolText "a protocol" "^[a-z0-9-]+$",
        |text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    /// A port, or a range of ports.
    PortsText "a port or a range of ports" &format!("^{PORT}(-{PORT})?$"),
        |text| text.parse::<PortRange>().is_ok();
    /// A type of ICMP, with or without a code.
    IcmpText "a type of ICMP" &format!("^{BYTE}(/{BYTE})?$"),
        |text| text.split('/').count() <= 2 && text.split('/').all(is_byte);
}

/// A number below 256, as a pattern.
const BYTE: &str = "(0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])";

fn is_byte(text: &str) -> bool {
    text.parse::<u8>().is_ok_and(|number| number.to_string() == text)
}
