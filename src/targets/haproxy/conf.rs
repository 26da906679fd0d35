//! `haproxy.cfg` as its sections, and the lines of each that decide what is let pass.

use super::acl::{Acl, Condition, condition};
use super::binds::binds;
use super::section::{Action, Kind, Layer, Rule, Section};
use crate::diag::{Code, Finding, Place, Source, Span};
use crate::syntax::haproxy::{LONGEST_LINE, Word, split};
use crate::syntax::text::one_line;
use std::sync::Arc;

/// The words that begin a section.
const SECTIONS: [(&str, Kind); 20] = [
    ("global", Kind::Other),
    ("defaults", Kind::Defaults),
    ("frontend", Kind::Frontend),
    ("backend", Kind::Backend),
    ("listen", Kind::Listen),
    ("resolvers", Kind::Other),
    ("peers", Kind::Other),
    ("userlist", Kind::Other),
    ("cache", Kind::Other),
    ("mailers", Kind::Other),
    ("program", Kind::Other),
    ("http-errors", Kind::Other),
    ("ring", Kind::Other),
    ("log-forward", Kind::Other),
    ("fcgi-app", Kind::Other),
    ("crt-store", Kind::Other),
    ("traces", Kind::Other),
    ("acme", Kind::Other),
    ("log-profile", Kind::Other),
    ("healthcheck", Kind::Other),
];

/// Reports whether a text is a configuration of HAProxy.
pub(super) fn is_conf(text: &str) -> bool {
    // The words begin with few letters, and a line that begins with another is not looked at.
    let begins = text.lines().any(|line| line.starts_with(['f', 'b', 'l', 'd']));
    if !begins {
        return false;
    }
    let mut starts = false;
    let mut inside = false;
    for line in text.lines() {
        let word = line.split_ascii_whitespace().next().unwrap_or_default();
        let bare = !line.starts_with([' ', '\t']);
        starts |= bare && matches!(word, "frontend" | "backend" | "listen" | "defaults");
        inside |= matches!(
            word,
            "bind" | "mode" | "default_backend" | "use_backend" | "tcp-request" | "http-request"
        );
    }
    starts && inside
}

/// The paths of lists that ACLs name.
pub(super) fn lists(source: &Source) -> Vec<String> {
    let mut paths = Vec::new();
    for line in source.text().lines() {
        let Ok(words) = split(line, 0) else { continue };
        let file = words.windows(2).filter_map(|pair| match pair {
            [flag, path] if flag.text == "-f" => Some(path.text.clone()),
            _ => None,
        });
        paths.extend(file);
    }
    paths
}

/// Reads the sections of configurations; `lists` are the files beside them.
pub(super) fn read(
    sources: &[&Arc<Source>],
    lists: &[&Arc<Source>],
    findings: &mut Vec<Finding>,
) -> Vec<Section> {
    let mut reader = Reader { lists, findings, sections: Vec::new() };
    for source in sources {
        let text = source.text();
        let source = shown(source);
        let mut start = 0;
        for whole in text.split_inclusive('\n') {
            let text = whole.trim_end_matches(['\n', '\r']);
            let place = Place { source: Arc::clone(&source), span: Span::new(start, start + text.len()) };
            if text.len() > LONGEST_LINE {
                let message = format!("a line of {} bytes, {LONGEST_LINE} are allowed", text.len());
                reader.findings.push(Finding::new(Code::ReadRefused, message).at(&source, place.span));
            }
            match split(text, start) {
                Ok(words) => reader.line(&words, &place),
                Err(error) => {
                    reader
                        .findings
                        .push(Finding::new(Code::ReadSyntax, error.to_string()).at(&source, place.span));
                }
            }
            start += whole.len();
        }
    }
    reader.sections
}

