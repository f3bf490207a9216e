//! Stage 5: the body, within a size, a time, a rate and a share of memory, and
//! then the scheme's proof. The MAC runs while the bytes are hot in the cache.

use bytes::Bytes;
use hyper::body::Incoming;

use crate::config::Bounds;
use crate::guard::check::{Admitted, Opened, Turned, Verified};
use crate::guard::rejection::Refused;
use crate::limits::Reservation;
use crate::service::{self, BodyBounds};

/// Reads the body to its end and asks the scheme for its proof.
pub(crate) async fn read(
    mut opened: Opened,
    body: &mut Incoming,
    mut reservation: Reservation,
    bounds: &Bounds,
) -> Result<Verified, Turned> {
    let Opened { admitted, open } = &mut opened;
    let hash = |bytes: &[u8]| open.update(bytes);
    let whole = whole(admitted, body, &mut reservation, bounds, hash).await?;
    opened.prove(whole, reservation)
}

/// The body to its end, shown to `look` piece by piece.
pub(super) async fn whole(
    admitted: &Admitted,
    body: &mut Incoming,
    reservation: &mut Reservation,
    bounds: &Bounds,
    look: impl FnMut(&[u8]),
) -> Result<Bytes, Refused> {
    let routed = &admitted.known.routed;
    let bounds = BodyBounds {
        bytes_max: routed.source.config.body_bytes_max,
        timeout: bounds.body_timeout,
        rate_min: bounds.body_rate_min,
    };
    let declared = routed.sound.declared_length();
    Ok(service::read_body(body, declared, bounds, reservation, look).await?)
}
