//! Every flag of `egressor lock`, by what reaches the server and what reaches the lockfile.

use crate::command::{code, egressor, fixed, lock, stderr, stdout, text};
use crate::server::{Reply, Running, address, serve};
use std::path::Path;
use std::process::Output;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Looks up one host.
fn one(folder: &Path, servers: &[&Running], more: &[&str]) -> Output {
    let resolvers: Vec<String> = servers.iter().map(|server| server.addr.to_string()).collect();
    let mut arguments = vec!["lock", "--region", "us", "--only", "github.com", "--timeout", "10s"];
    arguments.extend(resolvers.iter().flat_map(|resolver| ["--resolver", resolver]));
    arguments.extend_from_slice(more);
    egressor(folder, &arguments)
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn has(output: &Output, exit: i32, says: &str) {
    assert_eq!(code(output), exit, "{}", stderr(output));
    assert!(stderr(output).contains(says), "{says} is not said:\n{}", stderr(output));
}

#[test]
fn several_resolvers_are_all_heard_and_those_of_a_failover_one_after_the_other() {
    let (folder, first, second) = (folder(), fixed(&["8.8.8.8"]), fixed(&["8.8.8.8", "8.8.4.4"]));
    assert_eq!(code(&one(folder.path(), &[&first, &second], &[])), 0);
    let both = format!("resolver = [\"{}\", \"{}\"]", first.addr, second.addr);
    let turned = format!("resolver = [\"{}\", \"{}\"]", second.addr, first.addr);
    let lock = text(folder.path());
    assert!(lock.contains("8.8.4.4") && (lock.contains(&both) || lock.contains(&turned)), "{lock}");
    let asked = second.questions().len();
    assert_eq!(code(&one(folder.path(), &[&first, &second], &["--failover"])), 0);
    assert_eq!(second.questions().len(), asked);
}

#[test]
fn resolvers_that_have_nothing_in_common_are_told_and_a_quorum_takes_neither() {
    let folder = folder();
    let (first, second) = (fixed(&["8.8.8.8", "9.9.9.9"]), fixed(&["1.1.1.1"]));
    let united = one(folder.path(), &[&first, &second], &[]);
    has(&united, 0, "dns/disagreement");
    assert!(text(folder.path()).contains("1.1.1.1"));
    // With a quorum nothing is known of the name, and what was known stays.
    let disputed = one(folder.path(), &[&first, &second], &["--quorum", "2"]);
    has(&disputed, 2, "fewer than 2 resolvers gave `1.1.1.1`, `8.8.8.8`, `9.9.9.9`");
    let lock = text(folder.path());
    assert!(
        lock.contains("a = \"disputed\"") && lock.contains("1.1.1.1") && lock.contains("8.8.8.8"),
        "{lock}"
    );
    // What both give is taken, and the rest is left out.
    let third = fixed(&["8.8.8.8", "7.7.7.7"]);
    let other = tempfile::tempdir().expect("a folder");
    let agreed = one(other.path(), &[&first, &third], &["--quorum", "2"]);
    has(&agreed, 0, "`7.7.7.7`, `9.9.9.9`");
    let lock = text(other.path());
    assert!(lock.contains("8.8.8.8") && !lock.contains("9.9.9.9") && !lock.contains("7.7.7.7"), "{lock}");
}

#[test]
fn a_quorum_without_enough_resolvers_is_refused() {
    let (folder, server) = (folder(), fixed(&["8.8.8.8"]));
    has(&one(folder.path(), &[&server], &["--quorum", "2"]), 2, "`--quorum 2` needs as many resolvers");
    has(&one(folder.path(), &[&server, &server], &["--quorum", "2"]), 2, "`--quorum 2`");
    let other = fixed(&["8.8.8.8"]);
    let failover = one(folder.path(), &[&server, &other], &["--quorum", "2", "--failover"]);
    has(&failover, 2, "leave `--failover` away");
    assert!(server.questions().is_empty());
}

#[test]
fn rounds_that_differ_mark_the_name_as_rotating_and_generate_warns() {
    let folder = folder();
    let turn = AtomicUsize::new(0);
    let server = serve(move |question| {
        if question.v6 {
            return Reply::nothing();
        }
        let turn = if question.name == "github.com." { turn.fetch_add(1, Ordering::SeqCst) % 2 } else { 0 };
        Reply::answers(vec![address(&question.name, 1, &format!("8.8.8.{turn}"))])
    });
    assert_eq!(code(&lock(folder.path(), &server, &["--rounds", "2", "--pause", "10ms"])), 0);
    let lock = text(folder.path());
    let github = lock.split("[[host]]").find(|host| host.contains("\"github.com\"")).expect("it is there");
    assert!(github.contains("rotating = true") && github.contains("8.8.8.0") && github.contains("8.8.8.1"));
    assert_eq!(lock.matches("rotating").count(), 1, "{lock}");
    let warned = egressor(folder.path(), &["generate", "--region", "us", "-t", "iptables", "--out", "out"]);
    let told = stderr(&warned);
    assert!(told.contains("evidence/rotating") && told.contains("`github.com` answers with other"), "{told}");
    for way_out in ["takes names (", "publishes or dedicates", "private endpoint"] {
        assert!(told.contains(way_out), "{told}");
    }
    // Nobody who writes names needs the warning.
    let squid = egressor(folder.path(), &["generate", "--region", "us", "-t", "squid", "--out", "out"]);
    assert!(!stderr(&squid).contains("evidence/rotating"), "{}", stderr(&squid));
}

#[test]
fn the_size_for_udp_is_what_the_server_hears() {
    let folder = folder();
    for (arguments, size) in [(&[][..], 1232), (&["--edns-size", "4096"][..], 4096)] {
        let server = fixed(&["8.8.8.8"]);
        assert_eq!(code(&one(folder.path(), &[&server], arguments)), 0);
        assert!(server.questions().iter().all(|question| question.payload == Some(size)), "{size}");
    }
    has(&one(folder.path(), &[], &["--edns-size", "100"]), 2, "512..=4096");
}

#[test]
fn a_silent_server_is_asked_as_often_as_the_retries_say_and_no_longer_than_the_timeout() {
    let folder = folder();
    for (retries, questions) in [("0", 4), ("2", 8)] {
        let server = serve(|_| Reply::Silence);
        let resolver = server.addr.to_string();
        let before = Instant::now();
        let silent = egressor(
            folder.path(),
            &["lock", "--region", "us", "--only", "github.com", "--resolver", &resolver]
                .into_iter()
                .chain(["--timeout", "100ms", "--retries", retries])
                .collect::<Vec<_>>(),
        );
        has(&silent, 2, "(A timeout, AAAA timeout)");
        // Both families, over UDP once and again, then once over TCP.
        assert_eq!(server.questions().len(), questions);
        assert!(before.elapsed() < Duration::from_secs(8));
    }
}

#[test]
fn the_deadline_ends_a_refresh() {
    let folder = folder();
    let server = serve(|_| Reply::Silence);
    let before = Instant::now();
    let late = lock(folder.path(), &server, &["--deadline", "300ms"]);
    has(&late, 2, "none of");
    assert!(before.elapsed() < Duration::from_secs(8));
    // A pause between rounds is time that passes too, and what the first round learnt is kept.
    let before = Instant::now();
    let paused = lock(
        folder.path(),
        &fixed(&["8.8.8.8"]),
        &["--rounds", "3", "--pause", "60s", "--deadline", "3s", "--only", "github.com"],
    );
    assert_eq!(code(&paused), 0, "{}", stderr(&paused));
    assert!(before.elapsed() < Duration::from_secs(20) && text(folder.path()).contains("8.8.8.8"));
}

#[test]
fn no_more_lookups_are_under_way_than_the_concurrency_says() {
    let folder = folder();
    // Nobody is answered, so that what was asked in the time of one answer was asked at once.
    let asked = |concurrency: &str| {
        let server = serve(|_| Reply::Silence);
        let more = ["--concurrency", concurrency, "--timeout", "2s", "--deadline", "1s", "--retries", "0"];
        has(&lock(folder.path(), &server, &more), 2, "none of");
        server.questions().len()
    };
    assert_eq!((asked("1"), asked("5")), (1, 5));
    has(&lock(folder.path(), &fixed(&["8.8.8.8"]), &["--concurrency", "0"]), 2, "1..=1024");
}

#[test]
fn an_address_stays_as_long_as_keep_says() {
    let folder = folder();
    assert_eq!(code(&one(folder.path(), &[&fixed(&["8.8.8.8"])], &[])), 0);
    let moved = fixed(&["8.8.4.4"]);
    assert_eq!(code(&one(folder.path(), &[&moved], &[])), 0);
    assert!(text(folder.path()).contains("8.8.8.8"));
    // A second must pass before an address is older than none.
    std::thread::sleep(Duration::from_millis(1_100));
    assert_eq!(code(&one(folder.path(), &[&moved], &["--keep", "0s", "-v"])), 0);
    assert!(!text(folder.path()).contains("8.8.8.8"), "{}", text(folder.path()));
    for wrong in ["14", "1w", "-1d", ""] {
        let refused = one(folder.path(), &[&moved], &[&format!("--keep={wrong}")]);
        has(&refused, 2, "a whole number and its unit");
    }
}

#[test]
fn a_change_beyond_max_change_is_held_back_with_its_addresses_until_it_is_accepted() {
    let folder = folder();
    assert_eq!(code(&one(folder.path(), &[&fixed(&["8.8.8.8", "8.8.4.4"])], &[])), 0);
    let more = fixed(&["8.8.8.8", "8.8.4.4", "8.8.1.1", "8.8.2.2"]);
    let before = text(folder.path());
    let held = one(folder.path(), &[&more], &["--max-change", "50"]);
    has(&held, 2, "lock/quarantined");
    assert_eq!(stdout(&held), "github.com, held back\n  + 8.8.1.1\n  + 8.8.2.2\n");
    let without_time =
        |text: &str| text.lines().filter(|line| !line.contains("tried")).collect::<Vec<_>>().join("\n");
    assert_eq!(without_time(&text(folder.path())), without_time(&before));
    let json = one(folder.path(), &[&more], &["--max-change", "50", "--format", "json"]);
    assert!(stdout(&json).contains("\"held_back\": true"), "{}", stdout(&json));
    let accepted = one(folder.path(), &[&more], &["--max-change", "50", "--accept", "github.com"]);
    assert_eq!((code(&accepted), stdout(&accepted).as_str()), (0, "github.com\n  + 8.8.1.1\n  + 8.8.2.2\n"));
    assert!(text(folder.path()).contains("8.8.2.2"));
    // A network where the name never was is held back whatever the share, and --accept-all takes it.
    let moved = fixed(&["9.9.9.9"]);
    has(&one(folder.path(), &[&moved], &["--max-change", "10000"]), 2, "where the name never was");
    assert_eq!(code(&one(folder.path(), &[&moved], &["--accept-all"])), 0);
    assert!(text(folder.path()).contains("9.9.9.9"));
}

#[test]
fn a_shrink_beyond_max_change_is_held_back_too() {
    let folder = folder();
    let all = ["8.8.8.1", "8.8.8.2", "8.8.8.3", "8.8.8.4", "8.8.8.5", "8.8.8.6", "8.8.8.7"];
    let many = serve(move |question| {
        let of = |addr: &&str| address(&question.name, 60, addr);
        if question.v6 { Reply::nothing() } else { Reply::answers(all.iter().map(of).collect()) }
    });
    assert_eq!(code(&one(folder.path(), &[&many], &[])), 0);
    // A second must pass before an address is older than none.
    std::thread::sleep(Duration::from_millis(1_100));
    let few = fixed(&["8.8.8.1", "8.8.8.2"]);
    let held = one(folder.path(), &[&few], &["--keep", "0s"]);
    has(&held, 2, "5 of 7 IPv4 addresses went at once");
    assert!(stdout(&held).starts_with("github.com, held back\n  - 8.8.8.3\n"), "{}", stdout(&held));
    assert!(text(folder.path()).contains("8.8.8.7"));
    assert_eq!(code(&one(folder.path(), &[&few], &["--keep", "0s", "--max-change", "80"])), 0);
    assert!(!text(folder.path()).contains("8.8.8.7"));
}

#[test]
fn names_that_are_not_selected_are_forgotten_when_asked() {
    let (folder, server) = (folder(), fixed(&["8.8.8.8"]));
    assert_eq!(code(&lock(folder.path(), &server, &[])), 0);
    let many = text(folder.path()).matches("[[host]]").count();
    assert_eq!(code(&lock(folder.path(), &server, &["--component", "installer"])), 0);
    assert_eq!(text(folder.path()).matches("[[host]]").count(), many);
    assert_eq!(code(&lock(folder.path(), &server, &["--component", "installer", "--prune"])), 0);
    let few = text(folder.path()).matches("[[host]]").count();
    assert!(few < many && few > 0, "{few} of {many}");
}

#[test]
fn private_addresses_are_refused_unless_allowed_by_name() {
    let folder = folder();
    let server = fixed(&["10.1.2.3"]);
    has(&one(folder.path(), &[&server], &[]), 2, "dns/refused-address");
    assert!(!text(folder.path()).contains("10.1.2.3"), "{}", text(folder.path()));
    assert_eq!(code(&one(folder.path(), &[&server], &["--allow-private", "github.com"])), 0);
    assert!(text(folder.path()).contains("10.1.2.3"));
}

#[test]
fn dedicated_addresses_are_in_the_lock_and_no_evidence_of_it() {
    let folder = folder();
    let server = fixed(&["104.16.81.56"]);
    let locked = lock(folder.path(), &server, &["--only", "api.cast.ai"]);
    assert_eq!(code(&locked), 0, "{}", stderr(&locked));
    let lock = text(folder.path());
    assert!(lock.contains("address = \"104.16.81.56\"") && lock.contains("dedicated = \"castai/"), "{lock}");
    assert!(!stderr(&locked).contains("dns/outside-pin"), "{}", stderr(&locked));
    let outside = fixed(&["104.17.1.1"]);
    let told = crate::command::lock(folder.path(), &outside, &["--only", "api.cast.ai", "--accept-all"]);
    has(&told, 0, "`api.cast.ai` answers 104.17.1.1/32, outside its dedicated addresses");
}

#[cfg(not(feature = "dnssec"))]
#[test]
fn validation_names_the_feature_that_is_missing() {
    for degree in ["prefer", "require"] {
        let (folder, server) = (folder(), fixed(&["8.8.8.8"]));
        has(&one(folder.path(), &[&server], &["--dnssec", degree]), 2, "--features dot,doh,dnssec");
        assert!(server.questions().is_empty());
    }
}

#[cfg(not(feature = "dot"))]
#[test]
fn encryption_names_the_feature_that_is_missing() {
    for (resolver, feature) in [("tls://9.9.9.9#dns.quad9.net", "dot"), ("https://9.9.9.9/dns-query", "doh")]
    {
        let refused = egressor(folder().path(), &["lock", "--region", "us", "--resolver", resolver]);
        has(&refused, 2, &format!("the feature `{feature}`"));
        has(&refused, 2, "--features dot,doh,dnssec");
    }
}

#[test]
fn every_flag_is_told_where_people_look() {
    let help = stdout(&egressor(folder().path(), &["lock", "--help"]));
    let flags: Vec<&str> = help
        .lines()
        .map(str::trim_start)
        .filter(|line| line.starts_with('-'))
        .filter_map(|line| line.split([' ', ',']).find(|word| word.starts_with("--")))
        .collect();
    assert!(flags.len() > 20, "{flags:?}");
    let page = include_str!("../../docs/lock.md");
    // What every command has is told on pages of its own.
    let common = [
        "--help",
        "--version",
        "--format",
        "--quiet",
        "--verbose",
        "--color",
        "--project",
        "--env",
        "--allow-outside",
        "--limits-times",
        "--hyperlinks",
        "--paging",
        "--no-pager",
    ];
    for (flag, page) in [
        ("--allow-outside", include_str!("../../docs/files.md")),
        ("--limits-times", include_str!("../../docs/limits.md")),
        ("--hyperlinks", include_str!("../../docs/terminal.md")),
        ("--paging", include_str!("../../docs/terminal.md")),
        ("--no-pager", include_str!("../../docs/terminal.md")),
    ] {
        assert!(page.contains(flag), "no page tells `{flag}`");
    }
    for flag in flags.iter().filter(|flag| !common.contains(flag)) {
        assert!(page.contains(&format!("`{flag}")), "docs/lock.md does not tell `{flag}`");
    }
}
