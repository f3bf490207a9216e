//! What the consumer asks for beside the signature.

use http::HeaderValue;
use http::header::{AUTHORIZATION, HeaderName};

use crate::config::Authorization;
use crate::signer::rejection::Rejection;
use crate::signer::signing::Signed;
use crate::signer::worker::Way;
use crate::telemetry::SigningMetrics;

/// A signed request with what proves that we may call.
#[derive(Debug)]
pub(crate) struct Authorised {
    pub(super) signed: Signed,
    pub(super) credential: Option<(HeaderName, HeaderValue)>,
}

/// Finds the credential, or gets a token.
pub(crate) async fn authorise(
    signed: Signed,
    way: &Way,
    metrics: &SigningMetrics,
) -> Result<Authorised, Rejection> {
    let credential = match &signed.endpoint.config.authorization {
        Authorization::None => None,
        Authorization::Fixed(name, value) => Some((name.clone(), value.clone())),
        Authorization::ClientCredentials(_) => {
            let endpoint = &signed.endpoint;
            let (tokens, token) =
                endpoint.tokens.as_ref().zip(way.token.as_ref()).ok_or(Rejection::Internal)?;
            Some((AUTHORIZATION, tokens.bearer(token, metrics).await?))
        }
    };
    Ok(Authorised { signed, credential })
}
