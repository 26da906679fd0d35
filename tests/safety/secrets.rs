//! Canaries in the place of secrets: in files of every form, on lines with errors, in flags and in the environment. No
//! command may show one, in any format, or write one.

use crate::run::{EGRESSOR, Run, quickstart_lock, state};
use egressor::resolve::feeds::FEEDS;
use std::path::Path;
use std::process::{Command, Stdio};

/// What nobody may see.
const CANARY: &str = "hunter2canary";

/// A URL with a password, in which `C` stands for the canary.
const URL: &str = "http://user:C@proxy.example:3128";

const POLICY: &str = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\n\
                      spec: {podSelector: {}, policyTypes: [Egress]}\n---\n";
const GROUP: &str = "resource \"aws_security_group\" \"g\" {\n  name = \"x\"\n}\n\
                     resource \"aws_vpc_security_group_egress_rule\" \"r\" {\n\
                     security_group_id = aws_security_group.g.id\n  cidr_ipv4 = \"10.0.0.0/8\"\n\
                     ip_protocol = \"tcp\"\n  from_port = 443\n  to_port = 443\n}\n";
const STATE: &str =
    "{\"version\": 4, \"serial\": 1, \"lineage\": \"l\", \"resources\": [{\"mode\": \"managed\", ";

/// Files with a canary: `C` is the canary, `U` the URL that holds it, and other words what they are above.
const FILES: [(&str, &str); 49] = [
    ("plain.env", "HTTPS_PROXY=U\nAPI_TOKEN=C\nNO_PROXY=localhost\n"),
    ("unclosed.env", "HTTPS_PROXY=\"U\nNO_PROXY=localhost\n"),
    ("unclosed-token.env", "HTTPS_PROXY=http://proxy:1\nTOKEN='C\n"),
    ("words.env", "HTTPS_PROXY=http://proxy:1\nC C\nexport C\n"),
    ("quote-in-password.env", "HTTPS_PROXY=http://user:a\"C@proxy:1\nNO_PROXY=localhost\n"),
    ("space-in-password.env", "HTTPS_PROXY=http://user:a C@proxy:1\nNO_PROXY=localhost\n"),
    ("slash-in-password.env", "HTTPS_PROXY=http://user:a/C@proxy:1\nNO_PROXY=localhost\n"),
    ("user-only.env", "HTTPS_PROXY=http://C@proxy:1\nNO_PROXY=localhost\n"),
    ("port.env", "HTTPS_PROXY=http://user:C@proxy:99999\nNO_PROXY=http://user:C@p,localhost\n"),
    ("no-host.env", "HTTPS_PROXY=user:C\nNO_PROXY=localhost,U\n"),
    ("set.sh", "kubectl set env deployment/a HTTPS_PROXY=U DB_PASSWORD=C\n"),
    ("set-unclosed.sh", "kubectl set env deployment/a HTTPS_PROXY='U DB_PASSWORD=C\n"),
    ("deployment.yaml", "DEPLOYMENT"),
    (
        "deployment-unclosed.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nspec: {env: [{name: DB_PASSWORD, value: \"C}]}\n",
    ),
    ("secret.yaml", "SECRET"),
    ("all.yaml", "POLICYDEPLOYMENT---\nSECRET"),
    ("unclosed.yaml", "POLICYkind: Secret\nstringData:\n  password: \"C\n"),
    ("brackets.yaml", "POLICYkind: Secret\nstringData:\n  password: [C: C: {\n"),
    ("alias.yaml", "POLICYkind: Secret\nstringData:\n  password: *C\n"),
    ("tabs.yaml", "POLICYkind: Secret\nstringData:\n\tpassword: C\n"),
    ("block.yaml", "POLICYkind: Secret\nstringData:\n  key: |\n    line\n   C\n  - x\n"),
    (
        "list.json",
        "{\"kind\": \"List\", \"apiVersion\": \"v1\", \"items\": [{\"kind\": \"Secret\", \"data\": {\"p\": \"C\"}}]} }",
    ),
    ("escape.json", "{\"kind\": \"List\", \"items\": [{\"kind\": \"Secret\", \"data\": {\"p\": \"C\\x\"}}]}"),
    ("main.tf", "GROUPprovider \"aws\" {\n  secret_key = \"C\"\n}\n"),
    ("junk.tf", "GROUPprovider \"aws\" {\n  secret_key = \"C\" } C\n}\n"),
    ("unclosed.tf", "GROUPprovider \"aws\" {\n  secret_key = \"C\n}\n"),
    ("twice.tf", "GROUPprovider \"aws\" {\n  value = \"C\"\n  value = \"C\"\n}\n"),
    ("heredoc.tf", "GROUPlocals {\n  key = <<EOT\nC\n"),
    ("unclosed.tfvars", "password = \"C\n"),
    ("junk.tfvars", "value = \"C\" C\n"),
    ("bare.tfvars", "value = C\n"),
    (
        "cut.tfstate",
        "STATE\"type\": \"aws_db_instance\", \"name\": \"d\", \"instances\": [{\"attributes\": {\"password\": \"C\"}}]}]",
    ),
    (
        "comma.tfstate",
        "STATE\"type\": \"aws_db_instance\", \"name\": \"d\", \"instances\": [{\"attributes\": {\"p\": \"C\" \"x\": 1}}]}]}",
    ),
    (
        "output.tfstate",
        "{\"version\": 4, \"serial\": 1, \"lineage\": \"l\", \"outputs\": {\"p\": {\"value\": \"C\"}}, \"resources\": []}",
    ),
    (
        "squid.conf",
        "cache_peer p.example parent 3128 0 login=user:C\nauth_param basic program /x C\nhttp_access deny all\n",
    ),
    (
        "tinyproxy.conf",
        "Port 8888\nBasicAuth user C\nBasicAut user C\nUpstream http user:C@p:80\nFilterDefaultDeny maybe\nFilterURLs No\n",
    ),
    (
        "haproxy.cfg",
        "userlist u\n    user a insecure-password C\nfrontend f\n    bind :x\n    mode tcp\n    stats auth a:C 'C\n",
    ),
    ("unknown.conf", "http_access allow nope\ncache_peer p parent x y login=user:C\nhttp_access deny all\n"),
    ("rules.sh", "#!/bin/sh\ncurl -u user:C http://x\nexport TOKEN=C\niptables -A OUTPUT -j ACCEPT\n"),
    ("unclosed.sh", "iptables -A OUTPUT -j ACCEPT\ncurl -H 'X: C http://x\n"),
    ("list.txt", "10.0.0.0/8\nvalue=C\nC C\nU\n"),
    ("words.lock", "version = 1\nC C\n"),
    ("unclosed.lock", "version = 1\ntoken = \"C\n"),
    ("overlay.yaml", "OVERLAYvariables:\n  proxy: U\n"),
    ("overlay-unclosed.yaml", "OVERLAYvariables:\n  proxy: \"U\n"),
    ("overlay-list.yaml", "OVERLAYvariables:\n  proxy: [\"U\"]\n  proxi: U\n"),
    ("overlay-map.yaml", "OVERLAYvariables:\n  proxy: {url: p, password: C}\n"),
    ("overlay-wrong.yaml", "OVERLAYvariables:\n  proxy: user:C\n  dns_servers: U\n"),
    (
        "catalog.yaml",
        "schema: egressor/catalog/v1\nid: own\ntitle: U\nsources:\n  a: {title: t, url: U, token: C}\n",
    ),
];

