//! What `iptables-save` prints means the same as what was loaded, however it rewrites the rules.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use egressor::diag::{Code, Source};
use egressor::packet::{Packet, PacketSet, Peer, Protocol, Row, TransportRow};
use egressor::policy::{Origin, Rule, RuleSet, Traffic};
use egressor::targets::{Imported, Importer, find};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

fn importer(name: &str) -> &'static dyn Importer {
    find("iptables").unwrap().importers().iter().copied().find(|importer| importer.name() == name).unwrap()
}

fn read(names: &[&str]) -> Imported {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/iptables-save");
    let sources: Vec<Arc<Source>> = names
        .iter()
        .map(|name| Arc::new(Source::new(*name, std::fs::read_to_string(folder.join(name)).unwrap())))
        .collect();
    assert!(sources.iter().all(|source| importer("iptables-save").recognizes(source)), "{names:?}");
    importer("iptables-save").import(&sources)
}

fn text(rules: &str) -> Imported {
    importer("iptables-save").import(&[Arc::new(Source::new("rules", rules))])
}

fn scope<'a>(read: &'a Imported, name: &str) -> &'a RuleSet {
    read.policy.sets.iter().find(|set| set.scope.name == name).unwrap()
}

fn unmodelled(set: &RuleSet) -> BTreeSet<String> {
    set.rules.iter().flat_map(|rule| &rule.unmodelled).map(|condition| condition.text.clone()).collect()
}

/// Reports whether a packet from 192.0.2.200 or its IPv6 counterpart is in the set.
fn holds(packets: &PacketSet, peer: &str, protocol: Protocol, detail: u16) -> bool {
    let peer: std::net::IpAddr = peer.parse().unwrap();
    let source = if peer.is_ipv4() { "192.0.2.200" } else { "2001:db8::c8" };
    packets.at(&Packet { peer: Peer::Addr(peer), source: source.parse().unwrap(), protocol, detail })
}

#[test]
fn a_host_allows_what_its_rules_say() {
    let read = read(&["host-v4/nft.save"]);
    let output = scope(&read, "filter/OUTPUT");
    let allows = output.allows();
    let sure = |peer: &str, protocol, port| holds(&allows.at_least, peer, protocol, port);
    let maybe = |peer: &str, protocol, port| holds(&allows.at_most, peer, protocol, port);
    assert!(sure("104.16.81.56", Protocol::TCP, 443) && sure("104.16.82.56", Protocol::TCP, 8443));
    assert!(!sure("104.16.82.57", Protocol::TCP, 443), "only the processes of one user");
    assert!(maybe("104.16.82.57", Protocol::TCP, 443));
    assert!(sure("169.254.169.254", Protocol::UDP, 53) && !maybe("10.96.0.10", Protocol::UDP, 53));
    assert!(!maybe("192.0.2.1", Protocol::UDP, 53), "the chain that was gone to drops it");
    assert!(sure("10.77.2.9", Protocol::TCP, 9) && !sure("10.77.3.9", Protocol::TCP, 9));
    assert!(sure("192.0.2.129", Protocol::TCP, 24) && !sure("192.0.2.129", Protocol::TCP, 25));
    assert!(sure("203.0.113.1", Protocol(47), 0) && !maybe("203.0.113.1", Protocol(48), 0));
    let expected = ["-m mark --mark 0x1", "-m owner --uid-owner 0"].map(str::to_owned);
    assert_eq!(unmodelled(output), BTreeSet::from(expected));

    let input = scope(&read, "filter/INPUT").allows();
    let sure = |peer: &str, port| holds(&input.at_least, peer, Protocol::TCP, port);
    assert!(sure("10.9.8.7", 22) && !sure("11.9.8.7", 22));
    assert!(sure("198.51.100.7", 443) && sure("198.51.100.7", 85) && !sure("198.51.100.8", 443));
    let rules = &scope(&read, "filter/INPUT").rules;
    let kinds: BTreeSet<Traffic> = rules.iter().map(|rule| rule.traffic).collect();
    assert_eq!(kinds, BTreeSet::from([Traffic::New, Traffic::Return, Traffic::Loopback]));
}

