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
use crate::guard::check::observe::Carried;
use crate::guard::check::{Admitted, Presented, Turned};
use crate::guard::detail::Detail;
use crate::guard::issuer::{self, Issuer};
use crate::guard::rejection::{Refused, Rejection};
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
    presented: Presented,
    parts: &Parts,
    caller: Caller<'_>,
    now: UnixTime,
) -> Result<Opened, Turned> {
    let admitted = presented.into_admitted();
    match opened(&admitted, parts, caller, now).await {
        Ok(open) => Ok(Opened { admitted, open }),
        Err(refused) => Err(Turned::at(admitted, refused)),
    }
}

async fn opened(
    admitted: &Admitted,
    parts: &Parts,
    caller: Caller<'_>,
    now: UnixTime,
) -> Result<OpenDemand, Refused> {
    let source = &admitted.known.routed.source;
    let demand = &source.config.demand;
    // A field that `Connection` takes out of the message cannot also prove it.
    let taken_out = admitted.known.routed.sound.connection_options();
    if demand.security_headers().any(|name| taken_out.contains(name)) {
        return Err(Refused::because(Rejection::HeadRefused, "connection"));
    }
    let public_url = source.config.public_url.as_ref().map(|url| url.of(target(parts)));
    let head = Head { public_url: public_url.as_deref(), ..head(parts) };
    let certificate = caller.identities.map(PeerIdentities::thumbprint);
    let beside = Beside { certificate, issuer_keys: None };
    match &source.issuer {
        None => demand.open(&head, &beside, now).map_err(|unmet| unproven(&unmet, &head, now)),
        Some(issuer) => open_with(issuer, demand, &head, &beside, now).await,
    }
}

/// The head as schemes see it, but for the public URL.
pub(super) fn head(parts: &Parts) -> Head<'_> {
    Head { method: &parts.method, target: target(parts), fields: &parts.headers, public_url: None }
}

fn target(parts: &Parts) -> &str {
    parts.uri.path_and_query().map_or("/", |target| target.as_str())
}

/// Opens with the keys that are published. Where there are none, or where they
/// lack the one that a token names, the issuer is asked anew.
async fn open_with(
    issuer: &Issuer,
    demand: &Demand,
    head: &Head<'_>,
    beside: &Beside<'_>,
    now: UnixTime,
) -> Result<OpenDemand, Refused> {
    if let Some(keys) = issuer.keys(now) {
        match demand.open(head, &with(beside, &keys), now) {
            Err(unmet) if issuer::may_know(&unmet) => {}
            opened => return opened.map_err(|unmet| unproven(&unmet, head, now)),
        }
    }
    // Boxed: the rare case must not make every delivery's future larger.
    let keys = Box::pin(issuer.newer_keys(now)).await.ok_or(Rejection::KeysUnavailable)?;
    demand.open(head, &with(beside, &keys), now).map_err(|unmet| unproven(&unmet, head, now))
}

fn with<'a>(beside: &Beside<'a>, keys: &'a TokenKeys) -> Beside<'a> {
    Beside { issuer_keys: Some(keys), ..*beside }
}

/// Of a time that is refused, with how far it is off.
fn unproven(unmet: &Unmet<'_>, head: &Head<'_>, now: UnixTime) -> Refused {
    let refused = Refused::from(unmet.refusal);
    match unmet.refusal {
        Refusal::TimestampTooOld | Refusal::TimestampInFuture => {
            let skew = unmet
                .scheme
                .claimed_at(head)
                .map(|at| at.saturating_since(now).max(now.saturating_since(at)));
            refused.with(skew.map(Detail::Skew))
        }
        _ => refused,
    }
}

impl Opened {
    /// Takes the body step: `body` is what `open` was fed, byte for byte.
    pub(super) fn prove(self, body: Bytes, reservation: Reservation) -> Result<Verified, Turned> {
        let Self { admitted, open } = self;
        let reservation = Some(reservation);
        match proved(open, &admitted.known.routed.source, &body) {
            Ok(proof) => Ok(Verified { admitted, proof, body, reservation }),
            Err(refusal) => Err(Turned::at(Carried { admitted, body, _reservation: reservation }, refusal)),
        }
    }
}

fn proved(open: OpenDemand, source: &Source, body: &[u8]) -> Result<Proofs, Refusal> {
    let handshake = source.config.handshake.as_ref();
    if handshake.is_some_and(|handshake| handshake.responder.hands_out_the_code_of(body)) {
        return Err(Refusal::SignatureMismatch);
    }
    open.finish(body)
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

    /// The body, for those who answer without the app.
    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }

    /// Gives up the body, keeping everything that is needed to answer.
    pub(super) fn drop_body(&mut self) {
        self.body = Bytes::new();
        self.reservation = None;
    }

    /// The delivery without its proof.
    pub(super) fn into_carried(self) -> Carried {
        Carried { admitted: self.admitted, body: self.body, _reservation: self.reservation }
    }

    /// Length of the body.
    pub(crate) fn body_bytes(&self) -> u64 {
        self.body.len() as u64
    }

    /// The body, for the app.
    pub(super) fn take_body(&mut self) -> Bytes {
        std::mem::take(&mut self.body)
    }

    /// The place among deliveries in flight, for the answer to hold on to. The
    /// body's memory is given back: the app has it.
    pub(super) fn into_permit(self) -> Permit {
        self.admitted.permit
    }
}
