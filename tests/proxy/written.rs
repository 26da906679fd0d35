//! What is written for a project with a proxy.

use crate::run::{Files, egressor, egressor_in, generated};
use egressor::targets::{Client, NoProxy};

const PROJECT: [&str; 12] = [
    "--region",
    "us",
    "--set",
    "proxy=http://10.9.8.7:3128",
    "--set",
    "pod_cidr=10.4.0.0/14",
    "--set",
    "service_cidr=10.96.0.0/12",
    "--set",
    "api_server=172.16.0.2/32",
    "--set",
    "control_plane_cidr=172.16.0.0/28",
];

fn with(more: &[&str]) -> Files {
    generated(&[&PROJECT, more].concat())
}

fn no_proxy(files: &Files) -> NoProxy {
    let text = files.text("proxy.env");
    NoProxy::parse(text.lines().find_map(|line| line.strip_prefix("NO_PROXY=")).unwrap())
}

#[test]
fn both_clients_decide_alike_under_the_value_that_is_written() {
    let asked = ["--set", "api_server_names=k8s.corp.example", "-t", "proxy-env"];
    let list = no_proxy(&with(&asked));
    let decided = [
        ("10.96.0.1", true),
        ("10.5.6.7", true),
        ("x.svc.cluster.local", true),
        ("kubernetes.default.svc", true),
        ("k8s.corp.example", true),
        ("172.16.0.2", true),
        ("169.254.169.254", true),
        ("metadata.google.internal", true),
        ("localhost", true),
        ("127.0.0.1", true),
        ("::1", true),
        ("api.cast.ai", false),
        ("storage.googleapis.com", false),
        ("us-docker.pkg.dev", false),
        ("8.8.8.8", false),
    ];
    for (host, direct) in decided {
        for client in Client::ALL {
            assert_eq!(list.direct(client, host, 443).is_some(), direct, "{host} {client:?}");
        }
    }
    for entry in &list.entries {
        assert_eq!(entry.go, entry.curl, "{} means the same to both", entry.text);
    }
}

#[test]
fn a_shared_name_is_opened_only_on_request_and_said_to_reach_every_bucket() {
    let files = with(&["-t", "proxy-env,iptables", "--set", "no_proxy=googleapis.com"]);
    let list = no_proxy(&files);
    assert!(
        Client::ALL.into_iter().all(|client| list.direct(client, "storage.googleapis.com", 443).is_some())
    );
    let told = "`googleapis.com` in NO_PROXY sends `storage.googleapis.com` of `castai/node-binaries` around the proxy";
    assert!(files.stderr.contains("proxy/direct-egress") && files.stderr.contains(told), "{}", files.stderr);
    assert!(files.stderr.contains("reaches every bucket"), "{}", files.stderr);
    // What goes around the proxy needs the direct way, which is open then.
    assert!(files.text("iptables.rules").contains("castai/node-binaries"));
    let without = with(&["-t", "iptables"]);
    assert!(!without.text("iptables.rules").contains("castai/node-binaries:"));
}

#[test]
fn every_form_says_the_same_and_kvisor_has_keys_of_its_own() {
    let files = with(&["-t", "proxy-env", "--feature", "security"]);
    let names = files.names();
    for name in ["proxy.env", "proxy-patch.yaml", "proxy-set-env.sh", "proxy-values-castai-agent.yaml"] {
        assert!(names.iter().any(|found| found == name), "{names:?}");
    }
    let kvisor = files.text("proxy-values-castai-kvisor.yaml");
    let keys = ["\"global\"", "\"proxy\"", "\"httpProxy\"", "\"httpsProxy\"", "\"noProxy\""];
    assert!(keys.iter().all(|key| kvisor.contains(key)) && !kvisor.contains("\"NO_PROXY\""), "{kvisor}");
    for component in ["castai-agent", "castai-evictor", "castai-kvisor-agent", "castai-spot-handler"] {
        assert!(files.text("proxy-set-env.sh").contains(component), "{component}");
    }
    // All of them read as one thing, and as what the project wants.
    let out = files.out.display().to_string();
    let all = [&["diff", &out], &PROJECT[..], &["--feature", "security"]].concat();
    let run = egressor(&all);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let edited = files.text("proxy.env").replace("svc,", "svc,example.com,");
    std::fs::write(files.out.join("proxy.env"), edited).unwrap();
    assert_eq!(egressor(&all).code, 1, "a form that says something else is a difference");
}

