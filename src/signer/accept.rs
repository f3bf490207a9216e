//! From a socket to requests: how many connections, in plain HTTP. The app is
//! on the same machine; whoever else can connect could have anything signed.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpStream;

use crate::net::{self, Protocol};
use crate::signer::delivery;
use crate::signer::worker::Worker;

/// Serves one connection to its end. What goes wrong on it stays on it.
pub(crate) async fn serve(worker: Arc<Worker>, stream: TcpStream, peer: SocketAddr) {
    let client = peer.ip().to_canonical();
    let metrics = &worker.signer.telemetry.metrics;
    let Some(_place) = worker.signer.connections.permit() else {
        return metrics.process.connection_refused("connections");
    };
    let _open = metrics.process.connection_opened();
    let (bounds, drain) = (worker.connection_bounds, worker.drain.signal().clone());
    let service = |request, fault| delivery::answer(Arc::clone(&worker), client, request, fault);
    net::serve_connection(stream, Protocol::Detect, service, &bounds, &drain).await;
}
