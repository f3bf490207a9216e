//! Guards that share a ledger in Redis.

pub(crate) mod fleet;
pub(crate) mod server;

mod copies;
mod losses;
mod topologies;
