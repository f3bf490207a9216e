//! Beside the stages, for the mode `observe` alone: a delivery that was refused
//! goes to the app all the same.
//!
//! The stages decide as they always do. Where one refuses, it hands over how
//! far the delivery had come ([`Turned`]); what it had not met by then of the
//! bounds on strangers it meets here. Which refusals may be passed over is a
//! closed list ([`Rejection::may_be_observed`]), and one for which no stage
//! handed anything over cannot be: the rate of the address, the framing, the
//! size. No proof and no claim gets here, so nothing is said to the app of who
//! sent it, and nothing is written to the ledger.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderValue;
use http::request::Parts;
use hyper::body::Incoming;

use crate::guard::check::admission::place;
use crate::guard::check::body::whole;
use crate::guard::check::handshake::is_delivery;
use crate::guard::check::{Admitted, Known, Routed, Verified};
use crate::guard::delivery::Delivery;
use crate::guard::detail::Detail;
use crate::guard::rejection::{Refused, Rejection};
use crate::guard::source::Source;
use crate::limits::{Permit, Reservation};

/// A delivery that a stage refused.
#[derive(Debug)]
pub(crate) struct Turned {
    refused: Refused,
    /// Only where it may be observed, or where a capture is kept of its body.
    /// Boxed: the rare case must not make every delivery's future larger.
    reached: Option<Box<Reached>>,
}

/// How far a delivery had come.
#[derive(Debug)]
pub(super) enum Reached {
    /// It has a source.
    Routed(Routed),
    /// It has a place among those in flight.
    Admitted(Admitted),
    /// Its body is here.
    Carried(Carried),
}

/// A delivery with its whole body, and nothing said of its proof.
#[derive(Debug)]
pub(super) struct Carried {
    pub(super) admitted: Admitted,
    pub(super) body: Bytes,
    /// The body's share of the memory budget.
    pub(super) _reservation: Option<Reservation>,
}

/// UNVERIFIED: a delivery that was refused, on its way to the app of a source
/// that observes. Only [`pass_over`] makes one.
#[derive(Debug)]
pub(crate) struct Observed {
    rejection: Rejection,
    detail: Option<Detail>,
    carried: Carried,
}

/// Takes a refused delivery on where its source only observes such a refusal;
/// refuses it where not. Its body is read within the same bounds as any other.
pub(crate) async fn pass_over(
    turned: Turned,
    parts: &Parts,
    body: &mut Incoming,
    delivery: &Delivery,
) -> Result<Observed, Refused> {
    let Turned { refused, reached } = turned;
    let (rejection, detail) = (refused.rejection, refused.detail);
    let Some(reached) = reached.filter(|reached| reached.may_pass(rejection)) else { return Err(refused) };
    let guard = delivery.guard();
    let admitted = match *reached {
        Reached::Carried(carried) => return Ok(Observed { rejection, detail, carried }),
        Reached::Admitted(admitted) => admitted,
        Reached::Routed(routed) => {
            let permit = place(&routed, delivery.caller().client, &guard.deliveries)?;
            // What is unsigned and sets the webhook up never goes to the app.
            if !is_delivery(&routed.source, parts) {
                return Err(refused);
            }
            Admitted { known: Known { routed, identity: None }, permit }
        }
    };
    let mut reservation = delivery.reservation();
    let body = whole(&admitted, body, &mut reservation, &guard.bounds, |_| ()).await?;
    let carried = Carried { admitted, body, _reservation: Some(reservation) };
    Ok(Observed { rejection, detail, carried })
}

impl Turned {
    /// Refused at a stage that a source may only observe.
    pub(super) fn at(reached: impl Into<Reached>, refused: impl Into<Refused>) -> Self {
        let (reached, refused) = (reached.into(), refused.into());
        let is_needed = reached.may_pass(refused.rejection) || reached.may_be_captured(refused.rejection);
        Self { reached: is_needed.then(|| Box::new(reached)), refused }
    }

    /// Whether nothing passes it over: its source enforces, or nobody may.
    pub(crate) fn ends_here(&self) -> bool {
        !self.reached.as_ref().is_some_and(|reached| reached.may_pass(self.refused.rejection))
    }

    /// Why.
    pub(crate) fn rejection(&self) -> Rejection {
        self.refused.rejection
    }

    /// The body, where it was read and a capture is kept of it.
    pub(crate) fn body(&self) -> Option<&Bytes> {
        match self.reached.as_deref()? {
            Reached::Carried(carried) => Some(&carried.body),
            Reached::Routed(_) | Reached::Admitted(_) => None,
        }
    }
}

/// Refused for good, whatever the mode of its source.
impl<R: Into<Refused>> From<R> for Turned {
    fn from(refused: R) -> Self {
        Self { refused: refused.into(), reached: None }
    }
}

impl Reached {
    fn may_pass(&self, rejection: Rejection) -> bool {
        self.source().observes() && rejection.may_be_observed()
    }

    /// Whether there is something here that a capture needs.
    fn may_be_captured(&self, rejection: Rejection) -> bool {
        matches!(self, Self::Carried(_)) && self.source().is_captured && rejection.may_be_captured()
    }

    fn source(&self) -> &Source {
        match self {
            Self::Routed(routed) => &routed.source,
            Self::Admitted(admitted) => &admitted.known.routed.source,
            Self::Carried(carried) => &carried.admitted.known.routed.source,
        }
    }
}

impl From<Routed> for Reached {
    fn from(routed: Routed) -> Self {
        Self::Routed(routed)
    }
}

impl From<Admitted> for Reached {
    fn from(admitted: Admitted) -> Self {
        Self::Admitted(admitted)
    }
}

impl From<Carried> for Reached {
    fn from(carried: Carried) -> Self {
        Self::Carried(carried)
    }
}

impl From<Verified> for Reached {
    /// The proof is given up: what the ledger did not take is nothing to vouch for.
    fn from(verified: Verified) -> Self {
        Self::Carried(verified.into_carried())
    }
}

impl Observed {
    /// The source it is for.
    pub(crate) fn source(&self) -> &Arc<Source> {
        &self.carried.admitted.known.routed.source
    }

    /// What it would have been refused with.
    pub(crate) fn rejection(&self) -> Rejection {
        self.rejection
    }

    /// What the log says of it beside its code.
    pub(crate) fn detail(&self) -> Option<Detail> {
        self.detail
    }

    /// The code of that.
    pub(crate) fn code(&self) -> &'static str {
        self.rejection.code()
    }

    /// Its body.
    pub(crate) fn body(&self) -> &Bytes {
        &self.carried.body
    }

    /// `Countersign-Class`.
    pub(crate) fn class(&self) -> HeaderValue {
        let class = format!("observed:{}", self.code());
        HeaderValue::try_from(class).expect("codes are letters and underscores")
    }

    /// Length of the body.
    pub(crate) fn body_bytes(&self) -> u64 {
        self.carried.body.len() as u64
    }

    /// The body, for the app.
    pub(super) fn take_body(&mut self) -> Bytes {
        std::mem::take(&mut self.carried.body)
    }

    /// The place among deliveries in flight. The body's memory is given back.
    pub(super) fn into_permit(self) -> Permit {
        self.carried.admitted.permit
    }
}
