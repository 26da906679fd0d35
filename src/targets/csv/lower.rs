//! From a policy to the rows of the file.

use super::{BETWEEN, CELL, TITLES, TO};
use crate::diag::{Code, Finding};
use crate::packet::{PacketSet, Set};
use crate::policy::RuleSet;
use crate::syntax::text::one_line;
use crate::targets::plain::{self, PlainRow};
use crate::targets::{Artifact, Loss, Lowered, Wanted};
use serde_json::json;
use std::collections::BTreeSet;

/// The policy as one file.
pub(super) fn lower(wanted: &Wanted<'_>) -> Lowered {
    let mut lowered = Lowered::default();
    let mut lines: BTreeSet<Vec<String>> = BTreeSet::new();
    for set in &wanted.policy.sets {
        let rows = plain::rows(set);
        let (said, unsaid): (BTreeSet<PlainRow>, BTreeSet<PlainRow>) =
            rows.into_iter().partition(|row| row.except_names.is_empty() && row.except_groups.is_empty());
        lose(set, &said, &unsaid, &mut lowered);
        lines.extend(said.iter().flat_map(|row| cells(set, row)));
    }
    for cell in lines.iter().flatten().filter(|cell| cell.chars().count() > CELL) {
        let message =
            format!("a cell would have {} characters, and spreadsheets keep {CELL}", cell.chars().count());
        lowered.findings.push(Finding::new(Code::TargetLimit, message));
    }
    if !lines.is_empty() {
        let model = json!({ "titles": TITLES, "rows": lines });
        lowered.artifacts.push(Artifact {
            path: "egressor.csv".to_owned(),
            template: "csv.csv.tera",
            model: model.into(),
        });
    }
    lowered
}

/// Declares what has no row: names or groups of which some are taken out.
fn lose(set: &RuleSet, said: &BTreeSet<PlainRow>, unsaid: &BTreeSet<PlainRow>, lowered: &mut Lowered) {
    let all = |rows: &BTreeSet<PlainRow>| {
        PacketSet::union_all(&rows.iter().map(plain::packets).collect::<Vec<_>>())
    };
    let missing = all(unsaid).subtract(&all(said));
    if missing.is_empty() {
        return;
    }
    let why = "a row has no column for names and groups that are taken out of others".to_owned();
    lowered.findings.push(Finding::new(Code::TargetCannotSay, why.clone()));
    let excess = PacketSet::default();
    lowered.losses.push(Loss { scope: set.scope.clone(), excess, missing, why });
}

/// The lines of a row: one for each of its peers.
fn cells(set: &RuleSet, row: &PlainRow) -> Vec<Vec<String>> {
    let ranges =
        |items: &[String]| items.iter().map(|item| item.replace('-', TO)).collect::<Vec<_>>().join(BETWEEN);
    let protocol = match row.protocol.split_once('-') {
        // The name of a protocol may have a hyphen, a number has none.
        Some((first, last)) if first.parse::<u8>().is_ok() => format!("{first}{TO}{last}"),
        _ => row.protocol.clone(),
    };
    let peers = [("cidr", &row.cidrs), ("name", &row.names), ("group", &row.groups)];
    let each = peers.into_iter().flat_map(|(kind, items)| items.iter().map(move |item| (kind, item)));
    let line = |(kind, peer): (&str, &String)| {
        vec![
            one_line(&set.scope.name),
            set.scope.direction.as_str().to_owned(),
            "allow".to_owned(),
            row.source.join(BETWEEN),
            kind.to_owned(),
            // The sign of one host would begin a formula.
            peer.strip_prefix('=').unwrap_or(peer).to_owned(),
            protocol.clone(),
            ranges(&row.ports),
            row.icmp.iter().map(|item| item.replace('/', " code ")).collect::<Vec<_>>().join(BETWEEN),
            row.endpoint.clone(),
            row.reason.clone(),
            row.owner.clone(),
            row.ticket.clone(),
            row.expires.clone(),
        ]
    };
    each.map(line).collect()
}
