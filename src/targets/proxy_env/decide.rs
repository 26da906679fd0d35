//! What `NO_PROXY` means: which hosts a client reaches without the proxy.
//!
//! There is no standard. Two clients are modelled, and no others: Go, which the components of most clusters are
//! written in, and curl, which their scripts call. Python, Java, Ruby, wget and older curl differ again; none of them
//! is answered for here.
//!
//! Go (`golang.org/x/net/http/httpproxy`, which `net/http` uses, <https://pkg.go.dev/golang.org/x/net/http/httpproxy>):
//!
//! - Entries are separated by commas, and blanks around them are dropped. An entry `*` stands for everything.
//! - A block or an address matches hosts that are written as addresses, never the addresses of a name.
//! - `x` matches `x` and everything below it; `.x` and `*.x` match what is below it, not `x`.
//! - An entry may end in `:PORT`, and then holds for that port only.
//! - `localhost` and loopback addresses never go to the proxy. What cannot be parsed is a name that no host has.
//!
//! curl (from 7.86.0, <https://curl.se/libcurl/c/CURLOPT_NOPROXY.html>):
//!
//! - Entries are separated by commas. Behind an entry and a blank without a comma the list ends.
//! - `*` counts when it is the whole value. No other wildcard exists: `*.x` is a name that no host has.
//! - `x` and `.x` are the same: `x` and everything below it.
//! - A block matches addresses; one of length 0 matches only the address it is written with. There are no ports, and no
//!   brackets around IPv6 addresses.
//! - Nothing goes around the proxy unasked, neither `localhost` nor loopback addresses.

use crate::diag::Span;
use crate::packet::{
    AddrSet, Hostname, NamePattern, PeerSet, PortRange, Prefix, Protocol, Set, TransportSet,
};
use std::net::IpAddr;

/// A client whose rules are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Client {
    /// `net/http` of Go.
    Go,
    /// curl and what is built on libcurl.
    Curl,
}

impl Client {
    /// Every client that is modelled.
    pub const ALL: [Self; 2] = [Self::Go, Self::Curl];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Go => "Go",
            Self::Curl => "curl",
        }
    }
}

/// What an entry sends around the proxy, for one client. No peers: the entry does nothing there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    /// The hosts.
    pub peers: PeerSet,
    /// The port that it holds for; every port when there is none.
    pub port: Option<u16>,
}

/// One entry of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The entry as Go reads it: between two commas, without the blanks around.
    pub text: String,
    /// Where it stands in the value.
    pub span: Span,
    /// What it means to Go.
    pub go: Reach,
    /// What it means to curl.
    pub curl: Reach,
}

/// A value of `NO_PROXY`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NoProxy {
    /// Its entries, in order. None is empty.
    pub entries: Vec<Entry>,
}

impl NoProxy {
    /// Reads a value. There is no value that clients refuse.
    pub fn parse(value: &str) -> Self {
        let everything = value == "*";
        let mut entries = Vec::new();
        // curl stops reading behind a blank that no comma follows.
        let (mut curl_reads, mut at) = (true, 0_usize);
        for piece in value.split(',') {
            let from = at.saturating_add(piece.len().saturating_sub(piece.trim_start().len()));
            at = at.saturating_add(piece.len()).saturating_add(1);
            let text = piece.trim();
            if text.is_empty() {
                continue;
            }
            let mut words = text.split([' ', '\t']);
            let first = words.next().unwrap_or_default();
            let reads_on = words.next().is_none();
            let curl = match (curl_reads, everything) {
                (false, _) => Reach::default(),
                (true, true) => all(),
                (true, false) => curl(first),
            };
            curl_reads = curl_reads && reads_on;
            let span = Span::new(from, from.saturating_add(text.len()));
            entries.push(Entry { text: text.to_owned(), span, go: go(text), curl });
        }
        Self { entries }
    }

