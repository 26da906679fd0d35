//! Every target and every form of rules that is read has its page, and the pages say what the registry does.

use crate::blocks::{blocks, prose, root, shown};
use crate::made::{Made, check};
use egressor::targets::{Ingress, OptionKind, PeerKind, Scoping, TARGETS, Target};
use std::fmt::Write as _;
use std::fs;

/// The sections of a page in `docs/targets`, in this order. A heading begins with these words and may go on.
const SECTIONS: &[&str] = &[
    "What it writes",
    "What it can say",
    "What it cannot say",
    "Options",
    "Limits",
    "A sample",
    "Apply it",
    "Read it back",
];

/// What the section of an importer in `docs/readers` says, each behind these words in bold.
const POINTS: &[&str] = &["Comes from", "Understood", "Bounds", "Refused", "Beside it", "Scopes"];

fn facts(target: &dyn Target) -> String {
    let speech = target.speech();
    let peers = match speech.peers {
        PeerKind::Addresses => "addresses",
        PeerKind::Names => "host names",
        PeerKind::NamesFirst => "host names where an endpoint has any, else its addresses",
        PeerKind::Both => "host names, and the addresses that are known for them",
        PeerKind::Direct => "what is reached without the proxy, and the proxy",
    };
    let scope = match speech.scoping {
        Scoping::Host => "one for the host or network, all components together",
        Scoping::Component => "one for the pods of each component",
        Scoping::Namespace => "one for each namespace",
    };
    let ingress = match speech.ingress {
        Ingress::Unsaid => "not written",
        Ingress::ByPeer => "written, by the peer it comes from",
        Ingress::ByPlatform => "written, for peers that the platform knows itself",
    };
    let needs: Vec<String> = target.needs().iter().map(|need| format!("`{}`", need.id())).collect();
    let needs = if needs.is_empty() { "nothing".to_owned() } else { needs.join(", ") };
    let written = match (target.is_default(), target.default_with()) {
        (true, _) => "without `-t`, too".to_owned(),
        (false, Some(variable)) => format!("with `-t {}`, or where `{variable}` is set", target.name()),
        (false, None) => format!("with `-t {}`", target.name()),
    };
    format!(
        "| | |\n|---|---|\n| written | {written} |\n| peers | {peers} |\n| rule sets | {scope} |\n| traffic coming in | {ingress} |\n| added to what endpoints need | {needs} |\n"
    )
}

fn options(target: &dyn Target) -> String {
    if target.options().is_empty() {
        return "It has no options of its own.\n".to_owned();
    }
    let mut table = "| `--set` | default | what it does |\n|---|---|---|\n".to_owned();
    for option in target.options() {
        let default = option.default.map_or_else(String::new, |default| format!("`{default}`"));
        let choices = match option.kind {
            OptionKind::Choice(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
                format!(" One of {}.", words.join(", "))
            }
            _ => String::new(),
        };
        let _ = writeln!(table, "| `{}` | {default} | {}.{choices} |", option.key, option.summary);
    }
    table
}

fn limits(target: &dyn Target) -> String {
    if target.limits().is_empty() {
        return "No limit is known.\n".to_owned();
    }
    let mut table = "| at most | of | said by |\n|--:|---|---|\n".to_owned();
    for limit in target.limits() {
        let _ = writeln!(table, "| {} | {} | <{}> |", limit.max, limit.what, limit.source);
    }
    table
}

/// The headings of one level, with the text up to the next heading of that level.
fn sections<'t>(text: &'t str, level: &str) -> Vec<(&'t str, &'t str)> {
    let (start, plain) = (format!("{level} "), prose(text));
    let mut at = 0;
    let mut heads: Vec<(usize, usize)> = Vec::new();
    // Both texts have the same lines; only the plain one knows which `#` begins a heading.
    for (line, plain) in text.split_inclusive('\n').zip(plain.split_inclusive('\n')) {
        if plain.starts_with(&start) {
            heads.push((at, at + line.len()));
        }
        at += line.len();
    }
    let ends = heads.iter().skip(1).map(|(head, _)| *head).chain([text.len()]);
    let cut = |((head, body), end): (&(usize, usize), usize)| {
        (text[head + start.len()..*body].trim(), &text[*body..end])
    };
    heads.iter().zip(ends).map(cut).collect()
}

