//! What an injector shows of its reviews.

use std::time::Duration;

use prometheus::{Histogram, IntCounterVec};

use crate::telemetry::process_metrics::ProcessMetrics;

/// The metrics of reviews.
#[derive(Debug)]
pub(crate) struct InjectionMetrics {
    reviews: IntCounterVec,
    duration: Histogram,
}

impl InjectionMetrics {
    /// Declared beside `metrics`, and rendered with them. Reviews end in one of
    /// `outcomes`, each of which is there from the start.
    pub(crate) fn new(metrics: &ProcessMetrics, outcomes: &[&'static str]) -> Self {
        let declare = &metrics.declare;
        let reviews =
            declare.counters("injector_reviews_total", "Admission reviews, by how they ended.", &["outcome"]);
        for outcome in outcomes {
            reviews.with_label_values(&[*outcome]);
        }
        let duration = declare.histogram(
            "injector_review_duration_seconds",
            "From the head of an admission review to its answer.",
        );
        Self { reviews, duration }
    }

    /// A review ended.
    pub(crate) fn review(&self, outcome: &'static str, duration: Duration) {
        self.reviews.with_label_values(&[outcome]).inc();
        self.duration.observe(duration.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::process_metrics::tests::check;

    #[test]
    fn reviews_are_counted_by_outcome_from_none_on() {
        let metrics = ProcessMetrics::new();
        let reviews = InjectionMetrics::new(&metrics, &["injected", "denied"]);
        reviews.review("injected", Duration::from_micros(200));
        check(
            &metrics,
            &[
                "countersign_injector_reviews_total{outcome=\"injected\"} 1",
                "countersign_injector_reviews_total{outcome=\"denied\"} 0",
                "countersign_injector_review_duration_seconds_count 1",
            ],
        );
    }
}
