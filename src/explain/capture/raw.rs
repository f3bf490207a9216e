//! An HTTP/1.1 request as it goes over the wire, or as people keep it in a
//! file: head, an empty line, and then the body to the last byte.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, Method};

use super::{Capture, CaptureError, FIELDS_MAX, Format, absolute, by_guard, date, field, target};
use crate::explain::case::Request;

pub(super) fn read(bytes: &[u8]) -> Result<Capture, CaptureError> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
    let mut head = httparse::Request::new(&mut fields);
    let length = match head.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => {
            return Err(CaptureError::Raw("no empty line ends its head".to_owned()));
        }
        Err(error) => return Err(CaptureError::Raw(error.to_string())),
    };
    let (Some(method), Some(path)) = (head.method, head.path) else {
        return Err(CaptureError::Raw("it has no request line".to_owned()));
    };
    let method = Method::from_bytes(method.as_bytes())
        .map_err(|_| CaptureError::Raw(format!("the method {method:?} cannot be read")))?;
    let (target, url) = (target(path), absolute(path));
    let mut fields: HeaderMap = head
        .headers
        .iter()
        .map(|header| field(header.name, header.value))
        .collect::<Result<_, _>>()
        .map_err(CaptureError::Raw)?;
    let said = by_guard::take(&mut fields);
    let (body, mut notes) = body(&bytes[length..], &fields);
    let (mut received, mut code) = (date(&fields), None);
    if let Some(said) = said {
        received = said.received.or(received);
        (code, notes) = (said.code, said.notes);
    }
    let request = Request { method, target, fields, body, url };
    Ok(Capture { format: Format::Raw, request, received, code, notes })
}

/// What follows the head: chunks where the head says so and they are there,
/// since a proxy may have put them together and left the field.
fn body(rest: &[u8], fields: &HeaderMap) -> (Bytes, Vec<String>) {
    let chunked =
        fields.get(TRANSFER_ENCODING).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"chunked"));
    match chunked.then(|| dechunked(rest)).flatten() {
        Some(body) => {
            (body.into(), vec!["The body is in chunks; what is judged is the bytes in them.".to_owned()])
        }
        None if rest.is_empty() && fields.get(CONTENT_LENGTH).is_some_and(|length| length != "0") => {
            (Bytes::new(), vec!["The capture has no body.".to_owned()])
        }
        None => (Bytes::copy_from_slice(rest), Vec::new()),
    }
}

/// RFC 9112 section 7.1; trailers are not signed by anybody.
fn dechunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let Ok(httparse::Status::Complete((at, size))) = httparse::parse_chunk_size(rest) else {
            return None;
        };
        if size == 0 {
            return Some(body);
        }
        let end = at.checked_add(usize::try_from(size).ok()?)?;
        body.extend_from_slice(rest.get(at..end)?);
        rest = rest.get(end..)?.strip_prefix(b"\r\n")?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body_of(text: &str) -> String {
        String::from_utf8(read(text.as_bytes()).unwrap().request.body.to_vec()).unwrap()
    }

    #[test]
    fn the_body_is_everything_after_the_empty_line() {
        assert_eq!(body_of("POST /a HTTP/1.1\r\nhost: b\r\n\r\n{}\n"), "{}\n");
        assert_eq!(body_of("POST /a HTTP/1.1\nhost: b\n\n{}\n"), "{}\n");
    }

    #[test]
    fn chunks_are_put_together_where_they_are_there() {
        let head = "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n";
        assert_eq!(body_of(&format!("{head}3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n")), "abcde");
        assert_eq!(body_of(&format!("{head}{{\"a\":1}}")), "{\"a\":1}");
        assert_eq!(body_of(&format!("{head}ffffffffffffffff\r\nabc")), "ffffffffffffffff\r\nabc");
    }

    #[test]
    fn what_is_no_request_says_why() {
        for (text, why) in [
            ("", "no empty line"),
            ("POST / HTTP/1.1\r\na: b\r\n", "no empty line"),
            ("no\r\n\r\n", "no HTTP"),
        ] {
            let error = read(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(why), "{text:?}: {error}");
        }
    }
}
