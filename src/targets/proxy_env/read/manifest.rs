//! Manifests of workloads and patches of them, values of Helm charts, and other YAML that holds the variables.

use super::{Setting, Stated, Value, Var};
use crate::diag::{Code, Finding, Place, Source, Span};
use crate::syntax::yaml::{self, Kind, Node};
use std::sync::Arc;

/// Reports whether a line of YAML or JSON names one of the variables: as a key, or as the name of an entry of `env`.
pub(super) fn mentions(line: &str) -> bool {
    let bare = |text: &str| text.trim().trim_matches(['"', '\'']).to_owned();
    let line = line.trim_start_matches(['-', ' ', '{', '[']);
    let Some((key, value)) = line.split_once(':') else { return false };
    let value = value.trim_end_matches([',', '}', ']', ' ']);
    // In the flow form several stand on one line.
    let first = value.split([',', '}']).next().unwrap_or_default();
    Var::of_key(&bare(key)).is_some() || bare(key) == "name" && Var::of_variable(&bare(first)).is_some()
}

pub(super) fn read(source: &Arc<Source>, findings: &mut Vec<Finding>) -> Vec<Stated> {
    match yaml::parse(source, Code::ReadSyntax) {
        Ok(documents) => {
            let mut walk = Walk { source, stated: Vec::new(), findings };
            for document in &documents {
                walk.node(document, "");
            }
            walk.stated
        }
        Err(finding) => {
            findings.push(finding);
            Vec::new()
        }
    }
}

struct Walk<'a> {
    source: &'a Arc<Source>,
    stated: Vec<Stated>,
    findings: &'a mut Vec<Finding>,
}

impl Walk<'_> {
    /// Looks for variables in a node that belongs to `who`.
    fn node(&mut self, node: &Node, who: &str) {
        match &node.kind {
            Kind::Sequence(items) => items.iter().for_each(|item| self.node(item, who)),
            Kind::Mapping(entries) => {
                let who = name(node, who);
                let mut own = Stated { who: who.clone(), settings: Vec::new() };
                for (key, value) in entries {
                    match (Var::of_key(&key.name), &value.kind) {
                        (Some((var, lower)), _) => {
                            let value = self.text(value).map(|(text, place)| Value::Text(text, place));
                            let name = self.place(key.span);
                            own.settings.extend(value.map(|value| Setting { var, lower, value, name }));
                        }
                        (None, Kind::Sequence(items)) if key.name == "env" => {
                            let of_items = items.iter().filter_map(|item| self.entry(item));
                            own.settings.extend(of_items.collect::<Vec<_>>());
                        }
                        (None, _) => self.node(value, &who),
                    }
                }
                if !own.settings.is_empty() {
                    self.stated.push(own);
                }
            }
            Kind::Null | Kind::Bool(_) | Kind::Integer(_) | Kind::Float(_) | Kind::String(_) => {}
        }
    }

    /// An entry of `env`: a name with a value, or with a reference to one.
    fn entry(&mut self, item: &Node) -> Option<Setting> {
        let name = item.get("name")?;
        let (var, lower) = Var::of_variable(name.as_str()?)?;
        let name = self.place(name.span);
        let value = match (item.get("value"), item.get("valueFrom")) {
            (Some(value), _) => {
                let (text, place) = self.text(value)?;
                Value::Text(text, place)
            }
            (None, Some(from)) => Value::Reference(reference(from)),
            (None, None) => return None,
        };
        Some(Setting { var, lower, value, name })
    }

    /// A text, or the texts of a list, with the place of what is inside the quotes.
    fn text(&mut self, node: &Node) -> Option<(String, Place)> {
        let text = match &node.kind {
            Kind::String(text) => text.clone(),
            Kind::Null => return None,
            Kind::Sequence(items) => {
                let texts: Option<Vec<&str>> = items.iter().map(Node::as_str).collect();
                texts.map(|texts| texts.join(",")).or_else(|| self.refuse(node))?
            }
            Kind::Bool(_) | Kind::Integer(_) | Kind::Float(_) | Kind::Mapping(_) => return self.refuse(node),
        };
        let raw = self.source.slice(node.span);
        let span = match raw.find(&text).filter(|_| !text.is_empty()) {
            Some(at) => {
                let start = node.span.start.saturating_add(at);
                Span::new(start, start.saturating_add(text.len()))
            }
            None => node.span,
        };
        let place = self.place(span);
        Some((text, place))
    }

    fn refuse<T>(&mut self, node: &Node) -> Option<T> {
        let message = format!("a text is needed as the value of a variable, not {}", node.kind.describe());
        self.findings.push(Finding::new(Code::ReadRefused, message).at(self.source, node.span));
        None
    }

    fn place(&self, span: Span) -> Place {
        Place { source: Arc::clone(self.source), span: self.source.clamp_span(span) }
    }
}

/// Who a mapping speaks of: `agents Deployment/agent`, then its container.
fn name(node: &Node, outer: &str) -> String {
    let text = |node: Option<&Node>| node.and_then(Node::as_str).map(str::to_owned);
    let metadata = node.get("metadata");
    let object = text(node.get("kind")).zip(text(metadata.and_then(|metadata| metadata.get("name"))));
    let own = match object {
        Some((kind, name)) => {
            let namespace = text(metadata.and_then(|metadata| metadata.get("namespace")));
            Some(
                namespace.map_or_else(String::new, |namespace| format!("{namespace} "))
                    + &format!("{kind}/{name}"),
            )
        }
        None if node.get("env").is_some() => text(node.get("name")),
        None => None,
    };
    let parts: Vec<String> =
        [outer.to_owned(), own.unwrap_or_default()].into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(" ")
}

/// `secret NAME/KEY`, or whatever else the value comes from.
fn reference(from: &Node) -> String {
    let text = |node: Option<&Node>| node.and_then(Node::as_str).unwrap_or("?").to_owned();
    let of = |kind: &str, key: &str| {
        let node = from.get(key)?;
        Some(format!("{kind} {}/{}", text(node.get("name")), text(node.get("key"))))
    };
    of("secret", "secretKeyRef")
        .or_else(|| of("configmap", "configMapKeyRef"))
        .unwrap_or_else(|| "a field".to_owned())
}