#[test]
fn with_a_proxy_rules_open_the_way_to_it_and_close_the_direct_one() {
    let targets = ["-t", "network-policy,iptables,aws-security-group,gcp-firewall"];
    let files = with(&targets);
    for name in ["network-policy.yaml", "iptables.rules", "aws-security-group.tf", "gcp-firewall.tf"] {
        let rules = crate::run::rules(&files.text(name));
        assert!(rules.contains("10.9.8.7/32") && rules.contains("3128"), "{name}: {rules}");
        for direct in ["104.16.81.56", "185.199.108", "199.36.153"] {
            assert!(!rules.contains(direct), "{name}: {direct}");
        }
        assert!(files.text(name).contains("Endpoints behind the proxy: castai/api, "), "{name}");
    }
    let policy = files.text("network-policy.yaml");
    assert!(
        policy.contains("k8s-app") && policy.contains("172.16.0.2/32"),
        "DNS and the API server stay open"
    );
    let cut = "`node` needs `castai/registry` and does not take the variables";
    assert!(files.stderr.contains(cut), "{}", files.stderr);
    let both = with(&[&targets[..], &["--set", "proxy_and_direct=yes"]].concat());
    assert!(!both.stderr.contains("does not take the variables"), "{}", both.stderr);
    for name in ["network-policy.yaml", "iptables.rules", "aws-security-group.tf", "gcp-firewall.tf"] {
        let rules = both.text(name);
        assert!(rules.contains("10.9.8.7/32") && rules.contains("104.16.81.56"), "{name}");
    }
    let none = with(&[&targets[..], &["--without", "implied/proxy"]].concat());
    assert!(!crate::run::rules(&none.text("iptables.rules")).contains("10.9.8.7"), "it can be switched off");
}

#[test]
fn generated_rules_do_not_differ_from_their_project() {
    let files = with(&["-t", "iptables"]);
    for name in ["iptables.rules", "ip6tables.rules"] {
        let path = files.out.join(name).display().to_string();
        let lock = crate::run::quickstart_lock();
        let run = egressor(&[&["diff", &path, "--lock", &lock][..], &PROJECT[..]].concat());
        assert_eq!(run.code, 0, "{name}: {}{}", run.stdout, run.stderr);
    }
}

#[test]
fn a_password_is_in_no_artifact_and_a_secret_is_referred_to() {
    let mut project = PROJECT.map(str::to_owned);
    project[3] = "proxy=http://user:hunter2@10.9.8.7:3128".to_owned();
    let arguments: Vec<&str> = project.iter().map(String::as_str).collect();
    let files = generated(&[&arguments[..], &["-t", "proxy-env,iptables,network-policy", "-v"]].concat());
    assert!(
        !files.stderr.contains("hunter2") && files.stderr.contains("proxy/credentials"),
        "{}",
        files.stderr
    );
    for name in files.names() {
        assert!(!files.text(&name).contains("hunter2"), "{name}");
    }
    assert!(files.text("proxy-patch.yaml").contains("name: \"outbound-proxy\""));
    assert!(files.text("proxy-set-env.sh").contains("--from=secret/outbound-proxy"));
    assert!(!files.names().contains(&"proxy.env".to_owned()), "such a file cannot refer to a secret");
    for name in ["proxy-patch.yaml", "proxy-set-env.sh"] {
        let linted = egressor_in(&files.out, &["lint", name]);
        assert!(linted.code == 0 && linted.stderr.contains("0 findings"), "{name}: {}", linted.stderr);
    }
}

#[test]
fn the_target_is_written_by_default_where_a_proxy_is_set_and_says_so_where_it_is_not() {
    assert!(with(&[]).names().contains(&"proxy.env".to_owned()));
    assert!(!generated(&["--region", "us"]).names().contains(&"proxy.env".to_owned()));
    let run = egressor(&["generate", "--region", "us", "-t", "proxy-env"]);
    assert_eq!(run.code, 2);
    // What looks like a secret is masked in all that is printed; the advice does not.
    let advice = "`--set proxy=http://HOST:3128`";
    assert!(run.stderr.contains("no proxy is set") && run.stderr.contains(advice), "{}", run.stderr);
}

#[test]
fn what_is_missing_for_a_list_is_told() {
    let files = generated(&["--region", "us", "-t", "proxy-env", "--set", "proxy=http://10.9.8.7:3128"]);
    for key in ["pod_cidr", "service_cidr"] {
        assert!(files.stderr.contains(&format!("NO_PROXY needs the variable `{key}`")), "{}", files.stderr);
    }
}

#[test]
fn a_proxy_without_a_known_address_opens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let arguments =
        ["generate", "--region", "us", "-t", "iptables", "--set", "proxy=http://proxy.corp.example:3128"];
    let run = egressor_in(folder.path(), &arguments);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("no address is known for the proxy"), "{}", run.stderr);
    let known = [&arguments[..], &["--set", "proxy_address=10.1.1.1"]].concat();
    assert_eq!(egressor_in(folder.path(), &known).code, 0);
}
