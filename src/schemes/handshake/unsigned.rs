//! Set-up requests that carry no signature: settled by the head alone. Nothing
//! of them is believed, and none of them is ever forwarded.

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;

use super::answer::Answer;
use super::challenge::{Malformed, field, line, parameter, word};
use crate::keys::Secret;
use crate::schemes::encoding::Encoding;
use crate::schemes::tag::Tag;

/// An answer, or `None` where the request does not ask for one.
pub(super) type Answered = Result<Option<Answer>, Malformed>;

/// Dropbox and Microsoft Graph: a parameter comes back as text. Both may send
/// more than a word, so what keeps it from being run is its media type.
pub(super) fn echo(target: &str, name: &str) -> Answered {
    let Some(challenge) = parameter(target, name)? else { return Ok(None) };
    Ok(Some(Answer::text(line(&challenge)?.to_owned())))
}

/// Meta: the challenge comes back to whoever knows the token that was agreed
/// on. It is compared in constant time.
pub(super) fn meta(target: &str, verify_token: &Secret) -> Answered {
    let Some(challenge) = parameter(target, "hub.challenge")? else { return Ok(None) };
    let token = parameter(target, "hub.verify_token")?.ok_or(Malformed)?;
    let mode = parameter(target, "hub.mode")?;
    if mode.as_deref() != Some("subscribe") || Secret::new(token.as_bytes()) != *verify_token {
        return Err(Malformed);
    }
    Ok(Some(Answer::text(word(&challenge)?.to_owned())))
}

/// Okta: the challenge is in a field and comes back in JSON.
pub(super) fn okta(fields: &HeaderMap) -> Answered {
    #[derive(Serialize)]
    struct Verification<'c> {
        verification: &'c str,
    }
    let Some(challenge) = word_of(fields, &OKTA_CHALLENGE)? else { return Ok(None) };
    Ok(Some(Answer::json(&Verification { verification: challenge })))
}

/// X: the challenge comes back as its MAC under the consumer secret, which is
/// the MAC of a delivery with this body. That the challenge is one word, and no
/// delivery is (`Responder::hands_out_the_code_of`), is what keeps a stranger
/// from having a delivery signed here.
pub(super) fn x(target: &str, mac: impl FnOnce(&[u8]) -> Option<Tag>) -> Answered {
    #[derive(Serialize)]
    struct Response {
        response_token: String,
    }
    let Some(challenge) = parameter(target, "crc_token")? else { return Ok(None) };
    let mac = mac(word(&challenge)?.as_bytes()).ok_or(Malformed)?;
    let response_token = format!("sha256={}", Encoding::Base64.encode(mac.as_bytes()));
    Ok(Some(Answer::json(&Response { response_token })))
}

/// `CloudEvents`: permission for an origin to deliver, at a rate a minute. A
/// callback that the request names is not called: whoever can name it could
/// have us call anyone.
pub(super) fn cloudevents(fields: &HeaderMap, rate_per_minute: Option<u64>) -> Answered {
    let Some(origin) = field(fields, &REQUEST_ORIGIN)? else { return Ok(None) };
    // "A DNS expression that identifies the sending system" (section 4.1.1).
    let is_of_a_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._".contains(byte);
    let well_formed =
        (1..=NAME_BYTES_MAX).contains(&origin.len()) && origin.as_bytes().iter().all(is_of_a_name);
    if !well_formed {
        return Err(Malformed);
    }
    // Section 4.2.2: requests a minute, or an asterisk for no limit.
    let rate = rate_per_minute.map_or(HeaderValue::from_static("*"), HeaderValue::from);
    Ok(Some(Answer::empty(vec![(ALLOWED_ORIGIN, origin.clone()), (ALLOWED_RATE, rate)])))
}

/// Asana: the secret that it will sign with, and its echo. A request that is
/// signed already is a delivery.
pub(super) fn asana(fields: &HeaderMap) -> Result<Option<(Secret, Answer)>, Malformed> {
    if fields.contains_key(&HOOK_SIGNATURE) {
        return Ok(None);
    }
    let Some(secret) = word_of(fields, &HOOK_SECRET)? else { return Ok(None) };
    if !HOOK_SECRET_BYTES.contains(&secret.len()) {
        return Err(Malformed);
    }
    let mut echo = HeaderValue::from_str(secret).map_err(|_| Malformed)?;
    echo.set_sensitive(true);
    Ok(Some((Secret::new(secret), Answer::empty(vec![(HOOK_SECRET, echo)]))))
}

/// The one word in the field `name`.
fn word_of<'h>(fields: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, Malformed> {
    let Some(value) = field(fields, name)? else { return Ok(None) };
    word(value.to_str().map_err(|_| Malformed)?).map(Some)
}

const OKTA_CHALLENGE: HeaderName = HeaderName::from_static("x-okta-verification-challenge");
const REQUEST_ORIGIN: HeaderName = HeaderName::from_static("webhook-request-origin");
const ALLOWED_ORIGIN: HeaderName = HeaderName::from_static("webhook-allowed-origin");
const ALLOWED_RATE: HeaderName = HeaderName::from_static("webhook-allowed-rate");
const HOOK_SECRET: HeaderName = HeaderName::from_static("x-hook-secret");
const HOOK_SIGNATURE: HeaderName = HeaderName::from_static("x-hook-signature");

/// The longest name there is (RFC 1035 section 2.3.4).
const NAME_BYTES_MAX: usize = 253;

/// Asana's have 32. Fewer than the least that a secret of ours may have would
/// not be taken as one afterwards.
const HOOK_SECRET_BYTES: std::ops::RangeInclusive<usize> = crate::keys::KEY_BYTES_MIN..=256;
