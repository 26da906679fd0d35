//! Squid itself as the judge: its parser, and its answers to requests.
//!
//! A request that is denied is answered with 403. One that is let pass finds nobody at the other end, as every host of the
//! tests leads to a port of the loopback that nobody listens on, and is answered with 503.

use crate::egressor_itself::{SETTINGS, command, generate, lock};
use crate::tools::{Server, free_port, run, without_rights, write};
use crate::verdicts::Verdicts;
use egressor::diag::{Source, any_error};
use egressor::packet::{Hostname, Packet, Peer, Protocol};
use egressor::policy::Bounds;
use egressor::targets::find;
use proptest::prelude::{Strategy as _, any, prop};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

pub(crate) const JUDGE: &str = "Squid";

/// The command line of Squid as a user without rights, or nothing and a line that says why.
pub(crate) fn squid(cases: usize) -> Option<Vec<String>> {
    without_rights(JUDGE, cases, &["squid", "/usr/sbin/squid"])
}

/// A running Squid with some rules.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    _server: Server,
}

impl Proxy {
    /// Parses the rules, which must bring no complaint, and starts Squid with them.
    fn start(squid: &[String], folder: &Path, rules: &str, hosts: &[&str]) -> Result<Self, String> {
        Self::start_with(squid, folder, rules, hosts, ("", ""))
    }

    /// The same with options of its port, and with more directives.
    pub(crate) fn start_with(
        squid: &[String],
        folder: &Path,
        rules: &str,
        hosts: &[&str],
        (port_options, more): (&str, &str),
    ) -> Result<Self, String> {
        let port = free_port();
        fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
        let hosts: Vec<String> = hosts.iter().map(|host| format!("127.51.0.1 {host}")).collect();
        let names = write(folder, "hosts", &(hosts.join("\n") + "\n"));
        let rules = write(folder, "rules.conf", rules);
        let own = format!(
            "http_port 127.0.0.1:{port} {port_options}\n{more}hosts_file {}\ndns_nameservers 127.0.0.1\ndns_timeout 1 seconds\n\
             pid_filename none\naccess_log none\ncache_log {1}/cache.log\ncache deny all\ncoredump_dir {1}\n\
             pinger_enable off\nshutdown_lifetime 0 seconds\nvisible_hostname judge.test\ninclude {2}\n",
            names.display(),
            folder.display(),
            rules.display()
        );
        let conf = write(folder, "squid.conf", &own);
        let (tool, rest) = squid.split_first().unwrap();
        let ran = run(Command::new(tool).args(rest).args(["-k", "parse", "-f"]).arg(&conf), "");
        let said = format!("{}{}", ran.out, ran.err);
        let complains =
            ["ERROR", "WARNING", "FATAL", "kipping", "empty ACL"].iter().any(|word| said.contains(word));
        if ran.code != 0 || complains {
            return Err(format!("`squid -k parse` ends with {}\n{said}", ran.code));
        }
        let server = Server::listening(Command::new(tool).args(rest).args(["-N", "-f"]).arg(&conf), port);
        Ok(Self { port, _server: server })
    }

    /// Reports whether a request is let pass. `CONNECT` asks for a tunnel, any other method for a page without TLS.
    fn passes(&self, method: &str, host: &str, port: u16) -> bool {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let target =
            if method == "CONNECT" { format!("{host}:{port}") } else { format!("http://{host}:{port}/x") };
        let request = format!(
            "{method} {target} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        match line.split(' ').nth(1) {
            Some("403") => false,
            Some("503") => true,
            _ => panic!("{method} {target}: {line:?}"),
        }
    }
}

/// What rules allow, as they are read.
pub(crate) fn meaning(rules: &str) -> Bounds {
    let source = Arc::new(Source::new("squid.conf", rules.to_owned()));
    let read = find("squid").unwrap().importers()[0].import(&[source]);
    assert!(!any_error(&read.findings), "{:?}\n{rules}", read.findings);
    read.policy.sets[0].allows()
}

fn packet(host: &Hostname, port: u16) -> Packet<'_> {
    let source = Ipv4Addr::LOCALHOST.into();
    Packet { peer: Peer::Name(host, "/"), source, protocol: Protocol::TCP, detail: port }
}