    /// What decides that a client reaches a host without the proxy: an entry, or `None` of them because the client
    /// does it unasked. Nothing when the client goes to the proxy.
    pub fn direct(&self, client: Client, host: &str, port: u16) -> Option<Option<&Entry>> {
        let addr = host.trim_matches(['[', ']']).parse::<IpAddr>().ok();
        if client == Client::Go && (host == "localhost" || addr.is_some_and(|addr| addr.is_loopback())) {
            return Some(None);
        }
        let name = host.parse::<Hostname>().ok();
        let decides = |entry: &&Entry| {
            let reach = entry.of(client);
            let reached = match (addr, &name) {
                (Some(addr), _) => reach.peers.addrs.contains(addr),
                (None, Some(name)) => reach.peers.names.contains_host(name, "/"),
                (None, None) => false,
            };
            reached && reach.port.is_none_or(|only| only == port)
        };
        self.entries.iter().find(decides).map(Some)
    }

    /// What a client reaches without the proxy, at every port, by its entries.
    pub fn peers(&self, client: Client) -> PeerSet {
        let whole = self.entries.iter().map(|entry| entry.of(client)).filter(|reach| reach.port.is_none());
        PeerSet::union_all(&whole.map(|reach| reach.peers.clone()).collect::<Vec<_>>())
    }
}

impl Entry {
    /// What it means to a client.
    pub fn of(&self, client: Client) -> &Reach {
        match client {
            Client::Go => &self.go,
            Client::Curl => &self.curl,
        }
    }

    /// Reports whether it does nothing for any client.
    pub fn is_dead(&self) -> bool {
        self.go.peers.is_empty() && self.curl.peers.is_empty()
    }
}

impl Reach {
    fn of(peers: PeerSet) -> Self {
        Self { peers, port: None }
    }

    /// The services that it holds for: HTTP runs over TCP.
    pub fn services(&self) -> TransportSet {
        self.port.map_or_else(
            || TransportSet::protocol(Protocol::TCP),
            |port| TransportSet::port(Protocol::TCP, PortRange::single(port)),
        )
    }
}

fn all() -> Reach {
    Reach::of(PeerSet::all_addrs().union(&PeerSet::all_names()))
}

fn go(text: &str) -> Reach {
    if text == "*" {
        return all();
    }
    if let Some(block) = block(text) {
        return Reach::of(PeerSet::from(AddrSet::of([block])));
    }
    let (host, port) = match text.rsplit_once(':') {
        // More than one colon is an IPv6 address, unless it stands in brackets.
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => match port.parse() {
            Ok(port) => (host, Some(port)),
            // A port that is none never equals the port of a connection.
            Err(_) => return Reach::default(),
        },
        _ => (text, None),
    };
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).filter(|_| port.is_some());
    if let Ok(addr) = bare.unwrap_or(host).parse::<IpAddr>() {
        return Reach { peers: PeerSet::from(AddrSet::of([Prefix::host(addr)])), port };
    }
    let below = host.strip_prefix("*.").or_else(|| host.strip_prefix('.'));
    let pattern = match below {
        Some(below) => name(below).map(NamePattern::Below),
        None => name(host).map(NamePattern::Tree),
    };
    pattern.map_or_else(Reach::default, |pattern| Reach { peers: PeerSet::from(pattern.names()), port })
}

fn curl(text: &str) -> Reach {
    if let Some(block) = block(text) {
        // A length of 0 is not applied, so that the address itself is left.
        let block = if block.len() == 0 { Prefix::host(block.addr()) } else { block };
        return Reach::of(PeerSet::from(AddrSet::of([block])));
    }
    if let Ok(addr) = text.parse::<IpAddr>() {
        return Reach::of(PeerSet::from(AddrSet::of([Prefix::host(addr)])));
    }
    let text = text.strip_suffix('.').unwrap_or(text);
    let host = name(text.strip_prefix('.').unwrap_or(text));
    host.map_or_else(Reach::default, |host| Reach::of(PeerSet::from(NamePattern::Tree(host).names())))
}

/// A name as it is written: what has to be changed before it is a name is none that a host has.
fn name(text: &str) -> Option<Hostname> {
    text.parse::<Hostname>()
        .ok()
        .filter(|name| !text.ends_with('.') && name.as_str().eq_ignore_ascii_case(text))
}

