//! Where the app listens, and how a connection to it is opened: name, socket,
//! TLS.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{InvalidDnsNameError, ServerName};
use tokio::net::{UnixStream, lookup_host};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use super::connection::Connection;
use super::error::UpstreamError;
use super::stream::Stream;
use crate::config::Upstream;
use crate::config::material::{self, PemError};
use crate::net::dial::connect_any;

/// How the upstream is reached. Made once and shared by all workers.
#[derive(Debug)]
pub(crate) struct Target {
    address: Address,
    /// Until the head of an answer is there, and then until each part of its body.
    pub(super) answer_timeout: Duration,
    /// Bounds name, socket and TLS together.
    connect_timeout: Duration,
}

#[derive(Debug)]
enum Address {
    Tcp { host: String, port: u16, tls: Option<Tls> },
    Unix(PathBuf),
}

#[derive(Debug)]
struct Tls {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

/// Why an upstream cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// Its CA file is of no use.
    #[error("load the CA of the upstream")]
    Ca(#[from] PemError),
    /// A certificate cannot carry its name.
    #[error("use {host:?} as the name in the upstream's certificate: give a DNS name or an IP address")]
    Name {
        /// The host as configured.
        host: String,
        /// What is wrong with it.
        source: InvalidDnsNameError,
    },
}

/// Where the opening of a connection ended.
#[derive(Debug, thiserror::Error)]
enum OpenError {
    #[error("look up {host}")]
    Name { host: String, source: io::Error },
    #[error(transparent)]
    Connect(#[from] io::Error),
    #[error("connect to {}", path.display())]
    Socket { path: PathBuf, source: io::Error },
    #[error("agree on TLS")]
    Tls(#[source] io::Error),
}

impl Target {
    /// Reads what is needed to reach `upstream`.
    ///
    /// `answer_timeout` bounds the time from sending to the head of the
    /// answer, connecting included, and then the wait for each part of its
    /// body. `connect_timeout` bounds the opening of one connection, over all
    /// addresses of the name.
    pub(crate) fn new(
        upstream: &Upstream,
        answer_timeout: Duration,
        connect_timeout: Duration,
    ) -> Result<Self, TargetError> {
        let address = match upstream {
            Upstream::Http { host, port } => Address::Tcp { host: host.clone(), port: *port, tls: None },
            Upstream::Https { host, port, ca } => {
                let tls = Some(Tls::new(host, ca.as_deref())?);
                Address::Tcp { host: host.clone(), port: *port, tls }
            }
            Upstream::Unix(path) => Address::Unix(path.clone()),
        };
        Ok(Self { address, answer_timeout, connect_timeout })
    }

    /// Opens a connection, before `deadline` and within the time for connecting.
    pub(super) async fn connect(&self, deadline: Instant) -> Result<Connection, UpstreamError> {
        let own = Instant::now() + self.connect_timeout;
        match timeout_at(deadline.min(own), self.open(deadline.min(own))).await {
            Ok(Ok(stream)) => {
                Connection::open(stream).await.map_err(|error| UpstreamError::Unreachable(error.into()))
            }
            Ok(Err(error)) => Err(UpstreamError::Unreachable(error.into())),
            Err(_elapsed) if deadline < own => Err(UpstreamError::Timeout { sent: false }),
            Err(elapsed) => Err(UpstreamError::Unreachable(elapsed.into())),
        }
    }

    async fn open(&self, deadline: Instant) -> Result<Stream, OpenError> {
        match &self.address {
            Address::Unix(path) => {
                let socket = UnixStream::connect(path).await;
                Ok(Box::pin(socket.map_err(|source| OpenError::Socket { path: path.clone(), source })?))
            }
            Address::Tcp { host, port, tls } => {
                let addresses = lookup_host((host.as_str(), *port)).await;
                let addresses = addresses.map_err(|source| OpenError::Name { host: host.clone(), source })?;
                let socket = connect_any(&addresses.collect::<Vec<_>>(), deadline).await?;
                let Some(tls) = tls else { return Ok(Box::pin(socket)) };
                let handshake = TlsConnector::from(Arc::clone(&tls.config)).connect(tls.name.clone(), socket);
                Ok(Box::pin(handshake.await.map_err(OpenError::Tls)?))
            }
        }
    }
}

impl Tls {
    /// TLS 1.3 or 1.2 to `host`, whose certificate must carry that name under
    /// the CAs of the file `ca`, or else under a public one.
    fn new(host: &str, ca: Option<&Path>) -> Result<Self, TargetError> {
        let roots = match ca {
            Some(path) => material::authorities(path)?,
            None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
        };
        let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .expect("the provider has cipher suites for both versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let name = ServerName::try_from(host.to_owned())
            .map_err(|source| TargetError::Name { host: host.to_owned(), source })?;
        Ok(Self { config: Arc::new(config), name })
    }
}
