//! Reports as pages: well-formed, and made of harmless elements only.

use super::common::corpus::{Case, all, importer};
use super::common::hostile::HOSTILE;
use super::common::policies::{addrs, justified, plain};
use egressor::diag::{Code, Finding};
use egressor::drift::{Drift, Terms, drift};
use egressor::packet::{Constraint, PeerSet, PortRange, Protocol, TransportSet};
use egressor::policy::{
    Action, Direction, Justification, Match, Origin, Policy, Rule, RuleSet, Scope, Subject, Traffic,
    Unmodelled,
};
use egressor::report::{Comparison, diff_html};
use std::sync::Arc;

/// The elements that a report is made of. None of them loads anything.
pub(super) const ELEMENTS: &[&str] = &[
    "a",
    "aside",
    "body",
    "br",
    "button",
    "code",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "footer",
    "form",
    "g",
    "h1",
    "h2",
    "head",
    "header",
    "html",
    "input",
    "label",
    "li",
    "main",
    "meta",
    "output",
    "p",
    "path",
    "rect",
    "script",
    "section",
    "small",
    "span",
    "strong",
    "style",
    "summary",
    "svg",
    "table",
    "tbody",
    "td",
    "text",
    "th",
    "thead",
    "title",
    "tr",
    "ul",
];
/// Those without an end tag.
const VOID: &[&str] = &["br", "input", "meta"];
/// Their attributes. None of them runs anything.
pub(super) const ATTRIBUTES: &[&str] = &[
    "aria-label",
    "aria-labelledby",
    "aria-live",
    "charset",
    "checked",
    "class",
    "content",
    "d",
    "data-kind",
    "data-unmanaged",
    "height",
    "hidden",
    "href",
    "http-equiv",
    "id",
    "lang",
    "name",
    "placeholder",
    "role",
    "rx",
    "scope",
    "stroke-width",
    "text-anchor",
    "type",
    "value",
    "viewBox",
    "width",
    "x",
    "y",
];

pub(super) fn rule(port: u16, peers: PeerSet, why: &Justification) -> Rule {
    let ports = TransportSet::port(Protocol::TCP, PortRange::single(port));
    Rule {
        action: Action::Allow,
        matches: Match {
            source: Constraint::Any,
            peer: Constraint::only(peers).unwrap(),
            transport: Constraint::only(ports).unwrap(),
        },
        traffic: Traffic::New,
        unmodelled: Vec::new(),
        origin: Origin::Endpoint(Arc::new(why.clone())),
    }
}

pub(super) fn set(name: &str, rules: Vec<Rule>) -> RuleSet {
    RuleSet {
        scope: Scope { name: name.to_owned(), direction: Direction::Egress },
        subject: Subject::Host,
        universe: PeerSet::all_addrs(),
        rules,
        default: Action::Deny,
    }
}

pub(super) fn page(old: &Policy, new: &Policy, sources: &[String; 2], findings: &[Finding]) -> String {
    let drift = drift(old, new, &Terms::default()).unwrap();
    report(&drift, sources, findings)
}

fn report(drift: &Drift, sources: &[String; 2], findings: &[Finding]) -> String {
    diff_html(&Comparison {
        sources,
        drift,
        findings,
        compared: true,
        wanted_is_new: Some(true),
        witness: true,
    })
}

/// Every text of a report is hostile: scopes, endpoints and all that is said of them, matches, files, findings.
pub(super) fn hostile_page() -> String {
    let (mut old, mut new, mut findings) = (Vec::new(), Vec::new(), Vec::new());
    for (port, text) in (1000..).zip(HOSTILE) {
        let mut unsure = rule(port + 1, PeerSet::from(addrs(&["192.0.2.0/24"])), &justified(text));
        unsure.unmodelled.push(Unmodelled { text: (*text).to_owned(), why: (*text).to_owned() });
        let sure = rule(port, PeerSet::from(addrs(&["203.0.113.7/32"])), &justified(text));
        let name = format!("{port} {text}");
        new.push(set(&name, vec![sure, unsure]));
        if port % 2 == 0 {
            old.push(set(&name, vec![rule(port + 2, PeerSet::all_addrs(), &justified(text))]));
        }
        findings.push(Finding::new(Code::ReadUnmodelled, *text).help(*text));
        findings.push(Finding::new(Code::ReadNotCompared, *text));
    }
    let sources = [HOSTILE.concat(), HOSTILE.join(" ")];
    page(&Policy::new(old), &Policy::new(new), &sources, &findings)
}

/// So many rows that open and as many that close; one of all says `needle`.
pub(super) fn large_page(rows: u32) -> String {
    let side = |first: u32, needle: bool| {
        let rules = (0..rows).map(|at| {
            let address = std::net::Ipv4Addr::from(first + at * 4);
            let port = u16::try_from(1 + at % 60_000).unwrap();
            let name = if needle && at == rows / 2 { "needle" } else { "hay" };
            let peers = PeerSet::from(addrs(&[&format!("{address}/32")]));
            rule(port, peers, &plain(name))
        });
        Policy::new(vec![set("filter/OUTPUT", rules.collect())])
    };
    let sources = ["old.rules".to_owned(), "the project".to_owned()];
    page(&side(0x0A00_0000, false), &side(0xC000_0000, true), &sources, &[])
}

