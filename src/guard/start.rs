//! Bringing a guard up. Nothing listens before everything is at hand.

use std::sync::Arc;

use crate::admin::Health;
use crate::clock::{Clock, UnixTime};
use crate::config::{BootFence, GuardConfig};
use crate::guard::accept::tls;
use crate::guard::amiss;
use crate::guard::capture::CaptureError;
use crate::guard::reload::{Fixed, Reload};
use crate::guard::sight;
use crate::guard::state::Guard;
use crate::guard::worker::Worker;
use crate::ledger::{Engine, LedgerOptions, OpenError, SourceTag};
use crate::net::{DrainSignal, TargetError};
use crate::otlp::OtlpError;
use crate::service::{self, Running, Shown, Sockets, UpError};
use futures_util::FutureExt as _;

/// Why a guard did not come up.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its sockets or threads could not be had.
    #[error(transparent)]
    Up(#[from] UpError),
    /// Certificates or keys could not be used.
    #[error("set up TLS")]
    Tls(#[from] tls::TlsError),
    /// The ledger's engine could not be opened.
    #[error("open the ledger")]
    Ledger(#[from] OpenError),
    /// Captures cannot be kept.
    #[error("keep captures")]
    Captures(#[from] CaptureError),
    /// Spans cannot be sent.
    #[error("send traces")]
    Traces(#[from] OtlpError),
    /// The ledger has no place for one more.
    #[error("take in source `{name}`: as many were seen as a process can; restart it")]
    TooManySources {
        /// The source.
        name: String,
    },
    /// The way to the app could not be set up.
    #[error("set up the connection to the app of source `{name}`")]
    Upstream {
        /// The source.
        name: String,
        /// What is wrong.
        source: TargetError,
    },
}

/// Starts a guard: opens its ledger, binds its sockets, starts its threads, and
/// returns with the handle that gives it another configuration.
///
/// `memory_begins` is the instant from which the memory of a ledger that begins
/// empty is complete: when the process started. With the boot fence on, what
/// was signed at or before it is refused.
pub async fn start(
    mut config: GuardConfig,
    clock: Arc<dyn Clock>,
    memory_begins: UnixTime,
) -> Result<(Running, Reload), StartError> {
    let options = ledger_options(&config, memory_begins);
    let ledger = Engine::open(&config.ledger.engine, options, Arc::clone(&clock)).await?;
    let fixed = Fixed::of(&config);
    service::fit_descriptors(&mut config.bounds.connections);
    let guard = Arc::new(Guard::new(&config, ledger, clock)?);
    let GuardConfig { sources, transport, listen, admin_listen, control, threads, .. } = config;
    let reload = Reload::new(Arc::clone(&guard), fixed);
    reload.put_in_force(sources, &transport, Vec::new())?;
    let sockets = Sockets::bind(listen, admin_listen, threads)?.with_control(control.as_ref())?;
    let stop = DrainSignal::default();
    let shown = Shown {
        health: health(Arc::clone(&guard), stop.clone()),
        control: control.map(|_| sight::control(Arc::clone(&guard), stop.clone())),
    };
    let mut numbers = 0..;
    let running = service::run("guard", sockets, stop.clone(), shown, |listener| {
        let number = numbers.next().expect("there are more numbers than workers");
        let worker = Arc::new(Worker::new(&guard, number, &stop));
        move || worker.run(listener)
    })?;
    let telemetry = Arc::clone(&guard.telemetry);
    Ok((running.at_the_end(move || telemetry.finish()), reload))
}

fn ledger_options(config: &GuardConfig, memory_begins: UnixTime) -> LedgerOptions {
    LedgerOptions {
        entries_max: config.ledger.entries_max,
        entries_max_per_source: config.ledger.entries_max,
        sources: config.sources.iter().map(|source| SourceTag::new(&source.ledger_id)).collect(),
        on_unknown: config.ledger.on_unknown,
        boot_fence: match config.ledger.boot_fence {
            BootFence::On => Some(memory_begins),
            BootFence::Off => None,
        },
    }
}

/// What the admin port shows.
fn health(guard: Arc<Guard>, stop: DrainSignal) -> Health {
    let asked = Arc::clone(&guard);
    let metrics = move || {
        let guard = Arc::clone(&guard);
        async move { guard.scrape().await }.boxed()
    };
    Health {
        ready: Box::new(move || stop.still_open()),
        detail: Box::new(move || amiss::lines(&asked)),
        metrics: Box::new(metrics),
    }
}
