//! `diff`: verdicts, exit codes, forms of the report.
//!
//! The reports of one comparison are kept beside this file; `UPDATE=1` writes what they are now, to be read before they
//! are committed.

use crate::run::{Run, egressor, egressor_in, generated, quickstart_lock};
use egressor::report::{MARKDOWN_LIMIT, diff_schema};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/diff")
}

/// Runs `diff` in the folder of the example, so that its files are named as they are there.
fn diff(arguments: &[&str]) -> Run {
    egressor_in(&folder(), &[&["diff"], arguments].concat())
}

fn document(run: &Run) -> Value {
    let document: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let validator = jsonschema::validator_for(&diff_schema()).expect("a schema");
    let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    document
}

#[test]
fn reports_are_as_they_were() {
    for (name, arguments) in [
        ("report.txt", vec![]),
        ("report.colour.txt", vec!["--color", "always"]),
        ("witness.txt", vec!["--witness"]),
        ("upper.txt", vec!["--unmodelled", "upper"]),
        ("report.md", vec!["--format", "markdown"]),
        ("report.json", vec!["--format", "json", "--witness"]),
        ("report.sarif", vec!["--format", "sarif"]),
    ] {
        let run = diff(&[&["old.rules", "new.rules"], arguments.as_slice()].concat());
        assert_eq!(run.code, 1, "{name}: {}", run.stderr);
        let path = folder().join(name);
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &run.stdout).expect("written");
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(run.stdout, kept, "{name}: run the tests with UPDATE=1 to write it anew");
    }
}

#[test]
fn the_report_fits_a_terminal() {
    let run = diff(&["old.rules", "new.rules", "--witness"]);
    let long: Vec<&str> = run.stdout.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(long.is_empty(), "{long:?}");
    assert!(!run.stdout.contains('\u{1b}'));
    let coloured = diff(&["old.rules", "new.rules", "--witness", "--color", "always"]).stdout;
    let plain: String = coloured.split('\u{1b}').enumerate().fold(String::new(), |text, (at, part)| {
        text + if at == 0 { part } else { part.split_once('m').map_or("", |(_, rest)| rest) }
    });
    assert_eq!(plain, run.stdout);
}

#[test]
fn exit_codes_are_those_that_were_asked_for() {
    for (arguments, code) in [
        (vec!["old.rules", "old.rules"], 0),
        (vec!["old.rules", "new.rules"], 1),
        (vec!["old.rules", "nothing.rules"], 2),
        (vec!["old.rules", "../diff.rs"], 2),
        (vec!["old.rules", "new.rules", "--fail-on", "never"], 0),
        (vec!["old.rules", "new.rules", "--fail-on", "broadening"], 1),
        (vec!["old.rules", "narrow.rules", "--fail-on", "broadening"], 0),
        (vec!["old.rules", "narrow.rules"], 1),
        (vec!["old.rules", "old.rules", "--exit-code-style", "terraform"], 0),
        (vec!["old.rules", "new.rules", "--exit-code-style", "terraform"], 2),
        (vec!["old.rules", "nothing.rules", "--exit-code-style", "terraform"], 1),
        (vec!["old.rules", "new.rules", "--scope", "filter/INPUT"], 0),
        (vec!["old.rules", "new.rules", "--scope", "*OUT*"], 1),
        (vec!["old.rules", "new.rules", "--scope", "none"], 2),
        (vec!["old.rules", "new.rules", "--ignore", "ignore.txt"], 0),
        (vec!["old.rules", "new.rules", "--map", "filter/OUTPUT=filter/OTHER"], 2),
        (vec!["old.rules", "new.rules", "--map", "filter/OUTPUT=filter/FORWARD"], 1),
        (vec!["old.rules", "owner.rules"], 1),
        (vec!["old.rules", "owner.rules", "--unmodelled", "lower"], 0),
        (vec!["old.rules", "owner.rules", "--unmodelled", "upper"], 1),
        (vec!["-", "-"], 2),
        (vec!["--schema"], 0),
    ] {
        let run = diff(&arguments);
        assert_eq!(run.code, code, "{arguments:?}: {}{}", run.stdout, run.stderr);
        if code == 2 && !arguments.contains(&"terraform") {
            assert!(run.stdout.is_empty() && run.stderr.contains("error["), "{arguments:?}: {}", run.stderr);
        }
    }
}