/// The elements of a page in order, each checked: known, with known attributes, closed where it should be.
fn well_formed(page: &str) -> Result<Vec<String>, String> {
    let mut open: Vec<String> = Vec::new();
    let mut seen = Vec::new();
    let mut rest = page.strip_prefix("<!DOCTYPE html>").ok_or("no doctype")?;
    while let Some(at) = rest.find('<') {
        let text = &rest[..at];
        let raw = open.last().is_some_and(|it| it == "script" || it == "style");
        if !raw && (text.contains('>') || bad_reference(text)) {
            return Err(format!("text that is not escaped: {text}"));
        }
        rest = &rest[at + 1..];
        let end = rest.find('>').ok_or("a tag without an end")?;
        let tag = &rest[..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            match open.pop() {
                Some(last) if last == name => {}
                last => return Err(format!("</{name}> where {last:?} is open")),
            }
            continue;
        }
        let closed = tag.ends_with('/');
        let tag = tag.trim_end_matches('/');
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        if !ELEMENTS.contains(&name) {
            return Err(format!("<{name}> is no element of a report"));
        }
        attributes_of(attributes)?;
        if name == "script" || name == "style" {
            // Their text is ours, and ends at the first end tag.
            let end = rest.find(&format!("</{name}>")).ok_or("no end of the script")?;
            rest = &rest[end..];
        }
        seen.push(name.to_owned());
        if !closed && !VOID.contains(&name) {
            open.push(name.to_owned());
        }
    }
    if open.is_empty() { Ok(seen) } else { Err(format!("{open:?} are left open")) }
}

fn bad_reference(text: &str) -> bool {
    text.split('&')
        .skip(1)
        .any(|it| !["amp;", "lt;", "gt;", "quot;", "#39;"].iter().any(|known| it.starts_with(known)))
}

fn attributes_of(mut text: &str) -> Result<(), String> {
    while !text.trim().is_empty() {
        text = text.trim_start();
        let end = text.find(['=', ' ']).unwrap_or(text.len());
        let name = &text[..end];
        if !ATTRIBUTES.contains(&name) {
            return Err(format!("`{name}` is no attribute of a report"));
        }
        text = &text[end..];
        if let Some(value) = text.strip_prefix("=\"") {
            let end = value.find('"').ok_or("a value without an end")?;
            if bad_reference(&value[..end]) || value[..end].contains('<') {
                return Err(format!("a value that is not escaped: {}", &value[..end]));
            }
            if name == "href" && !value.starts_with('#') {
                return Err(format!("a link that leads out of the page: {}", &value[..end]));
            }
            text = &value[end + 1..];
        }
    }
    Ok(())
}

#[test]
fn every_report_is_well_formed_and_of_harmless_elements() {
    let cases = all();
    let mut rows = 0;
    for (old, new) in cases.iter().zip(cases.iter().skip(1)) {
        let read = |case: &Case| importer(case.importer).import(&case.sources()).policy;
        let (before, after) = (read(old), read(new));
        let Ok(drift) = drift(&before, &after, &Terms::default()) else { continue };
        let page = report(&drift, &[old.name(), new.name()], &[]);
        let seen =
            well_formed(&page).unwrap_or_else(|why| panic!("{} and {}: {why}", old.name(), new.name()));
        rows += page.matches("data-kind=").count();
        assert_eq!(seen.iter().filter(|it| *it == "script").count(), 1);
    }
    assert!(rows > 500, "{rows} rows are too few to judge by");
}

#[test]
fn hostile_texts_stay_texts() {
    let page = hostile_page();
    let seen = well_formed(&page).unwrap();
    assert_eq!(seen.iter().filter(|it| *it == "script").count(), 1);
    assert_eq!(seen.iter().filter(|it| *it == "section").count(), HOSTILE.len());
}

#[test]
fn the_judge_of_form_refuses_what_is_not_escaped() {
    let page = |body: &str| format!("<!DOCTYPE html><html><body>{body}</body></html>");
    assert!(well_formed(&page("<p>a &amp; b</p>")).is_ok());
    for bad in [
        "<p>a & b</p>",
        "<p>a > b</p>",
        "<p>",
        "</p>",
        "<img src=\"x\">",
        "<p onclick=\"x\"></p>",
        "<a href=\"https://example.com\">x</a>",
        "<p class=\"a<b\"></p>",
        "<p><span></p></span>",
    ] {
        assert!(well_formed(&page(bad)).is_err(), "{bad}");
    }
}

#[test]
fn the_same_comparison_gives_the_same_page() {
    assert_eq!(large_page(50), large_page(50));
}
