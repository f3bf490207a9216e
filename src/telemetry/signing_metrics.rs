//! What the signer counts beside its deliveries.

use prometheus::{IntCounterVec, IntGaugeVec};

use crate::telemetry::metrics::Metrics;
use crate::telemetry::process_metrics::signed;

/// The metrics of a signer.
#[derive(Debug)]
pub(crate) struct SigningMetrics {
    in_flight: IntGaugeVec,
    token_requests: IntCounterVec,
}

impl SigningMetrics {
    /// Declared beside `metrics`, and rendered with them.
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let declare = &metrics.process.declare;
        Self {
            in_flight: declare.gauges(
                "deliveries_in_flight",
                "Deliveries whose consumer has not answered in full.",
                &["endpoint"],
            ),
            token_requests: declare.counters(
                "token_requests_total",
                "Requests for an access token (OAuth 2.0), by how they ended.",
                &["endpoint", "result"],
            ),
        }
    }

    /// Deliveries under way to `endpoint`, at a scrape.
    pub(crate) fn set_in_flight(&self, endpoint: &str, deliveries: u64) {
        self.in_flight.with_label_values(&[endpoint]).set(signed(deliveries));
    }

    /// An authorization server was asked for a token.
    pub(crate) fn token_requested(&self, endpoint: &str, granted: bool) {
        let result = if granted { "granted" } else { "failed" };
        self.token_requests.with_label_values(&[endpoint, result]).inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::process_metrics::tests::check;
    use crate::telemetry::subject::Subject;

    #[test]
    fn deliveries_in_flight_and_tokens_are_counted_by_endpoint() {
        let metrics = Metrics::new(Subject::Endpoint, &["delivered"]);
        let _billing = metrics.named("billing", 0, None);
        let signing = SigningMetrics::new(&metrics);
        signing.set_in_flight("billing", 3);
        signing.token_requested("billing", true);
        check(
            &metrics.process,
            &[
                "countersign_deliveries_total{code=\"delivered\",endpoint=\"billing\"} 0",
                "countersign_deliveries_in_flight{endpoint=\"billing\"} 3",
                "countersign_token_requests_total{endpoint=\"billing\",result=\"granted\"} 1",
            ],
        );
    }
}
