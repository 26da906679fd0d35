//! Sets of host names, name suffixes and URL path prefixes.
//!
//! A name becomes a key of bytes: its labels from the top-level domain down, each closed by `00`. A label that has
//! labels below it is preceded by `01`, the last one by `00`, and a URL path follows the last one:
//!
//! ```text
//! files.example.com/a/  →  01 com 00  01 example 00  00 files 00  /a/
//! ```
//!
//! So the hosts one label below a name come first, then everything deeper, and each thing a rule can say is one
//! stretch of keys: this host, this path prefix of this host, one label below (`P 00`), any depth below (`P 00` and
//! `P 01`), where `P` is `01 com 00 01 example 00`.

use super::hostname::Hostname;
use super::interval::IntervalSet;
use super::set::Set;
use super::steps::Key;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// A place on the axis of names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameKey(Box<[u8]>);

impl Key for NameKey {
    fn least() -> Self {
        Self(Box::default())
    }
}

impl NameKey {
    /// The place of a host with a path; a path without a `/` before it is given one.
    pub(super) fn of_host(host: &Hostname, path: &str) -> Self {
        // Every path starts at the root, so `` and `index.html` lie on the host like `/` and `/index.html`.
        if path.starts_with('/') {
            host_key(host, path.as_bytes())
        } else {
            host_key(host, format!("/{path}").as_bytes())
        }
    }
}

/// A set of names; a member is a host together with a URL path on it.
pub type NameSet = IntervalSet<NameKey>;

/// The beginning of a URL path: it starts with `/` and holds printable ASCII only.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathPrefix(String);

/// Why a text is no path prefix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathPrefixError {
    /// It does not start at the root.
    #[error("the path `{0}` does not start with `/`")]
    Relative(String),
    /// A space, control or non-ASCII character, or one that begins a query, fragment or dot segment.
    #[error("the path `{0}` holds a character or a segment that a path prefix cannot have")]
    Character(String),
}

/// One thing that a rule can say about names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NamePattern {
    /// Every name.
    Any,
    /// One host, every path. Written `=h`.
    Host(Hostname),
    /// One host, the paths that begin so. Written `=h/p/`.
    Path(Hostname, PathPrefix),
    /// The host and everything below it. Written `.h`.
    Tree(Hostname),
    /// Everything below the host, but not itself. Written `*.h`.
    Below(Hostname),
    /// The hosts exactly one label below. Written `?.h`.
    OneBelow(Hostname),
}

impl NamePattern {
    /// The names that the pattern stands for.
    pub fn names(&self) -> NameSet {
        match self {
            Self::Any => NameSet::full(),
            Self::Host(host) => path_span(host, "/"),
            Self::Path(host, path) => path_span(host, &path.0),
            Self::Tree(host) => path_span(host, "/").union(&below_span(host, DEEPER_END)),
            Self::Below(host) => below_span(host, DEEPER_END),
            Self::OneBelow(host) => below_span(host, DEEPER),
        }
    }
}

/// Precedes the last label of a name.
const HERE: u8 = 0;
/// Precedes a label that has labels below it.
const DEEPER: u8 = 1;
/// The end of everything below a name.
const DEEPER_END: u8 = 2;
/// Closes a label.
const CLOSE: u8 = 0;

/// The key of everything below `labels` (from the top down) and the marker that follows it.
fn below_key(labels: &[&str], marker: u8) -> NameKey {
    let mut bytes = Vec::new();
    for label in labels {
        bytes.push(DEEPER);
        bytes.extend_from_slice(label.as_bytes());
        bytes.push(CLOSE);
    }
    bytes.push(marker);
    NameKey(bytes.into_boxed_slice())
}

fn host_key(host: &Hostname, path: &[u8]) -> NameKey {
    let labels: Vec<&str> = host.labels_from_top().collect();
    let (last, parents) = labels.split_last().map_or(("", [].as_slice()), |(last, parents)| (*last, parents));
    let mut bytes = below_key(parents, HERE).0.into_vec();
    bytes.extend_from_slice(last.as_bytes());
    bytes.push(CLOSE);
    bytes.extend_from_slice(path);
    NameKey(bytes.into_boxed_slice())
}

fn path_span(host: &Hostname, path: &str) -> NameSet {
    // The key after all paths that begin with `path`: its last byte, which is below 7f, raised by one.
    let mut after = path.as_bytes().to_vec();
    if let Some(last) = after.last_mut() {
        *last += 1;
    }
    NameSet::span(host_key(host, path.as_bytes()), Some(host_key(host, &after)), true)
}

