//! A fast way through the YAML that people and programs mostly write: block style, short flow lists, texts on one line.
//!
//! It answers only what it is sure of. Anchors, tags, escapes, texts over several lines, tabs, comments behind a value,
//! keys that stand twice, and whatever else is no plain file is left to the whole reader, which also says what is wrong.
// INVARIANT: where there is an answer, it is the one of the whole reader, places and all.

use super::{Key, Kind, Node};
use crate::diag::Span;
use std::collections::BTreeSet;

/// The deepest nesting that is followed here.
const DEEPEST: usize = 24;
/// The most nodes, well within what the whole reader takes.
const MOST_NODES: usize = 2_000_000;
/// Words that are no texts in some spelling.
const WORDS: [&str; 6] = ["null", "true", "false", "nan", "inf", "infinity"];

/// The documents of a text, if it is a plain one.
pub(super) fn parse(text: &str) -> Option<Vec<Node>> {
    if !text.bytes().all(|byte| byte == b'\n' || byte >= b' ')
        || !text.is_ascii() && !text.chars().all(is_usual)
    {
        return None;
    }
    let mut documents = Vec::new();
    let mut reader = Reader { text, lines: Vec::new(), at: 0, nodes: 0 };
    let (mut start, mut several) = (0, false);
    for line in text.split('\n') {
        let bare = line.trim_end_matches(' ');
        let begins = line.len().saturating_sub(line.trim_start_matches(' ').len());
        if bare.starts_with("---") || bare.starts_with("...") || bare.starts_with('%') {
            if bare != "---" {
                return None;
            }
            if several || !reader.lines.is_empty() {
                documents.push(reader.document()?);
            }
            several = true;
        } else if !bare.is_empty() && bare.as_bytes().get(begins) != Some(&b'#') {
            reader.lines.push(Line { indent: begins, start: start + begins, end: start + bare.len() });
        }
        start += line.len() + 1;
    }
    documents.push(reader.document()?);
    Some(documents)
}

/// Reports whether a character beyond ASCII is one that no reader takes for a line break, a mark or a control.
fn is_usual(char: char) -> bool {
    matches!(char, '\n' | ' '..='~' | '\u{A0}'..='\u{2027}' | '\u{202A}'..='\u{D7FF}' | '\u{E000}'..='\u{FEFE}'
        | '\u{FF00}'..='\u{FFFD}' | '\u{10000}'..)
}

/// A line that says something, from its first character to its last.
#[derive(Clone, Copy)]
struct Line {
    indent: usize,
    start: usize,
    end: usize,
}

struct Reader<'a> {
    text: &'a str,
    lines: Vec<Line>,
    at: usize,
    nodes: usize,
}

impl<'a> Reader<'a> {
    /// The document that the lines make up.
    fn document(&mut self) -> Option<Node> {
        let first = *self.lines.first()?;
        self.at = 0;
        let node = self.block(first.indent, 0)?;
        // What is not in the block is in no plain place.
        let is_whole = self.at == self.lines.len();
        self.lines.clear();
        is_whole.then_some(node)
    }

    fn line(&self) -> Option<Line> {
        self.lines.get(self.at).copied()
    }

    fn slice(&self, start: usize, end: usize) -> Option<&'a str> {
        self.text.get(start..end)
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    /// Where the item of a line begins that is one of a sequence.
    fn item(&self, line: Line) -> Option<usize> {
        let rest = self.slice(line.start, line.end)?.strip_prefix("- ")?;
        Some(line.end - rest.trim_start_matches(' ').len())
    }

    fn is_item(&self, line: Line) -> bool {
        self.byte(line.start) == Some(b'-')
    }

    fn block(&mut self, indent: usize, depth: usize) -> Option<Node> {
        if depth > DEEPEST {
            return None;
        }
        if self.is_item(self.line()?) {
            self.sequence(indent, false, depth)
        } else {
            self.mapping(indent, depth)
        }
    }

    /// What stands below a key: a block, or a value on a line of its own.
    fn below(&mut self, line: Line, depth: usize) -> Option<Node> {
        if self.is_item(line) || self.key(line).is_some() {
            return self.block(line.indent, depth);
        }
        self.at += 1;
        self.whole(line.start, line.end, depth)
    }

