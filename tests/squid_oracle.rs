//! The reader of `squid.conf` against an evaluator that asks every request of a small world, line by line.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use egressor::diag::{Source, any_error};
use egressor::packet::{Hostname, Packet, Peer, Protocol};
use egressor::targets::find;
use proptest::prelude::*;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;

const HOSTS: [&str; 8] = ["com", "a.com", "b.a.com", "c.b.a.com", "d.b.a.com", "xa.com", "d.org", "x.d.org"];
const PORTS: [u16; 5] = [22, 80, 443, 8080, 8443];
const METHODS: [&str; 5] = ["CONNECT", "GET", "POST", "PUT", "OPTIONS"];
const SCHEMES: [&str; 3] = ["http", "ftp", "gopher"];
const CLIENTS: [&str; 4] = ["10.1.2.3", "192.0.2.7", "2001:db8::1", "127.0.0.1"];

/// A request of the small world. The last field is what no file tells.
#[derive(Debug, Clone, Copy)]
struct Request {
    client: IpAddr,
    host: &'static str,
    port: u16,
    method: &'static str,
    scheme: &'static str,
    office_hours: bool,
}

/// A line of an ACL, by its text and by a predicate that was written beside it.
#[derive(Clone, Copy)]
struct Spec {
    text: &'static str,
    holds: fn(&Request) -> bool,
}

impl std::fmt::Debug for Spec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text)
    }
}

const SPECS: &[Spec] = &[
    Spec { text: "dstdomain -n a.com", holds: |r| r.host == "a.com" },
    Spec {
        text: "dstdomain -n .b.a.com",
        holds: |r| matches!(r.host, "b.a.com" | "c.b.a.com" | "d.b.a.com"),
    },
    Spec { text: "dstdomain -n d.org b.a.com", holds: |r| matches!(r.host, "d.org" | "b.a.com") },
    Spec { text: "dstdomain -n .com", holds: |r| !r.host.ends_with("org") },
    Spec { text: "dstdomain -n *.a.com a.com:443", holds: |_| false },
    Spec {
        text: r"dstdom_regex -n \.a\.com$",
        holds: |r| matches!(r.host, "b.a.com" | "c.b.a.com" | "d.b.a.com"),
    },
    Spec { text: r"dstdom_regex -n -i ^[^.]+\.A\.com$", holds: |r| r.host == "b.a.com" },
    Spec {
        text: r"dstdom_regex -n ^(c|d)\.b\.a\.com$ ^d\.org$",
        holds: |r| matches!(r.host, "c.b.a.com" | "d.b.a.com" | "d.org"),
    },
    Spec { text: r"dstdom_regex -n (^|\.)d\.org$", holds: |r| matches!(r.host, "d.org" | "x.d.org") },
    Spec { text: "dstdom_regex -n ^[0-9.]+$ :", holds: |_| false },
    Spec { text: "ssl::server_name .d.org", holds: |r| matches!(r.host, "d.org" | "x.d.org") },
    Spec { text: "port 443", holds: |r| r.port == 443 },
    Spec { text: "port 80 8000-9000", holds: |r| matches!(r.port, 80 | 8080 | 8443) },
    Spec { text: "port 0-442", holds: |r| r.port < 443 },
    Spec { text: "method CONNECT", holds: |r| r.method == "CONNECT" },
    Spec { text: "method GET post", holds: |r| matches!(r.method, "GET" | "POST") },
    Spec { text: "method POST PUT CONNECT", holds: |r| matches!(r.method, "POST" | "PUT" | "CONNECT") },
    Spec { text: "method PURGE", holds: |_| false },
    Spec { text: "src 10.0.0.0/8", holds: |r| r.client.to_string() == "10.1.2.3" },
    Spec {
        text: "src 192.0.2.0-192.0.2.9 2001:db8::/32",
        holds: |r| matches!(r.client.to_string().as_str(), "192.0.2.7" | "2001:db8::1"),
    },
    Spec { text: "src ipv6", holds: |r| r.client.is_ipv6() },
    Spec { text: "proto HTTP", holds: |r| r.method != "CONNECT" && r.scheme == "http" },
    Spec { text: "proto FTP", holds: |r| r.method != "CONNECT" && r.scheme == "ftp" },
    Spec {
        text: "url_regex ^a\\.com:443$",
        holds: |r| r.method == "CONNECT" && r.host == "a.com" && r.port == 443,
    },
    Spec {
        text: "url_regex ^http://d\\.org/",
        holds: |r| r.method != "CONNECT" && r.scheme == "http" && r.host == "d.org" && r.port == 80,
    },
    Spec { text: "urlpath_regex ^/", holds: |r| r.method != "CONNECT" },
    Spec { text: "time MTWHF 09:00-17:00", holds: |r| r.office_hours },
];

