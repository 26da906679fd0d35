//! The JSON Schemas of the models that the templates of targets see, for whoever writes a template in their place.

/// The schema of each template: the template's name, and the text of its schema.
pub const MODELS: &[(&str, &str)] = include!("../../docs/models/models.in");

/// The schema of a template's model.
pub fn of(template: &str) -> Option<&'static str> {
    MODELS.iter().find(|(name, _)| *name == template).map(|(_, schema)| *schema)
}
