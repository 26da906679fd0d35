//! Reading tables of TOML key by key, with a finding for everything that is not as it should be.

use crate::diag::{Code, Finding, Source, Span, suggest};
use crate::resolve::dns::Known;
use crate::syntax::text::one_line;
use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

pub(super) type Value<'i> = Spanned<DeValue<'i>>;

/// Collects the findings of one text.
pub(super) struct Reader<'s> {
    source: &'s Arc<Source>,
    pub(super) findings: Vec<Finding>,
    pub(super) known: Known,
}

/// A table, what people call it, and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Table<'t, 'i> {
    pub(super) entries: &'t DeTable<'i>,
    pub(super) what: &'static str,
    pub(super) span: Span,
}

impl<'s> Reader<'s> {
    pub(super) fn new(source: &'s Arc<Source>) -> Self {
        Self { source, findings: Vec::new(), known: Known::default() }
    }

    pub(super) fn error(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.findings.push(Finding::new(Code::LockSyntax, message).at(self.source, span).help(help));
    }

    /// Complains about keys that the table does not have.
    pub(super) fn only(&mut self, table: Table<'_, '_>, keys: &[&str]) {
        for key in table.entries.keys() {
            let name = key.get_ref();
            if !keys.contains(&name.as_ref()) {
                let help = suggest(name, keys.iter().copied()).map_or_else(
                    || format!("the keys are {}", keys.join(", ")),
                    |meant| format!("did you mean `{meant}`?"),
                );
                self.error(span(key), format!("{} has no key `{}`", table.what, one_line(name)), help);
            }
        }
    }

    /// The value of a key that must be there.
    pub(super) fn need<'t, 'i>(&mut self, table: Table<'t, 'i>, key: &str) -> Option<&'t Value<'i>> {
        let value = table.get(key);
        if value.is_none() {
            let message = format!("{} has no `{key}`", table.what);
            self.error(
                table.span,
                message,
                format!("add `{key} = …`, or refresh the lockfile with `egressor lock`"),
            );
        }
        value
    }

    /// A text on one line, not empty.
    pub(super) fn text<'t>(&mut self, value: &'t Value<'_>) -> Option<&'t str> {
        let DeValue::String(text) = value.get_ref() else {
            self.kind(value, "a text in quotes");
            return None;
        };
        if text.is_empty() || one_line(text) != **text {
            let message = if text.is_empty() { "an empty text" } else { "a text with hidden characters" };
            self.error(span(value), message, "write visible text on one line");
            return None;
        }
        Some(text)
    }

    /// A text that stands for a value of some type.
    pub(super) fn parse<T: FromStr<Err: Display>>(&mut self, value: &Value<'_>, help: &str) -> Option<T> {
        let text = self.text(value)?;
        text.parse().map_err(|error: T::Err| self.error(span(value), error.to_string(), help)).ok()
    }

    /// A whole number that the type can hold.
    pub(super) fn number<T: TryFrom<i64>>(&mut self, value: &Value<'_>, help: &str) -> Option<T> {
        let DeValue::Integer(number) = value.get_ref() else {
            self.kind(value, "a whole number");
            return None;
        };
        let parsed = i64::from_str_radix(number.as_str(), number.radix())
            .ok()
            .and_then(|number| number.try_into().ok());
        if parsed.is_none() {
            self.error(span(value), format!("`{number}` is out of range"), help);
        }
        parsed
    }

    /// `true` or `false`.
    pub(super) fn boolean(&mut self, value: &Value<'_>) -> Option<bool> {
        if let DeValue::Boolean(value) = value.get_ref() {
            return Some(*value);
        }
        self.kind(value, "`true` or `false`");
        None
    }

    /// The items of a list.
    pub(super) fn list<'t, 'i>(&mut self, value: &'t Value<'i>) -> &'t [Value<'i>] {
        if let DeValue::Array(items) = value.get_ref() {
            return items.as_ref();
        }
        self.kind(value, "a list");
        &[]
    }

    /// A table.
    pub(super) fn table<'t, 'i>(
        &mut self,
        value: &'t Value<'i>,
        what: &'static str,
    ) -> Option<Table<'t, 'i>> {
        if let DeValue::Table(entries) = value.get_ref() {
            return Some(Table { entries, what, span: span(value) });
        }
        self.kind(value, "a table");
        None
    }

    fn kind(&mut self, value: &Value<'_>, wanted: &str) {
        let found = match value.get_ref() {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a bare date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.error(span(value), format!("{found} stands where {wanted} belongs"), format!("write {wanted}"));
    }
}

impl<'t, 'i> Table<'t, 'i> {
    pub(super) fn get(self, key: &str) -> Option<&'t Value<'i>> {
        self.entries.get(key)
    }
}

pub(super) fn span<T>(spanned: &Spanned<T>) -> Span {
    let range = spanned.span();
    Span::new(range.start, range.end)
}
