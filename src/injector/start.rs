//! Bringing an injector up.
//!
//! It listens before it can answer: what it waits for (the API server, its
//! Secret, its namespaces) may take as long as it will, and the admin port says
//! what that is.

use std::future;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::join;

use crate::admin::Health;
use crate::clock::Clock;
use crate::config::{InjectorConfig, Stamps};
use crate::injector::callers::Callers;
use crate::injector::certificates::{self, Mounted, MountedError, Serving, Upkeep};
use crate::injector::cluster::{self, ClusterThread, ConnectError, Namespaces, TooOld};
use crate::injector::injection;
use crate::injector::outcome;
use crate::injector::readiness::Readiness;
use crate::injector::review;
use crate::injector::state::Injector;
use crate::injector::worker::Worker;
use crate::limits::Bound;
use crate::net::DrainSignal;
use crate::service::{self, Running, Shown, Sockets, UpError};
use crate::telemetry::{InjectionMetrics, ProcessMetrics};

/// Why an injector did not come up.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its sockets or threads could not be had.
    #[error(transparent)]
    Up(#[from] UpError),
    /// There is no way to the API server.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The API server is too old.
    #[error(transparent)]
    TooOld(#[from] TooOld),
    /// Its defaults would be wrong for every pod.
    #[error("{}", .0.join("; "))]
    Defaults(Vec<String>),
    /// The mounted certificate cannot be used.
    #[error("set up TLS")]
    Certificate(#[from] MountedError),
}

/// Takes another certificate from the files of one that is mounted.
pub struct Reload(Mounted);

impl Reload {
    /// Reads the files again, and shows what is in them. Gives what they were
    /// like. Reads files: not for a worker's own thread.
    pub fn apply(&self) -> Result<Stamps, MountedError> {
        self.0.take()
    }
}

/// Starts an injector in the cluster that `access` leads to: binds its sockets,
/// starts its threads, and returns, with what reads a mounted certificate again
/// where there is one.
pub async fn start(
    mut config: InjectorConfig,
    mut access: kube::Config,
    clock: Arc<dyn Clock>,
) -> Result<(Running, Option<Reload>), StartError> {
    let defaults = injection::read_defaults(&config.defaults).map_err(StartError::Defaults)?;
    // What is tried again is tried by us, with a bound.
    access.default_retry = false;
    let (idle, client) = ClusterThread::prepare(access)?;
    service::fit_descriptors(&mut config.bounds.connections);
    let (readiness, serving) = (Arc::new(Readiness::default()), Arc::new(Serving::default()));
    let metrics = Arc::new(ProcessMetrics::new());
    let Upkeep { work, mounted } =
        certificates::upkeep(&config, &client, &clock, &serving, &metrics, &readiness)?;
    let (namespaces, follow) = Namespaces::new(client.clone(), Arc::clone(&readiness));
    let sockets = Sockets::bind(config.listen, config.admin_listen, config.threads)?;
    let version = cluster::until_known(client.clone(), Arc::clone(&readiness));
    let cluster = ClusterThread::start(idle, async {
        // Nothing is done in a cluster that is too old.
        version.await;
        join(work, follow).await;
    });
    let cluster = cluster.map_err(ConnectError::Thread)?;
    // Who cannot be reached yet is asked again, by that thread.
    if let Ok(judged) = cluster::ask(&client).await {
        judged?;
    }
    let injector = Arc::new(Injector {
        settings: review::Injector { defaults, namespace: config.namespace },
        namespaces,
        serving,
        readiness,
        callers: Callers::new(config.bounds.connections_per_address, config.bounds.memory_bytes_per_address),
        connections: Arc::new(Bound::new(config.bounds.connections as u64)),
        memory: Arc::new(Bound::new(config.bounds.memory_bytes)),
        reviews: InjectionMetrics::new(&metrics, &outcome::names()),
        metrics,
        bounds: config.bounds,
        _cluster: cluster,
    });
    let stop = DrainSignal::default();
    let health = health(Arc::clone(&injector), stop.clone());
    let shown = Shown { health, control: None };
    let running = service::run("injector", sockets, stop.clone(), shown, |listener| {
        let worker = Arc::new(Worker::new(&injector, &stop));
        move || worker.run(listener)
    })?;
    Ok((running, mounted.map(Reload)))
}

/// What the admin port shows.
fn health(injector: Arc<Injector>, stop: DrainSignal) -> Health {
    let asked = Arc::clone(&injector);
    Health {
        ready: Box::new(move || stop.still_open().and_then(|()| asked.ready())),
        detail: Box::new(String::new),
        metrics: Box::new(move || future::ready(injector.scrape()).boxed()),
    }
}
