//! Hostile names and data in answers: what is no host name is not followed, no data of another kind is read, and no text
//! of a server moves a cursor or stands in a lockfile or a rule.

use crate::command::{egressor, lock, stderr, stdout};
use crate::dns::{host, options};
use crate::hostile_texts::{HOSTILE, long};
use crate::server::{Reply, Running, address, name, serve};
use egressor::diag::Source;
use egressor::packet::Hostname;
use egressor::resolve::{Lockfile, Outcome, resolve};
use hickory_server::proto::rr::rdata::{CNAME, NULL, TXT};
use hickory_server::proto::rr::{Name, RData, Record};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// Labels of bytes that no host name has, and some that look as if it could.
fn labels() -> Vec<Vec<u8>> {
    let texts = HOSTILE.iter().map(ToString::to_string).chain(long());
    let texts = texts.map(|text| text.into_bytes().into_iter().take(63).collect());
    let raw: [&[u8]; 10] = [
        b"a.b",
        b"*",
        b"_x",
        b"-a",
        b"a-",
        b"xn--",
        b"\xff\xfe",
        b"a\0b",
        b"\x1b[2J",
        b"\"]\n[[host]]\nname = \"x",
    ];
    let all: BTreeSet<Vec<u8>> = texts.chain(raw.map(<[u8]>::to_vec)).collect();
    all.into_iter().filter(|label| !label.is_empty()).collect()
}

/// A name below `test.` that begins with a label of any bytes.
fn odd(label: &[u8]) -> Name {
    Name::from_labels([label, b"test"]).expect("a label of up to 63 bytes")
}

/// An alias for a name, and an address of what it stands for.
fn odd_alias(owner: &str, label: &[u8]) -> Vec<Record> {
    let mut end = address("x.test.", 60, "203.0.114.66");
    end.name = odd(label);
    vec![Record::from_rdata(name(owner), 60, RData::CNAME(CNAME(odd(label)))), end]
}

/// The number behind the first letter of a name.
fn number(name: &str) -> usize {
    name[1..].split('.').next().and_then(|number| number.parse().ok()).expect("a number")
}

#[test]
fn an_alias_to_a_name_that_is_no_host_is_bogus() {
    let labels = Arc::new(labels());
    let known = Arc::clone(&labels);
    let server = serve(move |question| {
        if question.v6 {
            Reply::nothing()
        } else {
            Reply::answers(odd_alias(&question.name, &known[number(&question.name)]))
        }
    });
    let names = (0..labels.len()).map(|at| host(&format!("h{at}.test")));
    let lookups = resolve(names, &options(&[&server]), |_, _| {}).expect("servers are given");
    let mut refused = 0;
    for lookup in &lookups {
        let label = &labels[number(&lookup.name.to_string())];
        let is_host = std::str::from_utf8(label).is_ok_and(|text| {
            text.is_ascii() && !text.contains('.') && format!("{text}.test").parse::<Hostname>().is_ok()
        });
        let expected = if is_host { Outcome::Answer } else { Outcome::Bogus };
        assert_eq!(lookup.a.outcome, expected, "{:?}", String::from_utf8_lossy(label));
        assert_eq!(lookup.a.addresses.addresses().count(), usize::from(is_host));
        refused += usize::from(!is_host);
    }
    assert!(refused > 150, "{refused} of {} labels are refused", labels.len());
}

#[test]
fn records_of_other_kinds_and_owners_beside_the_answer_are_not_read() {
    let labels = Arc::new(labels());
    let known = Arc::clone(&labels);
    let server = serve(move |question| {
        let label = &known[number(&question.name)];
        let mut foreign = address("x.test.", 60, if question.v6 { "2600::66" } else { "203.0.114.66" });
        foreign.name = odd(label);
        let owner = || name(&question.name);
        let data = |data: RData| Record::from_rdata(owner(), 60, data);
        Reply::answers(vec![
            data(RData::TXT(TXT::from_bytes(vec![label]))),
            data(RData::NULL(NULL::with(label.clone()))),
            foreign,
            address(&question.name, 60, if question.v6 { "2600::1" } else { "8.8.8.8" }),
        ])
    });
    let names = (0..labels.len()).map(|at| host(&format!("h{at}.test")));
    for lookup in resolve(names, &options(&[&server]), |_, _| {}).expect("servers are given") {
        let label = &labels[number(&lookup.name.to_string())];
        let all: Vec<String> = [&lookup.a, &lookup.aaaa]
            .iter()
            .flat_map(|answer| answer.addresses.addresses())
            .map(|addr| addr.to_string())
            .collect();
        assert_eq!(all, ["8.8.8.8", "2600::1"], "{:?}", String::from_utf8_lossy(label));
    }
}

/// The lines of what is generated for two targets that say something, by a lockfile.
fn rules(folder: &Path) -> BTreeSet<String> {
    let run = egressor(folder, &["generate", "--region", "us", "-t", "iptables", "--out", "-", "-q"]);
    stdout(&run).lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

fn locked(folder: &Path) -> Lockfile {
    let text = std::fs::read_to_string(folder.join("egressor.lock")).expect("the lock");
    Lockfile::parse(&Arc::new(Source::new("egressor.lock", text))).expect("it parses")
}

#[test]
fn no_alias_of_any_bytes_changes_a_lockfile_a_rule_or_a_terminal() {
    let plain = |question: &crate::server::Question| {
        if question.v6 {
            Reply::nothing()
        } else {
            Reply::answers(vec![address(&question.name, 60, "203.0.114.20")])
        }
    };
    let server = serve(plain);
    let home = tempfile::tempdir().expect("a folder");
    assert_eq!(crate::command::code(&lock(home.path(), &server, &[])), 0);
    let (all, whole) = (locked(home.path()), rules(home.path()));
    let hosts: Vec<String> = all.hosts().map(|host| format!("{}.", host.name())).collect();
    // One name keeps its address, so that there is always something to write.
    let odd_hosts = hosts[1..].to_vec();
    for (at, some) in labels().chunks(odd_hosts.len()).enumerate() {
        let (some, names) = (some.to_vec(), odd_hosts.clone());
        let server: Running = serve(move |question| {
            let label = names.iter().position(|name| *name == question.name).and_then(|at| some.get(at));
            match label {
                Some(label) if !question.v6 => Reply::answers(odd_alias(&question.name, label)),
                Some(_) | None => plain(question),
            }
        });
        let folder = tempfile::tempdir().expect("a folder");
        let run = lock(folder.path(), &server, &["-v"]);
        let said = format!("{}{}", stdout(&run), stderr(&run));
        let moves = said.chars().find(|char| char.is_control() && *char != '\n');
        assert_eq!(moves, None, "batch {at}: {said:?}");
        let lock = locked(folder.path());
        for host in lock.hosts() {
            assert!(all.host(host.name()).is_some(), "batch {at}: {} was invented", host.name());
            let foreign = host.cname().is_empty()
                && host
                    .addresses()
                    .iter()
                    .any(|address| address.prefix.to_string().starts_with("203.0.114.66"));
            assert!(!foreign, "batch {at}: {} has an address of nowhere", host.name());
        }
        let strange: Vec<String> = rules(folder.path()).difference(&whole).cloned().collect();
        let strange: Vec<&String> = strange.iter().filter(|line| !line.contains("203.0.114.66/32")).collect();
        assert!(strange.is_empty(), "batch {at}: {strange:?}");
    }
}
