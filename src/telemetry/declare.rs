//! How metrics are made: the prefix of their names, the buckets, the registry.

use std::time::{SystemTime, UNIX_EPOCH};

use prometheus::core::Collector;
use prometheus::proto::MetricFamily;
use prometheus::{
    Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry,
};

/// Makes metrics and enters them in one registry.
#[derive(Debug, Default)]
pub(super) struct Declare(Registry);

impl Declare {
    pub(super) fn counter(&self, name: &str, help: &str) -> IntCounter {
        self.enter(IntCounter::with_opts(options(name, help)))
    }

    pub(super) fn counters(&self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        self.enter(IntCounterVec::new(options(name, help), labels))
    }

    pub(super) fn gauge(&self, name: &str, help: &str) -> IntGauge {
        self.enter(IntGauge::with_opts(options(name, help)))
    }

    pub(super) fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
        self.enter(IntGaugeVec::new(options(name, help), labels))
    }

    pub(super) fn ratio(&self, name: &str, help: &str) -> Gauge {
        self.enter(Gauge::with_opts(options(name, help)))
    }

    pub(super) fn histograms(&self, name: &str, help: &str, label: &str) -> HistogramVec {
        let options = HistogramOpts::from(options(name, help)).buckets(SECONDS.to_vec());
        self.enter(HistogramVec::new(options, &[label]))
    }

    pub(super) fn histogram(&self, name: &str, help: &str) -> Histogram {
        let options = HistogramOpts::from(options(name, help)).buckets(SECONDS.to_vec());
        self.enter(Histogram::with_opts(options))
    }

    /// What never changes while the process lives.
    pub(super) fn constants(&self) {
        let info = options("build_info", "What is running; always 1.")
            .const_label("version", env!("CARGO_PKG_VERSION"))
            .const_label("os", std::env::consts::OS)
            .const_label("arch", std::env::consts::ARCH);
        self.enter(IntGauge::with_opts(info)).set(1);
        // The name that every Prometheus client library uses.
        let start = Opts::new("process_start_time_seconds", "When the process started, in Unix time.");
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.enter(Gauge::with_opts(start)).set(now.as_secs_f64());
    }

    /// Everything that was made so far.
    pub(super) fn gather(&self) -> Vec<MetricFamily> {
        self.0.gather()
    }

    fn enter<C: Collector + Clone + 'static>(&self, metric: prometheus::Result<C>) -> C {
        let metric = metric.expect("names and labels are constants in the right form");
        self.0.register(Box::new(metric.clone())).expect("each name is declared once");
        metric
    }
}

fn options(name: &str, help: &str) -> Opts {
    Opts::new(name, help).namespace(env!("CARGO_PKG_NAME"))
}

/// From what the guard itself takes to what a provider waits for.
const SECONDS: [f64; 14] =
    [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0, 30.0];
