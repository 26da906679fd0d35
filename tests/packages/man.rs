//! Manual pages, as `man` and `mandoc` read them, and their examples, as people run them.

use crate::real::skipped;
use crate::run::{EGRESSOR, EPOCH, command, copy, file, files, printed, said, works};
use std::path::Path;
use std::process::Command;

fn pages() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    printed(command(EGRESSOR).args(["man", "--quiet", "--out"]).arg(folder.path()));
    folder
}

fn each(folder: &Path) -> Vec<(String, String)> {
    let read = |name: String| {
        let text = std::fs::read_to_string(folder.join(&name)).expect("text");
        (name, text)
    };
    files(folder).into_iter().map(read).collect()
}

#[test]
fn man_and_mandoc_have_nothing_to_say_against_the_pages() {
    let folder = pages();
    let pages = each(folder.path());
    assert!(pages.len() >= 20, "{pages:?}");
    if works("man", &["--version"]) {
        for (name, _) in &pages {
            let path = folder.path().join(name);
            let output = command("man")
                .args(["--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z"])
                .arg(&path)
                .env("LC_ALL", "C.UTF-8")
                .env("MANROFFSEQ", "")
                .output()
                .expect("it runs");
            assert!(output.status.success() && output.stderr.is_empty(), "{name}: {}", said(&output));
        }
    } else {
        skipped("man", pages.len(), "it is not installed");
    }
    if works("sh", &["-c", "command -v mandoc"]) {
        for (name, _) in &pages {
            let path = folder.path().join(name);
            let output = command("mandoc").args(["-T", "lint", "-W", "warning"]).arg(&path).output();
            let output = output.expect("it runs");
            assert!(output.status.success(), "{name}: {}", said(&output));
        }
    } else {
        skipped("mandoc", pages.len(), "it is not installed");
    }
}

#[test]
fn indexes_of_manual_pages_find_the_name_and_purpose_of_each_page() {
    if !works("lexgrog", &["--version"]) {
        skipped("lexgrog", 20, "man-db is not installed");
        return;
    }
    let folder = pages();
    for (name, _) in each(folder.path()) {
        let found = printed(command("lexgrog").arg(folder.path().join(&name)));
        let page = name.strip_suffix(".1").expect("a page of section 1");
        assert!(found.contains(&format!(": \"{page} - ")), "{found}");
    }
}

#[test]
fn a_page_bears_the_day_of_the_build_or_none_and_no_other() {
    let page = |epoch: Option<&str>| {
        let mut command = command(EGRESSOR);
        command.args(["man", "generate"]).env_remove("SOURCE_DATE_EPOCH");
        command.envs(epoch.map(|epoch| ("SOURCE_DATE_EPOCH", epoch)));
        command.output().expect("it runs")
    };
    let head = |output: &std::process::Output| {
        said(output).lines().find(|line| line.starts_with(".TH ")).expect("a head").to_owned()
    };
    let version = env!("CARGO_PKG_VERSION");
    let rest = format!("\"egressor {version}\" \"egressor manual\"");
    assert_eq!(head(&page(None)), format!(".TH EGRESSOR-GENERATE 1 \"\" {rest}"));
    assert_eq!(head(&page(Some(EPOCH))), format!(".TH EGRESSOR-GENERATE 1 2026-11-23 {rest}"));
    let refused = page(Some("yesterday"));
    assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
}

#[test]
fn a_page_of_no_command_is_refused_with_the_nearest() {
    let output = command(EGRESSOR).args(["man", "catalog", "dif"]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("did you mean `diff`?"), "{}", said(&output));
}

/// The examples of a page: what stands between `.EX` and `.EE`, without the marks of the formatter.
fn examples(page: &str) -> Vec<String> {
    let blocks = page.split("\n.EX\n").skip(1).map(|rest| rest.split("\n.EE\n").next().expect("an end"));
    let plain =
        |text: &str| text.replace("\\-", "-").replace("\\*(Aq", "'").replace("\\\\", "\\").replace("\\&", "");
    blocks.map(plain).collect()
}

/// The examples that end with 1, because rules and project of `examples/04_project` differ on purpose.
const DIFFERENT: [&str; 5] = [
    "egressor diff live/host.rules",
    "egressor diff live/host.rules --format html > review.html",
    "egressor diff out/iptables.rules live/host.rules --fail-on broadening --witness",
    "egressor catalog diff old.yaml new.yaml",
    "egressor lint --expires-within 30d",
];

/// Files of examples that are not in `examples/04_project`, and what stands for each.
const OTHERS: [(&str, &str); 3] = [
    ("ips.json", "tests/feeds/cloudflare/api/body.json"),
    ("old.yaml", "catalog/castai.yaml"),
    ("new.yaml", "catalog/github.yaml"),
];

/// How an example is run, and how it ends: names cannot be looked up without a network, which need not take long.
fn ends(example: &str) -> (String, i32) {
    if example.starts_with("egressor lock") {
        return (example.replace("egressor lock", "egressor lock --deadline 1s"), 2);
    }
    (example.to_owned(), i32::from(DIFFERENT.contains(&example)))
}

#[test]
fn every_example_of_every_page_runs_as_written() {
    let folder = pages();
    let unshare = works("unshare", &["-rn", "true"]);
    let bin = Path::new(EGRESSOR).parent().expect("a folder").display().to_string();
    let path = format!("{bin}:{}", std::env::var("PATH").unwrap_or_default());
    let man = works("man", &["--version"]);
    if !works("bash", &["--version"]) {
        skipped("bash", 30, "it is not installed");
        return;
    }
    let (mut run, mut offline, mut wrong) = (0, 0, Vec::new());
    for (name, page) in each(folder.path()) {
        for example in examples(&page) {
            if example.contains("egressor lock") && !unshare {
                offline += 1;
                continue;
            }
            if example.contains("| man ") && !man {
                skipped("man", 1, "it is not installed");
                continue;
            }
            let place = tempfile::tempdir().expect("a folder");
            copy(&file("examples/04_project"), place.path());
            for (name, from) in OTHERS {
                std::fs::copy(file(from), place.path().join(name)).expect("a copy");
            }
            let without_network = if unshare { &["unshare", "-rn"][..] } else { &[] };
            let (line, expected) = ends(&example);
            let line = [without_network, &["bash", "-e", "-c", &line]].concat();
            let mut command = Command::new(line[0]);
            command.args(&line[1..]).current_dir(place.path()).env("PATH", &path);
            let output = command.env("EGRESSOR_TODAY", "2026-11-23").output().expect("it runs");
            if output.status.code() != Some(expected) {
                wrong.push(format!(
                    "{name}: {example}: {:?}, not {expected}: {}",
                    output.status,
                    said(&output)
                ));
            }
            let lookups = example.starts_with("egressor lock");
            assert!(
                !lookups || said(&output).contains("could not be resolved"),
                "{example}: {}",
                said(&output)
            );
            run += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(run >= 25, "{run} examples");
    if offline > 0 {
        skipped("a network namespace", offline, "unshare -rn is refused");
    }
}
