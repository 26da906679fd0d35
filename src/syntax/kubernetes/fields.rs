//! Reading an object of Kubernetes field by field, refusing what the API server or `kubectl` refuses.

use crate::diag::{Code, Finding, Source, Span, suggest};
use crate::syntax::yaml::{Key, Kind, Node};
use std::fmt;
use std::sync::Arc;

/// Where a field stands in its object: `spec.egress[0].to[1].ipBlock`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Path<'a> {
    /// The object itself.
    Root,
    /// A field of an object.
    Field(&'a Path<'a>, &'a str),
    /// An item of a list.
    Item(&'a Path<'a>, usize),
}

/// What reads one file and collects what there is to say about it.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    /// The file.
    pub(crate) source: &'a Arc<Source>,
    /// The namespace of the object that is being read.
    pub(crate) namespace: String,
    /// What was found so far.
    pub(crate) findings: Vec<Finding>,
}

/// The fields of an object that was checked for unknown ones.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'n> {
    entries: &'n [(Key, Node)],
}

impl<'n> Fields<'n> {
    /// The value of a field. `null` is the same as no field, as it is for the API server.
    pub(crate) fn get(self, name: &str) -> Option<&'n Node> {
        self.written(name).filter(|node| node.kind != Kind::Null)
    }

    /// The value of a field as it is written, `null` included.
    pub(crate) fn written(self, name: &str) -> Option<&'n Node> {
        self.entries.iter().find(|(key, _)| key.name == name).map(|(_, node)| node)
    }
}

impl Reader<'_> {
    /// Refuses something, as the API server would.
    pub(crate) fn refuse(&mut self, span: Span, path: &Path<'_>, why: impl fmt::Display) {
        self.find(Code::ReadRefused, span, path, why);
    }

    /// Says something about a field.
    pub(crate) fn find(&mut self, code: Code, span: Span, path: &Path<'_>, what: impl fmt::Display) {
        let message = match path {
            Path::Root => what.to_string(),
            Path::Field(..) | Path::Item(..) => format!("`{path}`: {what}"),
        };
        self.findings.push(Finding::new(code, message).at(self.source, span));
    }

    /// The fields of an object of which these are known; `null` has none. Any other field is refused.
    pub(crate) fn object<'n>(
        &mut self,
        node: &'n Node,
        path: &Path<'_>,
        known: &[&str],
    ) -> Option<Fields<'n>> {
        let entries = self.entries(node, path)?;
        for (key, _) in entries {
            if !known.contains(&key.name.as_str()) {
                let near = suggest(&key.name, known.iter().copied());
                let near = near.map_or_else(String::new, |near| format!(", did you mean `{near}`"));
                self.refuse(key.span, path, format!("`{}` is not a field here{near}", key.name));
            }
        }
        Some(Fields { entries })
    }

    /// The keys and values of an object; `null` has none.
    pub(crate) fn entries<'n>(&mut self, node: &'n Node, path: &Path<'_>) -> Option<&'n [(Key, Node)]> {
        match &node.kind {
            Kind::Mapping(entries) => Some(entries),
            Kind::Null => Some(&[]),
            other => {
                self.refuse(node.span, path, format!("{} where an object is needed", other.describe()));
                None
            }
        }
    }

    /// The items of a list.
    pub(crate) fn list<'n>(&mut self, node: &'n Node, path: &Path<'_>) -> Option<&'n [Node]> {
        match &node.kind {
            Kind::Sequence(items) => Some(items),
            other => {
                self.refuse(node.span, path, format!("{} where a list is needed", other.describe()));
                None
            }
        }
    }

    /// A text. What YAML 1.1, which `kubectl` reads, takes for a boolean or a number is refused, as `kubectl` does.
    pub(crate) fn text<'n>(&mut self, node: &'n Node, path: &Path<'_>) -> Option<&'n str> {
        match &node.kind {
            Kind::String(text) if self.is_plain(node.span) && is_no_text_in_yaml_1_1(text) => {
                self.refuse(
                    node.span,
                    path,
                    format!("`{text}` without quotes is not a text for `kubectl`: quote it"),
                );
                None
            }
            Kind::String(text) => Some(text),
            other => {
                self.refuse(
                    node.span,
                    path,
                    format!("{} where a text is needed: quote it", other.describe()),
                );
                None
            }
        }
    }

    /// The name of a key that is free, such as that of a label.
    pub(crate) fn key<'n>(&mut self, key: &'n Key, path: &Path<'_>) -> Option<&'n str> {
        if self.is_plain(key.span) && is_boolean_in_yaml_1_1(&key.name) {
            self.refuse(
                key.span,
                path,
                format!("`{}` without quotes is a boolean for `kubectl`: quote it", key.name),
            );
            return None;
        }
        Some(&key.name)
    }

    /// A text, or nothing when the field is missing.
    pub(crate) fn optional_text<'n>(
        &mut self,
        fields: Fields<'n>,
        name: &str,
        path: &Path<'_>,
    ) -> Option<&'n str> {
        fields.get(name).and_then(|node| self.text(node, &Path::Field(path, name)))
    }

    /// The texts of a list; what is no text is refused and left out.
    pub(crate) fn texts<'n>(&mut self, node: &'n Node, path: &Path<'_>) -> Vec<(&'n Node, &'n str)> {
        let items = self.list(node, path).unwrap_or_default();
        let mut texts = Vec::new();
        for (index, item) in items.iter().enumerate() {
            texts.extend(self.text(item, &Path::Item(path, index)).map(|text| (item, text)));
        }
        texts
    }

    /// How many errors were found so far.
    pub(crate) fn errors(&self) -> usize {
        self.findings.iter().filter(|finding| finding.is_error()).count()
    }

    /// Reports whether a scalar is written without quotes. Of an alias it is not known; what it stands for is read
    /// where its anchor is.
    fn is_plain(&self, span: Span) -> bool {
        !self.source.slice(span).starts_with(['"', '\'', '*'])
    }
}