fn text(template: &str) -> String {
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  template:\n    spec:\n      \
                      containers:\n      - name: a\n        env:\n        - {name: DB_PASSWORD, value: C}\n        - name: \
                      HTTPS_PROXY\n          value: U\n        - {name: NO_PROXY, value: localhost}\n";
    let secret =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  password: C\ndata:\n  other: C\n";
    let overlay = "schema: egressor/overlay/v1\nextends: castai\ndisable: none\noverride: none\nset: none\n";
    let mut text = template.to_owned();
    for (word, stands) in [
        ("POLICY", POLICY),
        ("DEPLOYMENT", deployment),
        ("SECRET", secret),
        ("GROUP", GROUP),
        ("STATE", STATE),
        ("OVERLAY", overlay),
        ("U", URL),
    ] {
        // A word of its own, and not a part of one that the file has.
        text = replaced(&text, word, stands);
    }
    replaced(&text, "C", CANARY)
}

/// The text with each word replaced that stands between characters of no word, or before a word in lower case.
fn replaced(text: &str, word: &str, by: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((head, behind)) = rest.split_once(word) {
        out.push_str(head);
        let before = out.chars().next_back();
        let is_part = |char: Option<char>| char.is_some_and(|char| char.is_ascii_uppercase() || char == '_');
        let cut = is_part(before) || is_part(behind.chars().next());
        let whole = word.len() > 1 && behind.starts_with(|char: char| char.is_alphanumeric());
        let single = word.len() == 1 && behind.starts_with(|char: char| char.is_alphanumeric());
        out.push_str(if (cut && !whole) || single { word } else { by });
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// Runs the program with canaries in its environment.
fn run(folder: &Path, arguments: &[&str]) -> Run {
    let url = URL.replace('C', CANARY);
    let output = Command::new(EGRESSOR)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .envs([("HTTPS_PROXY", url.as_str()), ("http_proxy", &url), ("TF_VAR_password", CANARY)])
        .envs([("AWS_SECRET_ACCESS_KEY", CANARY), ("RUST_LOG", "trace"), ("RUST_BACKTRACE", "1")])
        .output();
    output.expect("it runs").into()
}

/// Asserts that a run says something, and nothing of the canary.
fn silent(folder: &Path, arguments: &[&str]) -> Run {
    let run = run(folder, arguments);
    let told = format!("{}{}", run.stdout, run.stderr);
    assert!(!told.contains(CANARY), "{arguments:?}:\n{told}");
    assert!(run.code.is_some_and(|code| code <= 2), "{arguments:?}: {:?}\n{told}", run.code);
    run
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, template) in FILES {
        let text = text(template);
        assert!(text.contains(CANARY) && !text.contains("OVERLAY"), "{name}: {text}");
        std::fs::write(folder.path().join(name), text).expect("it is written");
    }
    std::fs::write(folder.path().join("other.conf"), "http_access deny all\n").expect("it is written");
    folder
}

#[test]
fn no_command_that_reads_rules_shows_a_secret_of_a_file() {
    let folder = folder();
    for (name, _) in FILES {
        for format in ["human", "json"] {
            for command in [&["show"][..], &["lint"], &["check", "api.cast.ai:443"]] {
                silent(folder.path(), &[command, &[name, "-v", "--format", format]].concat());
            }
        }
        for format in ["human", "json", "markdown", "sarif"] {
            silent(folder.path(), &["diff", name, "other.conf", "-v", "--format", format]);
        }
        silent(folder.path(), &["merge", name, "-v"]);
    }
    silent(folder.path(), &["show", "main.tf", "unclosed.tfvars", "junk.tfvars", "-v"]);
    silent(folder.path(), &["show", ".", "-v"]);
}

#[test]
fn no_command_that_knows_the_project_shows_a_secret_of_a_file() {
    let folder = folder();
    let lock = quickstart_lock();
    for (name, _) in FILES {
        silent(folder.path(), &["diff", name, "--region", "us", "--lock", &lock, "-v", "--witness"]);
        silent(folder.path(), &["generate", "--region", "us", "--lock", name, "--out", "-", "-v"]);
        for command in
            [&["catalog", "lint", name][..], &["--project", name, "lint"], &["lint", "--catalog", name]]
        {
            silent(folder.path(), &[command, &["-v"]].concat());
        }
        if Path::new(name).extension().is_some_and(|kind| kind == "yaml") {
            let of = ["--region", "us", "--lock", &lock, "--overlay", name];
            for command in [
                &["generate", "--out", "-"][..],
                &["check", "api.cast.ai:443"],
                &["lint"],
                &["diff", "other.conf"],
                &["catalog", "show", "api", "--origin"],
            ] {
                let of = if command[0] == "catalog" { &of[4..] } else { &of[..] };
                for format in ["human", "json"] {
                    silent(folder.path(), &[command, of, &["-v", "--format", format]].concat());
                }
            }
        }
    }
}

#[test]
fn no_artifact_and_no_project_file_holds_the_password_of_a_proxy() {
    let folder = tempfile::tempdir().expect("a folder");
    let lock = quickstart_lock();
    let url = URL.replace('C', CANARY);
    let set = format!("proxy={url}");
    let targets: Vec<&str> = egressor::targets::TARGETS.iter().map(|target| target.name()).collect();
    let all = targets.join(",");
    let set = ["--set", &set, "--set", "proxy_and_direct=yes", "--set", "control_plane_cidr=172.16.0.0/28"];
    let head = ["generate", "--region", "us", "--lock", &lock, "-t", &all, "--feature", "istio-gke", "-v"];
    let run = silent(folder.path(), &[&head[..], &set, &["--set", "proxy_address=192.0.2.9/32"]].concat());
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let files = state(folder.path());
    assert!(files.len() >= targets.len());
    for (path, bytes) in files {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(!text.contains(CANARY), "{}", path.display());
    }
    let refused = silent(folder.path(), &["init", "--region", "us", "--set", &format!("proxy={url}")]);
    assert_eq!(refused.code, Some(2), "a project file is committed: {}", refused.stderr);
    assert!(!folder.path().join("egressor.yaml").exists());
    // A project file that somebody wrote by hand all the same.
    assert_eq!(
        silent(folder.path(), &["init", "--region", "us", "--set", "proxy=http://proxy.example:3128"]).code,
        Some(0)
    );
    let path = folder.path().join("egressor.yaml");
    let text = std::fs::read_to_string(&path).expect("the project");
    std::fs::copy(&lock, folder.path().join("egressor.lock")).expect("a lock");
    let good = text.replace("http://proxy.example:3128", &url);
    assert_ne!(good, text);
    for spoilt in [
        good.clone(),
        good.replace("3128\"", "3128"),
        good.replace("3128\"", "port\""),
        good.replace(&format!("proxy: \"{url}\""), &format!("proxy: [\"{url}\"]")),
        good.replace(&format!("proxy: \"{url}\""), &format!("proxy: {{url: x, password: {CANARY}}}")),
        good.replace("region: us", &format!("region: {url}")),
    ] {
        std::fs::write(&path, spoilt).expect("it is written");
        for command in [
            &["generate", "--out", "-"][..],
            &["lint"],
            &["targets"],
            &["check", "api.cast.ai:443"],
            &["diff", "squid.conf"],
        ] {
            for format in ["human", "json"] {
                silent(folder.path(), &[command, &["-v", "--format", format]].concat());
            }
        }
    }
}

#[test]
fn no_flag_with_a_secret_is_repeated() {
    let folder = folder();
    let lock = quickstart_lock();
    let url = URL.replace('C', CANARY);
    for setting in [
        "proxy=U",
        "proxy=htp://user:C@p",
        "proxy=http://user:C@bad host",
        "proxy=http://user:C",
        "proxy=http://user:C@p:x",
        "proxy=user:C",
        "proxy=http://us er:C@p",
        "proxi=U",
        "U",
        "U=U",
        "dns_servers=U",
        "squid.clients=U",
        "no_proxy=U",
        "control_plane_cidr=U",
        "proxy_address=U",
        "expires=U",
        "iptables.prefix=U",
    ] {
        let setting = replaced(&replaced(setting, "U", &url), "C", CANARY);
        let of = ["--region", "us", "--set", &setting, "-v"];
        let locked = ["--lock", &lock];
        let targets = "squid,iptables,proxy-env,change-request";
        for format in ["human", "json"] {
            let format = ["--format", format];
            silent(
                folder.path(),
                &[&["generate", "--out", "-", "-t", targets][..], &of, &locked, &format].concat(),
            );
            silent(folder.path(), &[&["check", "api.cast.ai:443"][..], &of, &locked, &format].concat());
            silent(folder.path(), &[&["lint"][..], &of, &locked, &format].concat());
            silent(
                folder.path(),
                &[&["init", "--force", "--project", "p/egressor.yaml"][..], &of, &format].concat(),
            );
        }
        for format in ["human", "json", "markdown", "sarif"] {
            silent(
                folder.path(),
                &[&["diff", "other.conf"][..], &of, &locked, &["--format", format]].concat(),
            );
        }
    }
    let resolver = format!("https://user:{CANARY}@dns.example/q");
    for arguments in [
        &["check", &url][..],
        &["catalog", "show", &url],
        &["explain", &url],
        &["show", &url],
        &["diff", &url, &url],
        &["merge", &url],
        &["generate", "--catalog", &url],
        &["generate", "-t", &url],
        &["generate", "--region", &url],
        &["generate", "--region", "us", "--lock", &url],
        &["generate", "--today", &url],
        &["targets", "--model", &url],
        &["lock", "--region", "us", "--resolver", &resolver],
        &["lock", "--region", "us", "--only", &url],
        &["--project", &url, "lint"],
    ] {
        assert_eq!(silent(folder.path(), arguments).code, Some(2), "{arguments:?}");
    }
}

/// A catalog with canaries where people write texts, which would stand beside rules.
const CATALOG: &str = "schema: egressor/catalog/v1
id: acme
title: \"Acme, see U\"
verified: {on: \"2026-11-01\", method: document-review}
review_after: \"2027-02-22\"
features: {core: {title: \"Core, see U\", default: true}}
components:
  agent: {kind: pods, feature: core, namespace: acme, selector: {app: agent}, host_network: false}
sources: {page: {title: Page, url: \"U\"}, other: {title: \"see U\"}}
endpoints:
  - id: api
    direction: egress
    host: api.example.com
    ports: [443/tcp]
    app: https
    used_by: [agent]
    feature: core
    purpose: \"Calls the API, see U\"
    sources: [page, other]
    confidence: documented
    status: active
";

#[test]
fn no_comparison_of_catalogs_shows_a_secret() {
    let folder = folder();
    let with = text(CATALOG);
    assert!(with.matches(CANARY).count() == 5, "{with}");
    let without = with.replace(&URL.replace('C', CANARY), "http://proxy.example:3128");
    let later = with.replace(CANARY, &format!("later-{CANARY}"));
    for (name, text) in [("with.yaml", &with), ("without.yaml", &without), ("later.yaml", &later)] {
        std::fs::write(folder.path().join(name), text).expect("it is written");
    }
    for format in ["human", "json", "markdown"] {
        for sides in
            [["with.yaml", "without.yaml"], ["without.yaml", "with.yaml"], ["with.yaml", "later.yaml"]]
        {
            let [old, new] = sides;
            let run = silent(folder.path(), &["catalog", "diff", old, new, "-v", "--format", format]);
            assert_eq!(run.code, Some(2), "{sides:?}: {}", run.stderr);
            let told =
                run.stdout.contains("a URL with a password") || run.stderr.contains("a URL with a password");
            assert!(told, "{sides:?}: {}{}", run.stdout, run.stderr);
        }
    }
    for (name, _) in FILES {
        for format in ["human", "json", "markdown"] {
            silent(folder.path(), &["catalog", "diff", name, "castai", "-v", "--format", format]);
            silent(folder.path(), &["catalog", "diff", "castai", name, "-v", "--format", format]);
        }
    }
    for format in ["human", "json"] {
        silent(folder.path(), &["catalog", "lint", "--catalog", "with.yaml", "-v", "--format", format]);
    }
}

#[test]
fn no_text_of_a_catalog_may_hold_the_password_of_a_url() {
    let folder = folder();
    let [url, bare] = [URL.replace('C', CANARY), "http://proxy.example:3128".to_owned()];
    let with = text(CATALOG);
    for (at, _) in with.match_indices(&url) {
        let (head, tail) = with.split_at(at);
        let one = format!("{}{url}{}", head.replace(&url, &bare), tail[url.len()..].replace(&url, &bare));
        std::fs::write(folder.path().join("one.yaml"), one).expect("it is written");
        let run = silent(folder.path(), &["catalog", "show", "--catalog", "one.yaml"]);
        assert_eq!(run.code, Some(2), "{}", run.stdout);
        assert!(
            run.stderr.contains("error[catalog/value]: the text holds a URL with a password"),
            "{}",
            run.stderr
        );
    }
    std::fs::write(folder.path().join("none.yaml"), with.replace(&url, &bare)).expect("it is written");
    assert_eq!(silent(folder.path(), &["catalog", "lint", "--catalog", "none.yaml"]).code, Some(0));
}

#[test]
fn no_feed_that_is_refused_shows_a_secret() {
    let folder = folder();
    for feed in FEEDS.iter().map(|feed| feed.name) {
        for (name, _) in FILES {
            let arguments = ["catalog", "import", feed, "--from", name, "-v", "--out", "new.yaml"];
            assert_ne!(silent(folder.path(), &arguments).code, Some(0), "{feed} {name}");
        }
    }
}