    fn sequence(&mut self, indent: usize, is_level: bool, depth: usize) -> Option<Node> {
        let first = self.line()?;
        // The whole reader gives a list that is no deeper than its key the place of its first item.
        let start = if is_level { self.item(first)? } else { first.start };
        let mut items: Vec<Node> = Vec::new();
        while let Some(line) = self.line().filter(|line| line.indent == indent && self.is_item(*line)) {
            let begins = self.item(line)?;
            let inner = Line { indent: indent + (begins - line.start), start: begins, ..line };
            if self.is_item(inner) {
                return None;
            }
            let item = if self.key(inner).is_some() {
                *self.lines.get_mut(self.at)? = inner;
                self.mapping(inner.indent, depth + 1)?
            } else {
                self.at += 1;
                self.whole(inner.start, inner.end, depth)?
            };
            items.push(item);
            self.ends(indent)?;
        }
        let end = items.last()?.span.end;
        self.node(Span::new(start, end), Kind::Sequence(items))
    }

    fn mapping(&mut self, indent: usize, depth: usize) -> Option<Node> {
        let start = self.line()?.start;
        let mut entries: Vec<(Key, Node)> = Vec::new();
        while let Some(line) = self.line().filter(|line| line.indent == indent) {
            // An item at the place of a key belongs to the sequence around this mapping, which no plain file has.
            let (key, behind) = self.key(line)?;
            self.at += 1;
            let value = if behind < line.end {
                self.whole(behind, line.end, depth)?
            } else {
                let below = self.line()?;
                if below.indent == indent && self.is_item(below) {
                    self.sequence(indent, true, depth + 1)?
                } else if below.indent > indent {
                    self.below(below, depth + 1)?
                } else {
                    return None;
                }
            };
            entries.push((key, value));
            self.ends(indent)?;
        }
        let end = entries.last()?.1.span.end;
        self.mapped(Span::new(start, end), entries)
    }

    fn mapped(&mut self, span: Span, entries: Vec<(Key, Node)>) -> Option<Node> {
        let names: BTreeSet<&str> = entries.iter().map(|(key, _)| key.name.as_str()).collect();
        if names.len() < entries.len() {
            return None;
        }
        self.node(span, Kind::Mapping(entries))
    }

    /// Nothing follows that is deeper than what was read: it would go on with it.
    fn ends(&self, indent: usize) -> Option<()> {
        self.line().is_none_or(|line| line.indent <= indent).then_some(())
    }

    /// The key that a line begins with, and where its value begins: at the end of the line where it stands below.
    fn key(&self, line: Line) -> Option<(Key, usize)> {
        let (key, colon) = self.key_at(line.start, line.end)?;
        let rest = self.slice(colon, line.end)?.strip_prefix(':')?;
        let bare = rest.trim_start_matches(' ');
        (rest.is_empty() || bare.len() < rest.len()).then_some((key, line.end - bare.len()))
    }

    /// A key, and where it ends.
    fn key_at(&self, start: usize, end: usize) -> Option<(Key, usize)> {
        let text = self.slice(start, end)?;
        if text.starts_with('"') {
            let inner = quoted(text, b'"')?;
            let ends = start + inner.len() + 2;
            return Some((Key { span: Span::new(start, ends), name: inner.to_owned() }, ends));
        }
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/');
        let len = text.bytes().position(|byte| !inner(byte))?;
        let name = text.get(..len)?;
        if !name.starts_with(|char: char| char.is_ascii_alphabetic()) || is_word(name) {
            return None;
        }
        Some((Key { span: Span::new(start, start + len), name: name.to_owned() }, start + len))
    }

    /// The value that makes up a whole stretch.
    fn whole(&mut self, start: usize, end: usize, depth: usize) -> Option<Node> {
        let (node, next) = self.value(start, end, false, depth + 1)?;
        (next == end).then_some(node)
    }

    /// A value, and where it ends.
    fn value(&mut self, start: usize, end: usize, in_flow: bool, depth: usize) -> Option<(Node, usize)> {
        let text = self.slice(start, end)?;
        if depth > DEEPEST {
            return None;
        }
        match self.byte(start)? {
            quote @ (b'"' | b'\'') => {
                let inner = quoted(text, quote)?;
                let ends = start + inner.len() + 2;
                let node = self.node(Span::new(start, ends), Kind::String(inner.to_owned()))?;
                Some((node, ends))
            }
            b'[' => self.list(start, end, depth),
            b'{' => self.table(start, end, depth),
            _ => {
                let len = if in_flow { text.find([',', ']', '}']).unwrap_or(text.len()) } else { text.len() };
                let bare = text.get(..len)?.trim_end_matches(' ');
                let ends = start + bare.len();
                let node = self.node(Span::new(start, ends), scalar(bare)?)?;
                Some((node, ends))
            }
        }
    }

