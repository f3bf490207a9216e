//! The metrics that every role has, declared together (Prometheus naming: base
//! units, `_total` on counters). What one role has beside them is declared in a
//! file of its own: `ledger_metrics`, `signing_metrics`.
//!
//! Counters of a delivery are resolved once for each source or endpoint, one per
//! code ([`Named`]), so that counting is a few atomic additions. What is only ever read by
//! a scrape is set when one comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus::{Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, TextEncoder};

use crate::clock::UnixTime;
use crate::telemetry::declare::Declare;
use crate::telemetry::log_sink::LogSink;
use crate::telemetry::subject::Subject;

/// The metrics of a role.
#[derive(Debug)]
pub(crate) struct Metrics {
    /// Makes what one role has beside these.
    pub(super) declare: Declare,
    /// In the order given, for the place of a code in `deliveries`.
    codes: Vec<&'static str>,
    families: NamedFamilies,
    /// Deliveries for which no source or endpoint was found: the label is empty.
    unrouted: Named,
    body_bytes_in_flight: IntGauge,
    connections: IntGauge,
    connections_refused: IntCounterVec,
    handshakes: IntCounterVec,
    certificate_expiry: IntGaugeVec,
    log_lines_dropped: IntCounter,
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
    /// By secret slot.
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

/// An open connection; it is counted as long as this lives.
#[derive(Debug)]
#[must_use = "the connection counts as closed once this is dropped"]
pub(crate) struct OpenConnection(IntGauge);

impl Metrics {
    /// Metrics for deliveries to sources or endpoints, as `subject` says, that
    /// end in one of `codes`, the usual one first: that is where it is looked
    /// for.
    pub(crate) fn new(subject: Subject, codes: &[&'static str]) -> Self {
        let declare = Declare::default();
        let families = NamedFamilies::new(subject, &declare);
        declare.constants();
        Self {
            unrouted: families.of("", 0, codes, None),
            families,
            codes: codes.to_vec(),
            body_bytes_in_flight: declare.gauge("body_bytes_in_flight", "Bytes of bodies held in memory."),
            connections: declare.gauge("connections", "Open connections."),
            connections_refused: declare.counters(
                "connections_refused_total",
                "Connections closed at once, by the bound they met.",
                &["reason"],
            ),
            handshakes: declare.counters(
                "tls_handshakes_total",
                "TLS handshakes, by how they ended.",
                &["result"],
            ),
            certificate_expiry: declare.gauges(
                "certificate_expiry_timestamp_seconds",
                "When a certificate in use expires, in Unix time.",
                &["certificate"],
            ),
            log_lines_dropped: declare
                .counter("log_lines_dropped_total", "Log lines that found no room or no reader."),
            declare,
        }
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

    /// A connection was taken.
    pub(crate) fn connection_opened(&self) -> OpenConnection {
        self.connections.inc();
        OpenConnection(self.connections.clone())
    }

    /// A connection was closed at once.
    pub(crate) fn connection_refused(&self, reason: &'static str) {
        self.connections_refused.with_label_values(&[reason]).inc();
    }

    /// A TLS handshake was completed or failed; `None` when it took too long.
    pub(crate) fn handshake(&self, completed: Option<bool>) {
        let result = match completed {
            Some(true) => "completed",
            Some(false) => "failed",
            None => "timed_out",
        };
        self.handshakes.with_label_values(&[result]).inc();
    }

    /// A certificate in use expires at `not_after`.
    pub(crate) fn set_certificate_expiry(&self, certificate: &str, not_after: UnixTime) {
        self.certificate_expiry.with_label_values(&[certificate]).set(signed(not_after.as_secs()));
    }

    /// Bytes of bodies in memory, at a scrape.
    pub(crate) fn set_body_bytes(&self, bytes: u64) {
        self.body_bytes_in_flight.set(signed(bytes));
    }

    /// Everything, in Prometheus' text format 0.0.4.
    pub(crate) fn render(&self) -> String {
        let dropped = LogSink::stdout().dropped();
        self.log_lines_dropped.inc_by(dropped.saturating_sub(self.log_lines_dropped.get()));
        TextEncoder::new()
            .encode_to_string(&self.declare.gather())
            .expect("every family has a name and is written to memory")
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.dec();
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

    /// How many signatures have held under the secret in each slot.
    pub(crate) fn verified_counts(&self) -> impl Iterator<Item = u64> {
        self.verified.iter().map(IntCounter::get)
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
            verified: (0..secrets).map(verified).collect(),
        }
    }
}

pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn metrics() -> Metrics {
        Metrics::new(Subject::Source, &["replayed", "accepted"])
    }

    /// Whether the rendered text has these lines.
    #[track_caller]
    pub(crate) fn check(metrics: &Metrics, lines: &[&str]) {
        let text = metrics.render();
        for line in lines {
            assert!(text.lines().any(|found| found == *line), "{line:?} is not in\n{text}");
        }
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
            &metrics,
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
        // Its successor has another name: the time would be somebody else's.
        let other = metrics.named("github", 1, Some(&first));
        assert_eq!(metrics.tallies(Some(&other)).count(), 0);
        metrics.delivery(Some(&metrics.named("github", 1, None)), REPLAYED);
        let last = metrics.tallies(Some(&other)).next().unwrap().last;
        assert_eq!(last, None);
    }

    #[test]
    fn connections_count_while_they_are_open() {
        let metrics = metrics();
        let (first, second) = (metrics.connection_opened(), metrics.connection_opened());
        check(&metrics, &["countersign_connections 2"]);
        drop((first, second));
        check(&metrics, &["countersign_connections 0"]);
    }

    #[test]
    fn the_rest_is_there_under_its_name_and_unit() {
        let metrics = metrics();
        metrics.connection_refused("connections");
        for completed in [Some(true), Some(false), None] {
            metrics.handshake(completed);
        }
        metrics.set_body_bytes(1024);
        metrics.set_certificate_expiry("server", UnixTime::from_secs(1_893_456_000));
        let version = env!("CARGO_PKG_VERSION");
        let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
        check(
            &metrics,
            &[
                "countersign_connections_refused_total{reason=\"connections\"} 1",
                "countersign_tls_handshakes_total{result=\"completed\"} 1",
                "countersign_tls_handshakes_total{result=\"failed\"} 1",
                "countersign_tls_handshakes_total{result=\"timed_out\"} 1",
                "countersign_body_bytes_in_flight 1024",
                "countersign_certificate_expiry_timestamp_seconds{certificate=\"server\"} 1893456000",
                &format!("countersign_build_info{{arch=\"{arch}\",os=\"{os}\",version=\"{version}\"}} 1"),
                "# TYPE countersign_log_lines_dropped_total counter",
                "# TYPE process_start_time_seconds gauge",
            ],
        );
    }
}
