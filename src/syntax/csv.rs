//! CSV as RFC 4180 has it, safe to open in a spreadsheet.
//!
//! A spreadsheet takes a cell for a formula that begins with `=`, `+`, `-`, `@` or their full-width forms, whether it is
//! quoted or not. Such a cell is written with a `'` before it, as the spreadsheets themselves mark a text, and read
//! without it (<https://owasp.org/www-community/attacks/CSV_Injection>).

use super::text::one_line;
use crate::diag::Span;

/// A cell and where it stands, quotes included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// What it says.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// Why a text is no CSV.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CsvError {
    /// A quote that is opened and never closed.
    #[error("a quoted cell is not closed")]
    Unclosed(Span),
    /// Something between the quote that closes a cell and the comma.
    #[error("something stands behind the quote that closes a cell")]
    Behind(Span),
    /// A quote inside a cell that is not quoted.
    #[error("a quote stands inside a cell that does not begin with one")]
    Inside(Span),
}

impl CsvError {
    /// Where it is.
    pub fn span(self) -> Span {
        match self {
            Self::Unclosed(span) | Self::Behind(span) | Self::Inside(span) => span,
        }
    }
}

/// The text as a quoted cell, on one line.
pub fn field(text: &str) -> String {
    let line = one_line(text);
    let guard = if begins_a_formula(&line) { "'" } else { "" };
    format!("\"{guard}{}\"", part(&line))
}

/// The text as a part of a quoted cell that begins with something else.
pub fn part(text: &str) -> String {
    one_line(text).replace('"', "\"\"")
}

/// Reports whether a spreadsheet would not show the text as it is. A `'` is taken away by some.
fn begins_a_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '|', '%', '\'', '＝', '＋', '－', '＠'])
}

/// The records of a text. An empty line is none.
pub fn parse(text: &str) -> Result<Vec<Vec<Cell>>, CsvError> {
    let mut records = Vec::new();
    let mut record: Vec<Cell> = Vec::new();
    let mut rest = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    while !rest.is_empty() {
        let start = text.len().saturating_sub(rest.len());
        let (raw, behind) = if let Some(inner) = rest.strip_prefix('"') {
            quoted(inner, start)?
        } else {
            let end = rest.find([',', '\n']).unwrap_or(rest.len());
            let (raw, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
            let raw = raw.strip_suffix('\r').unwrap_or(raw);
            if let Some(at) = raw.find('"') {
                let at = start.saturating_add(at);
                return Err(CsvError::Inside(Span::new(at, at.saturating_add(1))));
            }
            (raw.to_owned(), behind)
        };
        let end = text.len().saturating_sub(behind.len());
        let bare = raw.strip_prefix('\'').filter(|bare| begins_a_formula(bare)).unwrap_or(&raw);
        record.push(Cell { text: bare.to_owned(), span: Span::new(start, end.max(start)) });
        let ended = |record: &mut Vec<Cell>, records: &mut Vec<Vec<Cell>>| {
            let whole = std::mem::take(record);
            let empty = matches!(whole.as_slice(), [only] if only.text.is_empty());
            records.extend(Some(whole).filter(|_| !empty));
        };
        rest = if let Some(behind) = behind.strip_prefix(',') {
            if behind.is_empty() {
                record.push(Cell { text: String::new(), span: Span::new(text.len(), text.len()) });
            }
            behind
        } else if let Some(behind) = behind.strip_prefix("\r\n").or_else(|| behind.strip_prefix('\n')) {
            ended(&mut record, &mut records);
            behind
        } else if behind.is_empty() {
            behind
        } else {
            return Err(CsvError::Behind(Span::new(end, end.saturating_add(1))));
        };
    }
    if !record.is_empty() {
        records.push(record);
    }
    Ok(records)
}

/// What a quoted cell says, from behind its first quote, and what follows the last.
fn quoted(inner: &str, start: usize) -> Result<(String, &str), CsvError> {
    let (mut said, mut rest) = (String::new(), inner);
    loop {
        let Some((before, behind)) = rest.split_once('"') else {
            let end = start.saturating_add(inner.len()).saturating_add(1);
            return Err(CsvError::Unclosed(Span::new(start, end)));
        };
        said.push_str(before);
        match behind.strip_prefix('"') {
            Some(more) => {
                said.push('"');
                rest = more;
            }
            None => return Ok((said, behind)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CsvError, field, parse};

    fn texts(text: &str) -> Vec<Vec<String>> {
        let records = parse(text).unwrap();
        records.into_iter().map(|record| record.into_iter().map(|cell| cell.text).collect()).collect()
    }

    #[test]
    fn a_field_is_read_back_as_itself_and_is_never_a_formula() {
        for said in
            ["", "a", "a,b", "\"", "a\"\"b", "=1+1", "@x", "-1", "'=1", "''", "+x", "＝1", "|x", "日本"]
        {
            let line = format!("{},{}\r\n", field(said), field("end"));
            assert_eq!(texts(&line), [[said, "end"]], "{line}");
            assert!(!line.starts_with(['=', '+', '-', '@']));
            assert!(
                !line.get(1..).is_some_and(|inner| inner.starts_with(['=', '+', '-', '@', '＝'])),
                "{line}"
            );
        }
        assert_eq!(field("a\r\n=b\tc"), "\"a =b c\"");
    }

    #[test]
    fn records_are_read_as_the_rfc_has_them() {
        assert_eq!(texts("a,b\nc,\n"), [["a", "b"], ["c", ""]]);
        assert_eq!(texts("\u{FEFF}\"a\r\nb\",c"), [["a\r\nb", "c"]]);
        assert_eq!(texts("\n\na\n"), [["a"]]);
        assert_eq!(texts("a,"), [["a", ""]]);
        assert!(matches!(parse("\"a"), Err(CsvError::Unclosed(_))));
        assert!(matches!(parse("\"a\"b"), Err(CsvError::Behind(_))));
        assert!(matches!(parse("a\"b"), Err(CsvError::Inside(_))));
    }
}
