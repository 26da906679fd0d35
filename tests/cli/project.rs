//! The project file: every command works from it with no flags, flags override it, and `init` writes it.

use crate::run::{Run, egressor_in, quickstart_lock};
use serde_json::Value;
use std::fs;
use std::path::Path;

const TODAY: &str = "2026-11-23";

/// A folder with a project as `init` writes it, and the lock of the quickstart.
fn project(flags: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::copy(quickstart_lock(), folder.path().join("egressor.lock")).expect("a lock");
    let mut all = vec!["init", "--region", "us"];
    all.extend_from_slice(flags);
    let run = egressor_in(folder.path(), &all);
    assert_eq!(run.code, 0, "{}", run.stderr);
    folder
}

fn edit(folder: &Path, from: &str, to: &str) {
    let path = folder.join("egressor.yaml");
    let text = fs::read_to_string(&path).expect("a project");
    assert!(text.contains(from), "{from}\n{text}");
    fs::write(path, text.replacen(from, to, 1)).expect("a project");
}

fn refused(run: &Run, words: &[&str]) {
    assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
    for word in words {
        assert!(run.stderr.contains(word), "{word}: {}", run.stderr);
    }
}

const REVIEWED: [&str; 6] = ["--owner", "platform", "--ticket", "NET-1", "--expires", "2099-12-31"];

#[test]
fn what_init_writes_loads_and_generates_and_it_refuses_to_overwrite() {
    let folder = project(&[]);
    let here = folder.path();
    let text = fs::read_to_string(here.join("egressor.yaml")).expect("a project");
    assert!(text.starts_with("# yaml-language-server: $schema=egressor.schema.json\n"), "{text}");
    let schema = fs::read_to_string(here.join("egressor.schema.json")).expect("the schema");
    let printed = egressor_in(here, &["catalog", "schema", "--of", "project"]).stdout;
    assert_eq!(schema, printed, "the schema that the modeline names is that of this version");
    assert_eq!(egressor_in(here, &["generate"]).code, 0);
    assert!(here.join("out/squid.conf").exists());
    refused(&egressor_in(here, &["init", "--region", "eu"]), &["is there already", "--force"]);
    assert_eq!(fs::read_to_string(here.join("egressor.yaml")).expect("a project"), text);
    assert_eq!(egressor_in(here, &["init", "--region", "eu", "--force"]).code, 0);
    assert!(fs::read_to_string(here.join("egressor.yaml")).expect("a project").contains("\nregion: eu\n"));
}

/// Runs `init` on a terminal, where somebody types these lines. Nothing when no program makes a terminal.
fn on_a_terminal(folder: &Path, flags: &str, typed: &str) -> Option<(bool, String)> {
    use std::io::Write as _;
    use std::process::{Command, Stdio};
    if Command::new("script").arg("--version").output().is_err() {
        crate::real::skipped("a terminal", 1, "script is not installed");
        return None;
    }
    let init = format!("'{}' init --color never {flags}", env!("CARGO_BIN_EXE_egressor"));
    let mut script = Command::new("script")
        .args(["-qec", &init, "/dev/null"])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("script runs");
    let mut keyboard = script.stdin.take().expect("a keyboard");
    keyboard.write_all(typed.as_bytes()).expect("somebody types");
    drop(keyboard);
    let output = script.wait_with_output().expect("it ends");
    Some((output.status.success(), String::from_utf8(output.stdout).expect("text").replace('\r', "")))
}

