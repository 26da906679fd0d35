//! What differs, as a page.

use super::{code, counted, flow, items, map, page};
use crate::diag::{Code, Severity};
use crate::drift::{Effect, ScopeDrift, Verdict};
use crate::report::change::{Comparison, Group, cut, groups, heading, witness};
use crate::report::words::{addresses, count, peers};
use crate::syntax::html::escaped;
use std::fmt::Write as _;

/// The most items of a list in a cell.
const MOST_ITEMS: usize = 4;
/// The most items of a list behind a fold.
const MOST_FOLDED: usize = 200;
/// The most rules of a cell.
const MOST_CAUSES: usize = 2;
/// The rows of a table: a browser lays out a table whole, and of several only those that are in sight.
const ROWS_OF_A_TABLE: usize = 200;
/// The most characters of a rule in a cell.
const MOST_OF_A_RULE: usize = 160;

/// The report: the verdict, pictures where they help, and every row with its rules.
pub fn diff_html(comparison: &Comparison<'_>) -> String {
    let title = format!("Firewall rules: {}", comparison.verdict());
    page(&title, &body(comparison, "Firewall rules"))
}

/// The same as part of a page, below a heading with this name.
pub(super) fn body(comparison: &Comparison<'_>, name: &str) -> String {
    let scopes: Vec<(&ScopeDrift, Vec<Group<'_>>)> = comparison
        .drift
        .scopes
        .iter()
        .filter(|scope| scope.verdict() != Verdict::Equal)
        .map(|scope| (scope, groups(&scope.changes)))
        .collect();
    let all: Vec<(&ScopeDrift, &Group<'_>)> =
        scopes.iter().flat_map(|(scope, groups)| groups.iter().map(move |group| (*scope, group))).collect();
    let mut text = String::new();
    head(&mut text, comparison, name);
    tiles(&mut text, &all);
    text.push_str(&flow::picture(&all));
    text.push_str(&map::picture(comparison.drift));
    text.push_str("<main id=\"rows\">\n");
    if !all.is_empty() {
        filter(&mut text, &all);
    }
    for (scope, groups) in &scopes {
        section(&mut text, scope, groups, comparison);
    }
    text.push_str("</main>\n");
    rest(&mut text, comparison);
    let _ = writeln!(text, "<footer>Written by egressor {}.</footer>", env!("CARGO_PKG_VERSION"));
    text
}

/// What happens to the packets of an effect: the class of its rows, and the word for people.
pub(super) fn kind(effect: Effect) -> (&'static str, &'static str) {
    match effect {
        Effect::Added => ("opens", "+ opens"),
        Effect::Removed => ("closes", "− closes"),
        Effect::MayOpen => ("unknown", "? may open"),
        Effect::MayClose => ("unknown", "? may close"),
        Effect::MayEither => ("unknown", "? may open or close"),
    }
}

fn head(text: &mut String, comparison: &Comparison<'_>, name: &str) {
    let verdict = comparison.verdict();
    let balance = if verdict == Verdict::Equal {
        String::new()
    } else {
        format!(" <small>{}</small>", comparison.balance())
    };
    let [old, new] = comparison.sources;
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "<a class=\"skip\" href=\"#rows\">Skip to the rows</a>\n<header>\n\
         <h1>{name}: <span class=\"verdict {verdict}\">{verdict}</span>{balance}</h1>\n\
         <dl><dt>old</dt><dd>{}</dd><dt>new</dt><dd>{}</dd></dl>\n</header>\n",
        code(old),
        code(new),
    );
}

fn is_unmanaged(group: &Group<'_>) -> bool {
    let unmanaged = |it: &crate::drift::Explained| it.is_unmanaged();
    group.changes.iter().any(|change| change.explained.as_ref().is_some_and(unmanaged))
}

/// How many rows there are of each kind.
fn tiles(text: &mut String, rows: &[(&ScopeDrift, &Group<'_>)]) {
    let of = |class: &str| rows.iter().filter(|(_, group)| kind(group.effect).0 == class).count();
    let unmanaged = rows.iter().filter(|(_, group)| is_unmanaged(group)).count();
    text.push_str("<ul class=\"tiles\">\n");
    for (number, class, word) in [
        (of("opens"), "opens", "opens"),
        (of("closes"), "closes", "closes"),
        (of("unknown"), "unknown", "not known"),
        (unmanaged, "closes", "unmanaged: no catalog entry explains it"),
    ] {
        if number > 0 {
            let rows = if number == 1 { "row" } else { "rows" };
            let _ = writeln!(text, "<li><strong class=\"{class}\">{number}</strong> {rows} {word}</li>");
        }
    }
    text.push_str("</ul>\n");
}

/// The form that filters rows. It is shown by the script, without which it could do nothing.
fn filter(text: &mut String, rows: &[(&ScopeDrift, &Group<'_>)]) {
    text.push_str(
        "<form id=\"filter\" hidden role=\"search\" aria-label=\"Filter rows\">\n\
         <input type=\"search\" name=\"search\" aria-label=\"Search rows\" \
         placeholder=\"Search scopes, services, addresses, names, rules\">\n",
    );
    for (class, word) in [("opens", "opens"), ("closes", "closes"), ("unknown", "not known")] {
        if rows.iter().any(|(_, group)| kind(group.effect).0 == class) {
            let _ = writeln!(
                text,
                "<label><input type=\"checkbox\" name=\"kind\" value=\"{class}\" checked> {word}</label>"
            );
        }
    }
    if rows.iter().any(|(_, group)| is_unmanaged(group)) {
        text.push_str("<label><input type=\"checkbox\" name=\"unmanaged\"> only unmanaged</label>\n");
    }
    text.push_str("<output id=\"told\" aria-live=\"polite\"></output>\n<button type=\"reset\">Show all</button>\n</form>\n");
}

fn section(text: &mut String, scope: &ScopeDrift, groups: &[Group<'_>], comparison: &Comparison<'_>) {
    let other = match (&scope.old, &scope.new) {
        (Some(old), Some(new)) if old != new => format!(" → {}", code(new)),
        (Some(_), Some(_)) => String::new(),
        (Some(_), None) => " (only in old)".to_owned(),
        (None, _) => " (only in new)".to_owned(),
    };
    let _ = writeln!(
        text,
        "<section class=\"scope\">\n<h2>{}{other} <small>{}, {}</small></h2>",
        code(&scope.name),
        scope.direction,
        scope.verdict(),
    );
    let class = if groups.len() > ROWS_OF_A_TABLE { "wide part" } else { "wide" };
    for part in groups.chunks(ROWS_OF_A_TABLE) {
        let _ = write!(
            text,
            "<div class=\"{class}\"><table class=\"rows\">\n<thead><tr><th scope=\"col\">change</th>\
             <th scope=\"col\">service</th><th scope=\"col\">peers</th><th scope=\"col\">addresses</th>\
             <th scope=\"col\">why</th></tr></thead>\n<tbody>\n",
        );
        for group in part {
            row(text, group, comparison);
        }
        text.push_str("</tbody>\n</table></div>\n");
    }
    let undecided = scope.changes.iter().any(|it| !matches!(it.effect, Effect::Added | Effect::Removed));
    if undecided && !scope.unmodelled.is_empty() {
        let matches = counted(scope.unmodelled.len(), "match is", "matches are");
        let _ = writeln!(text, "<details><summary>{matches} not modelled</summary><ul>");
        for (part, place) in &scope.unmodelled {
            let at = place.as_ref().map(|place| {
                code(&format!("{}:{}", place.source.name(), place.source.line_column(place.span.start).0))
            });
            let _ = writeln!(
                text,
                "<li>{} {}: {}</li>",
                at.unwrap_or_default(),
                code(&part.text),
                escaped(&part.why)
            );
        }
        text.push_str("</ul></details>\n");
    }
    text.push_str("</section>\n");
}

fn row(text: &mut String, group: &Group<'_>, comparison: &Comparison<'_>) {
    let row = &group.first.row;
    let (class, word) = kind(group.effect);
    let unmanaged = if is_unmanaged(group) { " data-unmanaged" } else { "" };
    let (few, all) = (peers(row, MOST_ITEMS), peers(row, MOST_FOLDED));
    let from = row.source.as_ref().map(|source| format!("<br>from {}", code(&addresses(source, MOST_ITEMS))));
    let folded = if few == all { String::new() } else { fold("all peers", &[all]) };
    let _ = write!(
        text,
        "<tr class=\"{class}\" data-kind=\"{class}\"{unmanaged}><th scope=\"row\">{word}</th><td>{}</td><td>{}{}{folded}</td>\
         <td class=\"number\">{}</td><td><ul>",
        code(&group.services()),
        code(&few),
        from.unwrap_or_default(),
        count(row).unwrap_or_default(),
    );
    if let Some(words) = group.wide() {
        let _ = write!(text, "<li><span class=\"badge\">{words}</span></li>");
    }
    if comparison.wanted_is_new.is_some() {
        let _ = write!(text, "<li>{}</li>", heading(group.effect, comparison.wanted_is_new));
    }
    let causes = group.causes();
    for cause in causes.iter().take(MOST_CAUSES) {
        let _ = write!(text, "<li>{}</li>", code(&cut(cause, MOST_OF_A_RULE)));
    }
    if comparison.witness {
        let _ = write!(text, "<li>such as {}</li>", code(&witness(row)));
    }
    text.push_str("</ul>");
    let is_cut = causes.iter().any(|cause| cause.chars().count() > MOST_OF_A_RULE);
    if causes.len() > MOST_CAUSES || is_cut {
        text.push_str(&fold(&counted(causes.len(), "rule", "rules"), &causes));
    }
    text.push_str("</td></tr>\n");
}

/// A list behind a fold.
fn fold(summary: &str, all: &[String]) -> String {
    let shown = items(all.iter().take(MOST_FOLDED).map(|item| code(item)));
    let mut text = format!("<details><summary>{summary}</summary><ul>{shown}");
    if let Some(more) = all.len().checked_sub(MOST_FOLDED).filter(|more| *more > 0) {
        let _ = write!(text, "<li>and {more} more; <code>--format json</code> has all of them</li>");
    }
    text.push_str("</ul></details>");
    text
}

/// What is equal, what was left out, and what to know about the comparison.
fn rest(text: &mut String, comparison: &Comparison<'_>) {
    let drift = comparison.drift;
    let equal: Vec<&ScopeDrift> =
        drift.scopes.iter().filter(|scope| scope.verdict() == Verdict::Equal).collect();
    let list = |text: &mut String, title: String, told: Vec<String>| {
        if !told.is_empty() {
            let items = items(told);
            let _ = writeln!(text, "<details><summary>{title}</summary><ul>{items}</ul></details>");
        }
    };
    text.push_str("<aside>\n<h2>The rest</h2>\n");
    if drift.rewritten > 0 {
        let rules = counted(drift.rewritten, "rule", "rules");
        let _ = writeln!(text, "<p>{rules} rewritten, no traffic change.</p>");
    }
    let title = format!("{} without a difference", counted(equal.len(), "scope", "scopes"));
    list(text, title, equal.iter().map(|it| format!("{} ({})", code(&it.name), it.direction)).collect());
    let title = format!("{} left out on request", counted(drift.ignored.len(), "scope", "scopes"));
    list(
        text,
        title,
        drift.ignored.iter().map(|it| format!("{} ({})", code(&it.name), it.direction)).collect(),
    );
    let aside = comparison.not_compared();
    let title =
        format!("{} not compared", counted(aside.len(), "part of the files was", "parts of the files were"));
    list(text, title, aside.iter().map(|line| escaped(line)).collect());
    let told = comparison.findings.iter().filter(|finding| {
        finding.severity > Severity::Note
            && finding.code != Code::ReadNotCompared
            && !finding.code.as_str().starts_with("drift/")
    });
    let told: Vec<String> = told
        .map(|finding| {
            let help = finding.help.as_ref().map(|help| format!("; {}", escaped(help)));
            format!(
                "{} {}{}",
                code(finding.code.as_str()),
                escaped(&finding.message),
                help.unwrap_or_default()
            )
        })
        .collect();
    list(text, format!("{} about this comparison", counted(told.len(), "finding", "findings")), told);
    text.push_str("</aside>\n");
}
