//! Findings, drawn under the text they are about or as JSON.

use super::Page;
use crate::diag::{Finding, Severity, Source, Span, mask_secrets};
use crate::syntax::text::{one_line, visible};
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde::Serialize;

/// A finding as a person reads it.
pub fn human(finding: &Finding, page: impl Into<Page>) -> String {
    let page = page.into();
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    // What stands before the first line of each: `warning[group/name]: `, and `  = help: `.
    let before = finding.severity.as_str().len() + finding.code.as_str().len() + 4;
    let fit = |text: &str, before: usize| match page.width {
        // What follows is indented as far, by whoever draws it.
        Some(_) => {
            let lines = page.wrapped(&one_line(text), before, before);
            lines.lines().map(str::trim_start).collect::<Vec<_>>().join("\n")
        }
        None => one_line(text),
    };
    let title = level.primary_title(fit(&finding.message, before)).id(finding.code.as_str());
    let mut group = match &finding.place {
        Some(place) => {
            let window = Window::around(&place.source, place.span);
            let snippet = Snippet::source(visible(&mask_secrets(window.text)).into_owned())
                .path(one_line(place.source.name()))
                .line_start(window.line)
                .annotation(AnnotationKind::Primary.span(window.span.start..window.span.end));
            title.element(snippet)
        }
        None => Group::with_title(title),
    };
    if let Some(help) = &finding.help {
        group = group.element(Level::HELP.message(fit(help, 10)));
    }
    let renderer = if page.styled { Renderer::styled() } else { Renderer::plain() };
    match page.width {
        Some(width) => renderer.term_width(width),
        None => renderer,
    }
    .render(&[group])
}

/// The line that a span begins on, so that a large text is not carried around.
struct Window<'a> {
    text: &'a str,
    line: usize,
    span: Span,
}

impl<'a> Window<'a> {
    fn around(source: &'a Source, span: Span) -> Self {
        let span = source.clamp_span(span);
        let text = source.text();
        let before = text.get(..span.start).unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let after = text.get(span.start..).unwrap_or_default();
        let end = after.find('\n').map_or(text.len(), |newline| span.start + newline);
        let shown = Span::new(span.start - start, span.end.min(end).max(span.start) - start);
        Self {
            text: text.get(start..end).unwrap_or_default(),
            line: source.line_column(span.start).0,
            span: shown,
        }
    }
}

/// A finding as JSON; keys that say nothing are left out.
#[derive(Debug, Serialize)]
pub struct FindingJson<'a> {
    code: &'static str,
    severity: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<&'a str>,
}

impl<'a> From<&'a Finding> for FindingJson<'a> {
    fn from(finding: &'a Finding) -> Self {
        let place = finding.place.as_ref();
        let at = place.map(|place| place.source.line_column(place.span.start));
        Self {
            code: finding.code.as_str(),
            severity: finding.severity.as_str(),
            message: &finding.message,
            file: place.map(|place| place.source.name()),
            line: at.map(|(line, _)| line),
            column: at.map(|(_, column)| column),
            help: finding.help.as_deref(),
            endpoint: finding.endpoint.as_deref(),
        }
    }
}
