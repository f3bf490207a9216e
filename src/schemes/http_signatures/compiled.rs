//! Keys and what a source asks for, and the head step.

use std::time::Duration;

use http::HeaderName;
use sfv::Key;

use super::component::{Component, Part};
use super::input::{self, Input, Parameters};
use super::subject::{Response, Subject};
use super::{ALGORITHMS, KEY_TEXT, MessageSignatures, base};
use crate::schemes::covered::{BodyDigest, BodyDigests, Choice, DigestField, Keyring, OpenCovered, Signed};
use crate::schemes::digest::Digest;
use crate::schemes::freshness::{Freshness, check_expiry};
use crate::schemes::key::KeyError;
use crate::schemes::refusal::Refusal;
use crate::schemes::scheme::{Credential, Head, SchemeOptions};
use crate::schemes::validity::At;

/// RFC 9421 with the keys of one source. Immutable.
#[derive(Debug)]
pub(in crate::schemes) struct HttpSignatures {
    pub(super) keys: Keyring,
    pub(super) label: Option<Key>,
    /// What must be covered; the digest among it, where the body must be.
    pub(super) cover: Vec<Component>,
    body: BodyDigest,
    freshness: Freshness,
    security_headers: Vec<HeaderName>,
}

impl HttpSignatures {
    pub(in crate::schemes) fn new(
        row: &MessageSignatures,
        credentials: &[Credential],
        tolerance: Option<Duration>,
        options: &SchemeOptions,
    ) -> Result<Self, KeyError> {
        let body = options.body.unwrap_or(row.body);
        let cover = cover(row, body, options)?;
        Ok(Self {
            keys: Keyring::new(ALGORITHMS, KEY_TEXT, credentials, options)?,
            label: options.label.clone().map(label).transpose()?,
            body,
            freshness: Freshness::in_seconds(tolerance.unwrap_or_default()),
            security_headers: security_headers(&cover),
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
        self.cover.iter().map(|component| base::identifier(&component.identifier)).collect()
    }

    /// Whether it must be known where requests are sent to.
    pub(in crate::schemes) fn needs_url(&self) -> bool {
        self.cover.iter().any(Component::needs_url)
    }

    pub(in crate::schemes) fn open(&self, head: &Head<'_>, at: At) -> Result<OpenCovered, Refusal> {
        self.judge(&Subject::request(head)?, at)
    }

    pub(in crate::schemes) fn open_response(
        &self,
        response: &Response<'_>,
        at: At,
    ) -> Result<OpenCovered, Refusal> {
        self.judge(&Subject::response(response), at)
    }

    fn judge(&self, subject: &Subject<'_>, at: At) -> Result<OpenCovered, Refusal> {
        let Input { components, list, parameters, signature } =
            input::read(subject.fields(), self.label.as_ref())?;
        let Parameters { created, expires, key_id, algorithm } = parameters;
        let choice = Choice { key_id: key_id.as_deref(), algorithm: algorithm.as_deref() };
        let candidates = self.keys.choose(choice)?;
        if !self.cover.iter().all(|required| components.contains(required)) {
            return Err(Refusal::ComponentNotCovered);
        }
        self.freshness.check(created, at.now)?;
        check_expiry(expires, at.now)?;
        let digests = self.digests(subject, &components)?;

        let base = base::base(subject, &components, &list)?;
        let slot = candidates.verify(&base, &signature, at.secrets)?;
        let signed = Signed { slot, at: created, base: Digest::of(&base) };
        Ok(OpenCovered::new(signed, digests))
    }

    /// Whether the body must be covered.
    pub(in crate::schemes) fn demands_body(&self) -> bool {
        matches!(self.body, BodyDigest::Required)
    }

    /// The digests of the body that are signed. One that is not says nothing.
    fn digests(&self, subject: &Subject<'_>, components: &[Component]) -> Result<BodyDigests, Refusal> {
        let speaks =
            |component: &Component| matches!(&component.part, Part::Field(name, _) if *name == DIGEST.name());
        match self.body {
            BodyDigest::IfSigned if !components.iter().any(speaks) => Ok(BodyDigests::default()),
            BodyDigest::IfSigned | BodyDigest::Required => DIGEST.read(subject.fields()),
        }
    }
}

pub(super) const DIGEST: DigestField = DigestField::ContentDigest;

/// What must be covered: what the source says, or the row.
fn cover(
    row: &MessageSignatures,
    body: BodyDigest,
    options: &SchemeOptions,
) -> Result<Vec<Component>, KeyError> {
    let texts: Vec<&str> = match &options.cover {
        Some(cover) => cover.iter().map(String::as_str).collect(),
        None => row.cover.to_vec(),
    };
    let mut cover = Vec::with_capacity(texts.len() + 1);
    for (place, text) in texts.into_iter().enumerate() {
        let component = Component::parse(text).map_err(|_| {
            let fault = "is no component of RFC 9421 section 2";
            KeyError::Choice { option: "component", place, fault }
        })?;
        if !cover.contains(&component) {
            cover.push(component);
        }
    }
    let digest = Component::field(DIGEST.name());
    match body {
        BodyDigest::Required if !cover.contains(&digest) => cover.push(digest),
        BodyDigest::IfSigned if options.cover.is_none() => cover.retain(|component| *component != digest),
        BodyDigest::Required | BodyDigest::IfSigned => {}
    }
    Ok(cover)
}

fn label(text: String) -> Result<Key, KeyError> {
    let fault = "is no label: expected lower-case letters, digits, _, -, . and *";
    Key::from_string(text).map_err(|_| KeyError::Choice { option: "label", place: 0, fault })
}

fn security_headers(cover: &[Component]) -> Vec<HeaderName> {
    let covered = cover.iter().filter_map(|component| match &component.part {
        Part::Field(name, _) => Some(name.clone()),
        _ => None,
    });
    [input::SIGNATURE, input::SIGNATURE_INPUT].into_iter().chain(covered).collect()
}
