//! Texts that stand for far more than they say, nest without end, or cross everything with everything: each is read
//! exactly, or refused with an error that names the limit. The memory is bounded by the kernel, and so is the time.

use crate::program::egressor;
use std::fmt::Write as _;
use std::fs;

/// What is to come of a file.
enum Outcome {
    /// It is read, and the program says what it means.
    Exact,
    /// It is refused with these words.
    Refused(&'static str),
}

use Outcome::{Exact, Refused};

/// Shows a file of that name, with some flags.
fn shown(name: &str, text: &str, flags: &[&str], outcome: &Outcome) {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join(name), text).expect("a file");
    let output = egressor(folder.path(), &[&["show", name, "--format", "json"], flags].concat(), &[]);
    let stdout = String::from_utf8_lossy(&output.stdout);
    let said: String = stdout.chars().rev().take(3_000).collect::<Vec<_>>().into_iter().rev().collect();
    let start: String = text.chars().take(80).collect();
    let code = output.status.code();
    assert!(code.is_some(), "{name} {start:?}: it was stopped: {}", String::from_utf8_lossy(&output.stderr));
    match outcome {
        Exact => assert_eq!(code, Some(0), "{name} {start:?}: {said}"),
        Refused(words) => {
            assert_eq!(code, Some(2), "{name} {start:?}: {said}");
            assert!(said.contains(words), "{name} {start:?}: {said}");
        }
    }
}

const DEEP: usize = 50_000;

const TOO_DEEP_YAML: Outcome = Refused("nested too deeply");
const TOO_DEEP_JSON: Outcome = Refused("nested deeper than 128 levels");
const TOO_DEEP_HCL: Outcome = Refused("invalid nesting depth");

#[test]
fn nesting_is_an_error_and_exhausts_no_stack() {
    let policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: ";
    for open in ["[", "{a: ", "\n  - - ", "!!map {? ", "&a [*a, "] {
        let text = format!("{policy}{}\n", open.repeat(DEEP));
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("p.yaml"), &text).expect("a file");
        let output = egressor(folder.path(), &["show", "p.yaml"], &[]);
        assert_eq!(output.status.code(), Some(2), "{open:?}");
    }
    shown("p.yaml", &format!("{policy}{}\n", "[".repeat(DEEP)), &[], &TOO_DEEP_YAML);
    for open in ["[", "{\"a\":", "[[{\"a\":"] {
        shown("p.json", &format!("{{\"SecurityGroups\": {}", open.repeat(DEEP)), &[], &TOO_DEEP_JSON);
    }
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("{a=", "}"),
        ("!", ""),
        ("-", ""),
        ("f(", ")"),
        ("\"${", "}\""),
        ("true ? 1 : ", ""),
        ("[for a in b : ", "]"),
        ("\"%{ if true }", "%{ endif }\""),
    ] {
        let text = format!(
            "resource \"aws_security_group\" \"a\" {{\n  name = {}1{}\n}}\n",
            open.repeat(DEEP),
            close.repeat(DEEP)
        );
        shown("m.tf", &text, &[], &TOO_DEEP_HCL);
    }
    shown(
        "m.tf",
        &format!("resource \"aws_security_group\" \"a\" {{\n{}", "egress {\n".repeat(DEEP)),
        &[],
        &TOO_DEEP_HCL,
    );
}

