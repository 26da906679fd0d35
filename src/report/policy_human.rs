//! What rules mean, for people at a terminal.

use super::Page;
use super::words::{addresses, count, peers, services};
use crate::packet::{PacketSet, Row, TransportRow};
use crate::policy::{Bounds, RuleSet, Traffic};
use crate::syntax::text::one_line;
use anstyle::Style;
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr as _;

/// The most items of a list that a row names.
const MOST_ITEMS: usize = 8;
/// The widest column of services; what is wider takes a line of its own.
const WIDEST_SERVICE: usize = 18;

/// The packets that a rule set allows.
pub fn policy_human(set: &RuleSet, allows: &Bounds, page: impl Into<Page>) -> String {
    let page = page.into();
    let bold = |text: &str| page.paint(Style::new().bold(), text);
    let exactly = if allows.is_exact() { "exactly" } else { "at least" };
    let name = bold(&one_line(&set.scope.name));
    let mut text = format!("{name} ({}) allows {exactly}:\n", set.scope.direction);
    rows(&mut text, &allows.at_least, page);
    if !allows.is_exact() {
        text.push_str("and at most:\n");
        rows(&mut text, &allows.at_most, page);
    }
    for (traffic, what) in [(Traffic::Return, "return traffic"), (Traffic::Loopback, "loopback")] {
        if set.rules.iter().any(|rule| rule.traffic == traffic) {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "beside them {what} is ruled apart");
        }
    }
    text.push('\n');
    text
}

/// Rows that share their peers and the near end, as one.
struct Line<'a> {
    first: &'a Row,
    carried: Vec<&'a TransportRow>,
}

fn rows(text: &mut String, packets: &PacketSet, page: Page) {
    let rows = packets.rows();
    let mut lines: Vec<Line<'_>> = Vec::new();
    for row in &rows {
        match lines.last_mut().filter(|line| line.first.peer == row.peer && line.first.source == row.source) {
            Some(line) => line.carried.push(&row.transport),
            None => lines.push(Line { first: row, carried: vec![&row.transport] }),
        }
    }
    if lines.is_empty() {
        text.push_str("  nothing\n");
    }
    let lines: Vec<(String, &Row)> = lines.iter().map(|line| (services(&line.carried), line.first)).collect();
    let widths = lines.iter().map(|(what, _)| what.width());
    let width = widths.filter(|width| *width <= page.column(WIDEST_SERVICE)).max().unwrap_or(0);
    let indent = 2 + width + 2;
    for (what, row) in lines {
        let amount = match count(row).as_deref() {
            Some("1") | None => String::new(),
            Some(count) => format!(" ({count} addresses)"),
        };
        let body = page.wrapped(&format!("{}{amount}", peers(row, MOST_ITEMS)), indent, indent);
        // Writing to a string cannot fail.
        let _ = if what.width() > width {
            write!(text, "  {what}\n{body}")
        } else {
            write!(text, "  {what:width$}  {}", body.trim_start())
        };
        if let Some(source) = &row.source {
            text.push_str(&page.wrapped(
                &format!("from {}", addresses(source, MOST_ITEMS)),
                indent,
                indent + 2,
            ));
        }
    }
}
