//! What all workers share, for as long as the process lives.

use std::sync::Arc;

use crate::clock::Clock;
use crate::config::{Bounds, OnUnknown};
use crate::guard::routes::Routes;
use crate::ledger::MemoryLedger;
use crate::limits::{AddressRegistry, Bound};
use crate::telemetry::{LedgerMetrics, Telemetry};

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
