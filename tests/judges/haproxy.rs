//! HAProxy itself as the judge: its parser, and what it lets through to a server, handshake by handshake and request by
//! request.
//!
//! The addresses that names have are left out: what is let pass is led to a server of the test.

use crate::by_name::{Files, corpus, hosts, meaning, on_high_ports, packet, shown, some_policies, written};
use crate::egressor_itself::{generate, lock};
use crate::hello::{FarEnd, handshake_arrives, own_address, request_arrives};
use crate::tools::{Server, run, without_rights, write};
use crate::verdicts::Verdicts;
use egressor::policy::Bounds;
use std::fmt::Write as _;
use std::fs;
use std::net::{SocketAddrV4, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

const JUDGE: &str = "HAProxy";
const HTTP_PORTS: &str = "20080";

fn haproxy(cases: usize) -> Option<Vec<String>> {
    without_rights(JUDGE, cases, &["haproxy", "/usr/sbin/haproxy"])
}

/// A command line that reads a file.
fn with(haproxy: &[String], arguments: &[&str], file: &Path) -> Command {
    let (tool, rest) = haproxy.split_first().unwrap();
    let mut command = Command::new(tool);
    command.args(rest).args(arguments).arg("-f").arg(file);
    command
}

struct Proxy {
    far: FarEnd,
    ports: Vec<u16>,
    _server: Server,
}

impl Proxy {
    /// Checks a configuration as it is, and starts it with what it lets pass led to a server of the test.
    fn start(haproxy: &[String], folder: &Path, files: &Files) -> Result<Self, String> {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
        for (name, text) in &files[1..] {
            write(folder, name, text);
        }
        let text = files[0].1.replace("/etc/haproxy", folder.to_str().unwrap());
        let whole = write(folder, "whole.cfg", &text);
        let ran = run(&mut with(haproxy, &["-c", "-q"], &whole), "");
        if ran.code != 0 {
            return Err(format!("`haproxy -c` ends with {}\n{}{}", ran.code, ran.out, ran.err));
        }
        let far = FarEnd::start();
        let mut ports = Vec::new();
        let mut led = String::new();
        for line in text.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["bind", address, ..] => {
                    for one in address.split(',') {
                        let range = one.rsplit(':').next().unwrap();
                        writeln!(led, "    bind {}:{range}", own_address()).unwrap();
                        let (first, last) = range.split_once('-').unwrap_or((range, range));
                        ports.extend(first.parse::<u16>().unwrap()..=last.parse().unwrap());
                    }
                }
                ["server", ..] => writeln!(led, "    server judge 127.0.0.1:{}", far.port).unwrap(),
                [..] if line.contains("do-resolve") || line.contains("set-dst") || line.contains("var(") => {}
                [..] => writeln!(led, "{line}").unwrap(),
            }
        }
        let Some(port) = ports.first() else { return Err("nothing is listened on".to_owned()) };
        let file = write(folder, "haproxy.cfg", &led);
        let server = Server::answering(&mut with(haproxy, &["-db", "-q"], &file), own_address(), *port);
        ports.push(*ports.last().unwrap() + 1);
        Ok(Self { far, ports, _server: server })
    }
}

/// Reports whether a host reaches the server, in some spelling and in some way of asking.
fn is_let_pass(host: &str, port: u16) -> bool {
    let to = SocketAddrV4::new(own_address(), port);
    // A client spells a name as it likes.
    let (first, rest) = host.split_once('.').unwrap_or((host, ""));
    let spellings = [host.to_owned(), format!("{}.{rest}", first.to_uppercase())];
    spellings.iter().any(|host| {
        handshake_arrives(to, Some(host))
            || request_arrives(to, host)
            || request_arrives(to, &format!("{host}:{port}"))
    })
}

