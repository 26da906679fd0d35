//! The JSON Schema of `egressor/diff/v1`.

use super::policy_schema::{finding, origin, row};
use serde_json::{Value, json};

/// The schema of the document that `egressor diff --format json` prints.
pub fn diff_schema() -> Value {
    let rows = |what: &str| json!({"type": "array", "description": what, "items": {"$ref": "#/$defs/row"}});
    let verdict = json!({"enum": ["equal", "broadened", "narrowed", "changed", "unknown"]});
    let mut row = row();
    if let Some(properties) = row.get_mut("properties").and_then(Value::as_object_mut) {
        let what = "One packet of the row, as `egressor check` takes it; with `--witness` only.";
        properties.insert("witness".to_owned(), json!({"type": "string", "description": what}));
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "egressor diff",
        "description": "What traffic changes from one set of rules to another.",
        "type": "object",
        "additionalProperties": false,
        "required": ["schema", "verdict", "scopes", "rewritten_rules", "findings"],
        "properties": {
            "schema": {"const": "egressor/diff/v1"},
            "verdict": verdict,
            "scopes": {"type": "array", "items": {"$ref": "#/$defs/scope"}},
            "rewritten_rules": {
                "type": "integer",
                "minimum": 0,
                "description": "Rules that do not stand word for word on the other side and decide no packet that differs: of both sides the greater number where the traffic is equal, else the smaller. 0 for sides of different formats.",
            },
            "findings": {"type": "array", "items": {"$ref": "#/$defs/finding"}},
        },
        "$defs": {
            "scope": {
                "type": "object",
                "additionalProperties": false,
                "required": ["scope", "direction", "verdict", "added", "removed", "unknown", "unmodelled"],
                "properties": {
                    "scope": {"type": "string", "description": "The old scope, or the new one where there is no old one."},
                    "new_scope": {"type": "string", "description": "The new scope, where it has another name."},
                    "direction": {"enum": ["egress", "ingress"]},
                    "verdict": verdict,
                    "added": rows("Surely allowed by the new rules and surely not by the old ones."),
                    "removed": rows("Surely allowed by the old rules and surely not by the new ones."),
                    "unknown": rows("The rest of what may differ, as unmodelled matches decide."),
                    "unmodelled": {"type": "array", "items": {
                        "type": "object",
                        "additionalProperties": false,
                        "required": ["text", "why"],
                        "properties": {
                            "text": {"type": "string"},
                            "file": {"type": "string"},
                            "line": {"type": "integer", "minimum": 1},
                            "why": {"type": "string"},
                        },
                    }},
                },
            },
            "row": row,
            "origin": origin(),
            "finding": finding(),
        },
    })
}
