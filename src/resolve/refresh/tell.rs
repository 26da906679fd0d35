//! What a refresh has to say.

use crate::diag::{Code, Finding, Severity};
use crate::packet::{Hostname, Prefix};
use crate::resolve::dns::Disagreement;
use crate::resolve::guard::special;
use crate::resolve::lockfile::LockedAddress;
use crate::resolve::outcome::{Family, Outcome};
use crate::resolve::time::Timestamp;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

/// How it went for one family, seen from what was known.
pub(super) enum Change {
    /// There are addresses from this lookup.
    Fresh,
    /// None were known, and it is certain that there are none.
    None,
    /// None were known, and nothing was learnt.
    Unknown,
    /// What was known is kept or gone, and a finding says so.
    Told,
}

pub(super) fn dropped(name: &Hostname, family: Family, outcome: Outcome, count: usize) -> Finding {
    let what = match outcome {
        Outcome::NxDomain => "the name does not exist".to_owned(),
        Outcome::DanglingCname => "it is an alias of a name that does not exist".to_owned(),
        _ => format!("it has no {} records", family.record()),
    };
    let plural = if count == 1 { "address was" } else { "addresses were" };
    Finding::new(
        Code::DnsDropped,
        format!("`{name}`: {what} ({outcome}), so {count} {family} {plural} dropped"),
    )
    .help("check the name against the vendor's page; the rules for it lose these addresses at the next run")
}

pub(super) fn stale(name: &Hostname, family: Family, outcome: Outcome, known: &[LockedAddress]) -> Finding {
    let since = known.iter().map(|address| address.last_seen).max().unwrap_or_default();
    let count = known.len();
    let plural = if count == 1 { "address" } else { "addresses" };
    let message = format!(
        "`{name}`: the {} lookup failed ({outcome}), so {count} {family} {plural} of {since} {} kept",
        family.record(),
        if count == 1 { "is" } else { "are" },
    );
    Finding::new(Code::EvidenceStale, message)
        .help("run `egressor lock` again; ask another server with `--resolver`")
}

pub(super) fn refusal(name: &Hostname, refused: &BTreeSet<IpAddr>) -> Finding {
    let reasons: BTreeSet<String> = refused
        .iter()
        .filter_map(|addr| special(Prefix::host(*addr)))
        .map(|special| special.to_string())
        .collect();
    let addresses: Vec<_> = refused.iter().copied().collect();
    let message = format!(
        "`{name}` answers with {}, which no public name may have ({})",
        quoted(&addresses),
        reasons.into_iter().collect::<Vec<_>>().join(", "),
    );
    Finding::new(Code::DnsRefused, message)
        .help(format!("if the name is meant to be internal, allow it with `--allow-private {name}`"))
}

/// Says that a name could not be resolved at all, or that nothing is known of one family. One family without records is
/// no news.
pub(super) fn failure(name: &Hostname, told: &[(Family, Outcome, &Change)], empty: bool) -> Option<Finding> {
    let words = |wanted: fn(&Change) -> bool| {
        let wanted = told.iter().filter(|(.., change)| wanted(change));
        wanted.map(|(family, outcome, _)| format!("{} {outcome}", family.record())).collect::<Vec<_>>()
    };
    let lacking = words(|change| matches!(change, Change::None | Change::Unknown));
    let unknown = words(|change| matches!(change, Change::Unknown));
    if lacking.len() == told.len() && empty {
        let message =
            format!("`{name}` could not be resolved ({}) and no address is known", lacking.join(", "));
        let help = "check the name; a target that needs addresses has no rule for it";
        return Some(Finding::new(Code::DnsFailure, message).help(help));
    }
    let (message, help) = if lacking.len() == told.len() {
        let message = format!("`{name}` could not be resolved ({})", lacking.join(", "));
        (message, "only the addresses that its vendor publishes are known; check the name")
    } else if unknown.is_empty() {
        return None;
    } else {
        (
            format!("`{name}` could not be resolved in full ({})", unknown.join(", ")),
            "run `egressor lock` again",
        )
    };
    let mut finding = Finding::new(Code::DnsFailure, message).help(help);
    finding.severity = Severity::Warning;
    Some(finding)
}

/// The addresses for a message; of many, the first few and their number.
pub(super) fn quoted(addresses: &[IpAddr]) -> String {
    const SHOWN: usize = 4;
    let mut words: Vec<_> = addresses.iter().take(SHOWN).map(|addr| format!("`{addr}`")).collect();
    if addresses.len() > SHOWN {
        words.push(format!("{} more", addresses.len() - SHOWN));
    }
    words.join(", ")
}

/// Says that lookups have failed for too long to go on with what was known.
pub(super) fn given_up(
    name: &Hostname,
    family: Family,
    failing: (Outcome, Timestamp),
    known: &[LockedAddress],
    keep: Duration,
) -> Finding {
    let (outcome, since) = failing;
    let seen = known.iter().map(|address| address.last_seen).max().unwrap_or_default();
    let plural = if known.len() == 1 { "address" } else { "addresses" };
    let message = format!(
        "`{name}`: the {} lookup has failed since {since} ({outcome}), longer than addresses are kept, so {} {family} {plural} of {seen} went",
        family.record(),
        known.len(),
    );
    let mut finding = Finding::new(Code::DnsExpired, message).help(format!(
        "addresses are kept for {} days; a longer time is set with `--keep`",
        keep.as_secs() / (24 * 60 * 60)
    ));
    finding.severity = Severity::Error;
    finding
}

/// Says that two servers have nothing in common.
pub(super) fn disagreement(name: &Hostname, family: Family, found: &Disagreement) -> Finding {
    let differs = match found.outcome {
        Outcome::Answer => "gives none of them".to_owned(),
        outcome => format!("says {outcome}"),
    };
    let message =
        format!("`{name}`: `{}` gives {family} addresses, `{}` {differs}", found.gives, found.differs);
    Finding::new(Code::DnsDisagreement, message).help(
        "one of them may lie or see another network; `--quorum N` takes in only what N resolvers agree on",
    )
}

/// Says which addresses too few servers gave.
pub(super) fn minority(
    name: &Hostname,
    few: &BTreeSet<IpAddr>,
    quorum: usize,
    nothing_left: bool,
) -> Finding {
    let few: Vec<_> = few.iter().copied().collect();
    let message =
        format!("`{name}`: fewer than {quorum} resolvers gave {}, so it was left out", quoted(&few));
    let mut finding = Finding::new(Code::DnsDisagreement, message)
        .help("look at what each resolver says; more of them, or more `--rounds`, find more in common");
    if nothing_left {
        finding.severity = Severity::Error;
    }
    finding
}
