//! Applying overlays to the tree of a catalog, before it is read into types and checked like any other.

use super::document::{Expiry, OverrideDocument, SetDocument};
use super::layers::{Layers, moved};
use super::{Overlay, entries};
use crate::catalog::leaf::Id;
use crate::catalog::read::{At, Or};
use crate::diag::{Code, Finding, Place, Severity, Span, mask_secrets, suggest};
use crate::packet::{AddrSet, Prefix, Set as _};
use crate::syntax::yaml::{Key, Kind, Node};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What an overlay did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// It left an endpoint out.
    Disabled,
    /// It put another value in the place of a key's.
    Changed,
    /// It took a key away.
    Removed,
    /// It added an endpoint.
    Added,
    /// It set a key for the whole catalog.
    Set,
}

/// One change that an overlay made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The endpoint's id; nothing when it concerns the whole catalog.
    pub endpoint: Option<String>,
    /// What was done.
    pub how: How,
    /// The key, where it concerns one.
    pub key: Option<String>,
    /// What stood there before, as it was written.
    pub was: Option<String>,
    /// Where the overlay says so.
    pub place: Place,
}

/// What came of the overlays.
#[derive(Debug, Clone, Default)]
pub(in crate::catalog) struct Applied {
    /// What they did, in order.
    pub(in crate::catalog) changes: Vec<Change>,
    /// Values of variables, each with its place.
    pub(in crate::catalog) variables: BTreeMap<String, (String, Place)>,
    /// What is wrong with them.
    pub(in crate::catalog) findings: Vec<Finding>,
}

impl How {
    /// The word that JSON and people see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Added => "added",
            Self::Set => "set",
        }
    }
}

/// Changes the tree as the overlays say, in order.
pub(in crate::catalog) fn apply(root: &mut Node, overlays: &[Overlay], layers: &mut Layers) -> Applied {
    let mut applied = Applied::default();
    for overlay in overlays {
        let offset = layers.push(&overlay.source);
        let mut step = Step { root, overlay, offset, layers, applied: &mut applied };
        step.tables();
        step.add();
        step.overrides();
        step.set();
        step.disable();
        step.variables();
    }
    applied
}

/// One overlay on its way into the tree.
struct Step<'a> {
    root: &'a mut Node,
    overlay: &'a Overlay,
    offset: usize,
    layers: &'a Layers,
    applied: &'a mut Applied,
}

