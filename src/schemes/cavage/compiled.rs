//! A dialect with keys and what a source asks for, and the head step.

use std::time::Duration;

use http::{HeaderMap, HeaderName};

use super::base::{self, Entry, Subject};
use super::dialect::{Dialect, Line};
use super::parameters::Parameters;
use crate::clock::UnixTime;
use crate::schemes::covered::{
    BodyDigest, BodyDigests, Choice, DigestField, Keyring, OpenCovered, Signed, date,
};
use crate::schemes::digest::Digest;
use crate::schemes::encoding::Encoding;
use crate::schemes::fields;
use crate::schemes::freshness::{Freshness, check_expiry};
use crate::schemes::key::KeyError;
use crate::schemes::refusal::Refusal;
use crate::schemes::scheme::{Credential, Head, SchemeOptions};
use crate::schemes::validity::At;

/// A dialect with the keys of one source. Immutable.
#[derive(Debug)]
pub(in crate::schemes) struct Cavage {
    pub(super) dialect: Dialect,
    pub(super) keys: Keyring,
    /// What must be listed; the digest among it, where the body must be covered.
    cover: Vec<Entry>,
    /// The list of a sender: the same, and a time.
    pub(super) list: Vec<Entry>,
    body: BodyDigest,
    freshness: Freshness,
    security_headers: Vec<HeaderName>,
}

impl Cavage {
    pub(in crate::schemes) fn new(
        dialect: &Dialect,
        credentials: &[Credential],
        tolerance: Option<Duration>,
        options: &SchemeOptions,
    ) -> Result<Self, KeyError> {
        let body = options.body.unwrap_or(dialect.body);
        let cover = cover(dialect, body, options)?;
        Ok(Self {
            dialect: dialect.clone(),
            keys: Keyring::new(dialect.algorithms, dialect.key, credentials, options)?,
            body,
            freshness: Freshness::in_seconds(tolerance.unwrap_or_default()),
            security_headers: security_headers(dialect, &cover),
            list: with_time(dialect, cover.clone()),
            cover,
        })
    }

    pub(in crate::schemes) fn freshness(&self) -> Freshness {
        self.freshness
    }

    pub(in crate::schemes) fn secret_count(&self) -> usize {
        self.keys.len()
    }

    pub(in crate::schemes) fn security_headers(&self) -> &[HeaderName] {
        &self.security_headers
    }

    pub(in crate::schemes) fn cover(&self) -> Vec<String> {
        self.cover.iter().map(|entry| entry.name().to_owned()).collect()
    }

    pub(in crate::schemes) fn open(&self, head: &Head<'_>, at: At) -> Result<OpenCovered, Refusal> {
        let dialect = &self.dialect;
        let parameters = Parameters::find(dialect, head.fields)?;
        let key_id = parameters.get(dialect.key_id).ok_or(Refusal::SignatureMalformed)?;
        let list = parameters.get("headers").or(dialect.list).ok_or(Refusal::SignatureMalformed)?;
        let entries = base::entries(dialect, list)?;
        let signature = parameters.get("signature").unwrap_or_default().as_bytes();
        let signature = Encoding::Base64.decode_all(signature).filter(|signature| !signature.is_empty());
        let signature = signature.ok_or(Refusal::SignatureMalformed)?;

        let algorithm = parameters.get("algorithm").filter(|name| Some(*name) != dialect.any_algorithm);
        let candidates = self.keys.choose(Choice { key_id: Some(key_id), algorithm })?;
        if !self.cover.iter().all(|required| entries.contains(required)) {
            return Err(Refusal::ComponentNotCovered);
        }
        let (created, expires) = (parameters.get("created"), parameters.get("expires"));
        let signed_at = self.signed_at(&entries, created, head.fields)?;
        self.freshness.check(signed_at, at.now)?;
        check_expiry(expires.map(expiry).transpose()?, at.now)?;
        let digests = self.digests(&entries, head.fields)?;

        let subject = Subject { created, expires, ..Subject::of(head, key_id) };
        let base = base::base(dialect, &subject, &entries)?;
        let slot = candidates.verify(&base, &signature, at.secrets)?;
        Ok(OpenCovered::new(Signed { slot, at: signed_at, base: Digest::of(&base) }, digests))
    }

    /// The time of signing, of a line that is listed: any other is not signed.
    fn signed_at(
        &self,
        entries: &[Entry],
        created: Option<&str>,
        fields: &HeaderMap,
    ) -> Result<UnixTime, Refusal> {
        if entries.iter().any(|entry| entry.is_line(Line::Created)) {
            return whole_seconds(created.ok_or(Refusal::TimestampMissing)?);
        }
        let date = self.dialect.dates.iter().find(|date| entries.iter().any(|entry| entry.is(date)));
        let date = fields::only(fields, date.ok_or(Refusal::TimestampMissing)?, Refusal::TimestampMissing)?;
        date::read(date.as_bytes()).ok_or(Refusal::TimestampMalformed)
    }

