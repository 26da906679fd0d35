//! Squid as the judge of what is done about TLS in tunnels: names in handshakes, and paths where it is inspected.
//!
//! A TLS server on the loopback has a certificate of its own, so that whoever asks through the proxy sees whether the
//! tunnel was passed on or opened.

use crate::egressor_itself::{command, generate, lock};
use crate::squid::{JUDGE, Proxy, meaning, squid};
use crate::tools::{free_port, must, script, write};
use crate::verdicts::Verdicts;
use egressor::packet::{Hostname, Packet, Peer, Protocol};
use proptest::prelude::{Strategy as _, any, prop};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

/// The hosts whose names lead to the server.
const HOSTS: [&str; 7] =
    ["api.test", "files.test", "other.test", "wild.test", "x.wild.test", "x.y.wild.test", "xfiles.test"];
/// Where Debian has the program that makes certificates for opened tunnels.
const CERTIFICATES: &str = "/usr/lib/squid/security_file_certgen";

/// A certificate with a key, for these names, that can sign others.
fn certificate(folder: &Path, name: &str, hosts: &[&str]) {
    let names: Vec<String> = hosts.iter().map(|host| format!("DNS:{host}")).collect();
    let mut openssl = Command::new("openssl");
    openssl.current_dir(folder).args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
    ]);
    openssl.args(["-nodes", "-days", "2", "-subj", &format!("/CN={name}"), "-addext"]);
    openssl.arg(format!("subjectAltName={}", names.join(",")));
    openssl.args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.crt")]);
    must(&mut openssl, "");
    fs::set_permissions(folder.join(format!("{name}.key")), fs::Permissions::from_mode(0o644)).unwrap();
}

/// A proxy that looks into tunnels, and a server behind it.
struct Lab {
    proxy: Proxy,
    port: u16,
}

impl Lab {
    fn start(squid: &[String], folder: &Path, rules: &str, port: u16) -> Result<Self, String> {
        certificate(folder, "origin", &HOSTS);
        certificate(folder, "proxy", &["proxy.test"]);
        let shown = folder.display();
        fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
        let (_, nobody) = squid.split_last().unwrap();
        let made = ["-c", "-s", &format!("{shown}/made"), "-M", "4MB"].map(str::to_owned);
        let words = [nobody, &[CERTIFICATES.to_owned()], &made].concat();
        let (tool, rest) = words.split_first().unwrap();
        must(Command::new(tool).args(rest), "");
        let options = format!(
            "ssl-bump tls-cert={shown}/proxy.crt tls-key={shown}/proxy.key generate-host-certificates=on \
             dynamic_cert_mem_cache_size=4MB"
        );
        let more = format!(
            "sslcrtd_program {CERTIFICATES} -s {shown}/made -M 4MB\nsslcrtd_children 1 startup=1 idle=1\n\
             tls_outgoing_options cafile={shown}/origin.crt\n"
        );
        let proxy = Proxy::start_with(squid, folder, rules, &HOSTS, (&options, &more))?;
        Ok(Self { proxy, port })
    }

    /// The answers to questions; `tunnels.py` says what both are.
    fn ask(&self, folder: &Path, questions: &[Value]) -> Vec<String> {
        let mut python = Command::new("python3");
        python.arg(script("tunnels.py")).arg(self.proxy.port.to_string()).arg("127.51.0.1");
        python.arg(self.port.to_string()).arg(folder.join("origin.crt")).arg(folder.join("origin.key"));
        serde_json::from_str(&must(&mut python, &json!(questions).to_string())).unwrap()
    }
}

/// Reports whether the proxy said no.
fn is_refused(answer: &str) -> bool {
    answer == "denied" || answer.ends_with(" 403")
}

/// What rules are read to allow, surely and perhaps.
fn allows(rules: &str, host: &str, path: &str, port: u16) -> (bool, bool) {
    let bounds = meaning(rules);
    let name: Hostname = host.parse().unwrap();
    let source = Ipv4Addr::LOCALHOST.into();
    let packet = Packet { peer: Peer::Name(&name, path), source, protocol: Protocol::TCP, detail: port };
    (bounds.at_least.at(&packet), bounds.at_most.at(&packet))
}