impl Step<'_> {
    fn place(&self, span: Span) -> Place {
        Place { source: Arc::clone(&self.overlay.source), span: self.overlay.source.clamp_span(span) }
    }

    fn wrong(&mut self, code: Code, span: Span, message: String, help: Option<String>) {
        let finding = Finding::new(code, message).at(&self.overlay.source, span);
        self.applied.findings.push(match help {
            Some(help) => finding.help(help),
            None => finding,
        });
    }

    fn note(&mut self, endpoint: Option<&str>, how: How, key: Option<&str>, was: Option<String>, span: Span) {
        let place = self.place(span);
        let owned = |text: Option<&str>| text.map(str::to_owned);
        self.applied.changes.push(Change { endpoint: owned(endpoint), how, key: owned(key), was, place });
    }

    /// The text of a node as it was written, in whichever file that was.
    fn text(&self, node: &Node) -> Option<String> {
        let place = self.layers.place(node.span)?;
        Some(crate::syntax::text::one_line(place.source.slice(place.span)))
    }

    /// Entries that tables get beside those they have.
    fn tables(&mut self) {
        for table in ["sources", "components", "features", "ip_sets"] {
            let Some(added) = self.overlay.root.get(table) else { continue };
            for (key, value) in entries(&added.clone()) {
                if self.root.get(table).is_some_and(|table| table.get(&key.name).is_some()) {
                    let message = format!("`{}` is in `{table}` of the catalog already", key.name);
                    self.wrong(Code::CatalogDuplicate, key.span, message, None);
                    continue;
                }
                let entry = moved(value, self.offset);
                let key = moved_key(key, self.offset);
                edit(self.root, |tables| {
                    if let Some((_, node)) = tables.iter_mut().find(|(key, _)| key.name == table) {
                        edit(node, |entries| entries.push((key, entry)));
                    } else {
                        let span = entry.span;
                        let node = Node { span, kind: Kind::Mapping(vec![(key, entry)]) };
                        tables.push((Key { span, name: table.to_owned() }, node));
                    }
                });
            }
        }
    }

    fn ids(&self) -> BTreeSet<String> {
        let ids = items(self.root).iter().filter_map(|item| item.get("id")?.as_str());
        ids.map(str::to_owned).collect()
    }

    fn add(&mut self) {
        let Some(Kind::Sequence(added)) = self.overlay.root.get("add").map(|node| node.kind.clone()) else {
            return;
        };
        for item in &added {
            let Some(id) = item.get("id") else { continue };
            let name = id.as_str().unwrap_or_default();
            if self.ids().contains(name) {
                let help = "`override` changes an endpoint that is there";
                let message = format!("the endpoint `{name}` is there already");
                self.wrong(Code::CatalogDuplicate, id.span, message, Some(help.to_owned()));
                continue;
            }
            self.note(Some(name), How::Added, None, None, id.span);
            let item = moved(item, self.offset);
            edit_endpoints(self.root, |endpoints| endpoints.push(item));
        }
    }

    /// Reports whether there is an endpoint of that id; that there is none is an error.
    fn known(&mut self, id: &At<Id>) -> bool {
        let ids = self.ids();
        let name = id.value.as_str();
        if ids.contains(name) {
            return true;
        }
        let catalog = &self.overlay.document.extends.value;
        let help = suggest(name, ids.iter().map(String::as_str)).map_or_else(
            || "see `egressor catalog list`".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        let message = format!("the catalog `{catalog}` has no endpoint `{name}`");
        self.wrong(Code::CatalogReference, id.span, message, Some(help));
        false
    }

    fn overrides(&mut self) {
        let overrides = self.overlay.document.r#override.value.given().map(|list| list.0.clone());
        for At { value: change, .. } in overrides.unwrap_or_default() {
            if self.known(&change.id) {
                self.change(&change);
            }
        }
    }

    fn change(&mut self, change: &OverrideDocument) {
        let (id, key) = (change.id.value.as_str(), change.key.value.as_str());
        let is_it = |item: &Node| item.get("id").and_then(Node::as_str) == Some(id);
        let before = items(self.root).iter().find(|item| is_it(item)).and_then(|item| item.get(key));
        let was = before.and_then(|node| self.text(node));
        if change.value.is_none() && before.is_none() {
            let message = format!("the endpoint `{id}` has no `{key}` that could be removed");
            self.wrong(Code::CatalogReference, change.key.span, message, None);
            return;
        }
        let offset = self.offset;
        let value = change.value.as_ref().map(|value| moved(&value.value, offset));
        edit_endpoints(self.root, |endpoints| {
            if let Some(item) = endpoints.iter_mut().find(|item| is_it(item)) {
                put(item, key, value);
            }
        });
        let (how, span) =
            change.value.as_ref().map_or((How::Removed, change.key.span), |value| (How::Changed, value.span));
        self.note(Some(id), how, Some(key), was, span);
    }

    fn set(&mut self) {
        let Some(set) = self.overlay.document.set.value.given().cloned() else { return };
        let SetDocument { owner, ticket, expires, tags } = set;
        let texts = [("owner", owner), ("ticket", ticket)];
        let expires = match expires {
            At { value: Or::Word(Expiry::Keep), .. } => None,
            At { value: Or::Word(Expiry::Never), span } => Some((None, span)),
            At { value: Or::Given(date), span } => Some((Some(date.to_string()), span)),
        };
        let texts = texts
            .into_iter()
            .filter_map(|(key, text)| text.map(|text| (key, (Some(text.value.to_string()), text.span))))
            .chain(expires.map(|expires| ("expires", expires)));
        for (key, (text, span)) in texts.collect::<Vec<_>>() {
            let was = self.root.get(key).and_then(|node| self.text(node));
            let at = Span::new(span.start + self.offset, span.end + self.offset);
            put(self.root, key, text.map(|text| Node { span: at, kind: Kind::String(text) }));
            self.note(None, How::Set, Some(key), was, span);
        }
        let Some(tags) = tags else { return };
        for At { value, span } in &tags.value.0 {
            let at = Span::new(span.start + self.offset, span.end + self.offset);
            let tag = Node { span: at, kind: Kind::String(value.to_string()) };
            edit_endpoints(self.root, |endpoints| {
                for endpoint in endpoints {
                    add_tag(endpoint, &tag);
                }
            });
            self.note(None, How::Set, Some("tags"), None, *span);
        }
    }

    fn disable(&mut self) {
        let disabled = self.overlay.document.disable.value.given().map(|list| list.0.clone());
        for id in disabled.unwrap_or_default() {
            if self.known(&id) {
                self.note(Some(id.value.as_str()), How::Disabled, None, None, id.span);
            }
        }
    }

    /// The last overlay wins where it says that it means to. Whoever reads the earlier one should know, above all when more
    /// is opened than it says.
    fn variables(&mut self) {
        let taken =
            self.overlay.document.overrides.as_ref().map(|list| list.value.0.clone()).unwrap_or_default();
        let variables =
            self.overlay.document.variables.clone().map(|table| table.value.0).unwrap_or_default();
        for id in &taken {
            let name = id.value.as_str();
            let message = if !variables.contains_key(&id.value) {
                format!("this overlay overrides the variable `{name}` and does not set it")
            } else if !self.applied.variables.contains_key(name) {
                format!("no earlier overlay sets the variable `{name}`, so nothing of it is overridden")
            } else {
                continue;
            };
            let near = suggest(name, self.applied.variables.keys().map(String::as_str));
            let help = near.filter(|near| *near != name).map(|near| format!("did you mean `{near}`?"));
            self.wrong(Code::CatalogReference, id.span, message, help);
        }
        for (id, value) in variables {
            let (text, place) = (value.value.as_str().to_owned(), self.place(value.name_span));
            let is_taken = taken.iter().any(|taken| taken.value == id);
            let earlier =
                self.applied.variables.get(id.as_str()).filter(|(was, _)| *was != text && !is_taken);
            if let Some((_, first)) = earlier {
                let line = first.source.line_column(first.span.start).0;
                let message =
                    format!("the variable `{id}` is set by `{}:{line}` already", first.source.name());
                let help = format!("say `overrides: [{id}]` here if this value is to take the place of that");
                self.wrong(Code::CatalogDuplicate, value.name_span, message, Some(help));
            }
            let before = self.applied.variables.insert(id.to_string(), (text.clone(), place.clone()));
            let was = before.as_ref().map(|(was, _)| mask_secrets(was));
            let key = format!("variables.{id}");
            self.note(None, How::Set, Some(&key), was, value.name_span);
            if let Some((was, first)) = before.filter(|(was, _)| *was != text) {
                self.applied.findings.push(overridden(id.as_str(), (&was, &first), (&text, &place)));
            }
        }
    }
}

