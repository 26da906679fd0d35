//! Each way in which a lookup can end.

use crate::server::{Question, Reply, Running, address, alias, serve};
use egressor::packet::Hostname;
use egressor::resolve::{Ask, DnsOptions, Lookup, Outcome, Server, Validation, resolve};
use hickory_server::proto::op::ResponseCode;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

/// Patient, because a busy machine may take its time over an answer that does come.
pub(crate) fn options(servers: &[&Running]) -> DnsOptions {
    DnsOptions {
        servers: servers.iter().map(|running| Server::plain(running.addr)).collect(),
        timeout: Duration::from_secs(10),
        attempts: 1,
        ..DnsOptions::default()
    }
}

/// For servers that never answer.
fn impatient(server: SocketAddr) -> DnsOptions {
    DnsOptions { servers: vec![Server::plain(server)], timeout: Duration::from_millis(250), ..options(&[]) }
}

pub(crate) fn host(text: &str) -> Hostname {
    text.parse().expect(text)
}

fn look_up(server: &Running, name: &str) -> Lookup {
    look_up_with(&options(&[server]), name)
}

fn look_up_with(options: &DnsOptions, name: &str) -> Lookup {
    let mut lookups = resolve([host(name)], options, |_, _| {}).expect("servers are given");
    assert_eq!(lookups.len(), 1);
    lookups.pop().expect("one lookup for one name")
}

fn addresses(lookup: &Lookup) -> Vec<String> {
    lookup
        .a
        .addresses
        .addresses()
        .chain(lookup.aaaa.addresses.addresses())
        .map(|addr| addr.to_string())
        .collect()
}

/// Answers IPv4 questions with the closure, and says of IPv6 that there is nothing.
fn v4(reply: impl Fn(&Question) -> Reply + Send + Sync + 'static) -> Running {
    serve(move |question| if question.v6 { Reply::nothing() } else { reply(question) })
}

#[test]
fn both_families_are_asked_for_and_all_addresses_come_back() {
    let server = serve(|question| {
        let addrs: &[&str] = if question.v6 { &["2600::2", "2600::1"] } else { &["8.8.8.8", "1.1.1.1"] };
        Reply::answers(addrs.iter().map(|addr| address(&question.name, 300, addr)).collect())
    });
    let lookup = look_up(&server, "many.test");
    assert_eq!((lookup.a.outcome, lookup.aaaa.outcome), (Outcome::Answer, Outcome::Answer));
    assert_eq!(addresses(&lookup), ["1.1.1.1", "8.8.8.8", "2600::1", "2600::2"]);
    assert_eq!(lookup.a.ttl, Some(300));
    let by: Vec<_> = lookup.a.addresses.iter().flat_map(|(_, by)| by.iter().cloned()).collect();
    assert_eq!(by, [server.addr.to_string(), server.addr.to_string()]);
}

#[test]
fn an_alias_chain_is_kept_whole_with_its_least_ttl_and_foreign_records_are_not() {
    let server = v4(|_| {
        Reply::answers(vec![
            address("end.test.", 200, "8.8.8.8"),
            alias("second.test.", 30, "end.test."),
            alias("first.test.", 400, "second.test."),
            address("stranger.test.", 1, "6.6.6.6"),
        ])
    });
    let lookup = look_up(&server, "first.test");
    assert_eq!(addresses(&lookup), ["8.8.8.8"]);
    assert_eq!(lookup.a.cname, [host("second.test"), host("end.test")]);
    assert_eq!(lookup.a.ttl, Some(30));
}

#[test]
fn an_alias_that_the_server_does_not_follow_is_followed_here() {
    let server = v4(|question| match question.name.as_str() {
        "first.test." => Reply::answers(vec![alias("first.test.", 60, "Other.TEST.")]),
        "other.test." => Reply::answers(vec![address("other.test.", 90, "8.8.8.8")]),
        _ => Reply::code(ResponseCode::NXDomain),
    });
    let lookup = look_up(&server, "first.test");
    assert_eq!(addresses(&lookup), ["8.8.8.8"]);
    assert_eq!((lookup.a.cname, lookup.a.ttl), (vec![host("other.test")], Some(60)));
}