/// The exact host names of the rules.
fn names(rules: &str) -> Vec<&str> {
    let lines = rules.lines().filter(|line| line.starts_with("acl "));
    let words = lines.filter_map(|line| line.split_once(" dstdomain -n "));
    words.flat_map(|(_, names)| names.split(' ')).map(|name| name.trim_start_matches('.')).collect()
}

#[test]
fn squid_lets_pass_what_the_catalog_says_and_nothing_near_it() {
    let Some(squid) = squid(200) else { return };
    let mut verdicts = Verdicts::of(JUDGE, "catalog");
    for (region, more) in [("--region=us", &[][..]), ("--all-regions", &["--include-superseded"])] {
        let kept = tempfile::tempdir().unwrap();
        let folder = kept.path();
        generate("squid", &lock(), &[&[region], more].concat(), folder);
        let rules = fs::read_to_string(folder.join("squid.conf")).unwrap();
        let ours = write(folder, "ours.conf", &rules);
        let hosts = names(&rules);
        assert!(hosts.len() >= 8, "{hosts:?}");
        let siblings: Vec<String> = hosts
            .iter()
            .flat_map(|host| [format!("x-{host}"), format!("x.{host}"), format!("{host}.evil.test")])
            .collect();
        let known: Vec<&str> = hosts.iter().copied().chain(siblings.iter().map(String::as_str)).collect();
        let proxy = Proxy::start(&squid, folder, &rules, &known);
        verdicts.case(proxy.is_ok(), || proxy.as_ref().err().cloned().unwrap_or_default());
        let Ok(proxy) = proxy else { continue };
        let bounds = meaning(&rules);
        for host in &hosts {
            // `check` is asked of the file, and of the project that the file was made of.
            for port in [443, 80, 8443, 22] {
                let passes = proxy.passes("CONNECT", host, port);
                let asked = format!("{host}:{port}");
                let said = run(command(&["check", &asked]).arg(&ours), "");
                verdicts.case((said.code == 0) == passes, || {
                    format!(
                        "CONNECT {asked}: Squid lets it pass: {passes}, `check` exits {}\n{}",
                        said.code, said.out
                    )
                });
                if port == 443 {
                    verdicts.case(passes, || format!("{asked} is not let pass"));
                }
            }
            // The same name in other spellings, which Squid takes for the same.
            for spelt in [host.to_uppercase(), format!("{host}.")] {
                verdicts
                    .case(proxy.passes("CONNECT", &spelt, 443), || format!("{spelt}:443 is not let pass"));
                verdicts.case(!proxy.passes("CONNECT", &spelt, 22), || format!("{spelt}:22 is let pass"));
            }
            verdicts.case(!proxy.passes("GET", host, 443), || format!("{host}:443 without TLS is let pass"));
        }
        for sibling in &siblings {
            let name: Hostname = sibling.parse().unwrap();
            let wanted = bounds.at_most.at(&packet(&name, 443));
            let passes = proxy.passes("CONNECT", sibling, 443);
            verdicts.case(passes == wanted, || format!("{sibling}:443: Squid lets it pass: {passes}"));
        }
        // Squid knows a name for the first address, and the rules must not let it be used.
        for address in ["127.51.0.1", "104.16.81.56", "[::1]", "[2001:db8::1]", "2130706433", "127.1"] {
            verdicts.case(!proxy.passes("CONNECT", address, 443), || format!("{address}:443 is let pass"));
        }
    }
    // The project itself says the same as the file that it becomes.
    let said =
        run(command(&["check", "api.cast.ai:443", "--region=us", "--lock"]).arg(lock()).args(SETTINGS), "");
    verdicts.case(said.code == 0, || format!("{}{}", said.out, said.err));
    verdicts.close();
}

