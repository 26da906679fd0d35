//! What docs/ci.md and the examples say is so.

use crate::support::{EGRESSOR, root, yaml};
use std::fs;
use std::process::Command;

fn page() -> String {
    fs::read_to_string(root().join("docs/ci.md")).expect("the page")
}

/// The fenced blocks of a text: what stands behind the fence, and what is in it.
fn blocks(text: &str) -> Vec<(String, String)> {
    let parts: Vec<&str> = text.split("\n```").collect();
    let inside = parts.iter().skip(1).step_by(2);
    inside
        .filter_map(|part| part.split_once('\n'))
        .map(|(info, body)| (info.to_owned(), body.to_owned()))
        .collect()
}

#[test]
fn every_command_of_the_page_is_run_and_every_other_block_is_part_of_an_example() {
    let (mut run, mut shown) = (0, 0);
    for (info, body) in blocks(&page()) {
        if info == "yaml" {
            let example = fs::read_to_string(root().join("examples/07_pre_commit/.pre-commit-config.yaml"));
            assert_eq!(format!("{body}\n"), example.expect("the example"));
            shown += 1;
            continue;
        }
        let code = info.strip_prefix("sh exits ").map_or(0, |code| code.parse().expect("a code"));
        assert!(info.starts_with("sh"), "{info}");
        for line in body.lines() {
            let arguments = line.strip_prefix("egressor ").unwrap_or_else(|| panic!("{line}"));
            let output = Command::new(EGRESSOR)
                .args(arguments.split(' '))
                .current_dir(root())
                .output()
                .expect("it runs");
            assert_eq!(output.status.code(), Some(code), "{line}");
            run += 1;
        }
    }
    assert_eq!((run, shown), (2, 1));
}

#[test]
fn every_input_variable_and_link_of_the_page_exists_and_none_is_missing() {
    let page = page();
    let word = |name: &str| page.contains(&format!("`{name}`"));
    let action = yaml(&root().join("action.yml"));
    for name in action["inputs"].as_object().expect("inputs").keys() {
        assert!(word(name), "{name}");
    }
    for (name, value) in action["inputs"].as_object().expect("inputs") {
        let default = value["default"].as_str().unwrap_or_default();
        if let Some(row) = page.lines().find(|line| line.starts_with(&format!("| `{name}` |"))) {
            let said = row.split('|').nth(2).expect("a cell").trim();
            assert_eq!(
                said,
                if default.is_empty() { String::new() } else { format!("`{default}`") },
                "{name}"
            );
        }
    }
    let template = yaml(&root().join("review/gitlab.yml"));
    for name in template["egressor-review"]["variables"].as_object().expect("variables").keys() {
        assert!(["GIT_TERMINAL_PROMPT", "REVIEW_OUT"].contains(&name.as_str()) || word(name), "{name}");
    }
    for name in ["REVIEW_KEY", "EGRESSOR_TOKEN", "REVIEW_BINARY", "REVIEW_VERSION", "REVIEW_SHA256"] {
        assert!(word(name), "{name}");
    }
    for hook in yaml(&root().join(".pre-commit-hooks.yaml")).as_array().expect("hooks") {
        let id = hook["id"].as_str().expect("an id");
        let entry = hook["entry"].as_str().expect("an entry").replace("review/hook", "egressor");
        assert!(page.contains(&format!("`{id}` is `{entry}`")), "{id}");
    }
    let texts = ["docs/ci.md", "examples/05_github/README.md", "examples/06_gitlab/README.md"];
    let more = ["examples/07_pre_commit/README.md", "examples/08_atlantis/README.md"];
    for file in texts.into_iter().chain(more) {
        let text = fs::read_to_string(root().join(file)).expect("a page");
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = root().join(file).parent().expect("a folder").join(link);
            assert!(link.starts_with('#') || path.exists(), "{file}: {link}");
        }
    }
    let readme = fs::read_to_string(root().join("README.md")).expect("the README");
    assert!(readme.contains("(docs/ci.md)"));
}

#[test]
fn names_of_releases_stand_in_one_place() {
    let folders = ["review", "review/refresh", "examples/05_github", "examples/06_gitlab"];
    let entries = folders.iter().flat_map(|folder| fs::read_dir(root().join(folder)).expect("a folder"));
    let files = entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_file());
    let more = ["action.yml", "docs/ci.md"].map(|file| root().join(file));
    let found: Vec<_> = files
        .chain(more)
        .filter(|path| {
            let text = fs::read_to_string(path).unwrap_or_default();
            text.contains(".tar.gz") || text.contains("SHA256SUMS")
        })
        .collect();
    assert_eq!(found, [root().join("review/install")]);
}
