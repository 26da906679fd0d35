//! Laws over every format: nothing is lost, nothing is widened, and order says nothing.

use crate::hostile::{HOSTILE, long};
use crate::run::{Case, cases};
use egressor::catalog::PortSpec;
use egressor::diag::{Code, Source, any_error};
use egressor::packet::{AddrSet, Hostname, NamePattern, NameSet, PortRange, Set};
use egressor::policy::Direction;
use egressor::resolve::feeds::{Content, FEEDS, FeedFormat, Writing, judge, write};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

fn format(case: &Case) -> &'static FeedFormat {
    FEEDS.iter().find(|feed| feed.name == case.feed).expect("a format")
}

/// One case of each format.
fn one_of_each() -> Vec<Case> {
    let mut cases = cases();
    cases.dedup_by(|later, earlier| later.feed == earlier.feed);
    cases
}

/// What a body says; nothing when it is refused.
fn read(feed: &FeedFormat, text: &str) -> Option<Content> {
    let (content, findings) = judge(feed, &Arc::new(Source::new("body", text)), false);
    (!any_error(&findings)).then_some(content)
}

fn writing<'a>(feed: &'a FeedFormat, ports: &'a [PortSpec]) -> Writing<'a> {
    Writing {
        feed,
        id: "feed",
        url: "https://feed.example/",
        date: "2026-11-01".parse().expect("a day"),
        ports,
        direction: Some(Direction::Egress),
        head: &[],
    }
}

fn any_port() -> Vec<PortSpec> {
    vec!["443/tcp".parse().expect("a port")]
}

/// The texts in quotes, or the lines: a reading that knows no format and no JSON.
fn quoted(text: &str) -> Vec<&str> {
    if text.contains('"') { text.split('"').skip(1).step_by(2).collect() } else { text.lines().collect() }
}

/// The first and last address of a block, counted by hand.
fn block(text: &str) -> Option<(IpAddr, IpAddr)> {
    let (addr, len) =
        text.split_once('/').map_or((text, None), |(addr, len)| (addr, len.parse::<u32>().ok()));
    // Masks are written like addresses.
    if text.starts_with("255.") {
        return None;
    }
    Some(match addr.parse().ok()? {
        IpAddr::V4(first) => {
            let size = u32::MAX.checked_shr(len.unwrap_or(32)).unwrap_or(0);
            (IpAddr::V4(first), IpAddr::V4((u32::from(first) | size).into()))
        }
        IpAddr::V6(first) => {
            let size = u128::MAX.checked_shr(len.unwrap_or(128)).unwrap_or(0);
            (IpAddr::V6(first), IpAddr::V6((u128::from(first) | size).into()))
        }
    })
}

#[test]
fn a_catalog_has_the_addresses_and_names_of_its_feed_and_no_others() {
    for case in cases() {
        let (feed, text) = (format(&case), case.text());
        let content = read(feed, &text).expect("a sound body");
        let (catalog, _) = write(&content, &writing(feed, &any_port())).expect("a catalog");
        let scanned = AddrSet::from_ranges(quoted(&text).into_iter().filter_map(block));
        let listed = catalog.endpoints().flat_map(|it| catalog.listed(it).unwrap_or_default());
        assert_eq!(AddrSet::of(listed), scanned, "{}", case.folder.display());
        let of_hosts: BTreeSet<String> = catalog
            .endpoints()
            .flat_map(|it| {
                it.hosts_in(&[]).into_iter().flat_map(|host| it.patterns(&host)).collect::<Vec<_>>()
            })
            .map(|pattern| match pattern {
                NamePattern::Host(host) => host.to_string(),
                NamePattern::Below(host) => format!("*.{host}"),
                other => panic!("{other:?} is nothing that feeds say"),
            })
            .collect();
        let unsaid = content.entries.values().flat_map(|listed| listed.unsaid.iter().cloned());
        let names: BTreeSet<String> = of_hosts.into_iter().chain(unsaid).collect();
        let scanned: BTreeSet<String> = quoted(&text)
            .into_iter()
            .filter(|text| text.rsplit('.').next() == Some("test"))
            .map(str::to_owned)
            .collect();
        assert_eq!(names, scanned, "{}", case.folder.display());
    }
}

