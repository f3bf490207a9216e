//! Keeps the connection up: a thread with a runtime of its own.
//!
//! The guard's workers are runtimes that come and go with their drain; what
//! drives a connection that all of them use must outlive each. The keeper
//! connects, begins memory, tells what was left unsettled, and only then lets
//! calls through. When the connection breaks it does so again, ever more
//! rarely. When Redis stays away it lets the node's own ledger stand in, where
//! that was asked for.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use redis::Value;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::core::Core;
use super::dial::{DialError, ServerId, Wire, dial};
use super::link::call_on;

/// Stops the thread when it is dropped.
#[derive(Debug)]
pub(super) struct Keeper {
    _stop: DropGuard,
}

impl Keeper {
    /// Starts the thread. The receiver hears of the first connection, or of why
    /// there cannot be one; of a server that is away it hears nothing.
    pub(super) fn start(core: Arc<Core>) -> io::Result<(Self, oneshot::Receiver<Result<(), DialError>>)> {
        let (first, heard) = oneshot::channel();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let runtime = Builder::new_current_thread().enable_all().build()?;
        thread::Builder::new().name("redis".to_owned()).spawn(move || {
            runtime.block_on(stopped.run_until_cancelled(keep(&core, first)));
        })?;
        Ok((Self { _stop: stop.drop_guard() }, heard))
    }
}

/// Never ends.
async fn keep(core: &Core, first: oneshot::Sender<Result<(), DialError>>) {
    let mut first = Some(first);
    let mut tell = |outcome| {
        if let Some(first) = first.take() {
            first.send(outcome).ok();
        }
    };
    let (mut lost_at, mut pause) = (Instant::now(), PAUSE_MIN);
    loop {
        let established = timeout(CONNECT_TIMEOUT, establish(core)).await;
        match established.unwrap_or_else(|_| Err(DialError::Away("no connection in time".to_owned()))) {
            Ok((wire, server)) => {
                core.link.set(wire);
                core.connected();
                tell(Ok(()));
                attend(core, &server).await;
                core.lost(&core.link.reason());
                (lost_at, pause) = (Instant::now(), PAUSE_MIN);
            }
            Err(error) => {
                core.lost(&error.to_string());
                if let DialError::Unfit(_) = error {
                    tell(Err(error));
                }
                if lost_at.elapsed() >= LOSS_AFTER {
                    core.stand_in();
                }
                sleep(pause).await;
                pause = (pause * 2).min(PAUSE_MAX);
            }
        }
    }
}

/// A connection over which every source's memory has begun.
async fn establish(core: &Core) -> Result<(Wire, ServerId), DialError> {
    let (mut wire, server) = dial(&core.config).await?;
    // What the node's own ledger accepts from here on, Redis would not know of.
    let missed = core.stop_standing_in();
    begin(core, &mut wire, &server, missed).await?;
    settle_left_over(core, &mut wire).await.map_err(|error| DialError::Away(error.to_string()))?;
    Ok((wire, server))
}

async fn begin(core: &Core, wire: &mut Wire, server: &str, missed: bool) -> Result<(), DialError> {
    let mut began = false;
    for source in core.all_keys().iter() {
        let call = core.scripts.begin(source, core.rules, server, missed, core.clock.now());
        let answer = call_on(wire, &call).await.map_err(|error| DialError::Away(error.to_string()))?;
        began |= match answer {
            Value::Int(answer) => answer == 1,
            _ => return Err(DialError::Away("an answer that is none of ours".to_owned())),
        };
    }
    if began {
        tracing::warn!(
            "the memory in Redis begins now: it was empty, or the server was restarted or replaced; what was \
             signed until now is refused with 503"
        );
    }
    Ok(())
}

/// Until the connection breaks.
async fn attend(core: &Core, server: &ServerId) {
    loop {
        furnish(core, server).await;
        tokio::select! {
            () = core.link.broken.notified() => return,
            () = core.link.homes.moved_in.notified() => continue,
            () = sleep(ROUND) => core.link.probe().await,
        }
        for (order, lapses) in core.unsettled.take_due(core.clock.now()) {
            let call = core.scripts.settle(&order, core.clock.now());
            if core.link.call(&call).await.is_err() {
                core.unsettled.put_back(order, lapses);
            }
        }
    }
}

/// Gives workers that have none a connection to the same server.
async fn furnish(core: &Core, server: &ServerId) {
    for home in core.link.homes.bare() {
        let config = core.config.clone();
        let dialled = home.runtime.spawn(async move { timeout(CONNECT_TIMEOUT, dial(&config)).await });
        match dialled.await {
            Ok(Ok(Ok((wire, found)))) if found == *server => home.set(Some(wire)),
            // It goes on without, and gets one in the next round.
            Ok(_) => {}
            Err(_ended) => core.link.homes.move_out(&home),
        }
    }
}

/// Before the first new claim, so that no retry of a sender overtakes the
/// commit of what the app already has.
async fn settle_left_over(core: &Core, wire: &mut Wire) -> redis::RedisResult<()> {
    loop {
        let mut due = core.unsettled.take_due(core.clock.now()).into_iter();
        if due.len() == 0 {
            return Ok(());
        }
        while let Some((order, lapses)) = due.next() {
            if let Err(error) = call_on(wire, &core.scripts.settle(&order, core.clock.now())).await {
                core.unsettled.put_back(order, lapses);
                due.for_each(|(order, lapses)| core.unsettled.put_back(order, lapses));
                return Err(error);
            }
        }
    }
}

/// Names, TCP, TLS, a Sentinel or two, AUTH, and the first scripts.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// A connection that is made again sooner than this was a hiccup.
const LOSS_AFTER: Duration = Duration::from_secs(1);

/// From one look at the server, and at what is unsettled, to the next.
const ROUND: Duration = Duration::from_millis(250);
