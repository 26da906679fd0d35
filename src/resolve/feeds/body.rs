//! Reading the JSON of a feed: nothing of it is passed over unseen.

use crate::diag::{Code, Finding, Source, Span, concealed};
use crate::packet::{Hostname, NamePattern, Prefix};
use crate::resolve::Timestamp;
use crate::syntax::json;
use crate::syntax::yaml::{Kind, Node};
use std::sync::Arc;

/// How many findings of one body are told one by one.
const MOST_TOLD: usize = 20;

/// Collects what is wrong with a body.
#[derive(Debug)]
pub(super) struct Body<'a> {
    source: &'a Arc<Source>,
    findings: Vec<Finding>,
    more: usize,
}

/// A family that addresses are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
    /// Either.
    Any,
}

/// An object whose members are all known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Object<'n> {
    node: &'n Node,
    what: &'static str,
}

impl<'a> Body<'a> {
    /// The tree of a body that must be JSON.
    pub(super) fn json(source: &'a Arc<Source>) -> (Self, Option<Node>) {
        let mut body = Self { source, findings: Vec::new(), more: 0 };
        let tree = json::parse(source, Code::FeedSyntax);
        let tree = tree.map_err(|finding| body.findings.push(finding)).ok();
        (body, tree)
    }

    /// A body that is no JSON.
    pub(super) fn text(source: &'a Arc<Source>) -> Self {
        Self { source, findings: Vec::new(), more: 0 }
    }

    /// What was wrong.
    pub(super) fn findings(mut self) -> Vec<Finding> {
        if self.more > 0 {
            let message = format!("{} more such places in `{}`", self.more, self.source.name());
            self.findings.push(Finding::new(Code::FeedSyntax, message));
        }
        self.findings
    }

    /// Tells that something is wrong.
    pub(super) fn error(&mut self, code: Code, span: Span, message: impl Into<String>) {
        self.tell(|source| Finding::new(code, message).at(source, span));
    }

    /// Tells it without showing what stands there.
    fn hidden(&mut self, code: Code, span: Span, message: &str) {
        self.tell(|source| Finding::new(code, message).at(&concealed(source), span));
    }

    fn tell(&mut self, finding: impl FnOnce(&Arc<Source>) -> Finding) {
        if self.findings.len() < MOST_TOLD {
            self.findings.push(finding(self.source));
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    fn wrong_kind(&mut self, node: &Node, needed: &str) {
        let message = format!("{needed} is needed, not {}", node.kind.describe());
        self.error(Code::FeedSyntax, node.span, message);
    }

    /// An object of which every member is known: those that mean something, and those that change nothing. A member that
    /// is not known could narrow or widen what the others say.
    pub(super) fn object<'n>(
        &mut self,
        node: &'n Node,
        what: &'static str,
        meaning: &[&str],
        idle: &[&str],
    ) -> Option<Object<'n>> {
        let Kind::Mapping(entries) = &node.kind else {
            self.wrong_kind(node, "an object");
            return None;
        };
        let is_known = |name: &str| meaning.contains(&name) || idle.contains(&name);
        for (key, _) in entries.iter().filter(|(key, _)| !is_known(&key.name)) {
            let message = format!("{what} has a member `{}` that is not known", key.name);
            self.error(Code::FeedUnknown, key.span, message);
        }
        Some(Object { node, what })
    }