#[test]
fn a_cut_answer_is_never_used_and_comes_whole_over_tcp() {
    let server = v4(|question| {
        let count = if question.tcp { 200 } else { 5 };
        let answers =
            (0..count).map(|at| address("big.test.", 60, &format!("8.8.{}.{}", at / 100, at % 100)));
        Reply::Says {
            code: ResponseCode::NoError,
            cut: !question.tcp,
            answers: answers.collect(),
            authorities: Vec::new(),
        }
    });
    let lookup = look_up(&server, "big.test");
    assert_eq!((lookup.a.outcome, lookup.a.addresses.len()), (Outcome::Answer, 200));
    assert!(server.questions().iter().any(|question| question.tcp));
}

#[test]
fn an_answer_that_stays_cut_over_tcp_is_truncated() {
    let server = v4(|_| Reply::Says {
        code: ResponseCode::NoError,
        cut: true,
        answers: vec![address("big.test.", 60, "8.8.8.8")],
        authorities: Vec::new(),
    });
    let lookup = look_up(&server, "big.test");
    assert_eq!((lookup.a.outcome, lookup.a.addresses.len()), (Outcome::Truncated, 0));
}

#[test]
fn each_way_to_have_no_addresses_is_told_apart() {
    let cases: [(fn() -> Reply, Outcome); 6] = [
        (|| Reply::code(ResponseCode::NXDomain), Outcome::NxDomain),
        (Reply::nothing, Outcome::NoData),
        (|| Reply::code(ResponseCode::ServFail), Outcome::ServFail),
        (|| Reply::code(ResponseCode::Refused), Outcome::Refused),
        (Reply::referral, Outcome::Refused),
        (|| Reply::code(ResponseCode::FormErr), Outcome::ServFail),
    ];
    for (reply, outcome) in cases {
        let lookup = look_up(&v4(move |_| reply()), "x.test");
        assert_eq!(lookup.a.outcome, outcome);
        assert_eq!(lookup.aaaa.outcome, Outcome::NoData);
        assert!(addresses(&lookup).is_empty());
    }
}

#[test]
fn silence_is_a_timeout_after_udp_and_tcp_were_tried() {
    let server = serve(|_| Reply::Silence);
    let lookup = look_up_with(&impatient(server.addr), "silent.test");
    assert_eq!((lookup.a.outcome, lookup.aaaa.outcome), (Outcome::Timeout, Outcome::Timeout));
    for tcp in [false, true] {
        assert_eq!(server.questions().iter().filter(|question| question.tcp == tcp).count(), 2);
    }
}

#[test]
fn a_server_that_is_not_there_is_a_timeout() {
    let closed =
        std::net::UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port");
    assert_eq!(look_up_with(&impatient(closed), "x.test").a.outcome, Outcome::Timeout);
}

#[test]
fn the_deadline_ends_all_lookups() {
    let server = serve(|_| Reply::Silence);
    let options = DnsOptions {
        timeout: Duration::from_secs(20),
        deadline: Duration::from_millis(200),
        ..options(&[&server])
    };
    let before = Instant::now();
    let names = (0..100).map(|at| host(&format!("h{at}.test")));
    let lookups = resolve(names, &options, |_, _| {}).expect("servers are given");
    assert!(before.elapsed() < Duration::from_secs(5));
    assert_eq!(lookups.len(), 100);
    assert!(lookups.iter().all(|lookup| lookup.a.outcome == Outcome::Timeout));
}

