//! The binary that reviews are made with is the one that the pipeline names.

use crate::support::{EGRESSOR, folder, has_tools, program, root, write};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

fn install(variables: &[(&str, &str)], front: Option<&Path>) -> Output {
    let path = std::env::var("PATH").unwrap_or_default();
    let path = front.map_or_else(|| path.clone(), |front| format!("{}:{path}", front.display()));
    Command::new(root().join("review/install"))
        .env("PATH", path)
        .envs(variables.iter().copied())
        .output()
        .expect("it runs")
}

/// Answers every request with these bytes, and gives the paths that are asked for.
fn serve(bytes: Vec<u8>) -> (String, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/releases/download", listener.local_addr().expect("an address"));
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).unwrap_or(0);
            let text = String::from_utf8_lossy(&request[..length]).into_owned();
            let _ = tell.send(text.split(' ').nth(1).unwrap_or_default().to_owned());
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", bytes.len());
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.write_all(&bytes);
        }
    });
    (url, told)
}

#[test]
fn a_release_is_run_only_with_the_digest_that_was_named() {
    if !has_tools(1) {
        return;
    }
    let folder = folder();
    program(&folder.path().join("egressor-1.2.3/egressor"), "#!/bin/sh\necho egressor 1.2.3\n");
    write(&folder.path().join("egressor-1.2.3/README.md"), "text");
    let archive = folder.path().join("archive.tar.gz");
    let packed = Command::new("tar")
        .args([
            "-czf",
            &archive.display().to_string(),
            "-C",
            &folder.path().display().to_string(),
            "egressor-1.2.3",
        ])
        .status();
    assert!(packed.expect("tar runs").success());
    let bytes = std::fs::read(&archive).expect("an archive");
    let digest = egressor::syntax::digest::sha256(&bytes);
    let (url, asked) = serve(bytes);
    let release = |digest: &str, version: &str| {
        install(&[("REVIEW_RELEASES", &url), ("REVIEW_VERSION", version), ("REVIEW_SHA256", digest)], None)
    };
    let good = release(&digest, "1.2.3");
    let said = String::from_utf8_lossy(&good.stderr).into_owned();
    assert!(good.status.success(), "{said}");
    let binary = String::from_utf8(good.stdout).expect("text");
    assert!(binary.ends_with("/egressor\n") && binary.lines().count() == 1, "{binary}");
    let path = asked.recv().expect("it was asked");
    assert_eq!(path, "/releases/download/v1.2.3/egressor-1.2.3-x86_64-unknown-linux-gnu.tar.gz");
    // Another digest, none, or no digest at all; and a version that would lead elsewhere.
    let other = digest.replace(&digest[..1], if digest.starts_with('0') { "1" } else { "0" });
    for (digest, version) in [
        (other.as_str(), "1.2.3"),
        ("", "1.2.3"),
        ("latest", "1.2.3"),
        (&digest, "../../x"),
        (&digest, "latest"),
    ] {
        let bad = release(digest, version);
        assert_eq!(bad.status.code(), Some(2), "{digest} {version}");
        assert!(bad.stdout.is_empty() && bad.stderr.starts_with(b"egressor: ") || bad.stdout.is_empty());
    }
    let none = install(&[("REVIEW_VERSION", "1.2.3"), ("REVIEW_SHA256", &digest)], None);
    assert_eq!(none.status.code(), Some(2));
}

#[test]
fn without_a_binary_it_is_built_from_its_own_checkout_with_its_own_lock() {
    if !has_tools(1) {
        return;
    }
    let folder = folder();
    let told = folder.path().join("told");
    let cargo = format!(
        "#!/bin/bash\nprintf '%s\\n' \"$@\" >{}\nwhile [ $# -gt 0 ]; do [ $1 = --root ] && root=$2; shift; done\nmkdir -p $root/bin && cp {EGRESSOR} $root/bin/egressor\n",
        told.display()
    );
    program(&folder.path().join("bin/cargo"), &cargo);
    let built =
        install(&[("TMPDIR", &folder.path().display().to_string())], Some(&folder.path().join("bin")));
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let arguments = std::fs::read_to_string(&told).expect("cargo was run");
    let arguments: Vec<&str> = arguments.lines().collect();
    assert_eq!(arguments[..4], ["install", "--locked", "--quiet", "--path"]);
    assert_eq!(Path::new(arguments[4]).canonicalize().unwrap(), root().canonicalize().unwrap());
    // A build that fails is no binary.
    program(&folder.path().join("bin/cargo"), "#!/bin/sh\nexit 101\n");
    let failed = install(&[], Some(&folder.path().join("bin")));
    assert!(failed.status.code() == Some(2) && failed.stdout.is_empty());
    // A binary that is named from here is found from anywhere.
    let named = Command::new(root().join("review/install"))
        .env("REVIEW_BINARY", "bin/egressor")
        .current_dir(folder.path())
        .output()
        .expect("it runs");
    assert_eq!(named.status.code(), Some(2), "it is not there yet");
    std::fs::copy(EGRESSOR, folder.path().join("bin/egressor")).expect("a copy");
    let named = Command::new(root().join("review/install"))
        .env("REVIEW_BINARY", "bin/egressor")
        .current_dir(folder.path())
        .output()
        .expect("it runs");
    let path = folder.path().canonicalize().expect("a folder").join("bin/egressor");
    assert_eq!(String::from_utf8_lossy(&named.stdout), format!("{}\n", path.display()));
    // Nor is what does not run.
    assert_eq!(install(&[("REVIEW_BINARY", "/nonexistent")], None).status.code(), Some(2));
    assert_eq!(install(&[("REVIEW_BINARY", "a\nb")], None).status.code(), Some(2));
}
