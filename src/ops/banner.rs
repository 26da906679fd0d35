//! The head of every file: who wrote it, from what, what it covers, and what it could not say.

use super::write::MARK;
use crate::catalog::Selected;
use crate::compile::Compiled;
use crate::diag::Code;
use crate::policy::{Need, Origin};
use crate::resolve::Lockfile;
use crate::syntax::digest::sha256;
use crate::targets::Lowered;
use std::collections::BTreeSet;

/// The most bytes of a list of names.
const LONGEST_LIST: usize = 2_000;

/// The lines at the head of every file that do not depend on the target.
pub(super) fn head(selected: &[Selected<'_>], lock: Option<&Lockfile>) -> Vec<String> {
    let mut lines = vec![format!(
        "{MARK} {}. Do not edit: change the catalog and generate again.",
        env!("CARGO_PKG_VERSION")
    )];
    for selected in selected {
        let catalog = selected.catalog;
        let regions: Vec<&str> = selected.regions.iter().map(crate::catalog::Id::as_str).collect();
        let region =
            if regions.is_empty() { String::new() } else { format!(", region {}", regions.join(" and ")) };
        lines.push(format!(
            "Catalog {}{region}, verified {}.",
            catalog.id(),
            catalog.document.verified.value.on.value
        ));
        if catalog.overlays > 0 {
            lines.push(format!(
                "Overlays on catalog {}: {}, with {} changes.",
                catalog.id(),
                catalog.overlays,
                catalog.changes.len()
            ));
        }
        lines.push(format!("Digest of catalog {}: sha256 {}", catalog.id(), sha256(&catalog.canonical)));
    }
    lines.push(lock.map_or_else(
        || "No lock: only dedicated addresses are known.".to_owned(),
        |lock| format!("Digest of lock: sha256 {}", sha256(lock.render())),
    ));
    lines
}

/// A text without the backticks that findings put around names.
pub(super) fn plain(text: &str) -> String {
    text.replace('`', "")
}

/// The lines at the head of a target's files: what is covered, what is implied, what cannot be said.
pub(super) fn banner(head: &[String], compiled: &Compiled, lowered: &Lowered) -> Vec<String> {
    let mut lines = head.to_vec();
    let mut endpoints: BTreeSet<&str> = BTreeSet::new();
    let mut implied: BTreeSet<Need> = BTreeSet::new();
    for (_, rule) in compiled.policy.rules() {
        match &rule.origin {
            Origin::Endpoint(why) => {
                endpoints.insert(&why.endpoint);
            }
            Origin::Implied(need) => {
                implied.insert(*need);
            }
            Origin::File(_) | Origin::System(_) => {}
        }
    }
    let through: Vec<&str> = compiled.proxied.iter().map(String::as_str).collect();
    if !endpoints.is_empty() || through.is_empty() {
        let list: Vec<&str> = endpoints.into_iter().collect();
        lines.push(format!("Endpoints: {}", if list.is_empty() { "none".to_owned() } else { listed(&list) }));
    }
    if !through.is_empty() {
        lines.push(format!("Endpoints behind the proxy: {}", listed(&through)));
    }
    lines.extend(implied.iter().map(|need| format!("Implied: {}, {}", need.id(), need.reason())));
    // A loss and the finding about it may say the same, the finding with backticks.
    let told = lowered
        .findings
        .iter()
        .filter(|finding| matches!(finding.code, Code::TargetCannotSay | Code::TargetNotEnforceable));
    let mut unsaid: BTreeSet<String> = lowered.losses.iter().map(|loss| plain(&loss.why)).collect();
    unsaid.extend(told.map(|finding| plain(&finding.message)));
    lines.extend(unsaid.into_iter().map(|why| format!("Cannot say: {why}")));
    lines
}

/// Names with commas, as many as fit a line. Each stands beside its rules too, and some formats repeat the head on
/// each of their lines.
fn listed(names: &[&str]) -> String {
    let mut line = String::new();
    for (at, name) in names.iter().enumerate() {
        if line.len().saturating_add(name.len()) > LONGEST_LIST {
            return format!("{line} and {} more", names.len().saturating_sub(at));
        }
        if !line.is_empty() {
            line.push_str(", ");
        }
        line.push_str(name);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::listed;

    #[test]
    fn a_long_list_of_names_ends_with_how_many_more_there_are() {
        let names: Vec<String> = (0..1_000).map(|number| format!("acme/e{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let line = listed(&names);
        let shown = line.split(", ").count();
        assert!(line.len() < 2_100 && line.ends_with(&format!(" and {} more", 1_000 - shown)), "{line}");
        assert_eq!(listed(&["a/b", "c/d"]), "a/b, c/d");
    }
}
