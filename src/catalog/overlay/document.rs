//! What stands in an overlay file: every key, in the order of the JSON Schema.

use crate::catalog::document::{
    ComponentDocument, EndpointDocument, FeatureDocument, IpSetDocument, SourceDocument,
};
use crate::catalog::leaf::{Date, Id, Setting, Text};
use crate::catalog::read::{At, Document, List, Or, Raw, Reader, Table, described, document, words};
use crate::diag::{Code, suggest_or_list};
use crate::syntax::yaml::Node;
use serde_json::{Value, json};

document! {
    /// An overlay: what you change about a catalog, by endpoint id. Overlays are applied in order, and the last wins.
    OverlayDocument {
        /// The version of the format, `egressor/overlay/v1`.
        required schema: OverlayVersion,
        /// The id of the catalog that is changed.
        required extends: Id,
        /// The overlay, for people.
        optional title: Text,
        /// Endpoints that are left out, or `none`.
        required disable: Or<Nothing, List<Id>>,
        /// Keys of endpoints that are changed, one at a time, or `none`.
        required r#override: Or<Nothing, List<OverrideDocument>>,
        /// Endpoints that are added.
        optional add: List<EndpointDocument>,
        /// What is set for the whole catalog, or `none`.
        required set: Or<Nothing, SetDocument>,
        /// Values of variables. The project file sets others.
        optional variables: Table<Id, Setting>,
        /// Those of the variables that an earlier overlay sets, too. To set one twice without saying so is an error, so that a
        /// lost line never brings back a wider value.
        optional overrides: List<Id>,
        /// More sources of facts.
        optional sources: Table<Id, SourceDocument>,
        /// More components.
        optional components: Table<Id, ComponentDocument>,
        /// More features.
        optional features: Table<Id, FeatureDocument>,
        /// More dedicated addresses.
        optional ip_sets: Table<Id, IpSetDocument>,
    }
}

words! {
    /// The version of the format.
    OverlayVersion {
        /// The first version.
        V1 = "egressor/overlay/v1",
    }
}

words! {
    /// The word for nothing at all.
    Nothing {
        /// Nothing.
        Nothing = "none",
    }
}

document! {
    /// What is set for a whole catalog.
    SetDocument {
        /// The team in your organisation that answers for the rules.
        optional owner: Text,
        /// The ticket that approved the rules.
        optional ticket: Text,
        /// The last day on which the rules are wanted, in UTC; `never`; or `keep` for what the catalog says.
        required expires: Or<Expiry, Date>,
        /// Words to search by, added to every endpoint.
        optional tags: List<Id>,
    }
}

words! {
    /// When rules expire, where no day is named.
    Expiry {
        /// As it was.
        Keep = "keep",
        /// On no day.
        Never = "never",
    }
}

/// One key of one endpoint, changed or removed.
#[derive(Debug, Clone, PartialEq)]
pub struct OverrideDocument {
    /// The endpoint.
    pub id: At<Id>,
    /// The key.
    pub key: At<String>,
    /// What takes the place of its value; nothing when the key is removed.
    pub value: Option<At<Node>>,
}

/// The keys of an endpoint that an overlay may change.
pub(super) fn overridable() -> impl Iterator<Item = &'static str> {
    // An endpoint is known by its id, and `expires` brings its `temporary` along.
    EndpointDocument::KEYS.iter().copied().filter(|key| !matches!(*key, "id" | "temporary"))
}

impl Document for OverrideDocument {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let fields = reader.fields(node, &["id", "key", "value", "remove"])?;
        let id = fields.required::<Id>("id", reader);
        let key = fields.required::<Raw>("key", reader).and_then(|key| {
            let Some(name) = key.value.0.as_str() else {
                reader.wrong_kind(&key.value.0, "a key");
                return None;
            };
            Some(At { value: name.to_owned(), span: key.span })
        });
        let value = fields.optional::<Raw>("value", reader);
        let remove = fields.optional::<bool>("remove", reader);
        let (id, key) = (id?, key?);
        let name = key.value.as_str();
        if !overridable().any(|known| known == name) {
            let help = suggest_or_list(name, "keys are", overridable());
            let message = format!("`{name}` is no key of an endpoint that can be changed");
            reader.report(Code::CatalogUnknownKey, key.span, message, Some(help));
            return None;
        }
        let removes = remove.as_ref().is_some_and(|remove| remove.value);
        if removes == value.is_some() || remove.as_ref().is_some_and(|remove| !remove.value) {
            let message = "exactly one of `value` and `remove: true` is needed";
            reader.report(Code::CatalogMissingKey, key.span, message, None);
            return None;
        }
        let value = value.map(|value| At { value: value.value.0, span: value.span });
        let key = key.clone();
        Some(Self { id, key, value })
    }

    fn schema() -> Value {
        let endpoint = EndpointDocument::schema();
        let id = described(Id::schema(), "The endpoint.");
        let about = "The key of the endpoint.";
        let one = |key: &str| {
            let value = endpoint.get("properties").and_then(|all| all.get(key)).cloned().unwrap_or_default();
            json!({
                "type": "object",
                "additionalProperties": false,
                "properties": {"id": id, "key": {"const": key, "description": about}, "value": value},
                "required": ["id", "key", "value"],
            })
        };
        let keys: Vec<&str> = overridable().collect();
        let removed = json!({
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "id": id,
                "key": {"enum": keys, "description": about},
                "remove": {"const": true, "description": "The endpoint is without the key."},
            },
            "required": ["id", "key", "remove"],
        });
        json!({
            "description": "One key of one endpoint, with the value that takes its place, or `remove: true`.",
            "anyOf": overridable().map(one).chain([removed]).collect::<Vec<_>>(),
        })
    }
}
