//! `docs/install.md`: its commands, as people run them.

use crate::run::{EGRESSOR, command, file, files, printed, text};
use std::path::Path;

/// The blocks of shell commands, with what stands behind `sh`.
fn blocks(page: &str) -> Vec<(String, String)> {
    let blocks = page.split("\n```").skip(1).step_by(2);
    blocks
        .map(|block| block.split_once('\n').expect("a fence ends its line"))
        .map(|(info, body)| (info.trim_start_matches("sh").trim().to_owned(), body.to_owned()))
        .collect()
}

#[test]
fn what_one_user_installs_by_hand_is_where_the_page_says() {
    let home = tempfile::tempdir().expect("a folder");
    let bin = Path::new(EGRESSOR).parent().expect("a folder").display().to_string();
    let path = format!("{bin}:{}", std::env::var("PATH").unwrap_or_default());
    let page = text("docs/install.md");
    let here: Vec<_> = blocks(&page).into_iter().filter(|(info, _)| info.is_empty()).collect();
    assert!(here.len() >= 4, "{here:?}");
    for (_, body) in here {
        printed(command("sh").args(["-eu", "-c", &body]).env("HOME", home.path()).env("PATH", &path));
    }
    let there = files(home.path());
    for name in [
        ".local/share/bash-completion/completions/egressor",
        ".zfunc/_egressor",
        ".config/fish/completions/egressor.fish",
        ".local/share/man/man1/egressor.1",
    ] {
        assert!(there.contains(name), "{name}");
    }
}

#[test]
fn what_the_page_tells_of_releases_and_features_exists() {
    let page = text("docs/install.md");
    for script in
        ["packaging/release", "packaging/build", "packaging/archive", "packaging/deb", ".ci/reproducible"]
    {
        assert!(page.contains(script) && file(script).exists(), "{script}");
    }
    let manifest: toml::Table = text("Cargo.toml").parse().expect("it is TOML");
    let lines = page.split("--features ").skip(1).map(|rest| rest.split(['`', ' ']).next().expect("names"));
    let features: Vec<&str> = lines.flat_map(|names| names.split(',')).collect();
    assert!(features.len() >= 4, "{features:?}");
    for feature in features {
        assert!(manifest["features"].get(feature).is_some(), "{feature}");
    }
    let rust = manifest["package"]["rust-version"].as_str().expect("a version");
    assert!(page.contains(&format!("Rust {rust} or newer")));
}
