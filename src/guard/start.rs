//! Bringing a guard up. Nothing listens before everything is at hand.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use tokio_rustls::TlsAcceptor;

use crate::admin::{self, Health};
use crate::clock::{Clock, UnixTime};
use crate::config::{Bounds, GuardConfig, SourceConfig, Transport};
use crate::guard::accept::tls;
use crate::guard::running::Running;
use crate::guard::state::Guard;
use crate::guard::worker::Worker;
use crate::net::{self, DrainSignal, Target, TargetError};

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
    let listeners = listen(config.listen, config.threads)?;
    let mut admin_listeners = listen(config.admin_listen, NonZeroUsize::MIN)?;
    let (address, admin_address) =
        (local(&listeners, config.listen), local(&admin_listeners, config.admin_listen));

    fit_descriptors(&mut config.bounds);
    let guard = Arc::new(Guard::new(config, clock, memory_begins));
    for (certificate, not_after) in tls.iter().flat_map(|tls| &tls.expiries) {
        guard.metrics.set_certificate_expiry(certificate, *not_after);
    }
    let acceptor = tls.map(|tls| TlsAcceptor::from(tls.config));
    let (stop, stop_admin) = (DrainSignal::default(), DrainSignal::default());
    let mut workers = Vec::new();
    for (number, listener) in listeners.into_iter().enumerate() {
        let worker = Arc::new(Worker::new(&guard, &targets, &stop));
        let acceptor = acceptor.clone();
        workers.push(spawn(format!("guard-{number}"), move || worker.run(listener, acceptor))?);
    }
    let (health, until) = (health(guard, stop.clone()), stop_admin.clone());
    let admin = spawn("admin".to_owned(), move || admin::run(admin_listeners.remove(0), health, until))?;
    Ok(Running { address, admin_address, stop, stop_admin, workers, admin })
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

/// The way to the app of each source.
fn targets(config: &GuardConfig) -> Result<Vec<Arc<Target>>, StartError> {
    let target = |source: &SourceConfig| {
        Target::new(&source.upstream, source.upstream_timeout, config.bounds.connect_timeout)
            .map(Arc::new)
            .map_err(|error| StartError::Upstream { name: source.name.clone(), source: error })
    };
    config.sources.iter().map(target).collect()
}

/// One listener a worker.
fn listen(address: SocketAddr, workers: NonZeroUsize) -> Result<Vec<TcpListener>, StartError> {
    net::listen_all(address, workers).map_err(|source| StartError::Listen { address, source })
}

/// Where they listen, with the port that the system chose.
fn local(listeners: &[TcpListener], asked: SocketAddr) -> SocketAddr {
    listeners.first().and_then(|listener| listener.local_addr().ok()).unwrap_or(asked)
}

/// What the admin port shows.
fn health(guard: Arc<Guard>, stop: DrainSignal) -> Health {
    Health { ready: Box::new(move || !stop.has_begun()), metrics: Box::new(move || guard.scrape()) }
}

fn spawn(
    name: String,
    run: impl FnOnce() -> io::Result<()> + Send + 'static,
) -> Result<JoinHandle<io::Result<()>>, StartError> {
    thread::Builder::new().name(name).spawn(run).map_err(StartError::Thread)
}
