//! The metrics of any process that listens: connections, TLS, certificates, the
//! log itself. They know nothing of what is asked of it.

use prometheus::{IntCounter, IntCounterVec, IntGauge, IntGaugeVec, TextEncoder};

use crate::clock::UnixTime;
use crate::telemetry::declare::Declare;
use crate::telemetry::log_sink::LogSink;

/// The metrics of a process.
#[derive(Debug)]
pub(crate) struct ProcessMetrics {
    /// Makes what a role has beside these.
    pub(super) declare: Declare,
    body_bytes_in_flight: IntGauge,
    connections: IntGauge,
    connections_refused: IntCounterVec,
    handshakes: IntCounterVec,
    certificate_expiry: IntGaugeVec,
    log_lines_dropped: IntCounter,
}

/// An open connection; it is counted as long as this lives.
#[derive(Debug)]
#[must_use = "the connection counts as closed once this is dropped"]
pub(crate) struct OpenConnection(IntGauge);

impl ProcessMetrics {
    /// Nothing has happened yet.
    pub(crate) fn new() -> Self {
        let declare = Declare::default();
        declare.constants();
        Self {
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

pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Whether the rendered text has these lines.
    #[track_caller]
    pub(crate) fn check(metrics: &ProcessMetrics, lines: &[&str]) {
        let text = metrics.render();
        for line in lines {
            assert!(text.lines().any(|found| found == *line), "{line:?} is not in\n{text}");
        }
    }

    #[test]
    fn connections_count_while_they_are_open() {
        let metrics = ProcessMetrics::new();
        let (first, second) = (metrics.connection_opened(), metrics.connection_opened());
        check(&metrics, &["countersign_connections 2"]);
        drop((first, second));
        check(&metrics, &["countersign_connections 0"]);
    }

    #[test]
    fn the_rest_is_there_under_its_name_and_unit() {
        let metrics = ProcessMetrics::new();
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
