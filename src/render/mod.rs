//! The templates: Tera lays out a model that was decided and sorted beforehand.
//!
//! Every string that a template prints goes through the quoting filter of its syntax. A string that goes through none
//! is printed only when it means itself in every syntax, and stops the run otherwise: forgetting a filter cannot let a
//! value say more than it is.

mod error;
pub mod models;

pub use error::RenderError;

use crate::diag::Source;
use crate::syntax;
use crate::syntax::declared::{Comment, Quoting, is_plain};
use crate::targets::{Model, TARGETS};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use tera::{ArgFromValue, Context, Kwargs, State, Tera};

/// Templates ready to be rendered.
#[derive(Debug)]
pub struct Renderer {
    tera: Tera,
    sources: BTreeMap<String, Arc<Source>>,
}

/// Which filters templates have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filters {
    /// Those of the syntaxes that targets write.
    Targets,
    /// `comment` and `value`, as a manifest declares them.
    Declared(Option<Comment>, Quoting),
}

/// Filters of Tera that would call a string safe that no syntax quoted, or change one that was quoted.
const REFUSED: [&str; 8] =
    ["safe", "escape", "escape_html", "escape_xml", "replace", "indent", "newlines_to_br", "truncate"];

impl Renderer {
    /// Loads templates of targets, given as name and text; a later one replaces an earlier one of the same name.
    pub fn new<'a>(templates: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, RenderError> {
        let source = |(name, text): (&str, &str)| (name.to_owned(), Arc::new(Source::new(name, text)));
        Self::with(Filters::Targets, templates.into_iter().map(source))
    }

    /// Loads templates, given as name and source; a later one replaces an earlier one of the same name.
    pub fn with(
        filters: Filters,
        templates: impl IntoIterator<Item = (String, Arc<Source>)>,
    ) -> Result<Self, RenderError> {
        let mut tera = Tera::default();
        // Every template, whatever its name: an unquoted string is looked at before it is printed.
        tera.autoescape_on(vec![""]);
        tera.set_escape_fn(print_plain);
        // Filters come first: a template that names an unknown one is refused when it is loaded.
        for name in REFUSED {
            tera.register_filter(name, move |_: &tera::Value, _: Kwargs, _: &State| refused(name));
        }
        match filters {
            Filters::Targets => of_targets(&mut tera),
            Filters::Declared(comment, quoting) => declared(&mut tera, comment, quoting),
        }
        let sources: BTreeMap<String, Arc<Source>> = templates.into_iter().collect();
        let texts: Vec<(&str, &str)> =
            sources.iter().map(|(name, source)| (name.as_str(), source.text())).collect();
        let loaded = tera.add_raw_templates(texts);
        loaded.map_err(|error| RenderError::new(&error, None, &sources))?;
        Ok(Self { tera, sources })
    }

    /// Lays out a model. `banner` are the lines at the head of the file.
    pub fn render(&self, template: &str, model: &Model, banner: &[String]) -> Result<String, RenderError> {
        if !model.runs().is_empty() {
            // A template of the user's may lay out a row in any way, so it sees every row.
            if self.is_built_in(template)
                && let Some(text) = model.runs().spread(&self.laid_out(template, model, banner)?)
            {
                return Ok(text);
            }
            return self.laid_out(template, &model.whole(), banner);
        }
        self.laid_out(template, model, banner)
    }

    fn is_built_in(&self, template: &str) -> bool {
        let text = self.sources.get(template).map(|source| source.text());
        let mut built_in = TARGETS.iter().flat_map(|target| target.templates());
        built_in.any(|(name, builtin)| *name == template && Some(*builtin) == text)
    }

    fn laid_out(&self, template: &str, model: &Model, banner: &[String]) -> Result<String, RenderError> {
        let failed = |error: tera::Error| RenderError::new(&error, Some(template), &self.sources);
        let mut context = Context::new();
        for (name, value) in model.fields() {
            context.insert_value(name, value);
        }
        context.insert("banner", banner);
        self.tera.render(template, &context).map_err(failed)
    }
}

fn of_targets(tera: &mut Tera) {
    filter(tera, "hcl", syntax::hcl::quote);
    filter(tera, "hcl_heredoc", syntax::hcl::heredoc_line);
    filter(tera, "line", syntax::text::one_line);
    filter(tera, "iptables", syntax::words::quote);
    filter(tera, "iptables_line", syntax::words::comment_line);
    filter(tera, "iptables_word", syntax::words::quote_word);
    filter(tera, "ipset", syntax::ipset::quote);
    filter(tera, "ipset_line", syntax::ipset::comment);
    filter(tera, "json", syntax::json::quote);
    filter(tera, "nft", syntax::nft::quote);
    filter(tera, "nft_comment", syntax::nft::comment);
    filter(tera, "nft_word", syntax::nft::word);
    filter(tera, "yaml", syntax::yaml::quote);
    filter(tera, "env", syntax::env::value);
    filter(tera, "shell", syntax::shell::quote);
    filter(tera, "csv", syntax::csv::field);
    filter(tera, "csv_part", syntax::csv::part);
    filter(tera, "markdown", syntax::markdown::cell);
    filter(tera, "squid", syntax::squid::word);
    filter(tera, "squid_comment", syntax::squid::comment);
    filter(tera, "haproxy", syntax::haproxy::word);
    filter(tera, "haproxy_comment", syntax::haproxy::comment);
    filter(tera, "tinyproxy", syntax::tinyproxy::word);
    filter(tera, "tinyproxy_string", syntax::tinyproxy::string);
    filter(tera, "tinyproxy_comment", syntax::tinyproxy::comment);
}