/// An ACL that Squid defines, and a predicate that was written beside it.
type BuiltIn = (&'static str, fn(&Request) -> bool);

const BUILT_IN: &[BuiltIn] = &[
    ("all", |_| true),
    ("localhost", |r| r.client.to_string() == "127.0.0.1"),
    ("CONNECT", |r| r.method == "CONNECT"),
    ("manager", |_| false),
];

/// An access line: whether it allows, and its ACLs by number, each perhaps negated. Numbers beyond the specs are the
/// ACLs that Squid defines, and then groups.
#[derive(Debug, Clone)]
struct Line {
    allow: bool,
    tests: Vec<(bool, usize)>,
}

/// A group: `any-of` or `all-of`, and its members.
#[derive(Debug, Clone)]
struct Group {
    any: bool,
    members: Vec<(bool, usize)>,
}

#[derive(Debug, Clone)]
struct File {
    groups: Vec<Group>,
    lines: Vec<Line>,
}

const SINGLE: usize = SPECS.len() + BUILT_IN.len();
const GROUPS: usize = 2;

fn file() -> impl Strategy<Value = File> {
    let members = prop::collection::vec((any::<bool>(), 0..SINGLE), 1..3);
    let group = (any::<bool>(), members).prop_map(|(any, members)| Group { any, members });
    let tests = prop::collection::vec((any::<bool>(), 0..SINGLE + GROUPS), 1..4);
    let line = (any::<bool>(), tests).prop_map(|(allow, tests)| Line { allow, tests });
    (prop::collection::vec(group, GROUPS), prop::collection::vec(line, 0..8))
        .prop_map(|(groups, lines)| File { groups, lines })
}

impl File {
    fn name(index: usize) -> String {
        match index.checked_sub(SPECS.len()) {
            None => format!("acl{index}"),
            Some(index) => BUILT_IN
                .get(index)
                .map_or_else(|| format!("acl{}", index + SPECS.len()), |(name, _)| (*name).to_owned()),
        }
    }

    fn text(&self) -> String {
        let word = |(negated, index): &(bool, usize)| {
            format!("{}{}", if *negated { "!" } else { "" }, Self::name(*index))
        };
        let words = |tests: &[(bool, usize)]| tests.iter().map(word).collect::<Vec<_>>().join(" ");
        let mut text = String::new();
        for (index, spec) in SPECS.iter().enumerate() {
            writeln!(text, "acl {} {}", Self::name(index), spec.text).unwrap();
        }
        for (index, group) in (SINGLE..).zip(&self.groups) {
            let kind = if group.any { "any-of" } else { "all-of" };
            writeln!(text, "acl {} {kind} {}", Self::name(index), words(&group.members)).unwrap();
        }
        for line in &self.lines {
            writeln!(
                text,
                "http_access {} {}",
                if line.allow { "allow" } else { "deny" },
                words(&line.tests)
            )
            .unwrap();
        }
        text
    }

    fn holds(&self, (negated, index): (bool, usize), request: &Request) -> bool {
        let holds = if let Some(spec) = SPECS.get(index) {
            (spec.holds)(request)
        } else if let Some((_, holds)) = BUILT_IN.get(index - SPECS.len()) {
            holds(request)
        } else {
            let group = &self.groups[index - SINGLE];
            let mut members = group.members.iter().map(|member| self.holds(*member, request));
            if group.any { members.any(|holds| holds) } else { members.all(|holds| holds) }
        };
        holds != negated
    }

    /// First match wins; else the opposite of the last line; without lines, nothing is allowed.
    fn allows(&self, request: &Request) -> bool {
        let first = self.lines.iter().find(|line| line.tests.iter().all(|test| self.holds(*test, request)));
        first.map_or_else(|| self.lines.last().is_some_and(|line| !line.allow), |line| line.allow)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_file_allows_what_some_method_may_reach(file in file()) {
        let text = file.text();
        let source = Arc::new(Source::new("squid.conf", text.clone()));
        let read = find("squid").unwrap().importers()[0].import(&[source]);
        prop_assert!(!any_error(&read.findings), "{text}\n{:?}", read.findings);
        let bounds = read.policy.sets[0].allows();
        let asks_time = read.policy.sets[0].rules.iter().any(|rule| !rule.unmodelled.is_empty());
        prop_assert!(asks_time || bounds.is_exact(), "{text}");
        for (host, port, client) in HOSTS.iter().flat_map(|host| PORTS.iter().flat_map(move |port| CLIENTS.iter().map(move |client| (*host, *port, *client)))) {
            let client: IpAddr = client.parse().unwrap();
            let reached = |office_hours| {
                let forms = METHODS.iter().flat_map(|method| SCHEMES.iter().map(move |scheme| (method, scheme)));
                forms.into_iter().any(|(method, scheme)| {
                    file.allows(&Request { client, host, port, method, scheme, office_hours })
                })
            };
            let name: Hostname = host.parse().unwrap();
            let packet = Packet { peer: Peer::Name(&name, "/"), source: client, protocol: Protocol::TCP, detail: port };
            let (least, most) = (bounds.at_least.at(&packet), bounds.at_most.at(&packet));
            let place = format!("{client} -> {host}:{port}\n{text}");
            prop_assert!(!least || (reached(true) && reached(false)), "at least too much: {place}");
            prop_assert!(most || (!reached(true) && !reached(false)), "at most too little: {place}");
            let udp = Packet { protocol: Protocol::UDP, ..packet };
            prop_assert!(!bounds.at_most.at(&udp), "only TCP: {place}");
        }
    }

    #[test]
    fn no_text_makes_the_reader_fail(lines in prop::collection::vec(prop::collection::vec(0..WORDS.len(), 0..7), 0..30)) {
        let word = |index: &usize| WORDS[*index];
        let text: Vec<String> =
            lines.iter().map(|line| line.iter().map(word).collect::<Vec<_>>().join(" ")).collect();
        let source = Arc::new(Source::new("squid.conf", text.join("\n")));
        let importer = find("squid").unwrap().importers()[0];
        importer.recognizes(&source);
        let read = importer.import(&[source]);
        let bounds = read.policy.sets[0].allows();
        prop_assert!(egressor::packet::Set::is_subset(&bounds.at_least, &bounds.at_most));
    }
}

/// Words that lines of a hostile file are made of.
const WORDS: &[&str] = &[
    "acl",
    "http_access",
    "allow",
    "deny",
    "a",
    "b",
    "!a",
    "!b",
    "all",
    "!all",
    "CONNECT",
    "src",
    "dst",
    "dstdomain",
    "dstdom_regex",
    "port",
    "method",
    "proto",
    "url_regex",
    "urlpath_regex",
    "any-of",
    "all-of",
    "time",
    "-n",
    "-i",
    "+i",
    "--",
    "-x",
    "\"squid.conf\"",
    "'",
    "\"",
    "\\",
    "#",
    "include",
    "squid.conf",
    "*.conf",
    "if",
    "else",
    "endif",
    "true",
    "10.0.0.0/8",
    "10.0.0.9-10.0.0.1",
    "::/0",
    "0/0",
    "10.0.0.0/255.0.255.0",
    "1-2-3",
    "443",
    "70000",
    "9-1",
    ".x.com",
    "x.com",
    "a.x.com",
    ".",
    "..",
    "*.x",
    "[::1]",
    "(((",
    "^[0-9.]+$",
    "(^|\\.)x\\.com$",
    "a{9999}",
    "[[:alpha:]]",
    "^http://x/",
    ":443$",
    "\u{e9}",
    "\r",
    "\0",
    "\u{202e}",
    "${process_name}",
    "ssl_bump",
    "ssl::server_name",
    "GET",
];
