//! Stage 5: the body, within a size, a time, a rate and a share of memory, and
//! then the scheme's proof. The MAC runs while the bytes are hot in the cache.

use hyper::body::Incoming;

use crate::config::Bounds;
use crate::guard::check::{Opened, Verified};
use crate::guard::rejection::Rejection;
use crate::limits::Reservation;
use crate::service::{self, BodyBounds};

/// Reads the body to its end and asks the scheme for its proof.
pub(crate) async fn read(
    mut opened: Opened,
    body: &mut Incoming,
    mut reservation: Reservation,
    bounds: &Bounds,
) -> Result<Verified, Rejection> {
    let bounds = BodyBounds {
        bytes_max: opened.source().config.body_bytes_max,
        timeout: bounds.body_timeout,
        rate_min: bounds.body_rate_min,
    };
    let declared = opened.admitted.known.routed.sound.declared_length();
    let open = &mut opened.open;
    let hash = |bytes: &[u8]| open.update(bytes);
    let whole = service::read_body(body, declared, bounds, &mut reservation, hash).await?;
    opened.prove(whole, reservation).map_err(Rejection::Unproven)
}
