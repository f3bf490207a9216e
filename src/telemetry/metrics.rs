//! The metrics of every role that has deliveries, declared together (Prometheus naming: base
//! units, `_total` on counters). What one role has beside them is declared in a
//! file of its own: `ledger_metrics`, `signing_metrics`.
//!
//! Counters of a delivery are resolved once for each source or endpoint, one per
//! code ([`Named`]), so that counting is a few atomic additions. What is only ever read by
//! a scrape is set when one comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus::{Histogram, HistogramVec, IntCounter, IntCounterVec};

use crate::clock::UnixTime;
use crate::telemetry::declare::Declare;
use crate::telemetry::process_metrics::ProcessMetrics;
use crate::telemetry::subject::Subject;

/// The metrics of a role that has deliveries.
#[derive(Debug)]
pub(crate) struct Metrics {
    /// Those of the process.
    pub(crate) process: ProcessMetrics,
    /// In the order given, for the place of a code in `deliveries`.
    codes: Vec<&'static str>,
    families: NamedFamilies,
    /// Deliveries for which no source or endpoint was found: the label is empty.
    unrouted: Named,
}

/// What is counted of one source or endpoint. Counters of one name are the
/// same, whoever asks for them and when.
#[derive(Debug)]
pub(crate) struct Named {
    name: String,
    /// By the place of the code.
    deliveries: Vec<IntCounter>,
    /// When a delivery last ended so, in seconds; 0 for never. By the place of
    /// the code.
    last: Arc<[AtomicU64]>,
    duration: Histogram,
    upstream_duration: Histogram,
    /// By secret slot, and behind them those of slots that a reload took away:
    /// what they counted is part of the whole.
    verified: Vec<IntCounter>,
}

/// How a delivery ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    /// One of the codes given at the start.
    pub(crate) code: &'static str,
    pub(crate) at: UnixTime,
    /// The whole.
    pub(crate) duration: Duration,
    /// The part of the app or the consumer.
    pub(crate) upstream: Option<Duration>,
}

/// How many deliveries have ended in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) code: &'static str,
    pub(crate) count: u64,
    /// To the second. `None` where the one who counted has been replaced.
    pub(crate) last: Option<UnixTime>,
}

impl Metrics {
    /// Metrics for deliveries to sources or endpoints, as `subject` says, that
    /// end in one of `codes`, the usual one first: that is where it is looked
    /// for.
    pub(crate) fn new(subject: Subject, codes: &[&'static str]) -> Self {
        let process = ProcessMetrics::new();
        let families = NamedFamilies::new(subject, &process.declare);
        Self { unrouted: families.of("", 0, codes, None), families, codes: codes.to_vec(), process }
    }

    /// Metrics for the source or endpoint `name`, which has so many `secrets`.
    /// `before` is who had the name until now.
    pub(crate) fn named(&self, name: &str, secrets: usize, before: Option<&Named>) -> Named {
        self.families.of(name, secrets, &self.codes, before.filter(|before| before.name == name))
    }

    /// A delivery ended.
    pub(crate) fn delivery(&self, named: Option<&Named>, ended: Ended) {
        let Ended { code, at, duration, upstream } = ended;
        let metrics = named.unwrap_or(&self.unrouted);
        let place = self.codes.iter().position(|known| *known == code);
        debug_assert!(place.is_some(), "{code} is not one of the codes given at the start");
        if let Some(place) = place {
            metrics.deliveries[place].inc();
            // Written once a second at the most: workers share the line, and
            // reading it costs them nothing.
            let (last, now) = (&metrics.last[place], at.as_secs());
            if last.load(Ordering::Relaxed) != now {
                last.store(now, Ordering::Relaxed);
            }
        }
        metrics.duration.observe(duration.as_secs_f64());
        if let Some(upstream) = upstream {
            metrics.upstream_duration.observe(upstream.as_secs_f64());
        }
    }

    /// How deliveries have ended since the start, as far as any have: those to
    /// `named`, or those for which nobody was found.
    pub(crate) fn tallies<'s>(&'s self, named: Option<&'s Named>) -> impl Iterator<Item = Tally> + 's {
        let metrics = named.unwrap_or(&self.unrouted);
        let counted = self.codes.iter().zip(&metrics.deliveries).zip(&*metrics.last);
        counted.filter(|((_, count), _)| count.get() > 0).map(|((code, count), last)| Tally {
            code,
            count: count.get(),
            last: Some(last.load(Ordering::Relaxed)).filter(|last| *last > 0).map(UnixTime::from_secs),
        })
    }
}

impl Named {
    /// Its name in configuration, logs and metrics.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A signature held under the secret in `slot`.
    pub(crate) fn verified(&self, slot: usize) {
        self.verified[slot].inc();
    }

