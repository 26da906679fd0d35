//! The JSON Schema of `egressor/catalog-diff/v1`.

use super::diff_schema;
use serde_json::{Value, json};

/// The schema of the document that `egressor catalog diff --format json` prints.
pub fn catalog_diff_schema() -> Value {
    let mut traffic = diff_schema();
    let verdict = json!({"enum": ["equal", "broadened", "narrowed", "changed", "unknown"]});
    let mut definitions = json!({});
    if let Some(traffic) = traffic.as_object_mut() {
        traffic.remove("$schema");
        definitions = traffic.remove("$defs").unwrap_or_default();
    }
    let word = |what: &str| json!({"type": "string", "description": what});
    let sections = [
        "catalog",
        "endpoints",
        "ip_sets",
        "components",
        "needs",
        "regions",
        "features",
        "variables",
        "sources",
    ];
    if let Some(definitions) = definitions.as_object_mut() {
        let field = json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["field"],
            "properties": {
                "field": word("The key."),
                "old": word("The old value in words; absent when there was none."),
                "new": word("The new value in words; absent when there is none."),
            },
        });
        let entry = json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["section", "id", "change", "fields"],
            "properties": {
                "section": {"enum": sections},
                "id": word("The id of the entry; of a key of the catalog itself, its name."),
                "change": {"enum": ["added", "removed", "changed"]},
                "effect": {
                    "enum": verdict.get("enum"),
                    "description": "What the entry alone does to the traffic, for an endpoint that both sides have.",
                },
                "fields": {"type": "array", "items": {"$ref": "#/$defs/field"}},
            },
        });
        definitions.insert("entry".to_owned(), entry);
        definitions.insert("field".to_owned(), field);
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "egressor catalog diff",
        "description": "What a revision of a vendor's list changes, as entries and as traffic.",
        "type": "object",
        "additionalProperties": false,
        "required": ["schema", "old", "new", "verdict", "entries", "traffic"],
        "properties": {
            "schema": {"const": "egressor/catalog-diff/v1"},
            "old": word("The earlier list."),
            "new": word("The later list."),
            "verdict": verdict,
            "entries": {"type": "array", "items": {"$ref": "#/$defs/entry"}},
            "traffic": traffic,
        },
        "$defs": definitions,
    })
}
