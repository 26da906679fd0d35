//! JSON as programs print it: a tree with a span on every node, and a glance at the keys without building one.
//!
//! YAML contains JSON, and people's files are read as YAML. What tools print can be tens of megabytes, and a file that
//! was cut off must never be read as a smaller one, so it is read here, to the letter of RFC 8259.

use super::yaml::{Key, Kind, Node};
use crate::diag::{Code, Finding, Source, Span, concealed};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How deep lists and objects may be nested. The reader calls itself once for each level.
const DEEPEST: usize = 128;

/// The tree of a text, or the finding of the code that says where it is not JSON. Keys that stand twice are refused.
pub fn parse(source: &Arc<Source>, code: Code) -> Result<Node, Finding> {
    let text = source.text();
    let mut reader = Reader { text, at: start(text), depth: 0 };
    let read = reader.value().and_then(|node| {
        reader.blank();
        if reader.peek().is_none() { Ok(node) } else { Err("more stands here after the end".to_owned()) }
    });
    read.map_err(|message| {
        let span = source.clamp_span(Span::new(reader.at, reader.at.saturating_add(1)));
        // What could not be read may hold a secret.
        Finding::new(code, message).at(&concealed(source), span)
    })
}

/// The text as a JSON string.
pub fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The keys of the object that a text is, or of the first object in the list that it is. None when it is neither; the
/// rest of the text may still be broken.
pub fn keys(text: &str) -> Vec<&str> {
    let mut reader = Reader { text, at: start(text), depth: 0 };
    let mut keys = Vec::new();
    reader.blank();
    let level = match reader.peek() {
        Some(b'{') => 1,
        Some(b'[') => 2,
        _ => return keys,
    };
    while let Some(byte) = reader.peek() {
        reader.at += 1;
        match byte {
            b'{' | b'[' => reader.depth += 1,
            b'}' | b']' => {
                reader.depth = reader.depth.saturating_sub(1);
                if reader.depth < level {
                    break;
                }
            }
            b'"' => {
                let from = reader.at;
                while let Some(byte) = reader.peek().filter(|byte| *byte != b'"') {
                    reader.at += if byte == b'\\' { 2 } else { 1 };
                }
                let word = text.get(from..reader.at);
                reader.at += 1;
                if reader.depth == level {
                    reader.blank();
                    keys.extend(word.filter(|_| reader.peek() == Some(b':')));
                }
            }
            _ => {}
        }
    }
    keys
}