fn below_span(host: &Hostname, until: u8) -> NameSet {
    let labels: Vec<&str> = host.labels_from_top().collect();
    NameSet::span(below_key(&labels, HERE), Some(below_key(&labels, until)), true)
}

impl NameSet {
    /// The names of these patterns.
    pub fn of<'a>(patterns: impl IntoIterator<Item = &'a NamePattern>) -> Self {
        let sets: Vec<Self> = patterns.into_iter().map(NamePattern::names).collect();
        Self::union_all(&sets)
    }

    /// Reports whether this host with this path is in the set; a path without a `/` before it is given one.
    pub fn contains_host(&self, host: &Hostname, path: &str) -> bool {
        self.contains(&NameKey::of_host(host, path))
    }

    /// The set as patterns and the exceptions to them: each item is the union of the first list less the union of
    /// the second; the items are disjoint and their union is the set.
    pub fn patterns(&self) -> Vec<(Vec<NamePattern>, Vec<NamePattern>)> {
        if self.is_empty() {
            return Vec::new();
        }
        // Units are nested or disjoint, and inside a unit, but outside the units within it, membership is one value,
        // read at one sample key. The units that can differ from what surrounds them are found at the cuts.
        let mut units: BTreeSet<Unit> = BTreeSet::new();
        units.insert(Unit::any());
        let mut cuts = self.cuts().iter().map(|(key, _)| key).peekable();
        while let Some(key) = cuts.next() {
            units.extend(units_at(key, cuts.peek().copied()));
        }
        let mut rows: Vec<(Vec<NamePattern>, Vec<NamePattern>)> = Vec::new();
        let mut open: Vec<(Unit, Place)> = Vec::new();
        for unit in units {
            while open.last().is_some_and(|(outer, _)| !outer.holds(&unit)) {
                open.pop();
            }
            let outer = open.last().map_or(Place::Outside, |(_, place)| *place);
            let place = match (self.contains(&unit.sample), outer) {
                (true, Place::Outside) => Place::In(0),
                (true, Place::Excepted(row)) => Place::In(row + 1),
                (false, Place::In(row)) => Place::Excepted(row),
                (true, Place::In(_)) | (false, Place::Outside | Place::Excepted(_)) => outer,
            };
            if place != outer {
                let (row, excepted) = match place {
                    Place::In(row) => (row, false),
                    Place::Excepted(row) => (row, true),
                    Place::Outside => continue,
                };
                rows.resize_with(rows.len().max(row + 1), Default::default);
                if let Some((names, except)) = rows.get_mut(row) {
                    let list = if excepted { except } else { names };
                    list.push(unit.pattern.clone());
                }
            }
            open.push((unit, place));
        }
        for (names, except) in &mut rows {
            join_trees(names);
            join_trees(except);
        }
        rows
    }
}

/// Where a unit stands: in no member, in a row, or in an exception of a row. What is let in again inside an
/// exception is of the next row, so there are as many rows as levels of exceptions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    In(usize),
    Excepted(usize),
}

/// A pattern as a stretch of keys, with a key inside that lies in no smaller unit.
#[derive(PartialEq, Eq)]
struct Unit {
    from: NameKey,
    until: Option<NameKey>,
    sample: NameKey,
    pattern: NamePattern,
}

impl Unit {
    fn any() -> Self {
        let (from, sample) = (NameKey::least(), NameKey::least());
        Self { from, until: None, sample, pattern: NamePattern::Any }
    }

    fn holds(&self, other: &Self) -> bool {
        self.from <= other.from
            && match (&self.until, &other.until) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(mine), Some(theirs)) => theirs <= mine,
            }
    }
}

impl PartialOrd for Unit {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Unit {
    /// By start, and of those that start together the larger first.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let longer_first = match (&self.until, &other.until) {
            (None, None) => std::cmp::Ordering::Equal,
            (None, Some(_)) => std::cmp::Ordering::Less,
            (Some(_), None) => std::cmp::Ordering::Greater,
            (Some(mine), Some(theirs)) => theirs.cmp(mine),
        };
        self.from.cmp(&other.from).then(longer_first)
    }
}