#[test]
fn aliases_that_lead_in_a_circle_are_found_in_one_message_and_over_several() {
    let in_one =
        v4(|_| Reply::answers(vec![alias("a.test.", 60, "b.test."), alias("b.test.", 60, "a.test.")]));
    assert_eq!(look_up(&in_one, "a.test").a.outcome, Outcome::CnameLoop);
    let over_several = v4(|question| {
        let target = if question.name == "a.test." { "b.test." } else { "a.test." };
        Reply::answers(vec![alias(&question.name, 60, target)])
    });
    assert_eq!(look_up(&over_several, "a.test").a.outcome, Outcome::CnameLoop);
    let endless = v4(|question| {
        let target = format!("x{}", question.name);
        Reply::answers(vec![alias(&question.name, 60, &target)])
    });
    assert_eq!(look_up(&endless, "a.test").a.outcome, Outcome::CnameLoop);
    let itself = v4(|_| Reply::answers(vec![alias("a.test.", 60, "a.test.")]));
    assert_eq!(look_up(&itself, "a.test").a.outcome, Outcome::CnameLoop);
}

#[test]
fn an_alias_of_a_name_that_does_not_exist_is_dangling() {
    let server = v4(|question| {
        let answers =
            if question.name == "a.test." { vec![alias("a.test.", 60, "gone.test.")] } else { Vec::new() };
        Reply::Says { code: ResponseCode::NXDomain, cut: false, answers, authorities: Vec::new() }
    });
    let lookup = look_up(&server, "a.test");
    assert_eq!((lookup.a.outcome, lookup.a.cname), (Outcome::DanglingCname, vec![host("gone.test")]));
}

#[test]
fn an_alias_of_something_that_is_no_host_name_is_not_believed() {
    let server = v4(|_| Reply::answers(vec![alias("a.test.", 60, "*.b.test.")]));
    assert_eq!(look_up(&server, "a.test").a.outcome, Outcome::Bogus);
}

#[test]
fn one_family_may_fail_while_the_other_answers() {
    let server = serve(|question| {
        if question.v6 {
            Reply::code(ResponseCode::ServFail)
        } else {
            Reply::answers(vec![address(&question.name, 60, "8.8.8.8")])
        }
    });
    let lookup = look_up(&server, "half.test");
    assert_eq!((lookup.a.outcome, lookup.aaaa.outcome), (Outcome::Answer, Outcome::ServFail));
}

#[test]
fn only_the_name_itself_is_ever_asked_for() {
    let server = serve(|question| {
        if question.name == "gone.test." {
            Reply::code(ResponseCode::NXDomain)
        } else {
            Reply::answers(vec![address(&question.name, 60, "6.6.6.6")])
        }
    });
    assert_eq!(look_up(&server, "gone.test").a.outcome, Outcome::NxDomain);
    assert_eq!(server.questions().len(), 2);
    assert!(server.questions().iter().all(|question| question.name == "gone.test."));
    // A name without a dot, and one that the hosts file of every machine has, go to the server too.
    assert_eq!(addresses(&look_up(&server, "printer")), ["6.6.6.6"]);
    assert_eq!(addresses(&look_up(&server, "localhost")), ["6.6.6.6"]);
}

#[test]
fn a_name_is_looked_up_once_however_often_it_is_given() {
    let server = v4(|question| Reply::answers(vec![address(&question.name, 60, "8.8.8.8")]));
    let lookups = resolve([host("x.test"), host("X.test."), host("x.test")], &options(&[&server]), |_, _| {})
        .expect("servers");
    assert_eq!((lookups.len(), server.questions().len()), (1, 2));
}

#[test]
fn many_names_are_all_answered_and_counted_and_sorted() {
    let server = v4(|question| Reply::answers(vec![address(&question.name, 60, "8.8.8.8")]));
    let mut steps = Vec::new();
    let names = (0..300).rev().map(|at| host(&format!("h{at:03}.test")));
    let lookups =
        resolve(names, &options(&[&server]), |done, total| steps.push((done, total))).expect("servers");
    assert!(lookups.iter().all(|lookup| lookup.a.outcome == Outcome::Answer));
    assert!(lookups.is_sorted_by_key(|lookup| lookup.name.clone()));
    // While none ends, the same is told again.
    steps.dedup();
    let told: Vec<usize> = steps.iter().map(|(done, _)| *done).filter(|done| *done > 0).collect();
    assert_eq!((lookups.len(), told), (300, (1..=600).collect()));
    assert!(steps.iter().all(|(_, total)| *total == 600));
}

