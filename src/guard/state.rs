//! What all workers share, for as long as the process lives.

use std::sync::Arc;

use crate::clock::{Clock, UnixTime};
use crate::config::{BootFence, Bounds, GuardConfig, LedgerConfig, LogConfig, OnUnknown, SourceConfig};
use crate::guard::outcome::Outcome;
use crate::guard::routes::Routes;
use crate::guard::source::Source;
use crate::ledger::{Ledger as _, LedgerOptions, MemoryLedger, SourceIndex};
use crate::limits::{AddressRegistry, Bound};
use crate::telemetry::{DeliveryLog, LedgerMetrics, LedgerReading, Metrics, Subject, Telemetry};

/// The guard's state.
#[derive(Debug)]
pub(crate) struct Guard {
    pub(crate) routes: Routes,
    pub(crate) bounds: Bounds,
    pub(crate) on_unknown: OnUnknown,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ledger: MemoryLedger,
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
    /// The state of a guard that has seen nothing yet. `memory_begins` is as
    /// [`start`](super::start()) has it.
    pub(crate) fn new(config: GuardConfig, clock: Arc<dyn Clock>, memory_begins: UnixTime) -> Self {
        let GuardConfig { sources, bounds, ledger, log, .. } = config;
        let telemetry = telemetry(&sources, &log, Arc::clone(&clock));
        let options = ledger_options(ledger, sources.len(), memory_begins);
        Self {
            ledger_metrics: LedgerMetrics::new(&telemetry.metrics),
            ledger: MemoryLedger::new(options, Arc::clone(&clock)),
            routes: Routes::new(indexed(sources)),
            addresses: AddressRegistry::new(&bounds),
            deliveries: Arc::new(Bound::new(bounds.deliveries as u64)),
            memory: Arc::new(Bound::new(bounds.memory_bytes)),
            on_unknown: ledger.on_unknown,
            telemetry: Arc::new(telemetry),
            bounds,
            clock,
        }
    }

    /// The metrics in text format. What only a scrape asks for is read now, so
    /// that no delivery pays for a gauge.
    pub(crate) fn scrape(&self) -> String {
        self.telemetry.metrics.set_body_bytes(self.memory.held());
        self.ledger_metrics
            .set(LedgerReading { entries: self.ledger.entries(), entries_max: self.ledger.entries_max() });
        self.telemetry.metrics.render()
    }
}

fn telemetry(sources: &[SourceConfig], log: &LogConfig, clock: Arc<dyn Clock>) -> Telemetry {
    let named: Vec<(String, usize)> =
        sources.iter().map(|source| (source.name.clone(), source.demand.first().secret_count())).collect();
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

fn ledger_options(config: LedgerConfig, sources: usize, memory_begins: UnixTime) -> LedgerOptions {
    LedgerOptions {
        entries_max: config.entries_max,
        entries_max_per_source: config.entries_max,
        sources,
        on_unknown: config.on_unknown,
        boot_fence: match config.boot_fence {
            BootFence::On => Some(memory_begins),
            BootFence::Off => None,
        },
    }
}