#[test]
fn nesting_in_catalogs_projects_locks_and_templates_is_an_error() {
    let deep = "[".repeat(DEEP);
    for (name, text, arguments) in [
        ("c.yaml", format!("schema: egressor/catalog/v1\nid: {deep}"), &["catalog", "lint", "c.yaml"][..]),
        ("egressor.yaml", format!("schema: egressor/project/v1\nlock: {deep}"), &["generate"]),
        ("egressor.lock", format!("version = {deep}"), &["generate", "--region", "us"]),
        ("egressor.lock", format!("version = {}1", "{a=".repeat(DEEP)), &["generate", "--region", "us"]),
        ("egressor.lock", format!("{}=1", "a.".repeat(DEEP) + "b"), &["generate", "--region", "us"]),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(name), text).expect("a file");
        let output = egressor(folder.path(), arguments, &[]);
        // `catalog lint` ends with 1 where it found something.
        let refused = if arguments.contains(&"lint") { 1 } else { 2 };
        assert_eq!(output.status.code(), Some(refused), "{name}: {output:?}");
    }
    for template in [
        format!("{{{{ {}1{} }}}}", "(".repeat(DEEP), ")".repeat(DEEP)),
        format!("{}{}", "{% if a %}".repeat(DEEP), "{% endif %}".repeat(DEEP)),
        format!("{{{{ {}1 }}}}", "not ".repeat(DEEP)),
        format!("{{{{ {}1{} }}}}", "[".repeat(DEEP), "]".repeat(DEEP)),
        format!("{{{{ a{} }}}}", ".b".repeat(DEEP)),
        format!("{{{{ a{} }}}}", " | squid".repeat(DEEP)),
        format!("{{{{ 1{} }}}}", " + 1".repeat(DEEP)),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("t")).expect("a folder");
        fs::write(folder.path().join("t/squid.conf.tera"), &template).expect("a template");
        let lock = format!("{}/examples/01_quickstart/egressor.lock", env!("CARGO_MANIFEST_DIR"));
        let arguments = ["generate", "--region", "us", "--lock", &lock, "-t", "squid", "--templates", "t"];
        let output = egressor(folder.path(), &arguments, &[]);
        let start: String = template.chars().take(20).collect();
        assert_eq!(output.status.code(), Some(2), "{start}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn aliases_and_repetitions_that_stand_for_too_much_are_refused_and_the_flag_is_named() {
    let raise = Refused("--limits-times");
    let mut laughs =
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\na0: &a0 [x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..12 {
        let before = vec![format!("*a{}", level - 1); 8].join(",");
        writeln!(laughs, "a{level}: &a{level} [{before}]").expect("text");
    }
    shown("p.yaml", &laughs, &[], &raise);
    let modules: [&dyn Fn(usize) -> String; 4] = [
        &|level| format!("[for x in local.l{0} : local.l{0}]", level - 1),
        &|level| format!("concat({})", vec![format!("local.l{}", level - 1); 10].join(", ")),
        &|level| format!("{{ a = local.l{0}, b = local.l{0}, c = local.l{0} }}", level - 1),
        &|level| format!("[{}]", vec![format!("local.l{}", level - 1); 9].join(", ")),
    ];
    for step in modules {
        let mut text = "locals {\n  l0 = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n".to_owned();
        for level in 1..20 {
            writeln!(text, "  l{level} = {}", step(level)).expect("text");
        }
        text.push_str("}\nresource \"aws_security_group\" \"a\" {\n  name = local.l19\n}\n");
        shown("m.tf", &text, &[], &raise);
    }
    let counted = "resource \"aws_security_group\" \"a\" {\n  count = 4000000000\n}\n";
    shown("m.tf", counted, &[], &raise);
    let nested = "  dynamic \"egress\" {\n    for_each = local.l\n    content {\n";
    let text = format!(
        "locals {{\n  l = [{}]\n}}\nresource \"aws_security_group\" \"a\" {{\n{}{}}}\n",
        "1,".repeat(200),
        nested.repeat(8),
        "    }\n  }\n".repeat(8)
    );
    shown("m.tf", &text, &[], &raise);
    // What is only named, and computed by no function that is known, is in doubt and costs nothing.
    for call in ["[for i in range(100000000) : \"10.0.0.0/8\"]", "cidrsubnets(\"10.0.0.0/8\", 20, 20, 20)"] {
        let text = format!(
            "resource \"aws_security_group\" \"a\" {{\n  egress {{\n    from_port = 1\n    to_port = 1\n    protocol = \"tcp\"\n    cidr_blocks = {call}\n  }}\n}}\n"
        );
        shown("m.tf", &text, &[], &Exact);
    }
}

/// A dump of these chains and rules, which drops what no rule takes.
fn dump(chains: usize, rules: impl IntoIterator<Item = String>) -> String {
    let mut text = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT DROP [0:0]\n".to_owned();
    for chain in 0..chains {
        writeln!(text, ":C{chain} - [0:0]").expect("text");
    }
    for rule in rules {
        writeln!(text, "-A {rule}").expect("text");
    }
    text + "COMMIT\n"
}

/// Chains that each jump twice to the next one, under a condition.
fn fan(condition: impl Fn(usize) -> String) -> String {
    const CHAINS: usize = 60;
    let jumps = (0..CHAINS - 1).flat_map(|chain| [2 * chain, 2 * chain + 1].map(|jump| (chain, jump)));
    let jumps = jumps.map(|(chain, jump)| format!("C{chain} {} -j C{}", condition(jump), chain + 1));
    let ends = ["OUTPUT -j C0".to_owned(), format!("C{} -j ACCEPT", CHAINS - 1)];
    dump(CHAINS, ends.into_iter().chain(jumps))
}

#[test]
fn jumps_that_double_with_every_chain_are_read_or_refused() {
    shown("r", &fan(|jump| format!("-d 10.{jump}.0.0/16")), &[], &Exact);
    shown("r", &fan(|jump| format!("-p tcp -m tcp --dport {jump}:65535")), &[], &Exact);
    shown("r", &fan(|jump| format!("-p {}", if jump % 2 == 0 { "tcp" } else { "udp" })), &[], &Exact);
    let raise = Refused("--limits-times");
    shown("r", &fan(|jump| format!("-m owner --uid-owner {jump}")), &[], &raise);
    let chain =
        dump(3_000, (0..2_999).map(|at| format!("C{at} -j C{}", at + 1)).chain(["OUTPUT -j C0".to_owned()]));
    shown("r", &chain, &[], &Refused("jump more than 128 deep"));
    let circle = dump(2, ["OUTPUT -j C0", "C0 -j C1", "C1 -j C0"].map(str::to_owned));
    shown("r", &circle, &[], &Refused("C"));
}

/// A ruleset of nft with these chains and rules, which drops what no rule takes.
fn ruleset(chains: usize, rules: &[(usize, String)], last: &str) -> String {
    let mut text = "table inet t {\n".to_owned();
    let mut of: Vec<String> = vec![String::new(); chains];
    for (chain, rule) in rules {
        writeln!(of[*chain], "\t\t{rule}").expect("text");
    }
    for (chain, rules) in of.iter().enumerate() {
        writeln!(text, "\tchain c{chain} {{\n{rules}\t}}").expect("text");
    }
    let head = "type filter hook output priority filter; policy drop;";
    text + &format!("\tchain output {{\n\t\t{head}\n\t\t{last}\n\t}}\n}}\n")
}

#[test]
fn rulesets_of_nft_that_stand_for_too_much_are_refused() {
    let fan = |condition: fn(usize) -> String| {
        let jump = |at: usize| (at / 2, format!("{} jump c{}", condition(at), at / 2 + 1));
        let jumps: Vec<(usize, String)> = (0..100).map(jump).chain([(50, "accept".to_owned())]).collect();
        ruleset(51, &jumps, "jump c0")
    };
    shown("r", &fan(|at| format!("ip daddr 10.{at}.0.0/16")), &[], &Exact);
    shown("r", &fan(|at| format!("meta skuid {at}")), &[], &Refused("--limits-times"));
    let chain: Vec<(usize, String)> = (0..199).map(|at| (at, format!("jump c{}", at + 1))).collect();
    shown("r", &ruleset(200, &chain, "jump c0"), &[], &Refused("jump more than 64 deep"));
    let mut bomb = "define a0 = { 1, 2 }\n".to_owned();
    for at in 1..60 {
        writeln!(bomb, "define a{at} = {{ $a{0}, $a{0} }}", at - 1).expect("text");
    }
    shown("r", &format!("{bomb}table inet t {{\n}}\n"), &[], &Refused("stand for too much"));
    let nested = format!("tcp dport {}1{} accept", "{".repeat(DEEP), "}".repeat(DEEP));
    shown("r", &ruleset(0, &[], &nested), &[], &Refused("deeper than 16"));
    let parts = "meta mark 1 ".repeat(DEEP);
    shown("r", &ruleset(0, &[], &format!("{parts}accept")), &[], &Refused("parts, which the kernel refuses"));
    let elements: Vec<String> =
        (0..50_000).map(|at| format!("10.{}.{}.{}", at >> 15, at >> 7 & 255, at << 1 & 255)).collect();
    let set = format!("ip daddr {{ {} }} accept", elements.join(", "));
    shown("r", &ruleset(0, &[], &set), &[], &Exact);
    let verdicts: Vec<String> = (0..2_000).map(|at| format!("{at} : jump c{at}")).collect();
    let map = format!("tcp dport vmap {{ {} }}", verdicts.join(", "));
    let rules: Vec<(usize, String)> =
        (0..2_000).map(|at| (at, format!("ip daddr {} accept", net(at)))).collect();
    shown("r", &ruleset(2_000, &rules, &map), &[], &Exact);
}

fn net(number: usize) -> String {
    format!("10.{}.{}.0/24", number / 256, number % 256)
}

fn verdict(number: usize) -> &'static str {
    if number.is_multiple_of(2) { "ACCEPT" } else { "DROP" }
}

