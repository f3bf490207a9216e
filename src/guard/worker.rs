//! One worker: a thread with a runtime, a listener and upstream connections of
//! its own. No task ever moves between workers, so what is hot on a core stays
//! there (`docs/performance.md` has the figures behind this shape).

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::time::{MissedTickBehavior, interval};
use tokio_rustls::TlsAcceptor;

use crate::config::Bounds;
use crate::guard::accept;
use crate::guard::state::Guard;
use crate::net::{self, ConnectionBounds, Drain, DrainSignal, Drained, Http1Bounds, Pool, Target};

/// Idle connections to the app are looked through this often.
const SWEEP_INTERVAL: Duration = Duration::from_secs(5);

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
    pub(crate) fn run(
        self: Arc<Self>,
        listener: std::net::TcpListener,
        tls: Option<TlsAcceptor>,
    ) -> std::io::Result<()> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async move {
            let listener = TcpListener::from_std(listener)?;
            tokio::spawn(Arc::clone(&self).sweep());
            net::accept(listener, self.drain.signal().clone(), |stream, peer| {
                self.drain.tasks().spawn(accept::serve(Arc::clone(&self), tls.clone(), stream, peer));
            })
            .await;
            self.finish().await;
            Ok(())
        })
    }

    /// Lets what is in flight finish, within the drain's time.
    async fn finish(&self) {
        if let Drained::Left(connections) = self.drain.finish(self.guard.bounds.drain_timeout).await {
            tracing::warn!(connections, "gave up on what did not finish in time");
        }
    }

    async fn sweep(self: Arc<Self>) {
        let mut ticks = interval(SWEEP_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            for pool in &self.pools {
                pool.sweep();
            }
        }
    }
}
