//! Columns of text.

use super::Page;
use super::page::wrapped;
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr;

/// The least room that the last column is given beside the others.
const LEAST: usize = 24;

/// Rows under a header, each column as wide as its widest cell. What is too wide for the page is wrapped in the last
/// column, and where there is no room for that each row is a paragraph. Words stay whole.
pub fn table<const N: usize>(header: [&str; N], rows: &[[String; N]], page: impl Into<Page>) -> String {
    let page = page.into();
    let mut widths = header.map(UnicodeWidthStr::width);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let before: usize = widths.iter().take(N.saturating_sub(1)).map(|width| width + 2).sum();
    let last = widths.last().copied().unwrap_or_default();
    match page.width {
        Some(width) if before + last > width && before + LEAST.min(last) > width => {
            paragraphs(header, rows, width)
        }
        Some(width) if before + last > width => columns(header, rows, widths, Some((before, width))),
        Some(_) | None => columns(header, rows, widths, None),
    }
}

/// One line for each row, or several where the last column is wrapped: it begins and ends so far from the left.
fn columns<const N: usize>(
    header: [&str; N],
    rows: &[[String; N]],
    widths: [usize; N],
    wrap: Option<(usize, usize)>,
) -> String {
    let mut text = String::new();
    let header = header.map(str::to_owned);
    for row in std::iter::once(&header).chain(rows) {
        let mut line = String::new();
        for (at, (cell, width)) in row.iter().zip(widths).enumerate() {
            let Some((before, most)) = wrap.filter(|_| at + 1 == N) else {
                line.push_str(cell);
                line.push_str(&" ".repeat(width.saturating_sub(cell.width()) + 2));
                continue;
            };
            let longest = cell.split(' ').map(UnicodeWidthStr::width).max().unwrap_or_default();
            if before + longest > most {
                // Below the others there is more room.
                line.truncate(line.trim_end().len());
                line.push('\n');
                line.push_str(wrapped(cell, 4, 4, most).trim_end());
            } else {
                line.push_str(wrapped(cell, before, before, most).trim());
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Each row as its first cell, and below it the others that say something, each with the name of its column.
fn paragraphs<const N: usize>(header: [&str; N], rows: &[[String; N]], most: usize) -> String {
    let mut text = String::new();
    for row in rows {
        for (at, (name, cell)) in header.iter().zip(row).enumerate().filter(|(_, (_, cell))| !cell.is_empty())
        {
            if at == 0 {
                // Writing to a string cannot fail.
                let _ = writeln!(text, "{cell}");
            } else {
                text.push_str(&wrapped(&format!("{}: {cell}", name.to_lowercase()), 2, 4, most));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(width: Option<usize>) -> String {
        let rows = [
            ["acme/web-1", "443", "api.acme.io, api.eu.acme.io, grpc.acme.io"],
            ["日本/é", "443,8443", "192.0.2.0/24"],
        ];
        table(
            ["ENDPOINT", "PORTS", "HOSTS"],
            &rows.map(|row| row.map(str::to_owned)),
            Page { width, ..Page::default() },
        )
    }

    #[test]
    fn a_table_is_as_wide_as_the_page_and_not_wider() {
        assert_eq!(
            drawn(None),
            "ENDPOINT    PORTS     HOSTS\n\
             acme/web-1  443       api.acme.io, api.eu.acme.io, grpc.acme.io\n\
             日本/é      443,8443  192.0.2.0/24\n"
        );
        assert_eq!(drawn(Some(200)), drawn(None));
        assert_eq!(
            drawn(Some(50)),
            "ENDPOINT    PORTS     HOSTS\n\
             acme/web-1  443       api.acme.io, api.eu.acme.io,\n                      grpc.acme.io\n\
             日本/é      443,8443  192.0.2.0/24\n"
        );
        assert_eq!(
            drawn(Some(49)),
            "ENDPOINT    PORTS     HOSTS\n\
             acme/web-1  443       api.acme.io,\n                      api.eu.acme.io,\n                      grpc.acme.io\n\
             日本/é      443,8443  192.0.2.0/24\n"
        );
        assert_eq!(
            drawn(Some(40)),
            "acme/web-1\n  ports: 443\n  hosts: api.acme.io, api.eu.acme.io,\n    grpc.acme.io\n\
             日本/é\n  ports: 443,8443\n  hosts: 192.0.2.0/24\n"
        );
    }
}
