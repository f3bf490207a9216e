//! From a socket to requests: connection limits, TLS, who is at the other end.
//!
//! Each step has a deadline, and nothing here believes anything that is not
//! the kernel's or the handshake's word.

pub(crate) mod identity;
pub(crate) mod tls;
mod trust;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request};
use hyper::body::Incoming;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::guard::accept::identity::PeerIdentities;
use crate::guard::accept::trust::Trust;
use crate::guard::delivery;
use crate::guard::worker::Worker;
use crate::limits::AddressGuard;
use crate::net::{self, Http1Fault, Protocol};

/// What holds for every request of one connection.
#[derive(Debug)]
pub(crate) struct Connection {
    /// The client's address; IPv4 also where the socket says IPv4-mapped IPv6.
    pub(crate) client: IpAddr,
    /// What that address uses, this connection included.
    pub(crate) address: AddressGuard,
    /// From the client certificate, where one was given and trusted.
    pub(crate) identities: Option<PeerIdentities>,
    /// That certificate, for when trust changes.
    pub(crate) trust: Trust,
    /// `X-Forwarded-For`.
    pub(crate) forwarded_for: HeaderValue,
    /// `X-Forwarded-Proto`.
    pub(crate) forwarded_proto: HeaderValue,
    /// `Forwarded` (RFC 7239), less the host.
    pub(crate) forwarded: HeaderValue,
}

/// Serves one connection to its end. What goes wrong on it stays on it.
pub(crate) async fn serve(worker: Arc<Worker>, stream: TcpStream, peer: SocketAddr) {
    let client = peer.ip().to_canonical();
    let guard = &worker.guard;
    let address = match guard.addresses.enter(client) {
        Ok(address) => address,
        Err(refused) => return guard.telemetry.metrics.connection_refused(refused.name()),
    };
    let _open = guard.telemetry.metrics.connection_opened();
    let bounds = worker.connection_bounds;
    let drain = worker.drain.signal().of_one();
    let in_force = guard.in_force.load_full();
    let Some(tls) = &in_force.tls else {
        let trust = Trust::new(&in_force, &[], drain.clone());
        let connection = Connection::new(client, address, None, trust, "http");
        let service = service(&worker, connection);
        return net::serve_connection(stream, Protocol::Detect, service, &bounds, &drain).await;
    };
    let handshake =
        timeout(guard.bounds.handshake_timeout, TlsAcceptor::from(Arc::clone(&tls.config)).accept(stream))
            .await;
    guard.telemetry.metrics.handshake(handshake.as_ref().map(Result::is_ok).ok());
    let Ok(Ok(stream)) = handshake else { return };
    let (chain, protocol) = (stream.get_ref().1.peer_certificates().unwrap_or_default(), protocol(&stream));
    let identities = chain.first().map(PeerIdentities::from_certificate);
    let trust = Trust::new(&in_force, chain, drain.clone());
    drop(in_force);
    let service = service(&worker, Connection::new(client, address, identities, trust, "https"));
    net::serve_connection(stream, protocol, service, &bounds, &drain).await;
}

/// What answers each request of one connection.
fn service(
    worker: &Arc<Worker>,
    connection: Connection,
) -> impl Fn(Request<Incoming>, Option<Http1Fault>) -> delivery::Answering + Send + use<> {
    let (worker, connection) = (Arc::clone(worker), Arc::new(connection));
    move |request, fault| delivery::answer(Arc::clone(&worker), Arc::clone(&connection), request, fault)
}

fn protocol(stream: &TlsStream<TcpStream>) -> Protocol {
    match stream.get_ref().1.alpn_protocol() {
        Some(b"h2") => Protocol::Http2,
        _ => Protocol::Http1,
    }
}

impl Connection {
    fn new(
        client: IpAddr,
        address: AddressGuard,
        identities: Option<PeerIdentities>,
        trust: Trust,
        proto: &'static str,
    ) -> Self {
        // RFC 7239 section 6: an IPv6 address is bracketed and quoted.
        let node = match client {
            IpAddr::V4(v4) => v4.to_string(),
            IpAddr::V6(v6) => format!("\"[{v6}]\""),
        };
        Self {
            client,
            address,
            identities,
            trust,
            forwarded_for: field_value(client.to_string()),
            forwarded_proto: HeaderValue::from_static(proto),
            forwarded: field_value(format!("for={node};proto={proto}")),
        }
    }
}

fn field_value(text: String) -> HeaderValue {
    HeaderValue::from_maybe_shared(Bytes::from(text)).expect("an address in text is a field value")
}
