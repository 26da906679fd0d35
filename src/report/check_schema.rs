//! The JSON Schemas of `egressor/check/v1` and `egressor/lint/v1`.

use super::policy_schema::{finding, origin, row};
use serde_json::{Value, json};

/// The schema of the document that `egressor check --format json` prints.
pub fn check_schema() -> Value {
    let rows = json!({"type": "array", "items": {"$ref": "#/$defs/row"}});
    let verdict = json!({"enum": ["allowed", "denied", "unknown"]});
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "egressor check",
        "description": "Whether a connection would be allowed, by which rule, and why.",
        "type": "object",
        "additionalProperties": false,
        "required": ["schema", "source", "format", "scopes", "findings"],
        "properties": {
            "schema": {"const": "egressor/check/v1"},
            "question": {"type": "string", "description": "The question with its protocol. Absent when it was not understood."},
            "source": {"type": "string"},
            "format": {"type": "string"},
            "verdict": verdict,
            "scopes": {"type": "array", "items": {"$ref": "#/$defs/answer"}},
            "findings": {"type": "array", "items": {"$ref": "#/$defs/finding"}},
        },
        "$defs": {
            "answer": {
                "type": "object",
                "additionalProperties": false,
                "required": ["scope", "direction", "verdict", "allowed", "possible", "denied", "deciding", "notes"],
                "properties": {
                    "scope": {"type": "string"},
                    "direction": {"enum": ["egress", "ingress"]},
                    "verdict": verdict,
                    "addresses": {
                        "type": "array", "items": {"type": "string"}, "minItems": 1,
                        "description": "The addresses that were asked about in the place of a host.",
                    },
                    "allowed": rows,
                    "possible": rows,
                    "denied": rows,
                    "deciding": {"type": "array", "items": {"$ref": "#/$defs/deciding"}},
                    "notes": {"type": "array", "items": {"type": "string"}},
                },
            },
            "deciding": {
                "type": "object",
                "additionalProperties": false,
                "required": ["action", "certain", "origin", "unmodelled", "rows"],
                "properties": {
                    "action": {"enum": ["allow", "deny"]},
                    "certain": {"type": "boolean"},
                    "origin": {"$ref": "#/$defs/origin"},
                    "purpose": {"type": "string"},
                    "unmodelled": {"type": "array", "items": {
                        "type": "object",
                        "additionalProperties": false,
                        "required": ["text", "why"],
                        "properties": {"text": {"type": "string"}, "why": {"type": "string"}},
                    }},
                    "rows": rows,
                },
            },
            "row": row(),
            "origin": origin(),
            "finding": finding(),
        },
    })
}

/// The schema of the document that `egressor lint --format json` prints, and `egressor catalog lint` too.
pub fn lint_schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "egressor lint",
        "description": "What is amiss in rule files or catalogs.",
        "type": "object",
        "additionalProperties": false,
        "required": ["schema", "findings"],
        "properties": {
            "schema": {"const": "egressor/lint/v1"},
            "source": {"type": "string"},
            "format": {"type": "string"},
            "findings": {"type": "array", "items": {"$ref": "#/$defs/finding"}},
        },
        "$defs": {"finding": finding()},
    })
}
