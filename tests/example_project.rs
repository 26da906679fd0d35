//! `examples/04_project` as its README tells it: every command is run, in a copy, and gives what is committed.

#![cfg(test)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A block of a README: the words after its fence, and its text.
struct Block {
    info: String,
    text: String,
}

fn blocks(readme: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut rest = readme;
    while let Some((_, after)) = rest.split_once("\n```") {
        let (info, body) = after.split_once('\n').expect("a fence ends its line");
        let (text, after) = body.split_once("```").expect("a block ends");
        blocks.push(Block { info: info.to_owned(), text: text.to_owned() });
        rest = after;
    }
    blocks
}

/// Every file below a folder, by its path.
fn files(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = fs::read_to_string(&path).expect("text");
                found.insert(path.strip_prefix(folder).expect("below").to_owned(), text);
            }
        }
    }
    found
}

/// What the commands write; the rest is what they begin with.
fn is_written(path: &Path) -> bool {
    path.starts_with("out") || path == Path::new("egressor.yaml") || path == Path::new("egressor.schema.json")
}

#[test]
fn the_project_is_made_reviewed_and_compared_as_written() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/04_project");
    let committed = files(&example);
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in committed.iter().filter(|(path, _)| !is_written(path)) {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    let program = Path::new(env!("CARGO_BIN_EXE_egressor"));
    let path = format!(
        "{}:{}",
        program.parent().expect("a folder").display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let (mut run, mut printed) = (0, String::new());
    for block in blocks(&fs::read_to_string(example.join("README.md")).expect("the README")) {
        match block.info.as_str() {
            "sh" | "sh exits 1" => {
                let output = Command::new("sh")
                    .args(["-ec", &block.text])
                    .current_dir(folder.path())
                    .env("PATH", &path)
                    .env("EGRESSOR_TODAY", "2026-11-23")
                    .output()
                    .expect("a shell");
                let text = |bytes| String::from_utf8(bytes).expect("text");
                printed = text(output.stdout) + &text(output.stderr);
                let expected = i32::from(block.info.ends_with('1'));
                assert_eq!(output.status.code(), Some(expected), "{}: {printed}", block.text);
                run += 1;
            }
            "text" => {
                // Lines of the report are wrapped, so only their words are compared.
                let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
                for line in block.text.lines() {
                    assert!(words(&printed).contains(&words(line)), "{line}\n{printed}");
                }
            }
            "sh network" => {}
            other => panic!("a block of `{other}`"),
        }
    }
    assert_eq!(run, 6, "blocks were run");
    let made = files(folder.path());
    if std::env::var_os("UPDATE").is_some() {
        for (path, text) in made.iter().filter(|(path, _)| is_written(path)) {
            let path = example.join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("it can be written");
        }
        return;
    }
    assert_eq!(made.keys().collect::<Vec<_>>(), committed.keys().collect::<Vec<_>>());
    for (path, text) in &made {
        assert!(committed.get(path) == Some(text), "{}: run the tests with UPDATE=1", path.display());
    }
}
