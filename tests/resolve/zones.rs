//! Real DNS servers as judges: knot with a zone for every host of the catalog, and unbound that validates before it.
//!
//! Both run on a loopback address of their own, as children of this process that are ended with it.

use crate::command::{code, egressor, stderr, stdout, text};
use crate::dns::host;
use crate::real::skipped;
use egressor::packet::{Hostname, Prefix};
use egressor::resolve::{DnsOptions, FamilyAnswer, Outcome, resolve};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A server that ends with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The zones, and the servers that serve them.
struct Lab {
    folder: tempfile::TempDir,
    servers: Vec<Server>,
    knot: SocketAddr,
    unbound: SocketAddr,
}

/// Zones by name: their records, and whether they are signed.
type Zones = BTreeMap<String, (String, bool)>;

const APEX: &str =
    "$TTL 1\n@ SOA ns.egressor-lab.net. admin.egressor-lab.net. 1 60 60 600 1\n@ NS ns.egressor-lab.net.\n";

/// Every endpoint of the shipped catalog that has hosts.
const ALL: [&str; 4] = ["--all-regions", "--include-superseded", "--feature", "cpvpa,security,telemetry"];

/// Every host of the shipped catalog that can be looked up, with its dedicated addresses.
fn hosts() -> BTreeMap<Hostname, Vec<Prefix>> {
    let (catalogs, _) = egressor::ops::catalogs(&[]);
    let everything = egressor::catalog::Selection {
        all_regions: true,
        superseded: true,
        features: ["cpvpa", "security", "telemetry"].map(str::to_owned).to_vec(),
        ..Default::default()
    };
    let (selected, _) = egressor::catalog::select(&catalogs, &everything);
    let mut hosts = BTreeMap::new();
    for selected in &selected {
        for endpoint in selected.endpoints.iter().filter(|endpoint| endpoint.subdomains.is_none()) {
            let set = selected.catalog.ip_set(endpoint);
            let pinned: Vec<Prefix> =
                set.into_iter().flat_map(|set| set.cidrs.value.0.iter().map(|cidr| cidr.value)).collect();
            for host in endpoint.hosts_in(&selected.regions) {
                hosts.insert(host, pinned.clone());
            }
        }
    }
    hosts
}

/// A zone for each host: its dedicated addresses, or one of its own. Storage is an alias into another zone, the registry
/// has more addresses than a datagram holds, and GitHub answers over TCP only.
fn zones() -> Zones {
    let mut zones = Zones::new();
    let mut put = |zone: &str, records: &str, signed: bool| {
        zones.insert(zone.to_owned(), (format!("{APEX}{records}"), signed));
    };
    for (at, (host, pinned)) in hosts().into_iter().enumerate() {
        let mut records = String::new();
        for prefix in &pinned {
            writeln!(records, "@ {} {}", if prefix.is_ipv4() { "A" } else { "AAAA" }, prefix.addr())
                .expect("text");
        }
        if pinned.is_empty() {
            writeln!(records, "@ A 20.40.{at}.1\n@ AAAA 2600:1f00::{at:x}").expect("text");
        }
        match host.as_str() {
            "storage.googleapis.com" => put("googleapis.com", "storage CNAME a.egressor-lab.net.\n", false),
            "registry.k8s.io" => {
                let many = many("@", "20.50.0");
                put("registry.k8s.io", &many, false);
            }
            name => put(name, &records, name == "ghcr.io"),
        }
    }
    let lab = "ns A 127.0.0.1\na CNAME b\nb CNAME c\nc A 20.60.0.1\nc A 20.60.0.2\nloop CNAME pool\npool CNAME loop\n\
               dangling CNAME nowhere\nnodata TXT \"x\"\n";
    put("egressor-lab.net", lab, false);
    let many = many("big", "20.70.0");
    put("egressor-signed.net", &format!("www A 20.80.0.1\n{many}child NS ns.egressor-lab.net.\n"), true);
    put("child.egressor-signed.net", "@ A 20.80.1.1\n", false);
    put("egressor-tcp.net", "@ A 20.90.0.1\n", false);
    zones
}

/// More addresses than a datagram holds.
fn many(owner: &str, block: &str) -> String {
    (0..120).fold(String::new(), |mut records, at| {
        writeln!(records, "{owner} A {block}.{at}").expect("text");
        records
    })
}