#[test]
fn what_is_left_aside_is_named_with_its_place() {
    let read = read(&["host-v4/also/legacy.save"]);
    let lines = |code: Code| {
        let findings = read.findings.iter().filter(move |finding| finding.code == code);
        findings.map(|finding| {
            let place = finding.place.as_ref().unwrap();
            (place.source.line_column(place.span.start).0, finding.message.clone())
        })
    };
    let not_compared: Vec<String> = lines(Code::ReadNotCompared).map(|(_, message)| message).collect();
    assert_eq!(not_compared, ["the table `nat` is not read"]);
    let unmodelled: BTreeSet<usize> = lines(Code::ReadUnmodelled).map(|(line, _)| line).collect();
    assert_eq!(
        unmodelled,
        BTreeSet::from([22, 27, 33, 40]),
        "limit, interfaces and source port, owner, mark"
    );
}

#[test]
fn members_of_a_set_are_used_when_they_are_given() {
    let with = read(&["sets-v4/nft.save", "sets-v4/sets.ipset"]);
    let allows = scope(&with, "filter/OUTPUT").allows();
    assert!(allows.is_exact());
    assert!(holds(&allows.at_least, "104.16.81.56", Protocol::TCP, 443));
    assert!(!holds(&allows.at_least, "104.16.80.200", Protocol::TCP, 443), "nomatch");
    assert!(holds(&allows.at_least, "10.0.0.1", Protocol::UDP, 53));
    let without = read(&["sets-v4/nft.save"]);
    let set = scope(&without, "filter/OUTPUT");
    assert!(!set.allows().is_exact());
    assert_eq!(
        unmodelled(set),
        BTreeSet::from(
            ["-m set ! --match-set inside dst", "-m set --match-set vendor dst"].map(str::to_owned)
        )
    );
}

#[test]
fn both_families_are_one_rule_set() {
    let both = read(&["host-v4/nft.save", "host-v6/nft.save"]);
    let output = scope(&both, "filter/OUTPUT").allows();
    for (file, peer) in [("host-v4/nft.save", "10.0.2.1"), ("host-v6/nft.save", "2606:4700::6810:5138")] {
        let alone = scope(&read(&[file]), "filter/OUTPUT").allows();
        assert!(
            holds(&output.at_least, peer, Protocol::TCP, 443)
                && holds(&alone.at_least, peer, Protocol::TCP, 443)
        );
    }
    // Unwritten defaults stay those of each family.
    let input = scope(&both, "filter/INPUT").allows();
    assert!(
        holds(&input.at_least, "2001:db8::1", Protocol::TCP, 5)
            && !holds(&input.at_most, "192.0.2.1", Protocol::TCP, 5)
    );
}

#[test]
fn a_second_table_of_one_family_is_an_error() {
    let twice = read(&["host-v4/nft.save", "host-v4/also/legacy.save"]);
    assert!(egressor::diag::any_error(&twice.findings));
}

