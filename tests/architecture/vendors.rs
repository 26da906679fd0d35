//! No vendor in the code: what is known of a product is catalog data.

use super::tree;
use egressor::catalog::{SHIPPED, load};
use egressor::diag::Source;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Where a word that is also a vendor's stands for something else: file or folder, word, why.
const EXCUSED: &[(&str, &str, &str)] = &[
    (
        "src/resolve/feeds/",
        "",
        "each file reads what one vendor publishes, and nothing else asks which vendor it is",
    ),
    ("src/report/diff_markdown.rs", "github", "the platform whose comments have that limit"),
    ("src/targets/network_policy/rules.rs", "github", "the address of a page of Kubernetes"),
    (
        "src/targets/proxy_env/advice.rs",
        "storage.googleapis.com",
        "a host of all tenants of a platform, whoever's catalog has it",
    ),
    ("src/cli/complete/mod.rs", "castai", "completion is tested with catalogs that are shipped"),
    ("src/cli/complete/mod.rs", "github", "completion is tested with catalogs that are shipped"),
    ("src/lib.rs", "castai", "the examples of the library are run, with a catalog that is shipped"),
    ("src/api/", "castai", "the examples of the library are run, with a catalog that is shipped"),
    ("src/targets/gke_module/mod.rs", "github", "the address of a page of the module"),
];

/// Words by which code would know a product: ids and hosts of the shipped catalogs, and how products are written.
fn words() -> BTreeSet<String> {
    let mut words: BTreeSet<String> =
        ["cast ai", "cast.ai", "docker hub", "docker.io"].map(str::to_owned).into();
    for (id, text) in SHIPPED {
        let (catalog, _) = load(&Arc::new(Source::new(*id, *text)));
        let catalog = catalog.expect("it is sound");
        words.insert((*id).to_owned());
        let regions: Vec<_> =
            catalog.document.regions.iter().flat_map(|regions| regions.value.0.keys().cloned()).collect();
        for endpoint in catalog.endpoints() {
            words.extend(endpoint.hosts_in(&regions).iter().map(ToString::to_string));
        }
    }
    words
}

/// The lines of a file that name a product.
fn named(path: &str, text: &str, words: &BTreeSet<String>) -> Vec<String> {
    let excused = |word: &str| {
        EXCUSED.iter().any(|(file, excused, _)| path.starts_with(file) && word.starts_with(excused))
    };
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.to_lowercase();
        for word in words.iter().filter(|word| line.contains(word.as_str()) && !excused(word)) {
            found.push(format!("{path}:{} names `{word}`", number + 1));
        }
    }
    found
}

#[test]
fn no_code_knows_a_vendor() {
    let words = words();
    assert!(words.len() > 60 && words.contains("castai") && words.contains("datadog"), "{words:?}");
    let named: Vec<String> = ["src", "templates"]
        .iter()
        .flat_map(|folder| tree::files(folder))
        .flat_map(|(path, text)| named(&path, &text, &words))
        .collect();
    assert!(named.is_empty(), "{named:#?}");
}

#[test]
fn a_vendor_in_the_code_would_be_noticed() {
    let words = words();
    for line in ["if id == \"castai\" {", "/// CAST AI's own.", "const HOST: &str = \"api.datadoghq.com\";"] {
        assert!(!named("src/x.rs", line, &words).is_empty(), "{line}");
    }
    assert!(named("src/x.rs", "let cast = ai;", &words).is_empty());
}
