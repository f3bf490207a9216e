//! A scheme with its keys, and the head step.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use smallvec::SmallVec;

use super::key::{KeyError, WeakKeys};
use super::mac::Mac;
use super::open::Open;
use super::preset::Preset;
use super::refusal::Refusal;
use super::timestamp::{TimestampField, TimestampPlace};
use super::{fields, id, template};
use crate::clock::UnixTime;
use crate::keys::Secret;

/// The most secrets of one source. A rotation needs two; each is tried on each
/// delivery.
pub const SECRETS_MAX: usize = 16;

/// The head of a delivery: all that a scheme sees of it before the body.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The method.
    pub method: &'a Method,
    /// Path and query, as received.
    pub target: &'a str,
    /// The header fields, repeated ones kept.
    pub fields: &'a HeaderMap,
    /// The URL that the sender knows this endpoint by, for schemes that sign
    /// it.
    pub public_url: Option<&'a str>,
}

/// What a source may choose about its scheme.
#[derive(Clone, Copy, Debug, Default)]
pub struct SchemeOptions {
    /// The greatest age and lead of a signed time; the preset's when absent.
    /// Without meaning where no time is signed.
    pub tolerance: Option<Duration>,
    /// Takes keys of fewer than [`KEY_BYTES_MIN`](crate::keys::KEY_BYTES_MIN)
    /// bytes.
    pub allow_weak_secret: bool,
}

/// Keyed codes, one for each secret. Without the heap for a rotation.
pub(super) type Keys = SmallVec<[Mac; 2]>;

/// A preset compiled with the secrets of one source. Immutable.
#[derive(Debug)]
pub struct Scheme {
    preset: &'static Preset,
    pub(super) keys: Keys,
    freshness: Option<Freshness>,
    security_headers: Vec<HeaderName>,
}

/// A timestamp that is read, and how far from the clock it may be.
#[derive(Debug)]
struct Freshness {
    field: &'static TimestampField,
    tolerance: Duration,
}

impl Scheme {
    /// Compiles `preset` with `secrets`: at least one, at most
    /// [`SECRETS_MAX`], any of which may have signed a delivery.
    pub fn new(
        preset: &'static Preset,
        secrets: &[Secret],
        options: SchemeOptions,
    ) -> Result<Self, KeyError> {
        let tolerance = options.tolerance.or(preset.defaults.tolerance).unwrap_or_default();
        Ok(Self {
            preset,
            keys: keys(preset, secrets, options)?,
            freshness: preset.wire.timestamp.as_ref().map(|field| Freshness { field, tolerance }),
            security_headers: security_headers(preset),
        })
    }

    /// The row it was made from.
    pub fn preset(&self) -> &'static Preset {
        self.preset
    }

    /// The greatest age and lead of a signed time; `None` where the scheme
    /// signs no time.
    pub fn tolerance(&self) -> Option<Duration> {
        self.freshness.as_ref().map(|freshness| freshness.tolerance)
    }

    /// How long after its signed time a delivery is still fresh: the tolerance,
    /// and what rounding the clock down to the timestamp's unit adds to it. A
    /// ledger that remembers signed bytes for a shorter time lets a replay
    /// through in the difference. `None` where the scheme signs no time.
    pub fn fresh_for(&self) -> Option<Duration> {
        let Freshness { field, tolerance } = self.freshness.as_ref()?;
        Some(tolerance.saturating_add(field.form.unit()).saturating_sub(Duration::from_millis(1)))
    }

    /// How many secrets it tries.
    pub fn secret_count(&self) -> usize {
        self.keys.len()
    }

    /// The headers that carry signature, timestamp and id. Whoever could have
    /// one of them removed on the way (RFC 9110 section 7.6.1) could change
    /// what is verified.
    pub fn security_headers(&self) -> &[HeaderName] {
        &self.security_headers
    }

    /// The head step: signature, timestamp and id are there exactly once and
    /// well formed, and the timestamp is within the tolerance of `now`.
    ///
    /// Nothing is proven yet: the answer of [`Open::finish`] is.
    pub fn open(&self, head: &Head<'_>, now: UnixTime) -> Result<Open, Refusal> {
        let wire = &self.preset.wire;
        let signature = fields::only(head.fields, &wire.signature.header, Refusal::SignatureMissing)?;
        let candidates = wire.signature.candidates(signature.as_bytes())?;

        let timestamp = match &self.freshness {
            Some(Freshness { field, tolerance }) => {
                let timestamp = field.read(head.fields, signature.as_bytes())?;
                field.check_fresh(timestamp.at, now, *tolerance)?;
                Some(timestamp)
            }
            None => None,
        };

        let separator = template::separator_after_id(wire.signed);
        let id = wire.id.as_ref().map(|name| id::read(head.fields, name, separator)).transpose()?;

        let id_text = id.map_or(&b""[..], HeaderValue::as_bytes);
        let timestamp_text = timestamp.map_or(&b""[..], |timestamp| timestamp.text);
        let around = template::fill(wire.signed, id_text, timestamp_text);
        let signed_at = timestamp.map(|timestamp| timestamp.at);
        Ok(Open::begin(self.keys.clone(), candidates, around, id.cloned(), signed_at))
    }
}

