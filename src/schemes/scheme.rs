//! A scheme with its keys, and the head step.

use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, Method};

use super::cavage::Cavage;
use super::client_state::ClientState;
use super::covered::BodyDigest;
use super::form::Form;
use super::http_signatures::{HttpSignatures, Response};
use super::jwt::{Jwt, KeySource, TokenKeys, TokenRequirements};
use super::key::{KeyError, WeakKeys};
use super::mailgun::Mailgun;
use super::open::Open;
use super::preset::{Mechanism, Preset, Row};
use super::refusal::Refusal;
use super::tag::Tag;
use super::template::Template;
use super::token::Token;
use super::validity::{At, Validities, Validity};
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

/// What is known of a delivery beside its request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beside<'a> {
    /// SHA-256 of the client certificate in DER, where one was shown and
    /// trusted.
    pub certificate: Option<&'a [u8; 32]>,
    /// The keys that the issuer of its tokens publishes at present.
    pub issuer_keys: Option<&'a TokenKeys>,
}

/// One secret, and what is known of it beside its bytes.
#[derive(Clone, Debug)]
pub struct Credential {
    /// The name by which messages choose it (`keyid`, `kid`, a user name), for
    /// schemes in which they do.
    pub key_id: Option<String>,
    /// The one algorithm that it is for, by its name in the scheme's standard,
    /// where the key does not say so itself.
    pub algorithm: Option<String>,
    /// The secret, or for an asymmetric scheme the key, as the provider shows it.
    pub secret: Secret,
    /// When it counts.
    pub validity: Validity,
}

impl From<Secret> for Credential {
    fn from(secret: Secret) -> Self {
        Self { key_id: None, algorithm: None, secret, validity: Validity::ALWAYS }
    }
}

/// What a source may choose about its scheme. What the scheme has no use for is
/// without meaning.
#[derive(Clone, Debug, Default)]
pub struct SchemeOptions {
    /// The greatest age and lead of a signed time; the preset's when absent.
    /// Without meaning where no time is signed.
    pub tolerance: Option<Duration>,
    /// Takes keys of fewer than [`KEY_BYTES_MIN`](crate::keys::KEY_BYTES_MIN)
    /// bytes.
    pub allow_weak_secret: bool,
    /// The algorithms that may be used, by their names in the scheme's standard;
    /// the preset's when empty. A key that says itself what it is for is kept to
    /// those of them that fit it.
    pub algorithms: Vec<String>,
    /// What is asked of tokens, in schemes that have them.
    pub token: Option<TokenRequirements>,
    /// What a signature must cover, where messages say what it covers: components
    /// of RFC 9421 or header lines, as they stand in messages. The preset's when
    /// absent.
    pub cover: Option<Vec<String>>,
    /// Whether the body must be covered, where messages say what is; the
    /// preset's when absent.
    pub body: Option<BodyDigest>,
    /// Which of several signatures counts (RFC 9421 section 4); without it there
    /// may be only one.
    pub label: Option<String>,
}

impl SchemeOptions {
    pub(super) fn weak_keys(&self) -> WeakKeys {
        if self.allow_weak_secret { WeakKeys::Allow } else { WeakKeys::Refuse }
    }
}

/// A preset compiled with the secrets of one source. Immutable.
#[derive(Debug)]
pub struct Scheme {
    preset: Row,
    pub(super) keyed: Keyed,
    validities: Validities,
}

/// A mechanism with its keys.
#[derive(Debug)]
#[allow(clippy::large_enum_variant)] // There is one for each source.
pub(super) enum Keyed {
    Template(Template),
    HttpSignatures(HttpSignatures),
    Cavage(Cavage),
    Form(Form),
    Mailgun(Mailgun),
    Token(Token),
    ClientState(ClientState),
    Jwt(Jwt),
}

