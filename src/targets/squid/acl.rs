//! ACL definitions: the values that each takes, and what Squid refuses or never matches.

use super::address::{self, Addresses};
use super::conf::Test;
use super::digest::short;
use super::kind::Kind;
use super::overlap::Overlap;
use crate::diag::{Code, Finding, Place};
use crate::packet::{Hostname, NamePattern, PortRange};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// A value of an ACL.
#[derive(Debug, Clone)]
pub(super) struct Value {
    /// The text.
    pub(super) text: String,
    /// Where it stands.
    pub(super) place: Place,
}

/// An expression and whether it ignores case.
pub(super) type Expression = (String, bool);

/// An ACL: all its lines together.
#[derive(Debug, Default)]
pub(super) struct Acl {
    /// The name as first written.
    pub(super) name: String,
    /// The type.
    pub(super) kind: Kind,
    /// A line of it stands under an `if`.
    pub(super) conditional: bool,
    /// Addresses of `src` and `dst`.
    pub(super) addresses: Addresses,
    /// Names of `dstdomain` and `ssl::server_name`.
    pub(super) patterns: Vec<NamePattern>,
    /// Addresses that stand among the names and match a request for the address itself.
    pub(super) literals: Vec<IpAddr>,
    /// Ports.
    pub(super) ports: Vec<PortRange>,
    /// Methods and schemes in upper case.
    pub(super) words: Vec<String>,
    /// Expressions.
    pub(super) expressions: Vec<Expression>,
    /// Groups of other ACLs: one of the groups must hold, each wholly.
    pub(super) groups: Vec<Vec<Test>>,
    /// A line lacks `-n`, and the type looks names or addresses up.
    pub(super) looks_up: bool,
    /// The first such line.
    pub(super) lookup: Option<Place>,
    /// An option was given that changes what is matched.
    pub(super) optioned: bool,
    texts: Vec<String>,
    overlap: Overlap,
}

/// What the options at the head of a line said.
#[derive(Debug, Default)]
pub(super) struct Flags {
    ignore_case: bool,
    no_lookup: bool,
    values: bool,
}

/// The longest condition that is kept as it is written.
const LONGEST_TEXT: usize = 400;

impl Acl {
    /// An ACL without values.
    pub(super) fn new(name: &str, kind: Kind) -> Self {
        Self { name: name.to_owned(), kind, ..Self::default() }
    }

    /// The ACL as a condition: type and values, with single spaces. A long one is cut, with a digest of the whole.
    pub(super) fn text(&self) -> String {
        let text = format!("{} {}", self.kind.as_str(), self.texts.join(" "));
        let text = text.trim_end();
        if text.len() <= LONGEST_TEXT {
            return text.to_owned();
        }
        let head: String = text.chars().take(LONGEST_TEXT / 4).collect();
        format!("{head}... ({} values, sha256 {})", self.texts.len(), short(text))
    }

    /// Starts a line of the ACL.
    pub(super) fn begin_line(&mut self) -> Flags {
        if self.kind == Kind::AllOf {
            self.groups.push(Vec::new());
        }
        Flags::default()
    }

    /// Takes out the members of a group that are not known, and returns their keys.
    pub(super) fn take_unknown(&mut self, known: impl Fn(&str) -> bool) -> Vec<String> {
        let mut unknown = Vec::new();
        for group in &mut self.groups {
            unknown.extend(group.iter().filter(|test| !known(&test.acl)).map(|test| test.acl.clone()));
            group.retain(|test| known(&test.acl));
        }
        unknown
    }

    /// Ends a line of the ACL.
    pub(super) fn end_line(&mut self, flags: &Flags, place: &Place) {
        self.groups.retain(|group| !group.is_empty());
        if self.kind.looks_up() && flags.values && !flags.no_lookup {
            self.looks_up = true;
            self.lookup.get_or_insert_with(|| place.clone());
        }
    }

    /// Takes a value. The finding says what Squid does not do with it.
    pub(super) fn add(&mut self, value: Value, flags: &mut Flags) -> Result<(), Finding> {
        if self.option(&value, flags)? {
            return Ok(());
        }
        flags.values = true;
        self.texts.push(value.text.clone());
        match &self.kind {
            Kind::Src | Kind::Dst => self.addresses.add(&value),
            Kind::Domain | Kind::ServerName => self.domain(&value),
            Kind::Port => {
                let port = value.text.parse().map_err(|error| refused(&value, &format!("{error}")))?;
                self.ports.push(port);
                Ok(())
            }
            Kind::Method | Kind::Proto => {
                self.words.push(value.text.to_ascii_uppercase());
                Ok(())
            }
            Kind::DomainRegex | Kind::ServerNameRegex | Kind::UrlRegex | Kind::PathRegex => {
                self.expressions.push((value.text, flags.ignore_case));
                Ok(())
            }
            Kind::AnyOf | Kind::AllOf => {
                let bare = value.text.strip_prefix('!');
                let acl = bare.unwrap_or(&value.text).to_ascii_lowercase();
                let test = Test { negated: bare.is_some(), acl };
                match self.groups.last_mut() {
                    Some(group) if self.kind == Kind::AllOf => group.push(test),
                    _ => self.groups.push(vec![test]),
                }
                Ok(())
            }
            Kind::Step | Kind::Annotation | Kind::Mark | Kind::Note | Kind::Other(_) => Ok(()),
        }
    }