/// Asks for every host on every port, and compares with what is read. Gives how often something was let pass.
fn compare(verdicts: &mut Verdicts, proxy: &Proxy, bounds: &Bounds, about: &str) -> usize {
    assert!(proxy.far.port > 0);
    let mut times = 0;
    for host in hosts(bounds) {
        for port in &proxy.ports {
            let passes = is_let_pass(host.as_str(), *port);
            let asked = packet(&host, *port);
            let right = if passes { bounds.at_most.at(&asked) } else { !bounds.at_least.at(&asked) };
            verdicts.case(right, || format!("{host}:{port}: HAProxy lets it pass: {passes}\n{about}"));
            times += usize::from(passes);
        }
    }
    times
}

#[test]
fn haproxy_takes_the_whole_catalog() {
    let Some(haproxy) = haproxy(2) else { return };
    let mut verdicts = Verdicts::of(JUDGE, "catalog");
    for more in [&["--region=us"][..], &["--all-regions", "--include-superseded"]] {
        let kept = tempfile::tempdir().unwrap();
        fs::set_permissions(kept.path(), fs::Permissions::from_mode(0o777)).unwrap();
        generate("haproxy", &lock(), more, kept.path());
        let ran = run(&mut with(&haproxy, &["-c"], &kept.path().join("haproxy.cfg")), "");
        let said = format!("{}{}", ran.out, ran.err);
        verdicts.case(ran.code == 0 && !said.contains("WARNING"), || {
            format!("`haproxy -c`: {}\n{said}", ran.code)
        });
    }
    verdicts.close();
}

#[test]
fn files_of_random_policies_let_pass_what_the_policies_ask_for() {
    const POLICIES: usize = 6;
    let Some(haproxy) = haproxy(POLICIES * 100) else { return };
    let _turn = crate::hello::turn();
    let mut verdicts = Verdicts::of(JUDGE, "policies");
    let mut passed = 0;
    for policy in some_policies("haproxy", POLICIES) {
        let policy = on_high_ports(policy);
        let files = written("haproxy", &policy, &[("haproxy.http_ports", HTTP_PORTS)]);
        let bounds = meaning("haproxy", &files).unwrap();
        if !files[0].1.contains("bind ") {
            continue;
        }
        let kept = tempfile::tempdir().unwrap();
        let proxy = Proxy::start(&haproxy, kept.path(), &files);
        verdicts.case(proxy.is_ok(), || format!("{}\n{}", proxy.as_ref().err().unwrap(), shown(&files)));
        let Ok(proxy) = proxy else { continue };
        passed += compare(&mut verdicts, &proxy, &bounds, &shown(&files));
        // Without a name, or with two, nobody is let pass.
        for port in &proxy.ports {
            let to = SocketAddrV4::new(own_address(), *port);
            verdicts.case(!handshake_arrives(to, None), || format!("no name on {port} is let pass"));
            let two = "evil.test\r\nHost: api.example.com";
            verdicts.case(!request_arrives(to, two), || format!("two names on {port} are let pass"));
        }
    }
    assert!(passed > 0, "nothing was let pass");
    verdicts.close();
}

#[test]
fn what_is_read_of_the_corpus_is_what_haproxy_lets_pass() {
    let Some(haproxy) = haproxy(300) else { return };
    let _turn = crate::hello::turn();
    let mut verdicts = Verdicts::of(JUDGE, "reader");
    for (name, files) in corpus("haproxy-cfg") {
        // Two frontends on one port differ in their addresses.
        let Some(bounds) = (name != "same-port").then(|| meaning("haproxy", &files)).flatten() else {
            continue;
        };
        assert!(TcpListener::bind((own_address(), 0)).is_ok());
        let kept = tempfile::tempdir().unwrap();
        let proxy = Proxy::start(&haproxy, kept.path(), &files).unwrap_or_else(|why| panic!("{name}: {why}"));
        compare(&mut verdicts, &proxy, &bounds, &format!("{name}\n{}", shown(&files)));
    }
    verdicts.close();
}
