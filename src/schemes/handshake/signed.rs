//! Set-up requests that are signed as a delivery is: read in the body, once the
//! signature held.
//!
//! A genuine request that is not understood here is a delivery. Its sender is
//! known by then, and the app may know what it asks for.

use std::borrow::Cow;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::challenge::word;
use crate::schemes::encoding::Encoding;
use crate::schemes::tag::Tag;

/// A longer body is a delivery: those of set-up requests have some hundred
/// bytes, and deliveries are not to be read as JSON for nothing.
pub const SIGNED_BYTES_MAX: usize = 4096;

/// `{"type":"url_verification","challenge":"..."}`: the challenge, as text.
pub(super) fn slack(body: &[u8]) -> Option<Answer> {
    #[derive(Deserialize)]
    struct UrlVerification<'b> {
        #[serde(rename = "type", borrow)]
        kind: Cow<'b, str>,
        #[serde(borrow)]
        challenge: Cow<'b, str>,
    }
    let request: UrlVerification<'_> = read(body)?;
    (request.kind == "url_verification").then(|| word(&request.challenge).ok())??;
    Some(Answer::text(request.challenge.into_owned()))
}

/// `{"type":1,...}`, a PING: a PONG, which is the same number.
pub(super) fn discord(body: &[u8]) -> Option<Answer> {
    #[derive(Deserialize, Serialize)]
    struct Interaction {
        #[serde(rename = "type")]
        kind: u8,
    }
    let ping: Interaction = read(body)?;
    (ping.kind == 1).then(|| Answer::json(&ping))
}

/// `{"event":"endpoint.url_validation","payload":{"plainToken":"..."}}`: the
/// token and its MAC. The token is one word, and what Zoom signs begins with
/// `v0:`, so the MAC is that of no delivery.
pub(super) fn zoom(body: &[u8], mac: impl FnOnce(&[u8]) -> Option<Tag>) -> Option<Answer> {
    #[derive(Deserialize)]
    struct UrlValidation<'b> {
        #[serde(borrow)]
        event: Cow<'b, str>,
        #[serde(borrow)]
        payload: Payload<'b>,
    }
    #[derive(Deserialize)]
    struct Payload<'b> {
        #[serde(rename = "plainToken", borrow)]
        plain_token: Cow<'b, str>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Validation<'b> {
        plain_token: &'b str,
        encrypted_token: String,
    }
    let request: UrlValidation<'_> = read(body)?;
    if request.event != "endpoint.url_validation" {
        return None;
    }
    let plain_token = word(&request.payload.plain_token).ok()?;
    let encrypted_token = Encoding::Hex.encode(mac(plain_token.as_bytes())?.as_bytes());
    Some(Answer::json(&Validation { plain_token, encrypted_token }))
}

/// `{"events":[],"entropy":"...",...}`, the intent to receive: nothing, as with
/// every answer that Xero takes.
pub(super) fn xero(body: &[u8]) -> Option<Answer> {
    #[derive(Deserialize)]
    struct Intent<'b> {
        events: Vec<IgnoredAny>,
        #[serde(borrow, rename = "entropy")]
        _entropy: Cow<'b, str>,
    }
    let intent: Intent<'_> = read(body)?;
    intent.events.is_empty().then(|| Answer::empty(Vec::new()))
}

/// An object: an array would do for a struct too, field by field.
fn read<'b, T: Deserialize<'b>>(body: &'b [u8]) -> Option<T> {
    let is_object = body.trim_ascii_start().starts_with(b"{");
    if is_object && body.len() <= SIGNED_BYTES_MAX { serde_json::from_slice(body).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(answer: Option<Answer>) -> Option<String> {
        answer.map(|answer| String::from_utf8_lossy(&answer.body).into_owned())
    }

    #[test]
    fn slack_gets_its_challenge_and_events_are_left_alone() {
        for (body, expected) in [
            (r#"{"token":"t","challenge":"3eZ","type":"url_verification"}"#, Some("3eZ")),
            (r#"{"challenge":"a\u0062c","type":"url_\u0076erification"}"#, Some("abc")),
            (r#"{"challenge":"<script>","type":"url_verification"}"#, None),
            (r#"{"challenge":"a\r\nb","type":"url_verification"}"#, None),
            (r#"{"challenge":"","type":"url_verification"}"#, None),
            (r#"{"challenge":1,"type":"url_verification"}"#, None),
            (r#"{"type":"url_verification"}"#, None),
            (r#"{"challenge":"a","type":"event_callback"}"#, None),
            (r#"{"challenge":"a","challenge":"b","type":"url_verification"}"#, None),
            (r#"{"event":{"type":"url_verification","challenge":"a"},"type":"event_callback"}"#, None),
            ("payload=%7B%22type%22%3A%22url_verification%22%7D", None),
            ("", None),
        ] {
            assert_eq!(text(slack(body.as_bytes())).as_deref(), expected, "{body}");
        }
        let long = format!(r#"{{"challenge":"{}","type":"url_verification"}}"#, "a".repeat(1025));
        assert_eq!(slack(long.as_bytes()), None);
        let padded =
            format!(r#"{{"challenge":"a","type":"url_verification"}}{}"#, " ".repeat(SIGNED_BYTES_MAX));
        assert_eq!(slack(padded.as_bytes()), None);
    }

    #[test]
    fn a_ping_is_answered_in_kind_and_commands_are_left_alone() {
        for (body, expected) in [
            (r#"{"type":1}"#, Some(r#"{"type":1}"#)),
            (r#"{"id":"1","type":1,"user":{"id":"2"},"version":1}"#, Some(r#"{"type":1}"#)),
            (r#"{"type":2,"data":{"type":1}}"#, None),
            (r#"{"type":"1"}"#, None),
            (r#"{"type":257}"#, None),
            ("[1]", None),
        ] {
            assert_eq!(text(discord(body.as_bytes())).as_deref(), expected, "{body}");
        }
    }

    #[test]
    fn zoom_gets_its_token_and_the_mac_of_it() {
        let mac = |message: &[u8]| (message == b"qgg8").then(|| Tag::new(&[0xab; 32]))?;
        let body = r#"{"payload":{"plainToken":"qgg8"},"event_ts":1,"event":"endpoint.url_validation"}"#;
        let expected = format!(r#"{{"plainToken":"qgg8","encryptedToken":"{}"}}"#, "ab".repeat(32));
        assert_eq!(text(zoom(body.as_bytes(), mac)), Some(expected));
        for other in [
            r#"{"payload":{"plainToken":"v0:1:{}"},"event":"endpoint.url_validation"}"#,
            r#"{"payload":{"plainToken":""},"event":"endpoint.url_validation"}"#,
            r#"{"payload":{"plainToken":"qgg8"},"event":"meeting.started"}"#,
            r#"{"payload":{},"event":"endpoint.url_validation"}"#,
        ] {
            assert_eq!(zoom(other.as_bytes(), |_| Tag::new(&[0; 32])), None, "{other}");
        }
    }

    #[test]
    fn an_intent_to_receive_is_a_delivery_without_events() {
        for (body, expected) in [
            (r#"{"events":[],"firstEventSequence":0,"lastEventSequence":0,"entropy":"S0m3"}"#, true),
            (r#"{"events":[],"firstEventSequence":0,"lastEventSequence":0}"#, false),
            (r#"{"events":[{"eventType":"UPDATE"}],"entropy":"S0m3"}"#, false),
        ] {
            assert_eq!(xero(body.as_bytes()).is_some(), expected, "{body}");
        }
    }
}
