//! The JSON Schema of what a template sees.

use serde_json::{Map, Value, json};

/// The schema of the model.
pub(super) fn model() -> Value {
    let text = |about: &str| json!({"type": "string", "description": about});
    let maybe = |about: &str| json!({"type": ["string", "null"], "description": about});
    let texts = |about: &str| json!({"type": "array", "items": {"type": "string"}, "description": about});
    let number = |most: u32| json!({"type": "integer", "minimum": 0, "maximum": most});
    let list = |items: Value, about: &str| json!({"type": "array", "items": items, "description": about});
    let name = object(&[
        (
            "kind",
            json!({"enum": ["host", "path", "tree", "below", "one-below", "any"], "description": "the host alone; one path prefix of it; it and all below; all below; one label below; every name"}),
        ),
        ("host", text("the host name; `any` for every name")),
        ("path", maybe("the path prefix, for the kind `path`")),
    ]);
    let peers = object(&[
        ("ipv4", texts("CIDR blocks")),
        ("ipv6", texts("CIDR blocks")),
        ("names", list(name, "host names; empty when peers are addresses")),
        ("groups", texts("pods of the cluster and the like, by an opaque name")),
    ]);
    let ports = object(&[("first", number(65_535)), ("last", number(65_535))]);
    let icmp = object(&[
        ("type", number(255)),
        ("code", json!({"type": ["integer", "null"], "minimum": 0, "maximum": 255})),
    ]);
    let service = object(&[
        ("protocol", text("`any`, a name such as `tcp`, or a number")),
        ("ports", list(ports, "port ranges, both ends inclusive; all ports when empty")),
        ("icmp", list(icmp, "ICMP types and codes; all of them when empty")),
    ]);
    let rule = object(&[
        ("endpoint", text("the endpoint that asks for it, or what is implied: `implied/dns`")),
        ("implied", json!({"type": "boolean", "description": "whether no endpoint asks for it"})),
        ("purpose", text("what the traffic is for")),
        ("owner", maybe("the team that answers for it")),
        ("ticket", maybe("the ticket that approved it")),
        ("expires", maybe("the last day on which it is wanted, as an ISO 8601 date")),
        ("sources", texts("pages that the fact was taken from")),
        ("why", text("all of that in one line, for a comment")),
        ("peers", peers),
        ("services", list(service, "what is carried")),
    ]);
    let label = object(&[("key", text("the key")), ("value", text("the value"))]);
    let scope = object(&[
        ("name", text("what the rule set is attached to")),
        ("direction", json!({"enum": ["egress", "ingress"]})),
        ("namespace", maybe("the namespace of the pods, where it is attached to pods")),
        ("labels", list(label, "the labels that select the pods")),
        ("rules", list(rule, "the rules; all of them allow, and the default is to deny")),
    ]);
    let entry = object(&[
        ("peer", text("a CIDR block or a host name")),
        ("why", text("why it is listed, in one line, for a comment")),
    ]);
    let mut schema = Map::new();
    schema.insert("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
    schema.insert("title".into(), "egressor artifact model".into());
    schema.insert(
        "description".into(),
        "What a template of an artifact of your own sees. A string is printed through `| value` or `| comment`.".into(),
    );
    let model = object(&[
        ("name", text("the name of the artifact")),
        ("summary", text("its summary")),
        ("scopes", list(scope, "the rule sets, ordered by name")),
        ("entries", list(entry, "the lines of a list; empty unless the reader is `list`")),
        (
            "banner",
            texts("the lines at the head of the file, which are written before the template's own text"),
        ),
    ]);
    if let Value::Object(model) = model {
        schema.extend(model);
    }
    Value::Object(schema)
}

/// An object that has all of these keys and no others.
fn object(properties: &[(&str, Value)]) -> Value {
    let required: Vec<&str> = properties.iter().map(|(name, _)| *name).collect();
    let properties: Map<String, Value> =
        properties.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}