#[test]
fn rules_that_cross_are_refused_where_they_are_too_many_cases() {
    const MANY: usize = 600;
    let low: &[&str] = &["--limit", "20000"];
    let refused = Refused("read/too-large");
    let ports = |at: usize| format!("OUTPUT -p tcp -m tcp --dport {} -j {}", 2 * at, verdict(at));
    let nets = |at: usize| format!("OUTPUT -d {} -p tcp -j {}", net(at), verdict(at + 1));
    let sources = |at: usize| format!("OUTPUT -s {} -j {}", net(at), verdict(at));
    let crossed = |many: usize, a: &dyn Fn(usize) -> String, b: &dyn Fn(usize) -> String| {
        dump(0, (1..many).flat_map(|at| [a(at), b(at)]))
    };
    shown("r", &crossed(MANY, &ports, &nets), low, &refused);
    shown("r", &crossed(MANY, &sources, &nets), low, &refused);
    let nest = (1..MANY).rev().map(|at| {
        let (high, low) = (at / 256, at % 256);
        format!(
            "OUTPUT -m iprange --dst-range 10.0.{high}.{low}-10.255.{}.{} -p tcp -m tcp --dport {at}:{} -j {}",
            255 - high,
            255 - low,
            65_535 - at,
            verdict(at)
        )
    });
    shown("r", &dump(0, nest), low, &refused);
    // The same with room for all cases is exact.
    shown("r", &crossed(80, &ports, &nets), &["--limit", "1000000"], &Exact);
    shown("r", &crossed(80, &ports, &nets), &["--limit", "1000"], &refused);
    // Ports with a period have no range to join, and each peer its own.
    let periodic = (0..MANY).map(|at| {
        let ports: Vec<String> = (0..15).map(|port| ((at * 7 + port * 4) % 65_000).to_string()).collect();
        format!("OUTPUT -d {} -p tcp -m multiport --dports {} -j {}", net(at), ports.join(","), verdict(at))
    });
    shown("r", &dump(0, periodic), &[], &Exact);
}

