//! The text of a lockfile.

use super::{Feed, LockedAddress, LockedHost, Lockfile, Provenance};
use crate::packet::{Hostname, Prefix};
use crate::resolve::outcome::Family;
use crate::resolve::time::Timestamp;
use std::fmt::Write;

/// The version of the format that is written and read.
pub(super) const VERSION: i64 = 1;

const HEADER: &str = "\
# egressor.lock: the addresses behind the names that rules by address stand for. Commit it.
# `egressor lock` writes it and replaces what DNS answered. Addresses marked `published` were taken from the vendor's
# page or feed that is named; no lookup removes them. Other comments do not survive.
";

impl Lockfile {
    /// The text: sorted, one address a line, and the same bytes for the same content. The time of the refresh stands
    /// once, and an address that it saw says no more, so that a refresh without news changes one line.
    pub fn render(&self) -> String {
        let mut text = format!("{HEADER}version = {VERSION}\n");
        let usual = self.usual();
        if let Some(tried) = usual {
            push_key(&mut text, "tried", &quote(&tried.to_string()));
        }
        for feed in self.feeds.values() {
            text.push('\n');
            push_feed(&mut text, feed);
        }
        for host in self.hosts.values() {
            text.push('\n');
            push_host(&mut text, host, usual);
        }
        text
    }
}

fn push_feed(text: &mut String, feed: &Feed) {
    text.push_str("[[feed]]\n");
    push_key(text, "name", &quote(&feed.name));
    push_key(text, "url", &quote(&feed.url));
    if let Some(token) = &feed.token {
        push_key(text, "token", &quote(token));
    }
    push_key(text, "date", &quote(&feed.date.to_string()));
    for (key, value) in [("etag", &feed.etag), ("modified", &feed.modified)] {
        if let Some(value) = value {
            push_key(text, key, &quote(value));
        }
    }
    push_key(text, "sha256", &quote(&feed.sha256));
}

fn push_host(text: &mut String, host: &LockedHost, usual: Option<Timestamp>) {
    text.push_str("[[host]]\n");
    push_key(text, "name", &quote(host.name.as_str()));
    if let Some(last) = host.last {
        if Some(last.tried) != usual {
            push_key(text, "tried", &quote(&last.tried.to_string()));
        }
        for family in Family::BOTH {
            let (of_family, key) = (last.of(family), key(family));
            push_key(text, key, &quote(of_family.outcome.as_str()));
            if let Some(failing) = of_family.failing {
                push_key(text, &format!("{key}_failing"), &quote(&failing.to_string()));
            }
        }
    }
    if !host.cname.is_empty() {
        push_key(text, "cname", &list(host.cname.iter().map(Hostname::as_str)));
    }
    if let Some(ttl) = host.ttl {
        push_key(text, "ttl", &ttl.to_string());
    }
    if host.rotating {
        push_key(text, "rotating", "true");
    }
    if host.addresses.is_empty() {
        text.push_str("addresses = []\n");
        return;
    }
    text.push_str("addresses = [\n");
    for address in &host.addresses {
        text.push_str("    ");
        text.push_str(&entry(address, host.tried()));
        text.push_str(",\n");
    }
    text.push_str("]\n");
}

fn push_key(text: &mut String, key: &str, value: &str) {
    text.push_str(key);
    text.push_str(" = ");
    text.push_str(value);
    text.push('\n');
}

/// The key of a family's outcome.
pub(super) fn key(family: Family) -> &'static str {
    match family {
        Family::V4 => "a",
        Family::V6 => "aaaa",
    }
}

fn entry(address: &LockedAddress, tried: Option<Timestamp>) -> String {
    let (key, value) = match &address.provenance {
        Provenance::Published(source) => ("published", quote(source)),
        Provenance::Dedicated(set) => ("dedicated", quote(set)),
        Provenance::Dns(resolvers) => {
            let mut names = resolvers.iter().map(String::as_str);
            match (names.next(), names.next()) {
                (Some(only), None) => ("resolver", quote(only)),
                _ => ("resolver", list(resolvers.iter().map(String::as_str))),
            }
        }
    };
    let mut entry = format!(
        "{{ address = {}, first_seen = {}, ",
        quote(&written(address.prefix)),
        quote(&address.first_seen.to_string())
    );
    if Some(address.last_seen) != tried {
        // Writing to a string cannot fail.
        let _ = write!(entry, "last_seen = {}, ", quote(&address.last_seen.to_string()));
    }
    let _ = write!(entry, "{key} = {value} }}");
    entry
}

/// A block as people write it: a single address without its length.
fn written(prefix: Prefix) -> String {
    if Prefix::host(prefix.addr()) == prefix { prefix.addr().to_string() } else { prefix.to_string() }
}

fn list<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    format!("[{}]", texts.map(quote).collect::<Vec<_>>().join(", "))
}

/// The text as a basic string of TOML.
fn quote(text: &str) -> String {
    let mut quoted = String::from('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            _ if char.is_control() => {
                // Writing to a string cannot fail.
                let _ = write!(quoted, "\\u{:04X}", u32::from(char));
            }
            _ => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}
