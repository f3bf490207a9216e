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
use crate::guard::accept::Caller;
use crate::guard::accept::identity::PeerIdentities;
use crate::guard::check::Admitted;
use crate::guard::issuer::{self, Issuer};
use crate::guard::rejection::Rejection;
use crate::guard::source::Source;
use crate::limits::{Permit, Reservation};
use crate::schemes::{Beside, Demand, Head, OpenDemand, Proofs, Refusal, TokenKeys, Unmet};

/// A request whose signature, timestamp and id are well formed and in time;
/// nothing of it is believed yet.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(super) admitted: Admitted,
    pub(super) open: OpenDemand,
}

/// A request of which every scheme of its source held over the exact bytes of its body.
#[derive(Debug)]
pub(crate) struct Verified {
    admitted: Admitted,
    proof: Proofs,
    body: Bytes,
    /// The body's share of the memory budget, as long as it has a body.
    reservation: Option<Reservation>,
}

/// Takes the head step of the source's schemes. Waits only for the keys of an
/// issuer, where a token names one that is not known, and not for long.
pub(crate) async fn open(
    admitted: Admitted,
    parts: &Parts,
    caller: Caller<'_>,
    now: UnixTime,
) -> Result<Opened, Rejection> {
    let source = &admitted.known.routed.source;
    let demand = &source.config.demand;
    // A field that `Connection` takes out of the message cannot also prove it.
    let taken_out = admitted.known.routed.sound.connection_options();
    if demand.security_headers().any(|name| taken_out.contains(name)) {
        return Err(Rejection::HeadRefused);
    }
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let public_url = source.config.public_url.as_ref().map(|url| url.of(target));
    let head =
        Head { method: &parts.method, target, fields: &parts.headers, public_url: public_url.as_deref() };
    let certificate = caller.identities.map(PeerIdentities::thumbprint);
    let beside = Beside { certificate, issuer_keys: None };
    let open = match &source.issuer {
        None => demand.open(&head, &beside, now).map_err(unproven)?,
        Some(issuer) => open_with(issuer, demand, &head, &beside, now).await?,
    };
    Ok(Opened { admitted, open })
}

/// Opens with the keys that are published. Where there are none, or where they
/// lack the one that a token names, the issuer is asked anew.
async fn open_with(
    issuer: &Issuer,
    demand: &Demand,
    head: &Head<'_>,
    beside: &Beside<'_>,
    now: UnixTime,
) -> Result<OpenDemand, Rejection> {
    if let Some(keys) = issuer.keys(now) {
        match demand.open(head, &with(beside, &keys), now) {
            Err(unmet) if issuer::may_know(&unmet) => {}
            opened => return opened.map_err(unproven),
        }
    }
    // Boxed: the rare case must not make every delivery's future larger.
    let keys = Box::pin(issuer.newer_keys(now)).await.ok_or(Rejection::KeysUnavailable)?;
    demand.open(head, &with(beside, &keys), now).map_err(unproven)
}

fn with<'a>(beside: &Beside<'a>, keys: &'a TokenKeys) -> Beside<'a> {
    Beside { issuer_keys: Some(keys), ..*beside }
}

fn unproven(unmet: Unmet<'_>) -> Rejection {
    Rejection::Unproven(unmet.refusal)
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

    /// What the schemes proved.
    pub(crate) fn proof(&self) -> &Proofs {
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
