//! Limits: what a stranger, or a source, may make the process do at once and
//! over time.
//!
//! Every bound is one `Bound`: connections, deliveries, body bytes, ledger
//! entries. Rates are GCRA buckets ([`RateLimiter`]). What one address holds is
//! looked up once per connection (`AddressRegistry`). A limit never queues:
//! it admits or refuses at once, so that waiting strangers cost nothing.

mod addresses;
mod bound;
mod memory;
mod rate;

pub(crate) use addresses::{AddressGuard, AddressRefused, AddressRegistry};
pub(crate) use bound::{Bound, Permit};
pub(crate) use memory::Reservation;
pub(crate) use rate::pace;
pub use rate::{Limited, RateLimiter};