/// A copy for showing, in which what is not about access is masked: passwords stand there.
fn shown(source: &Source) -> Arc<Source> {
    const PLAIN: [&str; 9] = [
        "acl",
        "bind",
        "default_backend",
        "http-request",
        "mode",
        "tcp-request",
        "use_backend",
        "frontend",
        "listen",
    ];
    let (mut hidden, mut start) = (Vec::new(), 0);
    for line in source.text().split_inclusive('\n') {
        let word = line.split_ascii_whitespace().next().unwrap_or_default();
        if !PLAIN.contains(&word) {
            let indent = line.len() - line.trim_start().len();
            hidden.push(Span::new(start + indent + word.len(), start + line.len()));
        }
        start += line.len();
    }
    Arc::new(source.masked(&hidden))
}

struct Reader<'a> {
    lists: &'a [&'a Arc<Source>],
    findings: &'a mut Vec<Finding>,
    sections: Vec<Section>,
}

impl Reader<'_> {
    fn line(&mut self, words: &[Word], place: &Place) {
        let Some((first, rest)) = words.split_first() else { return };
        if let Some((_, kind)) = SECTIONS.iter().find(|(word, _)| *word == first.text) {
            let mut section = Section::new(*kind, rest.first().map_or("", |word| &word.text), place);
            if let [.., from, name] = rest
                && from.text == "from"
            {
                section.from = Some(name.text.clone());
            }
            self.sections.push(section);
            return;
        }
        if first.text.starts_with('.') {
            self.refuse(place, "lines under a condition of how HAProxy is started are not read");
            return;
        }
        let Some(mut section) = self.sections.pop() else { return };
        if section.kind != Kind::Other {
            self.inside(&mut section, first, rest, place);
        }
        self.sections.push(section);
    }

    fn inside(&mut self, section: &mut Section, first: &Word, rest: &[Word], place: &Place) {
        let texts: Vec<&str> = rest.iter().map(|word| word.text.as_str()).collect();
        match (first.text.as_str(), texts.as_slice()) {
            ("mode", [mode, ..]) => section.http = Some(*mode == "http"),
            ("bind", [address, ..]) => match binds(address) {
                Some(ports) => section.binds = section.binds.union(&ports),
                None if address.starts_with(['/', '@']) || address.contains("unix@") => {}
                None => self.refuse(place, &format!("the ports of `{}` are not known", one_line(address))),
            },
            ("acl", [name, rest_of @ ..]) if !rest_of.is_empty() => {
                let acl = Acl::read(rest.get(1..).unwrap_or_default(), self.lists, place, self.findings);
                section.acls.entry((*name).to_owned()).or_default().push(acl);
            }
            ("server" | "server-template" | "dispatch", _) => section.servers = true,
            ("default_backend", [name, ..]) => section.default_backend = Some((*name).to_owned()),
            ("use_backend", [name, ..]) => {
                let condition =
                    condition(rest.get(1..).unwrap_or_default(), self.lists, place, self.findings);
                section.routes.push(((*name).to_owned(), condition, place.clone()));
            }
            ("tcp-request", ["inspect-delay", ..]) => section.waits = true,
            ("tcp-request", [layer, action, ..]) => {
                let layer = match *layer {
                    "connection" => Layer::Connection,
                    "session" => Layer::Session,
                    "content" => Layer::Content,
                    _ => return self.refuse(place, "`connection`, `session` or `content` is needed"),
                };
                self.rule(section, layer, action, rest.get(1..).unwrap_or_default(), place);
            }
            ("http-request", [action, ..]) => self.rule(section, Layer::Http, action, rest, place),
            _ => {}
        }
    }

    fn rule(&mut self, section: &mut Section, layer: Layer, action: &str, words: &[Word], place: &Place) {
        if let Some(variable) = action.strip_prefix("do-resolve(").and_then(|rest| rest.split(',').next()) {
            section.resolved.insert(variable.to_owned());
        }
        let Some(action) = Action::of(layer, action) else { return };
        let from = words.iter().position(|word| matches!(word.text.as_str(), "if" | "unless"));
        let condition = match from {
            Some(from) => condition(words.get(from..).unwrap_or_default(), self.lists, place, self.findings),
            None => Condition::default(),
        };
        section.rules.push(Rule { layer, action, condition, place: place.clone() });
    }

    fn refuse(&mut self, place: &Place, why: &str) {
        self.findings.push(Finding::new(Code::ReadSyntax, why).at(&place.source, place.span));
    }
}