/// ACLs that decide by what a request says. Hosts are asked for by name, so nothing is resolved.
const ACLS: [&str; 20] = [
    "dstdomain -n a.test",
    "dstdomain -n .b.a.test",
    "dstdomain -n d.example b.a.test",
    "dstdomain -n .test",
    "dstdomain -n *.a.test a.test:443",
    r"dstdom_regex -n \.a\.test$",
    r"dstdom_regex -n -i ^[^.]+\.A\.test$",
    r"dstdom_regex -n ^(c|d)\.b\.a\.test$ ^d\.example$",
    r"dstdom_regex -n (^|\.)d\.example$",
    "port 443",
    "port 80 8000-9000",
    "port 0-442",
    "method CONNECT",
    "method GET post",
    "method POST PUT CONNECT",
    "src 127.0.0.0/8",
    "src 192.0.2.0-192.0.2.9 2001:db8::/32",
    "proto HTTP",
    r"url_regex ^a\.test:443$",
    r"url_regex ^http://d\.example:8080/",
];
const HOSTS: [&str; 7] =
    ["a.test", "b.a.test", "c.b.a.test", "xa.test", "d.example", "x.d.example", "a.test.example"];
const PORTS: [u16; 5] = [22, 80, 443, 8080, 8443];

/// Random `http_access` lines over all ACLs, those that Squid has of itself, and groups of them.
fn configurations() -> impl proptest::strategy::Strategy<Value = String> {
    let single = ACLS.len() + 3;
    let tests = |most| prop::collection::vec((any::<bool>(), 0..most), 1..4);
    let groups = prop::collection::vec((any::<bool>(), tests(single)), 2);
    let lines = prop::collection::vec((any::<bool>(), tests(single + 2)), 1..7);
    (groups, lines).prop_map(move |(groups, lines)| {
        let name = |index: usize| match index.checked_sub(ACLS.len()) {
            Some(index @ 0..3) => ["all", "localhost", "CONNECT"][index].to_owned(),
            _ => format!("acl{index}"),
        };
        let word = |(negated, index): &(bool, usize)| {
            format!(" {}{}", if *negated { "!" } else { "" }, name(*index))
        };
        let words = |tests: &[(bool, usize)]| tests.iter().map(word).collect::<String>();
        let mut text = String::new();
        for (index, acl) in ACLS.iter().enumerate() {
            writeln!(text, "acl acl{index} {acl}").unwrap();
        }
        for (index, (any, tests)) in groups.iter().enumerate() {
            let kind = if *any { "any-of" } else { "all-of" };
            writeln!(text, "acl acl{} {kind}{}", single + index, words(tests)).unwrap();
        }
        for (allow, tests) in &lines {
            writeln!(text, "http_access {}{}", if *allow { "allow" } else { "deny" }, words(tests)).unwrap();
        }
        text
    })
}

#[test]
fn what_is_read_of_a_configuration_is_what_squid_lets_pass() {
    const CONFIGURATIONS: usize = 16;
    let Some(squid) = squid(CONFIGURATIONS * HOSTS.len() * PORTS.len()) else { return };
    let mut verdicts = Verdicts::of(JUDGE, "reader");
    let mut runner = TestRunner::deterministic();
    let strategy = configurations();
    let (mut allowed, mut tried) = (0, 0);
    for _ in 0..CONFIGURATIONS {
        let rules = strategy.new_tree(&mut runner).unwrap().current();
        let kept = tempfile::tempdir().unwrap();
        let proxy = match Proxy::start(&squid, kept.path(), &rules, &HOSTS) {
            Ok(proxy) => proxy,
            Err(why) => panic!("{why}\n{rules}"),
        };
        let bounds = meaning(&rules);
        for (host, port) in HOSTS.iter().flat_map(|host| PORTS.iter().map(move |port| (*host, *port))) {
            let passes = ["CONNECT", "GET", "POST", "PUT", "OPTIONS"]
                .iter()
                .any(|method| proxy.passes(method, host, port));
            let name: Hostname = host.parse().unwrap();
            let asked = packet(&name, port);
            let right = if passes { bounds.at_most.at(&asked) } else { !bounds.at_least.at(&asked) };
            verdicts.case(right, || format!("{host}:{port}: Squid lets it pass: {passes}\n{rules}"));
            allowed += usize::from(passes);
            tried += 1;
        }
    }
    assert!(allowed > 0 && allowed < tried, "{allowed} of {tried} passed");
    verdicts.close();
}
