//! One worker: a thread with a runtime, a listener and outgoing connections of
//! its own. No task ever moves between workers, so what is hot on a core stays
//! there (`docs/performance.md` has the figures behind this shape).

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::time::{MissedTickBehavior, interval};

use crate::net::{self, Drain, Drained};

/// Idle connections are looked through this often.
const SWEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Hands connections to `on_connection` until the drain begins, lets what is
/// in flight finish within `drain_timeout`, and returns. Called on a thread of
/// its own. `upkeep` runs beside it, such as [`now_and_then`].
pub(crate) fn work(
    listener: std::net::TcpListener,
    drain: &Drain,
    drain_timeout: Duration,
    upkeep: impl Future<Output = ()> + Send + 'static,
    on_connection: impl Fn(TcpStream, SocketAddr),
) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async move {
        let listener = TcpListener::from_std(listener)?;
        tokio::spawn(upkeep);
        net::accept(listener, drain.signal().clone(), on_connection).await;
        if let Drained::Left(connections) = drain.finish(drain_timeout).await {
            tracing::warn!(connections, "gave up on what did not finish in time");
        }
        Ok(())
    })
}

/// Calls `sweep` every few seconds, and never ends.
pub(crate) async fn now_and_then(sweep: impl Fn()) {
    let mut ticks = interval(SWEEP_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        sweep();
    }
}
