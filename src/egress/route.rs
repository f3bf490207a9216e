//! The way to one endpoint: what is needed to open a connection to it.

use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_rustls::TlsConnector;

use super::address::{Refusal, judge};
use super::addressing::Addressing;
use super::connection::{Connection, Http2, Protocol};
use super::error::EgressError;
use super::resolve::{Judged, Resolve};
use super::tls::{ClientTlsError, HTTP_2, Material, TlsFailure};
use super::tunnel::open_tunnel;
use crate::causes::Causes;
use crate::config::{Destination, EgressConfig, Host, Protection, Proxy};
use crate::net::{self, Stream, connect_any};

/// See the module's description. Made once and shared by all workers.
#[derive(Debug)]
pub(crate) struct Route {
    destination: Destination,
    proxy: Option<Proxy>,
    allow: Vec<IpNet>,
    resolver: Arc<dyn Resolve>,
    tls: Option<Tls>,
    pub(super) addressing: Addressing,
    pub(super) timeout: Duration,
    pub(super) answer_bytes_max: usize,
}

#[derive(Debug)]
struct Tls {
    material: Arc<Material>,
    name: ServerName<'static>,
}

/// Why there is no way to an endpoint.
#[derive(Debug, thiserror::Error)]
pub enum RouteError {
    /// The URL names an address that may not be dialled.
    #[error("refuse the destination")]
    Refused(#[source] Refusal),
    /// A file for TLS is of no use.
    #[error(transparent)]
    Tls(#[from] ClientTlsError),
}

impl Route {
    /// Reads the files for TLS and judges what the URL says by itself. An
    /// address in it is judged even where a proxy will do the dialling.
    pub(crate) fn new(config: &EgressConfig, resolver: Arc<dyn Resolve>) -> Result<Self, RouteError> {
        let destination = config.destination.clone();
        let host = destination.authority().host();
        if let Host::Address(address) = host {
            judge(*address, &config.allow).map_err(RouteError::Refused)?;
        }
        let tls = match destination.protection() {
            Protection::Plain => None,
            Protection::Tls => {
                Some(Tls { material: Arc::new(Material::load(&config.tls)?), name: server_name(host) })
            }
        };
        Ok(Self {
            addressing: Addressing::new(&destination),
            destination,
            proxy: config.proxy.clone(),
            allow: config.allow.clone(),
            resolver,
            tls,
            timeout: config.timeout,
            answer_bytes_max: config.answer_bytes_max,
        })
    }

    /// Looks at the files for TLS every few seconds, for as long as the
    /// runtime lives. What has changed is used by new connections, and those made before are retired.
    pub(crate) async fn watch(&self) {
        let Some(tls) = &self.tls else { return std::future::pending().await };
        let mut ticks = interval(LOOK_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let material = Arc::clone(&tls.material);
            // A panic is reported by itself, and the next look is another try.
            let Ok(looked) = tokio::task::spawn_blocking(move || material.refresh()).await else { continue };
            let destination = self.destination.authority();
            match looked {
                Ok(false) => {}
                Ok(true) => tracing::info!(%destination, "took the new certificates"),
                Err(error) => tracing::warn!(
                    %destination,
                    error = %Causes(&error),
                    "the new certificates are of no use: the old ones stay in force"
                ),
            }
        }
    }

    /// Which connections may be used still.
    pub(super) fn generation(&self) -> u64 {
        self.tls.as_ref().map_or(0, |tls| tls.material.generation())
    }

    /// Opens a connection. The caller bounds the time; `deadline` is known
    /// here so that each of several addresses gets its share.
    pub(super) async fn connect(&self, deadline: Instant) -> Result<Connection, EgressError> {
        let socket = self.dial(deadline).await?;
        let Some(tls) = &self.tls else { return with_protocol(Box::pin(socket), false, 0).await };
        let (config, generation) = tls.material.current();
        let stream = TlsConnector::from(config).connect(tls.name.clone(), socket).await.map_err(|error| {
            TlsFailure::find(&error).map_or_else(|| EgressError::Unreachable(error.into()), EgressError::Tls)
        })?;
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(HTTP_2);
        with_protocol(Box::pin(stream), is_http2, generation).await
    }

    /// A socket that leads to the destination.
    async fn dial(&self, deadline: Instant) -> Result<TcpStream, EgressError> {
        let destination = self.destination.authority();
        let next = self.proxy.as_ref().map_or(destination, Proxy::authority);
        let judged = Judged::resolve(next, &*self.resolver, &self.allow).await?;
        let socket = connect_any(judged.addresses(), deadline)
            .await
            .map_err(|error| EgressError::Unreachable(error.into()))?;
        match &self.proxy {
            None => Ok(socket),
            Some(_) => {
                open_tunnel(socket, destination).await.map_err(|error| EgressError::Unreachable(error.into()))
            }
        }
    }
}

async fn with_protocol(stream: Stream, is_http2: bool, generation: u64) -> Result<Connection, EgressError> {
    let opened = if is_http2 {
        Http2::open(stream).await.map(Protocol::Http2)
    } else {
        net::Connection::open(stream).await.map(Protocol::Http1)
    };
    let protocol = opened.map_err(|error| EgressError::Unreachable(error.into()))?;
    Ok(Connection { protocol, generation })
}

/// What the server's certificate must carry, and what it is told we look for.
fn server_name(host: &Host) -> ServerName<'static> {
    match host {
        Host::Name(name) => ServerName::try_from(name.clone()).expect("the name was read as a DNS name"),
        Host::Address(address) => ServerName::IpAddress((*address).into()),
    }
}

/// Kubernetes takes up to a minute to bring a changed Secret to a pod; a few
/// seconds more are not noticed.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);
