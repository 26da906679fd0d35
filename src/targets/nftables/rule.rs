//! The words of one rule, read into the packets that it chooses and what it does with them.

use super::field::{Field, Value};
use super::flags;
use super::masks;
use super::members::{self, Sets, Unread};
use super::pattern::Pattern;
use super::statement::{self, After};
use super::token::{Kind, Token, normal, place};
use crate::diag::Span;
use crate::packet::{Protocol, fingerprint};
use crate::targets::packet_filters::region::Family;
use std::rc::Rc;

/// Packets, and what happens to them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spec {
    /// Which packets, as products.
    pub(super) patterns: Vec<Pattern>,
    /// What happens.
    pub(super) verdict: Verdict,
    /// The rule.
    pub(super) span: Span,
}

/// What happens to packets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    /// They pass this base chain.
    Accept,
    /// They stop.
    Deny,
    /// The rest of the chain is skipped.
    Return,
    /// Another chain, and back here when it decides nothing.
    Jump(String),
    /// Another chain, and back to the caller of this one when it decides nothing.
    Goto(String),
    /// Something that may let them pass or stop them.
    Unknown(String),
}

/// Why a rule is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// In words.
    pub(super) message: String,
    /// What is wrong.
    pub(super) span: Span,
}

/// How long a condition may be before it is known by its beginning and a number.
const LONGEST_TEXT: usize = 400;
/// How many parts a rule may have. The kernel takes 128 expressions, and no statement has less than one.
const MOST_PARTS: usize = 128;
/// How many products one rule may be.
const MOST_PRODUCTS: usize = 500_000;

/// Reads a rule. It is several where a map tells several things to do.
pub(super) fn parse(tokens: &[Token<'_>], span: Span, sets: &Sets<'_, '_>) -> Result<Vec<Spec>, Refusal> {
    let mut parser =
        Parser { tokens, at: 0, sets, patterns: vec![Pattern::ALL], specs: Vec::new(), unknown: None, span };
    let mut done = false;
    let mut parts = 0_usize;
    while let Some(token) = parser.peek() {
        parts = parts.saturating_add(1);
        if parts > MOST_PARTS {
            return refuse(format!("a rule of more than {MOST_PARTS} parts, which the kernel refuses"), span);
        }
        if token.is_word("comment") {
            parser.at = parser.at.saturating_add(2);
        } else if token.kind == Kind::End {
            parser.at = parser.at.saturating_add(1);
        } else if done {
            return refuse("nothing but a comment stands behind what a rule does", token.span);
        } else {
            done = parser.statement(token)?;
        }
    }
    // A rule that does nothing that is known, with words that are not, may do anything.
    if let (false, Some(verdict)) = (done, parser.unknown.take().map(Verdict::Unknown)) {
        parser.specs.push(Spec { patterns: parser.patterns, verdict, span });
    }
    Ok(parser.specs)
}

struct Parser<'p, 't, 'a, 's> {
    tokens: &'p [Token<'a>],
    at: usize,
    sets: &'p Sets<'t, 's>,
    patterns: Vec<Pattern>,
    specs: Vec<Spec>,
    /// What was not understood and may be more than a condition.
    unknown: Option<String>,
    span: Span,
}

/// What a match looks at.
enum Left {
    /// Fields that are modelled.
    Fields(Vec<Field>),
    /// `tcp flags`.
    Flags,
    /// So many words of something else.
    Other(usize),
    /// Something whose words are not known.
    Unclear,
}

impl<'p, 'a> Parser<'p, '_, 'a, '_> {
    fn peek(&self) -> Option<&'p Token<'a>> {
        self.tokens.get(self.at)
    }

