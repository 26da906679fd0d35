//! Why an artifact could not be rendered, and where in its template.

use crate::diag::{Code, Finding, Place, Source, Span};
use std::collections::BTreeMap;
use std::error::Error as _;
use std::fmt;
use std::sync::Arc;
use tera::ErrorKind;

/// Why an artifact could not be rendered: a template does not parse, names a filter that does not exist, asks for
/// something that its model does not have, or prints a string that no filter quoted.
#[derive(Debug, Clone)]
pub struct RenderError {
    message: String,
    place: Option<Place>,
    help: Option<&'static str>,
}

impl RenderError {
    /// What an error of Tera says, at its place in one of the templates.
    pub(super) fn new(
        error: &tera::Error,
        template: Option<&str>,
        sources: &BTreeMap<String, Arc<Source>>,
    ) -> Self {
        match error.kind() {
            ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => {
                let place = sources.get(report.filename()).map(|source| {
                    let range = report.span().range.clone();
                    let span = source.clamp_span(Span::new(range.start, range.end));
                    Place { source: Arc::clone(source), span }
                });
                let message = report.message().trim_end_matches('.').replace('\n', " ");
                Self { message, place, help: None }
            }
            ErrorKind::Io(_) => {
                let message = error.source().map_or_else(|| error.to_string(), ToString::to_string);
                let source = template.and_then(|template| sources.get(template));
                let place = source.map(|source| {
                    let span = unquoted(source.text()).unwrap_or_default();
                    Place { source: Arc::clone(source), span: source.clamp_span(span) }
                });
                let help =
                    Some("end what is printed with the filter of its syntax, such as `{{ x | value }}`");
                Self { message, place, help }
            }
            // Names that do not exist are told in prose, all of them together.
            _ => {
                let text = error.to_string();
                let message =
                    text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
                let source = template.and_then(|template| sources.get(template));
                let start = source.map(|source| Place { source: Arc::clone(source), span: Span::default() });
                Self { message, place: reported(&text, sources).or(start), help: None }
            }
        }
    }

    /// The error as a finding.
    pub fn finding(&self) -> Finding {
        let mut finding = Finding::new(Code::TemplateError, self.message.clone());
        finding.place.clone_from(&self.place);
        finding.help = self.help.map(str::to_owned);
        finding
    }
}

impl fmt::Display for RenderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(place) = &self.place {
            let (line, column) = place.source.line_column(place.span.start);
            write!(f, " ({}:{line}:{column})", place.source.name())?;
        }
        Ok(())
    }
}

impl std::error::Error for RenderError {}

/// The place that a line such as `--> name:3:14` points to.
fn reported(text: &str, sources: &BTreeMap<String, Arc<Source>>) -> Option<Place> {
    let arrow = text.lines().find_map(|line| line.trim_start().strip_prefix("--> "))?;
    let (rest, column) = arrow.trim_end().rsplit_once(':')?;
    let (name, line) = rest.rsplit_once(':')?;
    let (line, column): (usize, usize) = (line.parse().ok()?, column.parse().ok()?);
    let source = sources.get(name)?;
    let before: usize = source.text().split('\n').take(line.checked_sub(1)?).map(|line| line.len() + 1).sum();
    let of_line = source.text().get(before..)?.split('\n').next()?;
    let here = of_line.char_indices().nth(column.checked_sub(1)?).map_or(of_line.len(), |(at, _)| at);
    let word = of_line.get(here..)?;
    let length = word.find(|char: char| !char.is_alphanumeric() && char != '_').unwrap_or(word.len());
    let span = source.clamp_span(Span::new(before + here, before + here + length.max(1)));
    Some(Place { source: Arc::clone(source), span })
}

/// The first tag that prints something without any filter. Tera tells what was refused and not where, so this is where
/// to look first.
fn unquoted(text: &str) -> Option<Span> {
    let mut from = 0;
    while let Some(open) = text.get(from..)?.find('{').map(|at| from + at) {
        let close = match text.get(open..open + 2) {
            Some("{{") => "}}",
            Some("{%") => "%}",
            Some("{#") => "#}",
            _ => {
                from = open + 1;
                continue;
            }
        };
        let end = text.get(open + 2..)?.find(close).map_or(text.len(), |at| open + 2 + at + close.len());
        if close == "}}" && !text.get(open..end)?.contains('|') {
            return Some(Span::new(open, end));
        }
        from = end;
    }
    None
}
