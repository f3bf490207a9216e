//! Stage 3: limits before any work is done for a stranger.

use std::sync::Arc;

use crate::guard::accept::Client;
use crate::guard::check::{Known, Routed};
use crate::guard::rejection::{Refused, Rejection};
use crate::limits::{Bound, Permit};

/// A request that may cost work: it holds its place among those in flight.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(super) known: Known,
    pub(super) permit: Permit,
}

/// Lets in whom the source knows.
pub(crate) fn admit(known: Known, client: &Client, deliveries: &Arc<Bound>) -> Result<Admitted, Refused> {
    let permit = place(&known.routed, client, deliveries)?;
    Ok(Admitted { known, permit })
}

/// Charges the address's rate and takes a place; refuses a declared length
/// above the source's bound before a byte of it is read.
pub(super) fn place(routed: &Routed, client: &Client, deliveries: &Arc<Bound>) -> Result<Permit, Refused> {
    client.usage.address().admit()?;
    let permit = deliveries.permit().ok_or(Rejection::Overloaded)?;
    let bytes_max = routed.source.config.body_bytes_max;
    if routed.sound.declared_length().is_some_and(|length| length > bytes_max) {
        return Err(Rejection::BodyTooLarge.into());
    }
    Ok(permit)
}
