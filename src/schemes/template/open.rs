//! The body step: bytes in as they arrive, then proof or reason.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;

use super::keys::{Checking, Keys};
use super::parts::Around;
use super::signatures::Candidates;
use super::timestamp::{self, TimestampForm};
use crate::clock::UnixTime;
use crate::schemes::digest::Digesting;
use crate::schemes::proof::{Proof, ReplayIdentity};
use crate::schemes::refusal::Refusal;
use crate::schemes::validity::InTime;

/// A delivery whose head is in order and whose signature is still open. Owns
/// what it needs, so it may go with the body to another task.
pub(in crate::schemes) struct OpenTemplate {
    checking: Checking,
    candidates: Candidates,
    taken: Taken,
    digesting: Digesting,
    after_body: Vec<u8>,
    id: Option<HeaderValue>,
    signed: Signed,
}

/// Which keys are taken, and where.
pub(super) struct Taken {
    /// For each key the number of the one header that it is for.
    pub(super) bound: Option<Arc<[Option<u8>]>>,
    pub(super) in_time: InTime,
}

/// When it was signed, as far as the head says.
#[derive(Clone, Copy, Debug)]
pub(super) enum Signed {
    /// No time is signed.
    Untimed,
    /// At this time, which is fresh.
    At(UnixTime),
    /// The body will say.
    Late(Late),
}

/// A time that stands in the body, and what it is judged by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Late {
    pub(super) name: &'static str,
    pub(super) form: TimestampForm,
    pub(super) now: UnixTime,
    pub(super) tolerance: Duration,
}

impl OpenTemplate {
    /// Begins with `keys`: what is signed before the body goes in.
    pub(super) fn begin(
        keys: &Keys,
        candidates: Candidates,
        around: Around,
        id: Option<HeaderValue>,
        signed: Signed,
        taken: Taken,
    ) -> Self {
        let mut digesting = Digesting::new();
        if id.is_none() {
            digesting.update(&around.before_body);
        }
        Self {
            checking: keys.check(&around.before_body),
            candidates,
            taken,
            digesting,
            after_body: around.after_body,
            id,
            signed,
        }
    }

    /// Takes the next bytes of the body, of any length, exactly as received.
    pub(in crate::schemes) fn update(&mut self, chunk: &[u8]) {
        self.checking.update(chunk);
        self.digesting.update(chunk);
    }

    pub(in crate::schemes) fn claimed_at(&self) -> Option<UnixTime> {
        match self.signed {
            Signed::At(signed_at) => Some(signed_at),
            Signed::Untimed | Signed::Late(_) => None,
        }
    }

    /// Whether the signature holds over what was given, and a time in the body
    /// is fresh.
    pub(in crate::schemes) fn finish(mut self, body: &[u8]) -> Result<Proof, Refusal> {
        let after_body = std::mem::take(&mut self.after_body);
        // Bytes beside the body are signed, and tell two deliveries apart where
        // no id does.
        if self.id.is_none() {
            self.digesting.update(&after_body);
        }
        let taken = self.taken;
        let may = |slot, header| taken.may(slot, header);
        let slot = self.checking.finish(body, &after_body, &self.candidates, may);
        let slot = slot.ok_or(Refusal::SignatureMismatch)?;
        let signed_at = match self.signed {
            Signed::Untimed => None,
            Signed::At(time) => Some(time),
            Signed::Late(late) => Some(late.read(body)?),
        };
        let digest = self.digesting.finish();
        let identity = match self.id {
            Some(id) => ReplayIdentity::Id { id, body: digest },
            None => ReplayIdentity::Content(digest),
        };
        Ok(Proof { slot, signed_at, identity: Some(identity) })
    }
}

impl Taken {
    fn may(&self, slot: usize, header: u8) -> bool {
        let bound = self.bound.as_ref().and_then(|bound| *bound.get(slot)?);
        self.in_time.has(slot) && bound.is_none_or(|only| only == header)
    }
}

impl Late {
    fn read(self, body: &[u8]) -> Result<UnixTime, Refusal> {
        let at = timestamp::read_in_body(self.form, self.name, body)?;
        self.form.check_fresh(at, self.now, self.tolerance)?;
        Ok(at)
    }
}

impl fmt::Debug for OpenTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenTemplate")
            .field("secrets", &self.checking.count())
            .field("candidates", &self.candidates.len())
            .field("id", &self.id)
            .field("signed", &self.signed)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, Method};

    use super::*;
    use crate::keys::Secret;
    use crate::schemes::{
        Algorithm, Credential, Encoding, Grammar, Hash, Head, KeyText, Mechanism, Message, Part, Preset,
        Scheme,
    };
    use crate::schemes::{
        SchemeOptions, SignatureField, TimestampField, TimestampForm, TimestampPlace, Wire, presets,
    };

    /// A row that signs the timestamp after the body, as Box does.
    fn body_first() -> &'static Preset {
        let signature = SignatureField {
            header: HeaderName::from_static("x-signature"),
            more: &[],
            grammar: Grammar::Whole { prefix: "".into() },
            encoding: Encoding::Base64,
        };
        let place = TimestampPlace::Header(HeaderName::from_static("x-timestamp"));
        let wire = Wire {
            signature,
            algorithm: Algorithm::Hmac(Hash::Sha256),
            key: KeyText::Utf8,
            signed: [Part::Body, Part::Literal("."), Part::Timestamp].to_vec().into(),
            timestamp: Some(TimestampField { place, form: TimestampForm::UnixSeconds }),
            id: None,
            fixed: &[],
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

    #[test]
    fn a_secret_with_the_name_of_a_header_signs_in_it_and_is_taken_in_no_other() {
        let named = |name: &str, secret: &str| Credential {
            key_id: Some(name.to_owned()),
            ..Secret::new(secret.repeat(32)).into()
        };
        let scheme = |credentials: &[Credential]| {
            let preset = crate::schemes::preset("box").expect("a preset");
            Scheme::new(preset, credentials, SchemeOptions::default()).expect("keys")
        };
        let (now, method) = (UnixTime::from_secs(1_700_000_000), &Method::POST);
        let message =
            Message { id: None, timestamp: now, body: b"{}", method, target: "/", public_url: None };
        let receiver = scheme(&[named("primary", "p"), named("secondary", "s")]);
        for (name, secret, expected) in [
            ("primary", "p", Ok(0)),
            ("secondary", "s", Ok(1)),
            ("secondary", "p", Err(Refusal::SignatureMismatch)),
            ("primary", "s", Err(Refusal::SignatureMismatch)),
        ] {
            let sender = scheme(&[named(name, secret)]);
            let fields: HeaderMap = sender.sign(&message).expect("no id").into_iter().collect();
            assert!(fields.contains_key(format!("box-signature-{name}")), "{name}");
            let head = Head { method, target: "/", fields: &fields, public_url: None };
            let mut open = receiver.open(&head, now).expect("a head in order");
            open.update(b"{}");
            assert_eq!(open.finish(b"{}").map(|proof| proof.slot()), expected, "{name} {secret}");
        }
    }
}
