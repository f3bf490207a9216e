//! A row with its keys, and the head step.

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use smallvec::SmallVec;

use super::id;
use super::mac::Mac;
use super::open::OpenTemplate;
use super::parts;
use super::timestamp::{TimestampField, TimestampPlace};
use super::wire::Wire;
use crate::clock::UnixTime;
use crate::schemes::fields;
use crate::schemes::key::{KeyError, WeakKeys};
use crate::schemes::refusal::Refusal;
use crate::schemes::scheme::{Credential, Head, SchemeOptions};

/// Keyed codes, one for each secret. Without the heap for a rotation.
pub(super) type Keys = SmallVec<[Mac; 2]>;

/// A row compiled with the secrets of one source. Immutable.
#[derive(Debug)]
pub(in crate::schemes) struct Template {
    pub(super) wire: &'static Wire,
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

impl Template {
    /// Compiles `wire` with `credentials`, whose number is in bounds.
    /// `tolerance` is the source's, or the preset's.
    pub(in crate::schemes) fn new(
        wire: &'static Wire,
        credentials: &[Credential],
        tolerance: Option<Duration>,
        options: &SchemeOptions,
    ) -> Result<Self, KeyError> {
        let tolerance = tolerance.unwrap_or_default();
        Ok(Self {
            wire,
            keys: keys(wire, credentials, options)?,
            freshness: wire.timestamp.as_ref().map(|field| Freshness { field, tolerance }),
            security_headers: security_headers(wire),
        })
    }

    pub(in crate::schemes) fn tolerance(&self) -> Option<Duration> {
        self.freshness.as_ref().map(|freshness| freshness.tolerance)
    }

    pub(in crate::schemes) fn fresh_for(&self) -> Option<Duration> {
        let Freshness { field, tolerance } = self.freshness.as_ref()?;
        Some(tolerance.saturating_add(field.form.unit()).saturating_sub(Duration::from_millis(1)))
    }

    pub(in crate::schemes) fn secret_count(&self) -> usize {
        self.keys.len()
    }

    pub(in crate::schemes) fn security_headers(&self) -> &[HeaderName] {
        &self.security_headers
    }

    pub(in crate::schemes) fn id_header(&self) -> Option<&HeaderName> {
        self.wire.id.as_ref()
    }

    pub(in crate::schemes) fn open(&self, head: &Head<'_>, now: UnixTime) -> Result<OpenTemplate, Refusal> {
        let wire = self.wire;
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

        let separator = parts::separator_after_id(wire.signed);
        let id = wire.id.as_ref().map(|name| id::read(head.fields, name, separator)).transpose()?;

        let id_text = id.map_or(&b""[..], HeaderValue::as_bytes);
        let timestamp_text = timestamp.map_or(&b""[..], |timestamp| timestamp.text);
        let around = parts::fill(wire.signed, id_text, timestamp_text);
        let signed_at = timestamp.map(|timestamp| timestamp.at);
        Ok(OpenTemplate::begin(self.keys.clone(), candidates, around, id.cloned(), signed_at))
    }
}

fn keys(wire: &Wire, credentials: &[Credential], options: &SchemeOptions) -> Result<Keys, KeyError> {
    let weak = if options.allow_weak_secret { WeakKeys::Allow } else { WeakKeys::Refuse };
    let keyed = |(slot, credential): (usize, &Credential)| match wire.key.key(&credential.secret, weak) {
        Ok(key) => Ok(Mac::new(wire.algorithm, &key)),
        Err(fault) => Err(KeyError::Unusable { slot, fault }),
    };
    credentials.iter().enumerate().map(keyed).collect()
}

fn security_headers(wire: &Wire) -> Vec<HeaderName> {
    let timestamp = match wire.timestamp.as_ref().map(|field| &field.place) {
        Some(TimestampPlace::Header(name)) => Some(name),
        Some(TimestampPlace::SignatureEntry { .. }) | None => None,
    };
    let signature = &wire.signature.header;
    [Some(signature), timestamp, wire.id.as_ref()].into_iter().flatten().cloned().collect()
}