/// A block of addresses. Both clients drop the bits behind its length.
fn block(text: &str) -> Option<Prefix> {
    let (addr, len) = text.split_once('/')?;
    let digits = !len.is_empty() && len.bytes().all(|byte| byte.is_ascii_digit());
    Prefix::containing(addr.parse().ok()?, len.parse().ok().filter(|_| digits)?)
}

#[cfg(test)]
mod tests {
    use super::{Client, NoProxy};

    /// Go, then curl: `d` for direct, `p` for the proxy.
    fn decisions(value: &str, host: &str) -> String {
        let list = NoProxy::parse(value);
        let one = |client| if list.direct(client, host, 443).is_some() { 'd' } else { 'p' };
        Client::ALL.map(one).iter().collect()
    }

    #[test]
    fn a_plain_name_is_the_host_and_what_is_below_it_for_both() {
        assert_eq!(decisions("example.com", "example.com"), "dd");
        assert_eq!(decisions("example.com", "a.b.EXAMPLE.com"), "dd");
        assert_eq!(decisions("example.com", "nonexample.com"), "pp");
    }

    #[test]
    fn a_leading_dot_leaves_the_host_itself_to_the_proxy_in_go_only() {
        assert_eq!(decisions(".example.com", "a.example.com"), "dd");
        assert_eq!(decisions(".example.com", "example.com"), "pd");
    }

    #[test]
    fn a_wildcard_label_is_gos_alone() {
        assert_eq!(decisions("*.example.com", "a.example.com"), "dp");
        assert_eq!(decisions("*.example.com", "example.com"), "pp");
    }

    #[test]
    fn an_asterisk_among_others_is_gos_alone() {
        assert_eq!(decisions("*", "example.com"), "dd");
        assert_eq!(decisions("*", "192.0.2.1"), "dd");
        assert_eq!(decisions("*,a", "example.com"), "dp");
    }

    #[test]
    fn a_block_matches_addresses_and_not_names() {
        assert_eq!(decisions("10.0.0.0/8", "10.1.2.3"), "dd");
        assert_eq!(decisions("10.1.2.3/8", "10.9.9.9"), "dd");
        assert_eq!(decisions("10.0.0.0/8", "host.example"), "pp");
        assert_eq!(decisions("fd00::/8", "[fd12::1]"), "dd");
        assert_eq!(decisions("0.0.0.0/0", "10.1.2.3"), "dp");
        assert_eq!(decisions("10.0.0.0/33", "10.0.0.1"), "pp");
    }

    #[test]
    fn a_port_is_gos_alone() {
        assert_eq!(decisions("example.com:443", "example.com"), "dp");
        assert_eq!(decisions("example.com:80", "example.com"), "pp");
        assert_eq!(decisions("[::2]:443", "::2"), "dp");
        assert_eq!(decisions("::2", "::2"), "dd");
        assert_eq!(decisions("[::2]", "::2"), "pp");
    }

    #[test]
    fn a_missing_comma_loses_both_blocks() {
        assert_eq!(decisions("10.0.0.0/1410.96.0.0/12", "10.0.0.1"), "pp");
        assert_eq!(decisions("10.0.0.0/14 10.96.0.0/12", "10.96.0.1"), "pp");
        assert_eq!(decisions("10.0.0.0/14 10.96.0.0/12", "10.0.0.1"), "pd");
        assert_eq!(decisions("a b,c", "c"), "dp");
    }

    #[test]
    fn only_go_spares_the_loopback_unasked() {
        assert_eq!(decisions("", "localhost"), "dp");
        assert_eq!(decisions("", "127.0.0.9"), "dp");
        assert_eq!(decisions("localhost,127.0.0.0/8,::1", "127.0.0.9"), "dd");
        assert_eq!(decisions("localhost,127.0.0.0/8,::1", "localhost"), "dd");
    }

    #[test]
    fn entries_know_where_they_stand() {
        let value = "a, b ,,c";
        let list = NoProxy::parse(value);
        let texts: Vec<&str> =
            list.entries.iter().map(|entry| &value[entry.span.start..entry.span.end]).collect();
        assert_eq!(texts, ["a", "b", "c"]);
    }
}
