//! tinyproxy itself as the judge: its answers to requests.
//!
//! A request that is denied is answered with 403. One that is let pass goes to a parent proxy that nobody runs, so that no
//! name is looked up, and is answered with another error.

use crate::by_name::{Files, corpus, hosts, meaning, packet, shown, some_policies, written};
use crate::egressor_itself::{generate, lock};
use crate::tools::{Server, free_port, without_rights, write};
use crate::verdicts::Verdicts;
use egressor::policy::Bounds;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const JUDGE: &str = "tinyproxy";
const PORTS: [u16; 7] = [443, 80, 8443, 22, 8000, 8050, 65_535];

fn tinyproxy(cases: usize) -> Option<Vec<String>> {
    without_rights(JUDGE, cases, &["tinyproxy", "/usr/bin/tinyproxy"])
}

struct Proxy {
    port: u16,
    _server: Server,
}

impl Proxy {
    /// Starts tinyproxy with a configuration, the first of the files, and the filter that it names.
    fn start(tinyproxy: &[String], folder: &Path, files: &Files) -> Self {
        let port = free_port();
        fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
        let mut conf = String::from("LogLevel Critical\n");
        for line in files[0].1.lines() {
            let word = line.trim_start().split(' ').next().unwrap_or_default().to_ascii_lowercase();
            let line = match word.as_str() {
                "port" => format!("Port {port}"),
                "listen" => continue,
                "filter" => {
                    let name = line.trim_end_matches('"').rsplit('/').next().unwrap();
                    format!("Filter \"{}/{name}\"", folder.display())
                }
                _ => line.to_owned(),
            };
            conf.push_str(&line);
            conf.push('\n');
        }
        conf.push_str("Listen 127.0.0.1\nUpstream http 127.0.0.1:1\n");
        for (name, text) in &files[1..] {
            write(folder, name, text);
        }
        let conf = write(folder, "tinyproxy.conf", &conf);
        let (tool, rest) = tinyproxy.split_first().unwrap();
        let server = Server::listening(Command::new(tool).args(rest).args(["-d", "-c"]).arg(conf), port);
        Self { port, _server: server }
    }

    fn is_let_pass(&self, request: &str) -> bool {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut line = String::new();
        // A client that is not welcome is answered, and sometimes cut off before it has read the answer.
        let read = BufReader::new(stream).read_line(&mut line);
        match line.split(' ').nth(1) {
            Some("403" | "401" | "407" | "400") => false,
            None if read.is_err() => false,
            Some("404" | "500" | "502" | "503") => true,
            _ => panic!("{request}: {line:?}"),
        }
    }

    fn tunnels(&self, authority: &str) -> bool {
        self.is_let_pass(&format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n"))
    }

    fn gets(&self, authority: &str) -> bool {
        self.is_let_pass(&format!("GET http://{authority}/x HTTP/1.1\r\nHost: {authority}\r\n\r\n"))
    }

    fn passes(&self, host: &str, port: u16) -> bool {
        let authority = format!("{host}:{port}");
        self.tunnels(&authority)
            || self.gets(&authority)
            || (port == 443 && self.tunnels(host))
            || (port == 80 && self.gets(host))
    }
}

/// Asks for every host on every port, and compares with what is read. Gives how often a request was let pass.
fn compare(verdicts: &mut Verdicts, proxy: &Proxy, bounds: &Bounds, about: &str) -> usize {
    let mut times = 0;
    for host in hosts(bounds) {
        for port in PORTS {
            let passes = proxy.passes(host.as_str(), port);
            let asked = packet(&host, port);
            let right = if passes { bounds.at_most.at(&asked) } else { !bounds.at_least.at(&asked) };
            verdicts.case(right, || format!("{host}:{port}: tinyproxy lets it pass: {passes}\n{about}"));
            times += usize::from(passes);
        }
    }
    times
}

#[test]
fn tinyproxy_lets_pass_what_the_catalog_says_and_nothing_near_it() {
    let Some(tinyproxy) = tinyproxy(200) else { return };
    let mut verdicts = Verdicts::of(JUDGE, "catalog");
    for filter in ["urls", "hosts"] {
        let kept = tempfile::tempdir().unwrap();
        let setting = format!("tinyproxy.filter={filter}");
        generate("tinyproxy", &lock(), &["--region=us", "--set", &setting], kept.path());
        let read = |name: &str| (name.to_owned(), fs::read_to_string(kept.path().join(name)).unwrap());
        let files = vec![read("tinyproxy.conf"), read("tinyproxy.filter")];
        let bounds = meaning("tinyproxy", &files).unwrap();
        let proxy = Proxy::start(&tinyproxy, kept.path(), &files);
        let passed = compare(&mut verdicts, &proxy, &bounds, &shown(&files));
        verdicts.case(passed > 0, || "nothing is let pass".to_owned());
        for host in ["api.cast.ai", "API.cast.ai"] {
            verdicts.case(proxy.tunnels(&format!("{host}:443")), || format!("{host} is not let pass"));
            verdicts
                .case(!proxy.tunnels(&format!("{host}:22")), || format!("a tunnel to {host}:22 is let pass"));
        }
        verdicts.case(proxy.gets("api.cast.ai:22") == (filter == "hosts"), || {
            format!("{filter}: api.cast.ai:22 without a tunnel")
        });
        // What leads to another host than the one that the text ends with.
        for odd in [
            "evil.test/x.api.cast.ai:443",
            "evil.test:443/api.cast.ai:443",
            "api.cast.ai@evil.test:443",
            "api.cast.ai:443@evil.test:443",
            "evil.test?.api.cast.ai:443",
            "evil.test#api.cast.ai:443",
            "127.0.0.1:443",
            "[::1]:443",
        ] {
            verdicts.case(!proxy.tunnels(odd), || format!("{filter}: a tunnel to {odd} is let pass"));
            verdicts.case(!proxy.gets(odd), || format!("{filter}: {odd} is let pass"));
        }
    }
    verdicts.close();
}

#[test]
fn files_of_random_policies_let_pass_what_the_policies_ask_for() {
    const POLICIES: usize = 8;
    let Some(tinyproxy) = tinyproxy(POLICIES * 100) else { return };
    let mut verdicts = Verdicts::of(JUDGE, "policies");
    let mut passed = 0;
    for (at, policy) in some_policies("tinyproxy", POLICIES).iter().enumerate() {
        let filter = if at % 2 == 0 { "urls" } else { "hosts" };
        let files = written("tinyproxy", policy, &[("tinyproxy.filter", filter)]);
        if files.is_empty() {
            continue;
        }
        let bounds = meaning("tinyproxy", &files).unwrap();
        let kept = tempfile::tempdir().unwrap();
        let proxy = Proxy::start(&tinyproxy, kept.path(), &files);
        passed += compare(&mut verdicts, &proxy, &bounds, &shown(&files));
    }
    assert!(passed > 0, "nothing was let pass");
    verdicts.close();
}

#[test]
fn what_is_read_of_the_corpus_is_what_tinyproxy_lets_pass() {
    let Some(tinyproxy) = tinyproxy(500) else { return };
    let mut verdicts = Verdicts::of(JUDGE, "reader");
    for (name, files) in corpus("tinyproxy-conf") {
        // Newer versions than the one that is asked have wildcards.
        let Some(bounds) = meaning("tinyproxy", &files).filter(|_| name != "wildcards") else { continue };
        let kept = tempfile::tempdir().unwrap();
        let proxy = Proxy::start(&tinyproxy, kept.path(), &files);
        compare(&mut verdicts, &proxy, &bounds, &format!("{name}\n{}", shown(&files)));
    }
    verdicts.close();
}
