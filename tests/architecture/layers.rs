//! Who may use whom: the groups of `mod` lines in `src/lib.rs` are the layers.

use super::rust::{code_only, module_of, references, tokens};
use super::tree;
use std::collections::BTreeSet;

/// The most lines that a source file may have.
const LONGEST: usize = 600;

/// The layers, from the top of the file down: groups of `mod` lines that blank lines separate.
fn layers(lib: &str) -> Vec<Vec<String>> {
    let mut layers = Vec::new();
    let mut group = Vec::new();
    for line in lib.lines().chain([""]).map(str::trim) {
        let name = line
            .strip_suffix(';')
            .and_then(|line| line.strip_prefix("pub ").unwrap_or(line).strip_prefix("mod "));
        if let Some(name) = name {
            group.push(name.to_owned());
        } else if line.is_empty() && !group.is_empty() {
            layers.push(std::mem::take(&mut group));
        }
    }
    layers
}

/// What a file uses and must not: modules of its own layer or of one below, and modules that do not exist.
fn wrong_imports(layers: &[Vec<String>], path: &str, source: &str) -> Vec<String> {
    let layer = |name: &str| layers.iter().position(|group| group.iter().any(|module| module == name));
    let module = module_of(path);
    let Some(own) = module.first() else { return Vec::new() };
    let Some(mine) = layer(own) else { return vec![format!("{path} belongs to no module of src/lib.rs")] };
    let used: BTreeSet<String> =
        references(path, source).into_iter().filter_map(|path| path.into_iter().next()).collect();
    used.iter()
        .filter(|name| *name != own)
        .filter_map(|name| match layer(name) {
            Some(theirs) if theirs < mine => None,
            Some(theirs) if theirs == mine => {
                Some(format!("{path} uses `{name}`, which is a stranger in the same layer"))
            }
            Some(_) => Some(format!("{path} uses `{name}`, which is not above `{own}`")),
            None => Some(format!("{path} uses `{name}`, which is not a module of src/lib.rs")),
        })
        .collect()
}

/// The folders of what several targets share.
const SHARED: [&str; 6] = ["asked", "clouds", "clusters", "packet_filters", "proxies", "told"];

/// What a target's file uses of another target, or a shared one of any.
fn strangers(folders: &BTreeSet<String>, path: &str, source: &str) -> Vec<String> {
    let module = module_of(path);
    let own = match module.as_slice() {
        [targets, own, ..]
            if targets == "targets" && (folders.contains(own) || SHARED.contains(&own.as_str())) =>
        {
            own
        }
        _ => return Vec::new(),
    };
    let used = references(path, source).into_iter().filter_map(|path| match path.as_slice() {
        [targets, other, ..] if targets == "targets" && other != own && folders.contains(other) => {
            Some(other.clone())
        }
        _ => None,
    });
    used.collect::<BTreeSet<_>>().iter().map(|other| format!("{path} uses the target `{other}`")).collect()
}

/// The folders of targets.
pub(crate) fn target_folders(sources: &[(String, String)]) -> BTreeSet<String> {
    let below = sources.iter().filter_map(|(path, _)| path.strip_prefix("src/targets/")?.split_once('/'));
    below.map(|(folder, _)| folder.to_owned()).filter(|folder| !SHARED.contains(&folder.as_str())).collect()
}

fn too_long(path: &str, source: &str) -> Option<String> {
    let lines = source.lines().count();
    (lines > LONGEST).then(|| format!("{path} has {lines} lines; {LONGEST} are the most"))
}

fn unsafe_code(path: &str, source: &str) -> Option<String> {
    let found = tokens(&code_only(source)).iter().any(|token| token == "unsafe");
    found.then(|| format!("{path} uses `unsafe`"))
}

fn all_sources() -> Vec<(String, String)> {
    let sources = tree::files("src");
    assert!(sources.len() > 20, "the sources were not found");
    sources
}

