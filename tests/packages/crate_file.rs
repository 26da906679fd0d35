//! The source package for `cargo install`: all that the program is built from, and nothing heavy.

use crate::run::{command, file, files, printed};
use std::collections::BTreeSet;

fn listed() -> BTreeSet<String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let list = printed(command(cargo).args(["package", "--list", "--allow-dirty", "--offline"]));
    list.lines().map(str::to_owned).collect()
}

#[test]
fn the_source_package_has_every_file_that_the_program_is_built_from() {
    let listed = listed();
    for folder in ["src", "templates", "catalog", "docs/models"] {
        for name in files(&file(folder)) {
            let path = format!("{folder}/{name}");
            assert!(listed.contains(&path), "{path}");
        }
    }
    for name in ["Cargo.lock", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "README.md"] {
        assert!(listed.contains(name), "{name}");
    }
}

#[test]
fn the_source_package_is_small_and_has_no_tests_in_it() {
    let listed = listed();
    let heavy: Vec<_> = listed
        .iter()
        .filter(|path| {
            ["tests/", "benches/", "fuzz/", ".ci/", "target/"].iter().any(|it| path.starts_with(it))
        })
        .collect();
    assert!(heavy.is_empty(), "{heavy:?}");
    let sizes = listed.iter().filter_map(|path| std::fs::metadata(file(path)).ok()).map(|file| file.len());
    let total: u64 = sizes.sum();
    // A registry takes ten megabytes, packed.
    assert!(total < 6_000_000, "{total} bytes");
}