#[test]
fn every_command_that_weighs_rules_has_the_limit() {
    let crossed = (1..200).flat_map(|at| {
        [
            format!("OUTPUT -p tcp -m tcp --dport {} -j {}", 2 * at, verdict(at)),
            format!("OUTPUT -d {} -p tcp -j {}", net(at), verdict(at + 1)),
        ]
    });
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a"), dump(0, crossed)).expect("a file");
    fs::write(folder.path().join("b"), dump(0, ["OUTPUT -p tcp -j ACCEPT".to_owned()])).expect("a file");
    let lock = format!("{}/examples/01_quickstart/egressor.lock", env!("CARGO_MANIFEST_DIR"));
    let project = ["--region", "us", "--lock", &lock];
    for arguments in [
        &["show", "a"][..],
        &["diff", "b", "a"],
        &["diff", "a", "b"],
        &[&["diff", "a", "b", "--envelope", "castai"], &project[..]].concat(),
        &[&["lint", "a"], &project[..]].concat(),
    ] {
        let output = egressor(folder.path(), &[arguments, &["--limit", "2000"]].concat(), &[]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        assert!(stderr.contains("read/too-large"), "{arguments:?}: {stderr}");
    }
    // A question about a few packets needs little, and has its answer.
    let output = egressor(folder.path(), &["check", "10.0.1.7:443", "a", "--limit", "2000"], &[]);
    assert!(output.status.code().is_some_and(|code| code < 2), "{output:?}");
}

#[test]
fn patterns_and_conditions_of_a_proxy_cost_no_more_than_they_say() {
    let with = |acl: &str| format!("acl a {acl}\nhttp_access allow a\nhttp_access deny all\n");
    for pattern in [
        "(a|b)".repeat(40),
        format!("^{}\\.com$", "(a?)".repeat(40)),
        "^[a-z]{1,60}[0-9]{1,60}\\.com$".to_owned(),
        format!("{}$", "(a+)+".repeat(200)),
        "(".repeat(3_000),
        "a{1,999}{1,999}{1,999}".to_owned(),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let text = with(&format!("dstdom_regex {pattern}"));
        fs::write(folder.path().join("squid.conf"), text).expect("a file");
        let output = egressor(folder.path(), &["show", "squid.conf"], &[]);
        assert!(output.status.code().is_some_and(|code| code < 3), "{pattern}");
    }
    let mut crossed = String::new();
    for at in 1..800 {
        let port = 2 * at + 1;
        writeln!(crossed, "acl h{at} dstdomain -n h{at}.example.com\nacl p{at} port {port}").expect("text");
        writeln!(crossed, "http_access allow h{at} !p{at}\nhttp_access deny p{at}").expect("text");
    }
    let text = crossed + "http_access deny all\n";
    shown("squid.conf", &text, &["--limit", "50000"], &Refused("read/too-large"));
}

/// What costs the square of its length would need minutes for these.
#[test]
fn long_lists_cost_as_much_as_they_are_long() {
    let entries: Vec<String> =
        (0..6_000).flat_map(|at| [format!(".h{at}.example.com"), format!("*.x{at}")]).collect();
    let list = entries.join(",");
    shown("proxy.env", &format!("HTTPS_PROXY=http://p:1\nNO_PROXY={list}\n"), &[], &Exact);
    shown("proxy.env", &format!("HTTPS_PROXY=http://p:1\nNO_PROXY=\"{list}\"\n"), &[], &Exact);
    let again = format!("*.x,.x,*.X,x:1,{}", vec!["*.x"; 6_000].join(","));
    let below: Vec<String> = (0..6_000).map(|at| format!("h{at}.x")).collect();
    shown(
        "proxy.env",
        &format!("HTTPS_PROXY=http://p:1\nNO_PROXY={again},{}\n", below.join(",")),
        &[],
        &Exact,
    );
    let glued = format!("HTTPS_PROXY=http://p:1\nNO_PROXY={}\n", "10.0.0.0/8".repeat(20_000));
    shown("proxy.env", &glued, &[], &Exact);
    let line = format!(
        "*filter\n:OUTPUT DROP [0:0]\n-A OUTPUT -m comment --comment \"{}\" -j ACCEPT\nCOMMIT\n",
        "a".repeat(5_000_000)
    );
    shown("r", &line, &[], &Refused("a line of more than"));
    let blocks: Vec<String> = (0..8_000).map(|at| format!("{{ipBlock: {{cidr: {}}}}}", net(at))).collect();
    let ports: Vec<String> =
        (0..8_000).map(|at| format!("{{protocol: TCP, port: {}}}", 2 * at + 1)).collect();
    let policy = format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: a, namespace: b}}\nspec:\n  podSelector: {{}}\n  policyTypes: [Egress]\n  egress:\n  - to: [{}]\n    ports: [{}]\n",
        blocks.join(","),
        ports.join(",")
    );
    shown("p.yaml", &policy, &[], &Exact);
}