    fn rest(&self) -> &'p [Token<'a>] {
        self.tokens.get(self.at..).unwrap_or_default()
    }

    /// Takes so many tokens.
    fn take(&mut self, count: usize) -> &'p [Token<'a>] {
        let from = self.at;
        self.at = self.at.saturating_add(count).min(self.tokens.len());
        self.tokens.get(from..self.at).unwrap_or_default()
    }

    /// Reads one statement; whether it decides what happens.
    fn statement(&mut self, first: &Token<'_>) -> Result<bool, Refusal> {
        if first.kind == Kind::Hidden {
            let text = normal(self.take(1));
            let why = "an extension of iptables that nft has no words for";
            self.narrow(&[Pattern::when(text, why)], first.span)?;
            return Ok(false);
        }
        if first.kind == Kind::Sign {
            return refuse(format!("`{}` is not expected here", first.text), first.span);
        }
        match statement::after(self.rest())? {
            After::Reject(answered, count) => {
                self.take(count);
                self.narrow(&[answered], first.span)?;
                let patterns = std::mem::take(&mut self.patterns);
                self.specs.push(Spec { patterns, verdict: Verdict::Deny, span: self.span });
                Ok(true)
            }
            After::Verdict(verdict, count) => {
                self.take(count);
                self.specs.push(Spec {
                    patterns: std::mem::take(&mut self.patterns),
                    verdict,
                    span: self.span,
                });
                Ok(true)
            }
            After::Nothing(count) => {
                self.take(count);
                Ok(false)
            }
            After::Condition(count, why) => {
                let text = condition(self.take(count));
                self.narrow(&[Pattern::when(text, why)], first.span)?;
                Ok(false)
            }
            After::Match => self.matching(),
        }
    }

    /// Keeps what is also in one of some products.
    fn narrow(&mut self, ways: &[Pattern], span: Span) -> Result<(), Refusal> {
        if self.patterns.len().saturating_mul(ways.len()) > MOST_PRODUCTS {
            return refuse("the rule combines to too many products", span);
        }
        self.patterns = self
            .patterns
            .iter()
            .flat_map(|pattern| ways.iter().filter_map(|way| pattern.meet(way)))
            .collect();
        Ok(())
    }

    fn matching(&mut self) -> Result<bool, Refusal> {
        let from = self.at;
        let left = self.left();
        match left {
            Left::Fields(fields) => self.of_fields(from, &fields),
            Left::Flags => {
                let text = |count| {
                    let end = self.at.saturating_add(count);
                    condition(self.tokens.get(from..end).unwrap_or_default())
                };
                let span = place(self.tokens.get(from..).unwrap_or_default());
                let (ways, count) =
                    flags::patterns(self.rest(), text).map_err(|message| Refusal { message, span })?;
                let Some(count) = count else { return self.unclear(from) };
                self.take(count);
                self.narrow(&ways, self.span)?;
                Ok(false)
            }
            Left::Other(count) => {
                self.take(count);
                let Some(count) = statement::value_length(self.rest()) else { return self.unclear(from) };
                self.take(count);
                let tokens = self.tokens.get(from..self.at).unwrap_or_default();
                let way = Pattern::when(condition(tokens), statement::why(tokens));
                let way = statement::needs(tokens).map_or(Some(way.clone()), |needs| way.meet(&needs));
                self.narrow(way.as_slice(), place(tokens))?;
                Ok(false)
            }
            Left::Unclear => self.unclear(from),
        }
    }

    /// Takes everything up to what surely is another statement as one condition, or as a change that decides nothing.
    fn unclear(&mut self, from: usize) -> Result<bool, Refusal> {
        self.at = from;
        let count = statement::boundary(self.rest());
        let tokens = self.take(count.max(1));
        if statement::changes(tokens) {
            return Ok(false);
        }
        if self.peek().is_some_and(|token| token.is_word("vmap")) {
            // What the map says is known, but not for which packets.
            self.at = self.tokens.len();
            let text = condition(self.tokens.get(from..).unwrap_or_default());
            let patterns = std::mem::take(&mut self.patterns);
            self.specs.push(Spec { patterns, verdict: Verdict::Unknown(text), span: self.span });
            return Ok(true);
        }
        let text = condition(tokens);
        if !tokens.iter().any(|token| token.is_word("set")) {
            self.unknown.get_or_insert_with(|| text.clone());
        }
        self.narrow(&[Pattern::when(text, statement::why(tokens))], place(tokens))?;
        Ok(false)
    }

    /// Reads the left side of a match, and stands behind it unless it is not modelled.
    fn left(&mut self) -> Left {
        let mut fields = Vec::new();
        loop {
            let rest = self.rest();
            let word = |at: usize| {
                rest.get(at).filter(|token| token.kind == Kind::Word).map_or("", |token| token.text.as_ref())
            };
            let (field, count) = match (word(0), word(1)) {
                ("tcp", "flags") if fields.is_empty() => {
                    self.take(2);
                    return Left::Flags;
                }
                (first, second) => match field(first, second) {
                    Some(found) => found,
                    None if fields.is_empty() => return other(rest),
                    None => return Left::Unclear,
                },
            };
            self.take(count);
            fields.push(field);
            if self.peek().is_some_and(|token| token.is_sign(".")) {
                self.take(1);
            } else {
                return Left::Fields(fields);
            }
        }
    }

    fn of_fields(&mut self, from: usize, fields: &[Field]) -> Result<bool, Refusal> {
        let Some(next) = self.peek() else { return refuse("a value is expected", self.span) };
        if next.is_word("vmap") {
            self.take(1);
            return self.map(from, fields);
        }
        let sign = if next.kind == Kind::Sign { next.text.as_ref() } else { "" };
        let word = if next.kind == Kind::Word { next.text.as_ref() } else { "" };
        let operator = match (sign, word) {
            ("==", _) | (_, "eq") => "==",
            ("!=", _) | (_, "ne") => "!=",
            // None of the bits.
            ("!", _) if fields == [Field::State] => "!",
            ("<", _) | (_, "lt") => "<",
            (">", _) | (_, "gt") => ">",
            ("<=", _) | (_, "le") => "<=",
            (">=", _) | (_, "ge") => ">=",
            ("&" | "|" | "^" | "<<" | ">>", _) | (_, "and" | "or" | "xor" | "set" | "map") => {
                return self.calculated(from, fields);
            }
            _ => "",
        };
        if !operator.is_empty() {
            self.take(1);
        }
        let ways = match self.right(from, fields, operator) {
            Ok(ways) => ways,
            Err(Unread::Wrong(message, span)) => return refuse(message, span),
            Err(Unread::Doubt(why)) => {
                let text = condition(self.tokens.get(from..self.at).unwrap_or_default());
                // What the fields need of a packet holds whatever their values are.
                let mut narrow = fields.iter().filter_map(|field| field.dependency());
                let way = narrow.try_fold(Pattern::when(text, why), |way, narrow| way.meet(&narrow));
                way.into_iter().collect()
            }
        };
        self.narrow(&ways, self.span)?;
        Ok(false)
    }

    /// A match of fields that are calculated with, of which only masks of addresses are modelled.
    fn calculated(&mut self, from: usize, fields: &[Field]) -> Result<bool, Refusal> {
        let text = || {
            let end = self.at.saturating_add(masks::WORDS);
            condition(self.tokens.get(from..end).unwrap_or_default())
        };
        let ways = match fields {
            [Field::Address(family, is_source)] => masks::patterns(self.rest(), *family, *is_source, text),
            _ => None,
        };
        let Some(ways) = ways else { return self.unclear(from) };
        self.take(masks::WORDS);
        self.narrow(&ways, self.span)?;
        Ok(false)
    }

    /// Reads the right side of a match, and stands behind it whatever it is.
    fn right(&mut self, from: usize, fields: &[Field], operator: &str) -> Result<Vec<Pattern>, Unread> {
        let negated = matches!(operator, "!=" | "!");
        let text = |parser: &Self| condition(parser.tokens.get(from..parser.at).unwrap_or_default());
        let Some(next) = self.peek() else {
            return Err(Unread::Wrong("a value is expected".to_owned(), self.span));
        };
        if next.is_sign("{") {
            let inner = self.braces();
            return members::patterns(inner?, fields, negated, &text(self));
        }
        if let Some(name) = next.text.strip_prefix('@').filter(|_| next.kind == Kind::Word) {
            self.take(1);
            let looked = self.sets.lookup(name, next.span, fields, negated, &text(self));
            return Rc::unwrap_or_clone(looked);
        }
        let (values, joined) = self.values(fields)?;
        let text = text(self);
        match (fields, operator) {
            ([Field::State], "==") if joined => Ok(Vec::new()),
            // A state is one bit, and never the sum of two.
            ([Field::State], "!=") if joined => Ok(vec![Pattern::ALL]),
            (_, "" | "==" | "!=" | "!") => {
                if let ([field], true) = (fields, values.len() > 1) {
                    return Ok(field.patterns(&values, negated, &text));
                }
                members::chosen(&[Some(&values)], fields, negated, &text)
            }
            ([field], _) => {
                let Some(Value::Range(first, last)) = values.first() else {
                    return Err(Unread::Wrong("a number is expected".to_owned(), self.span));
                };
                let range = match operator {
                    "<" => first.checked_sub(1).map(|end| (0, end)),
                    "<=" => Some((0, *last)),
                    ">" => last.checked_add(1).map(|start| (start, field.greatest())),
                    _ => Some((*first, field.greatest())),
                };
                let range = range.filter(|(first, last)| first <= last);
                let values: Vec<Value> =
                    range.map(|(first, last)| Value::Range(first, last)).into_iter().collect();
                Ok(field.patterns(&values, false, &text))
            }
            _ => Err(Unread::Doubt("several fields are compared in order")),
        }
    }

    /// What stands between the brace that comes next and the one that closes it.
    fn braces(&mut self) -> Result<&'p [Token<'a>], Unread> {
        let mut depth = 0_usize;
        let end = self.rest().iter().position(|token| {
            if token.is_sign("{") {
                depth = depth.saturating_add(1);
            } else if token.is_sign("}") {
                depth = depth.saturating_sub(1);
            }
            depth == 0
        });
        let Some(end) = end else { return Err(Unread::Wrong("a brace is not closed".to_owned(), self.span)) };
        let all = self.take(end.saturating_add(1));
        Ok(all.get(1..end).unwrap_or_default())
    }

    /// One value for each field, or several of one state; whether there are several.
    fn values(&mut self, fields: &[Field]) -> Result<(Vec<Value>, bool), Unread> {
        let mut values = Vec::new();
        let joins = |token: &Token<'_>| token.is_sign(",") || token.is_sign("|");
        for (index, field) in fields.iter().enumerate() {
            if index > 0 {
                if !self.peek().is_some_and(|token| token.is_sign(".")) {
                    return Err(Unread::Wrong("`.` and another value are expected".to_owned(), self.span));
                }
                self.take(1);
            }
            let wide = self.rest().get(1).is_some_and(|token| token.is_sign("-") || token.is_sign("/"));
            let part = self.take(if wide { 3 } else { 1 });
            values.push(members::value(part, *field));
        }
        let mut joined = false;
        while self.peek().is_some_and(joins) {
            let [Field::State] = fields else {
                return Err(Unread::Wrong("several values stand in braces".to_owned(), place(self.rest())));
            };
            joined = true;
            self.take(1);
            let part = self.take(1);
            values.push(members::value(part, Field::State));
        }
        // All of it is taken before any of it is found wrong.
        Ok((values.into_iter().collect::<Result<_, _>>()?, joined))
    }

    /// A verdict map: for each verdict the packets that have it.
    fn map(&mut self, from: usize, fields: &[Field]) -> Result<bool, Refusal> {
        let Some(next) = self.peek() else { return refuse("a map is expected", self.span) };
        let text = |parser: &Self| condition(parser.tokens.get(from..parser.at).unwrap_or_default());
        let read = if let Some(name) = next.text.strip_prefix('@').filter(|_| next.kind == Kind::Word) {
            self.take(1);
            self.sets.map(name, next.span, fields, &text(self))
        } else if next.is_sign("{") {
            let inner = self.braces();
            let text = text(self);
            Rc::new(inner.and_then(|inner| members::verdicts(inner, fields, &text)))
        } else {
            return refuse("a map is expected", next.span);
        };
        let before = std::mem::take(&mut self.patterns);
        match &*read {
            Ok(groups) => {
                for (verdict, ways) in groups {
                    self.patterns.clone_from(&before);
                    self.narrow(ways, self.span)?;
                    let patterns = std::mem::take(&mut self.patterns);
                    self.specs.push(Spec { patterns, verdict: verdict.clone(), span: self.span });
                }
            }
            Err(Unread::Wrong(message, span)) => return refuse(message.clone(), *span),
            Err(Unread::Doubt(_)) => {
                let verdict = Verdict::Unknown(text(self));
                self.specs.push(Spec { patterns: before, verdict, span: self.span });
            }
        }
        Ok(true)
    }
}

