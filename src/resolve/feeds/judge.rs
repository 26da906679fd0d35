//! Whether a body and what it says are fit to be used at all.

use super::content::{Content, FeedFormat, Reading};
use crate::diag::{Code, Finding, Severity, Source, concealed};
use crate::resolve::guard::{never_a_host, special};
use std::sync::Arc;

/// How many addresses are named one by one.
const MOST_NAMED: usize = 10;

/// Reads a body, and tells why it cannot be used: it is no data of this format, it lists nothing, or it lists what no
/// vendor has. What a person has looked at and accepts is told as a warning.
pub fn judge(feed: &FeedFormat, source: &Arc<Source>, accept: bool) -> Reading {
    if let Some(finding) = no_data(source) {
        return (Content::default(), vec![finding]);
    }
    let (content, findings) = judged(source, feed.read(source), accept);
    let is_foreign = !(feed.is_it)(source);
    (content, if is_foreign { findings.into_iter().map(veiled).collect() } else { findings })
}

/// The same finding about a text that may be anything, and so hold secrets: of the place the first key of a line stays,
/// and of the message what is not said in the words of the file.
fn veiled(finding: Finding) -> Finding {
    let Some(place) = finding.place.clone() else { return finding };
    let shown = concealed(&place.source);
    let said = place.source.slice(place.span).trim_matches(['"', '\'']);
    let message = if said.is_empty() || said == shown.slice(place.span).trim_matches(['"', '\'']) {
        finding.message.clone()
    } else {
        finding.message.replace(said, "…")
    };
    Finding { message, ..finding }.at(&shown, place.span)
}

/// What was read, and whether it can be used.
pub fn judged(source: &Arc<Source>, reading: Reading, accept: bool) -> Reading {
    let (content, mut findings) = reading;
    // The rest would only say again that the body could not be read.
    if !findings.iter().any(|finding| finding.code == Code::FeedSyntax) {
        if content.entries.is_empty() {
            let message = format!("`{}` lists nothing", source.name());
            findings.push(Finding::new(Code::FeedSyntax, message));
        }
        findings.extend(foreign(&content));
    }
    for finding in findings.iter_mut().filter(|finding| may_be_accepted(finding)) {
        if accept {
            finding.severity = Severity::Warning;
        } else if finding.help.is_none() {
            finding.help = Some("look at it, then take it in with `--accept`".to_owned());
        }
    }
    (content, findings)
}

/// Reports whether `--accept` makes a warning of it.
fn may_be_accepted(finding: &Finding) -> bool {
    finding.code == Code::FeedUnknown || finding.code == Code::FeedAddress && finding.help.is_none()
}

/// What stands where a feed should, before any format is looked for.
fn no_data(source: &Arc<Source>) -> Option<Finding> {
    let text = source.text().trim_start_matches('\u{FEFF}').trim_start();
    let message = if text.is_empty() {
        format!("`{}` is empty", source.name())
    } else if text.starts_with('<') {
        format!("`{}` is a web page, not data", source.name())
    } else {
        return None;
    };
    let help = "a proxy, a login or a check for robots may have answered in place of the vendor";
    Some(Finding::new(Code::FeedSyntax, message).help(help))
}

/// Addresses that are nobody's in public.
fn foreign(content: &Content) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut more = 0_usize;
    for (key, listed) in &content.entries {
        for block in &listed.blocks {
            let Some(why) = special(*block) else { continue };
            if findings.len() == MOST_NAMED {
                more = more.saturating_add(1);
                continue;
            }
            let message = format!("`{}` lists `{block}`, which is no public address ({why})", key.service);
            let finding = Finding::new(Code::FeedAddress, message);
            findings.push(if never_a_host(*block) {
                finding.help("no host can have it, so nothing lets it in")
            } else {
                finding
            });
        }
    }
    if more > 0 {
        findings.push(Finding::new(Code::FeedAddress, format!("{more} more addresses are no public ones")));
    }
    findings
}
