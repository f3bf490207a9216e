//! Access tokens: OAuth 2.0 client credentials (RFC 6749 section 4.4).
//!
//! One token for an endpoint and all workers, asked for once by whoever needs
//! it first, renewed before it expires while the old one still serves. An
//! authorization server that does not answer is left alone for a moment. No
//! token is ever logged; its value is marked as sensitive.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64ct::{Base64, Encoding as _};
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Request, StatusCode, Uri};
use http_body_util::Full;
use serde::Deserialize;
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::causes::Causes;
use crate::config::{Authorization, EndpointConfig};
use crate::egress::{Egress, EgressError};
use crate::signer::rejection::Rejection;
use crate::telemetry::SigningMetrics;

/// The tokens of one endpoint.
#[derive(Debug)]
pub(crate) struct Tokens {
    endpoint: String,
    target: Uri,
    /// `Authorization` of the request (RFC 6749 section 2.3.1).
    client: HeaderValue,
    /// Its body.
    form: Bytes,
    state: Mutex<State>,
    /// Held by the one who asks.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Clone, Debug, Default)]
struct State {
    token: Option<Token>,
    /// Nobody asks again before this.
    failure: Option<(Instant, Rejection)>,
}

#[derive(Clone, Debug)]
struct Token {
    value: HeaderValue,
    renew_at: Instant,
    expires_at: Instant,
}

/// RFC 6749 section 5.1.
#[derive(Deserialize)]
struct Grant {
    access_token: Zeroizing<String>,
    token_type: String,
    expires_in: Option<u64>,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
enum TokenError {
    #[error("ask the authorization server for a token")]
    Egress(#[from] EgressError),
    #[error("the authorization server answered {0}")]
    Status(StatusCode),
    #[error("the authorization server's answer holds no bearer token")]
    Malformed,
}

impl Tokens {
    /// Nothing was asked for yet. `None` where the endpoint wants no tokens.
    pub(crate) fn new(config: &EndpointConfig) -> Option<Self> {
        let Authorization::ClientCredentials(credentials) = &config.authorization else { return None };
        let secret = Zeroizing::new(form_encoded(credentials.client_secret.expose()));
        let id = form_encoded(credentials.client_id.as_bytes());
        let pair = Zeroizing::new([id.as_str(), ":", &secret].concat());
        let basic = Zeroizing::new(["Basic ", &Base64::encode_string(pair.as_bytes())].concat());
        let mut client = HeaderValue::from_str(&basic).expect("base64 is visible ASCII");
        client.set_sensitive(true);
        let scope =
            credentials.scope.as_ref().map(|scope| format!("&scope={}", form_encoded(scope.as_bytes())));
        let form = ["grant_type=client_credentials", scope.as_deref().unwrap_or_default()].concat();
        Some(Self {
            endpoint: config.name.clone(),
            target: credentials.token.destination.base().clone().into(),
            client,
            form: form.into(),
            state: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        })
    }

    /// The value of `Authorization`. Asks on `way` where there is no token, or
    /// where it is time for the next.
    pub(crate) async fn bearer(
        &self,
        way: &Egress,
        metrics: &SigningMetrics,
    ) -> Result<HeaderValue, Rejection> {
        let now = Instant::now();
        let held = self.state().token.clone().filter(|token| now < token.expires_at);
        let _turn = match &held {
            Some(token) if now < token.renew_at => return Ok(token.value.clone()),
            // Someone else asks already, and the old one serves meanwhile.
            Some(token) => match self.turn.try_lock() {
                Ok(turn) => turn,
                Err(_) => return Ok(token.value.clone()),
            },
            None => self.turn.lock().await,
        };
        // Whoever had the turn before may have brought one, or may have failed.
        let state = self.state().clone();
        if let Some(token) = state.token.filter(|token| Instant::now() < token.renew_at) {
            return Ok(token.value);
        }
        if let Some((until, rejection)) = state.failure.filter(|(until, _)| Instant::now() < *until) {
            tracing::debug!(?until, "the authorization server is left alone");
            return held.map(|token| token.value).ok_or(rejection);
        }
        let asked = self.ask(way).await;
        metrics.token_requested(&self.endpoint, asked.is_ok());
        match asked {
            Ok(token) => {
                let value = token.value.clone();
                *self.state() = State { token: Some(token), failure: None };
                Ok(value)
            }
            Err(error) => {
                let rejection = Rejection::from(&error);
                tracing::warn!(endpoint = self.endpoint, error = %Causes(&error), "no access token");
                self.state().failure = Some((Instant::now() + REST, rejection));
                held.map(|token| token.value).ok_or(rejection)
            }
        }
    }

