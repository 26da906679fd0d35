//! Blocks whose address lies behind their mask: systems clear those bits, so the block is wider than its address looks.

use crate::diag::{Code, Finding};
use crate::packet::{Prefix, PrefixError};
use crate::policy::Statement;
use std::collections::BTreeSet;

/// A finding for each such block of each statement. What a reader has said already is not said again.
pub(super) fn findings(statements: &[Statement<'_>], said: &[Finding]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for statement in statements {
        let text = statement.place.source.slice(statement.place.span);
        let blocks = text.split(|char: char| !char.is_ascii_hexdigit() && !matches!(char, '.' | ':' | '/'));
        let mut seen = BTreeSet::new();
        for block in blocks.filter(|block| block.contains('/') && seen.insert(*block)) {
            let Err(PrefixError::HostBits { network, .. }) = block.parse::<Prefix>() else { continue };
            if said.iter().any(|finding| finding.message.contains(&format!("`{network}`"))) {
                continue;
            }
            let message =
                format!("`{block}` has host bits set, which are cleared: it stands for `{network}`");
            let help = format!("write `{network}`, or the one address if that is meant");
            let place = statement.place;
            findings.push(Finding::new(Code::LintHostBits, message).help(help).at(&place.source, place.span));
        }
    }
    findings
}
