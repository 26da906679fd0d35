//! What the objects of all targets for Kubernetes have in common: names, labels, selectors, and how large they may be.

use crate::diag::{Code, Finding, Place, Severity, Source};
use crate::policy::Pods;
use crate::syntax::kubernetes::fields::Reader;
use crate::syntax::kubernetes::names;
use crate::syntax::kubernetes::objects;
use crate::syntax::kubernetes::selector::{Selector, Test};
use crate::targets::told::provenance::Annotation;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;

/// The most bytes that `kubectl apply` can copy into an annotation.
pub(in crate::targets) const APPLY_MAX: usize = 262_144;
/// The bytes of that which the rules of an object may take; annotations, which count twice, and the rest have what is
/// left. Six annotations of 2,000 characters, each of at most four bytes, take 96,000 of them twice counted.
pub(in crate::targets) const RULES_MAX: usize = 160_000;

/// A label with its value.
#[derive(Debug, Clone, Serialize)]
pub(in crate::targets) struct Label {
    /// Its key.
    pub(in crate::targets) key: String,
    /// Its value.
    pub(in crate::targets) value: String,
}

/// A label selector; without labels and expressions it chooses everything.
#[derive(Debug, Clone, Serialize)]
pub(in crate::targets) struct SelectorModel {
    labels: Vec<Label>,
    expressions: Vec<Expression>,
}

/// One of the `matchExpressions`.
#[derive(Debug, Clone, Serialize)]
struct Expression {
    key: String,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    operator: &'static str,
    /// The values; none for the last two.
    values: Vec<String>,
}

/// The selector for a template.
pub(in crate::targets) fn selector_model(selector: &Selector) -> SelectorModel {
    let mut model = SelectorModel { labels: Vec::new(), expressions: Vec::new() };
    for (key, test) in selector.tests() {
        if let Some(value) = test.single() {
            model.labels.push(Label { key: key.to_owned(), value: value.to_owned() });
            continue;
        }
        let mut ask = |operator, values: &BTreeSet<String>| {
            let values = values.iter().cloned().collect();
            model.expressions.push(Expression { key: key.to_owned(), operator, values });
        };
        match test {
            Test::In(values) => ask("In", values),
            Test::NotIn(values) => ask("NotIn", values),
            Test::Absent => ask("DoesNotExist", &BTreeSet::new()),
            Test::Present(not) => {
                ask("Exists", &BTreeSet::new());
                if !not.is_empty() {
                    ask("NotIn", not);
                }
            }
        }
    }
    model
}

/// Labels, in the order of their keys.
pub(in crate::targets) fn labels(labels: &BTreeMap<String, String>) -> Vec<Label> {
    labels.iter().map(|(key, value)| Label { key: key.clone(), value: value.clone() }).collect()
}

impl SelectorModel {
    /// No fewer bytes than it takes in JSON.
    pub(in crate::targets) fn bytes(&self) -> usize {
        let labels = self.labels.iter().map(|label| label.key.len() + label.value.len() + 8);
        let expressions = self.expressions.iter().map(|expression| {
            expression.key.len() + 80 + expression.values.iter().map(|value| value.len() + 3).sum::<usize>()
        });
        labels.chain(expressions).sum::<usize>().saturating_add(100)
    }
}

/// The bytes of a text in JSON as Go writes it.
pub(in crate::targets) fn json_bytes(text: &str) -> usize {
    let escaped = |char: char| match char {
        '<' | '>' | '&' => 6,
        '"' | '\\' => 2,
        _ => char.len_utf8(),
    };
    text.chars().map(escaped).sum()
}

/// No fewer bytes than the annotations of an object take once `kubectl apply` has added the object as one of them.
pub(in crate::targets) fn annotation_bytes(annotations: &[Annotation]) -> usize {
    let annotations = annotations.iter().map(|annotation| {
        // Once as it is, once inside the JSON of the object.
        2 * annotation.key.len() + 8 + annotation.value.len() + json_bytes(&annotation.value)
    });
    annotations.sum()
}

/// The finding that an object could not be stored, with the arithmetic.
pub(in crate::targets) fn too_large(object: &str, bytes: usize) -> Option<Finding> {
    let message = format!(
        "`{object}` takes {bytes} bytes of annotations when applied, at most {APPLY_MAX} are allowed"
    );
    (bytes > APPLY_MAX).then(|| Finding::new(Code::TargetLimit, message))
}

