//! What a template lays out.

use serde::{Serialize, Serializer};
use std::sync::Arc;

/// Plain data in its final order, as templates see it. Copies share it.
#[derive(Debug, Clone)]
pub struct Model(Arc<tera::Value>);

impl Model {
    /// The model of a value. It is laid out once: from a value of our own types, not from JSON of it.
    pub fn of<T: Serialize>(value: &T) -> Self {
        Self(Arc::new(tera::Value::from_serializable(value)))
    }

    /// The fields.
    pub fn fields(&self) -> impl Iterator<Item = (String, tera::Value)> {
        let fields = self.0.as_map().into_iter().flatten();
        fields.map(|(name, value)| (name.to_string(), value.clone()))
    }
}

impl From<serde_json::Value> for Model {
    fn from(value: serde_json::Value) -> Self {
        Self::of(&value)
    }
}

impl Serialize for Model {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
