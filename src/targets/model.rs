//! What a template lays out.

use super::runs::Runs;
use serde::{Serialize, Serializer};
use std::sync::Arc;

/// Plain data in its final order, as templates see it. Copies share it.
#[derive(Debug, Clone)]
pub struct Model {
    value: Arc<tera::Value>,
    runs: Arc<Runs>,
}

impl Model {
    /// The model of a value. It is laid out once: from a value of our own types, not from JSON of it.
    pub fn of<T: Serialize>(value: &T) -> Self {
        Self::with_runs(value, Runs::default())
    }

    /// The model of a value in which marks stand for runs of rows.
    pub(super) fn with_runs<T: Serialize>(value: &T, runs: Runs) -> Self {
        Self { value: Arc::new(tera::Value::from_serializable(value)), runs: Arc::new(runs) }
    }

    /// The fields, where marks stand for runs of rows.
    pub fn fields(&self) -> impl Iterator<Item = (String, tera::Value)> {
        let fields = self.value.as_map().into_iter().flatten();
        fields.map(|(name, value)| (name.to_string(), value.clone()))
    }

    /// The rows that stand for more than one.
    pub fn runs(&self) -> &Runs {
        &self.runs
    }

    /// The same model with every row written out.
    pub fn whole(&self) -> Self {
        if self.runs.is_empty() {
            return self.clone();
        }
        Self { value: Arc::new(self.runs.written_out(&self.value)), runs: Arc::default() }
    }
}

impl From<serde_json::Value> for Model {
    fn from(value: serde_json::Value) -> Self {
        Self::of(&value)
    }
}

impl Serialize for Model {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.whole().value.serialize(serializer)
    }
}
