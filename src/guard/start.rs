//! Bringing a guard up. Nothing listens before everything is at hand.

use std::sync::Arc;

use futures_util::FutureExt as _;
use tokio_rustls::TlsAcceptor;

use crate::admin::Health;
use crate::clock::{Clock, UnixTime};
use crate::config::{BootFence, GuardConfig, SourceConfig, Transport};
use crate::guard::accept::tls;
use crate::guard::state::Guard;
use crate::guard::worker::Worker;
use crate::ledger::{Engine, LedgerOptions, OpenError, SourceTag, Standing};
use crate::net::{DrainSignal, Target, TargetError};
use crate::service::{self, Running, Sockets, UpError};

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
/// returns.
///
/// `memory_begins` is the instant from which the memory of a ledger that begins
/// empty is complete: when the process started. With the boot fence on, what
/// was signed at or before it is refused.
pub async fn start(
    mut config: GuardConfig,
    clock: Arc<dyn Clock>,
    memory_begins: UnixTime,
) -> Result<Running, StartError> {
    let tls = match &config.transport {
        Transport::Plain => None,
        Transport::Tls(files) => Some(tls::server_tls(files)?),
    };
    let targets = targets(&config)?;
    let options = ledger_options(&config, memory_begins);
    let ledger = Engine::open(&config.ledger.engine, options, Arc::clone(&clock)).await?;
    let sockets = Sockets::bind(config.listen, config.admin_listen, config.threads)?;
    service::fit_descriptors(&mut config.bounds.connections);
    let guard = Arc::new(Guard::new(config, ledger, clock));
    for (certificate, not_after) in tls.iter().flat_map(|tls| &tls.expiries) {
        guard.telemetry.metrics.set_certificate_expiry(certificate, *not_after);
    }
    let acceptor = tls.map(|tls| TlsAcceptor::from(tls.config));
    let stop = DrainSignal::default();
    let health = health(Arc::clone(&guard), stop.clone());
    Ok(service::run("guard", sockets, stop.clone(), health, |listener| {
        let worker = Arc::new(Worker::new(&guard, &targets, &stop));
        let acceptor = acceptor.clone();
        move || worker.run(listener, acceptor.as_ref())
    })?)
}

/// The way to the app of each source.
fn targets(config: &GuardConfig) -> Result<Vec<Arc<Target>>, StartError> {
    let target = |source: &SourceConfig| {
        Target::new(&source.upstream, source.upstream_timeout, config.bounds.connect_timeout)
            .map(Arc::new)
            .map_err(|error| StartError::Upstream { name: source.name.clone(), source: error })
    };
    config.sources.iter().map(target).collect()
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
        ready: Box::new(move || !stop.has_begun()),
        detail: Box::new(move || ledger_detail(asked.ledger.standing())),
        metrics: Box::new(metrics),
    }
}

/// A guard whose ledger is away still answers, and with what its senders need
/// to hear. Not ready, all guards that share the ledger would be gone at once.
fn ledger_detail(standing: Standing) -> &'static str {
    match standing {
        Standing::Whole => "",
        Standing::Away => "ledger: away, deliveries get 503\n",
        Standing::Fallback => "ledger: away, this process's own stands in\n",
    }
}
