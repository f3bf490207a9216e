//! Is this one message that every party reads alike?
//!
//! `http1` has judged the bytes of HTTP/1 before; what is judged here holds for
//! every version. Ambiguity is refused rather than repaired.

use http::header::{self, HeaderName};
use http::request::Parts;
use http::uri::Scheme;
use http::{HeaderMap, HeaderValue, Version};
use smallvec::SmallVec;

use super::fields::connection_options;
use super::http1::{Http1Fault, is_host, is_path_and_query};

/// Why a head is refused. Each role has codes of these names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeadFault {
    /// Ambiguous, or not HTTP.
    Refused(Ambiguity),
    /// Longer than is taken, or of more fields.
    TooLarge,
    /// It did not arrive in time.
    Timeout,
    /// An `Expect` other than `100-continue`.
    Expectation,
}

/// What can be read in two ways, or is not HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ambiguity {
    /// The grammar of HTTP/1.1.
    Grammar,
    /// The length of the body.
    Length,
    /// `Connection` takes `Host` or `Content-Length` out of the message.
    Connection,
    /// None, several, or no host.
    Host,
    /// What HTTP/2 brought cannot be said in HTTP/1.1.
    Translation,
}

impl Ambiguity {
    /// As logs name it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Grammar => "grammar",
            Self::Length => "length",
            Self::Connection => "connection",
            Self::Host => "host",
            Self::Translation => "translation",
        }
    }
}

/// A request head that can be read in one way only. Only [`inspect`] makes one.
#[derive(Debug)]
pub(crate) struct Sound {
    connection_options: SmallVec<[HeaderName; 2]>,
    declared_length: Option<u64>,
}

impl Sound {
    /// Fields that `Connection` takes out of the message.
    pub(crate) fn connection_options(&self) -> &[HeaderName] {
        &self.connection_options
    }

    /// Length of the body, where it was declared.
    pub(crate) fn declared_length(&self) -> Option<u64> {
        self.declared_length
    }
}

/// Inspects the head. `fault` is what the HTTP/1 reader found.
pub(crate) fn inspect(
    parts: &Parts,
    fault: Option<Http1Fault>,
    fields_max: usize,
) -> Result<Sound, HeadFault> {
    match fault {
        Some(Http1Fault::HeadTimeout) => return Err(HeadFault::Timeout),
        Some(Http1Fault::HeadTooLarge | Http1Fault::TooManyFields) => return Err(HeadFault::TooLarge),
        Some(Http1Fault::AmbiguousLength) => return Err(HeadFault::Refused(Ambiguity::Length)),
        Some(Http1Fault::AmbiguousHost) => return Err(HeadFault::Refused(Ambiguity::Host)),
        Some(Http1Fault::Malformed | Http1Fault::BadChunk) => {
            return Err(HeadFault::Refused(Ambiguity::Grammar));
        }
        None => {}
    }
    if parts.headers.len() > fields_max {
        return Err(HeadFault::TooLarge);
    }
    let connection_options: SmallVec<_> = connection_options(&parts.headers).collect();
    let hides = |name: &HeaderName| *name == header::HOST || *name == header::CONTENT_LENGTH;
    if connection_options.iter().any(hides) {
        return Err(HeadFault::Refused(Ambiguity::Connection));
    }
    if !is_one_host(parts) {
        return Err(HeadFault::Refused(Ambiguity::Host));
    }
    if !is_translatable(parts) {
        return Err(HeadFault::Refused(Ambiguity::Translation));
    }
    if !is_known_expectation(&parts.headers) {
        return Err(HeadFault::Expectation);
    }
    Ok(Sound { connection_options, declared_length: declared_length(&parts.headers)? })
}

/// RFC 9112 section 3.2 and RFC 9113 section 8.3.1: one host, and where it is
/// given in two places, the same.
fn is_one_host(parts: &Parts) -> bool {
    let mut fields = parts.headers.get_all(header::HOST).iter().map(HeaderValue::as_bytes);
    let target = parts.uri.authority().map(|authority| authority.as_str().as_bytes());
    match (fields.next(), fields.next(), target) {
        (_, Some(_), _) => false,
        (Some(host), None, None) => is_host(host),
        (Some(host), None, Some(target)) => is_host(host) && host.eq_ignore_ascii_case(target),
        (None, None, Some(target)) => parts.version == Version::HTTP_2 && is_host(target),
        (None, None, None) => parts.version == Version::HTTP_10,
    }
}

