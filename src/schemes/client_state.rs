//! Microsoft Graph: a shared token in the body, beside each notification.
//!
//! Whoever holds it may send, whatever they send: nothing is signed, so there is
//! no identity to know a copy by and no time. Each notification of a batch has
//! to carry it, because an app that checks it checks each. Compared are digests,
//! in constant time and with every token.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use subtle::ConstantTimeEq as _;

use super::digest::Digest;
use super::key::{KeyError, KeyText};
use super::proof::Proof;
use super::refusal::Refusal;
use super::scheme::{Credential, SchemeOptions};
use super::validity::{At, InTime};

/// The tokens of one source. Immutable.
#[derive(Clone)]
pub(super) struct ClientState {
    digests: Vec<Digest>,
}

impl ClientState {
    pub(super) fn new(credentials: &[Credential], options: &SchemeOptions) -> Result<Self, KeyError> {
        let digest = |(slot, credential): (usize, &Credential)| {
            let token = KeyText::Utf8.key(&credential.secret, options.weak_keys());
            token.map(|token| Digest::of(&token)).map_err(|fault| KeyError::Unusable { slot, fault })
        };
        Ok(Self { digests: credentials.iter().enumerate().map(digest).collect::<Result<_, _>>()? })
    }

    pub(super) fn secret_count(&self) -> usize {
        self.digests.len()
    }

    /// The head says nothing.
    pub(super) fn open(&self, at: At) -> OpenClientState {
        OpenClientState { state: self.clone(), in_time: at.secrets }
    }

    /// Which token `sent` is, of those `in_time`.
    fn slot(&self, sent: &str, in_time: InTime) -> Option<usize> {
        let sent = Digest::of(sent.as_bytes());
        let same = |digest: &Digest| bool::from(digest.as_bytes().ct_eq(sent.as_bytes()));
        let found = self.digests.iter().map(same).enumerate();
        let counts = |(slot, same)| (same && in_time.has(slot)).then_some(slot);
        found.fold(None, |found, compared| found.or(counts(compared)))
    }
}

impl fmt::Debug for ClientState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientState({}, redacted)", self.digests.len())
    }
}

/// A delivery of which nothing is known yet.
#[derive(Debug)]
pub(super) struct OpenClientState {
    state: ClientState,
    in_time: InTime,
}

impl OpenClientState {
    /// Whether each notification in `body` carries a token, and there is one.
    pub(super) fn finish(self, body: &[u8]) -> Result<Proof, Refusal> {
        let mut first = None;
        for Notification { client_state } in notifications(body)? {
            let sent = client_state.ok_or(Refusal::TokenMissing)?;
            let slot = self.state.slot(&sent, self.in_time).ok_or(Refusal::TokenMismatch)?;
            first.get_or_insert(slot);
        }
        let slot = first.ok_or(Refusal::TokenMissing)?;
        Ok(Proof { slot, signed_at: None, identity: None })
    }
}

#[derive(Deserialize)]
struct Notification<'b> {
    #[serde(rename = "clientState", borrow)]
    client_state: Option<Cow<'b, str>>,
}

/// The notifications of a batch. A name that occurs twice is refused: parsers
/// differ in which one they take.
fn notifications(body: &[u8]) -> Result<Vec<Notification<'_>>, Refusal> {
    #[derive(Deserialize)]
    struct Batch<'b> {
        #[serde(borrow, default)]
        value: Vec<Notification<'b>>,
    }
    // Of an array serde would make a batch too.
    let is_object = body.trim_ascii_start().starts_with(b"{");
    let batch = is_object.then(|| serde_json::from_slice::<Batch<'_>>(body).ok()).flatten();
    batch.map(|batch| batch.value).ok_or(Refusal::TokenMalformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::UnixTime;
    use crate::keys::Secret;
    use crate::schemes::{Head, Scheme, Validity, preset};

    const TOKENS: [&str; 2] = ["a-client-state-that-nobody-guesses", "another-one-that-nobody-guesses"];

    fn finish(body: &str) -> Result<usize, Refusal> {
        let credentials = TOKENS.map(|token| Secret::new(token).into());
        let state = ClientState::new(&credentials, &SchemeOptions::default()).expect("usable tokens");
        let at = At { now: UnixTime::EPOCH, secrets: InTime::ALL };
        state.open(at).finish(body.as_bytes()).map(|proof| proof.slot())
    }

    #[test]
    fn each_notification_carries_a_token() {
        let [one, other] = TOKENS;
        let batch = |items: &[&str]| {
            let item = |state: &&str| format!(r#"{{"changeType":"updated","clientState":"{state}"}}"#);
            format!(r#"{{"value":[{}]}}"#, items.iter().map(item).collect::<Vec<_>>().join(","))
        };
        for (body, expected) in [
            (batch(&[one]), Ok(0)),
            (batch(&[other, one, other]), Ok(1)),
            (batch(&[one, "x"]), Err(Refusal::TokenMismatch)),
            (batch(&[&one[1..]]), Err(Refusal::TokenMismatch)),
            (batch(&[""]), Err(Refusal::TokenMismatch)),
            (batch(&[]), Err(Refusal::TokenMissing)),
            ("{}".to_owned(), Err(Refusal::TokenMissing)),
            (r#"{"value":[{"changeType":"updated"}]}"#.to_owned(), Err(Refusal::TokenMissing)),
            (format!(r#"{{"clientState":"{one}","value":[{{}}]}}"#), Err(Refusal::TokenMissing)),
            (
                format!(r#"{{"value":[{{"clientState":"x","clientState":"{one}"}}]}}"#),
                Err(Refusal::TokenMalformed),
            ),
            (format!(r#"[[{{"clientState":"{one}"}}]]"#), Err(Refusal::TokenMalformed)),
            (r#"{"value":[{"clientState":1}]}"#.to_owned(), Err(Refusal::TokenMalformed)),
            (String::new(), Err(Refusal::TokenMalformed)),
        ] {
            assert_eq!(finish(&body), expected, "{body}");
        }
    }

    #[test]
    fn a_token_out_of_its_time_is_none() {
        let ended = Validity { not_before: None, not_after: Some(UnixTime::EPOCH) };
        let [one, other] = TOKENS.map(|token| Secret::new(token).into());
        let credentials = [Credential { validity: ended, ..one }, other];
        let graph = preset("microsoft-graph").expect("a preset");
        let scheme = Scheme::new(graph, &credentials, SchemeOptions::default()).expect("usable tokens");
        let (method, fields) = (&http::Method::POST, &http::HeaderMap::new());
        let head = Head { method, target: "/", fields, public_url: None };
        let slot = |token, now| {
            let body = format!(r#"{{"value":[{{"clientState":"{token}"}}]}}"#);
            scheme.open(&head, now)?.finish(body.as_bytes()).map(|proof| proof.slot())
        };
        assert_eq!(slot(TOKENS[0], UnixTime::EPOCH), Ok(0));
        assert_eq!(slot(TOKENS[0], UnixTime::from_secs(1)), Err(Refusal::TokenMismatch));
        assert_eq!(slot(TOKENS[1], UnixTime::from_secs(1)), Ok(1));
    }

    #[test]
    fn debug_shows_no_token() {
        let state = ClientState::new(&[Secret::new(TOKENS[0]).into()], &SchemeOptions::default());
        assert_eq!(format!("{:?}", state.expect("a usable token")), "ClientState(1, redacted)");
    }
}
