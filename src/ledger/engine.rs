//! The engine that the configuration chose.
//!
//! One type for the guard to hold, so that no delivery pays for a boxed future
//! or a virtual call: a match, and the engine's own future.

use std::sync::Arc;
use std::time::Duration;

use super::{
    Claim, ClaimRequest, Claimed, Ledger, LedgerError, LedgerOptions, MemoryLedger, Settlement, Waited,
};
use crate::clock::Clock;
use crate::config::EngineConfig;

/// The engines there are.
#[derive(Debug)]
pub enum Engine {
    /// In this process's memory.
    Memory(MemoryLedger),
}

/// Why an engine could not be opened; a variant for each that can fail.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {}

impl Engine {
    /// Opens the engine that `config` names.
    #[allow(clippy::unused_async, reason = "other engines than memory ask somebody else")]
    pub async fn open(
        config: &EngineConfig,
        options: LedgerOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        match config {
            EngineConfig::Memory => Ok(Self::Memory(MemoryLedger::new(&options, clock))),
        }
    }
}

impl Ledger for Engine {
    async fn claim(&self, request: &ClaimRequest) -> Result<Claimed, LedgerError> {
        match self {
            Self::Memory(memory) => memory.claim(request).await,
        }
    }

    async fn settle(&self, claim: Claim, settlement: Settlement) -> Result<(), LedgerError> {
        match self {
            Self::Memory(memory) => memory.settle(claim, settlement).await,
        }
    }

    async fn wait(&self, request: &ClaimRequest, patience: Duration) -> Result<Waited, LedgerError> {
        match self {
            Self::Memory(memory) => memory.wait(request, patience).await,
        }
    }

    async fn entries(&self) -> Result<u64, LedgerError> {
        match self {
            Self::Memory(memory) => memory.entries().await,
        }
    }
}