/// Whose policies a text holds. In a text that holds those of several, the first of these is read, and the others are
/// named as left aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::targets) enum PolicyForm {
    /// Kubernetes.
    Kubernetes,
    /// Cilium.
    Cilium,
    /// Calico.
    Calico,
    /// `OpenShift` and OVN-Kubernetes.
    EgressFirewall,
}

impl PolicyForm {
    /// Whose policies a text holds, by the kinds of the objects in it. The text is parsed only where words in it, which
    /// comments may have too, speak for several.
    pub(in crate::targets) fn of(text: &str) -> Option<Self> {
        let calico = text.contains("projectcalico.org/");
        let admin = text.contains(ADMIN_GROUP);
        let mut forms: BTreeSet<Self> = BTreeSet::new();
        for kind in words(text, "kind") {
            forms.extend(Self::of_kind(kind, None));
            forms.extend(Self::of_kind(kind, Some("projectcalico.org/")).filter(|_| calico));
            forms.extend(Self::of_kind(kind, Some(ADMIN_GROUP)).filter(|_| admin));
        }
        if forms.len() < 2 {
            return forms.pop_first();
        }
        let source = Arc::new(Source::new("", text));
        let mut reader = Reader { source: &source, namespace: String::new(), findings: Vec::new() };
        let mut found: BTreeSet<Self> = BTreeSet::new();
        objects::each(&mut reader, &LISTED, &mut |_, object| {
            found.extend(Self::of_kind(object.kind, object.version));
        });
        found.pop_first().or_else(|| forms.pop_first())
    }

    /// Whose kind of policy this is. That of Calico has the same name as that of Kubernetes.
    fn of_kind(kind: &str, version: Option<&str>) -> Option<Self> {
        let theirs = version.is_some_and(|version| version.contains("projectcalico.org/"));
        match kind.strip_suffix("List").unwrap_or(kind) {
            "NetworkPolicy" | "NetworkSet" | "GlobalNetworkSet" if theirs => Some(Self::Calico),
            "NetworkPolicy" | "AdminNetworkPolicy" | "BaselineAdminNetworkPolicy" => Some(Self::Kubernetes),
            "ClusterNetworkPolicy" if version.is_some_and(|version| version.starts_with(ADMIN_GROUP)) => {
                Some(Self::Kubernetes)
            }
            "CiliumNetworkPolicy" | "CiliumClusterwideNetworkPolicy" => Some(Self::Cilium),
            "GlobalNetworkPolicy" => Some(Self::Calico),
            "EgressFirewall" | "EgressNetworkPolicy" => Some(Self::EgressFirewall),
            _ => None,
        }
    }
}

/// The group of the policies of a cluster's administrator. Antrea has a `ClusterNetworkPolicy` of its own.
pub(in crate::targets) const ADMIN_GROUP: &str = "policy.networking.k8s.io/";

/// The kinds whose typed lists may leave out what their items are.
const LISTED: [&str; 9] = [
    "NetworkPolicy",
    "AdminNetworkPolicy",
    "BaselineAdminNetworkPolicy",
    "ClusterNetworkPolicy",
    "CiliumNetworkPolicy",
    "CiliumClusterwideNetworkPolicy",
    "GlobalNetworkPolicy",
    "EgressFirewall",
    "EgressNetworkPolicy",
];

/// The words that stand behind a key, in any spelling of YAML or JSON.
pub(in crate::targets) fn words<'a>(text: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> {
    text.match_indices(key).filter_map(move |(at, _)| {
        let before = text.get(..at)?.chars().next_back();
        if before
            .is_some_and(|char| !char.is_whitespace() && !matches!(char, '"' | '\'' | '{' | ',' | '\u{FEFF}'))
        {
            return None;
        }
        let after = text.get(at..)?.strip_prefix(key)?.trim_start_matches(['"', '\'']).trim_start();
        let value = after.strip_prefix(':')?.trim_start().trim_start_matches(['"', '\'']);
        value.split(|char: char| !char.is_ascii_alphanumeric()).next()
    })
}