/// A value in one line, the same for the same value however it is written.
pub(crate) fn compact(node: &Node) -> String {
    match &node.kind {
        Kind::Null => "null".to_owned(),
        Kind::Bool(value) => value.to_string(),
        Kind::Integer(value) => value.to_string(),
        Kind::Float(value) => value.to_string(),
        Kind::String(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        Kind::Sequence(items) => format!("[{}]", items.iter().map(compact).collect::<Vec<_>>().join(", ")),
        Kind::Mapping(entries) => {
            let mut entries: Vec<String> =
                entries.iter().map(|(key, value)| format!("{}: {}", key.name, compact(value))).collect();
            entries.sort();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Field(Path::Root, name) => f.write_str(name),
            Self::Field(parent, name) => write!(f, "{parent}.{name}"),
            Self::Item(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// The words of <https://yaml.org/type/bool.html>, which the YAML reader of Kubernetes follows.
fn is_boolean_in_yaml_1_1(text: &str) -> bool {
    ["y", "n", "yes", "no", "true", "false", "on", "off"].into_iter().any(|word| {
        let mut title = word.to_owned();
        if let Some(first) = title.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        text == word || text == title || text == word.to_ascii_uppercase()
    })
}

/// What YAML 1.1 reads as a boolean or a number, and YAML 1.2 as a text: `no`, `0755`, `1_000`.
fn is_no_text_in_yaml_1_1(text: &str) -> bool {
    let digits = text.trim_start_matches(['+', '-']);
    let number = digits.starts_with(|char: char| char.is_ascii_digit())
        && digits
            .chars()
            .all(|char| char.is_ascii_hexdigit() || matches!(char, '_' | '.' | 'x' | 'o' | '+' | '-'))
        && digits.replace('_', "").parse::<f64>().is_ok();
    let based = [("0x", 16), ("0b", 2), ("0o", 8)].into_iter().any(|(sign, base)| {
        digits.strip_prefix(sign).is_some_and(|rest| {
            !rest.is_empty() && rest.chars().all(|char| char == '_' || char.is_digit(base))
        })
    });
    is_boolean_in_yaml_1_1(text) || number || based
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_numbers_of_yaml_1_1_are_no_texts() {
        for text in [
            "no", "No", "NO", "on", "y", "N", "0755", "1_000", "+0_1", "0x_1F", "1_0.5", "0b11", "089",
            "1.e+3",
        ] {
            assert!(is_no_text_in_yaml_1_1(text), "{text}");
        }
        for text in [
            "nO",
            "agent",
            "a1",
            "22:22",
            "1a",
            "v1",
            "2001-01-01",
            "",
            "-",
            "1.2.3",
            "face",
            "0bad",
            "0b",
            "0x",
        ] {
            assert!(!is_no_text_in_yaml_1_1(text), "{text}");
        }
    }

    #[test]
    fn a_path_reads_like_the_api_server_writes_it() {
        let spec = Path::Field(&Path::Root, "spec");
        let egress = Path::Field(&spec, "egress");
        assert_eq!(Path::Field(&Path::Item(&egress, 2), "to").to_string(), "spec.egress[2].to");
    }
}
