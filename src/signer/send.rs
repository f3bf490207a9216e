//! The exchange with the consumer. Its answer goes back to the app as it is,
//! whatever its status; where there is none, the app learns a code.

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::Full;
use tokio::time::Instant;

use crate::causes::Causes;
use crate::net;
use crate::signer::delivery::Delivery;
use crate::signer::outbound::Outgoing;
use crate::signer::rejection::{ERROR, Rejection};
use crate::signer::worker::Way;

/// Sends the request and gives back the consumer's answer, less the fields
/// that end at a proxy (RFC 9110 section 7.6.1) and the one by which an app
/// tells our refusals from the consumer's.
pub(crate) async fn send(
    delivery: &mut Delivery<'_>,
    way: &Way,
    outgoing: Outgoing,
) -> Result<Response<Full<Bytes>>, Rejection> {
    let Outgoing { request, endpoint, credential, _places, _reservation } = outgoing;
    let sent_at = Instant::now();
    let outcome = way.egress.send(request, sent_at).await;
    delivery.note_consumer(sent_at.elapsed());
    match outcome {
        Ok(mut answer) => {
            if let (StatusCode::UNAUTHORIZED, Some(tokens)) = (answer.status(), &endpoint.tokens) {
                tokens.forget(credential.as_ref());
            }
            net::strip_hop_by_hop(answer.headers_mut());
            answer.headers_mut().remove(ERROR);
            answer.extensions_mut().clear();
            Ok(answer.map(Full::new))
        }
        Err(error) => {
            let rejection = Rejection::from(&error);
            tracing::warn!(
                endpoint = endpoint.config.name,
                code = rejection.code(),
                maybe_sent = error.may_have_been_sent(),
                error = %Causes(&error),
                "the consumer did not answer"
            );
            Err(rejection)
        }
    }
}