#[test]
fn on_a_terminal_init_asks_for_what_no_flag_says_and_asks_again_for_what_cannot_be() {
    let folder = tempfile::tempdir().expect("a folder");
    let typed = "moon\n\nus\nplatform\n\n31.12.2026\n2027-06-30\n";
    let Some((sound, shown)) = on_a_terminal(folder.path(), "", typed) else { return };
    assert!(sound, "{shown}");
    for question in ["region (eu, us): ", "team that answers", "ticket that approved", "last day, in UTC"] {
        assert!(shown.contains(question), "{question}: {shown}");
    }
    assert_eq!(shown.matches("regions are eu, us, or `all`").count(), 2, "{shown}");
    assert!(shown.contains("`31.12.2026` is not a date") && shown.contains("wrote egressor.yaml"), "{shown}");
    let text = fs::read_to_string(folder.path().join("egressor.yaml")).expect("a project");
    for line in ["region: us", "owner: \"platform\"", "# ticket: NET-1234", "expires: \"2027-06-30\""] {
        assert!(text.lines().any(|it| it == line), "{line}\n{text}");
    }
    // It is what the flags would have written.
    let other = tempfile::tempdir().expect("a folder");
    let flags = ["init", "--region", "us", "--owner", "platform", "--expires", "2027-06-30"];
    assert_eq!(egressor_in(other.path(), &flags).code, 0);
    assert_eq!(fs::read_to_string(other.path().join("egressor.yaml")).expect("a project"), text);
}

#[test]
fn on_a_terminal_init_asks_only_what_is_open_and_writes_nothing_when_nobody_answers() {
    let folder = tempfile::tempdir().expect("a folder");
    let flags = "--region us --owner platform --expires never";
    let Some((sound, shown)) = on_a_terminal(folder.path(), flags, "NET-1\n") else { return };
    assert!(sound && shown.contains("ticket that approved"), "{shown}");
    assert!(!shown.contains("region (") && !shown.contains("last day"), "{shown}");
    let empty = tempfile::tempdir().expect("a folder");
    let Some((sound, shown)) = on_a_terminal(empty.path(), "", "") else { return };
    assert!(!sound && shown.contains("the region is not said"), "{shown}");
    assert!(!empty.path().join("egressor.yaml").exists());
}

#[test]
fn init_refuses_what_it_cannot_write_and_leaves_nothing_behind() {
    for (flags, words) in [
        (&["init"][..], &["the region is not said", "eu, us"][..]),
        (&["init", "--region", "moon"], &["eu, us"]),
        (&["init", "--region", "us", "--expires", "31.12.2026"], &["not a date"]),
        (&["init", "--region", "us", "--target", "iptable"], &["did you mean `iptables`?"]),
        (&["init", "--region", "us", "--component", "agnt"], &["agnt"]),
        (&["init", "--region", "us", "--set", "pod_cdir=10.0.0.0/8"], &["pod_cdir", "pod_cidr"]),
        (&["init", "--region", "us", "--set", "pod_cidr=10.0.0.1/8"], &["10.0.0.1/8"]),
        (&["init", "--region", "us", "--overlay", "none.yaml"], &["it does not exist"]),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let run = egressor_in(folder.path(), flags);
        refused(&run, words);
        assert!(!folder.path().join("egressor.yaml").exists(), "{flags:?}");
    }
}

#[test]
fn every_command_works_with_no_flags_from_below_the_project() {
    let folder = project(&REVIEWED);
    let below = folder.path().join("a/b");
    fs::create_dir_all(&below).expect("folders");
    let ok = |arguments: &[&str]| {
        let run = egressor_in(&below, arguments);
        assert_eq!(run.code, 0, "{arguments:?} {}", run.stderr);
        run
    };
    ok(&["generate"]);
    ok(&["generate", "--check"]);
    for (file, format) in
        [("iptables.rules", "host"), ("squid.conf", "proxy"), ("network-policy.yaml", "pods")]
    {
        let path = format!("../../out/{file}");
        let run = ok(&["diff", &path]);
        assert!(run.stdout.starts_with("EQUAL"), "{format}: {}", run.stdout);
    }
    ok(&["check", "api.cast.ai:443"]);
    assert_eq!(egressor_in(&below, &["check", "api.eu.cast.ai:443"]).code, 1);
    let judged = ok(&["lint"]);
    assert!(judged.stderr.contains("reviewable: each has an owner"), "{}", judged.stderr);
    let list = ok(&["catalog", "list"]);
    assert!(
        list.stdout.contains("api.cast.ai") && !list.stdout.contains("api.eu.cast.ai"),
        "{}",
        list.stdout
    );
    ok(&["catalog", "show", "api"]);
    ok(&["catalog", "lint", "--today", "2026-11-22"]);
    ok(&["targets"]);
    ok(&["lint", "../../out/squid.conf"]);
}