#[test]
fn a_file_of_any_size_is_refused_before_it_is_read_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = fs::File::create(folder.path().join("egressor.lock")).expect("a file");
    file.set_len(1 << 40).expect("a hole");
    let output = egressor(folder.path(), &["generate", "--region", "us"], &[]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && stderr.contains("larger than 32 MiB"), "{stderr}");
    assert!(stderr.contains("--limits-times"), "{stderr}");
    let output = egressor(folder.path(), &["generate", "--region", "us", "--limits-times", "2"], &[]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && stderr.contains("larger than 64 MiB"), "{stderr}");
}

/// A million rules, and a million that cross. `cargo test --release --test attack -- --ignored`.
#[test]
#[ignore = "it needs an optimised build"]
fn a_million_rules_are_read_or_refused() {
    let rules = (0..1_000_000_usize).map(|at| {
        format!(
            "OUTPUT -d 10.{}.{}.{}/32 -p tcp -m tcp --dport {} -j {}",
            at >> 16,
            at >> 8 & 255,
            at & 255,
            at % 7,
            verdict(at)
        )
    });
    shown("r", &dump(0, rules), &[], &Exact);
    let crossed = (0..500_000_usize).flat_map(|at| {
        [
            format!("OUTPUT -p tcp -m tcp --dport {} -j {}", at % 65_536, verdict(at)),
            format!(
                "OUTPUT -d 10.{}.{}.{}/32 -p tcp -j {}",
                at >> 16,
                at >> 8 & 255,
                at & 255,
                verdict(at + 1)
            ),
        ]
    });
    shown("r", &dump(0, crossed), &[], &Refused("read/too-large"));
}
