//! Stage 3: limits before any work is done for a stranger.

use std::sync::Arc;

use crate::guard::accept::Client;
use crate::guard::check::Known;
use crate::guard::rejection::{Refused, Rejection};
use crate::limits::{Bound, Permit};

/// A request that may cost work: it holds its place among those in flight.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(super) known: Known,
    pub(super) permit: Permit,
}

/// Charges the address's rate and takes a place; refuses a declared length
/// above the source's bound before a byte of it is read.
pub(crate) fn admit(known: Known, client: &Client, deliveries: &Arc<Bound>) -> Result<Admitted, Refused> {
    client.usage.address().admit()?;
    let permit = deliveries.permit().ok_or(Rejection::Overloaded)?;
    let bytes_max = known.routed.source.config.body_bytes_max;
    if known.routed.sound.declared_length().is_some_and(|length| length > bytes_max) {
        return Err(Rejection::BodyTooLarge.into());
    }
    Ok(Admitted { known, permit })
}
