//! The bytes of a capture: the request as raw HTTP/1.1, whatever it came in,
//! with one field more that says how it was captured.
//!
//! `explain` takes that field out again. Its value is a dictionary of RFC 9651:
//!
//! ```text
//! countersign-capture: received=1800000000.250, source="github", code=signature_mismatch, body=whole, removed=0
//! ```

use std::fmt;
use std::io::Write as _;
use std::sync::Arc;

use http::header::{HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, Method, Uri};

use super::redaction::{REMOVED, Redaction};
use crate::clock::UnixTime;
use crate::guard::in_force::InForce;
use crate::guard::source::Source;

/// A refused delivery on its way to a file.
pub(super) struct Captured {
    pub(super) received: UnixTime,
    pub(super) code: &'static str,
    pub(super) source: Arc<Source>,
    /// Whose secrets must not get into the file.
    pub(super) in_force: Arc<InForce>,
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) fields: HeaderMap,
    pub(super) body: Body,
    /// What was taken out so far.
    pub(super) removed: u64,
}

/// What there is of a body.
pub(super) enum Body {
    /// It was refused before.
    Unread,
    /// All of it.
    Whole(Vec<u8>),
    /// Its beginning, of which the first bytes are kept. The others are there to
    /// be searched: a secret may begin before the cut and end behind it.
    Cut { bytes: Vec<u8>, kept: usize },
}

impl Body {
    /// A copy of `body`, or of its first `bytes_max` and as many more as a
    /// secret may `reach`.
    pub(super) fn of(body: &[u8], bytes_max: usize, reach: usize) -> Self {
        if body.len() <= bytes_max {
            return Self::Whole(body.to_vec());
        }
        let end = bytes_max.saturating_add(reach).min(body.len());
        Self::Cut { bytes: body[..end].to_vec(), kept: bytes_max }
    }
}

impl Captured {
    /// The file.
    pub(super) fn written(&self) -> Vec<u8> {
        let redaction = Redaction::new(&self.source, &self.in_force);
        let mut removed = self.removed;
        let target = redaction.target(&self.uri, &mut removed);
        let method = redaction.method(&self.method, &mut removed);
        let mut head = Head { bytes: Vec::new(), redaction, removed };
        head.line(format_args!("{method} {target} HTTP/1.1"));
        if !self.fields.contains_key(HOST)
            && let Some(authority) = self.uri.authority()
        {
            // HTTP/2 has it elsewhere (RFC 9113 section 8.3.1).
            head.field(&HOST, authority.as_str().as_bytes());
        }
        for (name, value) in self.fields.iter().filter(|(name, _)| !LEFT_OUT.contains(name)) {
            head.field(name, value.as_bytes());
        }
        let (state, body) = self.body(&head.redaction);
        let (seconds, millis) = (self.received.as_secs(), self.received.as_millis() % 1000);
        let (source, code, removed) = (&self.source.config.name, self.code, head.removed);
        // Names are letters, digits and dots: they need no escape.
        head.line(format_args!(
            "{CAPTURE}: received={seconds}.{millis:03}, source=\"{source}\", code={code}, body={state}, removed={removed}"
        ));
        head.line(format_args!(""));
        [&head.bytes, body].concat()
    }

    /// What is said of the body, and what is kept of it.
    fn body(&self, redaction: &Redaction<'_>) -> (&'static str, &[u8]) {
        match &self.body {
            Body::Unread => ("unread", &[]),
            Body::Whole(bytes) | Body::Cut { bytes, .. } if !redaction.keeps_body(bytes) => ("removed", &[]),
            Body::Whole(bytes) => ("whole", bytes),
            Body::Cut { bytes, kept } => ("cut", &bytes[..*kept]),
        }
    }
}

/// A head in the making.
struct Head<'a> {
    bytes: Vec<u8>,
    redaction: Redaction<'a>,
    /// How often something was taken out.
    removed: u64,
}

impl Head<'_> {
    fn line(&mut self, text: fmt::Arguments<'_>) {
        write!(self.bytes, "{text}\r\n").expect("memory takes what is written");
    }

    fn field(&mut self, name: &HeaderName, value: &[u8]) {
        let is_kept = self.redaction.keeps(name, value);
        self.removed += u64::from(!is_kept);
        if self.redaction.holds_secret(name.as_str().as_bytes()) {
            return;
        }
        let value = if is_kept { value } else { REMOVED.as_bytes() };
        self.bytes.extend([name.as_str().as_bytes(), b": ", value, b"\r\n"].concat());
    }
}

/// The field that says how a request was captured.
const CAPTURE: HeaderName = HeaderName::from_static("countersign-capture");

/// A sender's own words about a capture are none, and there is no framing in a
/// file.
const LEFT_OUT: [HeaderName; 2] = [CAPTURE, TRANSFER_ENCODING];
