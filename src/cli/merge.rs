//! `egressor merge`.

use super::Exit;
use super::args::MergeArgs;
use super::output::Output;
use crate::diag::any_error;
use crate::ops::{Merge, merge};
use crate::packet::{Prefix, Set as _};
use serde_json::json;
use std::fmt::Write as _;
use std::net::IpAddr;

pub(super) fn run(args: &MergeArgs, output: Output) -> Exit {
    let how = if args.common {
        Merge::Common
    } else if !args.except.is_empty() {
        Merge::Except(args.except.clone())
    } else if !args.diff.is_empty() {
        Merge::Diff(args.diff.clone())
    } else {
        Merge::All
    };
    let (merged, findings) = merge(&args.files, &how);
    if any_error(&findings) {
        output.findings(&findings);
        return Exit::Failed;
    }
    // Like `diff`, and like `cmp`: lists that differ are told by the exit code too.
    let differs = matches!(how, Merge::Diff(_)) && !merged.is_empty();
    let exit = if differs { Exit::Different } else { Exit::Same };
    let prefixes = merged.prefixes();
    if output.is_json() {
        let list: Vec<String> = prefixes.iter().map(ToString::to_string).collect();
        let document = json!({"schema": "egressor/prefixes/v1", "prefixes": list, "addresses": merged.count().to_string()});
        return output.json(&document, exit);
    }
    let mut text = String::with_capacity(prefixes.len().saturating_mul(19));
    for prefix in &prefixes {
        line(&mut text, *prefix);
    }
    output.finish(&text, exit)
}

/// Adds a prefix and the end of its line. IPv4 is put together here, for the machinery of formats takes as long as all
/// the rest of a merge.
fn line(text: &mut String, prefix: Prefix) {
    let mut number = |value: u8, after: char| {
        let digit = |digit: u8| char::from(b'0' + digit % 10);
        if value >= 100 {
            text.push(digit(value / 100));
        }
        if value >= 10 {
            text.push(digit(value / 10));
        }
        text.push(digit(value));
        text.push(after);
    };
    match prefix.addr() {
        IpAddr::V4(addr) => {
            let [a, b, c, d] = addr.octets();
            number(a, '.');
            number(b, '.');
            number(c, '.');
            number(d, '/');
            number(prefix.len(), '\n');
        }
        IpAddr::V6(_) => {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{prefix}");
        }
    }
}