/// A catalog with whole hosts, a wildcard and a host of which some paths are allowed.
fn catalog(port: u16) -> String {
    let endpoint = |id: &str, host: &str, more: &str| {
        format!(
            "  - {{id: {id}, direction: egress, host: {host}, ports: [{port}/tcp], app: https, used_by: [agent], feature: \
             core, purpose: \"For judges\", sources: [page], confidence: documented, status: active, {more}}}\n"
        )
    };
    [
        "schema: egressor/catalog/v1\nid: judged\ntitle: \"For judges\"\nverified: {on: \"2026-11-22\", method: document-review}\n\
         review_after: \"2027-02-22\"\nsources:\n  page: {title: \"A page\", url: \"https://example.test/\"}\n\
         components:\n  agent: {kind: workstation, feature: core, title: \"An agent\"}\nfeatures:\n  core: {title: \"All\", \
         default: true}\nendpoints:\n",
        &endpoint("api", "api.test", "tags: [a]"),
        &endpoint("wild", "wild.test", "subdomains: any, apex: false, tags: [a]"),
        &endpoint("good", "files.test", "shared_host: true, paths: [/good/], risk: \"shared\", tags: [a]"),
        &endpoint("special", "files.test", "shared_host: true, risk: \"shared\", paths: [\"/a.b+c(d)$*/\"], tags: [a]"),
    ]
    .concat()
}

/// Spellings of paths that lead, or may lead, out of `/good/`.
const ODD: [&str; 24] = [
    "/good/../bad/x",
    "/good/..",
    "/good/..;/bad/x",
    "/good/%2e%2e/bad/x",
    "/good/%2E%2E/bad/x",
    "/good/.%2e/bad/x",
    "/good/%252e%252e/bad/x",
    "/good/..%2fbad/x",
    "/good/..%2Fbad/x",
    "/good%2f..%2fbad/x",
    "/good%2Fx",
    "/good%2fx",
    "/good/%2Fx",
    "/good/a%5c..%5cx",
    "/good/%3F/../../bad/x",
    "/%67ood/x",
    "/good/%00/x",
    "/good//x",
    "//good/x",
    "/./good/x",
    "/good/\\..\\x",
    "/good/a#/%2e%2e/x",
    "/good/x?a=%2e%2e",
    "/good/x?a=//b",
];

/// Questions, and how their answers must begin; nothing stands for any way to refuse.
fn questions(inspects: bool, port: u16) -> Vec<(Value, &'static str)> {
    let mut asked: Vec<(Value, &'static str)> = Vec::new();
    let mut ask = |host: &str, sni: Option<&str>, path: &str, answer: &'static str| {
        asked.push((json!({ "connect": host, "sni": sni, "path": path }), answer));
    };
    for host in ["api.test", "API.test", "api.test.", "x.wild.test", "x.y.wild.test"] {
        let sni = host.trim_end_matches('.');
        ask(host, Some(sni), "/any/../thing", "spliced 200");
        ask(host, None, "/x", "spliced 200");
        // A name that is not in the rules, and one that is and is opened.
        for other in ["other.test", "x-api.test", "api.test.evil.test", "wild.test"] {
            ask(host, Some(other), "/x", "");
        }
        if inspects {
            ask(host, Some("files.test"), "/bad/x", "");
        }
    }
    for host in ["other.test", "wild.test", "xfiles.test", "127.51.0.1"] {
        ask(host, Some("api.test"), "/x", "");
        ask(host, Some("files.test"), "/good/x", "");
    }
    let (file, other) = if inspects { ("bumped 200", "bumped 403") } else { ("spliced 200", "spliced 200") };
    for path in ["/good/x", "/good/", "/good/x?a=b", "/good/a-b_c.d/e", "/a.b+c(d)$*/x"] {
        ask("files.test", Some("files.test"), path, file);
    }
    ask("FILES.test", Some("files.TEST"), "/good/x", file);
    ask("files.test", None, "/good/x", file);
    for path in ["/bad/x", "/good-evil/x", "/goo", "/good", "/GOOD/x", "/", "/x/good/x", "/aXb+c(d)$*/x"] {
        ask("files.test", Some("files.test"), path, other);
    }
    for path in ODD.into_iter().filter(|_| inspects) {
        ask("files.test", Some("files.test"), path, other);
    }
    if inspects {
        ask("files.test", Some("api.test"), "/bad/x", "");
        // The request names another host than the tunnel leads to.
        for (host, path) in [("api.test", "/bad/x"), ("other.test", "/good/x")] {
            let named = format!("{host}:{port}");
            let question =
                json!({ "connect": "files.test", "sni": "files.test", "path": path, "host": named });
            asked.push((question, "bumped 403"));
        }
        // What follows on a CONNECT within an opened tunnel would be judged no more.
        for nested in ["files.test", "api.test", "other.test"] {
            let question =
                json!({ "connect": "files.test", "sni": "files.test", "nested": nested, "path": "/bad/x" });
            asked.push((question, "nested 403"));
        }
        // Squid takes URLs with TLS without a tunnel too.
        for (path, answer) in
            [("/good/x", "plain 200"), ("/bad/x", "plain 403"), ("/good/%2e%2e/x", "plain 403")]
        {
            let named = format!("files.test:{port}");
            asked.push((json!({ "path": format!("https://{named}{path}"), "host": named }), answer));
        }
    }
    // A tunnel that is denied is opened too, to say so.
    let question =
        json!({ "connect": "other.test", "sni": "other.test", "nested": "api.test", "path": "/x" });
    asked.push((question, "nested 403"));
    asked.push((json!({ "connect": "api.test", "speak": "SSH-2.0-judge\r\n" }), ""));
    asked
}

