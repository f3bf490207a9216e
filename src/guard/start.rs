//! Bringing a guard up, and down.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use tokio_rustls::TlsAcceptor;

use crate::admin::{self, Health};
use crate::clock::{Clock, UnixTime};
use crate::config::{BootFence, Bounds, ClientAuth, GuardConfig, LedgerConfig, SourceConfig, Transport};
use crate::guard::accept::{identity, tls};
use crate::guard::outcome::Outcome;
use crate::guard::routes::Routes;
use crate::guard::source::Source;
use crate::guard::state::Guard;
use crate::guard::worker::Worker;
use crate::ledger::{Ledger as _, LedgerOptions, MemoryLedger, SourceIndex};
use crate::limits::{AddressRegistry, Bound};
use crate::net::certificates;
use crate::net::{self, ConnectionBounds, Drain, DrainSignal, Http1Bounds, Pool, Target, TargetError};
use crate::telemetry::{DeliveryLog, LedgerReading, Metrics};

/// Why a guard did not come up.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address could not be listened on.
    #[error("listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
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
    /// A thread could not be started.
    #[error("start a worker thread")]
    Thread(#[source] io::Error),
}

/// A guard that is up.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    admin_address: SocketAddr,
    stop: DrainSignal,
    /// Stops the admin port, after everything else.
    stop_admin: DrainSignal,
    workers: Vec<JoinHandle<io::Result<()>>>,
    admin: JoinHandle<io::Result<()>>,
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
    let acceptor = match &config.transport {
        Transport::Plain => None,
        Transport::Tls(tls) => Some(TlsAcceptor::from(tls::server_config(tls)?)),
    };
    let listeners = listen(config.listen, config.threads)?;
    let mut admin_listeners = listen(config.admin_listen, NonZeroUsize::MIN)?;
    let (address, admin_address) =
        (local(&listeners, config.listen), local(&admin_listeners, config.admin_listen));

    let targets = targets(&config)?;
    let stop = DrainSignal::default();
    let expiries = expiries(&config.transport)?;
    let log = DeliveryLog::new(&config.log);
    fit_descriptors(&mut config.bounds);
    let guard = Arc::new(guard(config, clock, memory_begins, log));
    for (certificate, not_after) in expiries {
        guard.metrics.set_certificate_expiry(certificate, not_after);
    }
    let mut workers = Vec::new();
    for (number, listener) in listeners.into_iter().enumerate() {
        let worker = Arc::new(worker(&guard, &targets, &stop));
        let acceptor = acceptor.clone();
        workers.push(spawn(format!("guard-{number}"), move || worker.run(listener, acceptor))?);
    }
    let stop_admin = DrainSignal::default();
    let health = health(&guard, stop.clone());
    let until = stop_admin.clone();
    let admin = spawn("admin".to_owned(), move || admin::run(admin_listeners.remove(0), health, until))?;
    Ok(Running { address, admin_address, stop, stop_admin, workers, admin })
}

impl Running {
    /// Where deliveries arrive; the port is the one chosen by the system where
    /// the configuration said 0.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the admin port listens.
    pub const fn admin_address(&self) -> SocketAddr {
        self.admin_address
    }

    /// Begins to stop: readiness fails, listeners close, what is in flight
    /// finishes within the drain's time.
    pub fn drain(&self) {
        self.stop.begin();
    }

    /// Drains, and waits until everything has ended.
    pub fn stop(self) -> io::Result<()> {
        self.drain();
        let mut result = Ok(());
        for worker in self.workers {
            result = result.and(join(worker));
        }
        self.stop_admin.begin();
        result.and(join(self.admin))
    }
}

/// Lets no more connections in than the process may have files open.
fn fit_descriptors(bounds: &mut Bounds) {
    let (most, configured) = (net::connections_max(), bounds.connections);
    if configured > most {
        bounds.connections = most;
        tracing::warn!(
            connections = most,
            configured,
            "fewer connections than configured: raise the limit of open files (ulimit -n)"
        );
    }
}

fn guard(config: GuardConfig, clock: Arc<dyn Clock>, memory_begins: UnixTime, log: DeliveryLog) -> Guard {
    let GuardConfig { sources, bounds, ledger, .. } = config;
    let names: Vec<(String, usize)> =
        sources.iter().map(|source| (source.name.clone(), source.scheme.secret_count())).collect();
    let codes: Vec<&'static str> = Outcome::all().map(Outcome::code).collect();
    Guard {
        ledger: MemoryLedger::new(ledger_options(ledger, sources.len(), memory_begins), Arc::clone(&clock)),
        routes: Routes::new(indexed(sources)),
        addresses: AddressRegistry::new(&bounds),
        deliveries: Arc::new(Bound::new(bounds.deliveries as u64)),
        memory: Arc::new(Bound::new(bounds.memory_bytes)),
        on_unknown: ledger.on_unknown,
        metrics: Metrics::new(&names, &codes),
        bounds,
        clock,
        log,
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
        let chain = certificates::chain(path)?;
        expiries.extend(chain.iter().filter_map(identity::not_after).min().map(|first| (name, first)));
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
            guard.metrics.set_body_bytes(guard.memory.held());
            guard.metrics.set_ledger(LedgerReading {
                entries: guard.ledger.entries(),
                entries_max: guard.ledger.entries_max(),
            });
            guard.metrics.render()
        }),
    }
}

/// One listener a worker.
fn listen(address: SocketAddr, workers: NonZeroUsize) -> Result<Vec<TcpListener>, StartError> {
    net::listen_all(address, workers).map_err(|source| StartError::Listen { address, source })
}

/// Where they listen, with the port that the system chose.
fn local(listeners: &[TcpListener], asked: SocketAddr) -> SocketAddr {
    listeners.first().and_then(|listener| listener.local_addr().ok()).unwrap_or(asked)
}

fn spawn(
    name: String,
    run: impl FnOnce() -> io::Result<()> + Send + 'static,
) -> Result<JoinHandle<io::Result<()>>, StartError> {
    thread::Builder::new().name(name).spawn(run).map_err(StartError::Thread)
}

fn join(thread: JoinHandle<io::Result<()>>) -> io::Result<()> {
    thread.join().unwrap_or_else(|_| Err(io::Error::other("a worker thread panicked")))
}