impl Scheme {
    /// Compiles `preset` with `credentials`: at least one, at most
    /// [`SECRETS_MAX`], any of which may have signed a delivery. None, where an
    /// issuer publishes the keys.
    // Options are chosen for one scheme and have no further use to a caller.
    #[allow(clippy::needless_pass_by_value)]
    pub fn new(
        preset: impl Into<Row>,
        credentials: &[Credential],
        options: SchemeOptions,
    ) -> Result<Self, KeyError> {
        let preset = preset.into();
        match credentials.len() {
            0 if !keys_are_issuers(&preset, &options) => return Err(KeyError::NoSecret),
            count if count > SECRETS_MAX => return Err(KeyError::TooManySecrets { count }),
            _ => {}
        }
        let tolerance = options.tolerance.or(preset.defaults.tolerance);
        let keyed = match &preset.mechanism {
            Mechanism::Template(wire) => {
                Keyed::Template(Template::new(wire, credentials, tolerance, &options)?)
            }
            Mechanism::HttpSignatures(row) => {
                Keyed::HttpSignatures(HttpSignatures::new(row, credentials, tolerance, &options)?)
            }
            Mechanism::Cavage(dialect) => {
                Keyed::Cavage(Cavage::new(dialect, credentials, tolerance, &options)?)
            }
            Mechanism::Form(wire) => Keyed::Form(Form::new(wire, credentials, &options)?),
            Mechanism::Mailgun => Keyed::Mailgun(Mailgun::new(credentials, tolerance, &options)?),
            Mechanism::Token(wire) => Keyed::Token(Token::new(wire, credentials, &options)?),
            Mechanism::Jwt(row) => Keyed::Jwt(Jwt::new(row, credentials, tolerance, &options)?),
            Mechanism::ClientState => Keyed::ClientState(ClientState::new(credentials, &options)?),
        };
        Ok(Self { preset, keyed, validities: Validities::of(credentials) })
    }

    /// When each secret counts, by its slot; none at all where every one does
    /// always.
    pub fn validities(&self) -> &[Validity] {
        self.validities.all()
    }

    /// The row it was made from.
    pub fn preset(&self) -> &Preset {
        &self.preset
    }

    /// The greatest age and lead of a signed time; `None` where the scheme
    /// signs no time.
    pub fn tolerance(&self) -> Option<Duration> {
        match &self.keyed {
            Keyed::Template(template) => template.tolerance(),
            Keyed::HttpSignatures(signatures) => Some(signatures.freshness().tolerance),
            Keyed::Cavage(cavage) => Some(cavage.freshness().tolerance),
            Keyed::Mailgun(mailgun) => Some(mailgun.tolerance()),
            Keyed::Jwt(jwt) => jwt.tolerance(),
            Keyed::Form(_) | Keyed::Token(_) | Keyed::ClientState(_) => None,
        }
    }

    /// How long after its signed time a delivery is still fresh: the tolerance,
    /// and what rounding the clock down to the timestamp's unit adds to it. A
    /// ledger that remembers signed bytes for a shorter time lets a replay
    /// through in the difference. `None` where the scheme signs no time.
    pub fn fresh_for(&self) -> Option<Duration> {
        match &self.keyed {
            Keyed::Template(template) => template.fresh_for(),
            Keyed::HttpSignatures(signatures) => Some(signatures.freshness().lasts()),
            Keyed::Cavage(cavage) => Some(cavage.freshness().lasts()),
            Keyed::Mailgun(mailgun) => Some(mailgun.fresh_for()),
            Keyed::Jwt(jwt) => jwt.tolerance(),
            Keyed::Form(_) | Keyed::Token(_) | Keyed::ClientState(_) => None,
        }
    }

    /// How many secrets it tries.
    pub fn secret_count(&self) -> usize {
        match &self.keyed {
            Keyed::Template(template) => template.secret_count(),
            Keyed::HttpSignatures(signatures) => signatures.secret_count(),
            Keyed::Cavage(cavage) => cavage.secret_count(),
            Keyed::Form(form) => form.secret_count(),
            Keyed::Mailgun(mailgun) => mailgun.secret_count(),
            Keyed::Token(token) => token.secret_count(),
            Keyed::ClientState(state) => state.secret_count(),
            Keyed::Jwt(jwt) => jwt.secret_count(),
        }
    }