/// A variable that an earlier overlay set otherwise.
fn overridden(id: &str, (was, first): (&str, &Place), (is, place): (&str, &Place)) -> Finding {
    let line = first.source.line_column(first.span.start).0;
    // A URL may hold a password.
    let message = format!(
        "the variable `{id}` is `{}` now, and no longer the `{}` of `{}:{line}`",
        mask_secrets(is),
        mask_secrets(was),
        first.source.name()
    );
    let finding = Finding::new(Code::CatalogOverridden, message).at(&place.source, place.span);
    let blocks = |text: &str| text.split(',').map(|block| block.trim().parse::<Prefix>().ok()).collect();
    let narrows = match (blocks(is), blocks(was)) {
        (Some::<Vec<Prefix>>(is), Some::<Vec<Prefix>>(was)) => AddrSet::of(is).is_subset(&AddrSet::of(was)),
        (None, _) | (_, None) => false,
    };
    let severity = if narrows { finding.severity } else { Severity::Warning };
    Finding { severity, ..finding }.help("take it out of the earlier overlay, if nobody else uses that")
}

/// Puts a value in the place of a key's, or takes the key away. A last day brings along the word that there is one.
fn put(node: &mut Node, key: &str, value: Option<Node>) {
    let span = value.as_ref().map_or(node.span, |value| value.span);
    let mut pairs = vec![(key, value)];
    if key == "expires" {
        let temporary = pairs.iter().all(|(_, value)| value.is_some());
        pairs.push(("temporary", temporary.then_some(Node { span, kind: Kind::Bool(true) })));
    }
    edit(node, |entries| {
        for (key, value) in pairs {
            match (entries.iter_mut().find(|(entry, _)| entry.name == key), value) {
                (_, None) => entries.retain(|(entry, _)| entry.name != key),
                (Some((_, node)), Some(value)) => *node = value,
                (None, Some(value)) => entries.push((Key { span: value.span, name: key.to_owned() }, value)),
            }
        }
    });
}

fn add_tag(endpoint: &mut Node, tag: &Node) {
    edit(endpoint, |entries| match entries.iter_mut().find(|(key, _)| key.name == "tags") {
        Some((_, Node { kind: Kind::Sequence(tags), .. })) => {
            if !tags.iter().any(|other| other.kind == tag.kind) {
                tags.push(tag.clone());
            }
        }
        Some(_) => {}
        None => {
            let list = Node { span: tag.span, kind: Kind::Sequence(vec![tag.clone()]) };
            entries.push((Key { span: tag.span, name: "tags".to_owned() }, list));
        }
    });
}

fn moved_key(key: &Key, by: usize) -> Key {
    Key { span: Span::new(key.span.start + by, key.span.end + by), name: key.name.clone() }
}

fn items(root: &Node) -> &[Node] {
    match root.get("endpoints").map(|node| &node.kind) {
        Some(Kind::Sequence(items)) => items,
        _ => &[],
    }
}

fn edit_endpoints(root: &mut Node, change: impl FnOnce(&mut Vec<Node>)) {
    edit(root, |tables| {
        let endpoints = tables.iter_mut().find(|(key, _)| key.name == "endpoints");
        if let Some((_, Node { kind: Kind::Sequence(items), .. })) = endpoints {
            change(items);
        }
    });
}

/// Changes the entries of a mapping; what is no mapping stays as it is, and is refused as it is.
fn edit(node: &mut Node, change: impl FnOnce(&mut Vec<(Key, Node)>)) {
    if let Kind::Mapping(entries) = &mut node.kind {
        change(entries);
    }
}