#[test]
fn a_wrong_rule_is_an_error_at_its_line() {
    let cases = [
        "-A NOPE -j ACCEPT",
        "-A OUTPUT -j NOPE",
        "-A OUTPUT -g NOPE",
        "-A OUTPUT -j INPUT",
        "-A OUTPUT -d 10.0.0.300 -j ACCEPT",
        "-A OUTPUT -d example.com -j ACCEPT",
        "-A OUTPUT -d 10.0.0.0/33 -j ACCEPT",
        "-A OUTPUT -d 010.0.0.1 -j ACCEPT",
        "-A OUTPUT -d 2001:db8::1 -j ACCEPT",
        "-A OUTPUT -d ! 10.0.0.1 -j ACCEPT",
        "-A OUTPUT ! -d 10.0.0.1,10.0.0.2 -j ACCEPT",
        "-A OUTPUT -d 10.0.0.1 -d 10.0.0.2 -j ACCEPT",
        "-A OUTPUT -p tcp --dport 65536 -j ACCEPT",
        "-A OUTPUT -p tcp --dport 90:80 -j ACCEPT",
        "-A OUTPUT -p tcp --dport 80,443 -j ACCEPT",
        "-A OUTPUT -p tcp --dports 80,443 -j ACCEPT",
        "-A OUTPUT -p tcp -m multiport --dports 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16 -j ACCEPT",
        "-A OUTPUT -m multiport --dports 80 -j ACCEPT",
        "-A OUTPUT --dport 80 -j ACCEPT",
        "-A OUTPUT ! -p tcp --dport 80 -j ACCEPT",
        "-A OUTPUT -p gre --dport 80 -j ACCEPT",
        "-A OUTPUT -p tpc -j ACCEPT",
        "-A OUTPUT -p 256 -j ACCEPT",
        "-A OUTPUT ! -p all -j ACCEPT",
        "-A OUTPUT -p udp -m tcp --dport 80 -j ACCEPT",
        "-A OUTPUT -p tcp --icmp-type 8 -j ACCEPT",
        "-A OUTPUT -p icmp --icmp-type nonsense -j ACCEPT",
        "-A OUTPUT -p udp --syn -j ACCEPT",
        "-A OUTPUT -m conntrack --ctstate FRESH -j ACCEPT",
        "-A OUTPUT -m iprange --dst-range 10.0.0.9-10.0.0.1 -j ACCEPT",
        "-A OUTPUT -i eth0 -j ACCEPT",
        "-A OUTPUT -j",
        "-A OUTPUT -j ACCEPT -j DROP",
        "-A OUTPUT --what -j ACCEPT",
        "-A OUTPUT -m comment --comment \"abc -j ACCEPT",
        "-A OUTPUT what -j ACCEPT",
        "-A OUTPUT ! ! -d 10.0.0.1 -j ACCEPT",
        "-A OUTPUT -d 10.0.0.1 ! -j ACCEPT",
        "-A OUTPUT -j ACCEPT --reject-with tcp-reset",
        ":OUTPUT DROP [0:0]",
        ":INPUT REJECT [0:0]",
        ":MINE DROP [0:0]",
        ":a-name-that-is-far-too-long-for-it - [0:0]",
        "-D OUTPUT 1",
        " # indented",
    ];
    for case in cases {
        let read = text(&format!(
            "# Generated by iptables-save\n*filter\n:OUTPUT DROP [0:0]\n:LOG_IT - [0:0]\n{case}\nCOMMIT\n"
        ));
        let error = read.findings.iter().find(|finding| finding.is_error());
        let place = error
            .and_then(|error| error.place.as_ref())
            .unwrap_or_else(|| panic!("{case}: {:?}", read.findings));
        assert_eq!(place.source.line_column(place.span.start).0, 5, "{case}");
        let allows = scope(&read, "filter/OUTPUT").allows();
        assert_eq!(allows.at_most, PacketSet::default(), "{case} allows nothing");
    }
}

#[test]
fn a_circle_of_jumps_is_an_error_even_where_nothing_enters_it() {
    for (a, b) in [("-j B", "-j A"), ("-g B", "-g A"), ("-s 10.0.0.1 -j A", "-j ACCEPT")] {
        let read = text(&format!(
            "*filter\n:OUTPUT DROP [0:0]\n:A - [0:0]\n:B - [0:0]\n-A A {a}\n-A B {b}\nCOMMIT\n"
        ));
        assert!(read.findings.iter().any(|finding| finding.message.contains("circle")), "{a} {b}");
    }
}

#[test]
fn chains_that_double_at_every_step_are_read_at_once() {
    let mut rules = String::from("*filter\n:OUTPUT DROP [0:0]\n");
    for chain in 0..60 {
        writeln!(rules, ":C{chain} - [0:0]").unwrap();
    }
    rules.push_str("-A OUTPUT -j C0\n");
    for chain in 0..59 {
        let (dports, next) = (chain * 100, chain + 1);
        writeln!(
            rules,
            "-A C{chain} -j C{next}\n-A C{chain} -p tcp --dport {dports} -j C{next}\n-A C{chain} -j C{next}"
        )
        .unwrap();
    }
    rules.push_str("-A C59 -p tcp --dport 443 -j ACCEPT\nCOMMIT\n");
    let read = text(&rules);
    assert!(!egressor::diag::any_error(&read.findings), "{:?}", read.findings);
    let rows = scope(&read, "filter/OUTPUT").allows().at_least.rows();
    assert!(
        matches!(rows.as_slice(), [Row { transport: TransportRow::Ports(Protocol::TCP, _), .. }]),
        "{rows:?}"
    );
}

#[test]
fn rules_that_unfold_without_end_are_refused() {
    let mut rules = String::from("*filter\n:OUTPUT DROP [0:0]\n");
    for bit in 0..32 {
        writeln!(rules, ":B{bit} - [0:0]").unwrap();
    }
    rules.push_str("-A OUTPUT -j B0\n");
    for bit in 0..31 {
        let mask = std::net::Ipv4Addr::from_bits(1 << (31 - bit));
        writeln!(
            rules,
            "-A B{bit} -d {mask}/{mask} -j B{n}\n-A B{bit} -d 0.0.0.0/{mask} -j B{n}",
            n = bit + 1
        )
        .unwrap();
    }
    rules.push_str("-A B31 -p tcp -j ACCEPT\nCOMMIT\n");
    let started = std::time::Instant::now();
    let read = text(&rules);
    assert!(read.findings.iter().any(|finding| finding.is_error() && finding.message.contains("unfold")));
    assert!(started.elapsed().as_secs() < 30, "bounded");
}

