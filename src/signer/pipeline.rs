//! START HERE: the life of a delivery, as one function that reads top-down.
//!
//! Cheap and certain checks come first; limits before the body is read; the
//! signature last of what is ours, so that its time is as fresh as can be.
//! Each stage takes the evidence of the one before, so that one that is skipped
//! or moved does not compile: `Sound` → `Addressed` → `Admitted` → `Taken` →
//! `Signed` → `Authorised` → `Outgoing`.
//!
//! An app that hangs up cancels its delivery: nothing here is settled by the
//! consumer's answer.

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use http_body_util::Full;
use hyper::body::Incoming;

use crate::net::{self, Http1Fault};
use crate::signer::delivery::Delivery;
use crate::signer::rejection::Refused;
use crate::signer::send::send;
use crate::signer::{admission, authorization, endpoints, intake, outbound, signing};

/// Takes one delivery from the app's head to the consumer's answer.
pub(crate) async fn run(
    delivery: &mut Delivery<'_>,
    mut parts: Parts,
    body: &mut Incoming,
    fault: Option<Http1Fault>,
) -> Result<Response<Full<Bytes>>, Refused> {
    let signer = delivery.signer();
    let sound = net::inspect(&parts, fault, signer.bounds.head_fields)?;
    delivery.refuse_when_draining()?;
    let addressed = endpoints::choose(&signer.endpoints, &sound, &parts)?;
    delivery.note_addressed(&addressed);
    // Before the signature, which may cover it.
    delivery.join_trace(&mut parts);
    let admitted = admission::admit(addressed, &signer.deliveries)?;
    let taken = intake::read(admitted, body, &signer.memory, &signer.bounds).await?;
    let message = signing::sign(taken, &parts, signer.clock.now())?;
    delivery.note_signed(&message);
    let way = delivery.way(&message);
    let authorised = authorization::authorise(message, way, &signer.signing_metrics).await?;
    let outgoing = outbound::request(parts, authorised);
    Ok(send(delivery, way, outgoing).await?)
}
