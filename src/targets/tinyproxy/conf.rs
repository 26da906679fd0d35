//! `tinyproxy.conf` as what it says about access, and the entries of its filter.

use super::access::{Line, block};
use crate::diag::{Code, Finding, Place, Source, Span, suggest};
use crate::packet::PortSet;
use crate::policy::{Action, Unmodelled};
use crate::syntax::tinyproxy::LONGEST_LINE;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the entries of a filter are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Basic regular expressions.
    Basic,
    /// Extended regular expressions.
    Extended,
    /// Wildcards of `fnmatch`.
    Wildcards,
}

/// What a configuration says about access.
#[derive(Debug, Default)]
pub(super) struct Conf {
    /// The path of the filter, and where it is named.
    pub(super) filter: Option<(String, Place)>,
    /// The switches that are on or off, by name in lower case.
    switches: BTreeMap<String, bool>,
    /// The `FilterType`.
    kind: Option<String>,
    /// The ports that tunnels may lead to; any when nothing is said.
    pub(super) connect_ports: Option<PortSet>,
    /// The `Allow` and `Deny` lines.
    pub(super) access: Vec<Line>,
    /// What else may stop a request.
    pub(super) doubts: Vec<(Unmodelled, Place)>,
    /// The first line that says something about access.
    pub(super) place: Option<Place>,
}

/// Every directive of tinyproxy 1.11 (`src/conf-tokens.gperf`).
const DIRECTIVES: [&str; 41] = [
    "addheader",
    "allow",
    "anonymous",
    "basicauth",
    "basicauthrealm",
    "bind",
    "bindsame",
    "connectport",
    "defaulterrorfile",
    "deny",
    "disableviaheader",
    "errorfile",
    "filter",
    "filtercasesensitive",
    "filterdefaultdeny",
    "filterextended",
    "filtertype",
    "filterurls",
    "group",
    "listen",
    "logfile",
    "loglevel",
    "maxclients",
    "maxrequestsperchild",
    "maxspareservers",
    "minspareservers",
    "pidfile",
    "port",
    "reversebaseurl",
    "reversemagic",
    "reverseonly",
    "reversepath",
    "startservers",
    "statfile",
    "stathost",
    "syslog",
    "timeout",
    "upstream",
    "user",
    "viaproxyname",
    "xtinyproxy",
];

/// Directives that no other program has.
const OWN: [&str; 9] = [
    "connectport",
    "filtercasesensitive",
    "filterdefaultdeny",
    "filterextended",
    "filtertype",
    "filterurls",
    "viaproxyname",
    "xtinyproxy",
    "maxspareservers",
];

/// So many lines tell of a text that hardly any directive is in that it is something else.
const GLANCE: usize = 256;

/// Reports whether a text is a configuration of tinyproxy.
pub(super) fn is_conf(text: &str) -> bool {
    let words = text.lines().filter_map(first_word);
    let (mut own, mut known, mut unknown) = (false, 0_usize, 0_usize);
    let is_among = |list: &[&str], word: &str| list.iter().any(|known| known.eq_ignore_ascii_case(word));
    for word in words {
        if is_among(&DIRECTIVES, word) {
            known += 1;
            own |= is_among(&OWN, word);
        } else {
            unknown += 1;
        }
        // A dump of a hundred thousand rules is not read to its end to see that it is no configuration.
        if known + unknown == GLANCE && known < unknown {
            return false;
        }
    }
    own && known > unknown
}

fn first_word(line: &str) -> Option<&str> {
    line.split_ascii_whitespace().next().filter(|word| !word.starts_with('#'))
}

impl Conf {
    /// Whether requests are refused that the filter does not name.
    pub(super) fn default_deny(&self) -> bool {
        self.is_on("filterdefaultdeny")
    }

    /// Whether the filter is over URLs, and not over hosts.
    pub(super) fn over_urls(&self) -> bool {
        self.is_on("filterurls")
    }

    /// What the entries of the filter are.
    pub(super) fn kind(&self) -> Kind {
        match self.kind.as_deref() {
            Some("fnmatch") => Kind::Wildcards,
            Some("ere") => Kind::Extended,
            _ if self.is_on("filterextended") => Kind::Extended,
            _ => Kind::Basic,
        }
    }

    fn is_on(&self, switch: &str) -> bool {
        self.switches.get(switch).copied().unwrap_or_default()
    }
}

/// Reads configurations, one after the other.
pub(super) fn read(sources: &[&Arc<Source>], findings: &mut Vec<Finding>) -> Conf {
    let mut conf = Conf::default();
    for source in sources {
        let text = source.text();
        let source = &shown(source);
        let mut start = 0;
        for whole in text.split_inclusive('\n') {
            let text = whole.trim_end_matches('\n');
            let place = Place { source: Arc::clone(source), span: Span::new(start, start + text.len()) };
            start += whole.len();
            conf.line(text, &place, findings);
        }
    }
    if let (Some(kind), Some(true)) = (conf.kind.as_deref(), conf.switches.get("filterextended"))
        && kind != "ere"
        && let Some((_, place)) = &conf.filter
    {
        findings.push(refused(place, "`FilterType` and `FilterExtended` say different things"));
    }
    conf
}

