//! What the guard's ledger shows of itself.

use prometheus::{Gauge, IntCounterVec, IntGauge};

use crate::telemetry::metrics::Metrics;
use crate::telemetry::process_metrics::signed;

/// The metrics of a ledger.
#[derive(Debug)]
pub(crate) struct LedgerMetrics {
    entries: IntGauge,
    entries_max: IntGauge,
    share: Gauge,
    up: IntGauge,
    fallback: IntGauge,
    unsettled: IntGauge,
    refusals: IntCounterVec,
}

/// How full the ledger is, at a scrape.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LedgerReading {
    /// Live entries.
    pub(crate) entries: u64,
    /// As many as there may be.
    pub(crate) entries_max: u64,
}

/// Whether a ledger that somebody else keeps can be asked, at a scrape.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LedgerHealth {
    /// It can; one of our own always can.
    pub(crate) up: bool,
    /// The process's own memory stands in for it.
    pub(crate) fallback: bool,
    /// Settlements that it has still to be told of.
    pub(crate) unsettled: usize,
}

impl LedgerMetrics {
    /// Declared beside `metrics`, and rendered with them.
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let declare = &metrics.process.declare;
        Self {
            entries: declare.gauge("ledger_entries", "Live entries of the ledger."),
            entries_max: declare.gauge("ledger_entries_max", "As many entries as the ledger may hold."),
            share: declare.ratio("ledger_share_ratio", "How full the ledger is, from 0 to 1."),
            up: declare.gauge("ledger_up", "Whether the ledger can be asked: 1, or 0."),
            fallback: declare.gauge(
                "ledger_fallback",
                "1 while this process's own memory stands in for the shared ledger.",
            ),
            unsettled: declare
                .gauge("ledger_unsettled", "Settlements that the shared ledger has still to be told of."),
            refusals: declare.counters(
                "ledger_refusals_total",
                "Deliveries that the ledger could not decide on, by reason.",
                &["reason"],
            ),
        }
    }

    /// The ledger could not decide.
    pub(crate) fn refused(&self, reason: &'static str) {
        self.refusals.with_label_values(&[reason]).inc();
    }

    /// Whether it can be asked, at a scrape.
    pub(crate) fn set_health(&self, health: LedgerHealth) {
        self.up.set(i64::from(health.up));
        self.fallback.set(i64::from(health.fallback));
        self.unsettled.set(signed(health.unsettled as u64));
    }

    /// How full the ledger is, at a scrape.
    pub(crate) fn set(&self, reading: LedgerReading) {
        let LedgerReading { entries, entries_max } = reading;
        self.entries.set(signed(entries));
        self.entries_max.set(signed(entries_max));
        // A ratio for people: what a float rounds away does not matter.
        #[allow(clippy::cast_precision_loss)]
        self.share.set(entries as f64 / entries_max.max(1) as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::process_metrics::tests::check;
    use crate::telemetry::subject::Subject;

    #[test]
    fn fullness_and_refusals_are_there_under_their_names() {
        let metrics = Metrics::new(Subject::Source, &[]);
        let ledger = LedgerMetrics::new(&metrics);
        ledger.refused("ledger_full");
        ledger.set(LedgerReading { entries: 3, entries_max: 4 });
        ledger.set_health(LedgerHealth { up: false, fallback: true, unsettled: 2 });
        check(
            &metrics.process,
            &[
                "countersign_ledger_refusals_total{reason=\"ledger_full\"} 1",
                "countersign_ledger_entries 3",
                "countersign_ledger_entries_max 4",
                "countersign_ledger_share_ratio 0.75",
                "countersign_ledger_up 0",
                "countersign_ledger_fallback 1",
                "countersign_ledger_unsettled 2",
            ],
        );
    }
}
