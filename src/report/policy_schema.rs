//! The JSON Schema of `egressor/policy/v1`.

use serde_json::{Value, json};

/// The schema of the document that `egressor show --format json` prints.
pub fn policy_schema() -> Value {
    let rows = json!({"type": "array", "items": {"$ref": "#/$defs/row"}});
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "egressor policy",
        "description": "What a rule file means: the packets that each of its scopes lets pass.",
        "type": "object",
        "additionalProperties": false,
        "required": ["schema", "source", "format", "scopes", "findings"],
        "properties": {
            "schema": {"const": "egressor/policy/v1"},
            "source": {"type": "string"},
            "format": {"type": "string"},
            "scopes": {"type": "array", "items": {"$ref": "#/$defs/scope"}},
            "findings": {"type": "array", "items": {"$ref": "#/$defs/finding"}},
        },
        "$defs": {
            "scope": {
                "type": "object",
                "additionalProperties": false,
                "required": ["scope", "direction", "exact", "allows", "unmodelled"],
                "properties": {
                    "scope": {"type": "string"},
                    "direction": {"enum": ["egress", "ingress"]},
                    "exact": {"type": "boolean", "description": "Whether both lists of `allows` are the same set."},
                    "allows": {
                        "type": "object",
                        "additionalProperties": false,
                        "required": ["at_least", "at_most"],
                        "properties": {"at_least": rows, "at_most": rows},
                    },
                    "unmodelled": {"type": "array", "items": {
                        "type": "object",
                        "additionalProperties": false,
                        "required": ["text", "why"],
                        "properties": {
                            "text": {"type": "string"},
                            "line": {"type": "integer", "minimum": 1},
                            "why": {"type": "string"},
                        },
                    }},
                    "return_traffic": {"type": "array", "items": {"$ref": "#/$defs/origin"}},
                    "loopback": {"type": "array", "items": {"$ref": "#/$defs/origin"}},
                },
            },
            "row": row(),
            "origin": origin(),
            "finding": finding(),
        },
    })
}

/// One product of peers and services; exactly one kind of peer is present and no list is empty.
pub(super) fn row() -> Value {
    let texts = json!({"type": "array", "items": {"type": "string"}, "minItems": 1});
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["protocol"],
        "oneOf": [{"required": ["cidrs"]}, {"required": ["names"]}, {"required": ["groups"]}],
        "properties": {
            "source": texts,
            "cidrs": texts,
            "names": texts,
            "except_names": texts,
            "groups": texts,
            "except_groups": texts,
            "protocol": {"type": "string"},
            "ports": texts,
            "icmp": {"type": "array", "minItems": 1, "items": {
                "type": "object",
                "additionalProperties": false,
                "required": ["type"],
                "properties": {
                    "type": {"type": "integer", "minimum": 0, "maximum": 255},
                    "code": {"type": "integer", "minimum": 0, "maximum": 255},
                },
            }},
            "addresses": {"type": "string", "pattern": "^[0-9]+$"},
            "origins": {"type": "array", "items": {"$ref": "#/$defs/origin"}},
        },
    })
}

pub(super) fn finding() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["code", "severity", "message"],
        "properties": {
            "code": {"type": "string"},
            "severity": {"enum": ["error", "warning", "note"]},
            "message": {"type": "string"},
            "file": {"type": "string"},
            "line": {"type": "integer", "minimum": 1},
            "column": {"type": "integer", "minimum": 1},
            "help": {"type": "string"},
            "endpoint": {"type": "string"},
        },
    })
}

pub(super) fn origin() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "endpoint": {"type": "string"},
            "implied": {"type": "string"},
            "system": {"type": "string"},
            "file": {"type": "string"},
            "line": {"type": "integer", "minimum": 1},
            "text": {"type": "string"},
        },
    })
}