    /// The members of an object whose keys are the vendor's words.
    pub(super) fn members<'n>(&mut self, node: &'n Node) -> Vec<(&'n str, &'n Node)> {
        let Kind::Mapping(entries) = &node.kind else {
            self.wrong_kind(node, "an object");
            return Vec::new();
        };
        for (key, _) in entries.iter().filter(|(key, _)| key.name.trim().is_empty()) {
            self.error(Code::FeedSyntax, key.span, "a name is needed, not an empty text");
        }
        entries.iter().map(|(key, value)| (key.name.as_str(), value)).collect()
    }

    /// The items of a list.
    pub(super) fn list<'n>(&mut self, node: &'n Node) -> &'n [Node] {
        let Kind::Sequence(items) = &node.kind else {
            self.wrong_kind(node, "a list");
            return &[];
        };
        items
    }

    /// A text that is not empty.
    pub(super) fn word<'n>(&mut self, node: &'n Node) -> Option<&'n str> {
        match node.as_str() {
            Some(text) if !text.trim().is_empty() => Some(text),
            Some(_) => {
                self.error(Code::FeedSyntax, node.span, "a text is needed, not an empty one");
                None
            }
            None => {
                self.wrong_kind(node, "a text");
                None
            }
        }
    }

    /// A text or a number, as a text.
    pub(super) fn mark(&mut self, node: &Node) -> Option<String> {
        match node.kind {
            Kind::Integer(number) => Some(number.to_string()),
            _ => self.word(node).map(str::to_owned),
        }
    }

    /// `true` or `false`.
    pub(super) fn boolean(&mut self, node: &Node) -> Option<bool> {
        if let Kind::Bool(value) = node.kind {
            return Some(value);
        }
        self.wrong_kind(node, "`true` or `false`");
        None
    }

    /// A point in time, to the second: `2026-11-22-20-54-48`, or as ISO 8601 writes it, in UTC.
    pub(super) fn time(&mut self, node: &Node) -> Option<Timestamp> {
        let text = self.word(node)?;
        let time = parse_time(text);
        if time.is_none() {
            self.error(Code::FeedSyntax, node.span, format!("`{text}` is no time in UTC"));
        }
        time
    }

    /// A block of addresses of that family.
    pub(super) fn block(&mut self, node: &Node, family: Family) -> Option<Prefix> {
        let text = self.word(node)?;
        self.block_at(text, node.span, family)
    }

    /// The same for a text that stands at a place.
    pub(super) fn block_at(&mut self, text: &str, span: Span, family: Family) -> Option<Prefix> {
        let block: Prefix = match text.parse() {
            Ok(block) => block,
            Err(error) => {
                let error: crate::packet::PrefixError = error;
                // Words where addresses should be may be of another kind of file, and a secret.
                if text.chars().all(|char| char.is_ascii_hexdigit() || ".:/".contains(char)) {
                    self.error(Code::FeedSyntax, span, error.to_string());
                } else {
                    self.hidden(Code::FeedSyntax, span, "this is neither an address nor a block");
                }
                return None;
            }
        };
        let fits = match family {
            Family::V4 => block.is_ipv4(),
            Family::V6 => !block.is_ipv4(),
            Family::Any => true,
        };
        if !fits {
            self.error(Code::FeedSyntax, span, format!("`{text}` is of the other address family"));
        }
        fits.then_some(block)
    }

    /// The blocks of a list.
    pub(super) fn blocks(&mut self, node: &Node, family: Family) -> Vec<Prefix> {
        let items = self.list(node);
        items.iter().filter_map(|item| self.block(item, family)).collect()
    }

    /// A host, or with `*.` before it everything below it; what has a wildcard elsewhere, or a path, comes back as it is
    /// written, for no catalog can say it.
    pub(super) fn name(&mut self, node: &Node) -> Option<Result<NamePattern, String>> {
        let text = self.word(node)?;
        // Feeds write names as they are in the DNS. Of look-alikes nobody can see which name is meant.
        if !text.is_ascii() {
            self.error(
                Code::FeedSyntax,
                node.span,
                "a name holds characters that names in the DNS do not have",
            );
            return None;
        }
        let (bare, below) = text.strip_prefix("*.").map_or((text, false), |bare| (bare, true));
        match bare.parse::<Hostname>() {
            Ok(host) if below => Some(Ok(NamePattern::Below(host))),
            Ok(host) => Some(Ok(NamePattern::Host(host))),
            Err(crate::packet::HostnameError::Wildcard(_) | crate::packet::HostnameError::NotBare(_)) => {
                Some(Err(text.to_owned()))
            }
            Err(error) => {
                self.error(Code::FeedSyntax, node.span, error.to_string());
                None
            }
        }
    }
}

impl<'n> Object<'n> {
    /// The value of a member.
    pub(super) fn get(self, name: &str) -> Option<&'n Node> {
        self.node.get(name)
    }

    /// The value of a member that must be there.
    pub(super) fn need(self, name: &str, body: &mut Body<'_>) -> Option<&'n Node> {
        let found = self.get(name);
        if found.is_none() {
            let message = format!("{} has no member `{name}`", self.what);
            body.error(Code::FeedSyntax, self.node.span, message);
        }
        found
    }
}

/// A time in UTC, to the second.
fn parse_time(text: &str) -> Option<Timestamp> {
    let (day, clock) = (text.get(..10)?, text.get(11..19)?);
    let between = text.get(10..11)?;
    let rest = text.get(19..)?;
    let fraction =
        rest.strip_prefix('.').map_or(rest, |rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    let is_utc = matches!(fraction, "" | "Z" | "+00:00" | "+0000");
    let sound = matches!(between, "T" | " " | "-") && is_utc;
    format!("{day}T{}Z", clock.replace('-', ":")).parse().ok().filter(|_| sound)
}

/// Reports whether the outermost object has all these members.
pub(super) fn has(source: &Source, members: &[&str]) -> bool {
    let keys = json::keys(source.text());
    members.iter().all(|member| keys.contains(member))
}

/// Reports whether the body is an object, of whatever members.
pub(super) fn is_object(source: &Source) -> bool {
    source.text().trim_start_matches('\u{FEFF}').trim_start().starts_with('{')
}
