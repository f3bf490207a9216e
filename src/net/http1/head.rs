//! What a whole head says of the body behind it.
//!
//! `httparse` knows the grammar, and hyper asks it the same question later, so
//! both see the same fields. Checked here is what both leave open: one Host,
//! one length, one reading.

use std::mem::MaybeUninit;

use httparse::{Header, Request, Status};

use super::Http1Fault;
use super::host::is_host;
use super::target::is_target;

/// How a request's body is delimited (RFC 9112 section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyLength {
    /// By a count of bytes; zero where the head names no length.
    Sized(u64),
    /// By the chunked coding.
    Chunked,
}

/// Judges `head`, a request head from its first byte to its empty line.
pub(super) fn judge(head: &[u8], fields_max: usize) -> Result<BodyLength, Http1Fault> {
    let mut slots = [const { MaybeUninit::uninit() }; FIELDS_MAX];
    let mut request = Request::new(&mut []);
    let parsed = request.parse_with_uninit_headers(head, &mut slots[..fields_max.min(FIELDS_MAX)]);
    match parsed {
        Ok(Status::Complete(len)) if len == head.len() => {}
        Err(httparse::Error::TooManyHeaders) => return Err(Http1Fault::TooManyFields),
        Ok(_) | Err(_) => return Err(Http1Fault::Malformed),
    }
    let (Some(method), Some(target), Some(minor)) = (request.method, request.path, request.version) else {
        return Err(Http1Fault::Malformed);
    };
    if method.len() > METHOD_BYTES_MAX || !is_target(method, target) {
        return Err(Http1Fault::Malformed);
    }
    let decisive = Decisive::among(request.headers)?;
    decisive.check_host(minor)?;
    decisive.body_length(minor)
}

/// The fields that decide where a message ends and whom it is for.
#[derive(Default)]
struct Decisive<'a> {
    host: Option<&'a [u8]>,
    length: Option<&'a [u8]>,
    coding: Option<&'a [u8]>,
}

impl<'a> Decisive<'a> {
    /// Each occurs at most once. RFC 9112 section 6.3 lets equal lengths be
    /// merged; a peer that does not merge them reads another message.
    fn among(fields: &[Header<'a>]) -> Result<Self, Http1Fault> {
        let mut found = Self::default();
        for field in fields {
            let (slot, fault) = if field.name.eq_ignore_ascii_case("host") {
                (&mut found.host, Http1Fault::AmbiguousHost)
            } else if field.name.eq_ignore_ascii_case("content-length") {
                (&mut found.length, Http1Fault::AmbiguousLength)
            } else if field.name.eq_ignore_ascii_case("transfer-encoding") {
                (&mut found.coding, Http1Fault::AmbiguousLength)
            } else {
                continue;
            };
            if slot.replace(field.value).is_some() {
                return Err(fault);
            }
        }
        Ok(found)
    }

    /// RFC 9112 section 3.2: a request of HTTP/1.1 has exactly one valid Host.
    fn check_host(&self, minor: u8) -> Result<(), Http1Fault> {
        match self.host {
            Some(host) if is_host(host) => Ok(()),
            None if minor == 0 => Ok(()),
            _ => Err(Http1Fault::AmbiguousHost),
        }
    }

    fn body_length(&self, minor: u8) -> Result<BodyLength, Http1Fault> {
        match (self.length, self.coding) {
            (None, None) => Ok(BodyLength::Sized(0)),
            (Some(length), None) => content_length(length).map(BodyLength::Sized),
            // Nothing but `chunked`, alone and once: other codings would have
            // to be decoded, and are not. RFC 9112 section 6.1: a coding in
            // HTTP/1.0 means that the framing is faulty.
            (None, Some(coding)) if minor == 1 && coding.eq_ignore_ascii_case(b"chunked") => {
                Ok(BodyLength::Chunked)
            }
            _ => Err(Http1Fault::AmbiguousLength),
        }
    }
}

/// RFC 9110 section 8.6: `1*DIGIT`. No sign, list or space.
fn content_length(value: &[u8]) -> Result<u64, Http1Fault> {
    if value.is_empty() || value.len() > LENGTH_DIGITS_MAX || !value.iter().all(u8::is_ascii_digit) {
        return Err(Http1Fault::AmbiguousLength);
    }
    Ok(value.iter().fold(0, |length, digit| length * 10 + u64::from(digit - b'0')))
}

/// hyper's own bound, which this one keeps it from reaching.
const FIELDS_MAX: usize = 100;

/// The longest method registered with IANA, UPDATEREDIRECTREF, has 17.
const METHOD_BYTES_MAX: usize = 32;

/// Every number of 19 digits fits into 64 bits.
const LENGTH_DIGITS_MAX: usize = 19;
