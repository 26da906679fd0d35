//! Questions over UDP: one datagram out and one back, from ports that serve a few questions each.

use hickory_resolver::net::NetError;
use hickory_resolver::proto::op::{DnsRequest, DnsResponse};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use tokio::net::UdpSocket;

/// How many questions one port asks. An answer is believed when it comes from the server to the port that asked and bears
/// the random number of the question, so a port must be gone before anybody finds it; but opening one costs more than
/// the question.
const QUESTIONS: u8 = 32;

/// The ports that no question waits at. One that was not answered at is never used again, so that a late answer finds
/// nobody.
#[derive(Default)]
pub(super) struct Ports(Mutex<Vec<Port>>);

/// A socket that hears one server only. It has one question under way at a time.
struct Port {
    socket: UdpSocket,
    /// How many more questions it may ask.
    left: u8,
}

impl Ports {
    /// The answer of a server, as soon as there is one. Datagrams that are no answer to this question are not looked at.
    pub(super) async fn ask(
        &self,
        server: SocketAddr,
        request: &DnsRequest,
    ) -> Result<DnsResponse, NetError> {
        let question = request.to_vec()?;
        let idle = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut port = match idle {
            Some(port) => port,
            None => Port::open(server).await?,
        };
        port.socket.send(&question).await?;
        let response = port.answer(request).await?;
        port.left = port.left.saturating_sub(1);
        if port.left > 0 {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(port);
        }
        Ok(response)
    }
}

impl Port {
    /// A port that the system chooses at random.
    async fn open(server: SocketAddr) -> Result<Self, NetError> {
        let any: SocketAddr = match server {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = UdpSocket::bind(any).await?;
        socket.connect(server).await?;
        Ok(Self { socket, left: QUESTIONS })
    }

    async fn answer(&self, request: &DnsRequest) -> Result<DnsResponse, NetError> {
        loop {
            let mut datagram = vec![0; usize::from(request.max_payload())];
            let len = self.socket.recv(&mut datagram).await?;
            datagram.truncate(len);
            if datagram.first_chunk().is_none_or(|number| u16::from_be_bytes(*number) != request.id) {
                continue;
            }
            let response = DnsResponse::from_buffer(datagram)?;
            if response.queries == request.queries {
                return Ok(response);
            }
        }
    }
}
