//! Stages 4 and 6: the signature's head, then its proof.
//!
//! The head step refuses what can be refused without the body, so that such a
//! body is never read and `Expect: 100-continue` never answered. The proof
//! comes after the last byte.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderValue;
use http::request::Parts;

use crate::clock::UnixTime;
use crate::guard::check::Admitted;
use crate::guard::rejection::Rejection;
use crate::guard::source::Source;
use crate::limits::{Permit, Reservation};
use crate::schemes::{Head, Open, Proof, Refusal};

/// A request whose signature, timestamp and id are well formed and in time;
/// nothing of it is believed yet.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(super) admitted: Admitted,
    pub(super) open: Open,
}

/// A request whose signature held over the exact bytes of its body.
#[derive(Debug)]
pub(crate) struct Verified {
    admitted: Admitted,
    proof: Proof,
    body: Bytes,
    /// The body's share of the memory budget, as long as it has a body.
    reservation: Option<Reservation>,
}

/// Takes the head step of the source's scheme.
pub(crate) fn open(admitted: Admitted, parts: &Parts, now: UnixTime) -> Result<Opened, Rejection> {
    let scheme = &admitted.known.routed.source.config.scheme;
    // A field that `Connection` takes out of the message cannot also prove it.
    let taken_out = admitted.known.routed.sound.connection_options();
    if taken_out.iter().any(|name| scheme.security_headers().contains(name)) {
        return Err(Rejection::HeadRefused);
    }
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let public_url = admitted.known.routed.source.config.public_url.as_ref().map(|url| url.of(target));
    let head =
        Head { method: &parts.method, target, fields: &parts.headers, public_url: public_url.as_deref() };
    let open = scheme.open(&head, now).map_err(Rejection::Unproven)?;
    Ok(Opened { admitted, open })
}

impl Opened {
    /// Takes the body step: `body` is what `open` was fed, byte for byte.
    pub(super) fn prove(self, body: Bytes, reservation: Reservation) -> Result<Verified, Refusal> {
        let proof = self.open.finish(&body)?;
        Ok(Verified { admitted: self.admitted, proof, body, reservation: Some(reservation) })
    }

    pub(super) fn source(&self) -> &Source {
        &self.admitted.known.routed.source
    }
}

impl Verified {
    /// The source it is for.
    pub(crate) fn source(&self) -> &Arc<Source> {
        &self.admitted.known.routed.source
    }

    /// What the scheme proved.
    pub(crate) fn proof(&self) -> &Proof {
        &self.proof
    }

    /// The certificate's identity, where there is one.
    pub(crate) fn identity(&self) -> Option<&HeaderValue> {
        self.admitted.known.identity.as_ref()
    }

    /// Gives up the body, keeping everything that is needed to answer.
    pub(super) fn drop_body(&mut self) {
        self.body = Bytes::new();
        self.reservation = None;
    }

    /// Length of the body.
    pub(crate) fn body_bytes(&self) -> u64 {
        self.body.len() as u64
    }

    /// The body, for the app.
    pub(crate) fn take_body(&mut self) -> Bytes {
        std::mem::take(&mut self.body)
    }

    /// The place among deliveries in flight, for the answer to hold on to. The
    /// body's memory is given back: the app has it.
    pub(crate) fn into_permit(self) -> Permit {
        self.admitted.permit
    }
}