    /// How many signatures have held, whichever secret and slot it was under. It
    /// never goes down.
    pub(crate) fn verified_count(&self) -> u64 {
        self.verified.iter().map(IntCounter::get).sum()
    }
}

/// What there is one of for each source or endpoint.
#[derive(Debug)]
struct NamedFamilies {
    deliveries: IntCounterVec,
    duration: HistogramVec,
    upstream: HistogramVec,
    verified: IntCounterVec,
}

impl NamedFamilies {
    fn new(subject: Subject, declare: &Declare) -> Self {
        let label = subject.name();
        let peer = subject.peer();
        Self {
            deliveries: declare.counters(
                "deliveries_total",
                "Deliveries, by how they ended.",
                &[label, "code"],
            ),
            duration: declare.histograms(
                "delivery_duration_seconds",
                "From the head of a delivery to its answer.",
                label,
            ),
            upstream: declare.histograms(
                &format!("{peer}_duration_seconds"),
                &format!("From sending a delivery on to the head of the {peer}'s answer."),
                label,
            ),
            verified: declare.counters(
                "verified_total",
                "Deliveries whose signature held, by the secret that verified it, counted from 0.",
                &[label, "slot"],
            ),
        }
    }

    fn of(&self, name: &str, secrets: usize, codes: &[&str], before: Option<&Named>) -> Named {
        let delivery = |code: &&str| self.deliveries.with_label_values(&[name, *code]);
        let slots = before.map_or(secrets, |before| secrets.max(before.verified.len()));
        let verified = |slot: usize| self.verified.with_label_values(&[name, &slot.to_string()]);
        Named {
            name: name.to_owned(),
            deliveries: codes.iter().map(delivery).collect(),
            last: before.map_or_else(
                || codes.iter().map(|_| AtomicU64::default()).collect(),
                |before| Arc::clone(&before.last),
            ),
            duration: self.duration.with_label_values(&[name]),
            upstream_duration: self.upstream.with_label_values(&[name]),
            verified: (0..slots).map(verified).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::process_metrics::tests::check;

    fn metrics() -> Metrics {
        Metrics::new(Subject::Source, &["replayed", "accepted"])
    }

    const REPLAYED: Ended = Ended {
        code: "replayed",
        at: UnixTime::from_secs(1_800_000_000),
        duration: Duration::from_micros(40),
        upstream: None,
    };

    #[test]
    fn a_delivery_is_counted_under_its_source_and_code() {
        let metrics = metrics();
        let (github, stripe) = (metrics.named("github", 2, None), metrics.named("stripe", 1, None));
        let (duration, upstream) = (Duration::from_micros(300), Some(Duration::from_micros(200)));
        metrics.delivery(Some(&stripe), Ended { code: "accepted", duration, upstream, ..REPLAYED });
        metrics.delivery(Some(&stripe), REPLAYED);
        metrics.delivery(None, REPLAYED);
        github.verified(1);
        check(
            &metrics.process,
            &[
                "# TYPE countersign_deliveries_total counter",
                "countersign_deliveries_total{code=\"accepted\",source=\"stripe\"} 1",
                "countersign_deliveries_total{code=\"replayed\",source=\"stripe\"} 1",
                "countersign_deliveries_total{code=\"replayed\",source=\"\"} 1",
                "countersign_deliveries_total{code=\"accepted\",source=\"github\"} 0",
                "# TYPE countersign_delivery_duration_seconds histogram",
                "countersign_delivery_duration_seconds_count{source=\"stripe\"} 2",
                "countersign_delivery_duration_seconds_bucket{source=\"stripe\",le=\"0.00025\"} 1",
                "countersign_upstream_duration_seconds_count{source=\"stripe\"} 1",
                "countersign_verified_total{slot=\"0\",source=\"github\"} 0",
                "countersign_verified_total{slot=\"1\",source=\"github\"} 1",
            ],
        );
    }

    #[test]
    fn the_last_of_each_code_is_known_and_outlives_who_counted_it() {
        let metrics = metrics();
        let first = metrics.named("stripe", 1, None);
        metrics.delivery(Some(&first), REPLAYED);
        metrics.delivery(Some(&first), Ended { at: UnixTime::from_millis(1_800_000_007_900), ..REPLAYED });
        let (code, count, last) = ("replayed", 2, Some(UnixTime::from_secs(1_800_000_007)));
        let second = metrics.named("stripe", 2, Some(&first));
        assert_eq!(metrics.tallies(Some(&second)).collect::<Vec<_>>(), [Tally { code, count, last }]);
        assert_eq!(metrics.tallies(None).count(), 0);
        // Without the secret of slot 1, what it verified stays counted.
        second.verified(1);
        let third = metrics.named("stripe", 1, Some(&second));
        third.verified(0);
        assert_eq!(third.verified_count(), 2);
        // Its successor has another name: the time would be somebody else's.
        let other = metrics.named("github", 1, Some(&first));
        assert_eq!(metrics.tallies(Some(&other)).count(), 0);
        metrics.delivery(Some(&metrics.named("github", 1, None)), REPLAYED);
        let last = metrics.tallies(Some(&other)).next().unwrap().last;
        assert_eq!(last, None);
    }
}