    /// The headers that carry signature, timestamp and id. Whoever could have
    /// one of them removed on the way (RFC 9110 section 7.6.1) could change
    /// what is verified.
    pub fn security_headers(&self) -> &[HeaderName] {
        match &self.keyed {
            Keyed::Template(template) => template.security_headers(),
            Keyed::HttpSignatures(signatures) => signatures.security_headers(),
            Keyed::Cavage(cavage) => cavage.security_headers(),
            Keyed::Form(form) => form.security_headers(),
            // Only the layout of the body is read from the head.
            Keyed::Mailgun(_) => &[CONTENT_TYPE],
            Keyed::Token(token) => token.security_headers(),
            Keyed::ClientState(_) => &[],
            Keyed::Jwt(jwt) => jwt.security_headers(),
        }
    }

    /// The header with the message id, where the scheme signs one that has a
    /// header of its own.
    pub fn id_header(&self) -> Option<&HeaderName> {
        match &self.keyed {
            Keyed::Template(template) => template.id_header(),
            _ => None,
        }
    }

    /// What is asked of its tokens, in schemes that have them.
    pub fn token_requirements(&self) -> Option<&TokenRequirements> {
        match &self.keyed {
            Keyed::Jwt(jwt) => Some(jwt.requirements()),
            _ => None,
        }
    }

    /// Whether a proof of it always covers the body.
    pub fn covers_body(&self) -> bool {
        match &self.keyed {
            Keyed::Template(_) | Keyed::Form(_) => true,
            Keyed::HttpSignatures(signatures) => signatures.demands_body(),
            Keyed::Cavage(cavage) => cavage.demands_body(),
            Keyed::Jwt(jwt) => jwt.covers_body(),
            Keyed::Mailgun(_) | Keyed::Token(_) | Keyed::ClientState(_) => false,
        }
    }

    /// Whether its proofs name a delivery, so that a copy of it can be told.
    pub fn names_deliveries(&self) -> bool {
        match &self.keyed {
            Keyed::Jwt(jwt) => jwt.names_deliveries(),
            _ => self.preset.mechanism.signs(),
        }
    }

    /// Whether the head step verifies a signature, which costs more than
    /// reading one.
    pub(super) fn verifies_in_head(&self) -> bool {
        matches!(&self.keyed, Keyed::Jwt(_))
    }

    /// Whether a message id is signed, in a header or in the body.
    pub fn signs_id(&self) -> bool {
        self.id_header().is_some() || matches!(self.keyed, Keyed::Mailgun(_))
    }

