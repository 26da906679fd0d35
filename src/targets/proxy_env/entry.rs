//! What is amiss with one entry of `NO_PROXY`: that no host matches it, or that clients read it differently.

use super::decide::{Client, Entry, NoProxy};
use super::lift::{entry_place, start_of};
use crate::diag::{Code, Finding, Place, Severity};
use crate::packet::{PeerSet, Prefix, Set};

/// What there is to say about an entry, at its place. `go` and `curl` are what the whole list means to them.
pub(super) fn findings(entry: &Entry, list: &NoProxy, [go, curl]: [&PeerSet; 2], at: &Place) -> Vec<Finding> {
    let finding = |code: Code, message: String| Finding::new(code, message).at(&at.source, at.span);
    let text = &entry.text;
    if let Some((left, right)) = missing_comma(text) {
        let message = format!(
            "a comma is missing between `{left}` and `{right}`: Go takes the whole for one name that no host has, so both are lost"
        );
        let help = format!("write `{left},{right}`");
        return vec![finding(Code::ProxyNeverMatches, message).help(help)];
    }
    if entry.is_dead() {
        let message = format!("`{text}` matches no host, so what it was meant for goes to the proxy");
        return vec![finding(Code::ProxyNeverMatches, message)];
    }
    // What another entry makes good is no difference.
    let own = entry.go.peers.union(&entry.curl.peers);
    let differs = go.among(&own) != curl.among(&own) || entry.go.port.is_some();
    if !differs {
        return Vec::new();
    }
    let (message, help, severity) = if let Some(name) = text.strip_prefix("*.") {
        let message = format!(
            "`{text}` means what is below `{name}` to Go and nothing to curl, whose only wildcard is `*` alone"
        );
        (
            message,
            format!("write `{name}`, which both take for the host and everything below it"),
            Severity::Warning,
        )
    } else if text == "*" {
        let message = "`*` among other entries means everything to Go and nothing to curl".to_owned();
        (message, "name what is meant".to_owned(), Severity::Warning)
    } else if let Some(name) = text.strip_prefix('.') {
        let message = format!("`{name}` itself goes to the proxy in Go and directly in curl, by `{text}`");
        (message, format!("write `{name}`, which means both to both"), Severity::Note)
    } else if entry.go.port.is_some() {
        let message =
            format!("`{text}` holds for one port in Go and for no host in curl, which knows no ports here");
        (message, "leave the port out".to_owned(), Severity::Warning)
    } else if text.ends_with("/0") {
        let message = format!("`{text}` means every address to Go and a single one to curl");
        (message, "write the two halves of it, such as `0.0.0.0/1,128.0.0.0/1`".to_owned(), Severity::Warning)
    } else if entry.curl.peers.is_empty() && list.entries.iter().any(|other| other.text.contains([' ', '\t']))
    {
        // Told once, at the place where curl stops.
        return Vec::new();
    } else {
        let reach = |client| if entry.of(client).peers.is_empty() { "nothing" } else { "hosts" };
        let message =
            format!("`{text}` means {} to Go and {} to curl", reach(Client::Go), reach(Client::Curl));
        (message, "write a plain name, an address or a block".to_owned(), Severity::Warning)
    };
    vec![Finding { severity, ..finding(Code::ProxyDisagreement, message).help(help) }]
}

/// Where curl stops reading.
pub(super) fn cut_off(list: &NoProxy, value: &Place, text: &str) -> Option<Finding> {
    let at = list.entries.iter().position(|entry| entry.text.contains([' ', '\t']))?;
    let entry = list.entries.get(at)?;
    let behind = list.entries.len().saturating_sub(at).saturating_sub(1);
    let more = match behind {
        0 => String::new(),
        1 => ", nor the entry behind it".to_owned(),
        several => format!(", nor the {several} entries behind it"),
    };
    let message = format!("curl does not read past the blank in `{}`{more}", entry.text);
    let place = entry_place(value, start_of(value, text), entry.span);
    Some(
        Finding::new(Code::ProxyDisagreement, message)
            .at(&place.source, place.span)
            .help("separate entries by commas"),
    )
}

/// The most bytes of two blocks without a comma between them: 43 is the longest IPv6 block that is written without IPv4.
const GLUED: usize = 100;

/// The two entries that stand in the place of one.
fn missing_comma(text: &str) -> Option<(&str, &str)> {
    let placeholders = text.split_once("><").map(|(left, _)| left.len().saturating_add(1));
    let block = |part: &str| {
        let (addr, len) = part.split_once('/')?;
        Prefix::containing(addr.parse().ok()?, len.parse().ok()?)
    };
    let plain = |part: &str| block(part).is_some() || part.parse::<std::net::IpAddr>().is_ok();
    // Two blocks or addresses are never longer, and each character of a longer text would be looked at from each.
    let glued = text.get(..GLUED).map_or(text, |_| "");
    let mut glued = glued.char_indices().map(|(at, _)| at).filter(|at| {
        text.split_at_checked(*at).is_some_and(|(left, right)| block(left).is_some() && plain(right))
    });
    // The longest length that leaves a block behind it: `/14` and `10.96.0.0/12` rather than `/1` and `410.…`.
    let at = placeholders.or_else(|| glued.next_back());
    let blank = || text.find([' ', '\t']).filter(|_| !text.contains('<'));
    let (left, right) = text.split_at_checked(at.or_else(blank)?)?;
    Some((left.trim(), right.trim()))
}
