//! Bringing a guard up, and down.

use std::sync::Arc;

use tokio_rustls::TlsAcceptor;

use crate::admin::Health;
use crate::clock::{Clock, UnixTime};
use crate::config::{
    BootFence, Bounds, ClientAuth, GuardConfig, LedgerConfig, LogConfig, SourceConfig, Transport,
};
use crate::guard::accept::tls;
use crate::guard::outcome::Outcome;
use crate::guard::routes::Routes;
use crate::guard::source::Source;
use crate::guard::state::Guard;
use crate::guard::worker::Worker;
use crate::ledger::{Ledger as _, LedgerOptions, MemoryLedger, SourceIndex};
use crate::limits::{AddressRegistry, Bound};
use crate::net::certificates;
use crate::net::{ConnectionBounds, Drain, DrainSignal, Http1Bounds, Pool, Target, TargetError};
use crate::service::{self, Running, Sockets, UpError};
use crate::telemetry::{DeliveryLog, LedgerMetrics, LedgerReading, Metrics, Subject, Telemetry};

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
    config: GuardConfig,
    clock: Arc<dyn Clock>,
    memory_begins: UnixTime,
) -> Result<Running, StartError> {
    let acceptor = match &config.transport {
        Transport::Plain => None,
        Transport::Tls(tls) => Some(TlsAcceptor::from(tls::server_config(tls)?)),
    };
    let sockets = Sockets::bind(config.listen, config.admin_listen, config.threads)?;
    let targets = targets(&config)?;
    let expiries = expiries(&config.transport)?;
    let guard = Arc::new(guard(config, clock, memory_begins));
    for (certificate, not_after) in expiries {
        guard.telemetry.metrics.set_certificate_expiry(certificate, not_after);
    }
    let stop = DrainSignal::default();
    let health = health(&guard, stop.clone());
    Ok(service::run("guard", sockets, stop.clone(), health, |listener| {
        let worker = Arc::new(worker(&guard, &targets, &stop));
        let acceptor = acceptor.clone();
        move || worker.run(listener, acceptor.as_ref())
    })?)
}

fn guard(config: GuardConfig, clock: Arc<dyn Clock>, memory_begins: UnixTime) -> Guard {
    let GuardConfig { sources, bounds, ledger, log, .. } = config;
    let telemetry = telemetry(&sources, &log, Arc::clone(&clock));
    Guard {
        ledger_metrics: LedgerMetrics::new(&telemetry.metrics),
        ledger: MemoryLedger::new(ledger_options(ledger, sources.len(), memory_begins), Arc::clone(&clock)),
        routes: Routes::new(indexed(sources)),
        addresses: AddressRegistry::new(&bounds),
        deliveries: Arc::new(Bound::new(bounds.deliveries as u64)),
        memory: Arc::new(Bound::new(bounds.memory_bytes)),
        on_unknown: ledger.on_unknown,
        telemetry: Arc::new(telemetry),
        bounds,
        clock,
    }
}

fn telemetry(sources: &[SourceConfig], log: &LogConfig, clock: Arc<dyn Clock>) -> Telemetry {
    let named: Vec<(String, usize)> =
        sources.iter().map(|source| (source.name.clone(), source.scheme.secret_count())).collect();
    let codes: Vec<&'static str> = Outcome::all().map(Outcome::code).collect();
    Telemetry {
        metrics: Metrics::new(Subject::Source, &named, &codes),
        log: DeliveryLog::new(Subject::Source, log),
        clock,
        names: named.into_iter().map(|(name, _)| name).collect(),
    }
}

fn indexed(sources: Vec<SourceConfig>) -> Vec<Arc<Source>> {
    let indices = (0..).map(SourceIndex);
    indices.zip(sources).map(|(index, config)| Arc::new(Source::new(index, config))).collect()
}

fn ledger_options(config: LedgerConfig, sources: usize, memory_begins: UnixTime) -> LedgerOptions {
    LedgerOptions {
        entries_max: config.entries_max,
        entries_max_per_source: config.entries_max,
        sources,
        on_unknown: config.on_unknown,
        boot_fence: match config.boot_fence {
            BootFence::On => Some(memory_begins),
            BootFence::Off => None,
        },
    }
}

fn targets(config: &GuardConfig) -> Result<Vec<Arc<Target>>, StartError> {
    let target = |source: &SourceConfig| {
        Target::new(&source.upstream, source.upstream_timeout, config.bounds.connect_timeout)
            .map(Arc::new)
            .map_err(|error| StartError::Upstream { name: source.name.clone(), source: error })
    };
    config.sources.iter().map(target).collect()
}

fn worker(guard: &Arc<Guard>, targets: &[Arc<Target>], stop: &DrainSignal) -> Worker {
    Worker {
        guard: Arc::clone(guard),
        pools: targets.iter().map(|target| Arc::new(Pool::new(Arc::clone(target)))).collect(),
        connection_bounds: connection_bounds(&guard.bounds),
        drain: Drain::new(stop.clone()),
    }
}

fn connection_bounds(bounds: &Bounds) -> ConnectionBounds {
    let Bounds { head_bytes, head_fields, head_timeout, idle_timeout, .. } = *bounds;
    ConnectionBounds { http1: Http1Bounds { head_bytes, head_fields, head_timeout }, idle_timeout }
}

/// When the certificates in use expire: each file's first to do so.
fn expiries(transport: &Transport) -> Result<Vec<(&'static str, UnixTime)>, tls::TlsError> {
    let Transport::Tls(tls) = transport else { return Ok(Vec::new()) };
    let authority = match &tls.client_auth {
        ClientAuth::Off => None,
        ClientAuth::Optional(trust) | ClientAuth::Required(trust) => Some(("client_ca", &trust.ca)),
    };
    let mut expiries = Vec::new();
    for (name, path) in std::iter::once(("server", &tls.cert)).chain(authority) {
        expiries.extend(certificates::first_expiry(path)?.map(|first| (name, first)));
    }
    Ok(expiries)
}

/// What the admin port shows: read at each scrape, so that no delivery pays
/// for a gauge.
fn health(guard: &Arc<Guard>, stop: DrainSignal) -> Health {
    let guard = Arc::clone(guard);
    Health {
        ready: Box::new(move || !stop.has_begun()),
        metrics: Box::new(move || {
            guard.telemetry.metrics.set_body_bytes(guard.memory.held());
            guard.ledger_metrics.set(LedgerReading {
                entries: guard.ledger.entries(),
                entries_max: guard.ledger.entries_max(),
            });
            guard.telemetry.metrics.render()
        }),
    }
}