#[test]
fn a_file_that_says_nothing_of_a_direction_makes_no_scope() {
    let scopes = |rules: &str| -> BTreeSet<String> {
        text(&format!("*filter\n{rules}COMMIT\n"))
            .policy
            .sets
            .iter()
            .map(|set| set.scope.name.clone())
            .collect()
    };
    let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<String>>();
    assert_eq!(scopes(":OUTPUT DROP [0:0]\n"), named(&["filter/OUTPUT"]));
    assert_eq!(
        scopes(":OUTPUT DROP [0:0]\n:INPUT ACCEPT [0:0]\n"),
        named(&["filter/OUTPUT", "filter/INPUT"])
    );
    assert_eq!(scopes("-A INPUT -j ACCEPT\n"), named(&["filter/INPUT"]));
    assert_eq!(scopes(":MINE - [0:0]\n-A MINE -j ACCEPT\n"), named(&[]));
}

#[test]
fn a_policy_that_the_file_leaves_open_makes_bounds() {
    let read = text("*filter\n-A OUTPUT -d 10.0.0.1 -j ACCEPT\n-A OUTPUT -d 10.0.0.2 -j DROP\nCOMMIT\n");
    let allows = scope(&read, "filter/OUTPUT").allows();
    assert!(
        holds(&allows.at_least, "10.0.0.1", Protocol::TCP, 1)
            && !holds(&allows.at_most, "10.0.0.2", Protocol::TCP, 1)
    );
    assert!(
        !holds(&allows.at_least, "10.0.0.3", Protocol::TCP, 1)
            && holds(&allows.at_most, "10.0.0.3", Protocol::TCP, 1)
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_damage_to_a_file_makes_a_reader_panic(
        file in prop::sample::select(vec!["host-v4/also/written.rules", "host-v6/also/nft-counters.save", "sets-v4/also/written.rules", "sets-v4/sets.ipset"]),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..12, "[ -~\n!é\"\\\\]{0,6}"), 1..6),
    ) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/iptables-save").join(file);
        let mut chars: Vec<char> = std::fs::read_to_string(path).unwrap().chars().collect();
        for (place, drop, insert) in cuts {
            let from = place.index(chars.len().max(1)).min(chars.len());
            let to = from.saturating_add(drop).min(chars.len());
            chars.splice(from..to, insert.chars());
        }
        let source = Arc::new(Source::new("damaged", chars.into_iter().collect::<String>()));
        for name in ["iptables-save", "iptables-commands"] {
            let read = importer(name).import(&[Arc::clone(&source)]);
            for set in &read.policy.sets {
                let allows = set.allows();
                prop_assert!(egressor::packet::Set::is_subset(&allows.at_least, &allows.at_most));
            }
            for finding in read.findings {
                let inside = finding.place.is_none_or(|place| place.source.clamp_span(place.span) == place.span);
                prop_assert!(inside, "{} points outside of the text", finding.message);
            }
        }
    }
}

fn script(lines: &str) -> Imported {
    let source = Arc::new(Source::new("rules.sh", lines));
    assert!(
        importer("iptables-commands").recognizes(&source) && !importer("iptables-save").recognizes(&source)
    );
    importer("iptables-commands").import(&[source])
}

#[test]
fn a_script_of_commands_means_what_it_leaves_behind() {
    let read = script(
        "#!/bin/sh\nsysctl -w net.ipv4.ip_forward=0\niptables -F\nsudo /sbin/iptables -P OUTPUT DROP\n\
         iptables -w 5 -N mine\niptables -A OUTPUT -j mine\niptables -t nat -F\n\
         iptables -A mine -d 10.0.0.1 -p tcp \\\n  --dport 443 -m comment --comment 'it is; \"this\"' -j ACCEPT # why\n\
         iptables -I OUTPUT -d 10.0.0.2 -j ACCEPT\niptables -I OUTPUT 2 -d 10.0.0.1 -p udp -j ACCEPT\nip6tables -P OUTPUT DROP\n",
    );
    assert!(!egressor::diag::any_error(&read.findings), "{:?}", read.findings);
    let saved = text(
        "*filter\n:OUTPUT DROP [0:0]\n:mine - [0:0]\n-A OUTPUT -d 10.0.0.2 -j ACCEPT\n-A OUTPUT -d 10.0.0.1 -p udp -j ACCEPT\n\
         -A OUTPUT -j mine\n-A mine -d 10.0.0.1 -p tcp --dport 443 -j ACCEPT\nCOMMIT\n",
    );
    assert_eq!(scope(&read, "filter/OUTPUT").allows(), scope(&saved, "filter/OUTPUT").allows());
}

