//! From a socket to requests: how many connections, and TLS. Whoever can
//! connect may ask: an answer tells what our configuration would do to a pod
//! that the asker wrote, and changes nothing.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::injector::admission;
use crate::injector::worker::Worker;
use crate::net::{self, Protocol};

/// Serves one connection to its end. What goes wrong on it stays on it.
pub(crate) async fn serve(worker: Arc<Worker>, stream: TcpStream, address: IpAddr) {
    let injector = &worker.injector;
    let Some(_place) = injector.connections.permit() else {
        return injector.metrics.connection_refused("connections");
    };
    let Some(place) = injector.callers.place(address) else {
        return injector.metrics.connection_refused("address_connections");
    };
    let Some(config) = injector.serving.current() else {
        return injector.metrics.connection_refused("no_certificate");
    };
    let _open = injector.metrics.connection_opened();
    let handshake =
        timeout(injector.bounds.handshake_timeout, TlsAcceptor::from(config).accept(stream)).await;
    injector.metrics.handshake(handshake.as_ref().map(Result::is_ok).ok());
    let Ok(Ok(stream)) = handshake else { return };
    let protocol = Protocol::agreed(stream.get_ref().1.alpn_protocol());
    let (bounds, drain) = (worker.connection_bounds, worker.drain.signal().clone());
    let service =
        |request, fault| admission::answer(Arc::clone(&worker), Arc::clone(&place.memory), request, fault);
    net::serve_connection(stream, protocol, service, &bounds, &drain).await;
}
