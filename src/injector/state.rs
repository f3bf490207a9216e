//! What all workers share, for as long as the process lives.

use std::fmt;
use std::sync::Arc;

use crate::config::InjectorBounds;
use crate::injector::callers::Callers;
use crate::injector::certificates::Serving;
use crate::injector::cluster::{ClusterThread, Namespaces};
use crate::injector::readiness::Readiness;
use crate::injector::review;
use crate::limits::Bound;
use crate::telemetry::{InjectionMetrics, ProcessMetrics};

/// The injector's state.
pub(crate) struct Injector {
    /// What decides is told of it.
    pub(crate) settings: review::Injector,
    pub(crate) namespaces: Namespaces,
    pub(crate) serving: Arc<Serving>,
    pub(crate) readiness: Arc<Readiness>,
    pub(crate) bounds: InjectorBounds,
    /// Places for connections.
    pub(crate) connections: Arc<Bound>,
    /// Who has them.
    pub(crate) callers: Callers,
    /// Of all reviews that are read or answered.
    pub(crate) memory: Arc<Bound>,
    pub(crate) metrics: Arc<ProcessMetrics>,
    pub(crate) reviews: InjectionMetrics,
    /// Ends with the last that may need the API server.
    pub(crate) _cluster: ClusterThread,
}

impl Injector {
    /// The metrics in text format.
    pub(crate) fn scrape(&self) -> String {
        self.metrics.set_body_bytes(self.memory.held());
        self.metrics.render()
    }

    /// Whether reviews can be answered, and what is waited for if not.
    pub(crate) fn ready(&self) -> Result<(), &'static str> {
        self.readiness.reached(self.serving.current().is_some())
    }
}

impl fmt::Debug for Injector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Injector").field("readiness", &self.readiness).finish_non_exhaustive()
    }
}