#[test]
fn the_document_is_mirrored_when_the_sides_are() {
    let there = document(&diff(&["old.rules", "new.rules", "--format", "json"]));
    let back = document(&diff(&["new.rules", "old.rules", "--format", "json"]));
    let rows = |document: &Value, kind: &str| {
        let mut rows = document["scopes"][2][kind].clone();
        for row in rows.as_array_mut().expect("rows") {
            row.as_object_mut().expect("a row").remove("origins");
        }
        rows
    };
    for (kind, mirror) in [("added", "removed"), ("removed", "added"), ("unknown", "unknown")] {
        assert_eq!(rows(&there, kind), rows(&back, mirror), "{kind}");
    }
    assert_eq!(there["verdict"], "changed");
    let same = document(&diff(&["old.rules", "old.rules", "--format", "json"]));
    assert_eq!((same["verdict"].as_str(), same["rewritten_rules"].as_u64()), (Some("equal"), Some(0)));
    // What failed is a document too, and never one that reads as equal.
    let failed = document(&diff(&["old.rules", "nothing.rules", "--format", "json"]));
    assert_eq!(failed["verdict"], "unknown");
}

#[test]
fn what_was_just_generated_does_not_differ_from_its_project() {
    let files = generated(&["--region", "us"]);
    let lock = quickstart_lock();
    for name in files.names() {
        let path = files.out.join(&name).display().to_string();
        let run = egressor(&["diff", &path, "--region", "us", "--lock", &lock, "--format", "json"]);
        assert_eq!(run.code, 0, "{name}: {}", run.stdout);
        assert_eq!(document(&run)["verdict"], "equal", "{name}");
    }
}

