//! Every metric there is, declared together (Prometheus naming: base units,
//! `_total` on counters).
//!
//! Counters of a delivery are resolved at start, one per source and code, so
//! that counting is a few atomic additions. What is only ever read by a scrape
//! is set when one comes.

use std::time::Duration;

use prometheus::{
    Gauge, Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Registry, TextEncoder,
};

use crate::clock::UnixTime;
use crate::telemetry::declare::Declare;
use crate::telemetry::log_sink::LogSink;

/// The metrics of a guard.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    /// Sorted, for the place of a code in `deliveries`.
    codes: Vec<&'static str>,
    sources: Vec<SourceMetrics>,
    /// Deliveries that no source was found for: their `source` is empty.
    unrouted: SourceMetrics,
    body_bytes_in_flight: IntGauge,
    connections: IntGauge,
    connections_refused: IntCounterVec,
    handshakes: IntCounterVec,
    ledger_entries: IntGauge,
    ledger_entries_max: IntGauge,
    ledger_share: Gauge,
    ledger_refusals: IntCounterVec,
    certificate_expiry: IntGaugeVec,
    log_lines_dropped: IntCounter,
}

#[derive(Debug)]
struct SourceMetrics {
    /// By the place of the code.
    deliveries: Vec<IntCounter>,
    duration: Histogram,
    upstream_duration: Histogram,
    /// By secret slot.
    verified: Vec<IntCounter>,
}

/// How full the ledger is, at a scrape.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LedgerReading {
    /// Live entries.
    pub(crate) entries: u64,
    /// As many as there may be.
    pub(crate) entries_max: u64,
}

/// An open connection; it is counted as long as this lives.
#[derive(Debug)]
#[must_use = "the connection counts as closed once this is dropped"]
pub(crate) struct OpenConnection(IntGauge);