    /// What a 401 asks for (RFC 9110 section 11.6.1).
    pub fn challenge(&self) -> &'static str {
        match &self.preset.mechanism {
            Mechanism::Token(wire) => wire.form.challenge().unwrap_or("Token"),
            Mechanism::ClientState => "Token",
            Mechanism::Jwt(_) => "Bearer",
            _ => "Signature",
        }
    }

    /// The MAC of `message` under the secret `slot`, for answers that a provider
    /// wants one in. `None` where there is no such secret or it is no HMAC key.
    pub(super) fn mac(&self, slot: usize, message: &[u8]) -> Option<Tag> {
        match &self.keyed {
            Keyed::Template(template) => template.mac(slot, message),
            _ => None,
        }
    }

    /// The head step: signature, timestamp and id are there exactly once and
    /// well formed, and the timestamp is within the tolerance of `now`.
    ///
    /// Nothing is proven yet: the answer of [`Open::finish`] is.
    pub fn open(&self, head: &Head<'_>, now: UnixTime) -> Result<Open, Refusal> {
        self.open_beside(head, &Beside::default(), now)
    }

    /// As [`open`](Self::open), with what is known beside the request.
    pub fn open_beside(&self, head: &Head<'_>, beside: &Beside<'_>, now: UnixTime) -> Result<Open, Refusal> {
        let at = At { now, secrets: self.validities.at(now) };
        match &self.keyed {
            Keyed::Template(template) => template.open(head, at).map(Open::from),
            Keyed::HttpSignatures(signatures) => signatures.open(head, at).map(Open::from),
            Keyed::Cavage(cavage) => cavage.open(head, at).map(Open::from),
            Keyed::Form(form) => form.open(head, at).map(Open::from),
            Keyed::Jwt(jwt) => jwt.open(head, beside, at).map(Open::from),
            Keyed::Mailgun(mailgun) => mailgun.open(head, at).map(Open::from),
            Keyed::Token(token) => token.open(head, at).map(Open::from),
            Keyed::ClientState(state) => Ok(state.open(at).into()),
        }
    }

    /// When the head says that it was signed, where that is in a field of its
    /// own or beside the signature: whether that is in time is not asked.
    pub fn claimed_at(&self, head: &Head<'_>) -> Option<UnixTime> {
        match &self.keyed {
            Keyed::Template(template) => template.claimed_at(head.fields),
            _ => None,
        }
    }

    /// The head step for a response, for programs that verify answers: what
    /// RFC 9421 has and no other scheme, so that there is no signature for them.
    pub fn open_response(&self, response: &Response<'_>, now: UnixTime) -> Result<Open, Refusal> {
        let at = At { now, secrets: self.validities.at(now) };
        match &self.keyed {
            Keyed::HttpSignatures(signatures) => signatures.open_response(response, at).map(Open::from),
            _ => Err(Refusal::SignatureMissing),
        }
    }

    /// What a signature must cover, where messages name what theirs covers: as
    /// it stands in them.
    pub fn cover(&self) -> Option<Vec<String>> {
        match &self.keyed {
            Keyed::HttpSignatures(signatures) => Some(signatures.cover()),
            Keyed::Cavage(cavage) => Some(cavage.cover()),
            _ => None,
        }
    }

    /// Whether the source must be told the URL that senders know it by: what
    /// must be covered says it.
    pub fn needs_public_url(&self) -> bool {
        match &self.keyed {
            Keyed::HttpSignatures(signatures) => signatures.needs_url(),
            _ => self.preset.mechanism.signs_url(),
        }
    }
}

/// Whether the source has no keys of its own because an issuer publishes them.
fn keys_are_issuers(preset: &Preset, options: &SchemeOptions) -> bool {
    let asked = options.token.as_ref().map(|token| token.keys);
    matches!(preset.mechanism, Mechanism::Jwt(_)) && asked == Some(KeySource::Issuer)
}

#[cfg(test)]
mod tests {
    use super::super::{KeyFault, Message, Proof, preset};
    use super::*;

    const STRONG: &str = "a-secret-of-more-than-24-bytes";

    fn scheme(name: &str, secrets: &[&str], options: SchemeOptions) -> Result<Scheme, KeyError> {
        let secrets: Vec<_> = secrets.iter().map(|text| Secret::new(*text).into()).collect();
        Scheme::new(preset(name).expect("a preset"), &secrets, options)
    }

    fn sign(scheme: &Scheme, timestamp: UnixTime) -> HeaderMap {
        let method = &Method::POST;
        let message = Message { id: None, timestamp, body: b"", method, target: "/", public_url: None };
        scheme.sign(&message).expect("a scheme without ids").into_iter().collect()
    }

    fn verify(scheme: &Scheme, fields: &HeaderMap, now: UnixTime) -> Result<Proof, Refusal> {
        let head = Head { method: &Method::POST, target: "/", fields, public_url: None };
        scheme.open(&head, now)?.finish(b"")
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
        let chosen = SchemeOptions { tolerance, ..SchemeOptions::default() };
        let of = |name, options| scheme(name, &[STRONG], options).map(|scheme| scheme.tolerance());
        assert_eq!(of("stripe", SchemeOptions::default()), Ok(Some(Duration::from_secs(300))));
        assert_eq!(of("stripe", chosen.clone()), Ok(tolerance));
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
        assert_eq!(
            format!("{open:?}"),
            "OpenTemplate { secrets: 1, candidates: 1, id: None, signed: Untimed, .. }"
        );
    }
}