/// Two objects of one kind and name: the later would replace the former, so their union is not what the cluster gets.
pub(in crate::targets) fn twice(names: &[([String; 3], Place)]) -> Vec<Finding> {
    let mut seen: BTreeMap<&[String; 3], &Place> = BTreeMap::new();
    let mut findings = Vec::new();
    for (key, place) in names {
        if let Some(first) = seen.insert(key, place) {
            let (line, _) = first.source.line_column(first.span.start);
            let [kind, namespace, name] = key;
            let slash = if namespace.is_empty() { "" } else { "/" };
            let message = format!(
                "the {kind} `{namespace}{slash}{name}` stands already in `{}` at line {line}: the later would replace the former",
                first.source.name()
            );
            findings.push(Finding::new(Code::ReadRefused, message).at(&place.source, place.span));
        }
    }
    findings
}

/// One line about all objects of kinds that are not read.
pub(in crate::targets) fn left_aside<'a>(
    others: impl IntoIterator<Item = (&'a String, &'a usize)>,
) -> Option<Finding> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (kind, count) in others {
        let total = counts.entry(kind).or_default();
        *total = total.saturating_add(*count);
    }
    if counts.is_empty() {
        return None;
    }
    let list: Vec<String> = counts.iter().map(|(kind, count)| format!("{count} `{kind}`")).collect();
    let total: usize = counts.values().sum();
    let objects = if total == 1 {
        "1 object of another kind was".to_owned()
    } else {
        format!("{total} objects of other kinds were")
    };
    let finding = Finding::new(Code::ReadNotCompared, format!("{objects} left aside: {}", list.join(", ")));
    // Policies of other systems decide about the same traffic, so leaving them aside may hide what really passes.
    let decides = |kind: &&str| kind.contains("NetworkPolicy") || kind.starts_with("Egress");
    if counts.keys().any(decides) {
        let help = "policies of other systems among them decide about the same traffic and are not part of the result";
        return Some(Finding { severity: Severity::Warning, ..finding.help(help) });
    }
    Some(finding)
}

/// The same for an object that belongs to no namespace.
pub(in crate::targets) fn global_name_of(pods: &Pods) -> String {
    let name = name_of(pods);
    // Neither namespaces nor what follows have a dot before the last one, so no two are the same.
    format!("egressor.{}.{}", pods.namespace, name.strip_prefix("egressor-").unwrap_or(&name))
}

/// A name that depends on nothing but the pods: `egressor-acme-agent` for pods chosen by their name alone, else
/// with a hash of all labels, so that no two are the same.
pub(in crate::targets) fn name_of(pods: &Pods) -> String {
    let plain = pods.labels.get("app.kubernetes.io/name").filter(|_| pods.labels.len() == 1);
    if let Some(name) = plain.filter(|name| names::is_namespace(name)) {
        return format!("egressor-{name}");
    }
    let mut readable = String::from("egressor");
    for value in pods.labels.values() {
        let clean = value
            .chars()
            .map(|char| if char.is_ascii_alphanumeric() { char.to_ascii_lowercase() } else { '-' });
        let clean: String = clean.collect();
        let clean = clean.trim_matches('-');
        // Room is left for the hash, the number of a part and the name of a namespace.
        if !clean.is_empty() && readable.len() + clean.len() < names::OBJECT_NAME_MAX - 100 {
            readable.push('-');
            readable.push_str(clean);
        }
    }
    let digest = Sha256::digest(pods.group().as_bytes());
    readable.push('.');
    for byte in digest.iter().take(4) {
        // Writing to a string does not fail.
        let _ = write!(readable, "{byte:02x}");
    }
    readable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_of_objects_tell_whose_policies_a_text_holds_and_words_in_comments_do_not() {
        let cilium = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n";
        let calico = "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\n";
        let plain = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n";
        let of = |text: &str| PolicyForm::of(text);
        assert_eq!(of(cilium), Some(PolicyForm::Cilium));
        assert_eq!(of(calico), Some(PolicyForm::Calico));
        assert_eq!(of(plain), Some(PolicyForm::Kubernetes));
        assert_eq!(of("kind: EgressFirewallList"), Some(PolicyForm::EgressFirewall));
        assert_eq!(of(&format!("# kind: NetworkPolicy\n{cilium}")), Some(PolicyForm::Cilium));
        assert_eq!(of(&format!("{cilium}x: 'a kind: NetworkPolicy'\n")), Some(PolicyForm::Cilium));
        assert_eq!(of(&format!("{plain}# kind: CiliumNetworkPolicy\n")), Some(PolicyForm::Kubernetes));
        assert_eq!(of(&format!("{calico}---\n{plain}")), Some(PolicyForm::Kubernetes));
        assert_eq!(of("kind: Deployment"), None);
    }
}
