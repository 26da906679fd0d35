//! The catalog inside the binary.

use egressor::catalog::{Catalog, SHIPPED, load, schema};
use egressor::diag::{Code, Source};
use egressor::syntax::yaml::{self, Kind, Node};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

pub(crate) fn castai() -> Catalog {
    let (id, text) = SHIPPED[0];
    let (catalog, findings) = load(&Arc::new(Source::new(id, text)));
    assert_eq!(findings, [], "the shipped catalog is sound");
    catalog.expect("the shipped catalog loads")
}

/// A YAML tree as JSON, which the reader reads as well.
pub(crate) fn json(node: &Node) -> Value {
    match &node.kind {
        Kind::Null => Value::Null,
        Kind::Bool(value) => Value::from(*value),
        Kind::Integer(value) => Value::from(i64::try_from(*value).expect("a small number")),
        Kind::Float(value) => Value::from(*value),
        Kind::String(text) => Value::from(text.as_str()),
        Kind::Sequence(items) => items.iter().map(json).collect(),
        Kind::Mapping(entries) => {
            Value::Object(entries.iter().map(|(key, value)| (key.name.clone(), json(value))).collect())
        }
    }
}

pub(crate) fn tree_of(id: &str, text: &str) -> Node {
    let source = Arc::new(Source::new(id, text));
    let mut documents = yaml::parse(&source, Code::CatalogSyntax).expect("the shipped catalog is YAML");
    documents.remove(0)
}

pub(crate) fn castai_tree() -> Node {
    tree_of("castai", SHIPPED[0].1)
}

/// Every shipped catalog, loaded.
fn all() -> Vec<Catalog> {
    let loaded = SHIPPED.iter().map(|(id, text)| {
        let (catalog, findings) = load(&Arc::new(Source::new(*id, *text)));
        assert_eq!(findings, [], "{id} is sound");
        let catalog = catalog.expect("it loads");
        assert_eq!(catalog.id(), *id, "a catalog is listed under its id");
        catalog
    });
    loaded.collect()
}

#[test]
fn every_catalog_of_the_folder_is_shipped_and_the_first_is_the_default() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter_map(|name| name.strip_suffix(".yaml").map(str::to_owned))
        .collect();
    files.sort();
    let mut ids: Vec<&str> = SHIPPED.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids[0], "castai");
    ids.sort_unstable();
    assert_eq!(ids, files, "catalog/shipped.in lists the folder");
    assert!(ids.len() >= 4);
}

#[test]
fn every_fact_of_every_shipped_catalog_has_a_page_and_a_day() {
    for catalog in all() {
        let document = &catalog.document;
        assert!(document.review_after.is_some(), "{}", catalog.id());
        let of_endpoints = catalog.endpoints().map(|endpoint| &endpoint.sources.value.0);
        let sets = document.ip_sets.iter().flat_map(|sets| sets.value.0.values());
        let of_sets = sets.map(|set| &set.value.sources.value.0);
        let of_proxy = document.proxy.iter().map(|proxy| &proxy.value.sources.value.0);
        let lists: Vec<_> = of_endpoints.chain(of_sets).chain(of_proxy).collect();
        assert!(lists.iter().all(|list| !list.is_empty()), "{}", catalog.id());
        let used: std::collections::BTreeSet<_> =
            lists.into_iter().flatten().map(|source| source.value.clone()).collect();
        for id in used {
            let source = &document.sources.value.0[&id].value;
            let url = source.url.as_ref().expect("a page").value.to_string();
            assert!(url.starts_with("https://"), "{}: {url}", catalog.id());
        }
        for endpoint in catalog.endpoints() {
            assert!(!endpoint.sources.value.0.is_empty());
        }
        assert_eq!(document.verified.value.on.value.to_string(), "2026-11-22");
    }
}

#[test]
fn another_validator_accepts_every_shipped_catalog() {
    let validator = jsonschema::validator_for(&schema()).expect("the schema is a schema");
    for (id, text) in SHIPPED {
        let catalog = json(&tree_of(id, text));
        let errors: Vec<String> = validator.iter_errors(&catalog).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{id}: {errors:?}");
    }
}

#[test]
fn no_two_shipped_catalogs_call_different_regions_alike() {
    // Regions are named without their catalog, so one name must not choose unrelated things.
    let mut seen: std::collections::BTreeMap<String, String> = std::collections::BTreeMap::new();
    for catalog in all() {
        for region in catalog.document.regions.iter().flat_map(|regions| regions.value.0.keys()) {
            if let Some(other) = seen.insert(region.to_string(), catalog.id().to_owned()) {
                // Both mean the United States.
                assert_eq!(region.as_str(), "us", "{other} and {}", catalog.id());
            }
        }
    }
}

fn castai_json() -> Value {
    json(&castai_tree())
}

#[test]
fn the_schema_beside_the_catalog_is_the_one_of_the_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog/catalog.schema.json");
    let generated = format!("{:#}\n", schema());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &generated).expect("the schema can be written");
    }
    let written = std::fs::read_to_string(&path).expect("the schema is there");
    assert_eq!(written, generated, "run the tests with UPDATE=1 to write it anew");
}

#[test]
fn another_validator_accepts_the_shipped_catalog_and_refuses_a_damaged_one() {
    let validator = jsonschema::validator_for(&schema()).expect("the schema is a schema");
    let mut catalog = castai_json();
    let errors: Vec<String> = validator.iter_errors(&catalog).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    catalog["endpoints"][0]["prots"] = Value::from("443/tcp");
    assert!(!validator.is_valid(&catalog), "an unknown key is refused");
    let mut catalog = castai_json();
    catalog["endpoints"][0]["ports"] = Value::from(Vec::<Value>::new());
    assert!(!validator.is_valid(&catalog), "an empty list is refused");
    let mut catalog = castai_json();
    catalog["endpoints"][0].as_object_mut().expect("a mapping").remove("feature");
    assert!(!validator.is_valid(&catalog), "a missing key is refused");
}

#[test]
fn every_endpoint_has_sources_a_day_and_a_confidence() {
    let catalog = castai();
    for endpoint in catalog.endpoints() {
        assert!(!endpoint.sources.value.0.is_empty());
        assert!(!endpoint.confidence.value.as_str().is_empty());
    }
    assert_eq!(catalog.document.verified.value.on.value.to_string(), "2026-11-22");
}

#[test]
fn dedicated_addresses_belong_to_the_vendors_own_hosts_only() {
    let catalog = castai();
    let regions: Vec<_> =
        catalog.document.regions.as_ref().expect("regions").value.0.keys().cloned().collect();
    for endpoint in catalog.endpoints().filter(|endpoint| endpoint.ip_fallback.is_some()) {
        for host in endpoint.hosts_in(&regions) {
            assert!(host.as_str().ends_with(".cast.ai"), "{host} has the dedicated addresses");
        }
    }
}

#[test]
fn the_digest_does_not_depend_on_the_order_of_keys_and_items() {
    let mut reordered = castai_json();
    reordered["endpoints"].as_array_mut().expect("a list").reverse();
    let (other, findings) = load(&Arc::new(Source::new("reordered", reordered.to_string())));
    assert_eq!(findings, []);
    assert_eq!(other.expect("it loads").canonical, castai().canonical);
}