#[test]
fn squid_cuts_off_other_names_and_refuses_other_paths() {
    let Some(squid) = squid(2 * (ODD.len() + 30)) else { return };
    let mut verdicts = Verdicts::of(JUDGE, "tls");
    for tls in ["splice", "inspect"] {
        let kept = tempfile::tempdir().unwrap();
        let folder = kept.path();
        let port = free_port();
        let catalog = write(folder, "judged.yaml", &catalog(port));
        let option = format!("squid.tls={tls}");
        let mut written = command(&["generate", "-q", "--target", "squid", "--set", &option]);
        written.arg("--catalog").arg(catalog).arg("--lock").arg(lock()).arg("--out").arg(folder);
        must(&mut written, "");
        let rules = fs::read_to_string(folder.join("squid.conf")).unwrap();
        let lab = match Lab::start(&squid, folder, &rules, port) {
            Ok(lab) => lab,
            Err(why) => panic!("{why}\n{rules}"),
        };
        let inspects = tls == "inspect";
        let asked = questions(inspects, port);
        let questions: Vec<Value> = asked.iter().map(|(question, _)| question.clone()).collect();
        for (answer, (question, expected)) in lab.ask(folder, &questions).iter().zip(&asked) {
            let right = if expected.is_empty() {
                answer == "closed" || is_refused(answer)
            } else {
                answer == expected
            };
            verdicts.case(right, || format!("{tls}: {question}: {answer}, and not {expected}"));
        }
        // The whole catalog is parsed without a complaint.
        let whole = tempfile::tempdir().unwrap();
        generate(
            "squid",
            &lock(),
            &["--all-regions", "--include-superseded", "--set", &option],
            whole.path(),
        );
        let rules_of_all = fs::read_to_string(whole.path().join("squid.conf")).unwrap();
        let parsed = Lab::start(&squid, whole.path(), &rules_of_all, port);
        verdicts.case(parsed.is_ok(), || parsed.err().unwrap_or_default());
        // What is read of the file is what Squid let pass.
        for (host, path, passes) in [
            ("api.test", "/x", true),
            ("x.wild.test", "/x", true),
            ("wild.test", "/x", false),
            ("files.test", "/good/x", true),
            ("files.test", "/bad/x", !inspects),
            ("files.test", "/a.b+c(d)$*/x", true),
        ] {
            let read = allows(&rules, host, path, port);
            verdicts.case(read == (passes, passes), || format!("{tls}: {host}{path} is read as {read:?}"));
        }
    }
    verdicts.close();
}

/// ACLs that decide about tunnels, and two that decide by what is in them; `PORT` is the port of the server.
const ACLS: [&str; 12] = [
    "ssl::server_name api.test",
    "ssl::server_name .wild.test",
    "ssl::server_name files.test other.test",
    r"ssl::server_name_regex -i ^[^.]+\.Wild\.test$",
    r"ssl::server_name_regex \.test$",
    "dstdomain -n files.test api.test",
    r"dstdom_regex -n \.wild\.test$",
    "port PORT",
    "port 22",
    "src 127.0.0.0/8",
    r"url_regex ^https://(files|api)\.test(:[0-9]+)?/good/",
    r"url_regex ^https://x\.wild\.test:PORT/ ^https://other\.test:1/",
];

