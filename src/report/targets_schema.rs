//! The JSON Schema of what `egressor targets --format json` prints.

use serde_json::{Value, json};

/// The schema of the document that `egressor targets --format json` prints.
pub fn targets_schema() -> Value {
    let texts = json!({"type": "array", "items": {"type": "string"}});
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "egressor targets",
        "description": "The targets, with what they read, their options and their limits.",
        "type": "object",
        "additionalProperties": false,
        "required": ["schema", "targets"],
        "properties": {
            "schema": {"const": "egressor/targets/v1"},
            "targets": {"type": "array", "minItems": 1, "items": {
                "type": "object",
                "additionalProperties": false,
                "required": ["name", "summary", "reads", "implied", "options", "limits"],
                "properties": {
                    "name": {"type": "string"},
                    "summary": {"type": "string"},
                    "reads": texts,
                    "implied": texts,
                    "options": {"type": "array", "items": {
                        "type": "object",
                        "additionalProperties": false,
                        "required": ["key", "default", "summary"],
                        "properties": {
                            "key": {"type": "string"},
                            "default": {"type": ["string", "null"]},
                            "summary": {"type": "string"},
                        },
                    }},
                    "limits": {"type": "array", "items": {
                        "type": "object",
                        "additionalProperties": false,
                        "required": ["what", "max", "source"],
                        "properties": {
                            "what": {"type": "string"},
                            "max": {"type": "integer", "minimum": 0},
                            "source": {"type": "string"},
                        },
                    }},
                },
            }},
        },
    })
}