fn filter(tera: &mut Tera, name: &'static str, quote: fn(&str) -> String) {
    let last: Mutex<Option<(tera::Value, tera::Value)>> = Mutex::new(None);
    tera.register_filter(name, move |value: &tera::Value, _: Kwargs, _: &State| {
        let text = <&str as ArgFromValue>::from_value(value)?;
        if text.len() < LONG {
            return Ok::<tera::Value, tera::Error>(quoted(value, text, quote));
        }
        // Thousands of rows are there for one reason, which is quoted once.
        let Ok(mut last) = last.lock() else { return Ok(quoted(value, text, quote)) };
        match last.as_ref().filter(|(known, _)| known.as_str() == Some(text)) {
            Some((_, answer)) => Ok(answer.clone()),
            None => Ok(last.insert((value.clone(), quoted(value, text, quote))).1.clone()),
        }
    });
}

/// The shortest text that it pays to remember.
const LONG: usize = 32;

/// The text as its syntax quotes it. One that needs no quotes is not copied.
fn quoted(value: &tera::Value, text: &str, quote: fn(&str) -> String) -> tera::Value {
    let quoted = quote(text);
    if quoted == text { value.clone().mark_safe() } else { tera::Value::safe_string(&quoted) }
}

fn declared(tera: &mut Tera, comment: Option<Comment>, quoting: Quoting) {
    if let Some(comment) = comment {
        tera.register_filter("comment", move |text: &str, _: Kwargs, _: &State| {
            tera::Value::safe_string(&comment.write(text))
        });
    }
    tera.register_filter("value", move |value: &tera::Value, _: Kwargs, _: &State| {
        let number = || value.is_number().then(|| value.to_string());
        let Some(text) = value.as_str().map(str::to_owned).or_else(number) else {
            let what = if value.is_undefined() { "there is no such field" } else { "it is neither" };
            return Err(tera::Error::message(format!("a text or a number is needed here, {what}")));
        };
        let quoted = quoting.write(&text);
        let refused =
            |why| tera::Error::message(format!("`{}` is no value here: {why}", text.escape_debug()));
        quoted.map(|quoted| tera::Value::safe_string(&quoted)).map_err(refused)
    });
}

fn refused(name: &str) -> Result<tera::Value, tera::Error> {
    let message = format!("the filter `{name}` is not available: it would undo what quoting filters promise");
    Err(tera::Error::message(message))
}

/// Prints a string that no filter quoted, if it means itself everywhere.
fn print_plain(text: &str, out: &mut dyn io::Write) -> io::Result<()> {
    if is_plain(text) {
        return out.write_all(text.as_bytes());
    }
    Err(io::Error::other(format!("`{}` is printed without a quoting filter", text.escape_debug())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn print(template: &str, model: &Value) -> Result<String, String> {
        let renderer = Renderer::new([("t", template)]).map_err(|error| error.to_string())?;
        renderer.render("t", &Model::of(model), &[]).map_err(|error| error.to_string())
    }

    #[test]
    fn a_string_without_a_filter_is_printed_only_when_it_means_itself() {
        let model =
            json!({"good": "10.0.0.0/8", "number": 443, "bad": "x; accept", "empty": "", "map": {"a": 1}});
        assert_eq!(print("{{ good }} {{ number }}", &model).as_deref(), Ok("10.0.0.0/8 443"));
        for expression in ["bad", "empty", "map", "good ~ bad", "bad | upper", "[bad] | join(sep=\",\")"] {
            assert!(print(&format!("{{{{ {expression} }}}}"), &model).is_err(), "{expression}");
        }
        assert_eq!(print("{% set x = bad | hcl %}{{ x }}", &model).as_deref(), Ok("\"x; accept\""));
        assert!(print("{% set x %}{{ bad }}{% endset %}{{ x }}", &model).is_err());
    }

    #[test]
    fn filters_that_undo_quoting_are_refused() {
        let model = json!({"bad": "x\"; accept"});
        for filter in REFUSED {
            let arguments = match filter {
                "replace" => "(from=\"a\", to=\"b\")",
                "truncate" => "(length=2)",
                _ => "",
            };
            let said = print(&format!("{{{{ bad | hcl | {filter}{arguments} }}}}"), &model);
            assert!(said.is_err_and(|said| said.contains("not available")), "{filter}");
        }
    }

    #[test]
    fn an_error_says_where_it_is_in_the_template() {
        let renderer = Renderer::new([("t", "one\n  {{ a | line }}\n{{ b }}\n")]).expect("it loads");
        let error = renderer.render("t", &json!({"b": "ok"}).into(), &[]).expect_err("no field `a`");
        let finding = error.finding();
        let place = finding.place.expect("a place");
        assert_eq!(place.source.line_column(place.span.start), (2, 6));
        let error =
            renderer.render("t", &json!({"a": "x", "b": "b\nc"}).into(), &[]).expect_err("it is not plain");
        let finding = error.finding();
        assert!(finding.message.contains("`b\\nc` is printed without a quoting filter"), "{finding:?}");
        let place = finding.place.expect("a place");
        assert_eq!(place.source.line_column(place.span.start), (3, 1));
        let error = Renderer::new([("t", "\n{% for x in %}")]).expect_err("it does not parse");
        let place = error.finding().place.expect("a place");
        assert_eq!(place.source.line_column(place.span.start).0, 2);
    }
}
