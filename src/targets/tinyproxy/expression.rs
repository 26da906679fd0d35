//! The expressions that a filter is written with: whole, anchored, and of characters that a host name can have.
//!
//! Over URLs, a class such as `[^.]` or a `.` would match a slash or an `@` too, and with it a request that leads to
//! another host than the one the expression ends with. So every label is spelt out as what a label is made of.

use super::ports::pieces;
use crate::packet::{NamePattern, PortSet};
use crate::syntax::expression::OF_LABEL;

/// Every host name, and no address: the last label of a name begins with no digit, as top-level domains do not.
pub(super) const ANY_NAME: &str = r"([-a-z0-9_]+\.)*[a-z_][-a-z0-9_]*";

/// The port of a tunnel where none is written.
pub(super) const TUNNEL_PORT: u16 = 443;
/// The port of a plain request where none is written.
pub(super) const PLAIN_PORT: u16 = 80;

/// The most bytes of the ports in one expression.
const LONGEST_PORTS: usize = 160;

/// The expression for a host itself, without anchors.
pub(super) fn host(pattern: &NamePattern) -> String {
    let escaped = |host: &str| host.replace('.', r"\.");
    match pattern {
        NamePattern::Any => ANY_NAME.to_owned(),
        NamePattern::Host(host) | NamePattern::Path(host, _) => escaped(host.as_str()),
        NamePattern::Tree(host) => format!(r"([{OF_LABEL}]+\.)*{}", escaped(host.as_str())),
        NamePattern::Below(host) => format!(r"([{OF_LABEL}]+\.)+{}", escaped(host.as_str())),
        NamePattern::OneBelow(host) => format!(r"[{OF_LABEL}]+\.{}", escaped(host.as_str())),
    }
}

/// The expressions for tunnels to these ports of a host, and for plain requests to those.
pub(super) fn urls(pattern: &NamePattern, tunnels: &PortSet, plain: &PortSet) -> Vec<String> {
    let host = host(pattern);
    let tunnels = spelt(tunnels, TUNNEL_PORT).into_iter().map(|ports| format!("^{host}{ports}$"));
    let plain = spelt(plain, PLAIN_PORT).into_iter().map(|ports| format!("^http://{host}{ports}/"));
    tunnels.chain(plain).collect()
}

/// The ports as they follow a host, in pieces that fit into a line. The default port may be left out.
fn spelt(ports: &PortSet, default: u16) -> Vec<String> {
    if ports.is_empty() {
        return Vec::new();
    }
    if ports.is_full() {
        return vec!["(:[0-9]+)?".to_owned()];
    }
    let mut spelt = Vec::new();
    let own = PortSet::range(default, &default);
    if !ports.intersect(&own).is_empty() {
        spelt.push(format!("(:{default})?"));
    }
    let mut joined = String::new();
    for piece in pieces(&ports.subtract(&own)) {
        if joined.len() + piece.len() > LONGEST_PORTS {
            spelt.push(format!(":({joined})"));
            joined.clear();
        }
        if !joined.is_empty() {
            joined.push('|');
        }
        joined.push_str(&piece);
    }
    if !joined.is_empty() {
        spelt.push(if joined.contains('|') { format!(":({joined})") } else { format!(":{joined}") });
    }
    spelt
}
