//! What all workers share, for as long as the process lives.

use std::sync::Arc;

use crate::clock::Clock;
use crate::config::{Bounds, GuardConfig, LogConfig, OnUnknown, SourceConfig};
use crate::guard::outcome::Outcome;
use crate::guard::routes::Routes;
use crate::guard::source::Source;
use crate::ledger::{Engine, Ledger as _, SourceIndex, Standing};
use crate::limits::{AddressRegistry, Bound};
use crate::telemetry::{
    DeliveryLog, LedgerHealth, LedgerMetrics, LedgerReading, Metrics, Subject, Telemetry,
};

/// The guard's state.
#[derive(Debug)]
pub(crate) struct Guard {
    pub(crate) routes: Routes,
    pub(crate) bounds: Bounds,
    pub(crate) on_unknown: OnUnknown,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ledger: Engine,
    /// Most live entries of it.
    ledger_entries_max: u64,
    /// What each address uses: connections, rate, body bytes.
    pub(crate) addresses: AddressRegistry,
    /// Places for deliveries in flight.
    pub(crate) deliveries: Arc<Bound>,
    /// Body bytes in flight.
    pub(crate) memory: Arc<Bound>,
    pub(crate) telemetry: Arc<Telemetry>,
    pub(crate) ledger_metrics: LedgerMetrics,
}

impl Guard {
    /// The state of a guard that has taken no delivery yet, over the ledger of
    /// its configuration.
    pub(crate) fn new(config: GuardConfig, ledger: Engine, clock: Arc<dyn Clock>) -> Self {
        let GuardConfig { sources, bounds, ledger: ledger_config, log, .. } = config;
        let telemetry = telemetry(&sources, &log, Arc::clone(&clock));
        Self {
            ledger_metrics: LedgerMetrics::new(&telemetry.metrics),
            ledger,
            ledger_entries_max: ledger_config.entries_max as u64,
            routes: Routes::new(indexed(sources)),
            addresses: AddressRegistry::new(&bounds),
            deliveries: Arc::new(Bound::new(bounds.deliveries as u64)),
            memory: Arc::new(Bound::new(bounds.memory_bytes)),
            on_unknown: ledger_config.on_unknown,
            telemetry: Arc::new(telemetry),
            bounds,
            clock,
        }
    }

    /// The metrics in text format. What only a scrape asks for is read now, so
    /// that no delivery pays for a gauge.
    pub(crate) async fn scrape(&self) -> String {
        self.telemetry.metrics.set_body_bytes(self.memory.held());
        let standing = self.ledger.standing();
        self.ledger_metrics.set_health(LedgerHealth {
            up: standing == Standing::Whole,
            fallback: standing == Standing::Fallback,
            unsettled: self.ledger.unsettled(),
        });
        // Who cannot be asked leaves the last figure, and counts as a refusal
        // wherever a delivery asks.
        if let Ok(Some(entries)) = self.ledger.entries().await {
            self.ledger_metrics.set(LedgerReading { entries, entries_max: self.ledger_entries_max });
        }
        self.telemetry.metrics.render()
    }
}

fn telemetry(sources: &[SourceConfig], log: &LogConfig, clock: Arc<dyn Clock>) -> Telemetry {
    let named: Vec<(String, usize)> =
        sources.iter().map(|source| (source.name.clone(), source.scheme.secret_count())).collect();
    let codes: Vec<&'static str> = Outcome::all().map(Outcome::code).collect();
    Telemetry {
        metrics: Metrics::new(Subject::Source, &named, &codes),
        log: DeliveryLog::new(Subject::Source, log),
        clock,
        names: named.into_iter().map(|(name, _)| name).collect(),
    }
}

fn indexed(sources: Vec<SourceConfig>) -> Vec<Arc<Source>> {
    let indices = (0..).map(SourceIndex);
    indices.zip(sources).map(|(index, config)| Arc::new(Source::new(index, config))).collect()
}