impl Lab {
    /// The lab, or nothing where the servers are not installed.
    fn open(cases: usize) -> Option<Self> {
        let missing = ["knotd", "knotc", "keymgr", "unbound"].into_iter().find(|tool| {
            Command::new(tool).arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err()
        });
        if let Some(missing) = missing {
            skipped("knot and unbound", cases, &format!("{missing} is not installed"));
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let [knot, unbound] = [free(), free()];
        let zones = zones();
        let mut lab = Self { folder, servers: Vec::new(), knot, unbound };
        for (name, (text, _)) in &zones {
            fs::write(lab.path(&format!("{name}.zone")), text).expect("it is written");
        }
        fs::write(lab.path("knot.conf"), lab.knot_conf(&zones)).expect("it is written");
        lab.start("knotd", &["-c", "knot.conf"], knot, "www.egressor-signed.net");
        let signed: Vec<&String> =
            zones.iter().filter(|(_, (_, signed))| *signed).map(|(name, _)| name).collect();
        let mut anchors = String::new();
        for zone in signed {
            let keys = Command::new("keymgr")
                .args(["-c", "knot.conf", zone, "dnskey"])
                .current_dir(lab.folder.path())
                .output()
                .expect("it runs");
            anchors.push_str(&String::from_utf8_lossy(&keys.stdout).replace(" DNSKEY ", " 3600 IN DNSKEY "));
        }
        assert_eq!(anchors.lines().count(), 2, "{anchors}");
        fs::write(lab.path("anchors"), anchors).expect("it is written");
        fs::write(lab.path("unbound.conf"), lab.unbound_conf(&zones)).expect("it is written");
        lab.start("unbound", &["-d", "-c", "unbound.conf"], unbound, "www.egressor-signed.net");
        Some(lab)
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// Starts a server and waits until it answers.
    fn start(&mut self, program: &str, arguments: &[&str], at: SocketAddr, name: &str) {
        let log = fs::File::create(self.path(&format!("{program}.log"))).expect("a log");
        let child = Command::new(program)
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .expect("it starts");
        self.servers.push(Server(child));
        let begun = Instant::now();
        // A question that comes before the server is there has no answer at all.
        let soon = DnsOptions { timeout: Duration::from_millis(200), attempts: 1, ..plain(at) };
        while ask_with(&soon, name).outcome != Outcome::Answer {
            let log = || fs::read_to_string(self.path(&format!("{program}.log"))).unwrap_or_default();
            assert!(begun.elapsed() < Duration::from_secs(30), "{program} does not answer:\n{}", log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn knot_conf(&self, zones: &Zones) -> String {
        let folder = self.folder.path().display();
        let (ip, port) = (self.knot.ip(), self.knot.port());
        let mut text = format!(
            "server:\n    rundir: {folder}\n    listen: {ip}@{port}\n    answer-rotation: on\n    udp-workers: 1\n    \
             tcp-workers: 1\n    background-workers: 1\ndatabase:\n    storage: {folder}\nlog:\n  - target: stderr\n    \
             any: warning\npolicy:\n  - id: one-key\n    single-type-signing: on\nzone:\n"
        );
        for (name, (_, signed)) in zones {
            write!(text, "  - domain: {name}\n    storage: {folder}\n    file: {name}.zone\n").expect("text");
            if *signed {
                text.push_str("    zonefile-sync: -1\n    journal-content: none\n    dnssec-signing: on\n    dnssec-policy: one-key\n");
            }
            if ["egressor-tcp.net", "github.com"].contains(&name.as_str()) {
                text.push_str("    module: mod-noudp\n");
            }
        }
        text.push_str("  - domain: egressor-broken.net\n    file: missing.zone\n");
        text
    }

    fn unbound_conf(&self, zones: &Zones) -> String {
        let (ip, port) = (self.unbound.ip(), self.unbound.port());
        let mut text = format!(
            "server:\n  directory: \"{}\"\n  username: \"\"\n  chroot: \"\"\n  pidfile: \"\"\n  use-syslog: no\n  \
             interface: {ip}@{port}\n  access-control: 127.0.0.0/8 allow\n  do-not-query-localhost: no\n  do-ip6: no\n  \
             do-daemonize: no\n  num-threads: 1\n  cache-max-ttl: 0\n  cache-max-negative-ttl: 0\n  \
             trust-anchor-file: \"anchors\"\n  local-zone: \"egressor-lab.net\" nodefault\n",
            self.folder.path().display()
        );
        if self.path("server.key").exists() {
            write!(
                text,
                "  interface: {ip}@{tls}\n  interface: {ip}@{https}\n  tls-port: {tls}\n  https-port: {https}\n  \
                 tls-service-key: \"server.key\"\n  tls-service-pem: \"server.pem\"\n",
                tls = port + 1,
                https = port + 2
            )
            .expect("text");
        }
        text.push_str("remote-control:\n  control-enable: no\n");
        for name in zones.keys() {
            let stub = format!("{}@{}", self.knot.ip(), self.knot.port());
            writeln!(text, "stub-zone:\n  name: \"{name}\"\n  stub-addr: {stub}").expect("text");
        }
        text
    }

    /// Puts other records in the place of a zone's.
    fn change(&self, zone: &str, from: &str, to: &str) {
        let path = self.path(&format!("{zone}.zone"));
        let text = fs::read_to_string(&path).expect("a zone");
        assert!(text.contains(from), "{text}");
        let text = text.replace(" 1 60 60 600 1\n", " 2 60 60 600 1\n").replace(from, to);
        fs::write(&path, text).expect("it is written");
        let reload = Command::new("knotc")
            .args(["-c", "knot.conf", "-b", "zone-reload", zone])
            .current_dir(self.folder.path())
            .output()
            .expect("it runs");
        assert!(reload.status.success(), "{}", String::from_utf8_lossy(&reload.stderr));
    }
}

/// A loopback address of this process with a port that nothing holds, and two more above it.
fn free() -> SocketAddr {
    let [.., high, low] = std::process::id().to_be_bytes();
    let ip = Ipv4Addr::new(127, 53, high, low.clamp(1, 254));
    let socket = UdpSocket::bind((ip, 0)).expect("a loopback address");
    let addr = socket.local_addr().expect("a port");
    if addr.port() > 65_000 { free() } else { addr }
}

fn ask(server: SocketAddr, name: &str) -> FamilyAnswer {
    ask_with(&DnsOptions { timeout: Duration::from_secs(5), ..plain(server) }, name)
}

fn plain(server: SocketAddr) -> DnsOptions {
    DnsOptions { servers: vec![egressor::resolve::Server::plain(server)], ..DnsOptions::default() }
}

fn ask_with(options: &DnsOptions, name: &str) -> FamilyAnswer {
    resolve([host(name)], options, |_, _| {}).expect("it can be asked").remove(0).a
}

#[test]
fn knot_and_unbound_give_every_class_and_whole_answers() {
    let Some(lab) = Lab::open(1) else { return };
    for (name, by_knot, by_unbound, count) in [
        ("c.egressor-lab.net", Outcome::Answer, Outcome::Answer, 2),
        ("a.egressor-lab.net", Outcome::Answer, Outcome::Answer, 2),
        // Into another zone: knot leaves the alias to the asker.
        ("storage.googleapis.com", Outcome::Answer, Outcome::Answer, 2),
        ("big.egressor-signed.net", Outcome::Answer, Outcome::Answer, 120),
        ("registry.k8s.io", Outcome::Answer, Outcome::Answer, 120),
        ("egressor-tcp.net", Outcome::Answer, Outcome::Answer, 1),
        ("nodata.egressor-lab.net", Outcome::NoData, Outcome::NoData, 0),
        ("gone.egressor-lab.net", Outcome::NxDomain, Outcome::NxDomain, 0),
        ("dangling.egressor-lab.net", Outcome::DanglingCname, Outcome::DanglingCname, 0),
        ("loop.egressor-lab.net", Outcome::CnameLoop, Outcome::ServFail, 0),
        ("egressor-broken.net", Outcome::ServFail, Outcome::ServFail, 0),
    ] {
        for (server, outcome) in [(lab.knot, by_knot), (lab.unbound, by_unbound)] {
            // Only the zones of the lab are known to unbound; asking further would leave this machine.
            if name == "egressor-broken.net" && server == lab.unbound {
                continue;
            }
            let answer = ask(server, name);
            assert_eq!((answer.outcome, answer.addresses.len()), (outcome, count), "{name} at {server}");
        }
    }
    assert_eq!(ask(lab.knot, "unserved.example").outcome, Outcome::Refused);
    let chain = ask(lab.unbound, "storage.googleapis.com");
    let names = ["a.egressor-lab.net", "b.egressor-lab.net", "c.egressor-lab.net"].map(host);
    assert_eq!(chain.cname, names);
    assert_eq!(ask(lab.knot, "storage.googleapis.com").ttl, Some(1));
    // Small datagrams make no difference, for the rest comes over TCP.
    let small = DnsOptions { payload: 512, ..plain(lab.knot) };
    assert_eq!(ask_with(&small, "big.egressor-signed.net").addresses.len(), 120);
}

#[test]
fn lock_generate_and_diff_after_a_record_changes() {
    let Some(lab) = Lab::open(1) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str]| egressor(folder.path(), arguments);
    let resolver = lab.unbound.to_string();
    let lock = |more: &[&str]| run(&[&["lock", "--resolver", &resolver], &ALL[..], more].concat());
    let locked = lock(&[]);
    assert_eq!(code(&locked), 0, "{}", stderr(&locked));
    assert!(!stderr(&locked).contains("outside-pin"), "{}", stderr(&locked));
    let first = text(folder.path());
    let names: BTreeSet<String> = hosts().keys().map(ToString::to_string).collect();
    for name in &names {
        assert!(first.contains(&format!("name = \"{name}\"")), "{name} is not locked:\n{first}");
    }
    assert!(names.len() >= 15, "{names:?}");
    // The servers rotate the order of their answers, and the lock does not.
    assert_eq!(code(&lock(&[])), 0);
    let without_time =
        |text: &str| text.lines().filter(|line| !line.starts_with("tried")).collect::<Vec<_>>().join("\n");
    assert_eq!(without_time(&text(folder.path())), without_time(&first));
    assert_eq!(code(&lock(&["--locked"])), 0);
    let targets = "iptables,aws-security-group,gcp-firewall";
    let generate = [&["generate", "-t", targets, "--out", "out"], &ALL[..]].concat();
    let generated = run(&generate);
    assert_eq!(code(&generated), 0, "{}", stderr(&generated));
    let same = run(&[&["diff", "out/iptables.rules", "-q"], &ALL[..]].concat());
    assert_eq!(code(&same), 0, "{}{}", stdout(&same), stderr(&same));
    // The vendor moves a name.
    lab.change("egressor-lab.net", "c A 20.60.0.2", "c A 20.60.0.9");
    let checked = lock(&["--check"]);
    assert_eq!(code(&checked), 1, "{}{}", stdout(&checked), stderr(&checked));
    assert!(
        stdout(&checked).contains("20.60.0.9") && stdout(&checked).contains("BROADENED"),
        "{}",
        stdout(&checked)
    );
    let news = lock(&[]);
    assert_eq!(
        (code(&news), stdout(&news).as_str()),
        (0, "storage.googleapis.com\n  + 20.60.0.9\n"),
        "{}",
        stderr(&news)
    );
    let differs = run(&[&["diff", "out/iptables.rules", "-q"], &ALL[..]].concat());
    assert_eq!(code(&differs), 1, "{}", stdout(&differs));
    assert!(stdout(&differs).contains("20.60.0.9"), "{}", stdout(&differs));
    assert_eq!(code(&run(&generate)), 0);
    let same = run(&[&["diff", "out/iptables.rules", "-q"], &ALL[..]].concat());
    assert_eq!(code(&same), 0, "{}{}", stdout(&same), stderr(&same));
}

#[test]
fn what_unbound_finds_bogus_keeps_the_lock() {
    let Some(mut lab) = Lab::open(1) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let lock = |lab: &Lab| {
        let resolver = lab.unbound.to_string();
        let only = ["--only", "ghcr.io,github.com"];
        egressor(folder.path(), &[&["lock", "--resolver", &resolver], &only[..], &ALL[..]].concat())
    };
    let good = lock(&lab);
    assert_eq!(code(&good), 0, "{}", stderr(&good));
    // Another resolver holds another key for the zone than it is signed with.
    let anchors = fs::read_to_string(lab.path("anchors")).expect("anchors");
    let foreign = anchors.lines().find(|line| line.starts_with("egressor-signed.net")).expect("its key");
    fs::write(lab.path("anchors"), format!("{}\n", foreign.replace("egressor-signed.net", "ghcr.io")))
        .expect("it is written");
    lab.unbound = free();
    fs::write(lab.path("unbound.conf"), lab.unbound_conf(&zones())).expect("it is written");
    let unbound = lab.unbound;
    lab.start("unbound", &["-d", "-c", "unbound.conf"], unbound, "github.com");
    let bogus = lock(&lab);
    assert_eq!(code(&bogus), 1, "{}", stderr(&bogus));
    assert!(stderr(&bogus).contains("`ghcr.io`: the A lookup failed (servfail)"), "{}", stderr(&bogus));
    assert!(text(folder.path()).contains("20.40."), "{}", text(folder.path()));
}

#[cfg(feature = "dnssec")]
#[test]
fn signatures_are_checked_here_too_in_three_degrees() {
    use egressor::resolve::Validation;
    let Some(lab) = Lab::open(1) else { return };
    let asked = |dnssec, name| {
        let trust_anchor = Some(lab.path("anchors"));
        ask_with(&DnsOptions { dnssec, trust_anchor, ..plain(lab.unbound) }, name).outcome
    };
    for (name, prefer, require) in [
        ("www.egressor-signed.net", Outcome::Answer, Outcome::Answer),
        ("big.egressor-signed.net", Outcome::Answer, Outcome::Answer),
        ("nothing.egressor-signed.net", Outcome::NxDomain, Outcome::NxDomain),
        // Shown to be unsigned by its parent.
        ("child.egressor-signed.net", Outcome::Answer, Outcome::Bogus),
        ("nothing.child.egressor-signed.net", Outcome::NxDomain, Outcome::Bogus),
        // Nobody vouches for this one.
        ("c.egressor-lab.net", Outcome::Bogus, Outcome::Bogus),
    ] {
        assert_eq!(
            (asked(Validation::Prefer, name), asked(Validation::Require, name)),
            (prefer, require),
            "{name}"
        );
    }
}

#[cfg(feature = "doh")]
#[test]
fn encrypted_servers_are_asked_and_only_those_with_the_right_certificate() {
    let Some(mut lab) = Lab::open(1) else { return };
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
    let names = ["-subj", "/CN=dns.egressor-lab.net", "-addext", "subjectAltName=DNS:dns.egressor-lab.net"];
    let authority = ["-subj", "/CN=egressor lab", "-keyout", "ca.key", "-out", "ca.pem"];
    let leaf = ["-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "basicConstraints=CA:FALSE"];
    let files = ["-keyout", "server.key", "-out", "server.pem"];
    for arguments in [[&key[..], &authority].concat(), [&key[..], &names, &leaf, &files].concat()] {
        let made = Command::new("openssl")
            .args(["req", "-x509"])
            .args(arguments)
            .current_dir(lab.folder.path())
            .output();
        let Ok(made) = made else {
            skipped("unbound over TLS", 1, "openssl is not installed");
            return;
        };
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }
    lab.unbound = free();
    fs::write(lab.path("unbound.conf"), lab.unbound_conf(&zones())).expect("it is written");
    let unbound = lab.unbound;
    lab.start("unbound", &["-d", "-c", "unbound.conf"], unbound, "github.com");
    let (ip, tls, https) = (unbound.ip(), unbound.port() + 1, unbound.port() + 2);
    let folder = tempfile::tempdir().expect("a folder");
    let ca = lab.path("ca.pem").display().to_string();
    let lock = |resolver: &str, more: &[&str]| {
        let arguments = ["lock", "--only", "registry.k8s.io,github.com", "--resolver", resolver];
        egressor(folder.path(), &[&arguments[..], &ALL[..], more].concat())
    };
    for resolver in [
        format!("tls://{ip}:{tls}#dns.egressor-lab.net"),
        format!("https://{ip}:{https}#dns.egressor-lab.net"),
    ] {
        let locked = lock(&resolver, &["--ca", &ca]);
        assert_eq!(code(&locked), 0, "{resolver}: {}", stderr(&locked));
        let lock_text = text(folder.path());
        assert!(lock_text.contains("20.50.0.119"), "{resolver}: {lock_text}");
        fs::remove_file(folder.path().join("egressor.lock")).expect("it is there");
        // Another name, and an authority that is not the one that signed, are refused.
        for (resolver, more) in
            [(resolver.replace("#dns.", "#other."), &["--ca", &ca][..]), (resolver.clone(), &[][..])]
        {
            let refused = lock(&resolver, more);
            assert_eq!(code(&refused), 2, "{resolver}: {}", stderr(&refused));
            assert!(!folder.path().join("egressor.lock").exists());
        }
    }
}
