//! The part of the model that is about TLS in tunnels: what `ssl_bump` does, and what guards path rules.

use super::tls::is_left_alone;
use serde_json::{Value, json};

/// Tunnels that some rules allow, and what becomes of them.
#[derive(Debug)]
pub(super) struct Handshake {
    /// They are opened, so that their requests are judged, and not spliced.
    pub(super) opened: bool,
    /// The ACLs of the tunnels, as in the rules that allow them.
    pub(super) tunnel: Vec<String>,
    /// The ACL of the names in their handshakes; nothing when any name will do.
    pub(super) server: Option<String>,
}

const OPENED: [&str; 1] = [
    "Requests to these hosts are judged by their paths, so clients must trust the certificates of the proxy.",
];

/// The `ssl_bump` lines for these tunnels; none without any. Those that open tunnels mark them. Other files may have tunnels of their own, so that the
/// others are cut off only by a file that closes.
pub(super) fn lines(handshakes: &[Handshake], step: &str, mark: &str, closes: bool) -> Vec<Value> {
    let line =
        |why: &[&str], action: &str, acls: &[&str]| json!({ "why": why, "action": action, "acls": acls });
    if handshakes.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![line(
        &[
            "What tunnels hold is looked into where they come in on a port with `ssl-bump`, and on no other port:",
            "http_port 3128 ssl-bump tls-cert=/etc/squid/ca.pem generate-host-certificates=on",
            "The host that CONNECT asks for is not all that a tunnel leads to: the name in the handshake must be allowed too.",
        ],
        "peek",
        &[step],
    )];
    // What is allowed whole is not opened, even where a part of it is allowed with something else.
    for opened in [false, true] {
        let chosen = handshakes.iter().filter(|handshake| handshake.opened == opened);
        for (number, handshake) in chosen.enumerate() {
            let why: &[&str] = if opened && number == 0 { &OPENED } else { &[] };
            let mut acls = handshake.acls();
            acls.extend(opened.then_some(mark));
            lines.push(line(why, if opened { "bump" } else { "splice" }, &acls));
        }
    }
    if closes {
        lines.push(line(&[], "terminate", &["all"]));
    } else {
        let named = handshakes.iter().filter(|handshake| handshake.server.is_some());
        lines.extend(named.map(|handshake| {
            let tunnel: Vec<&str> = handshake.tunnel.iter().map(String::as_str).collect();
            line(&[], "terminate", &tunnel)
        }));
    }
    lines
}

/// The ACLs that find paths in another spelling than the plain one, for rules that begin with a prefix.
pub(super) fn spelling(named: impl Fn(&str) -> String) -> Value {
    // Squid decodes a path before it is compared with an expression, so that an encoded slash looks like a slash, and
    // what is still encoded was so twice. So the path as it came in is noted too, in which every special character is
    // encoded, and cut at all other characters: a piece that is left is the sign that something was encoded.
    let cuts: String = ('!'..='~').filter(|char| is_left_alone(*char)).collect();
    json!({
        "odd": named("odd_path"),
        "noted": named("noted_path"),
        "encoded": named("encoded_path"),
        "cuts": cuts,
    })
}

impl Handshake {
    fn acls(&self) -> Vec<&str> {
        self.tunnel.iter().chain(&self.server).map(String::as_str).collect()
    }
}
