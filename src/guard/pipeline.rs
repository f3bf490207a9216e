//! START HERE: the life of a delivery, as one function that reads top-down:
//! `judge`, with what `run` makes of its judgement.
//!
//! The order is the security argument. Cheap and certain checks come first;
//! nothing in the message is believed before its signature holds; nothing is
//! remembered before that either. TLS and connection limits came before
//! (`accept`). Each stage takes the evidence of the one before, so that one
//! that is skipped or moved does not compile (`check`).
//!
//! A stage refuses by turning a delivery away, and that is its end, unless its
//! source only observes: there it may go on as `Unverified`.
//!
//! Until the claim, a caller that hangs up cancels its delivery. After it the
//! exchange with the app runs to its end, whoever listens: the claim must be
//! settled by what the app answered.

use http::Response;
use http::request::Parts;
use hyper::body::Incoming;

use crate::guard::answer::{self, AnswerBody};
use crate::guard::check::{self, Forwardable, Funded, SetUp, Standing, Turned};
use crate::guard::delivery::Delivery;
use crate::guard::forward::forward;
use crate::guard::rejection::Refused;
use crate::net::{self, Http1Fault};
use crate::schemes::Policy;

/// What the checks made of a delivery that they did not turn away.
#[allow(clippy::large_enum_variant)] // The large one is the common one, and a box would be an allocation for each delivery.
enum Judged {
    Verified(Funded),
    Answered(Response<AnswerBody>),
}

/// Takes one delivery from its head to the answer for its caller.
pub(crate) async fn run(
    delivery: &mut Delivery,
    mut parts: Parts,
    body: &mut Incoming,
    fault: Option<Http1Fault>,
) -> Result<Response<AnswerBody>, Refused> {
    let forwardable = match judge(delivery, &mut parts, body, fault).await {
        Ok(Judged::Verified(funded)) => Forwardable::Funded(funded),
        Ok(Judged::Answered(answer)) => return Ok(answer),
        // UNVERIFIED from here on, where a source only observes; refused elsewhere.
        Err(turned) => {
            delivery.note_turned(&parts, turned.rejection());
            if turned.ends_here() {
                delivery.capture(turned.rejection(), &parts, turned.body());
            }
            let observed = Box::pin(check::pass_over(turned, &parts, body, delivery)).await?;
            delivery.disarm(observed.source(), &mut parts);
            delivery.capture(observed.rejection(), &parts, Some(observed.body()));
            delivery.note_observed(&observed);
            delivery.run_to_end();
            Forwardable::Unverified(observed)
        }
    };
    delivery.clean(&mut parts);
    delivery.join_trace(&forwardable, &mut parts);
    forward(delivery, parts, forwardable).await
}

/// The checks, in their order.
async fn judge(
    delivery: &mut Delivery,
    parts: &mut Parts,
    body: &mut Incoming,
    fault: Option<Http1Fault>,
) -> Result<Judged, Turned> {
    let guard = delivery.guard();
    let now = guard.clock.now();
    let sound = net::inspect(parts, fault, guard.bounds.head_fields)?;
    delivery.refuse_when_draining()?;
    delivery.find_caller(&parts.headers)?;
    // Looked at once: whatever is reloaded meanwhile is for the next delivery.
    let in_force = guard.in_force.load();
    let found = check::find(&in_force.routes, sound, parts)?;
    delivery.note_found(&found);
    let routed = check::route(found, &parts.method)?;
    delivery.note_routed(&routed, now);
    let known = check::recognise(routed, delivery.caller(), &in_force, now)?;
    drop(in_force);
    let admitted = check::admit(known, delivery.caller().client, &guard.deliveries)?;
    let presented = match check::asks_unsigned(admitted, parts).await? {
        SetUp::Delivery(presented) => presented,
        SetUp::Answered(answer) => return Ok(Judged::Answered(answer)),
    };
    delivery.disarm(presented.source(), parts);
    let opened = check::open(presented, parts, delivery.caller(), now).await?;
    let verified = check::read(opened, body, delivery.reservation(), &guard.bounds).await?;
    delivery.note_verified(&verified, now);
    if let Some(answer) = check::asks_signed(&verified) {
        return Ok(Judged::Answered(answer));
    }
    let funded = match check::claim(verified, &guard.ledger).await? {
        Standing::First(claimed) => {
            delivery.run_to_end();
            check::charge(claimed, &guard.ledger).await?
        }
        Standing::Copy(verified, class) => {
            delivery.note_class(class);
            match verified.source().policy(class) {
                Policy::Refuse => return Err(check::refuse_copy(verified)),
                Policy::Acknowledge => return Ok(Judged::Answered(answer::duplicate())),
                Policy::Forward => delivery.run_to_end(),
            }
            check::pass_copy(verified, class)
        }
    };
    Ok(Judged::Verified(funded))
}
