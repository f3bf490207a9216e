//! What the guard counts of captures.

use prometheus::{IntCounter, IntCounterVec};

use crate::telemetry::metrics::Metrics;

/// The counters.
#[derive(Clone, Debug)]
pub(crate) struct CaptureMetrics {
    kept: IntCounter,
    for_rate: IntCounter,
    for_room: IntCounter,
    for_disk: IntCounter,
}

impl CaptureMetrics {
    /// Declared beside `metrics`, and rendered with them.
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let kept = metrics
            .process
            .declare
            .counter("captures_total", "Refused deliveries that were written to a file.");
        let dropped: IntCounterVec = metrics.process.declare.counters(
            "captures_dropped_total",
            "Refused deliveries that were not, because of the rate, of too many waiting, or of the disk.",
            &["reason"],
        );
        let of = |reason| dropped.with_label_values(&[reason]);
        Self { kept, for_rate: of("rate"), for_room: of("queue"), for_disk: of("disk") }
    }

    /// One is in its file.
    pub(crate) fn kept(&self) {
        self.kept.inc();
    }

    /// One came too soon after others.
    pub(crate) fn dropped_for_rate(&self) {
        self.for_rate.inc();
    }

    /// Too many waited for the disk.
    pub(crate) fn dropped_for_room(&self) {
        self.for_room.inc();
    }

    /// The disk did not take it.
    pub(crate) fn dropped_for_disk(&self) {
        self.for_disk.inc();
    }
}
