//! One worker of the injector: see `service::work` for the shape.

use std::future;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use crate::config::InjectorBounds;
use crate::injector::accept;
use crate::injector::state::Injector;
use crate::net::{ConnectionBounds, Drain, DrainSignal, Http1Bounds};
use crate::service;

/// One worker.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) injector: Arc<Injector>,
    pub(crate) connection_bounds: ConnectionBounds,
    /// The signal to stop, and the connections that must heed it.
    pub(crate) drain: Drain,
}

impl Worker {
    pub(crate) fn new(injector: &Arc<Injector>, stop: &DrainSignal) -> Self {
        let InjectorBounds {
            head_bytes, head_fields, head_timeout, idle_timeout, connection_age_max, ..
        } = injector.bounds;
        Self {
            injector: Arc::clone(injector),
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
        let patience = self.injector.bounds.drain_timeout;
        service::work(listener, &self.drain, patience, future::ready(()), |stream, peer| {
            self.drain.tasks().spawn(accept::serve(Arc::clone(&self), stream, peer.ip()));
        })
    }
}
