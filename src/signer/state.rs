//! What all workers share, for as long as the process lives.

use std::sync::Arc;

use crate::clock::{Clock, UnixTime};
use crate::config::{EndpointConfig, LogConfig, SignerBounds, SignerConfig, TraceConfig, material};
use crate::limits::Bound;
use crate::otlp::OtlpError;
use crate::signer::endpoints::{Endpoint, Endpoints};
use crate::signer::outcome::Outcome;
use crate::telemetry::{DeliveryLog, Metrics, SigningMetrics, Subject, Telemetry, Tracer};

/// The signer's state.
#[derive(Debug)]
pub(crate) struct Signer {
    pub(crate) endpoints: Endpoints,
    pub(crate) bounds: SignerBounds,
    pub(crate) clock: Arc<dyn Clock>,
    /// Places for connections of the app.
    pub(crate) connections: Arc<Bound>,
    /// Places for deliveries in flight, to all endpoints.
    pub(crate) deliveries: Arc<Bound>,
    /// Body bytes in flight.
    pub(crate) memory: Arc<Bound>,
    pub(crate) telemetry: Arc<Telemetry>,
    pub(crate) signing_metrics: SigningMetrics,
}

impl Signer {
    /// The state of a signer that has sent nothing yet.
    pub(crate) fn new(config: SignerConfig, clock: Arc<dyn Clock>) -> Result<Self, OtlpError> {
        let SignerConfig { endpoints, bounds, traces, log, .. } = config;
        let telemetry = telemetry(&log, traces.as_ref(), Arc::clone(&clock))?;
        let endpoint = |(place, config): (usize, EndpointConfig)| {
            let named = telemetry.metrics.named(&config.name, 0, None);
            Arc::new(Endpoint::new(place, config, named))
        };
        Ok(Self {
            signing_metrics: SigningMetrics::new(&telemetry.metrics),
            endpoints: Endpoints::new(endpoints.into_iter().enumerate().map(endpoint).collect()),
            connections: Arc::new(Bound::new(bounds.connections as u64)),
            deliveries: Arc::new(Bound::new(bounds.deliveries as u64)),
            memory: Arc::new(Bound::new(bounds.memory_bytes)),
            telemetry: Arc::new(telemetry),
            bounds,
            clock,
        })
    }

    /// The metrics in text format. What only a scrape asks for is read now, so
    /// that no delivery pays for a gauge.
    pub(crate) fn scrape(&self) -> String {
        let metrics = &self.telemetry.metrics;
        metrics.process.set_body_bytes(self.memory.held());
        for endpoint in self.endpoints.iter() {
            let name = &endpoint.config.name;
            self.signing_metrics.set_in_flight(name, endpoint.places.held());
            if let Some(expiry) = certificate_expiry(&endpoint.config) {
                metrics.process.set_certificate_expiry(name, expiry);
            }
        }
        metrics.process.render()
    }
}

/// Of the certificate shown to a consumer. The file may have changed: what is
/// in it is what new connections use.
fn certificate_expiry(endpoint: &EndpointConfig) -> Option<UnixTime> {
    let ours = endpoint.egress.tls.certificate.as_ref()?;
    material::first_expiry(&material::certificates(&ours.cert).ok()?)
}

fn telemetry(
    log: &LogConfig,
    collector: Option<&TraceConfig>,
    clock: Arc<dyn Clock>,
) -> Result<Telemetry, OtlpError> {
    let codes: Vec<&'static str> = Outcome::all().map(Outcome::code).collect();
    let metrics = Metrics::new(Subject::Endpoint, &codes);
    let tracer =
        collector.map(|collector| Tracer::start(collector, "countersign-signer", &metrics)).transpose()?;
    Ok(Telemetry { metrics, log: DeliveryLog::new(Subject::Endpoint, log), tracer, clock })
}
