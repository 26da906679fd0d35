//! The URL of an outbound proxy. What it holds before the `@` is a secret: it is known to be there, and never shown.

use crate::packet::{AddrSet, NamePattern, PacketSet};
use crate::packet::{Hostname, PeerSet, PortRange, Prefix, Protocol, TransportSet};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// Where the proxy is, and how it is spoken to.
// INVARIANT: neither a user name nor a password is kept, so that neither can be printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyUrl {
    /// The protocol of the hop to the proxy: `http`, `https` or `socks5`.
    pub scheme: &'static str,
    /// The host.
    pub host: ProxyHost,
    /// The port, where the URL names one.
    pub port: Option<u16>,
    /// Whether the URL names a user or a password.
    pub has_credentials: bool,
    /// Whether the URL begins with its scheme.
    pub spells_scheme: bool,
}

/// The host of a proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProxyHost {
    /// By name.
    Name(Hostname),
    /// By address.
    Addr(IpAddr),
}

/// Why a text is no URL of a proxy. No part of the text is repeated, for it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProxyUrlError {
    /// Clients take `http`, `https` and `socks5`.
    #[error("the scheme of a proxy is `http`, `https` or `socks5`")]
    Scheme,
    /// No host, or none that can be meant.
    #[error("a URL such as `http://proxy.example:3128` is needed: its host is neither a name nor an address")]
    Host,
    /// A port that is none.
    #[error("the port of a proxy is a number from 1 to 65535")]
    Port,
    /// A path or a query, which a proxy does not have.
    #[error("a proxy has no path, query or fragment")]
    Path,
}

/// The ports that clients fill in: Go's `net/http` and curl agree on those of `https` and `socks5` only.
/// <https://pkg.go.dev/net/http#ProxyFromEnvironment>, <https://curl.se/libcurl/c/CURLOPT_PROXY.html>
const DEFAULT_PORTS: [(&str, &[u16]); 3] = [("http", &[80, 1080]), ("https", &[443]), ("socks5", &[1080])];

impl ProxyUrl {
    /// The ports that clients connect to: one, unless the URL leaves it out and clients fill in different ones.
    pub fn ports(&self) -> Vec<u16> {
        let filled =
            || DEFAULT_PORTS.iter().find(|(scheme, _)| *scheme == self.scheme).map(|(_, ports)| *ports);
        self.port.map_or_else(|| filled().unwrap_or_default().to_vec(), |port| vec![port])
    }

    /// The host as a peer.
    pub fn peer(&self) -> PeerSet {
        match &self.host {
            ProxyHost::Name(name) => PeerSet::from(NamePattern::Host(name.clone()).names()),
            ProxyHost::Addr(addr) => PeerSet::from(AddrSet::of([Prefix::host(*addr)])),
        }
    }

    /// The connections to one port of it.
    pub fn packets(&self, port: u16) -> PacketSet {
        let service = TransportSet::port(Protocol::TCP, PortRange::single(port));
        PacketSet::product(None, &self.peer(), &service, &true)
    }
}

impl FromStr for ProxyUrl {
    type Err = ProxyUrlError;

    fn from_str(text: &str) -> Result<Self, ProxyUrlError> {
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (Some(scheme), rest),
            None => (None, text),
        };
        let known = DEFAULT_PORTS.iter().map(|(known, _)| *known);
        let scheme = match scheme {
            Some(scheme) => known.into_iter().find(|known| known.eq_ignore_ascii_case(scheme)),
            None => Some("http"),
        };
        let scheme = scheme.ok_or(ProxyUrlError::Scheme)?;
        let (user, rest) = match rest.rsplit_once('@') {
            Some((user, rest)) => (Some(user), rest),
            None => (None, rest),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#']) {
            return Err(ProxyUrlError::Path);
        }
        let (host, port) = split_port(authority)?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = match bare.unwrap_or(host).parse::<IpAddr>() {
            // An IPv6 address stands in brackets, and nothing else does.
            Ok(addr) if addr.is_ipv6() == bare.is_some() => ProxyHost::Addr(addr),
            Ok(_) => return Err(ProxyUrlError::Host),
            Err(_) => ProxyHost::Name(host.parse().map_err(|_| ProxyUrlError::Host)?),
        };
        Ok(Self { scheme, host, port, has_credentials: user.is_some(), spells_scheme: text.contains("://") })
    }
}

fn split_port(authority: &str) -> Result<(&str, Option<u16>), ProxyUrlError> {
    let behind_brackets = authority.rfind(']').unwrap_or_default();
    let colon = authority.rfind(':').filter(|colon| *colon > behind_brackets || behind_brackets == 0);
    let Some((host, port)) = colon.and_then(|colon| authority.split_at_checked(colon)) else {
        return Ok((authority, None));
    };
    let port = port.strip_prefix(':').unwrap_or(port);
    let number = port.parse::<u16>().ok().filter(|number| *number > 0 && number.to_string() == port);
    Ok((host, Some(number.ok_or(ProxyUrlError::Port)?)))
}

impl fmt::Display for ProxyHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Addr(IpAddr::V6(addr)) => write!(f, "[{addr}]"),
            Self::Addr(IpAddr::V4(addr)) => addr.fmt(f),
        }
    }
}

/// The URL without credentials.
impl fmt::Display for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

#[cfg(test)]
mod tests {
    use super::{ProxyUrl, ProxyUrlError};

    fn read(text: &str) -> Result<String, ProxyUrlError> {
        text.parse::<ProxyUrl>().map(|url| format!("{url} {:?}", url.ports()))
    }

    #[test]
    fn a_url_is_read_as_clients_read_it() {
        assert_eq!(read("http://proxy.example:3128").unwrap(), "http://proxy.example:3128 [3128]");
        assert_eq!(read("10.0.0.1:8080/").unwrap(), "http://10.0.0.1:8080 [8080]");
        assert_eq!(read("HTTPS://[2001:db8::1]").unwrap(), "https://[2001:db8::1] [443]");
        assert_eq!(read("proxy.example").unwrap(), "http://proxy.example [80, 1080]");
        assert_eq!(read("socks5://proxy").unwrap(), "socks5://proxy [1080]");
    }

    #[test]
    fn what_no_client_understands_is_refused() {
        assert_eq!(read("ftp://proxy"), Err(ProxyUrlError::Scheme));
        assert_eq!(read("http://proxy:0"), Err(ProxyUrlError::Port));
        assert_eq!(read("http://proxy:99999"), Err(ProxyUrlError::Port));
        assert_eq!(read("http://2001:db8::1:80"), Err(ProxyUrlError::Host));
        assert_eq!(read("http://[10.0.0.1]:80"), Err(ProxyUrlError::Host));
        assert_eq!(read("http://proxy/path"), Err(ProxyUrlError::Path));
        for text in ["", "http://", "http://a b", "http://$(id)", "http://a'b", "http://<proxyaddress>:80"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn credentials_are_known_of_and_never_kept() {
        let url: ProxyUrl = "http://user:p@ss@proxy.example:3128".parse().unwrap();
        assert!(url.has_credentials);
        assert!(!format!("{url} {url:?}").contains("p@ss"));
        let refused = "http://user:hunter2@pro xy".parse::<ProxyUrl>().unwrap_err();
        assert!(!refused.to_string().contains("hunter2"));
    }
}