#[test]
fn what_no_endpoint_explains_is_unmanaged_and_what_another_region_explains_is_excess() {
    let files = generated(&["--region", "us"]);
    let lock = quickstart_lock();
    let path = files.out.join("iptables.rules").display().to_string();
    let text = files.text("iptables.rules");
    let own = "-A EGRESSOR-OUT -d 9.9.9.9/32 -p tcp -m tcp --dport 22 -j ACCEPT";
    std::fs::write(&path, text.replace("COMMIT", &format!("{own}\nCOMMIT"))).expect("written");
    let project = ["--region", "us", "--lock", &lock, "--format", "json"];
    let run = egressor(&[&["diff", path.as_str()], project.as_slice()].concat());
    assert_eq!(run.code, 1);
    let found = document(&run);
    assert_eq!(found["verdict"], "narrowed");
    let drift: Vec<&Value> = found["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter(|finding| finding["code"].as_str().is_some_and(|code| code.starts_with("drift/")))
        .collect();
    assert_eq!(drift.len(), 1, "{drift:?}");
    assert_eq!(drift[0]["code"], "drift/unmanaged");
    assert_eq!(
        drift[0]["line"].as_u64(),
        (1..).zip(text.lines()).find(|(_, line)| *line == "COMMIT").map(|(at, _)| at)
    );
    // The project as the old side: what the file has beyond it is newly allowed.
    let run = egressor(&[&["diff", "--new", path.as_str()], project.as_slice()].concat());
    assert_eq!(document(&run)["verdict"], "broadened");
    // An endpoint that is left out now still explains what it asked for.
    let without = [project.as_slice(), &["--without", "castai/helm-archive"]].concat();
    std::fs::write(&path, text).expect("written");
    let run = egressor(&[&["diff", path.as_str()], without.as_slice()].concat());
    let found = document(&run);
    let codes: std::collections::BTreeSet<&str> = found["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter_map(|finding| finding["code"].as_str().filter(|code| code.starts_with("drift/")))
        .collect();
    assert_eq!(codes.into_iter().collect::<Vec<_>>(), ["drift/excess"]);
}

#[test]
fn several_files_of_one_side_are_one_rule_set_and_folders_too() {
    let files = generated(&[
        "--region",
        "us",
        "--target",
        "iptables",
        "--without",
        "implied/dns,implied/metadata,implied/api-server,implied/return-traffic",
    ]);
    let group = generated(&["--region", "us", "--target", "aws-security-group"]);
    std::fs::write(group.out.join("README.md"), "no rules, and {").expect("written");
    std::fs::write(group.out.join("variables.tf"), "variable \"x\" {}\n").expect("written");
    let path = |files: &crate::run::Files, name: &str| files.out.join(name).display().to_string();
    let (v4, v6) = (path(&files, "iptables.rules"), path(&files, "ip6tables.rules"));
    let (folder, rules) = (group.out.display().to_string(), files.out.display().to_string());
    for arguments in
        [vec!["diff", "--old", &v4, &v6, "--new", &folder, "-v"], vec!["diff", &rules, &folder, "-v"]]
    {
        let run = egressor(&arguments);
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        assert!(run.stdout.starts_with("EQUAL\n"), "{}", run.stdout);
        assert!(run.stderr.contains("1 are in no known format"), "{}", run.stderr);
    }
    // One family alone is compared on that family, and the other is named.
    let run = egressor(&["diff", &v4, &folder]);
    assert!(run.code == 0 && run.stderr.contains("IPv6 of `filter/OUTPUT`"), "{}", run.stderr);
}

#[test]
fn a_chain_that_a_dump_does_not_have_has_the_policy_that_it_had_and_no_rules() {
    let folder = tempfile::tempdir().expect("a folder");
    let rest = ":OUTPUT DROP [0:0]\n-A OUTPUT -d 192.0.2.1/32 -p tcp -m tcp --dport 443 -j ACCEPT\nCOMMIT\n";
    for (name, chains) in [
        ("none", ""),
        ("open", ":FORWARD ACCEPT [0:0]\n"),
        ("closed", ":FORWARD DROP [0:0]\n"),
        ("denies", ":FORWARD ACCEPT [0:0]\n-A FORWARD -d 192.0.2.2/32 -j DROP\n"),
        ("allows", ":FORWARD DROP [0:0]\n-A FORWARD -d 192.0.2.2/32 -j ACCEPT\n"),
    ] {
        let text = format!("# Generated by iptables-save v1.8.9\n*filter\n{chains}{rest}");
        std::fs::write(folder.path().join(name), text).expect("written");
    }
    for (old, new, verdict) in [
        // What `iptables-save` prints of a file without the chain, once it is loaded.
        ("none", "open", "equal"),
        ("open", "none", "equal"),
        ("none", "closed", "equal"),
        ("closed", "none", "equal"),
        // Loading the file without the chain takes the rules away and leaves the policy.
        ("denies", "none", "broadened"),
        ("allows", "none", "narrowed"),
        ("none", "denies", "narrowed"),
        ("none", "allows", "broadened"),
    ] {
        let run = egressor_in(folder.path(), &["diff", old, new, "--format", "json"]);
        assert_eq!(document(&run)["verdict"], verdict, "{old} {new}: {}", run.stdout);
    }
    let run = egressor_in(folder.path(), &["diff", "none", "open", "-v"]);
    assert!(run.stderr.contains("those of a host without the chain FORWARD hold there"), "{}", run.stderr);
}

#[test]
fn an_envelope_lets_pass_what_the_catalog_approves_and_nothing_else() {
    let files = generated(&["--region", "us", "--target", "iptables"]);
    let lock = quickstart_lock();
    let full = files.out.join("iptables.rules");
    let text = files.text("iptables.rules");
    let less: Vec<&str> = text.lines().filter(|line| !line.contains("-d 104.16.81.56/32")).collect();
    let (old, wide) = (files.out.join("less.rules"), files.out.join("wide.rules"));
    std::fs::write(&old, less.join("\n") + "\n").expect("written");
    std::fs::write(&wide, text.replace("104.16.81.56/32", "104.16.81.0/24")).expect("written");
    let catalog = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog/castai.yaml").display().to_string();
    let (old, full, wide) =
        (old.display().to_string(), full.display().to_string(), wide.display().to_string());
    let run = |new: &str| egressor(&["diff", &old, new, "--envelope", &catalog, "--lock", &lock]);
    let inside = run(&full);
    assert!(inside.code == 0 && inside.stdout.starts_with("BROADENED"), "{}{}", inside.stdout, inside.stderr);
    let outside = run(&wide);
    assert!(outside.code == 1 && outside.stderr.contains("drift/outside-envelope"), "{}", outside.stderr);
    // Taking away needs no approval.
    let narrowed = egressor(&["diff", &full, &old, "--envelope", &catalog, "--lock", &lock]);
    assert_eq!(narrowed.code, 0, "{}{}", narrowed.stdout, narrowed.stderr);
}

/// A dump with many rules, none of which can be told with another.
fn many(count: u32) -> String {
    let rules: Vec<String> = (0..count)
        .map(|at| {
            let block = format!("10.{}.{}.0/24", at >> 8, at & 255);
            format!(
                "-A OUTPUT -d {block} -p tcp -m tcp --dport {} -m comment --comment \"`|<b>@x\" -j ACCEPT",
                at + 1
            )
        })
        .collect();
    let head =
        "# Generated by iptables-save\n*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT DROP [0:0]\n";
    format!("{head}{}\nCOMMIT\n", rules.join("\n"))
}

#[test]
fn a_comment_on_a_pull_request_is_never_too_long_and_says_what_it_leaves_out() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("many.rules"), many(3_000)).expect("written");
    std::fs::write(folder.path().join("none.rules"), many(0)).expect("written");
    let run = egressor_in(folder.path(), &["diff", "none.rules", "many.rules", "--format", "markdown"]);
    let length = run.stdout.encode_utf16().count();
    assert!(run.code == 1 && length <= MARKDOWN_LIMIT && length > MARKDOWN_LIMIT / 2, "{length}");
    let shown = run.stdout.lines().filter(|line| line.starts_with("| + |")).count();
    let left_out = format!("… {} more rows", 3_000 - shown);
    assert!(run.stdout.contains(&left_out), "{shown}");
    // Nothing of a rule's text is read as Markdown.
    let row = run.stdout.lines().find(|line| line.starts_with("| + |")).expect("a row");
    assert_eq!(row.matches('`').count() % 2, 0);
    assert!(row.contains("\"'\\|<b>@x\""), "{row}");
    let human = egressor_in(folder.path(), &["diff", "none.rules", "many.rules"]);
    assert!(human.stdout.contains("and 2960 more"), "{}", human.stdout);
}

#[test]
fn fingerprints_are_of_the_meaning_and_not_of_the_place() {
    let prints = |old: &str, new: &str| -> Vec<String> {
        let run = diff(&[old, new, "--format", "sarif"]);
        let log: Value = serde_json::from_str(&run.stdout).expect("JSON");
        assert_eq!(log["version"], "2.1.0");
        let results = log["runs"][0]["results"].as_array().expect("results");
        let of_rows =
            results.iter().filter(|result| result["ruleId"].as_str().unwrap().starts_with("drift/"));
        of_rows
            .map(|result| result["partialFingerprints"]["meaning/v1"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = prints("old.rules", "new.rules");
    assert!(first.len() > 3);
    // The same rules further down in another order.
    assert_eq!(prints("old.rules", "moved.rules"), first);
}

#[test]
fn other_commands_refuse_forms_that_they_do_not_have() {
    let run = egressor(&["targets", "--format", "sarif"]);
    assert!(run.code == 2 && run.stdout.is_empty(), "{}", run.stdout);
}

#[test]
fn the_schema_of_differences_is_published() {
    let run = egressor(&["diff", "--schema"]);
    assert_eq!(serde_json::from_str::<Value>(&run.stdout).expect("JSON"), diff_schema());
}
