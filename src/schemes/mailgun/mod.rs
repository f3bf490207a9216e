//! Mailgun: the signature stands in the body, over a time and a token.
//!
//! Nothing of the event itself is signed: a limit of the scheme. The token is
//! used once, so it is the signed id; the ledger has the digest of the whole
//! body beside it, and refuses the same token with another body.

mod fields;
mod multipart;

use std::fmt;
use std::time::Duration;

use http::HeaderValue;
use http::header::CONTENT_TYPE;
use smallvec::SmallVec;

use self::fields::{Fields, Layout};
use super::digest::Digest;
use super::encoding::Encoding;
use super::key::{KeyError, KeyText};
use super::mac::{Hash, Mac};
use super::proof::{Proof, ReplayIdentity};
use super::refusal::Refusal;
use super::scheme::{Credential, Head, SchemeOptions};
use super::tag::Tag;
use super::template::{ID_BYTES_MAX, TimestampForm};
use super::validity::At;

/// The keys of one source. Immutable.
#[derive(Debug)]
pub(super) struct Mailgun {
    keys: SmallVec<[Mac; 2]>,
    tolerance: Duration,
}

impl Mailgun {
    pub(super) fn new(
        credentials: &[Credential],
        tolerance: Option<Duration>,
        options: &SchemeOptions,
    ) -> Result<Self, KeyError> {
        let keyed = |(slot, credential): (usize, &Credential)| match KeyText::Utf8
            .key(&credential.secret, options.weak_keys())
        {
            Ok(key) => Ok(Mac::new(Hash::Sha256, &key)),
            Err(fault) => Err(KeyError::Unusable { slot, fault }),
        };
        let keys = credentials.iter().enumerate().map(keyed).collect::<Result<_, _>>()?;
        Ok(Self { keys, tolerance: tolerance.unwrap_or_default() })
    }

    pub(super) fn secret_count(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn tolerance(&self) -> Duration {
        self.tolerance
    }

    pub(super) fn fresh_for(&self) -> Duration {
        self.tolerance.saturating_add(FORM.unit()).saturating_sub(Duration::from_millis(1))
    }

    /// The head says only how the body is laid out.
    pub(super) fn open(&self, head: &Head<'_>, at: At) -> Result<OpenMailgun, Refusal> {
        let mut types = head.fields.get_all(CONTENT_TYPE).iter();
        let layout = Layout::of(types.next());
        if types.next().is_some() {
            return Err(Refusal::HeaderRepeated);
        }
        Ok(OpenMailgun { keys: self.keys.clone(), layout, at, tolerance: self.tolerance })
    }
}

/// A delivery of which nothing is known yet.
pub(super) struct OpenMailgun {
    keys: SmallVec<[Mac; 2]>,
    layout: Layout,
    at: At,
    tolerance: Duration,
}

impl OpenMailgun {
    /// Whether one of the keys signed the time and the token in `body`, and the
    /// time is fresh.
    pub(super) fn finish(self, body: &[u8]) -> Result<Proof, Refusal> {
        let Fields { timestamp, token, signature } = self.layout.read(body)?;
        let candidate = Tag::decode(Encoding::Hex, signature.as_bytes());
        let candidate = candidate.filter(|tag| tag.as_bytes().len() == Hash::Sha256.bytes());
        let candidate = candidate.ok_or(Refusal::SignatureMalformed)?;
        let signed_at = FORM.read(timestamp.as_bytes()).ok_or(Refusal::TimestampMalformed)?;
        FORM.check_fresh(signed_at, self.at.now, self.tolerance)?;
        let id = id(&token)?;
        let holds = |mut mac: Mac| {
            mac.update(timestamp.as_bytes());
            mac.update(token.as_bytes());
            mac.matches_any(std::iter::once(&candidate))
        };
        let slot = self
            .keys
            .into_iter()
            .map(holds)
            .enumerate()
            .fold(None, |found, (slot, holds)| found.or((holds && self.at.secrets.has(slot)).then_some(slot)))
            .ok_or(Refusal::SignatureMismatch)?;
        let identity = Some(ReplayIdentity::Id { id, body: Digest::of(body) });
        Ok(Proof { slot, signed_at: Some(signed_at), identity })
    }
}

/// The token as an id. Time and token are joined without a separator; a digit
/// that is moved from one to the other makes the time older or later by a
/// factor of ten, which no tolerance takes.
fn id(token: &str) -> Result<HeaderValue, Refusal> {
    let fine = token.len() <= ID_BYTES_MAX && token.bytes().all(|byte| byte.is_ascii_graphic());
    let id = HeaderValue::from_str(token).ok().filter(|_| fine);
    id.ok_or(Refusal::IdMalformed)
}

const FORM: TimestampForm = TimestampForm::UnixSeconds;

impl fmt::Debug for OpenMailgun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenMailgun").field("secrets", &self.keys.len()).finish_non_exhaustive()
    }
}