/// Where the text begins: after the mark that some programs put before it.
fn start(text: &str) -> usize {
    if text.starts_with('\u{FEFF}') { '\u{FEFF}'.len_utf8() } else { 0 }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

type Read<T> = Result<T, String>;

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blank(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Steps over a byte when it is the next one.
    fn takes(&mut self, byte: u8) -> bool {
        let next = self.peek() == Some(byte);
        self.at += usize::from(next);
        next
    }

    fn value(&mut self) -> Read<Node> {
        self.blank();
        let from = self.at;
        let kind = match self.peek() {
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::list)?,
            Some(b'"') => Kind::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true", Kind::Bool(true))?,
            Some(b'f') => self.word("false", Kind::Bool(false))?,
            Some(b'n') => self.word("null", Kind::Null)?,
            Some(_) => return Err("no JSON value stands here".to_owned()),
            None => return Err("the text ends where a value is needed".to_owned()),
        };
        Ok(Node { span: Span::new(from, self.at), kind })
    }

    fn nested(&mut self, read: impl Fn(&mut Self) -> Read<Kind>) -> Read<Kind> {
        if self.depth == DEEPEST {
            return Err(format!("lists and objects are nested deeper than {DEEPEST} levels"));
        }
        self.depth += 1;
        self.at += 1;
        let kind = read(self)?;
        self.depth -= 1;
        Ok(kind)
    }

    fn list(&mut self) -> Read<Kind> {
        let mut items = Vec::new();
        self.blank();
        if self.takes(b']') {
            return Ok(Kind::Sequence(items));
        }
        loop {
            items.push(self.value()?);
            if self.closes(b']')? {
                return Ok(Kind::Sequence(items));
            }
        }
    }

    fn object(&mut self) -> Read<Kind> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        self.blank();
        if self.takes(b'}') {
            return Ok(Kind::Mapping(entries));
        }
        loop {
            self.blank();
            let from = self.at;
            if self.peek() != Some(b'"') {
                return Err("a key in quotes is needed here".to_owned());
            }
            let name = self.string()?;
            let span = Span::new(from, self.at);
            self.blank();
            if !self.takes(b':') {
                return Err(format!("`:` is needed after the key `{name}`"));
            }
            entries.push((Key { span, name }, self.value()?));
            if self.closes(b'}')? {
                break;
            }
        }
        let mut seen = BTreeSet::new();
        if let Some((key, _)) = entries.iter().find(|(key, _)| !seen.insert(key.name.as_str())) {
            self.at = key.span.start;
            return Err(format!("the key `{}` stands here twice", key.name));
        }
        Ok(Kind::Mapping(entries))
    }

    /// Reports whether a list or object ends here; otherwise a comma must stand here.
    fn closes(&mut self, end: u8) -> Read<bool> {
        self.blank();
        if self.takes(end) {
            Ok(true)
        } else if self.takes(b',') {
            Ok(false)
        } else if self.peek().is_none() {
            Err(format!("the text ends where `,` or `{}` is needed", char::from(end)))
        } else {
            Err(format!("`,` or `{}` is needed here", char::from(end)))
        }
    }

    fn word(&mut self, word: &str, kind: Kind) -> Read<Kind> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word) {
            return Err(format!("`{word}` is needed here"));
        }
        self.at += word.len();
        Ok(kind)
    }

    fn number(&mut self) -> Read<Kind> {
        let from = self.at;
        self.takes(b'-');
        if !self.takes(b'0') {
            self.digits()?;
        }
        let whole = !matches!(self.peek(), Some(b'.' | b'e' | b'E'));
        if self.takes(b'.') {
            self.digits()?;
        }
        if self.takes(b'e') || self.takes(b'E') {
            let _ = self.takes(b'+') || self.takes(b'-');
            self.digits()?;
        }
        let text = self.text.get(from..self.at).unwrap_or_default();
        let integer = text.parse().ok().filter(|_| whole).map(Kind::Integer);
        integer.or_else(|| text.parse().ok().map(Kind::Float)).ok_or_else(|| format!("`{text}` is no number"))
    }

    fn digits(&mut self) -> Read<()> {
        let from = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == from { Err("a digit is needed here".to_owned()) } else { Ok(()) }
    }

    fn string(&mut self) -> Read<String> {
        self.at += 1;
        let mut text = String::new();
        loop {
            text.push_str(self.plain());
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => {
                    self.at += 1;
                    text.push(self.escape()?);
                }
                Some(_) => return Err("a control character stands in a text".to_owned()),
                None => return Err("the text ends inside of quotes".to_owned()),
            }
        }
    }

    /// The characters up to the end of a text, or to one that needs care.
    fn plain(&mut self) -> &'a str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let end = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1F));
        let plain = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        self.at += plain.len();
        plain
    }

    fn escape(&mut self) -> Read<char> {
        let byte = self.peek();
        self.at += 1;
        Ok(match byte {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{C}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            Some(_) | None => {
                self.at -= 1;
                return Err("no escape that JSON has stands here".to_owned());
            }
        })
    }

    /// One character as `\uXXXX`, or as two of them.
    fn unicode(&mut self) -> Read<char> {
        let first = self.hex()?;
        let pair = (0xD800..0xDC00).contains(&first) && self.takes(b'\\') && self.takes(b'u');
        let code = if pair {
            let second = self.hex()?;
            let low = second.checked_sub(0xDC00).filter(|low| *low < 0x400);
            low.map_or(first, |low| 0x1_0000 + ((first - 0xD800) << 10) + low)
        } else {
            first
        };
        char::from_u32(code).ok_or_else(|| "half of a character stands here".to_owned())
    }

    fn hex(&mut self) -> Read<u32> {
        let digits = self.text.get(self.at..self.at.saturating_add(4)).unwrap_or_default();
        let plain = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let code = u32::from_str_radix(digits, 16).ok().filter(|_| plain);
        self.at += if plain { 4 } else { 0 };
        code.ok_or_else(|| "four hexadecimal digits are needed after `\\u`".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Node, Finding> {
        parse(&Arc::new(Source::new("x.json", text)), Code::ReadSyntax)
    }

    /// The tree as `serde_json` would have it.
    fn plain(node: &Node) -> serde_json::Value {
        match &node.kind {
            Kind::Null => serde_json::Value::Null,
            Kind::Bool(flag) => (*flag).into(),
            Kind::Integer(number) => i64::try_from(*number).unwrap().into(),
            Kind::Float(number) => (*number).into(),
            Kind::String(text) => text.as_str().into(),
            Kind::Sequence(items) => items.iter().map(plain).collect(),
            Kind::Mapping(entries) => serde_json::Value::Object(
                entries.iter().map(|(key, node)| (key.name.clone(), plain(node))).collect(),
            ),
        }
    }

    #[test]
    fn every_text_is_read_or_refused_as_serde_json_does() {
        for text in [
            "{}",
            "[]",
            " [1, -2.5e3, 0, true, false, null, \"a\"] ",
            r#"{"a": {"b": [{}]}, "c": "\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"}"#,
            "",
            " ",
            "{",
            "[1,]",
            "[1 2]",
            "{\"a\"}",
            "{\"a\": }",
            "{a: 1}",
            "{'a': 1}",
            "01",
            "1.",
            "-",
            "1e",
            "+1",
            "tru",
            "nullx",
            "\"a",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\ud800\"",
            "\"\\ud800\\u0041\"",
            "\"\\udc00\"",
            "\"tab\there\"",
            "{} {}",
            "// x\n{}",
            "[1]\u{A0}",
            "é",
        ] {
            let other: Result<serde_json::Value, _> = serde_json::from_str(text);
            assert_eq!(read(text).ok().as_ref().map(plain), other.ok(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_value_comes_back_and_any_cut_of_it_is_refused(
            names in proptest::collection::btree_map("\\PC{0,6}", "(?s).{0,12}", 0..8),
            numbers in proptest::collection::vec(any::<i64>(), 0..6),
            cut in 0.0..1.0,
        ) {
            let value = serde_json::json!({"names": names, "numbers": numbers});
            for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
                prop_assert_eq!(plain(&read(&text).unwrap()), value.clone());
                let cut = (0..text.len()).rev().find(|at| {
                    text.is_char_boundary(*at) && f64::from(u32::try_from(*at).unwrap()) <= cut * f64::from(u32::try_from(text.len() - 1).unwrap())
                });
                prop_assert!(read(&text[..cut.unwrap()]).is_err());
                prop_assert_eq!(keys(&text), ["names", "numbers"]);
            }
        }
    }

    #[test]
    fn places_are_those_of_the_text() {
        let text = "\u{FEFF}{\n  \"é\": [1, \"x\"]}";
        let node = read(text).unwrap();
        let span = node.get("é").unwrap().span;
        assert_eq!(&text[span.start..span.end], "[1, \"x\"]");
        let twice = read("{\"a\": 1,\n \"a\": 2}").unwrap_err();
        assert_eq!(twice.message, "the key `a` stands here twice");
        let place = twice.place.unwrap();
        assert_eq!(place.source.line_column(place.span.start), (2, 2));
    }

    #[test]
    fn keys_are_those_of_the_first_level() {
        assert_eq!(keys(r#" {"a": {"b": 1}, "c\"": "d", "e" : [{"f": "g:"}]}"#), ["a", "c\\\"", "e"]);
        assert_eq!(keys(r#"[{"a": ["b"]}, {"c": 1}]"#), ["a"]);
        assert_eq!(keys("[[1]]"), [""; 0]);
        for broken in ["", "\"a\": 1", "{\"a", "{\"a\\", "{", "[", "[{\"a\"", "x"] {
            assert_eq!(keys(broken), [""; 0]);
        }
    }

    #[test]
    fn nesting_has_an_end() {
        assert!(read(&format!("{}{}", "[".repeat(DEEPEST), "]".repeat(DEEPEST))).is_ok());
        for open in ["[", "{\"a\":"] {
            assert!(read(&open.repeat(100_000)).unwrap_err().message.contains("nested"));
        }
    }
}
