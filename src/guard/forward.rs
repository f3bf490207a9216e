//! Stages 9 and 10: the exchange with the app, and what it settles.
//!
//! A final 2xx status line commits the claim before the first byte goes back
//! to the caller; anything else releases it, so that the provider's retry gets
//! through. An exchange that broke after the request was sent has an unknown
//! outcome, and `--on-unknown` decides.

use std::time::Instant;

use http::Response;
use http::request::Parts;

use crate::causes::Causes;
use crate::config::OnUnknown;
use crate::guard::answer::{self, AnswerBody};
use crate::guard::check::Forwardable;
use crate::guard::delivery::Delivery;
use crate::guard::outbound;
use crate::guard::rejection::{Refused, Rejection};
use crate::ledger::{Ledger, Settlement};
use crate::net::{UpstreamBody, UpstreamError};

/// Sends the delivery to the app, settles its claim, where it has one, and
/// passes the answer on.
pub(crate) async fn forward(
    delivery: &mut Delivery,
    parts: Parts,
    mut forwardable: Forwardable,
) -> Result<Response<AnswerBody>, Refused> {
    let body = forwardable.take_body();
    let guard = delivery.guard();
    let request = outbound::request(parts, &forwardable, body, delivery.caller(), &*guard.clock);
    let sent_at = Instant::now();
    let outcome = delivery.pool(forwardable.source()).send(request).await;
    delivery.note_upstream(sent_at.elapsed());
    if let Some(claim) = forwardable.take_claim() {
        guard.ledger.settle(claim, settlement(&outcome, guard.on_unknown)).await?;
    }
    match outcome {
        Ok(response) => Ok(answer::from_upstream(response, forwardable.into_permit())),
        Err(error) => {
            tracing::warn!(
                source = forwardable.source().config.name,
                upstream = %forwardable.source().config.upstream,
                error = %Causes(&error),
                "the app did not answer"
            );
            Err(Rejection::from(&error).into())
        }
    }
}

fn settlement(outcome: &Result<Response<UpstreamBody>, UpstreamError>, on_unknown: OnUnknown) -> Settlement {
    match outcome {
        Ok(response) if response.status().is_success() => Settlement::Commit,
        Err(error) if error.may_have_been_sent() => on_unknown.settlement(),
        Ok(_) | Err(_) => Settlement::Release,
    }
}
