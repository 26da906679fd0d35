//! What stands in `artifact.yaml`: every key, in the order of the JSON Schema.

use crate::catalog::read::{Document, List, Reader, document, parsed, words};
use crate::catalog::{Id, NeedId, PortSpec, Text};
use crate::syntax::yaml::Node;
use serde_json::{Value, json};
use std::str::FromStr;

document! {
    /// An artifact of your own: templates, and how what they write is to be read.
    ManifestDocument {
        /// The version of the format, `egressor/artifact/v1`.
        required schema: ArtifactVersion,
        /// The name by which `-t` knows it.
        required name: Id,
        /// One line for people.
        required summary: Text,
        /// What a peer is: addresses or host names.
        required peers: PeersWord,
        /// The only family of addresses that the syntax can say; both when left out.
        optional family: FamilyWord,
        /// What one rule set is attached to: the host, or the pods of a component. The host when left out.
        optional scoping: ScopingWord,
        /// Whether rules for traffic coming in can be written. Not when left out.
        optional ingress: bool,
        /// What it needs besides the endpoints. Nothing when left out.
        optional needs: List<NeedId>,
        /// How a comment begins; `none` where the syntax has no comments, which needs a reader.
        required comment: CommentWord,
        /// How the filter `value` quotes.
        required value: ValueWord,
        /// The files.
        required files: List<FileDocument>,
        /// What proves the files: `list`, the name of a format that egressor reads, `program` for the one that
        /// `--reader` names, or `none`.
        required reader: Id,
        /// The form of the list, for the reader `list`.
        optional list: ListDocument,
    }
}

words! {
    /// The version of the format.
    ArtifactVersion {
        /// The first version.
        V1 = "egressor/artifact/v1",
    }
}

words! {
    /// What a peer is.
    PeersWord {
        /// Addresses.
        Addresses = "addresses",
        /// Host names.
        Names = "names",
    }
}

words! {
    /// A family of addresses.
    FamilyWord {
        /// IPv4.
        Ipv4 = "ipv4",
        /// IPv6.
        Ipv6 = "ipv6",
    }
}

words! {
    /// What a rule set is attached to.
    ScopingWord {
        /// The host or network.
        Host = "host",
        /// The pods of one component.
        Component = "component",
    }
}

words! {
    /// How a comment begins.
    CommentWord {
        /// `#`.
        Hash = "#",
        /// `;`.
        Semicolon = ";",
        /// `//`.
        Slashes = "//",
        /// There are no comments.
        None = "none",
    }
}

words! {
    /// How a value is quoted.
    ValueWord {
        /// Not at all: letters, digits and `. _ - : / @`.
        Word = "word",
        /// Between double quotes, with backslashes.
        DoubleQuoted = "double-quoted",
        /// As a YAML string.
        Yaml = "yaml",
        /// As a JSON string.
        Json = "json",
        /// As an HCL string.
        Hcl = "hcl",
    }
}

document! {
    /// One file.
    FileDocument {
        /// Its name below the output folder.
        required path: FileName,
        /// The template beside the manifest.
        required template: FileName,
    }
}

document! {
    /// A list of peers, one on a line, all of them reached at the same services.
    ListDocument {
        /// What a line says, `{peer}` being the peer. The peer alone when left out.
        optional entry: EntryText,
        /// The line that closes the list, where there is one.
        optional closing: Text,
        /// The services at which the peers of the list are reached, as `443/tcp`.
        required services: List<PortSpec>,
    }
}

/// The form of a line, in which `{peer}` stands once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryText(Text);

impl EntryText {
    /// What stands before the peer, and what behind it.
    pub fn parts(&self) -> (&str, &str) {
        self.0.as_str().split_once("{peer}").unwrap_or_default()
    }
}

impl FromStr for EntryText {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text: Text = text.parse()?;
        if text.as_str().matches("{peer}").count() == 1 {
            Ok(Self(text))
        } else {
            Err("the entry names `{peer}` once".to_owned())
        }
    }
}

impl Document for EntryText {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        parsed(node, reader, "a text with `{peer}`", Self::from_str)
    }

    fn schema() -> Value {
        let twice = json!({"not": {"pattern": "\\{peer\\}.*\\{peer\\}"}});
        json!({"allOf": [Text::schema(), {"pattern": "\\{peer\\}"}, twice]})
    }
}

/// The name of a file, without a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileName(String);

impl FileName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for FileName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain = |char: char| char.is_ascii_alphanumeric() || matches!(char, '.' | '_' | '-');
        let fits = text.starts_with(|char: char| char.is_ascii_alphanumeric()) && text.len() <= 100;
        if fits && text.chars().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("`{text}` is not a file name: letters, digits, `.`, `_` and `-`, and no folder"))
        }
    }
}

impl Document for FileName {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        parsed(node, reader, "a file name", Self::from_str)
    }

    fn schema() -> Value {
        json!({"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"})
    }
}
