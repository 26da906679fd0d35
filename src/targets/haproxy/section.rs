//! What a section says: where it listens, its ACLs, and its rules in their order.

use super::acl::{Acl, Condition};
use crate::diag::Place;
use crate::packet::PortSet;
use std::collections::{BTreeMap, BTreeSet};

/// What a section is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// What holds for the sections that follow.
    Defaults,
    /// Where clients come in.
    Frontend,
    /// Where they are led to.
    Backend,
    /// Both.
    Listen,
    /// What decides nothing.
    Other,
}

/// When a rule is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Layer {
    /// As soon as a connection is there.
    Connection,
    /// When its session begins.
    Session,
    /// When it has sent something.
    Content,
    /// For each request.
    Http,
}

/// What a rule does that ends its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// The list ends, and the next one is tried.
    Accept,
    /// The client is turned away.
    Refuse,
    /// Something that is not modelled.
    Unknown,
}

/// Actions that end no list.
const GOES_ON: [&str; 36] = [
    "add-acl",
    "add-header",
    "cache-use",
    "capture",
    "del-acl",
    "del-header",
    "del-map",
    "do-resolve",
    "disable-l7-retry",
    "early-hint",
    "expect-netscaler-cip",
    "expect-proxy",
    "normalize-uri",
    "replace-header",
    "replace-path",
    "replace-pathq",
    "replace-uri",
    "replace-value",
    "set-bandwidth-limit",
    "set-dst",
    "set-header",
    "set-log-level",
    "set-map",
    "set-mark",
    "set-method",
    "set-nice",
    "set-path",
    "set-pathq",
    "set-priority-class",
    "set-priority-offset",
    "set-query",
    "set-src",
    "set-timeout",
    "set-tos",
    "set-uri",
    "set-var",
];

impl Action {
    /// The action of that name; nothing when it ends no list.
    pub(super) fn of(layer: Layer, name: &str) -> Option<Self> {
        let word = name.split('(').next().unwrap_or_default();
        Some(match (layer, word) {
            (Layer::Http, "allow") | (Layer::Connection | Layer::Session | Layer::Content, "accept") => {
                Self::Accept
            }
            (Layer::Http, "deny" | "tarpit" | "return" | "redirect" | "reject" | "silent-drop")
            | (Layer::Connection | Layer::Session | Layer::Content, "reject" | "silent-drop") => Self::Refuse,
            (_, word)
                if GOES_ON.contains(&word)
                    || word.starts_with("sc-")
                    || word.starts_with("track-sc")
                    || word.starts_with("set-var-fmt")
                    || word.starts_with("unset-var") =>
            {
                return None;
            }
            _ => Self::Unknown,
        })
    }
}

/// A rule that may end its list.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    /// The list that it stands in.
    pub(super) layer: Layer,
    /// What it does.
    pub(super) action: Action,
    /// When.
    pub(super) condition: Condition,
    /// Where it stands.
    pub(super) place: Place,
}

/// A section.
#[derive(Debug, Clone)]
pub(super) struct Section {
    /// What it is.
    pub(super) kind: Kind,
    /// Its name.
    pub(super) name: String,
    /// The defaults that it names.
    pub(super) from: Option<String>,
    /// Where it begins.
    pub(super) place: Place,
    /// Whether requests are read, where it says so.
    pub(super) http: Option<bool>,
    /// The ports that it listens on.
    pub(super) binds: PortSet,
    /// The ACLs by name, a line each.
    pub(super) acls: BTreeMap<String, Vec<Acl>>,
    /// The rules, in order.
    pub(super) rules: Vec<Rule>,
    /// Whether the first packets are waited for.
    pub(super) waits: bool,
    /// The variables that hold what a name was resolved to.
    pub(super) resolved: BTreeSet<String>,
    /// The backends that are chosen under a condition.
    pub(super) routes: Vec<(String, Condition, Place)>,
    /// The backend of all else.
    pub(super) default_backend: Option<String>,
    /// Whether it has servers of its own.
    pub(super) servers: bool,
}

impl Section {
    /// A section that says nothing yet.
    pub(super) fn new(kind: Kind, name: &str, place: &Place) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            from: None,
            place: place.clone(),
            http: None,
            binds: PortSet::default(),
            acls: BTreeMap::new(),
            rules: Vec::new(),
            waits: false,
            resolved: BTreeSet::new(),
            routes: Vec::new(),
            default_backend: None,
            servers: false,
        }
    }
}
