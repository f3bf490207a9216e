//! What all workers share, for as long as the process lives.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::config::{Bounds, GuardConfig, LogConfig, OnUnknown, TraceConfig};
use crate::guard::accept::{Front, HandshakeFault, Unserved};
use crate::guard::capture::Captures;
use crate::guard::detail::Destinations;
use crate::guard::in_force::InForce;
use crate::guard::outcome::Outcome;
use crate::guard::sight::Sight;
use crate::guard::start::StartError;
use crate::ledger::{Engine, Ledger as _, Standing};
use crate::limits::{AddressRegistry, Bound};
use crate::otlp::OtlpError;
use crate::telemetry::{
    DeliveryLog, LeakMetrics, LedgerHealth, LedgerMetrics, LedgerReading, Metrics, ObservedMetrics,
    ReloadMetrics, SecretMetrics, SecretReading, Subject, Telemetry, TlsMetrics, Tracer,
};

/// The guard's state.
pub(crate) struct Guard {
    /// What a reload replaces. A delivery looks at it once.
    pub(crate) in_force: ArcSwap<InForce>,
    /// Rung when something else is in force.
    pub(crate) reloaded: Notify,
    pub(crate) bounds: Bounds,
    /// How many worker threads there are.
    pub(crate) workers: usize,
    pub(crate) on_unknown: OnUnknown,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ledger: Engine,
    /// Most live entries of it.
    pub(crate) ledger_entries_max: u64,
    /// Proxies that speak for clients.
    pub(crate) front: Front,
    /// What each address uses: connections, rate, body bytes.
    pub(crate) addresses: AddressRegistry,
    /// Places for deliveries in flight.
    pub(crate) deliveries: Arc<Bound>,
    /// Body bytes in flight.
    pub(crate) memory: Arc<Bound>,
    pub(crate) telemetry: Arc<Telemetry>,
    pub(crate) ledger_metrics: LedgerMetrics,
    pub(crate) observed_metrics: ObservedMetrics,
    pub(crate) reload_metrics: ReloadMetrics,
    pub(crate) leak_metrics: LeakMetrics,
    pub(crate) tls_metrics: TlsMetrics,
    secret_metrics: SecretMetrics,
    /// What the log was told of connections that never became requests.
    pub(crate) unserved: Unserved,
    /// What it is told of requests that no source takes.
    pub(crate) destinations: Destinations,
    /// What is kept for those who look.
    pub(crate) sight: Sight,
    /// Who keeps what is refused, where somebody does.
    pub(crate) captures: Option<Captures>,
}

impl Guard {
    /// The state of a guard that has taken no delivery yet, over the ledger of
    /// its configuration, and with nothing in force.
    pub(crate) fn new(
        config: &GuardConfig,
        ledger: Engine,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let GuardConfig { bounds, front, ledger: ledger_config, log, .. } = config;
        let telemetry = telemetry(log, config.traces.as_ref(), Arc::clone(&clock))?;
        let captures = config.capture.as_ref().map(|config| Captures::open(config, &telemetry.metrics));
        Ok(Self {
            captures: captures.transpose()?,
            in_force: ArcSwap::default(),
            reloaded: Notify::new(),
            workers: config.threads.get(),
            ledger_metrics: LedgerMetrics::new(&telemetry.metrics),
            observed_metrics: ObservedMetrics::new(&telemetry.metrics),
            reload_metrics: ReloadMetrics::new(&telemetry.metrics),
            leak_metrics: LeakMetrics::new(&telemetry.metrics),
            tls_metrics: TlsMetrics::new(&telemetry.metrics, HandshakeFault::ALL.map(HandshakeFault::name)),
            unserved: Unserved::default(),
            destinations: Destinations::new(),
            secret_metrics: SecretMetrics::new(&telemetry.metrics),
            sight: Sight::new(config, clock.now()),
            ledger,
            ledger_entries_max: ledger_config.entries_max as u64,
            front: Front::new(front),
            addresses: AddressRegistry::new(bounds),
            deliveries: Arc::new(Bound::new(bounds.deliveries as u64)),
            memory: Arc::new(Bound::new(bounds.memory_bytes)),
            on_unknown: ledger_config.on_unknown,
            telemetry: Arc::new(telemetry),
            bounds: bounds.clone(),
            clock,
        })
    }

    /// The metrics in text format. What only a scrape asks for is read now, so
    /// that no delivery pays for a gauge.
    pub(crate) async fn scrape(&self) -> String {
        self.telemetry.metrics.process.set_body_bytes(self.memory.held());
        self.secret_metrics.set(self.secrets().into_iter().map(|(source, status)| SecretReading {
            source,
            slot: status.slot,
            not_after: status.validity.not_after,
            last_verified: status.last_verified,
        }));
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
        self.telemetry.metrics.process.render()
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("bounds", &self.bounds).finish_non_exhaustive()
    }
}

fn telemetry(
    log: &LogConfig,
    collector: Option<&TraceConfig>,
    clock: Arc<dyn Clock>,
) -> Result<Telemetry, OtlpError> {
    let codes: Vec<&'static str> = Outcome::all().map(Outcome::code).collect();
    let metrics = Metrics::new(Subject::Source, &codes);
    let tracer =
        collector.map(|collector| Tracer::start(collector, "countersign-guard", &metrics)).transpose()?;
    Ok(Telemetry { metrics, log: DeliveryLog::new(Subject::Source, log), tracer, clock })
}
