//! One worker of the guard: see `service::work` for the shape.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;

use crate::config::Bounds;
use crate::guard::accept;
use crate::guard::state::Guard;
use crate::net::{ConnectionBounds, Drain, DrainSignal, Http1Bounds, Pool, Target};
use crate::service;

/// One worker.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) guard: Arc<Guard>,
    /// Connections to the apps, by source.
    pub(crate) pools: Vec<Arc<Pool>>,
    pub(crate) connection_bounds: ConnectionBounds,
    /// The signal to stop, and what must heed it: connections, and deliveries
    /// that outlived theirs.
    pub(crate) drain: Drain,
}

impl Worker {
    /// A worker of `guard` that connects to `targets`, one for each source.
    pub(crate) fn new(guard: &Arc<Guard>, targets: &[Arc<Target>], stop: &DrainSignal) -> Self {
        let Bounds { head_bytes, head_fields, head_timeout, idle_timeout, .. } = guard.bounds;
        Self {
            guard: Arc::clone(guard),
            pools: targets.iter().map(|target| Arc::new(Pool::new(Arc::clone(target)))).collect(),
            connection_bounds: ConnectionBounds {
                http1: Http1Bounds { head_bytes, head_fields, head_timeout },
                idle_timeout,
            },
            drain: Drain::new(stop.clone()),
        }
    }

    /// Serves until the drain is over. Called on a thread of its own.
    pub(crate) fn run(self: Arc<Self>, listener: TcpListener, tls: Option<&TlsAcceptor>) -> io::Result<()> {
        let pools = self.pools.clone();
        let guard = Arc::clone(&self.guard);
        let sweep = async move {
            guard.ledger.move_in();
            service::now_and_then(move || pools.iter().for_each(|pool| pool.sweep())).await;
        };
        service::work(listener, &self.drain, self.guard.bounds.drain_timeout, sweep, |stream, peer| {
            self.drain.tasks().spawn(accept::serve(Arc::clone(&self), tls.cloned(), stream, peer));
        })
    }
}
