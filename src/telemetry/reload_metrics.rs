//! What a guard shows of its reloads.

use prometheus::{IntCounter, IntGauge};

use crate::clock::UnixTime;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::process_metrics::signed;

/// The metrics of reloads.
#[derive(Debug)]
pub(crate) struct ReloadMetrics {
    taken: IntCounter,
    refused: IntCounter,
    last_taken: IntGauge,
    is_current: IntGauge,
}

impl ReloadMetrics {
    /// Declared beside `metrics`, and rendered with them.
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let declare = &metrics.process.declare;
        let reloads = declare.counters(
            "config_reloads_total",
            "Times that the configuration was read again, by what became of it.",
            &["result"],
        );
        Self {
            // There before the first: a rate of what was absent misses it.
            taken: reloads.with_label_values(&["taken"]),
            refused: reloads.with_label_values(&["refused"]),
            last_taken: declare.gauge(
                "config_in_force_timestamp_seconds",
                "When the configuration in force was taken, in Unix time.",
            ),
            is_current: declare.gauge(
                "config_is_current",
                "Whether the configuration read last is in force: 0 while a broken one waits to be mended.",
            ),
        }
    }

    /// A configuration was taken at `now`, the first or another.
    pub(crate) fn taken(&self, now: UnixTime) {
        self.taken.inc();
        self.last_taken.set(signed(now.as_secs()));
        self.is_current.set(1);
    }

    /// What was read is of no use.
    pub(crate) fn refused(&self) {
        self.refused.inc();
        self.is_current.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::Subject;
    use crate::telemetry::process_metrics::tests::check;

    #[test]
    fn a_broken_configuration_shows_until_a_good_one_is_taken() {
        let metrics = Metrics::new(Subject::Source, &[]);
        let reloads = ReloadMetrics::new(&metrics);
        check(&metrics.process, &["countersign_config_reloads_total{result=\"refused\"} 0"]);
        reloads.taken(UnixTime::from_secs(1_800_000_000));
        reloads.refused();
        check(
            &metrics.process,
            &[
                "countersign_config_reloads_total{result=\"taken\"} 1",
                "countersign_config_reloads_total{result=\"refused\"} 1",
                "countersign_config_in_force_timestamp_seconds 1800000000",
                "countersign_config_is_current 0",
            ],
        );
        reloads.taken(UnixTime::from_secs(1_800_000_001));
        check(&metrics.process, &["countersign_config_is_current 1"]);
    }
}
