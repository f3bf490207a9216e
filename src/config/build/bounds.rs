//! Bounds on what strangers can make the guard hold: some by flag, the others
//! fixed.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::config::problems::Report;
use crate::config::raw::LimitArgs;
use crate::config::values::{ByteSize, Fault, duration, number};
use crate::config::{Bounds, Rate};

/// How much of the budget for bodies one address may have, or one body: a
/// quarter, so that none keeps the others from being heard.
const fn share(budget: u64) -> u64 {
    budget / 4
}

/// Far beyond any webhook.
const BODY_BYTES_MAX: u64 = 1 << 30;

/// More than a process may open files for.
const CONNECTIONS_MAX: u32 = 1_000_000;

const BURST_MAX: u32 = 100_000_000;

/// A rate, where there is one, with its burst.
#[allow(clippy::option_option)]
pub(super) fn rate(
    rate_limit: Option<&str>,
    rate_burst: Option<&str>,
    report: &mut Report,
) -> Option<Option<Rate>> {
    let rate = report.read_optional("--rate-limit", rate_limit, str::parse::<Rate>);
    let burst = report.read_optional("--rate-burst", rate_burst, |text| {
        if rate_limit.is_none() {
            return Err("has no meaning without --rate-limit".into());
        }
        number(text, 1..=BURST_MAX).map(|burst| NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN))
    });
    let (rate, burst) = (rate?, burst?);
    Some(rate.map(|rate| Rate { burst: burst.unwrap_or(rate.burst), ..rate }))
}

/// A length that one body may have.
pub(super) fn body_bytes(text: &str) -> Result<u64, Fault> {
    let ByteSize(bytes) = text.parse()?;
    if bytes > BODY_BYTES_MAX {
        return Err(format!("expected at most {}", ByteSize(BODY_BYTES_MAX)).into());
    }
    Ok(bytes)
}

/// The bytes of all bodies at once.
pub(super) fn budget(text: &str, report: &mut Report) -> Option<u64> {
    report.read(BUDGET, text, |text| text.parse::<ByteSize>().map(|ByteSize(bytes)| bytes))
}

/// Whether the longest body that `taker` takes fits into its share of the
/// `budget`, which was written as `text`: it would be refused for ever.
pub(super) fn fits(bytes: u64, taker: &str, budget: u64, text: &str, report: &mut Report) -> bool {
    if bytes <= share(budget) {
        return true;
    }
    let fault = format!(
        "leaves {} for one body, a quarter, and {taker} takes up to {}: raise it to {} or lower --max-body",
        ByteSize(share(budget)),
        ByteSize(bytes),
        ByteSize(bytes.saturating_mul(4)),
    );
    report.wrong(BUDGET, text, fault);
    false
}

const BUDGET: &str = "--body-budget";

pub(super) fn read(args: &LimitArgs, report: &mut Report) -> Option<Bounds> {
    let connection_count = |text: &str| number(text, 1..=CONNECTIONS_MAX);
    let rate = report.read("--rate-limit-per-address", &args.rate_limit_per_address, str::parse);
    let connections = report.read("--max-connections", &args.max_connections, connection_count);
    let per_address =
        report.read("--max-connections-per-address", &args.max_connections_per_address, connection_count);
    let budget = budget(&args.body_budget, report);
    let idle = report.read("--idle-timeout", &args.idle_timeout, duration);
    let age = report.read("--max-connection-age", &args.max_connection_age, duration);
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
        memory_bytes: budget?,
        memory_bytes_per_address: share(budget?),
        idle_timeout: idle?,
        connection_age_max: age?,
        connect_timeout: Duration::from_secs(2),
        drain_timeout: Duration::from_secs(25),
    })
}
