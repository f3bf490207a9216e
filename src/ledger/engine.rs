//! The engine that the configuration chose.
//!
//! One type for the guard to hold, so that no delivery pays for a boxed future
//! or a virtual call: a match, and the engine's own future.

use std::sync::Arc;
use std::time::Duration;

use super::{
    Claim, ClaimRequest, Claimed, FileLedger, FileOpenError, Ledger, LedgerError, LedgerOptions,
    MemoryLedger, RedisError, RedisLedger, Settlement, SourceIndex, SourceTag, Standing, Waited,
};
use crate::clock::Clock;
use crate::config::EngineConfig;

/// The engines there are.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "a process has one of them, and moves it twice")]
pub enum Engine {
    /// In this process's memory.
    Memory(MemoryLedger),
    /// In files of this machine.
    File(FileLedger),
    /// In Redis, shared.
    Redis(RedisLedger),
}

/// Why an engine could not be opened; a variant for each that can fail.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file engine.
    #[error(transparent)]
    File(#[from] FileOpenError),
    /// Redis.
    #[error(transparent)]
    Redis(#[from] RedisError),
}

impl Engine {
    /// Opens the engine that `config` names.
    pub async fn open(
        config: &EngineConfig,
        options: LedgerOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        match config {
            EngineConfig::Memory => Ok(Self::Memory(MemoryLedger::new(&options, clock))),
            EngineConfig::File(config) => Ok(Self::File(FileLedger::open(config, &options, clock)?)),
            EngineConfig::Redis(redis) => {
                Ok(Self::Redis(RedisLedger::open((**redis).clone(), &options, clock).await?))
            }
        }
    }

    /// Called once on each worker's own thread, inside its runtime, before it
    /// asks anything.
    pub(crate) fn move_in(&self) {
        if let Self::Redis(redis) = self {
            redis.move_in();
        }
    }

    /// Which one it is, in a word.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Memory(_) => "memory",
            Self::File(_) => "file",
            Self::Redis(_) => "redis",
        }
    }

    /// Where an engine stands that another process keeps. One of this process
    /// is always there to be asked.
    pub fn standing(&self) -> Standing {
        match self {
            Self::Memory(_) | Self::File(_) => Standing::Whole,
            Self::Redis(redis) => redis.standing(),
        }
    }

    /// Settlements that the engine has still to be told of.
    pub fn unsettled(&self) -> usize {
        match self {
            Self::Memory(_) | Self::File(_) => 0,
            Self::Redis(redis) => redis.unsettled(),
        }
    }
}

impl Ledger for Engine {
    fn place(&self, source: SourceTag) -> Option<SourceIndex> {
        match self {
            Self::Memory(memory) => memory.place(source),
            Self::File(file) => file.place(source),
            Self::Redis(redis) => redis.place(source),
        }
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Claimed, LedgerError> {
        match self {
            Self::Memory(memory) => memory.claim(request).await,
            Self::File(file) => file.claim(request).await,
            Self::Redis(redis) => redis.claim(request).await,
        }
    }

    async fn settle(&self, claim: Claim, settlement: Settlement) -> Result<(), LedgerError> {
        match self {
            Self::Memory(memory) => memory.settle(claim, settlement).await,
            Self::File(file) => file.settle(claim, settlement).await,
            Self::Redis(redis) => redis.settle(claim, settlement).await,
        }
    }

    async fn wait(&self, request: &ClaimRequest, patience: Duration) -> Result<Waited, LedgerError> {
        match self {
            Self::Memory(memory) => memory.wait(request, patience).await,
            Self::File(file) => file.wait(request, patience).await,
            Self::Redis(redis) => redis.wait(request, patience).await,
        }
    }

    async fn entries(&self) -> Result<Option<u64>, LedgerError> {
        match self {
            Self::Memory(memory) => memory.entries().await,
            Self::File(file) => file.entries().await,
            Self::Redis(redis) => redis.entries().await,
        }
    }
}