/// What `net::http1` has seen to in HTTP/1 and the HTTP/2 library leaves open:
/// it is translated to HTTP/1.1, where it could not have been said.
fn is_translatable(parts: &Parts) -> bool {
    let is_web = |scheme: &Scheme| *scheme == Scheme::HTTPS || *scheme == Scheme::HTTP;
    parts.version < Version::HTTP_2
        || parts.uri.scheme().is_none_or(is_web)
            && parts.uri.path_and_query().is_some_and(|target| is_path_and_query(target.as_str()))
            && parts.headers.values().all(is_trimmed)
}

/// RFC 9113 section 8.2.1: a value neither starts nor ends with white space.
fn is_trimmed(value: &HeaderValue) -> bool {
    value.as_bytes().trim_ascii().len() == value.len()
}

/// RFC 9110 section 10.1.1: `100-continue` is the only expectation there is.
fn is_known_expectation(fields: &HeaderMap) -> bool {
    let mut expectations = fields.get_all(header::EXPECT).iter();
    let first = expectations.next();
    first.is_none_or(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
        && expectations.next().is_none()
}

/// RFC 9110 section 8.6: digits, once. A list of equal lengths is legal to
/// repair, and refused here all the same.
fn declared_length(fields: &HeaderMap) -> Result<Option<u64>, HeadFault> {
    let mut lengths = fields.get_all(header::CONTENT_LENGTH).iter();
    let Some(length) = lengths.next() else { return Ok(None) };
    let is_digits = length.as_bytes().iter().all(u8::is_ascii_digit);
    let parsed = length.to_str().ok().filter(|_| is_digits).and_then(|text| text.parse().ok());
    match (parsed, lengths.next()) {
        (Some(bytes), None) => Ok(Some(bytes)),
        _ => Err(HeadFault::Refused(Ambiguity::Length)),
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn inspected(version: Version, uri: &str, fields: &[(&str, &str)]) -> Result<Option<u64>, HeadFault> {
        let mut request = Request::builder().method("POST").version(version).uri(uri);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        inspect(&parts, None, 100).map(|sound| sound.declared_length)
    }

    #[test]
    fn heads_are_judged() {
        use Ambiguity::{Connection, Host, Length, Translation};
        use HeadFault::{Expectation, Refused};
        let (h1, h2) = (Version::HTTP_11, Version::HTTP_2);
        let host = ("host", "a.example");
        for (version, uri, fields, expected) in [
            (h1, "/", vec![host, ("content-length", "5")], Ok(Some(5))),
            (h1, "/", vec![], Err(Refused(Host))),
            (h1, "/", vec![host, host], Err(Refused(Host))),
            (h1, "/", vec![("host", "a.example@b.example")], Err(Refused(Host))),
            (h1, "/", vec![("host", "a b")], Err(Refused(Host))),
            (h1, "http://a.example/", vec![host], Ok(None)),
            (h1, "http://b.example/", vec![host], Err(Refused(Host))),
            (h1, "http://x@a.example/", vec![host], Err(Refused(Host))),
            (h2, "https://a.example/", vec![], Ok(None)),
            (h2, "https://a.example/", vec![("host", "A.example")], Ok(None)),
            (h2, "https://a.example/", vec![("host", "b.example")], Err(Refused(Host))),
            (h2, "https://a.example:99999/", vec![], Err(Refused(Host))),
            (h2, "https://a,b.example/", vec![], Err(Refused(Host))),
            (h2, "ftp://a.example/", vec![], Err(Refused(Translation))),
            (h2, "https://a.example/caf\u{e9}", vec![], Err(Refused(Translation))),
            (h2, "https://a.example/?a{}|b", vec![("x-a", "b c")], Ok(None)),
            (h2, "https://a.example/", vec![("x-a", " b")], Err(Refused(Translation))),
            (h2, "https://a.example/", vec![("x-a", "b\t")], Err(Refused(Translation))),
            (h1, "/", vec![host, ("content-length", "5"), ("content-length", "5")], Err(Refused(Length))),
            (h1, "/", vec![host, ("content-length", "+5")], Err(Refused(Length))),
            (h1, "/", vec![host, ("content-length", "")], Err(Refused(Length))),
            (h1, "/", vec![host, ("connection", "Host")], Err(Refused(Connection))),
            (h1, "/", vec![host, ("connection", "close, content-length")], Err(Refused(Connection))),
            (h1, "/", vec![host, ("expect", "100-Continue")], Ok(None)),
            (h1, "/", vec![host, ("expect", "200-ok")], Err(Expectation)),
            (h1, "/", vec![host, ("expect", "100-continue"), ("expect", "100-continue")], Err(Expectation)),
        ] {
            assert_eq!(inspected(version, uri, &fields), expected, "{version:?} {uri} {fields:?}");
        }
    }
}
