//! The memory engine: the [`Table`] and nothing else.

use std::sync::Arc;
use std::time::Duration;

use super::change::Unrecorded;
use super::table::Table;
use super::{
    Claim, ClaimRequest, Claimed, Ledger, LedgerError, LedgerOptions, Owner, Settlement, SourceIndex,
    SourceTag, Waited,
};
use crate::clock::{Clock, UnixTime};

/// Remembers in this process's memory; a restart forgets, behind the boot
/// fence.
#[derive(Debug)]
pub struct MemoryLedger(Table<Unrecorded>);

impl MemoryLedger {
    /// An empty ledger that reads wall time from `clock`.
    pub fn new(options: &LedgerOptions, clock: Arc<dyn Clock>) -> Self {
        Self(Table::new(options, clock, Unrecorded))
    }

    /// From now on, what was signed at or before `instant` counts as forgotten.
    pub(super) fn fence(&self, instant: UnixTime) {
        self.0.raise_watermarks(instant);
    }
}

impl Ledger for MemoryLedger {
    fn place(&self, source: SourceTag) -> Option<SourceIndex> {
        self.0.place(source)
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Claimed, LedgerError> {
        self.0.claim(request)
    }

    async fn settle(&self, claim: Claim, settlement: Settlement) -> Result<(), LedgerError> {
        let Claim { request, owner: Owner::Slot(slot), .. } = claim else { return Ok(()) };
        self.0.settle(&slot, &request, settlement);
        Ok(())
    }

    async fn wait(&self, request: &ClaimRequest, patience: Duration) -> Result<Waited, LedgerError> {
        self.0.wait(request, patience).await
    }

    async fn entries(&self) -> Result<Option<u64>, LedgerError> {
        Ok(Some(self.0.entries()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{contract, model};

    async fn open(options: LedgerOptions, clock: Arc<dyn Clock>) -> MemoryLedger {
        MemoryLedger::new(&options, clock)
    }

    contract::tests!(Time::Paused, open);

    #[tokio::test]
    async fn entries_are_counted() {
        let ledger = open(contract::options(), Arc::new(crate::clock::SystemClock)).await;
        assert_eq!(ledger.entries().await, Ok(Some(0)));
    }

    model::tests!(open);
}
