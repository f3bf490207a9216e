//! From a socket to requests: connection limits, TLS, who is at the other end.
//!
//! Each step has a deadline, and nothing here believes anything that is not
//! the kernel's word, the handshake's, or that of a proxy that was named.

mod client;
mod connection;
mod front;
mod handshake_fault;
pub(crate) mod identity;
mod proxy_protocol;
pub(crate) mod tls;
mod trust;
mod unserved;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::Request;
use hyper::body::Incoming;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::guard::accept::identity::PeerIdentities;
use crate::guard::accept::trust::Trust;
use crate::guard::delivery;
use crate::guard::state::Guard;
use crate::guard::worker::Worker;
use crate::limits::{AddressGuard, AddressRefused, Permit};
use crate::net::{self, Http1Fault, Protocol};

pub(crate) use client::Client;
pub(crate) use connection::{Brought, Caller, Connection};
pub(crate) use front::Front;
pub(crate) use handshake_fault::HandshakeFault;
pub(crate) use trust::SourceTrust;
pub(crate) use unserved::Unserved;

/// Serves one connection to its end. What goes wrong on it stays on it.
pub(crate) async fn serve(worker: Arc<Worker>, mut stream: TcpStream, peer: SocketAddr) {
    let guard = &worker.guard;
    let peer = peer.ip().to_canonical();
    let (place, address, usage) = match enter(guard, &mut stream, peer).await {
        Ok(entered) => entered,
        Err(reason) => {
            guard.unserved.refused(peer, reason);
            return guard.telemetry.metrics.process.connection_refused(reason);
        }
    };
    let _open = guard.telemetry.metrics.process.connection_opened();
    let bounds = worker.connection_bounds;
    let drain = worker.drain.signal().of_one();
    let in_force = guard.in_force.load_full();
    let Some(tls) = &in_force.tls else {
        let (client, proto) = (Client::new(address, usage, PLAIN), PLAIN);
        let trust = Trust::new(&in_force, &[], drain.clone());
        let service = service(&worker, Connection { client, identities: None, trust, proto, _place: place });
        return net::serve_connection(stream, Protocol::Detect, service, &bounds, &drain).await;
    };
    let acceptor = TlsAcceptor::from(Arc::clone(&tls.config));
    let handshake = timeout(guard.bounds.handshake_timeout, acceptor.accept(stream)).await;
    guard.telemetry.metrics.process.handshake(handshake.as_ref().map(Result::is_ok).ok());
    let stream = match handshake {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return fail(guard, address, HandshakeFault::of(&error)),
        Err(_) => return fail(guard, address, HandshakeFault::Timeout),
    };
    let tls = stream.get_ref().1;
    let (chain, protocol) =
        (tls.peer_certificates().unwrap_or_default(), Protocol::agreed(tls.alpn_protocol()));
    let identities = chain.first().map(PeerIdentities::from_certificate);
    let trust = Trust::new(&in_force, chain, drain.clone());
    drop(in_force);
    let (client, proto) = (Client::new(address, usage, SECURE), SECURE);
    let service = service(&worker, Connection { client, identities, trust, proto, _place: place });
    net::serve_connection(stream, protocol, service, &bounds, &drain).await;
}

/// Tells that a handshake with `client` failed.
fn fail(guard: &Guard, client: IpAddr, fault: HandshakeFault) {
    guard.tls_metrics.failed(fault.name());
    guard.unserved.handshake(client, fault);
}

/// Finds out who is at the other end, and whether there is room. Gives the
/// reason, as metrics name it, where the connection is to be closed.
async fn enter(
    guard: &Guard,
    stream: &mut TcpStream,
    peer: IpAddr,
) -> Result<(Permit, IpAddr, AddressGuard), &'static str> {
    let place = guard.addresses.connection().map_err(AddressRefused::name)?;
    let mut address = peer;
    if guard.front.begins_with_proxy_header(peer) {
        let header = timeout(guard.bounds.handshake_timeout, proxy_protocol::read(stream)).await;
        let Ok(Ok(client)) = header else { return Err("proxy_header") };
        address = client.map_or(peer, |client| client.to_canonical());
    }
    // A proxy has the connections of many, and its clients their own limits.
    let of_a_proxy = guard.front.trusts(address) || guard.front.begins_with_proxy_header(address);
    let enter = if of_a_proxy { guard.addresses.visit(address) } else { guard.addresses.enter(address) };
    Ok((place, address, enter.map_err(AddressRefused::name)?))
}

const PLAIN: &str = "http";
const SECURE: &str = "https";

/// What answers each request of one connection.
fn service(
    worker: &Arc<Worker>,
    connection: Connection,
) -> impl Fn(Request<Incoming>, Option<Http1Fault>) -> delivery::Answering + Send + use<> {
    let (worker, connection) = (Arc::clone(worker), Arc::new(connection));
    move |request, fault| delivery::answer(Arc::clone(&worker), Arc::clone(&connection), request, fault)
}
