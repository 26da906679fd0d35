//! `squid.conf` as what it says about access: ACLs, `http_access` lines, and the other directives that decide traffic.

use super::acl::{Acl, Value, built_in};
use super::files::Files;
use super::kind::Kind;
use super::lines::{Line, Word, entries, lines};
use crate::diag::{Code, Finding, Place, Source, Span, suggest};
use crate::policy::Action;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The longest ACL name that Squid takes: `ACL_NAME_SZ` in its `src/acl/forward.h` less the closing zero.
pub(super) const LONGEST_NAME: usize = 63;
/// How deep Squid follows includes.
const DEEPEST_INCLUDE: usize = 16;

/// What a configuration says about access.
#[derive(Debug, Default)]
pub(super) struct Conf {
    /// The ACLs by name in lower case, as Squid does not tell cases apart.
    pub(super) acls: BTreeMap<String, Acl>,
    /// The `http_access` lines, in order.
    pub(super) access: Vec<Access>,
    /// Other directives that can stop a request, in their own words.
    pub(super) stops: Vec<Place>,
    /// The client address is taken from a header.
    pub(super) forwarded: bool,
    /// TLS is looked into, so that the name in the handshake counts too.
    pub(super) bumped: bool,
    /// What the `ssl_bump` lines do with tunnels, in order.
    pub(super) bumps: Vec<Bump>,
    /// A port on which no line looks into tunnels.
    pub(super) blind_port: Option<Place>,
    /// A directive makes notes of requests.
    pub(super) notes: bool,
}

/// One `http_access` line.
#[derive(Debug)]
pub(super) struct Access {
    /// What it does.
    pub(super) action: Action,
    /// The ACLs that must all match.
    pub(super) tests: Vec<Test>,
    /// Where it stands.
    pub(super) place: Place,
    /// The `if` lines around it.
    pub(super) conditions: Vec<String>,
}

/// One `ssl_bump` line.
#[derive(Debug)]
pub(super) struct Bump {
    /// What it does: `peek`, `splice`, `bump`, `terminate` and others.
    pub(super) action: String,
    /// The ACLs that must all match.
    pub(super) tests: Vec<Test>,
    /// Where it stands.
    pub(super) place: Place,
    /// It stands under an `if`.
    pub(super) conditional: bool,
}

/// An ACL in an `http_access` line.
#[derive(Debug)]
pub(super) struct Test {
    /// Whether it must not match.
    pub(super) negated: bool,
    /// The key of the ACL.
    pub(super) acl: String,
}

/// Reads a configuration with the files that it names.
pub(super) fn read(files: &Files, findings: &mut Vec<Finding>) -> Conf {
    let mut reader =
        Reader { files, findings, conf: Conf::default(), conditions: Vec::new(), open: Vec::new() };
    reader.conf.acls = built_in();
    for root in files.roots() {
        reader.file(&root);
    }
    reader.conf
}

/// Directives that end in `_access` and decide something else.
const OTHER_ACCESS: [&str; 22] = [
    "access_log",
    "adaptation_access",
    "auth_schemes",
    "cache_peer_access",
    "delay_access",
    "htcp_access",
    "htcp_clr_access",
    "http_upgrade_request_protocols",
    "icp_access",
    "ident_lookup_access",
    "log_access",
    "mail_program",
    "note",
    "reply_header_access",
    "request_header_access",
    "send_hit",
    "snmp_access",
    "spoof_client_ip",
    "stats_collection",
    "store_id_access",
    "store_miss",
    "url_rewrite_access",
];

struct Reader<'a> {
    files: &'a Files,
    findings: &'a mut Vec<Finding>,
    conf: Conf,
    /// The `if` lines that are open.
    conditions: Vec<String>,
    /// The files that are being read.
    open: Vec<String>,
}

