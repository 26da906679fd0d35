//! What is written over, and what is not.

use crate::run::{egressor, generate, quickstart_lock, state, words};
use std::fs;
use std::path::Path;

fn wrote(folder: &Path, owner: &str) {
    let run = egressor(folder, &words(&generate(&quickstart_lock(), owner)));
    assert_eq!(run.code, Some(0), "{}", run.stderr);
}

#[test]
fn every_file_of_every_target_can_be_written_again_and_no_other_file_can() {
    let folder = tempfile::tempdir().expect("a folder");
    let lock = quickstart_lock();
    let targets: Vec<&str> = egressor::targets::TARGETS.iter().map(|target| target.name()).collect();
    let all = targets.join(",");
    let run = |owner: &str, more: &[&str]| {
        let owner = format!("owner={owner}");
        let set = ["--set", "proxy=http://proxy.example:3128", "--set", "proxy_and_direct=yes"];
        let plane = ["--set", "control_plane_cidr=172.16.0.0/28", "--set", "proxy_address=192.0.2.9/32"];
        let head = ["generate", "--region", "us", "--lock", &lock, "-t", &all, "--feature", "istio-gke"];
        egressor(folder.path(), &[&head[..], &set, &plane, &["--set", &owner], more].concat())
    };
    let first = run("one", &[]);
    assert_eq!(first.code, Some(0), "{}", first.stderr);
    let files = state(folder.path());
    assert!(files.len() >= targets.len(), "{:?}", files.keys());
    let second = run("two", &[]);
    assert_eq!(second.code, Some(0), "{}", second.stderr);
    for path in files.keys() {
        let own = fs::read(folder.path().join(path)).expect("a file");
        fs::write(folder.path().join(path), "somebody else's\n").expect("it is written");
        let before = state(folder.path());
        let refused = run("three", &[]);
        assert_eq!(refused.code, Some(2), "{}: {}", path.display(), refused.stderr);
        assert!(refused.stderr.contains("does not say that egressor wrote it"), "{}", refused.stderr);
        assert_eq!(state(folder.path()), before, "{}", path.display());
        fs::write(folder.path().join(path), own).expect("it is written");
    }
    let path = folder.path().join(files.keys().next().expect("a file"));
    fs::write(&path, "somebody else's\n").expect("it is written");
    assert_eq!(run("three", &["--force"]).code, Some(0));
    assert_ne!(fs::read_to_string(&path).expect("a file"), "somebody else's\n");
    fs::write(&path, "").expect("it is written");
    assert_eq!(run("four", &[]).code, Some(0), "nothing is lost with an empty file");
}

#[cfg(unix)]
#[test]
fn a_file_that_is_replaced_keeps_its_mode_and_a_new_one_follows_the_mask() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    wrote(folder.path(), "one");
    let mode = |name: &str| {
        let metadata = fs::metadata(folder.path().join("out").join(name)).expect("a file");
        metadata.permissions().mode() & 0o7777
    };
    for (name, bits) in [("squid.conf", 0o600), ("iptables.rules", 0o640), ("ip6tables.rules", 0o666)] {
        let path = folder.path().join("out").join(name);
        fs::set_permissions(path, fs::Permissions::from_mode(bits)).expect("a mode");
    }
    wrote(folder.path(), "two");
    assert_eq!([mode("squid.conf"), mode("iptables.rules"), mode("ip6tables.rules")], [0o600, 0o640, 0o666]);
    let lock = quickstart_lock();
    let script =
        format!("umask 027 && exec {} generate --region us --lock {lock} --out masked", crate::run::EGRESSOR);
    let run = std::process::Command::new("sh").args(["-c", &script]).current_dir(folder.path()).output();
    assert!(run.expect("it runs").status.success());
    let metadata = fs::metadata(folder.path().join("masked/squid.conf")).expect("a file");
    assert_eq!(metadata.permissions().mode() & 0o777, 0o640);
}

#[cfg(unix)]
#[test]
fn a_link_in_the_place_of_a_file_is_not_followed_and_not_replaced_unasked() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().expect("a folder");
    wrote(folder.path(), "one");
    let (path, theirs) = (folder.path().join("out/squid.conf"), folder.path().join("theirs.conf"));
    fs::rename(&path, &theirs).expect("it moves");
    symlink("../theirs.conf", &path).expect("a link");
    let before = state(folder.path());
    let arguments = generate(&quickstart_lock(), "two");
    let refused = egressor(folder.path(), &words(&arguments));
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains("it is a link"), "{}", refused.stderr);
    assert_eq!(state(folder.path()), before);
    let forced = egressor(folder.path(), &[&words(&arguments)[..], &["--force"]].concat());
    assert_eq!(forced.code, Some(0), "{}", forced.stderr);
    assert!(!path.is_symlink());
    assert_eq!(state(folder.path())[Path::new("theirs.conf")], before[Path::new("theirs.conf")]);
}

#[test]
fn an_artifact_that_has_no_comments_is_written_over_only_when_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let own = folder.path().join("own");
    fs::create_dir(&own).expect("a folder");
    let manifest = "schema: egressor/artifact/v1\nname: bare\nsummary: A list\npeers: addresses\ncomment: none\n\
                    value: word\nfiles: [{path: bare.txt, template: bare.txt.tera}]\nreader: list\n\
                    list: {services: [443/tcp]}\n";
    fs::write(own.join("artifact.yaml"), manifest).expect("a manifest");
    let template = "{% for entry in entries %}{{ entry.peer | value }}\n{% endfor %}";
    fs::write(own.join("bare.txt.tera"), template).expect("a template");
    let lock = quickstart_lock();
    let run = |more: &[&str]| {
        let head = ["generate", "--region", "us", "--lock", &lock, "--artifact-dir", "own", "-t", "bare"];
        egressor(folder.path(), &[&head[..], more].concat())
    };
    assert_eq!(run(&[]).code, Some(0), "{}", run(&[]).stderr);
    assert_eq!(run(&[]).code, Some(0), "what stays as it is need not be replaced");
    let refused = run(&["--component", "agent"]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    let forced = run(&["--component", "agent", "--force"]);
    assert_eq!(forced.code, Some(0), "{}", forced.stderr);
}

#[test]
fn init_writes_over_no_schema_that_is_somebody_elses() {
    let folder = tempfile::tempdir().expect("a folder");
    let schema = folder.path().join("egressor.schema.json");
    fs::write(&schema, "{\"title\": \"mine\"}").expect("a file");
    let refused = egressor(folder.path(), &["init", "--region", "us"]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(!folder.path().join("egressor.yaml").exists());
    assert_eq!(fs::read_to_string(&schema).expect("a file"), "{\"title\": \"mine\"}");
    let forced = egressor(folder.path(), &["init", "--region", "us", "--force"]);
    assert_eq!(forced.code, Some(0), "{}", forced.stderr);
    fs::remove_file(folder.path().join("egressor.yaml")).expect("it goes");
    let again = egressor(folder.path(), &["init", "--region", "us"]);
    assert_eq!(again.code, Some(0), "its own schema is no obstacle: {}", again.stderr);
}
