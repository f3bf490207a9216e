//! What people have of a request: raw HTTP, a HAR file, a `curl` command line.
//!
//! Bytes that a stranger may have made: every reader is bounded, and none of
//! them opens a file by itself. What a form cannot hold is said in a note, since
//! a body that was kept as text may not be what arrived.

mod by_guard;
mod curl;
mod har;
mod raw;
mod shell;

use bytes::Bytes;
use http::header::{DATE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue};
use time::OffsetDateTime;
use time::format_description::well_known::{Rfc2822, Rfc3339};

use super::case::Request;
use crate::clock::UnixTime;

/// The form of a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// An HTTP/1.1 request as it goes over the wire, line ends CRLF or LF.
    Raw,
    /// HTTP Archive 1.2: what browsers and proxies export.
    Har,
    /// A `curl` command line.
    Curl,
}

/// A request, and what its capture says about itself.
#[derive(Clone, Debug)]
pub struct Capture {
    /// The form it was read from.
    pub format: Format,
    /// The request.
    pub request: Request,
    /// When it arrived, as far as the capture says.
    pub received: Option<Received>,
    /// The code that a guard refused it with, as far as the capture says.
    pub code: Option<String>,
    /// What the reader of the answer should know about it.
    pub notes: Vec<String>,
}

/// When a request arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// The time.
    pub at: UnixTime,
    /// Where it is from, as a phrase.
    pub from: &'static str,
}

/// Why a capture cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaptureError {
    /// No HTTP/1.1 request.
    #[error("it is no HTTP/1.1 request: {0}")]
    Raw(String),
    /// No HAR file.
    #[error("it is no HAR file: {0}")]
    Har(String),
    /// The HAR file has several requests, or not the one asked for.
    #[error("{0}")]
    Entry(String),
    /// No command line of `curl` that can be understood.
    #[error("it is no curl command line that can be read: {0}")]
    Curl(String),
}

/// Reads the content of a file that a command line names, such as `@body.json`.
pub type ReadFile<'a> = &'a dyn Fn(&str) -> Result<Vec<u8>, String>;

impl Capture {
    /// Reads `bytes`, in `format` or in what they look like. `entry` chooses
    /// one of several requests of a HAR file, counted from 1.
    pub fn read(
        bytes: &[u8],
        format: Option<Format>,
        entry: Option<usize>,
        read_file: ReadFile<'_>,
    ) -> Result<Self, CaptureError> {
        match format.unwrap_or_else(|| Format::of(bytes)) {
            Format::Raw => raw::read(bytes),
            Format::Har => har::read(bytes, entry),
            Format::Curl => curl::read(bytes, read_file),
        }
    }
}

impl Capture {
    /// The path, as received.
    pub fn path(&self) -> &str {
        let target = &self.request.target;
        target.split('?').next().unwrap_or(target)
    }

    /// The host that it names, with its port.
    pub fn host(&self) -> Option<&str> {
        self.request.fields.get(HOST)?.to_str().ok()
    }
}

impl Format {
    /// What `bytes` look like. A request line begins with a method, so neither
    /// a brace nor the word `curl` can begin one that is meant for a webhook.
    fn of(bytes: &[u8]) -> Self {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
        let bytes = bytes.strip_prefix(b"$ ").unwrap_or(bytes);
        if bytes.starts_with(b"{") {
            Self::Har
        } else if bytes
            .strip_prefix(b"curl")
            .is_some_and(|rest| rest.first().is_some_and(u8::is_ascii_whitespace))
        {
            Self::Curl
        } else {
            Self::Raw
        }
    }

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Har => "har",
            Self::Curl => "curl",
        }
    }
}

/// RFC 3339, as in HAR files.
fn rfc_3339(text: &str) -> Option<UnixTime> {
    unix(OffsetDateTime::parse(text, &Rfc3339).ok()?)
}

/// The `Date` field (RFC 9110 section 6.6.1).
fn date(fields: &HeaderMap) -> Option<Received> {
    let text = fields.get(DATE)?.to_str().ok()?;
    let at = unix(OffsetDateTime::parse(text, &Rfc2822).ok()?)?;
    Some(Received { at, from: "the request's Date field" })
}

fn unix(time: OffsetDateTime) -> Option<UnixTime> {
    u64::try_from(time.unix_timestamp_nanos() / 1_000_000).ok().map(UnixTime::from_millis)
}

/// One field. White space around a value is not part of it (RFC 9110 section
/// 5.5).
fn field(name: &str, value: &[u8]) -> Result<(HeaderName, HeaderValue), String> {
    let read = HeaderName::from_bytes(name.trim().as_bytes()).ok();
    let read = read.zip(HeaderValue::from_bytes(value.trim_ascii()).ok());
    read.ok_or_else(|| format!("the field {name:?} cannot be read"))
}

/// Path and query of `url`, which is absolute or a path already.
fn target(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split('#').next().unwrap_or(rest);
    match (url.starts_with('/'), rest.find(['/', '?'])) {
        (true, _) => url.to_owned(),
        (false, Some(at)) if rest.as_bytes()[at] == b'/' => rest[at..].to_owned(),
        (false, Some(at)) => format!("/{}", &rest[at..]),
        (false, None) => "/".to_owned(),
    }
}

/// The host of an absolute URL, with its port.
fn host(url: &str) -> Option<HeaderValue> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    HeaderValue::from_str(authority.rsplit('@').next().unwrap_or(authority)).ok()
}

fn absolute(url: &str) -> Option<String> {
    url.contains("://").then(|| url.split('#').next().unwrap_or(url).to_owned())
}

/// More fields than any server takes.
const FIELDS_MAX: usize = 256;

/// A body that is kept as text is what arrived only where it was text.
fn lossy_note(body: &Bytes, form: &str) -> Option<String> {
    (!body.is_ascii())
        .then(|| format!("{form} keeps bodies as text: bytes that are not UTF-8 cannot have been kept."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_known_by_its_beginning() {
        for (text, format) in [
            ("POST / HTTP/1.1\r\n\r\n", Format::Raw),
            ("  {\"log\":{}}", Format::Har),
            ("\u{feff}{", Format::Har),
            ("curl https://a", Format::Curl),
            ("$ curl https://a", Format::Curl),
            ("curly", Format::Raw),
            ("", Format::Raw),
        ] {
            assert_eq!(Format::of(text.as_bytes()), format, "{text:?}");
        }
    }

    #[test]
    fn targets_and_hosts_are_cut_from_urls() {
        for (url, path, authority) in [
            ("https://a.example/b?c=d#e", "/b?c=d", Some("a.example")),
            ("https://u:p@a.example:8443", "/", Some("a.example:8443")),
            ("http://a?b", "/?b", Some("a")),
            ("/b?c", "/b?c", None),
        ] {
            assert_eq!(target(url), path, "{url}");
            assert_eq!(host(url), authority.map(HeaderValue::from_static), "{url}");
        }
    }

    #[test]
    fn times_are_read_as_they_are_written_in_captures() {
        assert_eq!(rfc_3339("2023-11-14T23:13:20.250+01:00"), Some(UnixTime::from_millis(1_700_000_000_250)));
        let fields =
            HeaderMap::from_iter([(DATE, HeaderValue::from_static("Tue, 14 Nov 2023 22:13:20 GMT"))]);
        assert_eq!(date(&fields).map(|date| date.at), Some(UnixTime::from_secs(1_700_000_000)));
    }
}
