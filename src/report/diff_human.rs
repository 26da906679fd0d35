//! What differs, for people at a terminal.

use super::Page;
use super::change::{Comparison, Group, cut, groups, heading, sign, witness};
use super::words::{addresses, count, peers};
use crate::drift::{Effect, ScopeDrift, Verdict};
use crate::syntax::text::one_line;
use anstyle::{AnsiColor, Style};
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr as _;

/// The most items of a list that a row names.
const MOST_ITEMS: usize = 8;
/// The most rules that a row names.
const MOST_CAUSES: usize = 4;
/// The most characters of a rule that are shown.
const MOST_OF_A_RULE: usize = 100;
/// The most rows of one effect in a scope.
const MOST_ROWS: usize = 40;
/// The most things left aside that the head names.
const MOST_ASIDE: usize = 5;
/// The widest column of services; what is wider takes a line of its own.
const WIDEST_SERVICE: usize = 18;

/// The report: the verdict, then each scope that differs.
pub fn diff_human(comparison: &Comparison<'_>, page: impl Into<Page>) -> String {
    let page = page.into();
    let verdict = comparison.verdict();
    // Writing to a string cannot fail.
    let mut text = String::new();
    let word =
        page.paint(Style::new().bold().fg_color(Some(colour(verdict))), &verdict.as_str().to_uppercase());
    let balance =
        if verdict == Verdict::Equal { String::new() } else { format!("  {}", comparison.balance()) };
    let _ = writeln!(text, "{word}{balance}");
    for (which, source) in ["old", "new"].into_iter().zip(comparison.sources) {
        text.push_str(&page.wrapped(&format!("{which}: {}", one_line(source)), 0, 5));
    }
    let aside = comparison.not_compared();
    for line in aside.iter().take(MOST_ASIDE) {
        text.push_str(&page.wrapped(&format!("not compared: {line}"), 0, 4));
    }
    if let Some(more) = aside.len().checked_sub(MOST_ASIDE).filter(|more| *more > 0) {
        let _ = writeln!(text, "not compared: and {more} more; `-v` names all of them");
    }
    let differs = |scope: &&ScopeDrift| scope.verdict() != Verdict::Equal;
    for scope in comparison.drift.scopes.iter().filter(differs) {
        text.push('\n');
        Drawing { page }.scope(&mut text, scope, comparison);
    }
    text.push('\n');
    let equal = comparison.drift.scopes.iter().filter(|scope| !differs(scope)).count();
    for (amount, what) in [
        (equal, "scopes without a difference"),
        (comparison.drift.ignored.len(), "scopes left out on request"),
        (comparison.drift.rewritten, "rules rewritten, no traffic change"),
    ] {
        if amount > 0 {
            let what = if amount == 1 {
                what.replacen("scopes", "scope", 1).replacen("rules", "rule", 1)
            } else {
                what.to_owned()
            };
            let _ = writeln!(text, "{amount} {what}");
        }
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

struct Drawing {
    page: Page,
}

impl Drawing {
    fn scope(&self, text: &mut String, scope: &ScopeDrift, comparison: &Comparison<'_>) {
        let page = self.page;
        let name = page.paint(Style::new().bold(), &one_line(&scope.name));
        let other = match (&scope.old, &scope.new) {
            (Some(old), Some(new)) if old != new => format!(" -> {}", one_line(new)),
            (Some(_), Some(_)) => String::new(),
            (Some(_), None) => " (only in old)".to_owned(),
            (None, _) => " (only in new)".to_owned(),
        };
        let _ = writeln!(text, "{name}{other} ({}): {}", scope.direction, scope.verdict());
        let groups = groups(&scope.changes);
        let widest = groups.iter().map(|group| group.services().width());
        let width = widest.filter(|width| *width <= page.column(WIDEST_SERVICE)).max().unwrap_or(0);
        let mut effect: Option<Effect> = None;
        let mut shown = 0_usize;
        for group in &groups {
            if effect != Some(group.effect) {
                self.more(text, shown);
                effect = Some(group.effect);
                shown = 0;
                let _ = writeln!(text, "  {}", heading(group.effect, comparison.wanted_is_new));
            }
            shown += 1;
            if shown <= MOST_ROWS {
                self.group(text, group, width, comparison.witness);
            }
        }
        self.more(text, shown);
        let undecided = scope.changes.iter().any(|it| !matches!(it.effect, Effect::Added | Effect::Removed));
        for (part, place) in scope.unmodelled.iter().filter(|_| undecided) {
            let at = place.as_ref().map(|place| {
                format!("{}:{} ", one_line(place.source.name()), place.source.line_column(place.span.start).0)
            });
            let line =
                format!("not modelled: {}{}: {}", at.unwrap_or_default(), one_line(&part.text), part.why);
            text.push_str(&self.page.wrapped(&line, 2, 4));
        }
    }

    /// How many rows were not shown.
    fn more(&self, text: &mut String, rows: usize) {
        if let Some(more) = rows.checked_sub(MOST_ROWS).filter(|more| *more > 0) {
            let line = format!("    and {more} more; `--format json` has all of them\n");
            text.push_str(&self.page.paint(Style::new().dimmed(), &line));
        }
    }

    fn group(&self, text: &mut String, group: &Group<'_>, width: usize, with_witness: bool) {
        let row = &group.first.row;
        let what = group.services();
        let indent = 4 + 2 + width + 2;
        let colour = match group.effect {
            Effect::Added => AnsiColor::Green,
            Effect::Removed => AnsiColor::Red,
            Effect::MayOpen | Effect::MayClose | Effect::MayEither => AnsiColor::Yellow,
        };
        let sign = self.page.paint(Style::new().fg_color(Some(colour.into())), sign(group.effect));
        let amount = match count(row).as_deref() {
            Some("1") | None => String::new(),
            Some(count) => format!(" ({count} addresses)"),
        };
        let body = self.page.wrapped(&format!("{}{amount}", peers(row, MOST_ITEMS)), indent, indent);
        if what.width() > width {
            let _ = write!(text, "    {sign} {what}\n{body}");
        } else {
            let _ = write!(text, "    {sign} {what:width$}  {}", body.trim_start());
        }
        let mut lines = Vec::new();
        if let Some(source) = &row.source {
            lines.push(format!("from {}", addresses(source, MOST_ITEMS)));
        }
        lines.extend(group.wide().map(str::to_owned));
        let causes = group.causes();
        let more = causes.len().saturating_sub(MOST_CAUSES);
        lines.extend(causes.iter().take(MOST_CAUSES).map(|cause| cut(cause, MOST_OF_A_RULE)));
        if more > 0 {
            lines.push(format!("and {more} more rules"));
        }
        if with_witness {
            lines.push(format!("such as {}", witness(row)));
        }
        for line in lines {
            let line = self.page.wrapped(&line, indent, indent + 2);
            text.push_str(&self.page.paint(Style::new().dimmed(), line.trim_end_matches('\n')));
            text.push('\n');
        }
    }
}

fn colour(verdict: Verdict) -> anstyle::Color {
    match verdict {
        Verdict::Equal => AnsiColor::Green,
        Verdict::Broadened | Verdict::Changed => AnsiColor::Red,
        Verdict::Narrowed | Verdict::Unknown => AnsiColor::Yellow,
    }
    .into()
}
