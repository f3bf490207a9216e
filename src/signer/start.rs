//! Bringing a signer up.

use std::future;
use std::sync::Arc;

use futures_util::FutureExt as _;

use crate::admin::Health;
use crate::clock::Clock;
use crate::config::{Authorization, EndpointConfig, SignerConfig};
use crate::egress::{Egress, Route, RouteError, SystemResolver};
use crate::net::DrainSignal;
use crate::otlp::OtlpError;
use crate::service::{self, Running, Shown, Sockets, UpError};
use crate::signer::state::Signer;
use crate::signer::worker::{Way, Worker};

/// Why a signer did not come up.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its sockets or threads could not be had.
    #[error(transparent)]
    Up(#[from] UpError),
    /// Spans cannot be sent.
    #[error("send traces")]
    Traces(#[from] OtlpError),
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
pub fn start(mut config: SignerConfig, clock: Arc<dyn Clock>) -> Result<Running, StartError> {
    let routes = config.endpoints.iter().map(routes).collect::<Result<Vec<_>, _>>()?;
    let sockets = Sockets::bind(config.listen, config.admin_listen, config.threads)?;
    service::fit_descriptors(&mut config.bounds.connections);
    let signer = Arc::new(Signer::new(config, clock)?);
    let stop = DrainSignal::default();
    let shown = Shown { health: health(Arc::clone(&signer), stop.clone()), control: None };
    // One worker looks after the certificates for all of them.
    let mut watched: Vec<Arc<Route>> = routes.iter().flat_map(Routes::all).collect();
    let telemetry = Arc::clone(&signer.telemetry);
    let running = service::run("signer", sockets, stop.clone(), shown, |listener| {
        let worker = Arc::new(Worker::new(&signer, routes.iter().map(Routes::way).collect(), &stop));
        let watched = std::mem::take(&mut watched);
        move || worker.run(listener, watched)
    })?;
    Ok(running.at_the_end(move || telemetry.finish()))
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

/// What the admin port shows.
fn health(signer: Arc<Signer>, stop: DrainSignal) -> Health {
    Health {
        ready: Box::new(move || stop.still_open()),
        detail: Box::new(String::new),
        metrics: Box::new(move || future::ready(signer.scrape()).boxed()),
    }
}