/// A copy for showing, in which what stands behind other directives than those about access is masked: passwords do.
fn shown(source: &Source) -> Arc<Source> {
    const PLAIN: [&str; 7] = ["allow", "connectport", "deny", "filter", "port", "listen", "reverseonly"];
    let (mut hidden, mut start) = (Vec::new(), 0);
    for line in source.text().split_inclusive('\n') {
        let word = first_word(line).unwrap_or_default();
        let key = word.to_ascii_lowercase();
        if !word.is_empty() && !PLAIN.contains(&key.as_str()) && !key.starts_with("filter") {
            let indent = line.len() - line.trim_start().len();
            hidden.push(Span::new(start + indent + word.len(), start + line.trim_end().len()));
        }
        start += line.len();
    }
    Arc::new(source.masked(&hidden))
}

impl Conf {
    fn line(&mut self, text: &str, place: &Place, findings: &mut Vec<Finding>) {
        if text.len() > LONGEST_LINE {
            let why = format!(
                "a line of {} bytes; tinyproxy reads what follows {LONGEST_LINE} as a line",
                text.len()
            );
            findings.push(refused(place, &why));
        }
        let Some(word) = first_word(text) else { return };
        let rest = text.trim_start().get(word.len()..).unwrap_or_default().trim();
        let key = word.to_ascii_lowercase();
        let mut refuse = |why: &str| findings.push(refused(place, why));
        match key.as_str() {
            "filter" => match rest.strip_prefix('"').and_then(|path| path.strip_suffix('"')) {
                Some(path) if !path.is_empty() && !path.contains('"') => {
                    self.filter = Some((path.to_owned(), place.clone()));
                }
                _ => refuse("a path in double quotes is needed"),
            },
            "filterurls" | "filterextended" | "filterdefaultdeny" | "filtercasesensitive" | "reverseonly" => {
                match rest.to_ascii_lowercase().as_str() {
                    "yes" | "on" => self.switch(&key, true, &mut refuse),
                    "no" | "off" => self.switch(&key, false, &mut refuse),
                    _ => refuse("`Yes` or `No` is needed"),
                }
                if key == "reverseonly" && self.is_on(&key) {
                    self.doubt(text, "only addresses of `ReversePath` are served", place);
                }
            }
            "filtertype" => {
                let kind = rest.to_ascii_lowercase();
                if !["bre", "ere", "fnmatch"].contains(&kind.as_str()) {
                    refuse("`bre`, `ere` or `fnmatch` is needed");
                } else if self.kind.as_ref().is_some_and(|known| *known != kind) {
                    refuse("a second `FilterType`, and versions of tinyproxy differ in which one counts");
                } else {
                    self.kind = Some(kind);
                }
            }
            "connectport" => match rest.parse::<u16>() {
                Ok(port) if port.to_string() == rest => {
                    let known = self.connect_ports.take().unwrap_or_default();
                    let more = if port == 0 { PortSet::default() } else { PortSet::range(port, &port) };
                    self.connect_ports = Some(known.union(&more));
                }
                // A number with a zero before it is octal.
                _ => refuse("a port without leading zeros is needed"),
            },
            "allow" | "deny" => {
                let action = if key == "allow" { Action::Allow } else { Action::Deny };
                let plain = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '.' | '_');
                match block(rest) {
                    Some(set) => self.access.push(Line { action, clients: Ok(set) }),
                    None if !rest.is_empty() && rest.chars().all(plain) => {
                        let text = format!("{word} {rest}");
                        self.access.push(Line { action, clients: Err(text) });
                    }
                    None => refuse("an address, a block or a name is needed"),
                }
            }
            // What follows is a password.
            "basicauth" => self.doubt(word, "a client must know a password", place),
            known if DIRECTIVES.contains(&known) => return,
            _ => {
                let help = suggest(&key, DIRECTIVES).map(|near| format!(", did you mean `{near}`"));
                refuse(&format!("`{word}` is no directive of tinyproxy{}", help.unwrap_or_default()));
                return;
            }
        }
        self.place.get_or_insert_with(|| place.clone());
    }

    fn switch(&mut self, key: &str, on: bool, refuse: &mut impl FnMut(&str)) {
        if self.switches.insert(key.to_owned(), on).is_some_and(|before| before != on) {
            refuse("it was said otherwise before, and versions of tinyproxy differ in which one counts");
        }
    }

    fn doubt(&mut self, text: &str, why: &str, place: &Place) {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        self.doubts.push((Unmodelled { text, why: why.to_owned() }, place.clone()));
    }
}

fn refused(place: &Place, why: &str) -> Finding {
    Finding::new(Code::ReadRefused, why).at(&place.source, place.span)
}
