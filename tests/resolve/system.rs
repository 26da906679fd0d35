//! The DNS servers of the system, in namespaces where port 53 and the configuration are ours.

use crate::real::skipped;
use std::fs;
use std::net::{IpAddr, UdpSocket};
use std::process::{Command, Stdio};

/// Not a test of its own: what the test below runs inside the namespaces, as a process beside `egressor`.
#[test]
#[ignore = "it serves another test"]
fn a_server_on_port_53() {
    let Ok(listen) = std::env::var("EGRESSOR_TEST_LISTEN") else { return };
    let socket = UdpSocket::bind((listen.parse::<IpAddr>().expect("an address"), 53)).expect("port 53");
    fs::write("ready", "").expect("it is written");
    let mut asked = Vec::new();
    let mut buffer = [0_u8; 1500];
    while let Ok((len, from)) = socket.recv_from(&mut buffer) {
        let root = buffer[12..len].iter().position(|byte| *byte == 0).expect("a name");
        let mut reply = buffer[..12 + root + 5].to_vec();
        asked.push(
            String::from_utf8_lossy(&reply[12..12 + root]).replace(|char: char| char.is_control(), "."),
        );
        fs::write("asked", asked.join("\n")).expect("it is written");
        let v6 = buffer[12 + root + 2] == 28;
        reply[2..12].copy_from_slice(&[0x81, 0x80, 0, 1, 0, u8::from(!v6), 0, 0, 0, 0]);
        if !v6 {
            reply.extend([0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 8, 8, 4, 4]);
        }
        let _ = socket.send_to(&reply, from);
    }
}

#[test]
fn without_a_resolver_those_of_the_system_are_asked_one_after_the_other_and_no_search_list_is() {
    let own = ["--user", "--map-root-user", "--net", "--mount", "--pid", "--fork", "--kill-child"];
    let may = Command::new("unshare").args(own).args(["ip", "link", "set", "lo", "up"]).output();
    if !may.as_ref().is_ok_and(|output| output.status.success()) {
        skipped("the system's resolver", 1, "namespaces are not allowed, or `ip` is missing");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    // Nobody listens at the first one.
    let conf = "nameserver 127.0.0.7\nnameserver 127.0.0.8\nsearch wrong.test\noptions ndots:5\n";
    fs::write(folder.path().join("resolv.conf"), conf).expect("it is written");
    let script = "ip link set lo up && mount --bind resolv.conf \"$(readlink -f /etc/resolv.conf)\" || exit 77\n\
        EGRESSOR_TEST_LISTEN=127.0.0.8 \"$1\" --ignored --exact system::a_server_on_port_53 > server.log 2>&1 &\n\
        for turn in $(seq 100); do [ -e ready ] && break; sleep 0.1; done\n\
        exec \"$2\" lock --project none --region us --only github.com --timeout 2s --retries 0\n";
    let ran = Command::new("unshare")
        .args(own)
        .args(["sh", "-c", script, "sh"])
        .arg(std::env::current_exe().expect("this test"))
        .arg(env!("CARGO_BIN_EXE_egressor"))
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .expect("it runs");
    let told = String::from_utf8_lossy(&ran.stderr).into_owned();
    if ran.status.code() == Some(77) {
        skipped("the system's resolver", 1, "its configuration cannot be replaced in a namespace");
        return;
    }
    let server = fs::read_to_string(folder.path().join("server.log")).unwrap_or_default();
    assert_eq!(ran.status.code(), Some(0), "{told}{server}");
    let lock = fs::read_to_string(folder.path().join("egressor.lock")).expect("the lock");
    // The address of one machine's resolver is no news to others.
    assert!(lock.contains("\"8.8.4.4\"") && lock.contains("resolver = \"system\""), "{lock}");
    let asked = fs::read_to_string(folder.path().join("asked")).expect("what was asked");
    assert!(asked.lines().count() == 2 && asked.lines().all(|name| name == ".github.com"), "{asked}");
}
