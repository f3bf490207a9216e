//! Bringing a signer up.

use std::sync::Arc;

use crate::admin::Health;
use crate::clock::Clock;
use crate::config::{Authorization, EndpointConfig, LogConfig, SignerBounds, SignerConfig};
use crate::limits::Bound;
use crate::net::{ConnectionBounds, Drain, DrainSignal, Http1Bounds, certificates};
use crate::service::{self, Running, Sockets, UpError};
use crate::signer::egress::{Egress, Route, RouteError, SystemResolver};
use crate::signer::endpoints::{Endpoint, Endpoints};
use crate::signer::outcome::Outcome;
use crate::signer::state::Signer;
use crate::signer::worker::{Way, Worker};
use crate::telemetry::{DeliveryLog, Metrics, SigningMetrics, Subject, Telemetry};

/// Why a signer did not come up.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its sockets or threads could not be had.
    #[error(transparent)]
    Up(#[from] UpError),
    /// There is no way to a consumer.
    #[error("set up the way to endpoint `{name}`")]
    Route {
        /// The endpoint.
        name: String,
        /// What is wrong.
        source: Box<RouteError>,
    },
}

/// The ways to one endpoint, made once and shared by all workers.
#[derive(Clone)]
struct Routes {
    consumer: Arc<Route>,
    token: Option<Arc<Route>>,
}

/// Starts a signer: binds its sockets, starts its threads, and returns.
pub fn start(config: SignerConfig, clock: Arc<dyn Clock>) -> Result<Running, StartError> {
    let routes = config.endpoints.iter().map(routes).collect::<Result<Vec<_>, _>>()?;
    let sockets = Sockets::bind(config.listen, config.admin_listen, config.threads)?;
    let signer = Arc::new(signer(config, clock));
    let stop = DrainSignal::default();
    let health = health(&signer, stop.clone());
    // One worker looks after the certificates for all of them.
    let mut watched: Vec<Arc<Route>> = routes.iter().flat_map(Routes::all).collect();
    Ok(service::run("signer", sockets, stop.clone(), health, |listener| {
        let worker = Arc::new(worker(&signer, &routes, &stop));
        let watched = std::mem::take(&mut watched);
        move || worker.run(listener, watched)
    })?)
}

impl Routes {
    fn all(&self) -> impl Iterator<Item = Arc<Route>> + use<> {
        let Self { consumer, token } = self.clone();
        std::iter::once(consumer).chain(token)
    }

    fn way(&self) -> Arc<Way> {
        Arc::new(Way {
            egress: Egress::new(Arc::clone(&self.consumer)),
            token: self.token.clone().map(Egress::new),
        })
    }
}

fn routes(endpoint: &EndpointConfig) -> Result<Routes, StartError> {
    let route = |egress| {
        Route::new(egress, Arc::new(SystemResolver))
            .map(Arc::new)
            .map_err(|source| StartError::Route { name: endpoint.name.clone(), source: Box::new(source) })
    };
    let token = match &endpoint.authorization {
        Authorization::ClientCredentials(credentials) => Some(route(&credentials.token)?),
        Authorization::None | Authorization::Fixed(..) => None,
    };
    Ok(Routes { consumer: route(&endpoint.egress)?, token })
}

fn signer(config: SignerConfig, clock: Arc<dyn Clock>) -> Signer {
    let SignerConfig { endpoints, bounds, log, .. } = config;
    let telemetry = telemetry(&endpoints, &log, Arc::clone(&clock));
    let endpoints = endpoints.into_iter().enumerate();
    Signer {
        signing_metrics: SigningMetrics::new(&telemetry.metrics),
        endpoints: Endpoints::new(endpoints.map(|(n, config)| Arc::new(Endpoint::new(n, config))).collect()),
        connections: Arc::new(Bound::new(bounds.connections as u64)),
        deliveries: Arc::new(Bound::new(bounds.deliveries as u64)),
        memory: Arc::new(Bound::new(bounds.memory_bytes)),
        telemetry: Arc::new(telemetry),
        bounds,
        clock,
    }
}

fn telemetry(endpoints: &[EndpointConfig], log: &LogConfig, clock: Arc<dyn Clock>) -> Telemetry {
    let named: Vec<(String, usize)> = endpoints.iter().map(|endpoint| (endpoint.name.clone(), 0)).collect();
    let codes: Vec<&'static str> = Outcome::all().map(Outcome::code).collect();
    Telemetry {
        metrics: Metrics::new(Subject::Endpoint, &named, &codes),
        log: DeliveryLog::new(Subject::Endpoint, log),
        clock,
        names: named.into_iter().map(|(name, _)| name).collect(),
    }
}

fn worker(signer: &Arc<Signer>, routes: &[Routes], stop: &DrainSignal) -> Worker {
    let SignerBounds { head_bytes, head_fields, head_timeout, idle_timeout, .. } = signer.bounds;
    Worker {
        signer: Arc::clone(signer),
        ways: routes.iter().map(Routes::way).collect(),
        connection_bounds: ConnectionBounds {
            http1: Http1Bounds { head_bytes, head_fields, head_timeout },
            idle_timeout,
        },
        drain: Drain::new(stop.clone()),
    }
}

/// What the admin port shows: read at each scrape, so that no delivery pays
/// for a gauge.
fn health(signer: &Arc<Signer>, stop: DrainSignal) -> Health {
    let signer = Arc::clone(signer);
    Health {
        ready: Box::new(move || !stop.has_begun()),
        metrics: Box::new(move || {
            let metrics = &signer.telemetry.metrics;
            metrics.set_body_bytes(signer.memory.held());
            for endpoint in signer.endpoints.iter() {
                let name = &endpoint.config.name;
                signer.signing_metrics.set_in_flight(name, endpoint.places.held());
                // The file may have changed: what is in it is what new connections use.
                let file = endpoint.config.egress.tls.certificate.as_ref().map(|ours| &ours.cert);
                if let Some(expiry) = file.and_then(|file| certificates::first_expiry(file).ok()?) {
                    metrics.set_certificate_expiry(name, expiry);
                }
            }
            metrics.render()
        }),
    }
}
