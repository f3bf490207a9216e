//! Bounds on what strangers can make the guard hold: some by flag, the others
//! fixed.

use std::time::Duration;

use crate::config::Bounds;
use crate::config::problems::Report;
use crate::config::raw::LimitArgs;
use crate::config::values::{duration, number};

/// Body bytes in flight, of all deliveries.
const MEMORY_BYTES: u64 = 256 << 20;

/// A quarter: one address alone cannot keep the others from being heard.
pub(super) const MEMORY_BYTES_PER_ADDRESS: u64 = MEMORY_BYTES / 4;

/// More than a process may open files for.
const CONNECTIONS_MAX: u32 = 1_000_000;

pub(super) fn read(args: &LimitArgs, report: &mut Report) -> Option<Bounds> {
    let connection_count = |text: &str| number(text, 1..=CONNECTIONS_MAX);
    let rate = report.read("--rate-limit-per-address", &args.rate_limit_per_address, str::parse);
    let connections = report.read("--max-connections", &args.max_connections, connection_count);
    let per_address =
        report.read("--max-connections-per-address", &args.max_connections_per_address, connection_count);
    let idle = report.read("--idle-timeout", &args.idle_timeout, duration);
    Some(Bounds {
        connections: connections? as usize,
        connections_per_address: per_address? as usize,
        deliveries: 8192,
        rate_per_address: rate?,
        addresses: 65_536,
        handshake_timeout: Duration::from_secs(5),
        head_timeout: Duration::from_secs(5),
        head_bytes: 32 << 10,
        head_fields: 100,
        body_timeout: Duration::from_secs(10),
        body_rate_min: 1 << 10,
        memory_bytes: MEMORY_BYTES,
        memory_bytes_per_address: MEMORY_BYTES_PER_ADDRESS,
        idle_timeout: idle?,
        connect_timeout: Duration::from_secs(2),
        drain_timeout: Duration::from_secs(25),
    })
}