    /// The values as written, options among them.
    pub(super) fn texts(&self) -> &[String] {
        &self.texts
    }

    /// Reports whether the value is an option, and takes it.
    fn option(&mut self, value: &Value, flags: &mut Flags) -> Result<bool, Finding> {
        let text = value.text.as_str();
        if self.kind.takes_expressions() && matches!(text, "-i" | "+i") {
            flags.ignore_case = text == "-i";
            return Ok(true);
        }
        let opaque =
            matches!(self.kind, Kind::Step | Kind::Annotation | Kind::Mark | Kind::Note | Kind::Other(_));
        if opaque || flags.values || !text.starts_with('-') {
            return Ok(false);
        }
        match text {
            "--" => flags.values = true,
            "-n" if self.kind.looks_up() => flags.no_lookup = true,
            "--consensus" | "--client-requested" | "--server-provided" if self.kind == Kind::ServerName => {
                self.texts.push(text.to_owned());
                self.optioned = true;
            }
            _ => {
                let message = format!("`{text}` is no option of the ACL type `{}`", self.kind.as_str());
                return Err(refused(value, &message));
            }
        }
        Ok(true)
    }

    fn domain(&mut self, value: &Value) -> Result<(), Finding> {
        let text = value.text.as_str();
        let bracketed = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        if let Some(addr) = bracketed.and_then(|text| text.parse().ok()).map(IpAddr::V6) {
            self.literals.push(addr);
            return Ok(());
        }
        if let Ok(addr) = text.parse().map(IpAddr::V4) {
            self.literals.push(addr);
            return Ok(());
        }
        let (name, tree) = text.strip_prefix('.').map_or((text, false), |name| (name, true));
        // Squid compares texts and changes none: an entry that is not written as requests are never matches.
        let host: Option<Hostname> =
            name.parse().ok().filter(|host: &Hostname| host.as_str().eq_ignore_ascii_case(name));
        let Some(host) = host else { return Err(never(value)) };
        if let Some(problem) = self.overlap.add(&host, tree) {
            return Err(refused(
                value,
                &format!("{problem} in the ACL `{}`, at which Squid stops", self.name),
            ));
        }
        self.patterns.push(if tree { NamePattern::Tree(host) } else { NamePattern::Host(host) });
        Ok(())
    }
}

/// The ACLs that Squid defines before it reads a line.
///
/// <https://www.squid-cache.org/Doc/config/acl/>
pub(super) fn built_in() -> BTreeMap<String, Acl> {
    let with_addresses = |name: &str, kind: Kind, texts: &[&str]| {
        let mut acl = Acl::new(name, kind);
        acl.looks_up = acl.kind.looks_up();
        for text in texts {
            acl.addresses.ranges.extend(address::ranges(text));
            acl.texts.push((*text).to_owned());
        }
        acl
    };
    let mut connect = Acl::new("CONNECT", Kind::Method);
    connect.words.push("CONNECT".to_owned());
    let mut manager = Acl::new("manager", Kind::UrlRegex);
    manager.expressions.push(("^cache_object://".to_owned(), true));
    [
        with_addresses("all", Kind::Src, &["all"]),
        with_addresses("localhost", Kind::Src, &["127.0.0.1", "::1"]),
        with_addresses("to_localhost", Kind::Dst, &["127.0.0.0/8", "0.0.0.0", "::1", "::"]),
        with_addresses("to_linklocal", Kind::Dst, &["169.254.0.0/16", "fe80::/10"]),
        connect,
        manager,
    ]
    .into_iter()
    .map(|acl| (acl.name.to_ascii_lowercase(), acl))
    .collect()
}

/// The finding that Squid refuses the configuration because of a value.
pub(super) fn refused(value: &Value, message: &str) -> Finding {
    Finding::new(Code::ReadRefused, message).at(&value.place.source, value.place.span)
}

/// The finding that Squid takes a value that no request matches.
pub(super) fn never(value: &Value) -> Finding {
    let text = value.text.as_str();
    let finding = Finding::new(Code::ReadNeverMatches, format!("`{text}` never matches a request"))
        .at(&value.place.source, value.place.span);
    match text {
        _ if text.starts_with("*.") => finding.help(format!(
            "Squid has no wildcards here; `.{}` is the name and all below it",
            text.trim_start_matches("*.")
        )),
        _ if text.contains("://") || text.contains(['/', ':']) => {
            finding.help("only a host name can stand here")
        }
        _ if text.contains(',') || text.contains(char::is_whitespace) => {
            finding.help("write one name in each entry")
        }
        _ if text.ends_with('.') => finding.help("leave the dot at the end out"),
        _ => finding,
    }
}
