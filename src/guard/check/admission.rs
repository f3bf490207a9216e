//! Stage 3: limits before any work is done for a stranger.

use crate::guard::accept::Connection;
use crate::guard::check::Known;
use crate::guard::rejection::{Refused, Rejection};
use crate::limits::{Permit, Permits};

/// A request that may cost work: it holds its place among those in flight.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(super) known: Known,
    pub(super) permit: Permit,
}

/// Charges the address's rate and takes a place; refuses a declared length
/// above the source's bound before a byte of it is read.
pub(crate) fn admit(known: Known, connection: &Connection, deliveries: &Permits) -> Result<Admitted, Refused> {
    connection.address.admit()?;
    let permit = deliveries.take().ok_or(Rejection::Overloaded)?;
    let bytes_max = known.routed.source.config.body_bytes_max;
    if known.routed.sound.declared_length.is_some_and(|length| length > bytes_max) {
        return Err(Rejection::BodyTooLarge.into());
    }
    Ok(Admitted { known, permit })
}