#[test]
fn every_module_uses_only_layers_above_its_own() {
    let sources = all_sources();
    let lib = &sources.iter().find(|(path, _)| path == "src/lib.rs").unwrap().1;
    let layers = layers(lib);
    assert!(layers.len() > 4, "{layers:?}");
    let modules = sources.iter().filter(|(path, _)| path != "src/lib.rs" && path != "src/main.rs");
    let wrong: Vec<String> =
        modules.flat_map(|(path, source)| wrong_imports(&layers, path, source)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn targets_are_strangers_to_each_other() {
    let sources = all_sources();
    let folders = target_folders(&sources);
    let wrong: Vec<String> =
        sources.iter().flat_map(|(path, source)| strangers(&folders, path, source)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_source_is_too_long_or_unsafe() {
    let wrong: Vec<String> = all_sources()
        .iter()
        .flat_map(|(path, source)| too_long(path, source).into_iter().chain(unsafe_code(path, source)))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

const LIB: &str = "//! Map.\n\n// 1: first.\npub mod diag;\npub mod packet;\n\n// 2.\nmod policy;\npub mod syntax;\n\n// 3.\n\npub mod targets;\n";

#[test]
fn groups_of_modules_are_layers() {
    assert_eq!(layers(LIB), [vec!["diag", "packet"], vec!["policy", "syntax"], vec!["targets"]]);
}

#[test]
fn imports_that_point_the_wrong_way_are_refused() {
    let layers = layers(LIB);
    let refused = |path: &str, source: &str| wrong_imports(&layers, path, source).len();
    // Above is allowed, in every spelling; one's own module too.
    assert_eq!(refused("src/targets/x/mod.rs", "use crate::{packet::P, policy, syntax::{a, b}};"), 0);
    assert_eq!(
        refused("src/policy/rule.rs", "use super::Match; use crate::policy::Rule; use crate::diag::Finding;"),
        0
    );
    // Below, beside, by any road.
    assert_eq!(refused("src/packet/addr.rs", "use crate::policy::Rule;"), 1);
    assert_eq!(refused("src/packet/addr.rs", "fn f() -> crate::policy::Rule { todo() }"), 1);
    assert_eq!(refused("src/packet/addr.rs", "use crate::{addr, policy::Rule};"), 2);
    assert_eq!(refused("src/policy/mod.rs", "use crate::syntax::yaml;"), 1);
    assert_eq!(refused("src/policy/mod.rs", "use super::syntax;"), 1);
    assert_eq!(refused("src/policy/rule.rs", "use super::super::targets::Target;"), 1);
    assert_eq!(refused("src/diag/code.rs", "pub(in crate::packet) fn f() {}"), 1);
    assert_eq!(refused("src/forgotten/mod.rs", ""), 1);
    assert_eq!(refused("src/policy/mod.rs", "use crate::forgotten::X;"), 1);
}

#[test]
fn targets_that_use_each_other_are_refused() {
    let folders = BTreeSet::from(["a".to_owned(), "b".to_owned()]);
    let refused = |path: &str, source: &str| strangers(&folders, path, source).len();
    assert_eq!(
        refused(
            "src/targets/a/mod.rs",
            "use super::Target; use crate::targets::a::model; use super::shared;"
        ),
        0
    );
    assert_eq!(refused("src/targets/mod.rs", "mod a; mod b; use self::a::A; use crate::targets::b::B;"), 0);
    assert_eq!(refused("src/targets/a/lower.rs", "use crate::targets::b::model;"), 1);
    assert_eq!(refused("src/targets/a/lower.rs", "use crate::targets::{Target, b};"), 1);
    assert_eq!(refused("src/targets/a/lower.rs", "use crate::targets::clouds::x;"), 0);
    assert_eq!(refused("src/targets/clouds/x.rs", "use crate::targets::b::model;"), 1);
    assert_eq!(refused("src/targets/clouds/x.rs", "use crate::targets::told::reason;"), 0);
    assert_eq!(refused("src/targets/a/mod.rs", "use super::b;"), 1);
    assert_eq!(refused("src/targets/a/lower.rs", "use super::super::b::quote;"), 1);
}

#[test]
fn long_and_unsafe_files_are_refused() {
    assert!(too_long("x.rs", &"\n".repeat(601)).is_some() && too_long("x.rs", &"\n".repeat(600)).is_none());
    assert!(unsafe_code("x.rs", "fn f() { unsafe { } }").is_some());
    assert!(unsafe_code("x.rs", "// unsafe\n#![forbid(unsafe_code)] const S: &str = \"unsafe\";").is_none());
}

#[test]
fn folders_of_targets_are_found() {
    let sources = [
        "src/targets/mod.rs",
        "src/targets/a/mod.rs",
        "src/targets/a/x.rs",
        "src/targets/b/mod.rs",
        "src/targets/clouds/x.rs",
        "src/policy/c/d.rs",
    ];
    let sources: Vec<_> = sources.iter().map(|path| ((*path).to_owned(), String::new())).collect();
    assert_eq!(target_folders(&sources), BTreeSet::from(["a".to_owned(), "b".to_owned()]));
}
