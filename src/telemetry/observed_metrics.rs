//! What a guard shows of the sources that only observe.

use prometheus::IntCounterVec;

use crate::telemetry::metrics::Metrics;

/// The metrics of the mode `observe`.
#[derive(Debug)]
pub(crate) struct ObservedMetrics {
    observed: IntCounterVec,
}

impl ObservedMetrics {
    /// Declared beside `metrics`, and rendered with them.
    pub(crate) fn new(metrics: &Metrics) -> Self {
        Self {
            observed: metrics.process.declare.counters(
                "observed_total",
                "Deliveries that were forwarded unverified, by the code that they would be refused with.",
                &["source", "code"],
            ),
        }
    }

    /// `source` observes: each of `codes` shows as 0 until the first.
    pub(crate) fn begin(&self, source: &str, codes: impl Iterator<Item = &'static str>) {
        for code in codes {
            self.observed.with_label_values(&[source, code]);
        }
    }

    /// A delivery to `source` is forwarded that would be refused with `code`.
    pub(crate) fn observed(&self, source: &str, code: &'static str) {
        self.observed.with_label_values(&[source, code]).inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::Subject;
    use crate::telemetry::process_metrics::tests::check;

    #[test]
    fn what_would_be_refused_is_counted_by_source_and_code() {
        let metrics = Metrics::new(Subject::Source, &[]);
        let observed = ObservedMetrics::new(&metrics);
        observed.begin("billing", ["replayed", "signature_mismatch"].into_iter());
        observed.observed("billing", "replayed");
        check(
            &metrics.process,
            &[
                "countersign_observed_total{code=\"replayed\",source=\"billing\"} 1",
                "countersign_observed_total{code=\"signature_mismatch\",source=\"billing\"} 0",
            ],
        );
    }
}