#[test]
fn the_order_of_a_feed_says_nothing() {
    fn reversed(value: Value) -> Value {
        match value {
            Value::Array(items) => items.into_iter().rev().map(reversed).collect(),
            Value::Object(entries) => entries
                .into_iter()
                .collect::<Vec<_>>()
                .into_iter()
                .rev()
                .map(|(key, value)| (key, reversed(value)))
                .collect::<Map<_, _>>()
                .into(),
            other => other,
        }
    }
    for case in cases() {
        let (feed, text) = (format(&case), case.text());
        let other = match serde_json::from_str::<Value>(&text) {
            Ok(value) => reversed(value).to_string(),
            Err(_) => text.lines().rev().collect::<Vec<_>>().join("\n"),
        };
        assert_ne!(text, other);
        let (here, there) = (read(feed, &text).expect("sound"), read(feed, &other).expect("sound"));
        let of = |content: &Content| {
            let (catalog, _) = write(content, &writing(feed, &any_port())).expect("a catalog");
            catalog.source.text().to_owned()
        };
        assert_eq!(of(&here), of(&there), "{}", case.folder.display());
    }
}

/// One step into a value: the entry of an object or the item of a list.
type Steps = Vec<usize>;

fn children(value: &mut Value) -> Vec<&mut Value> {
    match value {
        Value::Array(items) => items.iter_mut().collect(),
        Value::Object(entries) => entries.values_mut().collect(),
        _ => Vec::new(),
    }
}

/// The ways to all parts of a value.
fn parts(value: &mut Value, here: &mut Steps, all: &mut Vec<Steps>) {
    for (index, child) in children(value).into_iter().enumerate() {
        here.push(index);
        all.push(here.clone());
        parts(child, here, all);
        here.pop();
    }
}

fn at<'a>(value: &'a mut Value, steps: &[usize]) -> &'a mut Value {
    steps.iter().fold(value, |value, index| children(value).into_iter().nth(*index).expect("a part"))
}

/// The body with one part changed.
fn changed(body: &Value, steps: &[usize], change: impl Fn(&mut Value)) -> String {
    let mut body = body.clone();
    change(at(&mut body, steps));
    body.to_string()
}

/// The body with the key of a part taken away or changed; nothing where the part has no key.
fn rekeyed(body: &Value, steps: &[usize], to: Option<&str>) -> Option<String> {
    let mut body = body.clone();
    let (last, before) = steps.split_last()?;
    let Value::Object(entries) = at(&mut body, before) else { return None };
    let rebuilt = std::mem::take(entries).into_iter().enumerate().filter_map(|(index, (key, value))| {
        if index == *last { to.map(|to| (to.to_owned(), value)) } else { Some((key, value)) }
    });
    *entries = rebuilt.collect();
    Some(body.to_string())
}

/// Reports whether all that one content lets through, the other does too: the same way, with no other ports.
fn is_within(inner: &Content, outer: &Content) -> bool {
    inner.entries.iter().all(|(key, listed)| {
        // Without ports, or without a way, somebody has to say them first.
        let bare = |of: &egressor::resolve::feeds::Key| {
            of.way == key.way && (key.ports.is_empty() == of.ports.is_empty())
        };
        let alike = outer
            .entries
            .iter()
            .filter(|(of, _)| bare(of) && key.ports.iter().all(|port| of.ports.contains(port)));
        let (mut blocks, mut names) = (Vec::new(), Vec::new());
        for (_, known) in alike {
            blocks.extend(known.blocks.iter().copied());
            names.extend(known.names.iter().cloned());
        }
        AddrSet::of(listed.blocks.iter().copied()).is_subset(&AddrSet::of(blocks))
            && NameSet::of(&listed.names).is_subset(&NameSet::of(&names))
    })
}

