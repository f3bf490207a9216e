//! What the guard counts of TLS handshakes that fail.
//!
//! Apart from how many do (`tls_handshakes_total`), because who has to act
//! differs: whoever scans ports is not a sender whose certificate has ended.

use prometheus::IntCounterVec;

use crate::telemetry::metrics::Metrics;

/// One counter for each reason.
#[derive(Debug)]
pub(crate) struct TlsMetrics(IntCounterVec);

impl TlsMetrics {
    /// Declared beside `metrics`, and rendered with them. What is counted for
    /// none of `reasons` yet is 0 and not absent, so that the first one is seen
    /// as an increase.
    pub(crate) fn new(metrics: &Metrics, reasons: impl IntoIterator<Item = &'static str>) -> Self {
        let failures = metrics.process.declare.counters(
            "tls_handshake_failures_total",
            "TLS handshakes that failed or took too long, by the reason.",
            &["reason"],
        );
        for reason in reasons {
            failures.with_label_values(&[reason]);
        }
        Self(failures)
    }

    /// A handshake failed.
    pub(crate) fn failed(&self, reason: &'static str) {
        self.0.with_label_values(&[reason]).inc();
    }
}