    fn list(&mut self, start: usize, end: usize, depth: usize) -> Option<(Node, usize)> {
        let (mut items, mut at) = (Vec::new(), start + 1);
        loop {
            at = self.blank(at);
            let (item, next) = self.value(at, end, true, depth + 1)?;
            let last = item.span.end;
            items.push(item);
            at = self.blank(next);
            match self.byte(at).filter(|_| at < end)? {
                b',' => at += 1,
                b']' => {
                    let node = self.node(Span::new(start, last), Kind::Sequence(items))?;
                    return Some((node, at + 1));
                }
                _ => return None,
            }
        }
    }

    fn table(&mut self, start: usize, end: usize, depth: usize) -> Option<(Node, usize)> {
        let (mut entries, mut at) = (Vec::new(), start + 1);
        loop {
            at = self.blank(at);
            let (key, colon) = self.key_at(at, end)?;
            let begins = colon + 2;
            if self.slice(colon, begins)? != ": " {
                return None;
            }
            let (value, next) = self.value(self.blank(begins), end, true, depth + 1)?;
            let last = value.span.end;
            entries.push((key, value));
            at = self.blank(next);
            match self.byte(at).filter(|_| at < end)? {
                b',' => at += 1,
                b'}' => return Some((self.mapped(Span::new(start, last), entries)?, at + 1)),
                _ => return None,
            }
        }
    }

    /// The first byte from here that is no space.
    fn blank(&self, mut at: usize) -> usize {
        while self.byte(at) == Some(b' ') {
            at += 1;
        }
        at
    }

    fn node(&mut self, span: Span, kind: Kind) -> Option<Node> {
        self.nodes += 1;
        (self.nodes <= MOST_NODES).then_some(Node { span, kind })
    }
}

/// What a quoted text says that ends on its line and needs no escape.
fn quoted(text: &str, quote: u8) -> Option<&str> {
    let inner = text.get(1..)?;
    let len = inner.bytes().position(|byte| byte == quote)?;
    let said = inner.get(..len)?;
    let escapes =
        if quote == b'"' { said.contains('\\') } else { inner.as_bytes().get(len + 1) == Some(&quote) };
    (!escapes).then_some(said)
}

/// What a text without quotes is, where that is beyond doubt.
fn scalar(text: &str) -> Option<Kind> {
    let bytes = text.as_bytes();
    let begins = *bytes.first()?;
    let usual = |(at, byte): (usize, &u8)| match byte {
        b'.' | b'_' | b'/' | b'-' | b'@' | b'+' | b' ' => true,
        // A colon before a space would make a key.
        b':' => {
            bytes.get(at + 1).is_some_and(|next| next.is_ascii_alphanumeric() || matches!(next, b':' | b'/'))
        }
        _ => byte.is_ascii_alphanumeric(),
    };
    if !bytes.iter().enumerate().all(usual) {
        return None;
    }
    match text {
        "true" => return Some(Kind::Bool(true)),
        "false" => return Some(Kind::Bool(false)),
        _ => {}
    }
    if begins.is_ascii_alphabetic() || begins == b'/' {
        return (!is_word(text)).then(|| Kind::String(text.to_owned()));
    }
    if begins == b'.' {
        // `.svc`; `.inf` and `.nan` are numbers, and so is `.5`.
        let rest = text.get(1..)?;
        let is_name = rest.starts_with(|char: char| char.is_ascii_alphabetic()) && !is_word(rest);
        return is_name.then(|| Kind::String(text.to_owned()));
    }
    if !begins.is_ascii_digit() {
        return None;
    }
    // A revision such as `5919ac5`: no number has such letters, but for one in hexadecimal, which begins with a zero.
    let is_letter = |byte: &u8| byte.is_ascii_alphabetic() && !byte.eq_ignore_ascii_case(&b'e');
    if begins != b'0' && bytes.iter().all(u8::is_ascii_alphanumeric) && bytes.iter().any(is_letter) {
        return Some(Kind::String(text.to_owned()));
    }
    if bytes.contains(&b'/') || text.matches('.').nth(1).is_some() {
        return Some(Kind::String(text.to_owned()));
    }
    let is_number = bytes.iter().all(u8::is_ascii_digit) && (begins != b'0' || bytes.len() == 1);
    if is_number && bytes.len() <= 18 { text.parse().ok().map(Kind::Integer) } else { None }
}

fn is_word(text: &str) -> bool {
    text.len() <= 8 && WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}