impl Metrics {
    /// Metrics for `sources`, each with its name and its number of secrets,
    /// and for deliveries that end in one of `codes`.
    pub(crate) fn new(sources: &[(String, usize)], codes: &[&'static str]) -> Self {
        let declare = Declare::default();
        let families = SourceFamilies {
            deliveries: declare.counters(
                "deliveries_total",
                "Deliveries, by how they ended.",
                &["source", "code"],
            ),
            duration: declare
                .histograms("delivery_duration_seconds", "From the head of a delivery to its answer."),
            upstream: declare.histograms(
                "upstream_duration_seconds",
                "From forwarding a delivery to the head of the app's answer.",
            ),
            verified: declare.counters(
                "verified_total",
                "Deliveries whose signature held, by the secret that verified it, counted from 0.",
                &["source", "slot"],
            ),
        };
        let mut codes = codes.to_vec();
        codes.sort_unstable();
        declare.constants();
        Self {
            sources: sources.iter().map(|(name, secrets)| families.of(name, *secrets, &codes)).collect(),
            unrouted: families.of("", 0, &codes),
            codes,
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
            ledger_entries: declare.gauge("ledger_entries", "Live entries of the ledger."),
            ledger_entries_max: declare
                .gauge("ledger_entries_max", "As many entries as the ledger may hold."),
            ledger_share: declare.ratio("ledger_share_ratio", "How full the ledger is, from 0 to 1."),
            ledger_refusals: declare.counters(
                "ledger_refusals_total",
                "Deliveries that the ledger could not decide on, by reason.",
                &["reason"],
            ),
            certificate_expiry: declare.gauges(
                "certificate_expiry_timestamp_seconds",
                "When a certificate in use expires, in Unix time.",
                "certificate",
            ),
            log_lines_dropped: declare
                .counter("log_lines_dropped_total", "Log lines that found no room or no reader."),
            registry: declare.into_registry(),
        }
    }

    /// A delivery ended in `code`, one of those given at the start.
    pub(crate) fn delivery(
        &self,
        source: Option<usize>,
        code: &'static str,
        duration: Duration,
        upstream: Option<Duration>,
    ) {
        let metrics = source.map_or(&self.unrouted, |source| &self.sources[source]);
        let place = self.codes.binary_search(&code);
        debug_assert!(place.is_ok(), "{code} is not one of the codes given at the start");
        if let Ok(place) = place {
            metrics.deliveries[place].inc();
        }
        metrics.duration.observe(duration.as_secs_f64());
        if let Some(upstream) = upstream {
            metrics.upstream_duration.observe(upstream.as_secs_f64());
        }
    }

    /// A signature held under the secret in `slot` of `source`.
    pub(crate) fn verified(&self, source: usize, slot: usize) {
        self.sources[source].verified[slot].inc();
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

    /// The ledger could not decide.
    pub(crate) fn ledger_refused(&self, reason: &'static str) {
        self.ledger_refusals.with_label_values(&[reason]).inc();
    }

    /// A certificate in use expires at `not_after`.
    pub(crate) fn set_certificate_expiry(&self, certificate: &str, not_after: UnixTime) {
        self.certificate_expiry.with_label_values(&[certificate]).set(signed(not_after.as_secs()));
    }

    /// Bytes of bodies in memory, at a scrape.
    pub(crate) fn set_body_bytes(&self, bytes: u64) {
        self.body_bytes_in_flight.set(signed(bytes));
    }

    /// How full the ledger is, at a scrape.
    pub(crate) fn set_ledger(&self, reading: LedgerReading) {
        let LedgerReading { entries, entries_max } = reading;
        self.ledger_entries.set(signed(entries));
        self.ledger_entries_max.set(signed(entries_max));
        // A ratio for people: what a float rounds away does not matter.
        #[allow(clippy::cast_precision_loss)]
        self.ledger_share.set(entries as f64 / entries_max.max(1) as f64);
    }

    /// Everything, in Prometheus' text format 0.0.4.
    pub(crate) fn render(&self) -> String {
        let dropped = LogSink::stdout().dropped();
        self.log_lines_dropped.inc_by(dropped.saturating_sub(self.log_lines_dropped.get()));
        TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .expect("every family has a name and is written to memory")
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// What there is one of for each source.
struct SourceFamilies {
    deliveries: IntCounterVec,
    duration: HistogramVec,
    upstream: HistogramVec,
    verified: IntCounterVec,
}

impl SourceFamilies {
    fn of(&self, source: &str, secrets: usize, codes: &[&str]) -> SourceMetrics {
        let delivery = |code: &&str| self.deliveries.with_label_values(&[source, *code]);
        let verified = |slot: usize| self.verified.with_label_values(&[source, &slot.to_string()]);
        SourceMetrics {
            deliveries: codes.iter().map(delivery).collect(),
            duration: self.duration.with_label_values(&[source]),
            upstream_duration: self.upstream.with_label_values(&[source]),
            verified: (0..secrets).map(verified).collect(),
        }
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics() -> Metrics {
        Metrics::new(&[("github".to_owned(), 2), ("stripe".to_owned(), 1)], &["replayed", "accepted"])
    }

    /// Whether the rendered text has these lines.
    #[track_caller]
    fn check(metrics: &Metrics, lines: &[&str]) {
        let text = metrics.render();
        for line in lines {
            assert!(text.lines().any(|found| found == *line), "{line:?} is not in\n{text}");
        }
    }

    #[test]
    fn a_delivery_is_counted_under_its_source_and_code() {
        let metrics = metrics();
        metrics.delivery(Some(1), "accepted", Duration::from_micros(300), Some(Duration::from_micros(200)));
        metrics.delivery(Some(1), "replayed", Duration::from_micros(40), None);
        metrics.delivery(None, "replayed", Duration::from_micros(40), None);
        metrics.verified(0, 1);
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
        metrics.ledger_refused("ledger_full");
        metrics.set_ledger(LedgerReading { entries: 3, entries_max: 4 });
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
                "countersign_ledger_refusals_total{reason=\"ledger_full\"} 1",
                "countersign_ledger_entries 3",
                "countersign_ledger_entries_max 4",
                "countersign_ledger_share_ratio 0.75",
                "countersign_body_bytes_in_flight 1024",
                "countersign_certificate_expiry_timestamp_seconds{certificate=\"server\"} 1893456000",
                &format!("countersign_build_info{{arch=\"{arch}\",os=\"{os}\",version=\"{version}\"}} 1"),
                "# TYPE countersign_log_lines_dropped_total counter",
                "# TYPE process_start_time_seconds gauge",
            ],
        );
    }
}
