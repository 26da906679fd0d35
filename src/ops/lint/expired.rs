//! Rules whose comment names a day that has passed.

use crate::catalog::Date;
use crate::diag::{Code, Finding, Source, Span};
use crate::policy::Statement;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What stands before the last day on which a rule is wanted, in every comment and description that is generated.
const SIGN: &str = "expires ";
/// The characters of a day: `2026-11-22`.
const DAY: usize = 10;

/// A finding for each day in the texts of the statements that is over.
pub(super) fn findings(statements: &[Statement<'_>], today: Date, until: Option<Date>) -> Vec<Finding> {
    let mut sources: BTreeMap<&str, &Arc<Source>> = BTreeMap::new();
    for statement in statements {
        sources.entry(statement.place.source.name()).or_insert(&statement.place.source);
    }
    sources.into_values().flat_map(|source| of_text(source, today, until)).collect()
}

fn of_text(source: &Arc<Source>, today: Date, until: Option<Date>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (start, sign) in source.text().match_indices(SIGN) {
        let before = source.text().get(..start).and_then(|text| text.chars().next_back());
        let from = start.saturating_add(sign.len());
        let span = Span::new(start, from.saturating_add(DAY));
        let Some(day) = source.text().get(from..span.end).filter(|day| is_shaped(day)) else { continue };
        if before.is_some_and(char::is_alphanumeric) {
            continue;
        }
        let (code, message) = match day.parse::<Date>() {
            Ok(date) if date >= today && until.is_some_and(|until| until >= date) => {
                (Code::LintExpires, format!("the rule is wanted until `{date}`"))
            }
            Ok(date) if date >= today => continue,
            Ok(date) => (Code::LintExpired, format!("the rule was wanted until `{date}`")),
            Err(_) => (
                Code::LintExpired,
                format!("`{day}` is no day, so nobody knows until when the rule is wanted"),
            ),
        };
        let help = "generate the rules again, or ask the owner for another day";
        findings.push(Finding::new(code, message).at(source, span).help(help));
    }
    findings
}

/// Reports whether a text looks like a day, `0000-00-00`.
fn is_shaped(day: &str) -> bool {
    day.len() == DAY
        && day
            .bytes()
            .enumerate()
            .all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(text: &str, today: &str) -> Vec<String> {
        let source = Arc::new(Source::new("f", text));
        of_text(&source, today.parse().unwrap(), None).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn a_rule_is_wanted_on_its_last_day_and_not_on_the_next() {
        let text = "# c/a: x (owner o, expires 2026-01-31, source s)";
        assert_eq!(messages(text, "2026-01-31"), Vec::<String>::new());
        assert_eq!(messages(text, "2026-02-01"), ["the rule was wanted until `2026-01-31`"]);
    }

    #[test]
    fn a_day_that_is_none_is_told_and_other_words_are_not_days() {
        assert_eq!(messages("(expires 2026-02-30)", "2020-01-01").len(), 1);
        let others = "expires soon\nexpires 31/12/2020\nunexpires 2000-01-01\nexpires 2000-1-1\nexpires ";
        assert_eq!(messages(others, "2026-01-01"), Vec::<String>::new());
    }
}