/// Random `ssl_bump` lines behind one that peeks, and random `http_access` lines.
fn configurations() -> impl proptest::strategy::Strategy<Value = String> {
    let tests = |from: usize, to: usize| prop::collection::vec((any::<bool>(), from..to), 1..3);
    let bumps = prop::collection::vec((0..5_usize, tests(0, 10)), 1..5);
    let lines = prop::collection::vec((0..4_usize, tests(5, 12)), 1..4);
    (bumps, lines, any::<bool>()).prop_map(|(bumps, lines, closes)| {
        let words = |tests: &[(bool, usize)]| {
            let word =
                |(negated, index): &(bool, usize)| format!(" {}a{index}", if *negated { "!" } else { "" });
            tests.iter().map(word).collect::<String>()
        };
        let mut text = String::new();
        for (index, acl) in ACLS.iter().enumerate() {
            writeln!(text, "acl a{index} {acl}").unwrap();
        }
        text.push_str(
            "acl step at_step SslBump1\nacl mark annotate_client opened=yes\nacl opened note opened yes\n",
        );
        text.push_str("http_access deny CONNECT opened\n");
        for (action, tests) in &lines {
            let action = ["allow", "allow CONNECT", "allow !CONNECT", "deny"][*action];
            writeln!(text, "http_access {action}{}", words(tests)).unwrap();
        }
        writeln!(text, "http_access {}", if closes { "deny all" } else { "allow CONNECT" }).unwrap();
        text.push_str("http_access deny all\nssl_bump peek step\n");
        for (action, tests) in &bumps {
            let (action, mark) =
                [("splice", ""), ("splice", ""), ("bump", " mark"), ("bump", " mark"), ("terminate", "")]
                    [*action];
            writeln!(text, "ssl_bump {action}{}{mark}", words(tests)).unwrap();
        }
        text
    })
}

#[test]
fn what_is_read_of_handshakes_and_paths_is_what_squid_lets_pass() {
    const CONFIGURATIONS: usize = 8;
    const PATHS: [&str; 2] = ["/good/x", "/bad/x"];
    let Some(squid) = squid(CONFIGURATIONS * HOSTS.len() * PATHS.len()) else { return };
    let mut verdicts = Verdicts::of(JUDGE, "tls reader");
    let mut runner = TestRunner::deterministic();
    let strategy = configurations();
    let (mut allowed, mut tried) = (0, 0);
    for _ in 0..CONFIGURATIONS {
        let port = free_port();
        let rules = strategy.new_tree(&mut runner).unwrap().current().replace("PORT", &port.to_string());
        let kept = tempfile::tempdir().unwrap();
        let folder = kept.path();
        let lab = match Lab::start(&squid, folder, &rules, port) {
            Ok(lab) => lab,
            Err(why) => panic!("{why}\n{rules}"),
        };
        let cases: Vec<(&str, &str)> =
            HOSTS.into_iter().flat_map(|host| PATHS.map(|path| (host, path))).collect();
        let questions = cases.iter().flat_map(|(host, path)| {
            let named = format!("{host}:{port}");
            [
                json!({ "connect": host, "sni": host, "path": path }),
                json!({ "path": format!("https://{named}{path}"), "host": named }),
                json!({ "path": format!("http://{named}{path}"), "host": named }),
            ]
        });
        let answers = lab.ask(folder, &questions.collect::<Vec<_>>());
        for ((host, path), answers) in cases.into_iter().zip(answers.chunks(3)) {
            // The server answers nothing without TLS, which is told from what the proxy refuses.
            let passes = answers.iter().any(|answer| answer != "closed" && !is_refused(answer));
            let (least, most) = allows(&rules, host, path, port);
            let right = if passes { most } else { !least };
            verdicts.case(right && least == most, || {
                format!("{host}{path}: {answers:?}, read as {least} to {most}\n{rules}")
            });
            allowed += usize::from(passes);
            tried += 1;
        }
    }
    assert!(allowed > 0 && allowed < tried, "{allowed} of {tried} passed");
    verdicts.close();
}
