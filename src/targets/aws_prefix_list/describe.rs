//! Lists as `aws ec2 describe-managed-prefix-lists` prints them, with the answers of `get-managed-prefix-list-entries`
//! beside, each in a file that is named after its list.

use super::lift::{List, lift};
use crate::diag::{Code, Finding, Source};
use crate::syntax::json;
use crate::syntax::yaml::Node;
use crate::targets::clouds::aws_fields::{Fields, field};
use crate::targets::clouds::managed_entries::{self, Entries};
use crate::targets::clouds::managed_lists::{DIRECTION, SERVICES, says_services};
use crate::targets::clouds::terraform::Stated;
use crate::targets::{Imported, Importer};
use std::sync::Arc;

/// Reads what the AWS command line prints of lists with the tags that this target writes.
#[derive(Debug)]
pub(super) struct AwsPrefixListDescribe;

impl Importer for AwsPrefixListDescribe {
    fn name(&self) -> &'static str {
        "aws-prefix-list-describe"
    }

    fn recognizes(&self, source: &Source) -> bool {
        says_services(source.text()) && json::keys(source.text()).contains(&"PrefixLists")
    }

    fn completes(&self, source: &Source) -> bool {
        // Beside rules, lists are what the rules make of them.
        managed_entries::recognizes(source.text())
    }

    fn import(&self, sources: &[Arc<Source>]) -> Imported {
        let (mut known, mut findings, mut answers) = (Entries::default(), Vec::new(), Vec::new());
        for source in sources {
            if json::keys(source.text()).contains(&"PrefixLists") {
                answers.push(source);
            } else {
                known.read(source, &mut findings);
            }
        }
        let lists: Vec<List> =
            answers.into_iter().flat_map(|source| answer(source, &known, &mut findings)).collect();
        Imported { policy: lift(&lists, &mut findings), findings }
    }
}

/// The lists of one answer.
fn answer(source: &Arc<Source>, known: &Entries, findings: &mut Vec<Finding>) -> Vec<List> {
    let root = match json::parse(source, Code::ReadSyntax) {
        Ok(root) => root,
        Err(finding) => {
            findings.push(finding);
            return Vec::new();
        }
    };
    let mut fields = Fields::of(source);
    if field(&root, "NextToken").is_some() {
        fields.refuse(&root, "the output was cut: it has a `NextToken`, so lists are missing");
    }
    let mut lists = Vec::new();
    for object in fields.objects(&root, "PrefixLists") {
        lists.extend(list(object, known, &mut fields));
    }
    findings.extend(fields.findings);
    lists
}

fn list(object: &Node, known: &Entries, fields: &mut Fields<'_>) -> Option<List> {
    let Some(id) = fields.text(object, "PrefixListId").map(str::to_owned) else {
        fields.refuse(object, "the list has no `PrefixListId`");
        return None;
    };
    let mut tags = Vec::new();
    for tag in fields.objects(object, "Tags") {
        let (key, value) = (fields.text(tag, "Key"), fields.text(tag, "Value"));
        tags.extend(key.zip(value).map(|(key, value)| (key.to_owned(), value.to_owned())));
    }
    let tag = |key: &str| {
        let found = tags.iter().find(|(known, _)| known == key);
        found.map_or(Stated::Absent, |(_, value)| Stated::Known(value.clone()))
    };
    let family = fields.word(object, "AddressFamily");
    // The whole list may be long; its id is enough to find it.
    let place = fields.place(object.get("PrefixListId").unwrap_or(object));
    Some(List {
        family,
        direction: tag(DIRECTION),
        services: tag(SERVICES),
        entries: known.of(&id).map(<[_]>::to_vec),
        conditions: Vec::new(),
        place,
        name: id,
    })
}
