//! Feeds from a server: what is asked, what is taken, and what leaves everything as it was.

use crate::run::{Run, cases, egressor};
use crate::server::{Server, reply, serve};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const MODIFIED: &str = "Thu, 05 Nov 2026 10:11:12 GMT";

fn body(case: &str) -> String {
    cases().into_iter().find(|found| found.folder.ends_with(case)).expect("a case").text()
}

fn import(folder: &Path, server: &Server, more: &[&str]) -> Run {
    let url = format!("{}/list", server.url);
    let own = ["catalog", "import", "fastly", "--direction", "egress", "--port", "443/tcp", "--from", &url];
    let to = ["--out", "fastly.yaml", "--lock", "egressor.lock"];
    egressor(folder, &[&own[..], &to[..], more].concat())
}

fn read(folder: &Path) -> (String, String) {
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
    (text("fastly.yaml"), text("egressor.lock"))
}

#[test]
fn a_feed_is_fetched_once_and_asked_for_by_its_mark() {
    let text = body("fastly/everything");
    let server = serve(move |request| {
        if request.header("if-none-match") == Some("\"v1\"")
            && request.header("if-modified-since") == Some(MODIFIED)
        {
            return reply("304 Not Modified", &[("ETag", "\"v1\"")], b"");
        }
        let headers =
            [("ETag", "\"v1\""), ("Last-Modified", MODIFIED), ("Date", "Fri, 06 Nov 2026 00:00:00 GMT")];
        reply("200 OK", &headers, text.as_bytes())
    });
    let folder = tempfile::tempdir().expect("a folder");
    let run = import(folder.path(), &server, &[]);
    assert!(
        run.code == 0 && run.stderr.contains("of 2026-11-05, token \"v1\"; fastly.yaml written"),
        "{}",
        run.stderr
    );
    let before = read(folder.path());
    for line in [
        "token = \"\\\"v1\\\"\"",
        "date = \"2026-11-05T10:11:12Z\"",
        "etag = \"\\\"v1\\\"\"",
        "modified = \"Thu, 05 Nov 2026 10:11:12 GMT\"",
    ] {
        assert!(before.1.contains(line), "{line}: {}", before.1);
    }
    let run = import(folder.path(), &server, &[]);
    assert!(run.code == 0 && run.stderr.contains("unchanged"), "{}", run.stderr);
    assert_eq!(read(folder.path()), before);
    let asked = server.asked();
    assert_eq!(asked[0].header("if-none-match"), None);
    assert_eq!(asked[1].header("if-none-match"), Some("\"v1\""));
    assert!(asked[0].header("user-agent").is_some_and(|agent| agent.starts_with("egressor/")));
    // Other ports make another catalog, so the body is needed again.
    let run = import(folder.path(), &server, &["--port", "80/tcp"]);
    assert!(run.code == 0 && run.stderr.contains("written"), "{}", run.stderr);
    assert_eq!(server.asked()[2].header("if-none-match"), None);
    std::fs::remove_file(folder.path().join("fastly.yaml")).expect("it is removed");
    let run = import(folder.path(), &server, &[]);
    assert!(run.code == 0 && folder.path().join("fastly.yaml").exists(), "{}", run.stderr);
}

#[test]
fn the_day_of_a_feed_is_the_servers_and_stays_while_the_body_does() {
    let text = body("fastly/everything");
    let server = serve(move |request| {
        let day = if request.header("cookie").is_none() { "06" } else { "09" };
        reply("200 OK", &[("Date", &format!("Fri, {day} Nov 2026 00:00:00 GMT"))], text.as_bytes())
    });
    let folder = tempfile::tempdir().expect("a folder");
    let run = import(folder.path(), &server, &[]);
    assert!(run.code == 0 && run.stderr.contains("of 2026-11-06"), "{}", run.stderr);
    let run = import(folder.path(), &server, &[]);
    assert!(run.code == 0 && run.stderr.contains("unchanged"), "{}", run.stderr);
}