#[test]
fn no_damage_to_one_part_of_a_feed_widens_it() {
    let (mut refused, mut accepted) = (0, 0);
    for case in one_of_each() {
        let Ok(mut body) = serde_json::from_str::<Value>(&case.text()) else { continue };
        let feed = format(&case);
        let sound = read(feed, &case.text()).expect("a sound body");
        let mut all = Vec::new();
        parts(&mut body, &mut Steps::new(), &mut all);
        let values = [Value::Null, json!(""), json!([]), json!({}), json!(42), json!(4.5), json!(true)];
        for steps in &all {
            let here = at(&mut body, steps).clone();
            let mut mutants: Vec<String> = values
                .iter()
                // Another value of the right type is another feed, not a damaged one.
                .filter(|value| !(value.is_boolean() && here.is_boolean() || value.is_u64() && here.is_u64()))
                .map(|value| changed(&body, steps, |part| part.clone_from(value)))
                .collect();
            mutants.push(changed(&body, steps, |part| *part = json!([part.clone()])));
            mutants.extend(rekeyed(&body, steps, None));
            mutants.extend(rekeyed(&body, steps, Some("x-mistyped")));
            for mutant in mutants {
                match read(feed, &mutant) {
                    None => refused += 1,
                    Some(content) => {
                        accepted += 1;
                        let is_less = is_within(&content, &sound) || needs_more(&content, &sound);
                        assert!(is_less, "{}: {mutant}", case.folder.display());
                    }
                }
            }
        }
    }
    assert!(refused > 1000 && accepted > 100, "{refused} refused, {accepted} accepted");
}

/// Reports whether an entry lost its ports, so that nothing is written until somebody says them.
fn needs_more(content: &Content, sound: &Content) -> bool {
    let portless = |content: &Content| content.entries.keys().any(|key| key.ports.is_empty());
    portless(content) && !portless(sound)
}

#[test]
fn no_text_of_a_feed_changes_what_its_catalog_means() {
    let mut written = 0;
    for (shift, case) in one_of_each().into_iter().enumerate() {
        let Ok(mut body) = serde_json::from_str::<Value>(&case.text()) else { continue };
        let feed = format(&case);
        let sound = read(feed, &case.text()).expect("a sound body");
        let mut all = Vec::new();
        parts(&mut body, &mut Steps::new(), &mut all);
        for (index, steps) in all.iter().enumerate() {
            // Every text meets some of the strings, and every string some text of each feed.
            let strings = HOSTILE.iter().skip((index + shift) % 9).step_by(9).map(ToString::to_string);
            for string in strings.chain(long().into_iter().filter(|_| index % 16 == 0)) {
                // A text that is a name is another name, and a feed that lists it another feed.
                let is_port = string.parse::<PortRange>().is_ok_and(|range| range.first() > 0);
                let is_name =
                    string.is_ascii() && string.trim_start_matches("*.").parse::<Hostname>().is_ok();
                if is_port || is_name {
                    continue;
                }
                let mut mutants: Vec<String> = Vec::new();
                if at(&mut body, steps).is_string() {
                    mutants.push(changed(&body, steps, |part| *part = json!(string)));
                }
                mutants.extend(rekeyed(&body, steps, Some(&string)));
                for content in mutants.iter().filter_map(|mutant| read(feed, mutant)) {
                    assert!(is_within(&content, &sound), "{}: {string:?}", case.folder.display());
                    // What is written was read back and compared; a text that no catalog can hold is refused.
                    match write(&content, &writing(feed, &any_port())) {
                        Ok(_) => written += 1,
                        Err(findings) => {
                            let mismatch =
                                findings.iter().any(|finding| finding.code == Code::VerifyMismatch);
                            panic!("{}: {string:?} {mismatch} {findings:?}", case.folder.display());
                        }
                    }
                }
            }
        }
    }
    assert!(written > 300, "{written} catalogs were written");
}

#[test]
fn what_is_cut_off_is_refused_wherever_the_cut_is() {
    for case in cases() {
        let text = case.text();
        if !text.trim_start().starts_with(['{', '[']) {
            continue;
        }
        let end = text.trim_end().len();
        for cut in (0..end).filter(|cut| text.is_char_boundary(*cut)).step_by(7) {
            assert_eq!(read(format(&case), &text[..cut]), None, "{} at {cut}", case.folder.display());
        }
    }
}