#[test]
fn a_second_run_from_another_folder_gives_the_same_bytes() {
    let folder = project(&REVIEWED);
    fs::create_dir(folder.path().join("sub")).expect("a folder");
    assert_eq!(egressor_in(folder.path(), &["generate"]).code, 0);
    let run = egressor_in(&folder.path().join("sub"), &["generate"]);
    assert!(run.stderr.contains("6 files, 0 wrote, 6 unchanged"), "{}", run.stderr);
}

#[test]
fn a_flag_overrides_a_key_and_v_says_where_each_value_came_from() {
    let folder = project(&REVIEWED);
    let here = folder.path();
    let run = egressor_in(here, &["check", "api.eu.cast.ai:443", "--region", "eu", "-v", "--today", TODAY]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    for line in [
        "project = egressor.yaml",
        "region = eu (--region)",
        "components = all (egressor.yaml:",
        "owner = platform (egressor.yaml:",
        "lock = egressor.lock (egressor.yaml:",
        "today = 2026-11-23 (--today)",
    ] {
        assert!(run.stderr.contains(line), "{line}: {}", run.stderr);
    }
    let set = ["generate", "-v", "-t", "squid", "--out", "-", "--set", "owner=other"];
    let run = egressor_in(here, &set);
    assert!(
        run.stderr.contains("owner = other (--set)") && run.stdout.contains("owner other"),
        "{}",
        run.stdout
    );
    let none = egressor_in(here, &["generate", "--project", "none"]);
    refused(&none, &["selection/region"]);
    let moved = here.join("elsewhere");
    fs::create_dir(&moved).expect("a folder");
    let run = egressor_in(&moved, &["check", "api.cast.ai:443", "--project", "../egressor.yaml"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    refused(&egressor_in(here, &["check", "x:1", "--project", "no.yaml"]), &["no.yaml", "egressor init"]);
}

#[test]
fn a_wrong_key_or_value_is_an_error_at_its_place_in_every_command() {
    let folder = project(&[]);
    edit(folder.path(), "components: all", "components: [agnt]");
    for arguments in [&["generate"][..], &["check", "api.cast.ai:443"], &["lint"], &["catalog", "list"]] {
        refused(
            &egressor_in(folder.path(), arguments),
            &["unknown component `agnt`", "egressor.yaml:", "`agent`"],
        );
    }
    edit(folder.path(), "components: [agnt]", "component: [agent]");
    for arguments in [
        &["generate"][..],
        &["lock"],
        &["check", "api.cast.ai:443"],
        &["lint"],
        &["diff", "x"],
        &["catalog", "list"],
        &["catalog", "show"],
        &["targets"],
    ] {
        let run = egressor_in(folder.path(), arguments);
        refused(&run, &["did you mean `components`?", "egressor.yaml:"]);
    }
    assert_eq!(egressor_in(folder.path(), &["explain", "catalog/expired"]).code, 0, "this needs no project");
}

#[test]
fn environments_differ_in_what_they_say() {
    let folder = project(&[]);
    edit(folder.path(), "\nregion: us\n", "\n");
    edit(folder.path(), "# env:\n", "env:\n  prod: {region: us}\n  staging: {region: eu}\n# env:\n");
    refused(
        &egressor_in(folder.path(), &["check", "api.cast.ai:443"]),
        &["choose an environment", "prod, staging"],
    );
    let check = |env: &str, host: &str| egressor_in(folder.path(), &["check", host, "--env", env]).code;
    assert_eq!(check("prod", "api.cast.ai:443"), 0);
    assert_eq!(check("prod", "api.eu.cast.ai:443"), 1);
    assert_eq!(check("staging", "api.eu.cast.ai:443"), 0);
    refused(&egressor_in(folder.path(), &["check", "a:1", "--env", "prd"]), &["did you mean `prod`?"]);
    edit(folder.path(), "# default_env: staging", "default_env: staging");
    assert_eq!(egressor_in(folder.path(), &["check", "api.eu.cast.ai:443"]).code, 0);
}

#[test]
fn artifacts_have_options_and_folders_of_their_own() {
    let folder = project(&[]);
    let here = folder.path();
    edit(
        here,
        "\nartifacts: default\n",
        "\nartifacts:\n  - squid\n  - {target: iptables, options: [iptables.prefix=ONE], path: host/one}\n  - {target: iptables, options: [iptables.prefix=TWO], path: host/two}\n",
    );
    let run = egressor_in(here, &["generate"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    for (path, word) in [
        ("out/squid.conf", "http_access"),
        ("host/one/iptables.rules", "ONE-OUT"),
        ("host/two/ip6tables.rules", "TWO-OUT"),
    ] {
        let text = fs::read_to_string(here.join(path)).expect(path);
        assert!(text.contains(word), "{path}: {text}");
    }
    assert!(!here.join("out/gcp-firewall.tf").exists());
    let one = egressor_in(here, &["generate", "-t", "squid", "--check", "--format", "json"]);
    assert_eq!(
        serde_json::from_str::<Value>(&one.stdout).expect("JSON")["files"].as_array().expect("files").len(),
        1
    );
    let flag = ["generate", "-t", "squid,iptables", "--out", "x", "--set", "iptables.prefix=THREE"];
    refused(&egressor_in(here, &flag), &["is the path of two artifacts"]);
    edit(here, "path: host/two", "path: host/one");
    refused(&egressor_in(here, &["generate"]), &["is the path of two artifacts"]);
    edit(here, "iptables.prefix=TWO", "iptables.prefx=TWO");
    refused(&egressor_in(here, &["generate"]), &["did you mean `iptables.prefix`?", "egressor.yaml:"]);
    let targets = egressor_in(here, &["targets", "--project", "none"]);
    assert!(!targets.stdout.contains("the project writes it"));
}

#[test]
fn what_expires_is_wanted_on_its_last_day_and_to_be_removed_on_the_next() {
    let folder = project(&["--owner", "platform", "--ticket", "NET-1", "--expires", "2026-11-22"]);
    let here = folder.path();
    let last = egressor_in(here, &["generate", "--today", "2026-11-22"]);
    assert!(last.code == 0 && !last.stderr.contains("catalog/expired"), "{}", last.stderr);
    let rules = || fs::read_to_string(here.join("out/iptables.rules")).expect("rules");
    assert!(rules().contains("104.16.81.56/32"));
    assert_eq!(egressor_in(here, &["diff", "out/iptables.rules", "--today", "2026-11-22"]).code, 0);
    // The day after: everything is to be removed, and each row says why.
    let next = egressor_in(here, &["diff", "out/iptables.rules", "--today", "2026-11-23"]);
    assert_eq!(next.code, 1, "{}", next.stderr);
    assert!(next.stdout.starts_with("NARROWED"), "{}", next.stdout);
    assert!(next.stdout.contains("to remove: castai/api expired, its last day was"), "{}", next.stdout);
    let json = ["diff", "out/iptables.rules", "--today", "2026-11-23", "--format", "json"];
    let document: Value = serde_json::from_str(&egressor_in(here, &json).stdout).expect("JSON");
    let codes: Vec<&str> = document["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .map(|it| it["code"].as_str().expect("a code"))
        .collect();
    assert!(codes.contains(&"drift/expired"), "{codes:?}");
    assert_eq!(egressor_in(here, &["check", "api.cast.ai:443", "--today", "2026-11-23"]).code, 1);
    let check = egressor_in(here, &["generate", "--check", "--today", "2026-11-23"]);
    assert_eq!(check.code, 1, "{}", check.stderr);
    for word in ["catalog/expired", "would change out/aws-security-group.tf"] {
        assert!(check.stderr.contains(word), "{word}: {}", check.stderr);
    }
    let names = |folder: &str| {
        let entries =
            fs::read_dir(here.join(folder)).expect("a folder").map(|entry| entry.expect("an entry"));
        let mut names: Vec<_> = entries.map(|entry| entry.file_name()).collect();
        names.sort();
        names
    };
    let before = names("out");
    assert_eq!(egressor_in(here, &["generate", "--today", "2026-11-23"]).code, 0);
    // No file stays that allows what has expired: each is written anew, and says that nothing is allowed.
    assert_eq!(names("out"), before);
    for name in before {
        let text = fs::read_to_string(here.join("out").join(&name)).expect("a file");
        assert!(!text.contains("104.16.81.56") && !text.contains("api.cast.ai"), "{name:?}: {text}");
        let path = format!("out/{}", name.display());
        let run = egressor_in(here, &["diff", &path, "--today", "2026-11-23"]);
        assert_eq!(run.code, 0, "{path}: {}{}", run.stdout, run.stderr);
    }
    let group = fs::read_to_string(here.join("out/aws-security-group.tf")).expect("a file");
    assert!(group.contains("# No aws_vpc_security_group rule:") && !group.contains("resource"), "{group}");
    let network = fs::read_to_string(here.join("out/gcp-firewall.tf")).expect("a file");
    assert!(network.contains("deny_rest") && !network.contains("allow {"), "{network}");
    assert!(!rules().contains("104.16.81.56/32") && rules().contains(":OUTPUT DROP"));
    let pods = fs::read_to_string(here.join("out/network-policy.yaml")).expect("policies");
    assert!(pods.contains("castai-pod-pinner") && !pods.contains("cidr"), "the pods are governed still");
    refused(&egressor_in(here, &["generate", "--today", "tomorrow"]), &["not a date"]);
}

#[test]
fn a_stale_file_of_a_target_that_cannot_say_nothing_is_named() {
    let folder = project(&["--owner", "platform", "--ticket", "NET-1", "--expires", "2026-11-22"]);
    let on =
        |day: &str| egressor_in(folder.path(), &["generate", "-t", "gke-module", "--today", day, "--check"]);
    let set = ["generate", "-t", "gke-module", "--today", "2026-11-22"];
    assert_eq!(egressor_in(folder.path(), &set).code, 0);
    assert_eq!(on("2026-11-22").code, 0);
    // To switch the ports off would cut off webhooks of others, so the file is not written anew.
    let next = on("2026-11-23");
    assert_eq!(next.code, 1, "{}", next.stderr);
    assert!(next.stderr.contains("all that `out/gke-module.tfvars` says has expired"), "{}", next.stderr);
}

#[test]
fn every_class_of_change_is_told_apart() {
    let folder = project(&REVIEWED);
    let here = folder.path();
    let write = |name: &str, rules: &str| {
        let text = format!("*filter\n:OUTPUT DROP [0:0]\n{rules}COMMIT\n");
        fs::write(here.join(name), text).expect("rules");
    };
    let rule = |to: &str, ports: &str, comment: &str| {
        format!(
            "-A OUTPUT -d {to} -p tcp -m tcp --dport {ports} -m comment --comment \"{comment}\" -j ACCEPT\n"
        )
    };
    let api = rule("104.16.81.56/32", "443", "x (owner a)");
    write("api", &api);
    write("both", &(api.clone() + &rule("104.16.82.56/32", "443", "x")));
    write("wider", &rule("104.16.81.56/32", "443:444", "x"));
    write("owner", &rule("104.16.81.56/32", "443", "x (owner b)"));
    write("stranger", &(api + &rule("192.0.2.9/32", "443", "nobody")));
    let diff = |arguments: &[&str]| {
        let mut all = vec!["diff"];
        all.extend_from_slice(arguments);
        let text = egressor_in(here, &all).stdout;
        all.extend(["--format", "json"]);
        let document: Value = serde_json::from_str(&egressor_in(here, &all).stdout).expect("JSON");
        let codes = document["findings"].as_array().expect("findings").iter();
        let codes: Vec<String> = codes.map(|it| it["code"].as_str().expect("a code").to_owned()).collect();
        (document["verdict"].as_str().expect("a verdict").to_owned(), text, codes)
    };
    // Added and removed, widened and narrowed.
    assert_eq!(diff(&["api", "both"]).0, "broadened");
    assert_eq!(diff(&["both", "api"]).0, "narrowed");
    assert_eq!(diff(&["api", "wider"]).0, "broadened");
    assert_eq!(diff(&["wider", "api"]).0, "narrowed");
    assert_eq!(diff(&["both", "wider"]).0, "changed");
    // Justified anew: other words about the same packets.
    let anew = diff(&["api", "owner"]);
    assert_eq!(anew.0, "equal", "{}", anew.1);
    // Nobody stands behind it; somebody did, until a day that has passed.
    assert!(diff(&["stranger"]).2.contains(&"drift/unmanaged".to_owned()));
    let expired = diff(&["api", "--set", "expires=2026-01-31", "--today", TODAY]);
    assert_eq!((expired.0.as_str(), expired.2.contains(&"drift/expired".to_owned())), ("narrowed", true));
}

#[test]
fn lock_takes_the_names_and_the_path_from_the_project() {
    let folder = project(&["--component", "pod-pinner"]);
    edit(folder.path(), "lock: egressor.lock", "lock: locks/ours.lock");
    // Nobody answers there, so nothing is written, and the names and the path are told.
    let run = egressor_in(folder.path(), &["lock", "--resolver", "127.0.0.1:1", "--timeout", "1s", "-v"]);
    refused(&run, &["none of 2 names could be looked up", "lock = locks/ours.lock (egressor.yaml:"]);
}

#[test]
fn a_catalog_that_is_not_there_is_told_where_it_is_named() {
    let folder = project(&[]);
    edit(folder.path(), "catalogs: [castai]", "catalogs: [castia]");
    let run = egressor_in(folder.path(), &["generate"]);
    refused(&run, &["cannot read `castia`", "egressor.yaml:", "did you mean `castai`, which is shipped?"]);
}

#[test]
fn what_will_expire_is_listed_ahead_of_time() {
    let folder = project(&["--owner", "platform", "--ticket", "NET-1", "--expires", "2026-12-23"]);
    let lint = |arguments: &[&str]| {
        let mut all = vec!["lint", "--today", TODAY];
        all.extend_from_slice(arguments);
        egressor_in(folder.path(), &all)
    };
    assert_eq!(lint(&[]).code, 0);
    assert_eq!(lint(&["--expires-within", "29d"]).code, 0, "the last day is the 30th from today");
    let within = lint(&["--expires-within", "30d"]);
    assert_eq!(within.code, 1);
    assert!(within.stderr.contains("`castai/api` is wanted until 2026-12-23"), "{}", within.stderr);
    refused(&lint(&["--expires-within", "soon"]), &["30d"]);
    egressor_in(folder.path(), &["generate", "--today", TODAY]);
    let files = lint(&["out/iptables.rules", "--expires-within", "30"]);
    assert!(files.stderr.contains("the rule is wanted until `2026-12-23`"), "{}", files.stderr);
}

#[test]
fn nothing_is_reviewable_without_owner_ticket_and_last_day() {
    let whole = project(&REVIEWED);
    assert_eq!(egressor_in(whole.path(), &["lint", "--today", TODAY]).code, 0);
    for (missing, word) in [("owner: \"platform\"", "no owner"), ("ticket: \"NET-1\"", "no ticket")] {
        let folder = project(&REVIEWED);
        edit(folder.path(), missing, "");
        let run = egressor_in(folder.path(), &["lint", "--today", TODAY]);
        assert_eq!(run.code, 1);
        for word in ["lint/not-reviewable", word, "not reviewable: some have no owner"] {
            assert!(run.stderr.contains(word), "{word}: {}", run.stderr);
        }
    }
    edit(whole.path(), "expires: \"2099-12-31\"", "expires: never");
    let run = egressor_in(whole.path(), &["lint", "--today", TODAY]);
    assert!(run.code == 1 && run.stderr.contains("no last day"), "{}", run.stderr);
    let nowhere = tempfile::tempdir().expect("a folder");
    refused(&egressor_in(nowhere.path(), &["lint"]), &["no rule file is named", "egressor init"]);
}

const OVERLAY: &str = "schema: egressor/overlay/v1\nextends: castai\ndisable: [node-logs]\noverride:\n  - {id: node-binaries, key: host, value: files.example.com}\nset: {owner: ours, expires: keep}\n";

#[test]
fn an_overlay_works_by_flag_and_by_project_and_its_changes_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("ours.yaml"), OVERLAY).expect("an overlay");
    let flags = ["generate", "--region", "us", "--overlay", "ours.yaml", "-t", "squid", "--out", "-", "-v"];
    let run = egressor_in(folder.path(), &flags);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("files.example.com") && !run.stdout.contains("node-logs"), "{}", run.stdout);
    assert!(run.stderr.contains("left out castai/node-logs: disabled by ours.yaml:3"), "{}", run.stderr);
    let show = ["catalog", "show", "node-binaries", "--origin", "--overlay", "ours.yaml"];
    let shown = egressor_in(folder.path(), &show);
    for line in [
        "changed host, was storage.googleapis.com, by ours.yaml:5",
        "set owner by ours.yaml:6",
        "defined by castai (shipped):",
    ] {
        assert!(shown.stdout.contains(line), "{line}: {}", shown.stdout);
    }
    let mut json = show.to_vec();
    json.extend(["--format", "json"]);
    let document: Value = serde_json::from_str(&egressor_in(folder.path(), &json).stdout).expect("JSON");
    let origin = &document["endpoints"][0]["origin"][1];
    assert_eq!(
        (&origin["how"], &origin["file"], &origin["line"]),
        (&"changed".into(), &"ours.yaml".into(), &5.into())
    );
    fs::write(folder.path().join("bad.yaml"), OVERLAY.replace("node-logs", "nod-logs")).expect("an overlay");
    let bad = ["generate", "--region", "us", "--overlay", "bad.yaml", "--out", "-"];
    refused(
        &egressor_in(folder.path(), &bad),
        &["no endpoint `nod-logs`", "did you mean `node-logs`?", "bad.yaml:3"],
    );
    fs::write(folder.path().join("stray.yaml"), OVERLAY.replace("castai", "castia")).expect("an overlay");
    let stray = ["catalog", "list", "--overlay", "stray.yaml"];
    refused(&egressor_in(folder.path(), &stray), &["no catalog `castia`", "stray.yaml:2"]);
}

#[test]
fn overlays_stack_and_every_value_that_one_of_them_set_is_told_with_its_line() {
    let folder = project(&[]);
    let here = folder.path();
    let overlay = |name: &str, host: &str, owner: &str, resolver: &str| {
        let text =
            OVERLAY.replace("files.example.com", host).replace("ours", owner).replace("[node-logs]", "none");
        fs::write(here.join(name), text + &format!("variables: {{api_server: {resolver}}}\n"))
            .expect("an overlay");
    };
    overlay("one.yaml", "one.example.com", "first", "10.8.0.0/24");
    overlay("two.yaml", "two.example.com", "second", "10.8.0.1");
    edit(here, "overlays: none", "overlays: [one.yaml, two.yaml]");
    edit(here, "  api_server: unset\n", "");
    let twice = egressor_in(here, &["generate", "-t", "squid", "--out", "-"]);
    refused(
        &twice,
        &[
            "the variable `api_server` is set by `one.yaml:7` already",
            "two.yaml:7",
            "overrides: [api_server]",
        ],
    );
    let overrides = |name: &str, says: bool| {
        let text =
            fs::read_to_string(here.join(name)).expect("an overlay").replace("overrides: [api_server]\n", "");
        fs::write(here.join(name), text + if says { "overrides: [api_server]\n" } else { "" })
            .expect("an overlay");
    };
    overrides("two.yaml", true);
    let run = egressor_in(here, &["generate", "-t", "squid,network-policy", "--out", "out", "-v"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    for line in ["owner = second (two.yaml:6)", "api_server = 10.8.0.1 (two.yaml:7)"] {
        assert!(run.stderr.contains(line), "{line}: {}", run.stderr);
    }
    assert!(
        run.stderr.contains("note[catalog/overridden]") && run.stderr.contains("of `one.yaml:7`"),
        "{}",
        run.stderr
    );
    let squid = fs::read_to_string(here.join("out/squid.conf")).expect("rules");
    assert!(squid.contains("two.example.com") && squid.contains("owner second"), "{squid}");
    assert!(!squid.contains("one.example.com") && !squid.contains("owner first"), "{squid}");
    let pods = fs::read_to_string(here.join("out/network-policy.yaml")).expect("policies");
    assert!(pods.contains("10.8.0.1/32") && !pods.contains("10.8.0.0/24"), "{pods}");
    let shown = egressor_in(here, &["catalog", "show", "node-binaries", "--origin"]).stdout;
    for line in [
        "changed host, was storage.googleapis.com, by one.yaml:5",
        "changed host, was one.example.com, by two.yaml:5",
        "set owner by one.yaml:6",
        "set owner, was first, by two.yaml:6",
        "set variables.api_server by one.yaml:7",
        "set variables.api_server, was 10.8.0.0/24, by two.yaml:7",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    // The other way round it opens more than the first overlay said, and that is a warning.
    edit(here, "[one.yaml, two.yaml]", "[two.yaml, one.yaml]");
    overrides("two.yaml", false);
    overrides("one.yaml", true);
    let run = egressor_in(here, &["generate", "-t", "network-policy", "--out", "-"]);
    assert!(run.code == 0 && run.stderr.contains("warning[catalog/overridden]"), "{}", run.stderr);
    // A flag wins over all of them, and the project file does not say it a third time.
    let run = egressor_in(
        here,
        &["generate", "-t", "network-policy", "--out", "-", "-v", "--set", "api_server=10.9.0.1"],
    );
    assert!(run.stdout.contains("10.9.0.1/32") && !run.stdout.contains("10.8.0."), "{}", run.stdout);
    assert!(run.stderr.contains("api_server = 10.9.0.1 (--set)"), "{}", run.stderr);
    assert!(!run.stderr.contains("api_server = 10.8."), "{}", run.stderr);
    edit(here, "variables:\n", "variables:\n  api_server: 10.7.0.1\n");
    refused(&egressor_in(here, &["generate"]), &["`api_server` is set in `one.yaml` too", "egressor.yaml:"]);
}

#[test]
fn an_expired_or_disabled_entry_approves_nothing() {
    let folder = project(&["--expires", "2026-11-22"]);
    let here = folder.path();
    fs::write(here.join("empty.rules"), "*filter\n:OUTPUT DROP [0:0]\nCOMMIT\n").expect("rules");
    let rule = "*filter\n:OUTPUT DROP [0:0]\n-A OUTPUT -d 104.16.81.56/32 -p tcp -m tcp --dport 443 -j ACCEPT\nCOMMIT\n";
    fs::write(here.join("new.rules"), rule).expect("rules");
    let diff = |today: &str| {
        egressor_in(here, &["diff", "empty.rules", "new.rules", "--envelope", "castai", "--today", today])
            .code
    };
    assert_eq!((diff("2026-11-22"), diff("2026-11-23")), (0, 1));
    // The approved catalog need not have the variables that the project sets.
    edit(here, "pod_cidr: unset", "pod_cidr: 10.1.0.0/16");
    let shipped = include_str!("../../catalog/castai.yaml");
    let fewer = shipped.replace("  pod_cidr: {title: Addresses of pods, holds: cidrs}\n", "");
    assert_ne!(fewer, shipped);
    fs::write(here.join("approved.yaml"), fewer).expect("a catalog");
    let run = egressor_in(
        here,
        &["diff", "empty.rules", "new.rules", "--envelope", "approved.yaml", "--today", "2026-11-22"],
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
}
