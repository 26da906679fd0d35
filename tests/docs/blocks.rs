//! Fenced blocks of Markdown, and the commands in them.

use std::fs;
use std::path::{Path, PathBuf};

/// A fenced block: the words after its fence, the line on which it begins, and its text.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) info: String,
    pub(crate) line: usize,
    /// The lines between the fences, as indices into the lines of the document.
    pub(crate) body: std::ops::Range<usize>,
    pub(crate) text: String,
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The documents that people read, by their path below the root. What tests compare with is none of them.
pub(crate) fn documents() -> Vec<String> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = ["docs", "examples", "benches"].map(|name| root().join(name)).to_vec();
    let mut entries: Vec<PathBuf> =
        fs::read_dir(root()).expect("the root").map(|entry| entry.expect("an entry").path()).collect();
    entries.retain(|path| path.is_file());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { folders.push(path) } else { entries.push(path) }
        }
    }
    for path in entries {
        if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path.strip_prefix(root()).expect("below the root").display().to_string());
        }
    }
    found.sort();
    found
}

pub(crate) fn blocks(text: &str) -> Vec<Block> {
    let lines: Vec<&str> = text.lines().collect();
    let (mut blocks, mut at) = (Vec::new(), 0);
    while at < lines.len() {
        let ticks = lines[at].chars().take_while(|char| *char == '`').count();
        if ticks < 3 {
            at += 1;
            continue;
        }
        let fence = "`".repeat(ticks);
        let end = (at + 1..lines.len()).find(|end| lines[*end].trim_end() == fence).expect("a block ends");
        blocks.push(Block {
            info: lines[at][ticks..].trim().to_owned(),
            line: at + 1,
            body: at + 1..end,
            text: lines[at + 1..end].iter().flat_map(|line| [*line, "\n"]).collect(),
        });
        at = end + 1;
    }
    blocks
}

/// A text without its fenced blocks, line for line.
pub(crate) fn prose(text: &str) -> String {
    let blocks = blocks(text);
    let is_prose = |at: usize| !blocks.iter().any(|block| at + 1 >= block.line && at <= block.body.end);
    text.lines()
        .enumerate()
        .map(|(at, line)| if is_prose(at) { format!("{line}\n") } else { "\n".into() })
        .collect()
}

/// A command of a `console` block, with what stands below it.
#[derive(Debug)]
pub(crate) struct Shown {
    /// As it is written, with the prompt.
    pub(crate) written: String,
    pub(crate) command: String,
    pub(crate) output: String,
}

/// The commands of a `console` block. A line that ends with a backslash goes on in the next one.
pub(crate) fn shown(block: &Block) -> Result<Vec<Shown>, String> {
    let mut found: Vec<Shown> = Vec::new();
    let mut goes_on = false;
    for line in block.text.lines() {
        if let Some(command) = line.strip_prefix("$ ").filter(|_| !goes_on) {
            found.push(Shown {
                written: format!("{line}\n"),
                command: format!("{command}\n"),
                output: String::new(),
            });
            goes_on = command.ends_with('\\');
            continue;
        }
        let Some(last) = found.last_mut() else {
            return Err("a console block begins with `$ ` and a command".to_owned());
        };
        if goes_on {
            last.written.extend([line, "\n"]);
            last.command.extend([line, "\n"]);
            goes_on = line.ends_with('\\');
        } else {
            last.output.extend([line, "\n"]);
        }
    }
    if found.is_empty() { Err("a console block without a command".to_owned()) } else { Ok(found) }
}