#[test]
fn what_a_shell_decides_is_an_error() {
    for line in [
        "iptables -A OUTPUT -d $HOST -j ACCEPT",
        "for h in a b; do iptables -A OUTPUT -d $h -j ACCEPT; done",
        "iptables -A OUTPUT -j ACCEPT || true",
        "iptables-restore < rules",
        "iptables -D OUTPUT -j ACCEPT",
        "$IPTABLES -A OUTPUT -j ACCEPT",
    ] {
        let read = script(&format!("iptables -P OUTPUT DROP\n{line}\n"));
        assert!(egressor::diag::any_error(&read.findings), "{line}: {:?}", read.findings);
    }
}

/// What was read, less the text itself: rules with their places, and findings with theirs.
fn told(read: &Imported) -> Vec<String> {
    let place = |origin: &Origin| match origin {
        Origin::File(place) => format!("{:?}", place.span),
        Origin::Endpoint(_) | Origin::Implied(_) | Origin::System(_) => format!("{origin:?}"),
    };
    let rules = read.policy.sets.iter().flat_map(|set| {
        let head = format!("{} {:?} {:?}", set.scope, set.default, set.universe);
        let rule = |rule: &Rule| {
            let Rule { action, matches, traffic, unmodelled, origin } = rule;
            format!("{action:?} {matches:?} {traffic:?} {unmodelled:?} {}", place(origin))
        };
        std::iter::once(head).chain(set.rules.iter().map(rule))
    });
    let findings = read.findings.iter().map(|finding| {
        let span = finding.place.as_ref().map(|place| place.span);
        format!("{:?} {:?} {} {:?} {span:?}", finding.code, finding.severity, finding.message, finding.help)
    });
    rules.chain(findings).collect()
}

/// Lines that differ from one in a byte.
fn damaged(line: &str, seed: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for (at, byte) in
        line.bytes().enumerate().filter(|(at, byte)| (at * 7 + seed).is_multiple_of(23) && byte.is_ascii())
    {
        let (before, rest) = line.split_at(at);
        let behind = &rest[1..];
        let other =
            [b' ', b'"', b'!', b'/', b'.', b'0', b'9', b'-', b'\\', b'\t', b'x', b':'][(at + seed) % 12];
        lines.push(format!("{before}{behind}"));
        lines.push(format!("{before}{}{rest}", char::from(byte)));
        lines.push(format!("{before}{}{behind}", char::from(other)));
    }
    lines
}

#[test]
fn a_line_read_by_the_form_of_another_says_what_it_says_alone() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/iptables-save");
    let mut rules = 0_usize;
    let cases = std::fs::read_dir(folder).unwrap().map(|case| case.unwrap().path());
    for case in cases.filter(|case| case.is_dir()) {
        let files = std::fs::read_dir(&case).unwrap().map(|file| file.unwrap().path());
        for file in files.filter(|file| file.extension().is_some_and(|kind| kind == "save")) {
            let Ok(dump) = std::fs::read_to_string(&file) else { continue };
            let mut lines = Vec::new();
            let mut table = "";
            for line in dump.lines() {
                table = line.strip_prefix('*').unwrap_or(table);
                // What takes packets out of a chain splits all that follows, time and again where it stands often.
                let splits = line.contains("RETURN") || line.contains(" -g ");
                let is_rule = table == "filter" && line.starts_with("-A ") && !splits;
                if is_rule {
                    rules += 1;
                    for other in damaged(line, rules) {
                        // A command that is no rule makes the reader forget the forms; a comment as long does not.
                        lines.extend([MARK.to_owned(), line.to_owned(), MARK.to_owned(), other]);
                    }
                }
                lines.push(line.to_owned());
            }
            let dump = lines.join("\n") + "\n";
            let by_form = text(&dump.replace(MARK, "#Z"));
            let alone = text(&dump.replace(MARK, "-Z"));
            assert_eq!(told(&by_form), told(&alone), "{}", file.display());
        }
    }
    assert!(rules > 100, "{rules} rules");
}

/// Stands for a line of two bytes.
const MARK: &str = "\u{1}MARK\u{1}";
