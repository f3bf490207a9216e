//! Bringing a guard up. Nothing listens before everything is at hand.

use std::sync::Arc;

use tokio_rustls::TlsAcceptor;

use crate::admin::Health;
use crate::clock::{Clock, UnixTime};
use crate::config::{GuardConfig, SourceConfig, Transport};
use crate::guard::accept::tls;
use crate::guard::state::Guard;
use crate::guard::worker::Worker;
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
    /// The way to the app could not be set up.
    #[error("set up the connection to the app of source `{name}`")]
    Upstream {
        /// The source.
        name: String,
        /// What is wrong.
        source: TargetError,
    },
}

/// Starts a guard: binds its sockets, starts its threads, and returns.
///
/// `memory_begins` is the instant from which the ledger's memory is complete;
/// with the boot fence on, what was signed at or before it is refused. It is
/// when the process started, or earlier for a ledger that brings memory along.
pub fn start(
    mut config: GuardConfig,
    clock: Arc<dyn Clock>,
    memory_begins: UnixTime,
) -> Result<Running, StartError> {
    let tls = match &config.transport {
        Transport::Plain => None,
        Transport::Tls(files) => Some(tls::server_tls(files)?),
    };
    let targets = targets(&config)?;
    let sockets = Sockets::bind(config.listen, config.admin_listen, config.threads)?;
    service::fit_descriptors(&mut config.bounds.connections);
    let guard = Arc::new(Guard::new(config, clock, memory_begins));
    for (certificate, not_after) in tls.iter().flat_map(|tls| &tls.expiries) {
        guard.telemetry.metrics.set_certificate_expiry(certificate, *not_after);
    }
    let acceptor = tls.map(|tls| TlsAcceptor::from(tls.config));
    let stop = DrainSignal::default();
    // One worker asks the issuers for all of them.
    let mut issuers: Vec<_> = guard.routes.issuers().cloned().collect();
    let health = health(Arc::clone(&guard), stop.clone());
    Ok(service::run("guard", sockets, stop.clone(), health, |listener| {
        let worker = Arc::new(Worker::new(&guard, &targets, &stop));
        let (acceptor, issuers) = (acceptor.clone(), std::mem::take(&mut issuers));
        move || worker.run(listener, acceptor.as_ref(), issuers)
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

/// What the admin port shows.
fn health(guard: Arc<Guard>, stop: DrainSignal) -> Health {
    Health { ready: Box::new(move || !stop.has_begun()), metrics: Box::new(move || guard.scrape()) }
}
