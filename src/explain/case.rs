//! One request under one scheme: what is judged, and judged again with one
//! thing changed.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};

use crate::clock::UnixTime;
use crate::schemes::{Credential, Head, KeyError, Open, Proof, Refusal, Row, Scheme, SchemeOptions};

/// A request as it was captured.
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Path and query.
    pub target: String,
    /// Its fields, repeated ones kept.
    pub fields: HeaderMap,
    /// Its body, byte for byte as far as the capture has it.
    pub body: Bytes,
    /// The URL that it was sent to, where the capture says.
    pub url: Option<String>,
}

/// A request, and what a source would judge it by.
#[derive(Clone, Debug)]
pub struct Case {
    /// The request.
    pub request: Request,
    /// The URL that the sender knows the endpoint by, where it is configured.
    pub public_url: Option<String>,
    /// The scheme's row.
    pub preset: Row,
    /// The secrets, in the order of their slots.
    pub credentials: Vec<Credential>,
    /// What else the source chose.
    pub options: SchemeOptions,
    /// When it is judged.
    pub at: UnixTime,
}

impl Case {
    /// What a guard says of it.
    pub fn judge(&self) -> Result<Result<Proof, Refusal>, KeyError> {
        let scheme = self.scheme(self.options.clone())?;
        Ok(self.open(&scheme).and_then(|open| self.finish(open)))
    }

    /// What the head step says, with the time that the request claims.
    pub fn judge_head(&self) -> Result<Result<Option<UnixTime>, Refusal>, KeyError> {
        let scheme = self.scheme(self.options.clone())?;
        Ok(self.open(&scheme).map(|open| open.claimed_at()))
    }

    /// When it claims to have been signed, if that can be read before the body.
    pub fn claimed_at(&self) -> Option<UnixTime> {
        let scheme = self.scheme(self.timeless()).ok()?;
        self.open(&scheme).ok()?.claimed_at()
    }

    /// Whether the signature holds, if only its time were another.
    pub fn holds_at_some_time(&self) -> bool {
        self.holds().is_some()
    }

    /// The proof, whenever it was signed and however weak the key.
    pub(super) fn holds(&self) -> Option<Proof> {
        let scheme = self.scheme(self.timeless()).ok()?;
        self.open(&scheme).and_then(|open| self.finish(open)).ok()
    }

    /// A change of the request alone.
    pub(super) fn with_request(&self, change: impl FnOnce(&mut Request)) -> Self {
        let mut case = self.clone();
        change(&mut case.request);
        case
    }

    /// The scheme with this case's keys.
    pub fn scheme(&self, options: SchemeOptions) -> Result<Scheme, KeyError> {
        Scheme::new(self.preset.clone(), &self.credentials, options)
    }

    fn timeless(&self) -> SchemeOptions {
        SchemeOptions { tolerance: Some(Duration::MAX), allow_weak_secret: true, ..self.options.clone() }
    }

    fn open(&self, scheme: &Scheme) -> Result<Open, Refusal> {
        let Request { method, target, fields, .. } = &self.request;
        let head = Head { method, target, fields, public_url: self.public_url.as_deref() };
        scheme.open(&head, self.at)
    }

    fn finish(&self, mut open: Open) -> Result<Proof, Refusal> {
        open.update(&self.request.body);
        open.finish(&self.request.body)
    }
}

impl fmt::Debug for Request {
    /// Without what may be secret: values of fields and the body.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("fields", &self.fields.len())
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