    /// Whether the body must be covered.
    pub(in crate::schemes) fn demands_body(&self) -> bool {
        matches!(self.body, BodyDigest::Required)
    }

    /// The digests of the body that are signed. One that is not says nothing.
    fn digests(&self, entries: &[Entry], fields: &HeaderMap) -> Result<BodyDigests, Refusal> {
        match self.body {
            BodyDigest::IfSigned if !entries.iter().any(|entry| entry.is(&DIGEST.name())) => {
                Ok(BodyDigests::default())
            }
            BodyDigest::IfSigned | BodyDigest::Required => DIGEST.read(fields),
        }
    }
}

pub(super) const DIGEST: DigestField = DigestField::Digest;

/// When a signature ends: Unix time that may have a fraction, which is dropped
/// (draft-cavage-http-signatures-12 section 2.1.5). `created` has none (2.1.4).
fn expiry(text: &str) -> Result<UnixTime, Refusal> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_fraction = matches!(fraction.len(), 1..=SECONDS_DIGITS_MAX) && is_digits(fraction);
    if is_fraction { whole_seconds(whole) } else { Err(Refusal::TimestampMalformed) }
}

/// Unix time in its one spelling: digits, no leading zero.
fn whole_seconds(text: &str) -> Result<UnixTime, Refusal> {
    let is_number = text == "0" || !text.starts_with('0') && is_digits(text);
    let seconds = text.parse().ok().filter(|_| is_number && text.len() <= SECONDS_DIGITS_MAX);
    seconds.map(UnixTime::from_secs).ok_or(Refusal::TimestampMalformed)
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

const SECONDS_DIGITS_MAX: usize = 12;

/// What must be listed: what the source says, or the dialect.
fn cover(dialect: &Dialect, body: BodyDigest, options: &SchemeOptions) -> Result<Vec<Entry>, KeyError> {
    let texts: Vec<&str> = match &options.cover {
        Some(cover) => cover.iter().map(String::as_str).collect(),
        None => dialect.cover.to_vec(),
    };
    let mut cover = Vec::with_capacity(texts.len() + 1);
    for (place, text) in texts.into_iter().enumerate() {
        let fault = "is neither a field, in lower case, nor a line that the scheme has a name for";
        let choice = KeyError::Choice { option: "component", place, fault };
        let entry = Entry::read(dialect, text).ok_or(choice)?;
        if !cover.contains(&entry) {
            cover.push(entry);
        }
    }
    let digest = Entry::Field(DIGEST.name());
    match body {
        BodyDigest::Required if !cover.contains(&digest) => cover.push(digest),
        BodyDigest::IfSigned if options.cover.is_none() => cover.retain(|entry| *entry != digest),
        BodyDigest::Required | BodyDigest::IfSigned => {}
    }
    Ok(cover)
}

/// A receiver takes no signature without a signed time.
fn with_time(dialect: &Dialect, mut list: Vec<Entry>) -> Vec<Entry> {
    let is_time =
        |entry: &Entry| entry.is_line(Line::Created) || dialect.dates.iter().any(|date| entry.is(date));
    if !list.iter().any(is_time) {
        let created = dialect.lines.iter().find(|(_, line)| *line == Line::Created);
        let created = created.map(|(name, line)| Entry::Named(name, *line));
        list.extend(created.or_else(|| dialect.dates.first().cloned().map(Entry::Field)));
    }
    list
}

fn security_headers(dialect: &Dialect, cover: &[Entry]) -> Vec<HeaderName> {
    let places = dialect.places.iter().map(|place| place.header.clone());
    let covered = cover.iter().filter_map(|entry| match entry {
        Entry::Field(name) => Some(name.clone()),
        Entry::Named(..) => None,
    });
    places.chain(covered).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_signing_is_digits_and_only_an_expiry_may_have_a_fraction() {
        let created = |text| whole_seconds(text).map(UnixTime::as_secs);
        let expires = |text| expiry(text).map(UnixTime::as_secs);
        for (text, whole) in [("1700000000", 1_700_000_000), ("0", 0)] {
            assert_eq!((created(text), expires(text)), (Ok(whole), Ok(whole)));
        }
        assert_eq!(expires("1700000000.75"), Ok(1_700_000_000));
        assert_eq!(created("1700000000.75"), Err(Refusal::TimestampMalformed));
        for wrong in ["", "-1", "+1", "01", "00", "1.", ".5", "1e9", "1 ", "1.2.3", "1000000000000"] {
            assert_eq!(created(wrong), Err(Refusal::TimestampMalformed), "{wrong:?}");
            assert_eq!(expires(wrong), Err(Refusal::TimestampMalformed), "{wrong:?}");
        }
    }
}