    /// The consumer does not take `value`: the next delivery gets another.
    pub(crate) fn forget(&self, value: Option<&HeaderValue>) {
        let mut state = self.state();
        if state.token.as_ref().map(|token| &token.value) == value {
            state.token = None;
        }
    }

    async fn ask(&self, way: &Egress) -> Result<Token, TokenError> {
        let mut request = Request::new(Full::new(self.form.clone()));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = self.target.clone();
        let fields = request.headers_mut();
        fields.insert(AUTHORIZATION, self.client.clone());
        fields.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        fields.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let asked_at = Instant::now();
        let answer = way.send(request, asked_at).await?;
        if answer.status() != StatusCode::OK {
            return Err(TokenError::Status(answer.status()));
        }
        // The error of the parser would quote the answer.
        let grant: Grant = serde_json::from_slice(answer.body()).map_err(|_| TokenError::Malformed)?;
        Token::of(&grant, asked_at).ok_or(TokenError::Malformed)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is one assignment: a panic leaves nothing half written.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Token {
    fn of(grant: &Grant, asked_at: Instant) -> Option<Self> {
        // RFC 6749 section 7.1: a client must not use a type it does not know.
        if !grant.token_type.eq_ignore_ascii_case("bearer") || grant.access_token.is_empty() {
            return None;
        }
        let text = Zeroizing::new(["Bearer ", grant.access_token.as_str()].concat());
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        let lifetime = grant.expires_in.map_or(LIFETIME, Duration::from_secs).min(LIFETIME_MAX);
        let margin = (lifetime / 5).min(MARGIN_MAX);
        let expires_at = asked_at + lifetime;
        Some(Self { value, renew_at: expires_at.checked_sub(margin).unwrap_or(expires_at), expires_at })
    }
}

impl From<&TokenError> for Rejection {
    fn from(error: &TokenError) -> Self {
        match error {
            TokenError::Egress(EgressError::Refused(_)) => Self::DestinationRefused,
            TokenError::Status(status)
                if status.is_client_error() && *status != StatusCode::TOO_MANY_REQUESTS =>
            {
                Self::TokenRefused
            }
            TokenError::Egress(_) | TokenError::Status(_) | TokenError::Malformed => Self::TokenUnavailable,
        }
    }
}

/// RFC 6749 appendix B: percent-encoded but for unreserved letters.
fn form_encoded(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~' => text.push((*byte).into()),
            _ => {
                text.push('%');
                text.extend([byte >> 4, byte & 15].map(|digit| HEX[usize::from(digit)]));
            }
        }
    }
    text
}

const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];

/// Where the server does not say.
const LIFETIME: Duration = Duration::from_secs(300);

/// A longer one is not believed: clocks and instants have an end.
const LIFETIME_MAX: Duration = Duration::from_secs(24 * 3600);

/// Renewed at the latest so long before it expires.
const MARGIN_MAX: Duration = Duration::from_secs(60);

/// How long a server that gave no token is left alone.
const REST: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    fn token(answer: &str) -> Option<Token> {
        Token::of(&serde_json::from_str(answer).ok()?, Instant::now())
    }

    #[tokio::test]
    async fn only_bearer_tokens_that_a_field_can_carry_are_taken() {
        for (answer, taken) in [
            (r#"{"access_token":"a.b-c","token_type":"Bearer","expires_in":60,"scope":"x"}"#, true),
            (r#"{"access_token":"a","token_type":"bearer"}"#, true),
            (r#"{"access_token":"","token_type":"bearer"}"#, false),
            (r#"{"access_token":"a\nb","token_type":"bearer"}"#, false),
            (r#"{"access_token":"a","token_type":"mac"}"#, false),
            (r#"{"access_token":"a"}"#, false),
            ("<html>", false),
        ] {
            assert_eq!(token(answer).is_some(), taken, "{answer}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_renewed_before_it_expires_and_never_shown() {
        for (expires_in, renew_after, expire_after) in
            [(3600, 3540, 3600), (60, 48, 60), (0, 0, 0), (u64::MAX, 86_340, 86_400)]
        {
            let answer =
                format!(r#"{{"access_token":"hunter2","token_type":"bearer","expires_in":{expires_in}}}"#);
            let now = Instant::now();
            let token = token(&answer).unwrap();
            assert_eq!((token.renew_at - now).as_secs(), renew_after);
            assert_eq!((token.expires_at - now).as_secs(), expire_after);
            assert!(!format!("{token:?}").contains("hunter2"));
        }
    }

    #[test]
    fn credentials_are_form_encoded() {
        assert_eq!(form_encoded(b"a b:\xff~"), "a%20b%3A%FF~");
    }
}
