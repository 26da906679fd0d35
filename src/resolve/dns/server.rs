//! One DNS server: its address, and asking it a question.

use super::DnsOptions;
use super::chain::{Chain, Next};
use crate::packet::Hostname;
use crate::resolve::outcome::{Family, Outcome};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::tcp::TcpClientStream;
use hickory_resolver::net::udp::UdpClientStream;
use hickory_resolver::net::xfer::{DnsHandle, DnsRequestSender, FirstAnswer};
use hickory_resolver::proto::op::{DnsRequest, DnsRequestOptions, Message, Query};
use hickory_resolver::proto::rr::Name;
use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// A DNS server, written `ADDR` or `ADDR:PORT`; an IPv6 address with a port stands in brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Server(pub SocketAddr);

/// A text is no DNS server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the address of a DNS server: write `ADDR` or `ADDR:PORT`")]
pub struct ServerError(String);

/// What one server says about one family of a name.
pub(super) struct Said {
    pub(super) outcome: Outcome,
    /// Empty unless the outcome is an answer.
    pub(super) addresses: BTreeSet<IpAddr>,
    pub(super) cname: Vec<Hostname>,
    pub(super) ttl: Option<u32>,
}

const PORT: u16 = 53;
/// The greatest answer that crosses common networks in one piece (<https://www.dnsflagday.net/2020/>).
const PAYLOAD: u16 = 1232;
/// How many questions one lookup may need, aliases that the server leaves to us included.
const QUESTIONS: usize = 16;

impl FromStr for Server {
    type Err = ServerError;

    fn from_str(text: &str) -> Result<Self, ServerError> {
        let alone = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        let addr = alone.parse().map(|addr: IpAddr| SocketAddr::new(addr, PORT)).or_else(|_| text.parse());
        addr.ok().filter(|addr| addr.port() != 0).map(Self).ok_or_else(|| ServerError(text.to_owned()))
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.port() == PORT { write!(f, "{}", self.0.ip()) } else { write!(f, "{}", self.0) }
    }
}

/// Looks up one family of a name at one server, along all aliases.
pub(super) async fn look_up(server: Server, name: &Hostname, family: Family, options: &DnsOptions) -> Said {
    let Some(name) = absolute(name) else { return Said::failed(Outcome::Bogus) };
    let mut chain = Chain::new(name, family);
    for _ in 0..QUESTIONS {
        let message = match ask(server, &chain, options).await {
            Ok(message) => message,
            Err(outcome) => return Said { cname: chain.cname, ..Said::failed(outcome) },
        };
        let (outcome, addresses) = match chain.read(&message) {
            Next::Ask => continue,
            Next::Answer(addresses) => (Outcome::Answer, addresses),
            Next::End(outcome) => (outcome, BTreeSet::new()),
        };
        return Said { outcome, addresses, cname: chain.cname, ttl: chain.ttl };
    }
    Said { cname: chain.cname, ..Said::failed(Outcome::CnameLoop) }
}

impl Said {
    pub(super) fn failed(outcome: Outcome) -> Self {
        Self { outcome, addresses: BTreeSet::new(), cname: Vec::new(), ttl: None }
    }
}

/// The name with its root, so that no search list is ever tried.
fn absolute(name: &Hostname) -> Option<Name> {
    let mut name = Name::from_ascii(name.as_str()).ok()?;
    name.set_fqdn(true);
    Some(name)
}

/// Asks over UDP as often as the options say; a cut answer, and silence to the last, are followed by one try over TCP.
async fn ask(server: Server, chain: &Chain, options: &DnsOptions) -> Result<Message, Outcome> {
    let mut cut = false;
    for _ in 0..options.attempts.max(1) {
        match over_udp(server, chain, options).await {
            Ok(message) if message.truncation => {
                cut = true;
                break;
            }
            Ok(message) => return Ok(message),
            Err(NetError::Proto(_)) => return Err(Outcome::ServFail),
            Err(_) => {}
        }
    }
    match over_tcp(server, chain, options).await {
        Ok(message) if !message.truncation => Ok(message),
        Err(NetError::Proto(_)) if !cut => Err(Outcome::ServFail),
        Err(_) if !cut => Err(Outcome::Timeout),
        Ok(_) | Err(_) => Err(Outcome::Truncated),
    }
}

async fn over_udp(server: Server, chain: &Chain, options: &DnsOptions) -> Result<Message, NetError> {
    let mut stream = UdpClientStream::builder(server.0, TokioRuntimeProvider::default())
        .with_timeout(Some(options.timeout))
        .with_max_retries(0)
        .build();
    let response = stream.send_message(request(chain)).first_answer().await?;
    Ok(response.into_message())
}

async fn over_tcp(server: Server, chain: &Chain, options: &DnsOptions) -> Result<Message, NetError> {
    // The provider owns the task that carries the connection, and ends it when it is dropped.
    let provider = TokioRuntimeProvider::default();
    let connect = TcpClientStream::exchange(server.0, None, options.timeout, None, provider.clone());
    let exchange = tokio::time::timeout(options.timeout, connect).await.map_err(|_| NetError::Timeout)??;
    let response = exchange.send(request(chain)).first_answer().await;
    drop(provider);
    Ok(response?.into_message())
}

fn request(chain: &Chain) -> DnsRequest {
    let mut options = DnsRequestOptions::default();
    options.use_edns = true;
    options.edns_payload_len = PAYLOAD;
    options.recursion_desired = true;
    DnsRequest::from_query(Query::query(chain.name.clone(), chain.record_type()), options)
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
}
