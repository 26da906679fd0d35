//! The address of a DNS server, and the way to speak to it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// A DNS server. Written `ADDR[:PORT]`, `tls://ADDR[:PORT][#NAME]` or `https://ADDR[:PORT][/PATH][#NAME]`; an IPv6
/// address with a port stands in brackets. The name is that of the certificate; without one the certificate must be
/// for the address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Server {
    pub(super) addr: SocketAddr,
    pub(super) transport: Transport,
}

/// How questions get to a server. A build without encryption never makes the encrypted ones.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Transport {
    /// UDP, with TCP for long answers.
    Plain,
    /// DNS over TLS (RFC 7858).
    Tls { name: String },
    /// DNS over HTTPS (RFC 8484).
    Https { name: String, path: String },
}

/// Why a text is no DNS server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServerError {
    /// It is not of the form.
    #[error("`{0}` is not the address of a DNS server: write `ADDR[:PORT]`, `tls://ADDR` or `https://ADDR`")]
    Form(String),
    /// Encryption was left out of this build.
    #[error(
        "`{text}` needs an egressor that was built with the feature `{feature}`: `cargo install --features dot,doh,dnssec`"
    )]
    NotBuilt {
        /// What was written.
        text: String,
        /// The feature of the build.
        feature: &'static str,
    },
}

const PLAIN_PORT: u16 = 53;
const TLS_PORT: u16 = 853;
const HTTPS_PORT: u16 = 443;
const HTTPS_PATH: &str = "/dns-query";

impl Server {
    /// A server that is asked over UDP and TCP.
    pub fn plain(addr: SocketAddr) -> Self {
        Self { addr, transport: Transport::Plain }
    }
}

impl FromStr for Server {
    type Err = ServerError;

    fn from_str(text: &str) -> Result<Self, ServerError> {
        let wrong = || ServerError::Form(text.to_owned());
        let built = |feature, is_built: bool| {
            if is_built { Ok(()) } else { Err(ServerError::NotBuilt { text: text.to_owned(), feature }) }
        };
        if let Some(rest) = text.strip_prefix("tls://") {
            let (addr, name) = named(rest).ok_or_else(wrong)?;
            let addr = address(addr, TLS_PORT).ok_or_else(wrong)?;
            built("dot", cfg!(feature = "dot"))?;
            let name = name.map_or_else(|| addr.ip().to_string(), str::to_owned);
            return Ok(Self { addr, transport: Transport::Tls { name } });
        }
        if let Some(rest) = text.strip_prefix("https://") {
            let (place, name) = named(rest).ok_or_else(wrong)?;
            let (addr, path) =
                place.split_at_checked(place.find('/').unwrap_or(place.len())).ok_or_else(wrong)?;
            let addr = address(addr, HTTPS_PORT).ok_or_else(wrong)?;
            if !path.chars().all(|char| char.is_ascii_graphic() && !matches!(char, '?' | '"' | '\\')) {
                return Err(wrong());
            }
            built("doh", cfg!(feature = "doh"))?;
            let name = name.map_or_else(|| addr.ip().to_string(), str::to_owned);
            let path = if path.is_empty() { HTTPS_PATH } else { path }.to_owned();
            return Ok(Self { addr, transport: Transport::Https { name, path } });
        }
        address(text, PLAIN_PORT).map(Self::plain).ok_or_else(wrong)
    }
}

/// Parts the name of the certificate from the rest.
fn named(text: &str) -> Option<(&str, Option<&str>)> {
    let (rest, name) = text.split_once('#').map_or((text, None), |(rest, name)| (rest, Some(name)));
    let plain = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
    };
    name.is_none_or(plain).then_some((rest, name))
}

fn address(text: &str, port: u16) -> Option<SocketAddr> {
    let alone = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let addr = alone.parse().map(|addr: IpAddr| SocketAddr::new(addr, port)).or_else(|_| text.parse());
    addr.ok().filter(|addr| addr.port() != 0)
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let addr = |usual: u16| {
            if self.addr.port() == usual { self.addr.ip().to_string() } else { self.addr.to_string() }
        };
        match &self.transport {
            Transport::Plain => f.write_str(&addr(PLAIN_PORT)),
            Transport::Tls { name } => write!(f, "tls://{}#{name}", addr(TLS_PORT)),
            Transport::Https { name, path } => write!(f, "https://{}{path}#{name}", addr(HTTPS_PORT)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_an_address_and_maybe_a_port() {
        for (text, shown) in [
            ("9.9.9.9", "9.9.9.9"),
            ("9.9.9.9:53", "9.9.9.9"),
            ("127.0.0.1:5353", "127.0.0.1:5353"),
            ("2620:fe::fe", "2620:fe::fe"),
            ("[2620:fe::fe]", "2620:fe::fe"),
            ("[2620:fe::fe]:5353", "[2620:fe::fe]:5353"),
        ] {
            assert_eq!(text.parse::<Server>().map(|server| server.to_string()).as_deref(), Ok(shown));
        }
        for text in
            ["", "dns.example", "9.9.9.9:", "9.9.9.9:0", "9.9.9.9:70000", "2620:fe::fe:53:x", "[9.9.9.9"]
        {
            assert!(text.parse::<Server>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_malformed_encrypted_server_is_refused_in_every_build() {
        for text in
            ["tls://", "tls://dns.example", "tls://9.9.9.9#", "tls://9.9.9.9#a b", "https://9.9.9.9/a b"]
        {
            assert_eq!(text.parse::<Server>(), Err(ServerError::Form(text.to_owned())));
        }
    }

    #[cfg(not(feature = "dot"))]
    #[test]
    fn encryption_that_was_not_built_in_is_never_silently_left_away() {
        let error = "tls://9.9.9.9#dns.quad9.net".parse::<Server>().expect_err("it is not built in");
        assert!(error.to_string().contains("feature `dot`"));
        let error = "https://9.9.9.9/dns-query".parse::<Server>().expect_err("it is not built in");
        assert!(error.to_string().contains("feature `doh`"));
    }

    #[cfg(feature = "doh")]
    #[test]
    fn an_encrypted_server_has_a_name_and_a_path() {
        for (text, shown) in [
            ("tls://9.9.9.9#dns.quad9.net", "tls://9.9.9.9#dns.quad9.net"),
            ("tls://[2620:fe::fe]:8853", "tls://[2620:fe::fe]:8853#2620:fe::fe"),
            ("https://8.8.8.8#dns.google", "https://8.8.8.8/dns-query#dns.google"),
            ("https://8.8.8.8:8443/q", "https://8.8.8.8:8443/q#8.8.8.8"),
        ] {
            assert_eq!(text.parse::<Server>().map(|server| server.to_string()).as_deref(), Ok(shown));
        }
    }
}
