//! What a guard shows of its secrets while they rotate.
//!
//! What a slot never did is 0 and not absent, so that a query that asks for
//! never finds it; without a last day there is none to show.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use prometheus::IntGaugeVec;

use crate::clock::UnixTime;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::process_metrics::signed;

/// The metrics of secrets, set when a scrape comes.
#[derive(Debug)]
pub(crate) struct SecretMetrics {
    not_after: IntGaugeVec,
    last_verified: IntGaugeVec,
    /// Sources and slots that are shown, so that what a reload took away can go.
    shown: Mutex<BTreeSet<(String, usize)>>,
}

/// One secret, as a scrape finds it.
#[derive(Debug)]
pub(crate) struct SecretReading {
    pub(crate) source: String,
    pub(crate) slot: usize,
    pub(crate) not_after: Option<UnixTime>,
    pub(crate) last_verified: Option<UnixTime>,
}

impl SecretMetrics {
    /// Declared beside `metrics`, and rendered with them.
    pub(crate) fn new(metrics: &Metrics) -> Self {
        Self {
            not_after: metrics.process.declare.gauges(
                "secret_not_after_timestamp_seconds",
                "Until when a secret counts, in Unix time; absent where it always does.",
                &LABELS,
            ),
            last_verified: metrics.process.declare.gauges(
                "secret_last_verified_timestamp_seconds",
                "When a secret last verified a delivery, in Unix time; 0 for never since the start.",
                &LABELS,
            ),
            shown: Mutex::default(),
        }
    }

    /// Shows these secrets and no other.
    pub(crate) fn set(&self, readings: impl IntoIterator<Item = SecretReading>) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let mut gone = std::mem::take(&mut *shown);
        for SecretReading { source, slot, not_after, last_verified } in readings {
            let number = slot.to_string();
            let labels = [&*source, &*number];
            let last_verified = last_verified.map_or(0, UnixTime::as_secs);
            self.last_verified.with_label_values(&labels).set(signed(last_verified));
            match not_after {
                Some(end) => self.not_after.with_label_values(&labels).set(signed(end.as_secs())),
                None => remove(&self.not_after, &labels),
            }
            gone.remove(&(source.clone(), slot));
            shown.insert((source, slot));
        }
        for (source, slot) in gone {
            let number = slot.to_string();
            for family in [&self.last_verified, &self.not_after] {
                remove(family, &[&source, &number]);
            }
        }
    }
}

/// It may be gone already.
fn remove(family: &IntGaugeVec, labels: &[&str]) {
    family.remove_label_values(labels).ok();
}

const LABELS: [&str; 2] = ["source", "slot"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::Subject;
    use crate::telemetry::process_metrics::tests::check;

    fn reading(slot: usize, not_after: Option<u64>, last_verified: Option<u64>) -> SecretReading {
        let at = |secs: Option<u64>| secs.map(UnixTime::from_secs);
        let source = "billing".to_owned();
        SecretReading { source, slot, not_after: at(not_after), last_verified: at(last_verified) }
    }

    #[test]
    fn what_is_in_force_is_shown_and_nothing_else() {
        let metrics = Metrics::new(Subject::Source, &[]);
        let secrets = SecretMetrics::new(&metrics);
        secrets.set([reading(0, Some(1_900_000_000), Some(1_800_000_000)), reading(1, None, None)]);
        check(
            &metrics.process,
            &[
                "countersign_secret_not_after_timestamp_seconds{slot=\"0\",source=\"billing\"} 1900000000",
                "countersign_secret_last_verified_timestamp_seconds{slot=\"0\",source=\"billing\"} 1800000000",
                "countersign_secret_last_verified_timestamp_seconds{slot=\"1\",source=\"billing\"} 0",
            ],
        );
        // The old one is taken out, and the new one is slot 0.
        secrets.set([reading(0, None, None)]);
        check(
            &metrics.process,
            &["countersign_secret_last_verified_timestamp_seconds{slot=\"0\",source=\"billing\"} 0"],
        );
        let text = metrics.process.render();
        assert!(!text.contains("countersign_secret_not_after_timestamp_seconds{"), "{text}");
        assert!(!text.contains("_last_verified_timestamp_seconds{slot=\"1\""), "{text}");
    }
}