fn keys(preset: &Preset, secrets: &[Secret], options: SchemeOptions) -> Result<Keys, KeyError> {
    match secrets.len() {
        0 => return Err(KeyError::NoSecret),
        count if count > SECRETS_MAX => return Err(KeyError::TooManySecrets { count }),
        _ => {}
    }
    let weak = if options.allow_weak_secret { WeakKeys::Allow } else { WeakKeys::Refuse };
    let keyed = |(slot, secret)| match preset.wire.key.key(secret, weak) {
        Ok(key) => Ok(Mac::new(preset.wire.algorithm, &key)),
        Err(fault) => Err(KeyError::Unusable { slot, fault }),
    };
    secrets.iter().enumerate().map(keyed).collect()
}

fn security_headers(preset: &Preset) -> Vec<HeaderName> {
    let timestamp = match preset.wire.timestamp.as_ref().map(|field| &field.place) {
        Some(TimestampPlace::Header(name)) => Some(name),
        Some(TimestampPlace::SignatureEntry { .. }) | None => None,
    };
    let signature = &preset.wire.signature.header;
    [Some(signature), timestamp, preset.wire.id.as_ref()].into_iter().flatten().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::super::{KeyFault, Message, Proof, preset};
    use super::*;

    const STRONG: &str = "a-secret-of-more-than-24-bytes";

    fn scheme(name: &str, secrets: &[&str], options: SchemeOptions) -> Result<Scheme, KeyError> {
        let secrets: Vec<_> = secrets.iter().map(|text| Secret::new(*text)).collect();
        Scheme::new(preset(name).expect("a preset"), &secrets, options)
    }

    fn sign(scheme: &Scheme, timestamp: UnixTime) -> HeaderMap {
        let method = &Method::POST;
        let message = Message { id: None, timestamp, body: b"", method, target: "/", public_url: None };
        scheme.sign(&message).expect("a scheme without ids").into_iter().collect()
    }

    fn verify(scheme: &Scheme, fields: &HeaderMap, now: UnixTime) -> Result<Proof, Refusal> {
        let head = Head { method: &Method::POST, target: "/", fields, public_url: None };
        scheme.open(&head, now)?.finish()
    }

    #[test]
    fn secrets_that_cannot_be_used_are_named_by_their_place() {
        let error = |name, secrets: &[&str]| scheme(name, secrets, SchemeOptions::default()).err();
        assert_eq!(error("github", &[]), Some(KeyError::NoSecret));
        assert_eq!(error("github", &[STRONG; 17]), Some(KeyError::TooManySecrets { count: 17 }));
        let unusable = |fault| Some(KeyError::Unusable { slot: 1, fault });
        assert_eq!(error("github", &[STRONG, ""]), unusable(KeyFault::Empty));
        assert_eq!(error("github", &[STRONG, "weak"]), unusable(KeyFault::Weak { bytes: 4 }));
        assert_eq!(error("svix", &["QUJDREVGR0hJSktMTU5PUFFSU1RVVldY", "!"]), unusable(KeyFault::NotBase64));
    }

    #[test]
    fn the_tolerance_is_the_presets_unless_chosen_and_only_where_a_time_is_signed() {
        let tolerance = Some(Duration::from_secs(60));
        let chosen = SchemeOptions { tolerance, allow_weak_secret: false };
        let of = |name, options| scheme(name, &[STRONG], options).map(|scheme| scheme.tolerance());
        assert_eq!(of("stripe", SchemeOptions::default()), Ok(Some(Duration::from_secs(300))));
        assert_eq!(of("stripe", chosen), Ok(tolerance));
        assert_eq!(of("github", chosen), Ok(None));
    }

    #[test]
    fn a_delivery_is_fresh_for_no_longer_than_is_said() {
        let scheme = scheme("slack", &[STRONG], SchemeOptions::default()).expect("a key");
        let signed_at = UnixTime::from_secs(1_700_000_000);
        let fields = sign(&scheme, signed_at);
        let last = signed_at.saturating_add(scheme.fresh_for().expect("a time is signed"));
        assert!(verify(&scheme, &fields, last).is_ok());
        let after = last.saturating_add(Duration::from_millis(1));
        assert_eq!(verify(&scheme, &fields, after).err(), Some(Refusal::TimestampTooOld));
    }

    #[test]
    fn every_header_that_is_verified_is_a_security_header() {
        let headers = |name| {
            let scheme = scheme(name, &["QUJDREVGR0hJSktMTU5PUFFSU1RVVldY"], SchemeOptions::default());
            scheme.map(|scheme| scheme.security_headers().to_vec())
        };
        let names =
            |names: &[&'static str]| Ok(names.iter().map(|name| HeaderName::from_static(name)).collect());
        assert_eq!(headers("stripe"), names(&["stripe-signature"]));
        assert_eq!(headers("slack"), names(&["x-slack-signature", "x-slack-request-timestamp"]));
        assert_eq!(headers("svix"), names(&["svix-signature", "svix-timestamp", "svix-id"]));
    }

    #[test]
    fn what_is_open_and_what_is_proven_can_move_between_tasks() {
        fn movable<T: Send + 'static>() {}
        fn shared<T: Send + Sync + 'static>() {}
        movable::<super::super::Open>();
        movable::<Proof>();
        shared::<Scheme>();
    }

    #[test]
    fn debug_shows_neither_key_nor_signature() {
        let scheme = scheme("github", &[STRONG], SchemeOptions::default()).expect("a key");
        let fields = sign(&scheme, UnixTime::EPOCH);
        let head = Head { method: &Method::POST, target: "/", fields: &fields, public_url: None };
        let open = scheme.open(&head, UnixTime::EPOCH).expect("signed");
        assert!(format!("{scheme:?}").contains("Mac(redacted)"));
        assert_eq!(format!("{open:?}"), "Open { secrets: 1, candidates: 1, id: None, signed_at: None, .. }");
    }
}
