//! Where the ledger keeps its entries.

/// The engine of the ledger, with what it needs to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineConfig {
    /// In this process's memory: gone with it.
    Memory,
}
