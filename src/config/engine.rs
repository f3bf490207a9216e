//! Where the ledger keeps its entries.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use super::egress::ClientCertificate;
use super::values::Authority;
use crate::keys::Secret;

/// The engine of the ledger, with what it needs to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineConfig {
    /// In this process's memory: gone with it.
    Memory,
    /// In files of this machine: there after a restart.
    File(FileEngineConfig),
    /// In a Redis or Valkey that several guards share.
    Redis(Box<RedisConfig>),
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
    pub const INTERVAL: Duration = Duration::from_millis(100);
}

/// A shared ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisConfig {
    /// Which servers.
    pub servers: RedisServers,
    /// TLS, where the URL asks for it.
    pub tls: Option<RedisTls>,
    /// ACL user; the server's default user where there is none.
    pub user: Option<String>,
    /// The user's password.
    pub password: Option<Secret>,
    /// Number of the database.
    pub database: i64,
    /// What every key begins with.
    pub prefix: String,
    /// Replicas that must have a commit before it counts.
    pub replicas: Option<NonZeroU32>,
    /// What to do while it cannot be asked.
    pub on_loss: OnStateLoss,
    /// How long one call may take.
    pub deadline: Duration,
    /// How far this process's clock may be from the server's; `None` does not
    /// compare them.
    pub clock_skew_max: Option<Duration>,
}

/// How servers are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedisServers {
    /// One server.
    Single(Authority),
    /// The master that these Sentinels know under a name.
    Sentinel {
        /// The Sentinels.
        sentinels: Vec<Authority>,
        /// The name.
        master: String,
    },
    /// A Redis Cluster, found through these of its nodes.
    Cluster(Vec<Authority>),
}

/// TLS toward Redis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisTls {
    /// CA certificates, PEM; the public ones when absent.
    pub ca: Option<PathBuf>,
    /// What we show of ourselves.
    pub certificate: Option<ClientCertificate>,
}

/// What to do while the shared ledger cannot be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnStateLoss {
    /// Nothing is decided: 503, and senders retry.
    #[default]
    Refuse,
    /// This process's own memory stands in, which other guards do not see.
    Local,
}
