//! Calico's language of selectors: what of it asks for labels one by one, and how that is written.
//!
//! <https://docs.tigera.io/calico/latest/reference/resources/globalnetworkpolicy#selectors>

use crate::syntax::kubernetes::names;
use crate::syntax::kubernetes::selector::{Selector, Test};
use std::collections::BTreeSet;

/// What a selector asks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Asked {
    /// Labels, all of which must be so.
    Labels(Selector),
    /// What belongs to no namespace.
    Global,
    /// Something else, in one spelling.
    Other(String),
}

/// What a selector asks; `None` when it is none.
pub(super) fn parse(text: &str) -> Option<Asked> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, at: 0, selector: Selector::default(), plain: true };
    if tokens.is_empty() {
        return Some(Asked::Labels(Selector::default()));
    }
    parser.either(0)?;
    if parser.at != tokens.len() {
        return None;
    }
    if tokens == [Token::Word("global"), Token::Sign("("), Token::Sign(")")] {
        return Some(Asked::Global);
    }
    Some(if parser.plain { Asked::Labels(parser.selector) } else { Asked::Other(spelt(&tokens)) })
}

/// The selector that asks for labels.
pub(super) fn write(selector: &Selector) -> String {
    let mut parts = Vec::new();
    let list = |values: &BTreeSet<String>| {
        let values: Vec<String> = values.iter().map(|value| format!("'{value}'")).collect();
        format!("{{{}}}", values.join(", "))
    };
    for (key, test) in selector.tests() {
        match (test, test.single()) {
            (Test::In(_), Some(value)) => parts.push(format!("{key} == '{value}'")),
            (Test::In(values), None) => parts.push(format!("{key} in {}", list(values))),
            (Test::NotIn(not), _) => parts.push(format!("{key} not in {}", list(not))),
            (Test::Absent, _) => parts.push(format!("!has({key})")),
            (Test::Present(not), _) => {
                parts.push(format!("has({key})"));
                if !not.is_empty() {
                    parts.push(format!("{key} not in {}", list(not)));
                }
            }
        }
    }
    if parts.is_empty() { "all()".to_owned() } else { parts.join(" && ") }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    /// `&&`, `(`, `==`.
    Sign(&'a str),
    /// A key or a word of the language.
    Word(&'a str),
    /// What stands in quotes.
    Value(&'a str),
}

const SIGNS: [&str; 11] = ["&&", "||", "==", "!=", "!", "(", ")", "{", "}", ",", "="];

fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if matches!(first, '"' | '\'') {
            let inner = rest.get(1..)?;
            let (value, after) = inner.split_once(first)?;
            tokens.push(Token::Value(value));
            rest = after.trim_start();
            continue;
        }
        if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            tokens.push(Token::Sign(sign));
            rest = rest.strip_prefix(sign)?.trim_start();
            continue;
        }
        let is_word = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.' | '/');
        let end = rest.find(|char| !is_word(char)).unwrap_or(rest.len());
        let (word, after) = rest.split_at_checked(end).filter(|(word, _)| !word.is_empty())?;
        tokens.push(Token::Word(word));
        rest = after.trim_start();
    }
    Some(tokens)
}

/// One spelling of the same tokens.
fn spelt(tokens: &[Token<'_>]) -> String {
    let parts: Vec<String> = tokens
        .iter()
        .map(|token| match token {
            Token::Sign(text) | Token::Word(text) => (*text).to_owned(),
            Token::Value(text) => format!("'{text}'"),
        })
        .collect();
    parts.join(" ")
}

/// The most brackets within brackets.
const DEEPEST: usize = 50;

struct Parser<'a> {
    tokens: &'a [Token<'a>],
    at: usize,
    /// What is asked of labels so far; it counts only if nothing else is asked.
    selector: Selector,
    plain: bool,
}

