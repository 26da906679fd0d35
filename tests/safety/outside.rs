//! Paths that lead out of the project, in everything that names a file.

use crate::run::{egressor, quickstart_lock};
use std::fs;
use std::path::Path;

/// What stands in files that must not be read.
const CANARY: &str = "canary.example.org";

/// A folder `project` with a project file, and a file beside the folder that nobody allowed.
fn project(change: impl Fn(String) -> String) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("project");
    fs::create_dir(&root).expect("a folder");
    let init = egressor(
        &root,
        &["init", "--region", "us", "--owner", "net", "--ticket", "T-1", "--expires", "never"],
    );
    assert_eq!(init.code, Some(0), "{}", init.stderr);
    fs::copy(quickstart_lock(), root.join("egressor.lock")).expect("a lock");
    fs::copy(quickstart_lock(), folder.path().join("outside.lock")).expect("a lock");
    let overlay =
        "schema: egressor/overlay/v1\nextends: castai\ndisable: [node-logs]\noverride: none\nset: none\n";
    fs::write(folder.path().join("outside.yaml"), overlay).expect("an overlay");
    fs::write(root.join("inside.yaml"), overlay).expect("an overlay");
    let text = fs::read_to_string(root.join("egressor.yaml")).expect("the project");
    fs::write(root.join("egressor.yaml"), change(text)).expect("the project");
    folder
}

#[test]
fn what_a_project_file_names_lies_in_its_folder_unless_another_is_allowed() {
    let with = |key: &'static str, value: String| {
        move |text: String| {
            let line = text.lines().find(|line| line.starts_with(key)).expect("the key").to_owned();
            text.replace(&line, &format!("{key} {value}"))
        }
    };
    let inside = project(with("overlays:", "[inside.yaml, ./inside.yaml]".to_owned()));
    let run = egressor(&inside.path().join("project"), &["catalog", "show"]);
    assert!(!run.stderr.contains("file/outside"), "{}", run.stderr);
    for (key, value) in [
        ("overlays:", "[../outside.yaml]"),
        ("overlays:", "[inside.yaml, sub/../../outside.yaml]"),
        ("overlays:", "[ABSOLUTE/outside.yaml]"),
        ("catalogs:", "[castai, ../outside.yaml]"),
        ("catalogs:", "[castai, /etc/passwd]"),
        ("lock:", "../outside.lock"),
        ("lock:", "/dev/stdin"),
        ("artifacts:", "[{target: squid, options: default, path: ../elsewhere}]"),
        ("artifacts:", "[{target: squid, options: default, path: /tmp}]"),
    ] {
        let folder = project(|text| text);
        let value = value.replace("ABSOLUTE", &folder.path().display().to_string());
        let root = folder.path().join("project");
        let text = fs::read_to_string(root.join("egressor.yaml")).expect("the project");
        fs::write(root.join("egressor.yaml"), with(key, value.clone())(text)).expect("the project");
        for command in [
            &["generate"][..],
            &["generate", "--check"],
            &["lock"],
            &["lint"],
            &["check", "api.cast.ai:443"],
            &["targets"],
        ] {
            let run = egressor(&root, command);
            assert_eq!(run.code, Some(2), "{key} {value}: {command:?} {}", run.stderr);
            assert!(run.stderr.contains("file/outside"), "{key} {value}: {command:?} {}", run.stderr);
        }
        assert!(!folder.path().join("elsewhere").exists() && !root.join("out").exists());
    }
    let folder = project(with("overlays:", "[../outside.yaml]".to_owned()));
    let root = folder.path().join("project");
    let allowed = egressor(&root, &["generate", "--allow-outside", "..", "-t", "squid"]);
    assert_eq!(allowed.code, Some(0), "{}", allowed.stderr);
    let elsewhere = egressor(&root, &["generate", "--allow-outside", "out", "-t", "squid"]);
    assert_eq!(elsewhere.code, Some(2), "{}", elsewhere.stderr);
}

