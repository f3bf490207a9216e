//! One worker of the guard: see `service::work` for the shape.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use crate::config::Bounds;
use crate::guard::accept;
use crate::guard::issuer;
use crate::guard::state::Guard;
use crate::net::{ConnectionBounds, Drain, DrainSignal, Http1Bounds};
use crate::service;

/// One worker.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) guard: Arc<Guard>,
    /// Its place among the workers: by it, a source knows its connections.
    pub(crate) number: usize,
    pub(crate) connection_bounds: ConnectionBounds,
    /// The signal to stop, and what must heed it: connections, and deliveries
    /// that outlived theirs.
    pub(crate) drain: Drain,
}

impl Worker {
    /// The worker of `guard` at the place `number`.
    pub(crate) fn new(guard: &Arc<Guard>, number: usize, stop: &DrainSignal) -> Self {
        let Bounds { head_bytes, head_fields, head_timeout, idle_timeout, connection_age_max, .. } =
            guard.bounds;
        Self {
            guard: Arc::clone(guard),
            number,
            connection_bounds: ConnectionBounds {
                http1: Http1Bounds { head_bytes, head_fields, head_timeout },
                idle_timeout,
                age_max: Some(connection_age_max),
            },
            drain: Drain::new(stop.clone()),
        }
    }

    /// Serves until the drain is over. Called on a thread of its own.
    pub(crate) fn run(self: Arc<Self>, listener: TcpListener) -> io::Result<()> {
        let worker = Arc::clone(&self);
        let upkeep = async move {
            worker.guard.ledger.move_in();
            // One worker asks the issuers for all of them.
            if worker.number == 0 {
                tokio::spawn(issuer::keep_all_fresh(Arc::clone(&worker.guard)));
            }
            service::now_and_then(move || worker.sweep()).await;
        };
        service::work(listener, &self.drain, self.guard.bounds.drain_timeout, upkeep, |stream, peer| {
            self.drain.tasks().spawn(accept::serve(Arc::clone(&self), stream, peer));
        })
    }

    /// Closes what is too old of the connections to the apps.
    fn sweep(&self) {
        self.guard.in_force.load().sources.iter().for_each(|source| source.way.pool(self.number).sweep());
    }
}
