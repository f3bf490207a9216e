//! The body step: bytes in as they arrive, then proof or reason.

use std::fmt;

use http::HeaderValue;

use super::compiled::Keys;
use super::mac::Mac;
use super::parts::Around;
use super::signatures::Candidates;
use crate::clock::UnixTime;
use crate::schemes::digest::Digesting;
use crate::schemes::proof::{Proof, ReplayIdentity};
use crate::schemes::refusal::Refusal;

/// A delivery whose head is in order and whose signature is still open. Owns
/// what it needs, so it may go with the body to another task.
pub(in crate::schemes) struct OpenTemplate {
    /// One for each configured secret, all fed the same bytes.
    macs: Keys,
    candidates: Candidates,
    digesting: Digesting,
    after_body: Vec<u8>,
    id: Option<HeaderValue>,
    signed_at: Option<UnixTime>,
}

impl OpenTemplate {
    /// Begins with keyed `macs`: what is signed before the body goes in.
    pub(super) fn begin(
        macs: Keys,
        candidates: Candidates,
        around: Around,
        id: Option<HeaderValue>,
        signed_at: Option<UnixTime>,
    ) -> Self {
        let Around { before_body, after_body } = around;
        let mut open = Self { macs, candidates, digesting: Digesting::new(), after_body, id, signed_at };
        open.sign_around(&before_body);
        open
    }

    /// Takes the next bytes of the body, of any length, exactly as received.
    pub(in crate::schemes) fn update(&mut self, chunk: &[u8]) {
        self.authenticate(chunk);
        self.digesting.update(chunk);
    }

    pub(in crate::schemes) fn claimed_at(&self) -> Option<UnixTime> {
        self.signed_at
    }

    /// Whether the signature holds over what was given.
    ///
    /// Every secret is compared with every signature of the header, matched or
    /// not, so that time does not tell which came near.
    pub(in crate::schemes) fn finish(mut self) -> Result<Proof, Refusal> {
        let after_body = std::mem::take(&mut self.after_body);
        self.sign_around(&after_body);
        let candidates = self.candidates;
        let slot = self
            .macs
            .into_iter()
            .map(|mac| mac.matches_any(&candidates))
            .enumerate()
            .fold(None, |found, (slot, holds)| found.or(holds.then_some(slot)))
            .ok_or(Refusal::SignatureMismatch)?;
        let digest = self.digesting.finish();
        let identity = match self.id {
            Some(id) => ReplayIdentity::Id { id, body: digest },
            None => ReplayIdentity::Content(digest),
        };
        Ok(Proof { slot, signed_at: self.signed_at, identity: Some(identity) })
    }

    /// Bytes beside the body are signed, and tell two deliveries apart where
    /// no id does.
    fn sign_around(&mut self, bytes: &[u8]) {
        self.authenticate(bytes);
        if self.id.is_none() {
            self.digesting.update(bytes);
        }
    }

    fn authenticate(&mut self, bytes: &[u8]) {
        self.macs.iter_mut().for_each(|mac: &mut Mac| mac.update(bytes));
    }
}

impl fmt::Debug for OpenTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenTemplate")
            .field("secrets", &self.macs.len())
            .field("candidates", &self.candidates.len())
            .field("id", &self.id)
            .field("signed_at", &self.signed_at)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, Method};

    use super::*;
    use crate::keys::Secret;
    use crate::schemes::{
        Algorithm, Encoding, Grammar, Head, KeyText, Mechanism, Message, Part, Preset, Scheme,
    };
    use crate::schemes::{
        SchemeOptions, SignatureField, TimestampField, TimestampForm, TimestampPlace, Wire, presets,
    };

    /// A row that signs the timestamp after the body, as Box does.
    fn body_first() -> &'static Preset {
        let signature = SignatureField {
            header: HeaderName::from_static("x-signature"),
            grammar: Grammar::Whole { prefix: "" },
            encoding: Encoding::Base64,
        };
        let place = TimestampPlace::Header(HeaderName::from_static("x-timestamp"));
        let wire = Wire {
            signature,
            algorithm: Algorithm::HmacSha256,
            key: KeyText::Utf8,
            signed: &[Part::Body, Part::Literal("."), Part::Timestamp],
            timestamp: Some(TimestampField { place, form: TimestampForm::UnixSeconds }),
            id: None,
        };
        let (name, defaults) = ("body-first", presets()[0].defaults);
        Box::leak(Box::new(Preset {
            name,
            provider: name,
            documentation: name,
            mechanism: Mechanism::Template(wire),
            defaults,
        }))
    }

    #[test]
    fn what_is_signed_after_the_body_must_hold_too() {
        let options = SchemeOptions {
            tolerance: Some(std::time::Duration::MAX),
            allow_weak_secret: true,
            ..SchemeOptions::default()
        };
        let scheme = Scheme::new(body_first(), &[Secret::new("key").into()], options).expect("a key");
        let now = UnixTime::from_secs(1_700_000_000);
        let method = &Method::POST;
        let message =
            Message { id: None, timestamp: now, body: b"{}", method, target: "/", public_url: None };
        let mut fields: HeaderMap = scheme.sign(&message).expect("no id").into_iter().collect();
        let verify = |fields: &HeaderMap| {
            let mut open = scheme.open(&Head { method, target: "/", fields, public_url: None }, now)?;
            open.update(b"{}");
            open.finish(b"{}").map(|proof| proof.identity().cloned())
        };

        let signed_bytes = crate::schemes::Digest::of(b"{}.1700000000");
        assert_eq!(verify(&fields), Ok(Some(ReplayIdentity::Content(signed_bytes))));
        fields.insert("x-timestamp", HeaderValue::from_static("1700000001"));
        assert_eq!(verify(&fields), Err(Refusal::SignatureMismatch));
    }
}
