//! `egressor merge`.

use super::Exit;
use super::args::MergeArgs;
use super::output::Output;
use super::progress::reading;
use crate::diag::any_error;
use crate::ops::{Merge, merge};
use crate::packet::AddrSet;
use crate::syntax::prefix_list::Writer;
use serde_json::json;

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
    let (merged, findings) = output.during(&reading(&args.files), || merge(&args.files, &how));
    if any_error(&findings) {
        output.findings(&findings);
        return Exit::Failed;
    }
    // Like `diff`, and like `cmp`: lists that differ are told by the exit code too.
    let differs = matches!(how, Merge::Diff(_)) && !merged.is_empty();
    let exit = if differs { Exit::Different } else { Exit::Same };
    if output.is_json() {
        let merged = AddrSet::from(merged);
        let list: Vec<String> = merged.prefixes().iter().map(ToString::to_string).collect();
        let document = json!({"schema": "egressor/prefixes/v1", "prefixes": list, "addresses": merged.count().to_string()});
        return output.json(&document, exit);
    }
    output.stream(exit, |out| {
        let mut writer = Writer::new(out);
        merged.blocks_v4(|addr, len| writer.v4(addr, len));
        merged.blocks_v6(|addr, len| writer.v6(addr, len));
        writer.finish()
    })
}