impl<'a> Parser<'a> {
    fn next(&mut self) -> Option<Token<'a>> {
        let token = self.tokens.get(self.at).copied();
        self.at += 1;
        token
    }

    fn takes(&mut self, token: Token<'_>) -> bool {
        let found = self.tokens.get(self.at) == Some(&token);
        self.at += usize::from(found);
        found
    }

    fn either(&mut self, depth: usize) -> Option<()> {
        self.both(depth)?;
        while self.takes(Token::Sign("||")) {
            self.plain = false;
            self.both(depth)?;
        }
        Some(())
    }

    fn both(&mut self, depth: usize) -> Option<()> {
        self.one(depth)?;
        while self.takes(Token::Sign("&&")) {
            self.one(depth)?;
        }
        Some(())
    }

    fn one(&mut self, depth: usize) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        match self.next()? {
            Token::Sign("(") => {
                self.either(depth + 1)?;
                self.takes(Token::Sign(")")).then_some(())
            }
            Token::Sign("!") => {
                if self.takes(Token::Word("has")) {
                    let key = self.bracketed()?;
                    return self.require(key, Test::Absent);
                }
                self.plain = false;
                self.one(depth + 1)
            }
            Token::Word("has") if self.tokens.get(self.at) == Some(&Token::Sign("(")) => {
                let key = self.bracketed()?;
                self.require(key, Test::Present(BTreeSet::new()))
            }
            Token::Word("all") if self.takes(Token::Sign("(")) => self.takes(Token::Sign(")")).then_some(()),
            Token::Word("global") if self.takes(Token::Sign("(")) => {
                self.plain = false;
                self.takes(Token::Sign(")")).then_some(())
            }
            Token::Word(key) => self.comparison(key),
            Token::Sign(_) | Token::Value(_) => None,
        }
    }

    fn bracketed(&mut self) -> Option<&'a str> {
        let opened = self.takes(Token::Sign("("));
        let Some(Token::Word(key)) = self.next().filter(|_| opened) else { return None };
        self.takes(Token::Sign(")")).then_some(key)
    }

    fn comparison(&mut self, key: &str) -> Option<()> {
        match self.next()? {
            Token::Sign("==" | "=") => {
                let value = self.value()?;
                self.require(key, Test::In(BTreeSet::from([value])))
            }
            Token::Sign("!=") => {
                let value = self.value()?;
                self.require(key, Test::NotIn(BTreeSet::from([value])))
            }
            Token::Word("in") => {
                let values = self.values()?;
                self.require(key, Test::In(values))
            }
            Token::Word("not") if self.takes(Token::Word("in")) => {
                let values = self.values()?;
                self.require(key, Test::NotIn(values))
            }
            Token::Word("contains") => {
                self.plain = false;
                self.value().map(|_| ())
            }
            Token::Word("starts" | "ends") if self.takes(Token::Word("with")) => {
                self.plain = false;
                self.value().map(|_| ())
            }
            Token::Sign(_) | Token::Word(_) | Token::Value(_) => None,
        }
    }

    fn value(&mut self) -> Option<String> {
        match self.next()? {
            Token::Value(text) => Some(text.to_owned()),
            Token::Sign(_) | Token::Word(_) => None,
        }
    }

    fn values(&mut self) -> Option<BTreeSet<String>> {
        let mut values = BTreeSet::new();
        if !self.takes(Token::Sign("{")) {
            return None;
        }
        if self.takes(Token::Sign("}")) {
            return Some(values);
        }
        loop {
            values.insert(self.value()?);
            if self.takes(Token::Sign("}")) {
                return Some(values);
            }
            if !self.takes(Token::Sign(",")) {
                return None;
            }
        }
    }

    fn require(&mut self, key: &str, test: Test) -> Option<()> {
        let fits = names::is_label_key(key);
        let valid = match &test {
            Test::In(values) | Test::NotIn(values) | Test::Present(values) => {
                values.iter().all(|value| names::is_label_value(value))
            }
            Test::Absent => true,
        };
        // A value that no label can have is asked for in vain, which needs no model of its own.
        if valid {
            self.selector.require(key.to_owned(), test);
        } else {
            self.plain = false;
        }
        fits.then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::kubernetes::selector;

    #[test]
    fn labels_asked_for_one_by_one_are_a_selector() {
        for (text, plain) in [
            ("all()", ""),
            ("", ""),
            ("app == 'a'", "app=a"),
            ("app=='a'&&tier in {\"x\",'y'}", "app=a,tier in (x,y)"),
            ("(app != 'a') && has(b) && !has(c)", "app notin (a),b,!c"),
            ("a not in {'x', 'y'}", "a notin (x,y)"),
            ("projectcalico.org/namespace == 'shop'", "projectcalico.org/namespace=shop"),
        ] {
            let mut expected = selector::parse("").unwrap();
            for (key, test) in selector::parse(plain).unwrap().tests() {
                expected.require(key.to_owned(), test.clone());
            }
            assert_eq!(parse(text), Some(Asked::Labels(expected)), "{text}");
        }
    }

    #[test]
    fn what_is_more_is_kept_as_it_is_and_what_is_less_is_refused() {
        assert_eq!(parse("global()"), Some(Asked::Global));
        for text in
            ["a == 'x' || b == 'y'", "!(a == 'x')", "a contains 'x'", "a starts with 'x'", "a == 'no label'"]
        {
            assert!(matches!(parse(text), Some(Asked::Other(_))), "{text}");
        }
        assert_eq!(parse("a=='x'||has(b)"), Some(Asked::Other("a == 'x' || has ( b )".to_owned())));
        for text in [
            "a",
            "a ==",
            "a == x",
            "a == 'x' b",
            "has(a",
            "&& a == 'x'",
            "a in {'x'",
            "a & b",
            "\u{e9} == 'a'",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse(&"(".repeat(5_000)), None);
    }

    #[test]
    fn what_is_written_reads_back() {
        for text in ["", "a=b", "a in (x,y),b=c", "!a,b", "a notin (x,y)", "a,a notin (x)"] {
            let selector = selector::parse(text).unwrap();
            assert_eq!(parse(&write(&selector)), Some(Asked::Labels(selector)), "{text}");
        }
    }
}
