//! Cells of Markdown tables.

use super::text::one_line;

/// The text as a cell: nothing in it is markup, and it ends neither the cell nor the row.
pub fn cell(text: &str) -> String {
    let mut escaped = String::new();
    for char in one_line(text).chars() {
        if is_markup(char) {
            escaped.push('\\');
        }
        escaped.push(char);
    }
    escaped
}

/// The cells of a row of a table, as they were before [`cell`]; nothing when the line is no row.
pub fn row(line: &str) -> Option<Vec<String>> {
    let inner = line.trim().strip_prefix('|')?;
    let mut cells = Vec::new();
    let mut open = String::new();
    let mut chars = inner.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => match chars.next() {
                Some(next) if next.is_ascii_punctuation() => open.push(next),
                Some(next) => open.extend([char, next]),
                None => open.push(char),
            },
            '|' => cells.push(std::mem::take(&mut open).trim().to_owned()),
            _ => open.push(char),
        }
    }
    // What stands behind the last sign is no cell, or the row was cut off.
    open.trim().is_empty().then_some(cells)
}

fn is_markup(char: char) -> bool {
    matches!(
        char,
        '\\' | '|' | '`' | '*' | '_' | '<' | '>' | '[' | ']' | '#' | '~' | '&' | '!' | '$' | '{' | '}' | '@'
    )
}

#[cfg(test)]
mod tests {
    use super::{cell, row};

    #[test]
    fn a_cell_is_read_back_as_itself() {
        for said in
            ["", "a|b", "\\", "\\|", "`x`", "<script>", "[a](b)", "*.example.com", "a\\", "{{x}}", "日本"]
        {
            let line = format!("| {} | {} |", cell(said), cell("end"));
            assert_eq!(row(&line).unwrap(), [said, "end"], "{line}");
        }
        assert_eq!(cell("a\n| b"), "a \\| b");
        assert_eq!(row("| a | b"), None);
        assert_eq!(row("a | b |"), None);
    }
}
