//! What differs, as a comment on a pull request.

use super::change::{Comparison, Group, cut, groups, heading, sign, witness};
use super::words::{addresses, count, peers};
use crate::diag::{Code, Severity};
use crate::drift::{Effect, ScopeDrift, Verdict};
use crate::syntax::text::one_line;
use std::fmt::Write as _;

/// The most characters of a comment on GitHub; a longer one is refused whole.
pub const MARKDOWN_LIMIT: usize = 65_536;
/// The most items of a list in a cell of the table.
const MOST_ITEMS: usize = 4;
/// The most items of a list behind the fold.
const MOST_FOLDED: usize = 200;
/// The most rules of a cell.
const MOST_CAUSES: usize = 2;
/// The most characters of a note.
const MOST_OF_A_NOTE: usize = 500;
/// What is kept free for the lines that say what was cut.
const RESERVE: usize = 600;

/// The report: the verdict, a table of rows, and all that is behind them, folded. Rows are left out from the end when
/// it grows too long, and it says how many.
pub fn diff_markdown(comparison: &Comparison<'_>) -> String {
    let verdict = comparison.verdict();
    let mut page = Page { text: String::new(), used: 0 };
    let balance =
        if verdict == Verdict::Equal { String::new() } else { format!(" {}", comparison.balance()) };
    page.must(&format!("### Firewall rules: **{}**{balance}\n\n", verdict.as_str().to_uppercase()));
    let [old, new] = comparison.sources;
    page.must(&format!("From {} to {}.\n", code(&cut(old, 300)), code(&cut(new, 300))));
    let scopes: Vec<&ScopeDrift> =
        comparison.drift.scopes.iter().filter(|scope| scope.verdict() != Verdict::Equal).collect();
    let rows: Vec<(&ScopeDrift, Group<'_>)> = scopes
        .iter()
        .flat_map(|scope| groups(&scope.changes).into_iter().map(move |group| (*scope, group)))
        .collect();
    let shown = table(&mut page, &rows, comparison);
    if shown < rows.len() {
        page.finally(&format!(
            "\n… {} more rows; `egressor diff --format json` has all of them.\n",
            rows.len() - shown
        ));
    }
    let equal = comparison.drift.scopes.len() - scopes.len();
    let mut rest = Vec::new();
    if equal > 0 {
        rest.push(format!("{equal} scopes without a difference"));
    }
    if !comparison.drift.ignored.is_empty() {
        rest.push(format!("{} scopes left out on request", comparison.drift.ignored.len()));
    }
    if comparison.drift.rewritten > 0 {
        rest.push(format!("{} rules rewritten, no traffic change", comparison.drift.rewritten));
    }
    let aside = comparison.not_compared().len();
    if aside > 0 {
        let parts = if aside == 1 { "part of the files was" } else { "parts of the files were" };
        rest.push(format!("{aside} {parts} not compared, see below"));
    }
    if !rest.is_empty() {
        page.finally(&format!("\n{}.\n", rest.join("; ")));
    }
    folded(&mut page, &rows);
    notes(&mut page, comparison);
    page.text
}

/// Text that is at most as long as a comment may be.
struct Page {
    text: String,
    used: usize,
}

impl Page {
    /// Adds a piece if it fits and leaves the reserve free.
    fn fits(&mut self, piece: &str) -> bool {
        let length = size(piece);
        let fits = self.used + length + RESERVE <= MARKDOWN_LIMIT;
        if fits {
            self.must(piece);
        }
        fits
    }

    /// Adds a short piece, out of the reserve.
    fn finally(&mut self, piece: &str) {
        if self.used + size(piece) <= MARKDOWN_LIMIT {
            self.must(piece);
        }
    }

    fn must(&mut self, piece: &str) {
        self.text.push_str(piece);
        self.used += size(piece);
    }
}

/// The length as it may be counted: in characters, or in the units of UTF-16.
fn size(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The table; returns how many rows it shows.
fn table(page: &mut Page, rows: &[(&ScopeDrift, Group<'_>)], comparison: &Comparison<'_>) -> usize {
    if rows.is_empty() {
        return 0;
    }
    page.must("\n|  | scope | service | peers | addresses | why |\n|---|---|---|---|---:|---|\n");
    for (at, (scope, group)) in rows.iter().enumerate() {
        let row = &group.first.row;
        let mut why: Vec<String> = group.wide().map(|words| format!("**{words}**")).into_iter().collect();
        if comparison.wanted_is_new.is_some() || !matches!(group.effect, Effect::Added | Effect::Removed) {
            why.push(heading(group.effect, comparison.wanted_is_new).to_owned());
        }
        let causes = group.causes();
        let more = causes.len().saturating_sub(MOST_CAUSES);
        why.extend(causes.iter().take(MOST_CAUSES).map(|cause| code(&cut(cause, 160))));
        if more > 0 {
            why.push(format!("and {more} more"));
        }
        if comparison.witness {
            why.push(format!("such as {}", code(&witness(row))));
        }
        let from =
            row.source.as_ref().map(|source| format!(" from {}", code(&addresses(source, MOST_ITEMS))));
        let line = format!(
            "| {} | {} {} | {} | {}{} | {} | {} |\n",
            sign(group.effect),
            code(&cut(&scope.name, 120)),
            scope.direction,
            code(&group.services()),
            code(&peers(row, MOST_ITEMS)),
            from.unwrap_or_default(),
            count(row).unwrap_or_default(),
            why.join("<br>"),
        );
        if !page.fits(&line) {
            return at;
        }
    }
    rows.len()
}

/// Every row in full, behind a fold.
fn folded(page: &mut Page, rows: &[(&ScopeDrift, Group<'_>)]) {
    const OPEN: &str = "\n<details><summary>All peers and rules</summary>\n\n";
    const CLOSE: &str = "\n</details>\n";
    let lines = |(scope, group): &(&ScopeDrift, Group<'_>)| {
        let row = &group.first.row;
        let mut lines = format!(
            "- {} {} {}: {} {}\n",
            sign(group.effect),
            code(&scope.name),
            scope.direction,
            code(&group.services()),
            code(&peers(row, MOST_FOLDED)),
        );
        let causes = group.causes();
        for cause in causes.iter().take(MOST_FOLDED) {
            let _ = writeln!(lines, "  - {}", code(cause));
        }
        if causes.len() > MOST_FOLDED {
            let _ = writeln!(lines, "  - and {} more", causes.len() - MOST_FOLDED);
        }
        lines
    };
    if rows.is_empty() || !page.fits(OPEN) {
        return;
    }
    let mut shown = 0;
    for row in rows {
        if !page.fits(&lines(row)) {
            break;
        }
        shown += 1;
    }
    if shown < rows.len() {
        page.finally(&format!("- … {} more; `egressor diff --format json` has all\n", rows.len() - shown));
    }
    page.finally(CLOSE);
}

/// What was not modelled or not compared.
fn notes(page: &mut Page, comparison: &Comparison<'_>) {
    let findings = comparison.findings.iter().filter(|finding| {
        finding.severity > Severity::Note
            && finding.code != Code::ReadNotCompared
            && !finding.code.as_str().starts_with("drift/")
    });
    let findings =
        findings.map(|finding| (finding.code.as_str().to_owned(), cut(&finding.message, MOST_OF_A_NOTE)));
    let aside = comparison.not_compared().into_iter();
    let aside = aside.map(|line| ("not compared".to_owned(), cut(&line, MOST_OF_A_NOTE)));
    let lines: Vec<String> =
        aside.chain(findings).map(|(what, says)| format!("- {}: {}\n", code(&what), code(&says))).collect();
    if lines.is_empty() || !page.fits("\n<details><summary>What to know about this comparison</summary>\n\n")
    {
        return;
    }
    let mut shown = 0;
    for line in &lines {
        if !page.fits(line) {
            break;
        }
        shown += 1;
    }
    if shown < lines.len() {
        page.finally(&format!("- … {} more\n", lines.len() - shown));
    }
    page.finally("\n</details>\n");
}

/// Text between backticks, so that nothing in it is read as Markdown, HTML or a mention.
fn code(text: &str) -> String {
    let text = one_line(text).replace('`', "'").replace('|', "\\|");
    let text = text.trim();
    if text.is_empty() { String::new() } else { format!("`{text}`") }
}
