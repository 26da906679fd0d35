//! Links in Markdown lead somewhere: to a file of the tree, and to a heading of it.

use crate::blocks::{documents, prose, root};
use std::fs;
use std::path::{Path, PathBuf};

/// The targets of the links of a text, with their lines. What stands in backticks is no link.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, line) in prose(text).lines().enumerate() {
        let plain: String = line.split('`').step_by(2).collect::<Vec<_>>().join("code");
        for part in plain.split("](").skip(1) {
            if let Some((target, _)) = part.split_once(')') {
                found.push((at + 1, target.to_owned()));
            }
        }
    }
    found
}

/// The anchors of a document, as code hosts make them of headings.
fn anchors(text: &str) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    for line in prose(text).lines() {
        let Some(heading) = line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#'))
        else {
            continue;
        };
        let kept = heading.trim().to_lowercase();
        let kept = kept.chars().filter(|char| char.is_alphanumeric() || matches!(char, ' ' | '-' | '_'));
        let anchor: String = kept.map(|char| if char == ' ' { '-' } else { char }).collect();
        let same = anchors.iter().filter(|other| **other == anchor).count();
        anchors.push(if same == 0 { anchor } else { format!("{anchor}-{same}") });
    }
    anchors
}

fn is_elsewhere(target: &str) -> bool {
    target.contains("://") || target.starts_with("mailto:")
}

#[test]
fn every_link_leads_to_a_file_and_a_heading_that_are_there() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for document in documents() {
        let path = root().join(&document);
        let text = fs::read_to_string(&path).expect("a document");
        for (line, target) in links(&text) {
            if is_elsewhere(&target) {
                continue;
            }
            count += 1;
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let folder = path.parent().expect("a folder");
            let there: PathBuf = if file.is_empty() { path.clone() } else { folder.join(file) };
            if file.starts_with('/') || !there.exists() {
                wrong.push(format!("{document}:{line}: `{target}` leads to no file"));
            } else if !anchor.is_empty() && !has(&there, anchor) {
                wrong.push(format!("{document}:{line}: `{target}` leads to no heading"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 100, "only {count} links were seen");
}

fn has(path: &Path, anchor: &str) -> bool {
    let text = fs::read_to_string(path).unwrap_or_default();
    anchors(&text).iter().any(|other| other == anchor)
}

#[test]
fn every_page_of_the_docs_is_reached_from_their_index() {
    let (mut reached, mut open) = (vec![], vec!["docs/README.md".to_owned()]);
    while let Some(document) = open.pop() {
        if reached.contains(&document) {
            continue;
        }
        let path = root().join(&document);
        let text = fs::read_to_string(&path).expect("a document");
        for (_, target) in links(&text) {
            let file = target.split('#').next().unwrap_or_default();
            let there = path.parent().expect("a folder").join(file);
            if let Ok(there) = there.canonicalize()
                && let Ok(below) = there.strip_prefix(root().canonicalize().expect("the root"))
                && there.extension().is_some_and(|extension| extension == "md")
                && !is_elsewhere(&target)
                && below.starts_with("docs")
            {
                open.push(below.display().to_string());
            }
        }
        reached.push(document);
    }
    let lost: Vec<String> =
        documents().into_iter().filter(|name| name.starts_with("docs/") && !reached.contains(name)).collect();
    assert!(lost.is_empty(), "no way leads from docs/README.md to {lost:?}");
}

#[test]
fn anchors_are_made_as_code_hosts_make_them() {
    let text = "# What it *cannot* say (losses)\n## `nft-list`\n## A  b\n## `nft-list`\n";
    assert_eq!(anchors(text), ["what-it-cannot-say-losses", "nft-list", "a--b", "nft-list-1"]);
    assert_eq!(
        links("see [a](b.md#c), `[no](link)` and [d](#e)\n"),
        [(1, "b.md#c".into()), (1, "#e".into())]
    );
}