#[test]
fn what_servers_do_wrong_leaves_everything_as_it_was() {
    let text = body("fastly/everything");
    let sound = text.clone();
    let server = serve(move |_| reply("200 OK", &[("Last-Modified", MODIFIED)], sound.as_bytes()));
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(import(folder.path(), &server, &[]).code, 0);
    let before = read(folder.path());
    let long = (text.len() + 100).to_string();
    let chunked =
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{text}\r\n", text.len());
    let half = &text[..text.len() / 2];
    let answers: Vec<(Vec<u8>, &str)> = vec![
        (reply("404 Not Found", &[], b"gone"), "answered with status 404"),
        (reply("500 Internal Server Error", &[], b"{}"), "answered with status 500"),
        (reply("304 Not Modified", &[], b""), "answered with status 304"),
        (reply("204 No Content", &[], b""), "answered with status 204"),
        (
            reply(
                "200 OK",
                &[("Content-Type", "text/html")],
                b"<html><title>Just a moment...</title></html>",
            ),
            "a web page",
        ),
        (
            reply("403 Forbidden", &[("Content-Type", "text/html")], b"<html>robot?</html>"),
            "answered with status 403",
        ),
        (reply("200 OK", &[], b""), "is empty"),
        (reply("200 OK", &[], half.as_bytes()), "error[feed/syntax]"),
        (reply("200 OK", &[("Content-Length", &long)], text.as_bytes()), "cannot fetch"),
        (chunked.into_bytes(), "cannot fetch"),
        (reply("200 OK", &[("Content-Encoding", "gzip")], b"\x1f\x8b\x08\x00broken"), "cannot fetch"),
        (reply("200 OK", &[], b"{\"addresses\": [\"\xff\"]}"), "is not UTF-8"),
        (b"not http at all\r\n\r\n".to_vec(), "cannot fetch"),
        (Vec::new(), "cannot fetch"),
    ];
    for (answer, why) in answers {
        let shown = String::from_utf8_lossy(&answer).into_owned();
        let server = serve(move |_| answer.clone());
        let run = import(folder.path(), &server, &[]);
        assert!(run.code == 2 && run.stderr.contains(why), "{why}: {shown}: {}", run.stderr);
        assert_eq!(read(folder.path()), before, "{why}");
    }
}

/// Two known bodies in one stored block each: RFC 1951 allows data without compression, and gzip ends in its check.
fn gzip(data: &[u8]) -> Vec<u8> {
    let crc = data.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 },
        )
    });
    let length = u16::try_from(data.len()).expect("one block");
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    out.extend(length.to_le_bytes());
    out.extend((!length).to_le_bytes());
    out.extend(data);
    out.extend((!crc).to_le_bytes());
    out.extend(u32::from(length).to_le_bytes());
    out
}

#[test]
fn a_compressed_feed_is_read_and_its_digest_is_that_of_the_text() {
    let text = body("fastly/everything");
    let (packed, plain) = (gzip(text.as_bytes()), text);
    let asked = serve(move |request| {
        assert!(request.header("accept-encoding").is_some_and(|value| value.contains("gzip")));
        reply("200 OK", &[("Content-Encoding", "gzip"), ("Last-Modified", MODIFIED)], &packed)
    });
    let folder = tempfile::tempdir().expect("a folder");
    let run = import(folder.path(), &asked, &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let digest = egressor::syntax::digest::sha256(&plain);
    assert!(read(folder.path()).1.contains(&digest));
}

#[test]
fn redirects_are_followed_a_few_times_and_not_in_circles() {
    let text = body("fastly/everything");
    let server = serve(move |request| match request.path.as_str() {
        "/list" => reply("302 Found", &[("Location", "/moved")], b""),
        "/moved" => reply("200 OK", &[("Last-Modified", MODIFIED)], text.as_bytes()),
        other => panic!("{other}"),
    });
    let folder = tempfile::tempdir().expect("a folder");
    let run = import(folder.path(), &server, &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let circle = serve(|_| reply("302 Found", &[("Location", "/list")], b""));
    let run = import(folder.path(), &circle, &["--accept"]);
    assert!(run.code == 2 && run.stderr.contains("it redirects too often"), "{}", run.stderr);
    assert!(circle.asked().len() <= 7, "{}", circle.asked().len());
}

#[test]
fn a_slow_server_and_a_huge_body_are_given_up() {
    let slow = serve(|_| {
        std::thread::sleep(Duration::from_secs(20));
        Vec::new()
    });
    let folder = tempfile::tempdir().expect("a folder");
    let start = Instant::now();
    let run = import(folder.path(), &slow, &["--timeout", "500ms"]);
    assert!(run.code == 2 && run.stderr.contains("it took too long"), "{}", run.stderr);
    assert!(start.elapsed() < Duration::from_secs(10));
    let huge = serve(|_| reply("200 OK", &[], &vec![b' '; 3 << 20]));
    let run = import(folder.path(), &huge, &["--max-size", "1"]);
    assert!(run.code == 2 && run.stderr.contains("is larger than 1048576 bytes"), "{}", run.stderr);
    assert!(run.stderr.contains("--max-size"), "{}", run.stderr);
}

#[test]
fn the_proxy_of_the_environment_is_asked() {
    let text = body("fastly/everything");
    let proxy = serve(move |_| reply("200 OK", &[("Last-Modified", MODIFIED)], text.as_bytes()));
    let folder = tempfile::tempdir().expect("a folder");
    let own = ["catalog", "import", "fastly", "--direction", "egress", "--port", "443/tcp", "--allow-http"];
    let output = Command::new(env!("CARGO_BIN_EXE_egressor"))
        .args(own)
        .args(["--from", "http://feed.invalid/list"])
        .current_dir(folder.path())
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .env("HTTP_PROXY", &proxy.url)
        .output()
        .expect("it runs");
    assert!(!proxy.asked().is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}