#[test]
fn the_next_server_is_asked_when_one_fails_but_not_when_one_knows() {
    let broken = serve(|_| Reply::code(ResponseCode::ServFail));
    let knows = v4(|question| Reply::answers(vec![address(&question.name, 60, "8.8.8.8")]));
    assert_eq!(addresses(&look_up_with(&options(&[&broken, &knows]), "x.test")), ["8.8.8.8"]);
    let unasked = serve(|_| Reply::code(ResponseCode::ServFail));
    look_up_with(&options(&[&knows, &unasked]), "x.test");
    assert!(unasked.questions().is_empty());
}

#[test]
fn a_name_that_one_server_denies_and_another_could_not_look_up_is_not_called_gone() {
    let denies = serve(|_| Reply::code(ResponseCode::NXDomain));
    let fails = serve(|_| Reply::code(ResponseCode::ServFail));
    let every = DnsOptions { ask: Ask::Every, ..options(&[&denies, &fails]) };
    assert_eq!(look_up_with(&every, "x.test").a.outcome, Outcome::ServFail);
}

#[test]
fn every_servers_addresses_are_united_each_with_who_gave_it() {
    let one =
        v4(|_| Reply::answers(vec![address("x.test.", 60, "8.8.8.8"), address("x.test.", 60, "1.1.1.1")]));
    let two =
        v4(|_| Reply::answers(vec![address("x.test.", 20, "8.8.8.8"), address("x.test.", 20, "9.9.9.9")]));
    let every = DnsOptions { ask: Ask::Every, ..options(&[&one, &two]) };
    let lookup = look_up_with(&every, "x.test");
    let counts: Vec<_> = lookup.a.addresses.iter().map(|(addr, by)| (addr.to_string(), by.len())).collect();
    assert_eq!(counts, [("1.1.1.1".into(), 1), ("8.8.8.8".into(), 2), ("9.9.9.9".into(), 1)]);
    assert_eq!(lookup.a.ttl, Some(20));
}

#[test]
fn rounds_gather_what_rotating_answers_show_one_at_a_time() {
    let next = AtomicU8::new(0);
    let server = v4(move |_| {
        let turn = next.fetch_add(1, Ordering::SeqCst) % 3;
        Reply::answers(vec![address("x.test.", 1, &format!("8.8.8.{turn}"))])
    });
    let rounds = DnsOptions { rounds: 3.try_into().expect("not zero"), ..options(&[&server]) };
    assert_eq!(addresses(&look_up_with(&rounds, "x.test")), ["8.8.8.0", "8.8.8.1", "8.8.8.2"]);
}

#[cfg(not(feature = "dnssec"))]
#[test]
fn validation_that_was_not_built_in_is_never_silently_left_away() {
    let server = v4(|question| Reply::answers(vec![address(&question.name, 60, "8.8.8.8")]));
    let validating = DnsOptions { dnssec: Validation::Prefer, ..options(&[&server]) };
    let error = resolve([host("x.test")], &validating, |_, _| {}).expect_err("it is not built in");
    assert!(error.to_string().contains("feature `dnssec`"));
    assert!(server.questions().is_empty());
}

#[cfg(feature = "dnssec")]
#[test]
fn an_answer_that_nobody_signed_is_bogus_and_costs_few_questions() {
    let server = v4(|question| Reply::answers(vec![address(&question.name, 60, "8.8.8.8")]));
    let validating = DnsOptions { dnssec: Validation::Prefer, ..options(&[&server]) };
    assert_eq!(look_up_with(&validating, "x.test").a.outcome, Outcome::Bogus);
    assert!(server.questions().len() < 40, "{}", server.questions().len());
}
