//! One worker of the signer: see `service::work` for the shape.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use crate::config::SignerBounds;
use crate::egress::{Egress, Route};
use crate::net::{ConnectionBounds, Drain, DrainSignal, Http1Bounds};
use crate::service;
use crate::signer::accept;
use crate::signer::state::Signer;

/// One worker.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) signer: Arc<Signer>,
    /// Connections to the consumers, by endpoint.
    pub(crate) ways: Vec<Arc<Way>>,
    pub(crate) connection_bounds: ConnectionBounds,
    /// The signal to stop, and the connections that must heed it.
    pub(crate) drain: Drain,
}

/// The connections of one worker to one consumer, and to its authorization
/// server if it has one.
#[derive(Debug)]
pub(crate) struct Way {
    pub(crate) egress: Egress,
    pub(crate) token: Option<Egress>,
}

impl Worker {
    /// A worker of `signer` with `ways` of its own, one for each endpoint.
    pub(crate) fn new(signer: &Arc<Signer>, ways: Vec<Arc<Way>>, stop: &DrainSignal) -> Self {
        let SignerBounds { head_bytes, head_fields, head_timeout, idle_timeout, .. } = signer.bounds;
        Self {
            signer: Arc::clone(signer),
            ways,
            connection_bounds: ConnectionBounds {
                http1: Http1Bounds { head_bytes, head_fields, head_timeout },
                idle_timeout,
                // Nothing is found out about the app when it connects.
                age_max: None,
            },
            drain: Drain::new(stop.clone()),
        }
    }

    /// Serves until the drain is over, and looks after the certificates of
    /// `watched`. Called on a thread of its own.
    pub(crate) fn run(self: Arc<Self>, listener: TcpListener, watched: Vec<Arc<Route>>) -> io::Result<()> {
        let upkeep = upkeep(self.ways.clone(), watched);
        service::work(listener, &self.drain, self.signer.bounds.drain_timeout, upkeep, |stream, peer| {
            self.drain.tasks().spawn(accept::serve(Arc::clone(&self), stream, peer));
        })
    }
}

async fn upkeep(ways: Vec<Arc<Way>>, watched: Vec<Arc<Route>>) {
    for route in watched {
        tokio::spawn(async move { route.watch().await });
    }
    let sweep = || {
        for way in &ways {
            way.egress.sweep();
            way.token.iter().for_each(Egress::sweep);
        }
    };
    service::now_and_then(sweep).await;
}
