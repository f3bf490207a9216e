//! What the guard counts of secrets that arrive where they do not belong.

use prometheus::{IntCounter, IntCounterVec};

use crate::telemetry::metrics::Metrics;

/// The counters, one for each source.
#[derive(Debug)]
pub(crate) struct LeakMetrics(IntCounterVec);

/// The counter of one source.
#[derive(Debug)]
pub(crate) struct LeakCounter(IntCounter);

impl LeakMetrics {
    /// Declared beside `metrics`, and rendered with them.
    pub(crate) fn new(metrics: &Metrics) -> Self {
        Self(metrics.process.declare.counters(
            "secret_leaks_total",
            "Fields and query parameters that held a secret of their source, and were removed.",
            &["source"],
        ))
    }

    /// The counter of `source`: the same, whoever asks for it and when.
    pub(crate) fn of(&self, source: &str) -> LeakCounter {
        LeakCounter(self.0.with_label_values(&[source]))
    }
}

impl LeakCounter {
    /// So many were removed from one request.
    pub(crate) fn add(&self, count: u64) {
        self.0.inc_by(count);
    }
}
