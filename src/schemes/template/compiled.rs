//! A row with its keys, and the head step.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::id;
use super::keys::Keys;
use super::open::{Late, OpenTemplate, Signed, Taken};
use super::parts::{self, Boundaries, Values};
use super::signatures::{Candidates, SignatureField};
use super::timestamp::{Timestamp, TimestampField, TimestampPlace};
use super::wire::Wire;
use crate::clock::UnixTime;
use crate::schemes::fields;
use crate::schemes::key::KeyError;
use crate::schemes::refusal::Refusal;
use crate::schemes::scheme::{Credential, Head, SchemeOptions};
use crate::schemes::tag::Tag;
use crate::schemes::validity::At;

/// A row compiled with the secrets of one source. Immutable.
#[derive(Debug)]
pub(in crate::schemes) struct Template {
    pub(super) wire: Wire,
    pub(super) keys: Keys,
    /// The headers that may carry a signature, at least one.
    signature_headers: Vec<HeaderName>,
    /// For each key the number of the one header that it is for, where it is
    /// for one.
    bound: Option<Arc<[Option<u8>]>>,
    fixed: Vec<(HeaderName, &'static str)>,
    tolerance: Duration,
    signs_url: bool,
    security_headers: Vec<HeaderName>,
}

impl Template {
    /// Compiles `wire` with `credentials`, whose number is in bounds.
    /// `tolerance` is the source's, or the preset's.
    pub(in crate::schemes) fn new(
        wire: &Wire,
        credentials: &[Credential],
        tolerance: Option<Duration>,
        options: &SchemeOptions,
    ) -> Result<Self, KeyError> {
        let more = wire.signature.more.iter().map(|name| HeaderName::from_static(name));
        let signature_headers: Vec<_> = std::iter::once(wire.signature.header.clone()).chain(more).collect();
        let fixed: Vec<_> =
            wire.fixed.iter().map(|(name, value)| (HeaderName::from_static(name), *value)).collect();
        Ok(Self {
            keys: Keys::new(wire, credentials, options.weak_keys())?,
            bound: bound(&wire.signature, credentials),
            security_headers: security_headers(wire, &signature_headers, &fixed),
            signature_headers,
            fixed,
            tolerance: tolerance.unwrap_or_default(),
            signs_url: wire.signs_url(),
            wire: wire.clone(),
        })
    }

    pub(in crate::schemes) fn tolerance(&self) -> Option<Duration> {
        self.wire.timestamp.as_ref().map(|_| self.tolerance)
    }

    pub(in crate::schemes) fn fresh_for(&self) -> Option<Duration> {
        let unit = self.wire.timestamp.as_ref()?.form.unit();
        Some(self.tolerance.saturating_add(unit).saturating_sub(Duration::from_millis(1)))
    }

    pub(in crate::schemes) fn secret_count(&self) -> usize {
        self.keys.count()
    }

    pub(in crate::schemes) fn security_headers(&self) -> &[HeaderName] {
        &self.security_headers
    }

    pub(in crate::schemes) fn id_header(&self) -> Option<&HeaderName> {
        self.wire.id.as_ref()
    }

    pub(in crate::schemes) fn mac(&self, slot: usize, message: &[u8]) -> Option<Tag> {
        self.keys.mac(slot, message)
    }

    /// The header that the first secret signs in.
    pub(super) fn signing_header(&self) -> &HeaderName {
        let number = self.bound.as_ref().and_then(|bound| *bound.first()?).unwrap_or_default();
        &self.signature_headers[usize::from(number)]
    }

    pub(super) fn boundaries(&self) -> Boundaries<'_> {
        let digits = self.wire.timestamp.as_ref().is_none_or(|field| field.form.is_digits());
        parts::boundaries(&self.wire.signed, digits)
    }