#[test]
fn every_target_has_its_page_with_the_same_sections() {
    let mut wrong = Vec::new();
    for target in TARGETS {
        let name = format!("docs/targets/{}.md", target.name());
        let Ok(text) = fs::read_to_string(root().join(&name)) else {
            wrong.push(format!("{name} is missing: write it with the sections {SECTIONS:?}"));
            continue;
        };
        let sections = sections(&text, "##");
        let heads: Vec<&str> = sections.iter().map(|(head, _)| *head).collect();
        let fit = heads.len() == SECTIONS.len()
            && heads.iter().zip(SECTIONS).all(|(head, word)| head.starts_with(word));
        if !fit {
            wrong.push(format!(
                "{name} has the sections {heads:?}, and not {SECTIONS:?}; go deeper with `###`"
            ));
            continue;
        }
        for (head, body) in &sections {
            if prose(body).split_whitespace().count() < 4 && blocks(body).is_empty() {
                wrong.push(format!("{name}: `{head}` says nothing"));
            }
        }
        let is_sample = |command: &str| {
            let mut words = command.split([' ', ',', '\n']);
            words.any(|word| word == target.name()) && command.contains("egressor generate")
        };
        let mut samples = blocks(sections[5].1).into_iter().filter(|block| block.info.starts_with("console"));
        if !samples.any(|block| shown(&block).is_ok_and(|all| all.iter().any(|one| is_sample(&one.command))))
        {
            wrong.push(format!(
                "{name}: the sample is no `console` block with `egressor generate -t {}`",
                target.name()
            ));
        }
        for importer in target.importers() {
            if !sections[7].1.contains(&format!("`{}`", importer.name())) {
                wrong.push(format!("{name}: `Read it back` does not name `{}`", importer.name()));
            }
        }
        wrong.extend(check(
            &name,
            &[
                Made { mark: "facts", below: "## What it writes", text: facts(*target) },
                Made { mark: "options", below: "## Options", text: options(*target) },
                Made { mark: "limits", below: "## Limits", text: limits(*target) },
            ],
        ));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_page_is_of_a_target_that_is_not_there() {
    for entry in fs::read_dir(root().join("docs/targets")).expect("the pages") {
        let name = entry.expect("an entry").file_name().into_string().expect("text");
        let Some(name) = name.strip_suffix(".md").filter(|name| *name != "README") else { continue };
        assert!(TARGETS.iter().any(|target| target.name() == name), "docs/targets/{name}.md is of no target");
    }
}

/// The pages of readers, with the importers that have a section there.
fn readers() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join("docs/readers")).expect("the pages") {
        let name = entry.expect("an entry").file_name().into_string().expect("text");
        let text = fs::read_to_string(root().join("docs/readers").join(&name)).expect("a page");
        found.push((name, text));
    }
    found.sort();
    found
}

#[test]
fn every_form_that_is_read_has_its_section() {
    let (mut wrong, mut rows) = (Vec::new(), String::new());
    let pages = readers();
    for target in TARGETS {
        for importer in target.importers() {
            let head = format!("`{}`", importer.name());
            let all = pages.iter().flat_map(|(name, text)| {
                sections(text, "##")
                    .into_iter()
                    .filter(|(found, _)| *found == head)
                    .map(move |(_, body)| (name, body))
            });
            let all: Vec<_> = all.collect();
            let [(page, body)] = all.as_slice() else {
                wrong.push(format!(
                    "{} sections `## {head}` stand in docs/readers, and there should be one, which says {POINTS:?} and shows a sample",
                    all.len()
                ));
                continue;
            };
            for point in POINTS.iter().filter(|point| !body.contains(&format!("**{point}**"))) {
                wrong.push(format!("docs/readers/{page}: {head} does not say **{point}**"));
            }
            let consoles = blocks(body).into_iter().filter(|block| block.info.starts_with("console"));
            if !consoles.into_iter().any(|block| block.text.contains("$ egressor show ")) {
                wrong.push(format!("docs/readers/{page}: {head} shows no `$ egressor show FILE`"));
            }
            let _ = writeln!(rows, "| [{head}]({page}#{}) | `{}` |", importer.name(), target.name());
        }
    }
    let text = format!("| form | written by |\n|---|---|\n{rows}");
    if wrong.is_empty() {
        wrong.extend(check("docs/readers/README.md", &[Made { mark: "readers", below: "", text }]));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
