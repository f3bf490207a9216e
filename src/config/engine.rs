//! Where the ledger keeps its entries.

use std::path::PathBuf;

/// The engine of the ledger, with what it needs to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineConfig {
    /// In this process's memory: gone with it.
    Memory,
    /// In files of this machine: there after a restart.
    File(FileEngineConfig),
}

/// The file engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEngineConfig {
    /// The directory; it has to be there.
    pub state_dir: PathBuf,
    /// When what was written reaches the disk.
    pub fsync: Fsync,
}

/// When what was written reaches the disk. A process that is killed loses
/// nothing either way; this is about the machine losing power.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fsync {
    /// Before any answer.
    Always,
    /// Soon after: [`Self::INTERVAL`].
    #[default]
    Interval,
}

impl Fsync {
    /// How long what was written may take to reach the disk.
    pub const INTERVAL: std::time::Duration = std::time::Duration::from_millis(100);
}
