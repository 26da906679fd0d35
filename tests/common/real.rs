//! Real tools as judges, where they are installed.

use std::io::Write as _;

/// Says in one line that a judge is missing and how many cases it did not see. With `EGRESSOR_REQUIRE_REAL=1`, as in CI,
/// a missing judge is a failure.
pub(crate) fn skipped(judge: &str, cases: usize, why: &str) {
    let line = format!("skipped: {judge}, {cases} cases: {why}");
    assert!(std::env::var_os("EGRESSOR_REQUIRE_REAL").is_none_or(|value| value != "1"), "{line}");
    // The line must be seen although the test passes, so it goes past the harness.
    let _ = writeln!(std::io::stderr(), "{line}");
}
