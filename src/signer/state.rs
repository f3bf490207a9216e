//! What all workers share, for as long as the process lives.

use std::sync::Arc;

use crate::clock::Clock;
use crate::config::SignerBounds;
use crate::limits::Bound;
use crate::signer::endpoints::Endpoints;
use crate::telemetry::{SigningMetrics, Telemetry};

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