/// The field of one or two words, and how many they are.
fn field(first: &str, second: &str) -> Option<(Field, usize)> {
    let protocol = Protocol::parse(first);
    Some(match (first, second) {
        ("ip", "saddr") => (Field::Address(Family::V4, true), 2),
        ("ip", "daddr") => (Field::Address(Family::V4, false), 2),
        ("ip", "protocol") => (Field::ProtocolV4, 2),
        ("ip6", "saddr") => (Field::Address(Family::V6, true), 2),
        ("ip6", "daddr") => (Field::Address(Family::V6, false), 2),
        ("ip6", "nexthdr") => (Field::NextHeader, 2),
        ("th", "dport") => (Field::AnyPort, 2),
        ("th", "sport") => (Field::SourcePort(None), 2),
        ("tcp" | "udp" | "sctp" | "dccp" | "udplite", "dport") => (Field::Port(protocol?), 2),
        ("tcp" | "udp" | "sctp" | "dccp" | "udplite", "sport") => (Field::SourcePort(protocol), 2),
        ("icmp" | "icmpv6", "type") => (Field::IcmpType(protocol?), 2),
        ("icmp" | "icmpv6", "code") => (Field::IcmpCode(protocol?), 2),
        ("meta", "l4proto") => (Field::Protocol, 2),
        ("meta", "nfproto") => (Field::Family, 2),
        ("meta", "protocol") | ("ether", "type") => (Field::EtherType, 2),
        ("meta", "iif" | "iifname") => (Field::Interface(true), 2),
        ("meta", "oif" | "oifname") => (Field::Interface(false), 2),
        ("iif" | "iifname", _) => (Field::Interface(true), 1),
        ("oif" | "oifname", _) => (Field::Interface(false), 1),
        ("ct", "state") => (Field::State, 2),
        _ => return None,
    })
}

/// How many words something is that is not modelled, where that is known.
fn other(rest: &[Token<'_>]) -> Left {
    match statement::left_length(rest) {
        Some(count) => Left::Other(count),
        None => Left::Unclear,
    }
}

/// A condition as text, of a length that can be shown.
fn condition(tokens: &[Token<'_>]) -> String {
    let text = normal(tokens);
    if text.len() <= LONGEST_TEXT {
        return text;
    }
    let head: String = text.chars().take(LONGEST_TEXT / 4).collect();
    format!("{head}... ({:016x})", fingerprint(&text))
}

fn refuse<T>(message: impl Into<String>, span: Span) -> Result<T, Refusal> {
    Err(Refusal { message: message.into(), span })
}