#[cfg(unix)]
#[test]
fn no_link_leads_a_project_out_of_its_folder() {
    use std::os::unix::fs::symlink;
    let folder = project(|text| text.replace("overlays: none", "overlays: [linked.yaml]"));
    let root = folder.path().join("project");
    symlink("../outside.yaml", root.join("linked.yaml")).expect("a link");
    let run = egressor(&root, &["generate", "-t", "squid"]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("file/outside"), "{}", run.stderr);
    fs::remove_file(root.join("linked.yaml")).expect("it goes");
    symlink("inside.yaml", root.join("linked.yaml")).expect("a link");
    assert_eq!(egressor(&root, &["generate", "-t", "squid"]).code, Some(0), "a link inside is followed");
    // A folder below the outputs that leads elsewhere: an artifact must not be written through it.
    fs::create_dir(folder.path().join("elsewhere")).expect("a folder");
    symlink("../elsewhere", root.join("sub")).expect("a link");
    let text = fs::read_to_string(root.join("egressor.yaml")).expect("the project");
    let line = text.lines().find(|line| line.starts_with("artifacts:")).expect("the key").to_owned();
    let through = text.replace(&line, "artifacts: [{target: squid, options: default, path: sub}]");
    fs::write(root.join("egressor.yaml"), through).expect("the project");
    let run = egressor(&root, &["generate"]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert_eq!(fs::read_dir(folder.path().join("elsewhere")).expect("a folder").count(), 0);
    let allowed = egressor(&root, &["generate", "--allow-outside", "../elsewhere"]);
    assert_eq!(allowed.code, Some(0), "{}", allowed.stderr);
    assert!(folder.path().join("elsewhere/squid.conf").exists());
}

/// What reads rule files, each with a file or a folder that names another one outside.
#[cfg(unix)]
#[test]
fn no_rule_file_has_another_one_read_that_lies_outside_its_folder() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().expect("a folder");
    let etc = folder.path().join("etc");
    fs::create_dir_all(etc.join("conf.d")).expect("a folder");
    fs::write(folder.path().join("outside.txt"), format!("{CANARY}\n")).expect("a file");
    fs::write(folder.path().join("outside.conf"), format!("acl c dstdomain {CANARY}\nhttp_access allow c\n"))
        .expect("a file");
    let absolute = |name: &str| folder.path().join(name).display().to_string();
    symlink("../outside.txt", etc.join("linked.txt")).expect("a link");
    symlink("../../outside.conf", etc.join("conf.d/linked.conf")).expect("a link");
    let list = |path: &str| {
        format!("acl hosts dstdomain \"{path}\"\nhttp_access allow hosts\nhttp_access deny all\n")
    };
    let include = |path: &str| format!("include {path}\nhttp_access deny all\n");
    for text in [
        list("../outside.txt"),
        list(&absolute("outside.txt")),
        list("linked.txt"),
        list("conf.d/../../outside.txt"),
        include("../outside.conf"),
        include(&absolute("outside.conf")),
        include("../*.conf"),
        include(&absolute("*.conf")),
        include("conf.d/*.conf"),
        include("conf.d/linked.conf"),
    ] {
        fs::write(etc.join("squid.conf"), &text).expect("a file");
        for command in [
            &["show", "squid.conf"][..],
            &["lint", "squid.conf"],
            &["check", "api.cast.ai:443", "squid.conf"],
        ] {
            let run = egressor(&etc, command);
            let told = format!("{}{}", run.stdout, run.stderr);
            assert!(!told.contains(CANARY), "{text}: {told}");
            assert_eq!(run.code, Some(2), "what is not read may open anything: {text}: {told}");
        }
    }
    // A folder: links that lead out of it are told, and read when they are named.
    let rules = folder.path().join("rules");
    fs::create_dir(&rules).expect("a folder");
    fs::write(rules.join("squid.conf"), "http_access deny all\n").expect("a file");
    symlink("../outside.txt", rules.join("linked.txt")).expect("a link");
    let run = egressor(folder.path(), &["show", "rules"]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("file/outside") && run.stderr.contains("linked.txt"), "{}", run.stderr);
    let named = egressor(folder.path(), &["show", "rules", "outside.txt"]);
    assert!(!named.stderr.contains("file/outside"), "{}", named.stderr);
}

#[test]
fn no_template_and_no_manifest_reads_a_file_of_another_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let own = folder.path().join("own");
    fs::create_dir(&own).expect("a folder");
    fs::write(folder.path().join("outside.txt.tera"), CANARY).expect("a file");
    let absolute = folder.path().join("outside.txt.tera").display().to_string();
    let manifest = |template: &str| {
        format!(
            "schema: egressor/artifact/v1\nname: bare\nsummary: A list\npeers: addresses\ncomment: \"#\"\nvalue: word\n\
             files: [{{path: bare.txt, template: \"{template}\"}}]\nreader: none\n"
        )
    };
    let lock = quickstart_lock();
    let run = |folder: &Path| {
        let head = ["generate", "--region", "us", "--lock", &lock, "--artifact-dir", "own", "-t", "bare"];
        egressor(folder, &[&head[..], &["--out", "-"]].concat())
    };
    for (template, text) in [
        ("../outside.txt.tera", ""),
        (absolute.as_str(), ""),
        ("bare.txt.tera", "{% include \"../outside.txt.tera\" %}"),
        ("bare.txt.tera", "{% extends \"../outside.txt.tera\" %}"),
        ("bare.txt.tera", "{% import \"../outside.txt.tera\" as it %}"),
        ("bare.txt.tera", "{{ get_env(name=\"HOME\") }}"),
        ("bare.txt.tera", "{{ load(path=\"../outside.txt.tera\") }}"),
    ] {
        fs::write(own.join("artifact.yaml"), manifest(template)).expect("a manifest");
        fs::write(own.join("bare.txt.tera"), text).expect("a template");
        let run = run(folder.path());
        assert_eq!(run.code, Some(2), "{template} {text}: {}", run.stdout);
        assert!(!format!("{}{}", run.stdout, run.stderr).contains(CANARY), "{}", run.stderr);
    }
}
