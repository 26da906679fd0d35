//! DNS over TLS and over HTTPS: one connection to a server, shared by all questions and made anew when it breaks.

use super::server::{Server, Transport};
use super::{DnsOptions, ResolveError};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::tls::{client_config, default_provider, tls_exchange};
use hickory_resolver::net::xfer::{DnsExchange, DnsHandle, FirstAnswer};
use hickory_resolver::proto::op::{DnsRequest, DnsResponse};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// What is needed to connect, and the connection once there is one.
pub(super) struct Encrypted {
    config: Option<ClientConfig>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    // The provider owns the task that carries the connection, and ends it when it is dropped.
    held: Option<(DnsExchange<TokioRuntimeProvider>, TokioRuntimeProvider)>,
    /// How often in a row no connection could be made.
    failures: u32,
}

impl Encrypted {
    pub(super) fn new(server: &Server, options: &DnsOptions) -> Result<Self, ResolveError> {
        let config = match (&server.transport, &options.ca) {
            (Transport::Plain, _) => None,
            (_, None) => {
                Some(client_config().map_err(|error| ResolveError::Certificates(error.to_string()))?)
            }
            (_, Some(path)) => Some(trusting(path).map_err(ResolveError::Certificates)?),
        };
        Ok(Self { config, state: Mutex::default() })
    }

    pub(super) async fn ask(
        &self,
        server: &Server,
        request: DnsRequest,
        timeout: Duration,
        attempts: u32,
    ) -> Result<DnsResponse, NetError> {
        let mut last = NetError::Timeout;
        for _ in 0..attempts {
            let answer = match self.connection(server, timeout, attempts).await {
                Ok(exchange) => exchange.send(request.clone()).first_answer().await,
                Err(error) => Err(error),
            };
            match answer {
                Ok(response) if response.truncation => return Err(NetError::Truncated),
                Ok(response) => return Ok(response),
                Err(error) => last = error,
            }
            self.state.lock().await.held.take();
        }
        Err(last)
    }

    async fn connection(
        &self,
        server: &Server,
        timeout: Duration,
        attempts: u32,
    ) -> Result<DnsExchange<TokioRuntimeProvider>, NetError> {
        let mut state = self.state.lock().await;
        if let Some((exchange, _)) = state.held.as_ref() {
            return Ok(exchange.clone());
        }
        // A server that is not there, or not who it should be, is not tried anew for every name.
        if state.failures >= attempts {
            return Err(NetError::NoConnections);
        }
        let config = self.config.clone().ok_or(NetError::NoConnections)?;
        let provider = TokioRuntimeProvider::default();
        let connect = connect(server, config, timeout, provider.clone());
        let connected = tokio::time::timeout(timeout, connect).await.map_err(|_| NetError::Timeout).flatten();
        state.failures = if connected.is_ok() { 0 } else { state.failures.saturating_add(1) };
        let exchange = connected?;
        state.held = Some((exchange.clone(), provider));
        Ok(exchange)
    }
}

async fn connect(
    server: &Server,
    config: ClientConfig,
    timeout: Duration,
    provider: TokioRuntimeProvider,
) -> Result<DnsExchange<TokioRuntimeProvider>, NetError> {
    match &server.transport {
        Transport::Plain => Err(NetError::NoConnections),
        Transport::Tls { name } => {
            let name = ServerName::try_from(name.clone()).map_err(|_| NetError::NoConnections)?;
            tls_exchange(server.addr, name, config, timeout, None, provider).await
        }
        #[cfg(not(feature = "doh"))]
        Transport::Https { .. } => Err(NetError::NoConnections),
        #[cfg(feature = "doh")]
        Transport::Https { name, path } => {
            use hickory_resolver::net::h2::HttpsClientStream;
            let mut builder = HttpsClientStream::builder(Arc::new(config), provider);
            builder.request_timeout(timeout);
            builder.exchange(server.addr, name.as_str().into(), path.as_str().into()).await
        }
    }
}

/// A client that trusts the certificates of this file, and no others.
fn trusting(path: &Path) -> Result<ClientConfig, String> {
    let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| wrong(&error))? {
        let certificate = certificate.map_err(|error| wrong(&error))?;
        roots.add(certificate).map_err(|error| wrong(&error))?;
    }
    if roots.is_empty() {
        return Err(wrong(&"it holds no certificate"));
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(&error))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