impl Reader<'_> {
    fn file(&mut self, source: &Arc<Source>) {
        if self.open.len() > DEEPEST_INCLUDE || self.open.iter().any(|name| name == source.name()) {
            let message = format!("`{}` is included within itself, or too deep", source.name());
            self.findings.push(Finding::new(Code::ReadRefused, message));
            return;
        }
        self.open.push(source.name().to_owned());
        let outer = self.conditions.len();
        for line in lines(source, self.findings) {
            self.line(source, &line);
        }
        if self.conditions.len() != outer {
            self.refuse(source, Span::default(), "an `if` without its `endif`");
            self.conditions.truncate(outer);
        }
        self.open.pop();
    }

    fn line(&mut self, source: &Arc<Source>, line: &Line) {
        let Some((directive, rest)) = line.words.split_first() else { return };
        let words = || rest.iter().map(|word| word.text.as_str()).collect::<Vec<_>>();
        let name = directive.text.as_str();
        match name {
            "acl" => self.acl(source, line, rest),
            "http_access" => self.access(source, line, rest),
            "include" => rest.iter().for_each(|path| self.include(source, path)),
            "if" => self.conditions.push(format!("if {}", words().join(" "))),
            "else" => match self.conditions.pop() {
                Some(condition) => self.conditions.push(format!("not {condition}")),
                None => self.refuse(source, line.span, "an `else` without its `if`"),
            },
            "endif" => {
                if self.conditions.pop().is_none() {
                    self.refuse(source, line.span, "an `endif` without its `if`");
                }
            }
            "configuration_includes_quoted_values" => {
                if words() != ["off"] {
                    let message = "`configuration_includes_quoted_values` changes how quotes are read and is not understood";
                    self.findings.push(Finding::new(Code::ReadSyntax, message).at(source, line.span));
                }
            }
            "follow_x_forwarded_for" => {
                if rest.first().is_some_and(|word| word.text == "allow") {
                    self.conf.forwarded = true;
                    self.warn(
                        source,
                        line.span,
                        "client addresses are taken from a header, so `src` is not modelled",
                    );
                }
            }
            "http_access2" | "adapted_http_access" | "http_reply_access" | "miss_access" => {
                if words() != ["allow", "all"] {
                    self.stop(source, line);
                }
            }
            "ssl_bump" => self.bump(source, line, rest),
            "http_port" => {
                if rest.iter().all(|word| word.text != "ssl-bump") {
                    self.conf.blind_port.get_or_insert_with(|| place(source, line));
                }
            }
            "note" => self.conf.notes = true,
            "url_rewrite_program" | "redirect_program" => self.stop(source, line),
            _ => self.other(source, directive),
        }
    }

    /// A directive that can stop a request that `http_access` lets pass.
    fn stop(&mut self, source: &Arc<Source>, line: &Line) {
        self.conf.stops.push(place(source, line));
    }

    /// A directive that decides nothing, unless it is one that does, misspelt.
    fn other(&mut self, source: &Arc<Source>, directive: &Word) {
        let name = directive.text.as_str();
        let deciding = ["acl", "http_access", "include"];
        let meant = deciding.into_iter().find(|known| known.eq_ignore_ascii_case(name)).or_else(|| {
            let known = OTHER_ACCESS.iter().copied().chain(["http_access"]);
            suggest(name, known).filter(|meant| *meant == "http_access" && !OTHER_ACCESS.contains(&name))
        });
        if let Some(meant) = meant {
            let message = format!("`{name}` is no directive of Squid, which leaves the line out");
            self.findings.push(
                Finding::new(Code::ReadRefused, message)
                    .at(source, directive.span)
                    .help(format!("did you mean `{meant}`")),
            );
        }
    }

    fn include(&mut self, source: &Arc<Source>, path: &Word) {
        let found = self.files.matching(&path.text);
        if found.is_empty() {
            self.missing(source, path.span, &path.text);
        }
        for included in found {
            self.file(&included);
        }
    }

    fn missing(&mut self, source: &Arc<Source>, span: Span, path: &str) {
        let message = format!("the file `{path}` is not given, so what it says is not known");
        let help = "name it as a further file, or give the folder that holds both";
        self.findings.push(Finding::new(Code::FileRead, message).at(source, span).help(help));
    }

    fn acl(&mut self, source: &Arc<Source>, line: &Line, rest: &[Word]) {
        let [name, kind, values @ ..] = rest else {
            return self.refuse(source, line.span, "an ACL without a name or a type");
        };
        if name.text.len() > LONGEST_NAME {
            self.refuse(source, name.span, &format!("an ACL name of more than {LONGEST_NAME} characters"));
        }
        let key = name.text.to_ascii_lowercase();
        let kind_of = Kind::parse(&kind.text);
        let conditional = !self.conditions.is_empty();
        if let Some(known) = self.conf.acls.get(&key).filter(|known| known.kind != kind_of) {
            let message = format!("the ACL `{}` already has the type `{}`", name.text, known.kind.as_str());
            return self.refuse(source, line.span, &message);
        }
        let mut acl = self.conf.acls.remove(&key).unwrap_or_else(|| Acl::new(&name.text, kind_of));
        acl.conditional |= conditional;
        let mut flags = acl.begin_line();
        let mut values = values.iter();
        while let Some(word) = values.next() {
            if let Some(quoted) = word.text.strip_prefix(['"', '\'']) {
                let path = quoted.split(['"', '\'']).next().unwrap_or_default();
                self.list(source, word, path, &mut acl, &mut flags);
                // Squid reads no further on a line than the end of a list file.
                for ignored in values.by_ref() {
                    let message =
                        format!("`{}` stands behind a list file, where Squid does not read it", ignored.text);
                    self.findings
                        .push(Finding::new(Code::ReadNeverMatches, message).at(source, ignored.span));
                }
            } else {
                self.value(source, word, &mut acl, &mut flags);
            }
        }
        for member in acl.take_unknown(|key| self.conf.acls.contains_key(key)) {
            self.refuse(source, line.span, &format!("the ACL `{member}` is not defined above this line"));
        }
        acl.end_line(&flags, &Place { source: Arc::clone(source), span: line.span });
        self.conf.acls.insert(key, acl);
    }

    fn list(
        &mut self,
        source: &Arc<Source>,
        word: &Word,
        path: &str,
        acl: &mut Acl,
        flags: &mut super::acl::Flags,
    ) {
        match self.files.matching(path).first() {
            None => self.missing(source, word.span, path),
            Some(list) => {
                for entry in entries(list) {
                    self.value(list, &entry, acl, flags);
                }
            }
        }
    }

    fn value(&mut self, source: &Arc<Source>, word: &Word, acl: &mut Acl, flags: &mut super::acl::Flags) {
        if ["${process_name}", "${process_number}", "${service_name}"]
            .iter()
            .any(|macro_| word.text.contains(macro_))
        {
            let message = format!("`{}` holds a macro, which is not understood", word.text);
            self.findings.push(Finding::new(Code::ReadSyntax, message).at(source, word.span));
        }
        let place = Place { source: Arc::clone(source), span: word.span };
        if let Err(finding) = acl.add(Value { text: word.text.clone(), place }, flags) {
            self.findings.push(finding);
        }
    }

    fn access(&mut self, source: &Arc<Source>, line: &Line, rest: &[Word]) {
        let action = match rest.first().map(|word| word.text.as_str()) {
            Some("allow") => Action::Allow,
            Some("deny") => Action::Deny,
            Some(other) => {
                let message =
                    format!("`http_access {other}` is neither `allow` nor `deny`; Squid drops the line");
                return self.refuse(source, line.span, &message);
            }
            None => {
                return self.refuse(
                    source,
                    line.span,
                    "`http_access` without `allow` or `deny`; Squid drops the line",
                );
            }
        };
        let Some(tests) = self.tests(source, rest) else { return };
        if tests.is_empty() {
            return self.refuse(source, line.span, "`http_access` without an ACL; Squid drops the line");
        }
        let place = place(source, line);
        self.conf.access.push(Access { action, tests, place, conditions: self.conditions.clone() });
    }

    fn bump(&mut self, source: &Arc<Source>, line: &Line, rest: &[Word]) {
        self.conf.bumped = true;
        let Some(action) = rest.first() else {
            return self.refuse(source, line.span, "`ssl_bump` without an action");
        };
        let Some(tests) = self.tests(source, rest) else { return };
        let conditional = !self.conditions.is_empty();
        self.conf.bumps.push(Bump {
            action: action.text.clone(),
            tests,
            place: place(source, line),
            conditional,
        });
    }

    /// The ACLs behind the action of a line; nothing when one of them is not defined.
    fn tests(&mut self, source: &Arc<Source>, rest: &[Word]) -> Option<Vec<Test>> {
        let mut tests = Vec::new();
        for word in rest.iter().skip(1) {
            let bare = word.text.strip_prefix('!');
            let key = bare.unwrap_or(&word.text).to_ascii_lowercase();
            if !self.conf.acls.contains_key(&key) {
                let message =
                    format!("the ACL `{}` is not defined above this line", bare.unwrap_or(&word.text));
                let meant = suggest(&key, self.conf.acls.keys().map(String::as_str));
                let finding = Finding::new(Code::ReadRefused, message).at(source, word.span);
                self.findings.push(match meant {
                    Some(meant) => finding.help(format!("did you mean `{meant}`")),
                    None => finding,
                });
                return None;
            }
            tests.push(Test { negated: bare.is_some(), acl: key });
        }
        Some(tests)
    }

    fn refuse(&mut self, source: &Arc<Source>, span: Span, message: &str) {
        self.findings.push(Finding::new(Code::ReadRefused, message).at(source, span));
    }

    fn warn(&mut self, source: &Arc<Source>, span: Span, message: &str) {
        self.findings.push(Finding::new(Code::ReadUnmodelled, message).at(source, span));
    }
}

fn place(source: &Arc<Source>, line: &Line) -> Place {
    Place { source: Arc::clone(source), span: line.span }
}
