//! The line to one server: a question goes in, an answer comes out whole or not at all.

use super::datagram::Ports;
use super::server::{Server, Transport};
use super::{DnsOptions, ResolveError};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::tcp::TcpClientStream;
use hickory_resolver::net::xfer::{DnsHandle, DnsResponseStream, FirstAnswer};
use hickory_resolver::proto::op::{DnsRequest, DnsResponse};
use std::sync::Arc;
use std::time::Duration;

/// A line that can be used by many at once.
#[derive(Clone)]
pub(super) struct Line(Arc<Inner>);

struct Inner {
    server: Server,
    timeout: Duration,
    attempts: u32,
    ports: Ports,
    #[cfg(feature = "dot")]
    encrypted: super::encrypted::Encrypted,
}

impl Line {
    #[cfg_attr(
        not(feature = "dot"),
        expect(clippy::unnecessary_wraps, reason = "certificates may be unreadable")
    )]
    pub(super) fn new(server: Server, options: &DnsOptions) -> Result<Self, ResolveError> {
        Ok(Self(Arc::new(Inner {
            #[cfg(feature = "dot")]
            encrypted: super::encrypted::Encrypted::new(&server, options)?,
            server,
            timeout: options.timeout,
            attempts: options.attempts.max(1),
            ports: Ports::default(),
        })))
    }

    /// Asks as the transport wants. An answer that is cut off is `Truncated`, never returned.
    pub(super) async fn ask(&self, request: DnsRequest) -> Result<DnsResponse, NetError> {
        match &self.0.server.transport {
            Transport::Plain => self.ask_plain(request).await,
            #[cfg(not(feature = "dot"))]
            Transport::Tls { .. } | Transport::Https { .. } => Err(NetError::NoConnections),
            #[cfg(feature = "dot")]
            Transport::Tls { .. } | Transport::Https { .. } => {
                self.0.encrypted.ask(&self.0.server, request, self.0.timeout, self.0.attempts).await
            }
        }
    }

    /// Asks over UDP as often as the options say; a cut answer, and silence to the last, are followed by one try over
    /// TCP.
    async fn ask_plain(&self, request: DnsRequest) -> Result<DnsResponse, NetError> {
        let mut cut = false;
        for _ in 0..self.0.attempts {
            match self.over_udp(&request).await {
                Ok(response) if response.truncation => {
                    cut = true;
                    break;
                }
                Ok(response) => return Ok(response),
                Err(error @ NetError::Proto(_)) => return Err(error),
                Err(_) => {}
            }
        }
        match self.over_tcp(request).await {
            Ok(response) if !response.truncation => Ok(response),
            Err(error) if !cut => Err(error),
            Ok(_) | Err(_) => Err(NetError::Truncated),
        }
    }

    async fn over_udp(&self, request: &DnsRequest) -> Result<DnsResponse, NetError> {
        let answer = self.0.ports.ask(self.0.server.addr, request);
        tokio::time::timeout(self.0.timeout, answer).await.map_err(|_| NetError::Timeout)?
    }

    async fn over_tcp(&self, request: DnsRequest) -> Result<DnsResponse, NetError> {
        let timeout = self.0.timeout;
        // The provider owns the task that carries the connection, and ends it when it is dropped.
        let provider = TokioRuntimeProvider::default();
        let connect = TcpClientStream::exchange(self.0.server.addr, None, timeout, None, provider.clone());
        let exchange = tokio::time::timeout(timeout, connect).await.map_err(|_| NetError::Timeout)??;
        let response = exchange.send(request).first_answer().await;
        drop(provider);
        response
    }
}

impl DnsHandle for Line {
    type Response = DnsResponseStream;
    type Runtime = TokioRuntimeProvider;

    fn send(&self, request: DnsRequest) -> DnsResponseStream {
        let line = self.clone();
        Box::pin(async move { line.ask(request).await }).into()
    }
}