    pub(in crate::schemes) fn open(&self, head: &Head<'_>, at: At) -> Result<OpenTemplate, Refusal> {
        let wire = &self.wire;
        let (first, candidates) = self.candidates(head.fields)?;
        self.check_fixed(head.fields)?;

        let timestamp = match &wire.timestamp {
            Some(field) => self.timestamp(field, head.fields, first, at.now)?,
            None => None,
        };
        let id = match &wire.id {
            Some(name) => Some(id::read(head.fields, name, self.boundaries())?),
            None => None,
        };
        let url = head.public_url.unwrap_or_default();
        if self.signs_url && url.is_empty() {
            return Err(Refusal::ComponentMissing);
        }

        let values = Values {
            id: id.map_or(&b""[..], HeaderValue::as_bytes),
            timestamp: timestamp.map_or(&b""[..], |timestamp| timestamp.text),
            method: head.method.as_str(),
            url,
        };
        let around = parts::fill(&wire.signed, values);
        let signed = match (timestamp, self.late(at.now)) {
            (Some(timestamp), _) => Signed::At(timestamp.at),
            (None, Some(late)) => Signed::Late(late),
            (None, None) => Signed::Untimed,
        };
        let taken = Taken { bound: self.bound.clone(), in_time: at.secrets };
        Ok(OpenTemplate::begin(&self.keys, candidates, around, id.cloned(), signed, taken))
    }

    /// The signatures of the head, at least one, and the value of the header
    /// that the first is in.
    fn candidates<'h>(&self, fields: &'h HeaderMap) -> Result<(&'h [u8], Candidates), Refusal> {
        let mut candidates = Candidates::new();
        let mut first = None;
        for (number, name) in (0..).zip(&self.signature_headers) {
            let value = match fields::only(fields, name, Refusal::SignatureMissing) {
                Ok(value) => value.as_bytes(),
                Err(Refusal::SignatureMissing) => continue,
                Err(refusal) => return Err(refusal),
            };
            first = first.or(Some(value));
            self.wire.signature.read(self.wire.algorithm, (number, value), &mut candidates)?;
        }
        let first = first.ok_or(Refusal::SignatureMissing)?;
        if candidates.is_empty() {
            return Err(Refusal::SignatureMalformed);
        }
        Ok((first, candidates))
    }

    /// Headers that say of which version or algorithm the signature is.
    fn check_fixed(&self, fields: &HeaderMap) -> Result<(), Refusal> {
        for (name, right) in &self.fixed {
            let value = fields::only(fields, name, Refusal::SignatureMalformed)?;
            if value.as_bytes() != right.as_bytes() {
                return Err(Refusal::SignatureMalformed);
            }
        }
        Ok(())
    }

    fn timestamp<'h>(
        &self,
        field: &TimestampField,
        fields: &'h HeaderMap,
        signature: &'h [u8],
        now: UnixTime,
    ) -> Result<Option<Timestamp<'h>>, Refusal> {
        let Some(timestamp) = field.read(fields, signature)? else { return Ok(None) };
        field.form.check_fresh(timestamp.at, now, self.tolerance)?;
        Ok(Some(timestamp))
    }

    /// The time in the head, in time or not.
    pub(in crate::schemes) fn claimed_at(&self, fields: &HeaderMap) -> Option<UnixTime> {
        let (signature, _) = self.candidates(fields).ok()?;
        Some(self.wire.timestamp.as_ref()?.read(fields, signature).ok()??.at)
    }

    /// What of the time is left for the body step.
    fn late(&self, now: UnixTime) -> Option<Late> {
        match self.wire.timestamp.as_ref()? {
            TimestampField { place: TimestampPlace::JsonField(name), form } => {
                Some(Late { name, form: *form, now, tolerance: self.tolerance })
            }
            _ => None,
        }
    }
}

/// For each credential the number of the header that its name binds it to.
fn bound(signature: &SignatureField, credentials: &[Credential]) -> Option<Arc<[Option<u8>]>> {
    if signature.more.is_empty() || credentials.iter().all(|credential| credential.key_id.is_none()) {
        return None;
    }
    let number = |credential: &Credential| signature.number_of(credential.key_id.as_deref()?);
    Some(credentials.iter().map(number).collect())
}

fn security_headers(
    wire: &Wire,
    signatures: &[HeaderName],
    fixed: &[(HeaderName, &'static str)],
) -> Vec<HeaderName> {
    let timestamp = match wire.timestamp.as_ref().map(|field| &field.place) {
        Some(TimestampPlace::Header(name)) => Some(name),
        Some(TimestampPlace::SignatureEntry { .. } | TimestampPlace::JsonField(_)) | None => None,
    };
    let fixed = fixed.iter().map(|(name, _)| name);
    signatures.iter().chain(timestamp).chain(wire.id.as_ref()).chain(fixed).cloned().collect()
}
