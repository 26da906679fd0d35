//! The entries of prefix lists, as `aws ec2 get-managed-prefix-list-entries` prints them, in files that are given
//! beside the rules and named after their list: `pl-0123.json`.

use crate::diag::{Code, Finding, Place, Source};
use crate::packet::Prefix;
use crate::syntax::json;
use crate::targets::clouds::aws_fields::{Fields, field};
use crate::targets::clouds::terraform::block;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The entries of prefix lists, by the id of the list.
#[derive(Debug, Default)]
pub(in crate::targets) struct Entries(BTreeMap<String, Vec<(Prefix, Place)>>);

/// Reports whether a text is about prefix lists and not about rules.
pub(in crate::targets) fn recognizes(text: &str) -> bool {
    let keys = json::keys(text);
    keys.contains(&"Entries") || keys.contains(&"PrefixLists")
}

impl Entries {
    /// Adds the entries of a file. What `describe-managed-prefix-lists` prints holds none and is left aside.
    pub(in crate::targets) fn read(&mut self, source: &Arc<Source>, findings: &mut Vec<Finding>) {
        let root = match json::parse(source, Code::ReadSyntax) {
            Ok(root) => root,
            Err(finding) => return findings.push(finding),
        };
        let mut fields = Fields::of(source);
        if root.get("Entries").is_none() {
            return;
        }
        if field(&root, "NextToken").is_some() {
            fields.refuse(&root, "the output was cut: it has a `NextToken`, so entries are missing");
        }
        let mut prefixes = Vec::new();
        for entry in fields.objects(&root, "Entries") {
            match fields.text(entry, "Cidr").map(block) {
                Some(Ok(prefix)) => prefixes.push((prefix, fields.place(entry))),
                Some(Err(message)) => fields.refuse(entry, message),
                None => fields.refuse(entry, "the entry has no `Cidr`"),
            }
        }
        if prefixes.is_empty() {
            let message = "the prefix list has no entries, so rules for it allow nothing";
            fields.note(Code::ReadNotCompared, &root, message);
        }
        match id(source.name()) {
            Some(id) => self.0.entry(id.to_owned()).or_default().extend(prefixes),
            None => fields.refuse(
                &root,
                "the file holds the entries of a prefix list and is not named after it, as `pl-0123.json` is",
            ),
        }
        findings.extend(fields.findings);
    }

    /// The entries of a list, where they are given.
    pub(in crate::targets) fn of(&self, id: &str) -> Option<&[(Prefix, Place)]> {
        self.0.get(id).map(Vec::as_slice)
    }
}

/// The id of a list in the name of a file.
fn id(path: &str) -> Option<&str> {
    let file = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let id = file.get(file.find("pl-")?..)?;
    let length = id.bytes().skip(3).take_while(u8::is_ascii_hexdigit).count();
    id.get(..length.saturating_add(3)).filter(|_| length > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_after_its_list() {
        assert_eq!(id("pl-0123.json"), Some("pl-0123"));
        assert_eq!(id("a/b\\entries-of-pl-0a1b.v2.json"), Some("pl-0a1b"));
        assert_eq!((id("entries.json"), id("pl-.json"), id("pl-0123/x.json")), (None, None, None));
    }
}