/// The units that can begin to differ from what surrounds them at a cut; `next` is the cut that follows.
fn units_at(key: &NameKey, next: Option<&NameKey>) -> Vec<Unit> {
    let mut labels: Vec<&str> = Vec::new();
    let mut rest: &[u8] = &key.0;
    while let Some((&DEEPER, after)) = rest.split_first() {
        let Some((label, tail)) = split_label(after) else { break };
        labels.push(label);
        rest = tail;
    }
    match rest.split_first() {
        Some((&HERE, after)) if !after.is_empty() => {
            let Some((label, path)) = split_label(after) else { return Vec::new() };
            labels.push(label);
            let host = Hostname::from_labels_from_top(&labels);
            let up_to_path = key.0.len() - path.len();
            let next_path = next.and_then(|next| {
                let (place, next_path) = next.0.split_at_checked(up_to_path)?;
                key.0.starts_with(place).then_some(next_path)
            });
            let beside = next_path.map(|next| siblings(path, next)).unwrap_or_default();
            std::iter::once(path.to_vec()).chain(beside).filter_map(|path| path_unit(&host, &path)).collect()
        }
        _ if labels.is_empty() => Vec::new(),
        _ => {
            let host = Hostname::from_labels_from_top(&labels);
            let from = below_key(&labels, HERE);
            let deeper = below_key(&labels, DEEPER);
            vec![
                Unit {
                    from: from.clone(),
                    until: Some(below_key(&labels, DEEPER_END)),
                    sample: deeper.clone(),
                    pattern: NamePattern::Below(host.clone()),
                },
                Unit {
                    from: from.clone(),
                    until: Some(deeper),
                    sample: from,
                    pattern: NamePattern::OneBelow(host),
                },
            ]
        }
    }
}

/// The path prefixes that begin between two cuts on the paths of one host.
///
/// Prefixes that touch leave no cut where they meet: `/a`, `/b` and `/c` together have one at `/a` and one at `/d`.
/// They part where the two cuts do, so the ones between differ in that one character.
fn siblings(path: &[u8], next: &[u8]) -> Vec<Vec<u8>> {
    let common = path.iter().zip(next).take_while(|(a, b)| a == b).count();
    let (Some(from), Some(to)) = (path.get(common), next.get(common)) else { return Vec::new() };
    let sibling = |char| path.iter().take(common).copied().chain([char]).collect();
    (*from..=*to).skip(1).map(sibling).collect()
}

fn split_label(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == CLOSE)?;
    let (label, tail) = bytes.split_at_checked(end)?;
    Some((std::str::from_utf8(label).ok()?, tail.get(1..)?))
}

fn path_unit(host: &Hostname, path: &[u8]) -> Option<Unit> {
    let path = std::str::from_utf8(path).ok().filter(|path| path.starts_with('/'))?;
    let mut after = path.as_bytes().to_vec();
    if let Some(last) = after.last_mut() {
        *last += 1;
    }
    let pattern = match path {
        "/" => NamePattern::Host(host.clone()),
        _ => NamePattern::Path(host.clone(), PathPrefix(path.to_owned())),
    };
    let from = host_key(host, path.as_bytes());
    Some(Unit { sample: from.clone(), from, until: Some(host_key(host, &after)), pattern })
}

/// Writes `=h` and `*.h` of one list as `.h`, and sorts the list by name.
fn join_trees(patterns: &mut Vec<NamePattern>) {
    let all: BTreeSet<NamePattern> = patterns.drain(..).collect();
    let is_tree = |host: &Hostname| {
        all.contains(&NamePattern::Host(host.clone())) && all.contains(&NamePattern::Below(host.clone()))
    };
    patterns.extend(all.iter().filter_map(|pattern| match pattern {
        NamePattern::Host(host) if is_tree(host) => Some(NamePattern::Tree(host.clone())),
        NamePattern::Below(host) if is_tree(host) => None,
        other => Some(other.clone()),
    }));
    patterns.sort_by_cached_key(ToString::to_string);
}

impl PathPrefix {
    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PathPrefix {
    type Err = PathPrefixError;

    fn from_str(text: &str) -> Result<Self, PathPrefixError> {
        if !text.starts_with('/') {
            return Err(PathPrefixError::Relative(text.to_owned()));
        }
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'\\'));
        // A server may decode before it resolves, so `%2e` is a dot here too (WHATWG URL, "double-dot URL path segment").
        let decoded = text.replace("%2e", ".").replace("%2E", ".");
        if !plain || decoded.split('/').any(|segment| matches!(segment, "." | "..")) {
            return Err(PathPrefixError::Character(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Host(host) => write!(f, "={host}"),
            Self::Path(host, path) => write!(f, "={host}{}", path.0),
            Self::Tree(host) => write!(f, ".{host}"),
            Self::Below(host) => write!(f, "*.{host}"),
            Self::OneBelow(host) => write!(f, "?.{host}"),
        }
    }
}
