//! The templates: Tera lays out a model that was decided and sorted beforehand.
//!
//! Every string that a template prints goes through the quoting filter of its syntax. Nothing is escaped
//! automatically, because no two of the syntaxes escape alike.

use crate::syntax;
use serde_json::Value;
use tera::{Context, Kwargs, State, Tera};

/// Templates ready to be rendered.
#[derive(Debug)]
pub struct Renderer(Tera);

/// Why an artifact could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A template does not parse, or uses a filter that does not exist.
    #[error("{0}")]
    Load(String),
    /// A template asks for something that its model does not have.
    #[error("{0}")]
    Render(String),
}

impl Renderer {
    /// Loads templates, given as name and text; a later one replaces an earlier one of the same name.
    pub fn new<'a>(templates: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, RenderError> {
        let mut tera = Tera::default();
        tera.autoescape_on(Vec::<&str>::new());
        // Filters come first: a template that names an unknown one is refused when it is loaded.
        filter(&mut tera, "hcl", syntax::hcl::quote);
        filter(&mut tera, "line", syntax::text::one_line);
        filter(&mut tera, "iptables", syntax::words::quote);
        filter(&mut tera, "iptables_line", syntax::words::comment_line);
        filter(&mut tera, "iptables_word", syntax::words::quote_word);
        filter(&mut tera, "yaml", syntax::yaml::quote);
        filter(&mut tera, "env", syntax::env::value);
        filter(&mut tera, "shell", syntax::shell::quote);
        filter(&mut tera, "csv", syntax::csv::field);
        filter(&mut tera, "csv_part", syntax::csv::part);
        filter(&mut tera, "markdown", syntax::markdown::cell);
        filter(&mut tera, "squid", syntax::squid::word);
        filter(&mut tera, "squid_comment", syntax::squid::comment);
        let templates: Vec<(&str, &str)> = templates.into_iter().collect();
        tera.add_raw_templates(templates).map_err(|error| RenderError::Load(error.to_string()))?;
        Ok(Self(tera))
    }

    /// Lays out a model. `banner` are the lines at the head of the file.
    pub fn render(&self, template: &str, model: &Value, banner: &[String]) -> Result<String, RenderError> {
        let failed = |error: tera::Error| RenderError::Render(error.to_string());
        let mut context = Context::from_serialize(model).map_err(failed)?;
        context.insert("banner", banner);
        self.0.render(template, &context).map_err(failed)
    }
}

fn filter(tera: &mut Tera, name: &'static str, quote: fn(&str) -> String) {
    tera.register_filter(name, move |text: &str, _: Kwargs, _: &State| quote(text));
}
