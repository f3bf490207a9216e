//! The body, within a size, a time and a memory budget. It is signed and sent
//! as it came, and never looked into.

use std::sync::Arc;

use bytes::Bytes;
use hyper::body::Incoming;

use crate::config::SignerBounds;
use crate::limits::{Bound, Reservation};
use crate::service::{self, BodyBounds};
use crate::signer::admission::Admitted;
use crate::signer::rejection::Rejection;

/// A request that is all here.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(super) admitted: Admitted,
    pub(super) body: Bytes,
    /// The body's share of the memory.
    pub(super) reservation: Reservation,
}

/// Reads the body to its end.
pub(crate) async fn read(
    admitted: Admitted,
    body: &mut Incoming,
    memory: &Arc<Bound>,
    bounds: &SignerBounds,
) -> Result<Taken, Rejection> {
    let addressed = &admitted.addressed;
    let bounds = BodyBounds {
        bytes_max: addressed.endpoint.config.body_bytes_max,
        timeout: bounds.body_timeout,
        rate_min: bounds.body_rate_min,
    };
    let mut reservation = Reservation::of_process(memory);
    let body = service::read_body(body, addressed.declared_length, bounds, &mut reservation, |_| {}).await?;
    Ok(Taken { admitted, body, reservation })
}
