//! Limits before the body is read: the endpoint's rate, what is under way to
//! it, and what is under way at all.

use std::sync::Arc;

use crate::limits::{Bound, Permit, RateLimiter};
use crate::signer::endpoints::Addressed;
use crate::signer::rejection::{Refused, Rejection};

/// A request that may cost work: it holds its places among those in flight.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(super) addressed: Addressed,
    pub(super) places: Places,
}

/// Given back when the consumer has answered.
#[derive(Debug)]
pub(crate) struct Places {
    _process: Permit,
    _endpoint: Permit,
}

/// Takes the places and charges the rate, in this order: a delivery for which
/// there is no place does not spend the rate.
pub(crate) fn admit(addressed: Addressed, deliveries: &Arc<Bound>) -> Result<Admitted, Refused> {
    let endpoint = &addressed.endpoint;
    if addressed.declared_length.is_some_and(|length| length > endpoint.config.body_bytes_max) {
        return Err(Rejection::BodyTooLarge.into());
    }
    let process = deliveries.permit().ok_or(Rejection::Overloaded)?;
    let place = endpoint.places.permit().ok_or(Rejection::EndpointBusy)?;
    endpoint.rate.as_ref().map_or(Ok(()), RateLimiter::admit)?;
    Ok(Admitted { addressed, places: Places { _process: process, _endpoint: place } })
}
