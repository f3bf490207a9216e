//! The plain fields of a `multipart/form-data` body (RFC 7578).
//!
//! Just enough to find three short fields. The crates for this are
//! asynchronous and decode as they go; what is found here is compared with a
//! signature and nothing else, so that another reading of the same body by the
//! app behind us changes nothing that was proven.

use memchr::memmem::find;

use crate::schemes::form::FORM_FIELDS_MAX;

/// The boundary that a content type names (RFC 2046 section 5.1.1).
pub(super) fn boundary(content_type: &str) -> Option<Vec<u8>> {
    let parameters = content_type.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let mut boundaries = parameters
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"))
        .map(|(_, value)| value.trim());
    let (value, None) = (boundaries.next()?, boundaries.next()) else { return None };
    let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    let fits = (1..=BOUNDARY_BYTES_MAX).contains(&value.len());
    fits.then(|| value.as_bytes().to_vec())
}

/// Names and values of the parts that are no files; `None` where the body is
/// not built as it says, or has too many parts.
pub(super) fn fields<'b>(body: &'b [u8], boundary: &[u8]) -> Option<Vec<(&'b [u8], &'b [u8])>> {
    let delimiter = [b"\r\n--", boundary].concat();
    // The first delimiter has no line before it.
    let mut rest = body.strip_prefix(&delimiter[2..])?;
    let mut fields = Vec::new();
    for _ in 0..=FORM_FIELDS_MAX {
        if rest.starts_with(b"--") {
            return Some(fields);
        }
        let end = find(rest, &delimiter)?;
        let part = rest[..end].strip_prefix(b"\r\n")?;
        rest = &rest[end + delimiter.len()..];
        let blank = find(part, b"\r\n\r\n")?;
        let (head, value) = (&part[..blank], &part[blank + 4..]);
        fields.extend(name(head).map(|name| (name, value)));
    }
    None
}

/// The name that a part's `Content-Disposition` gives it; `None` for a file.
fn name(head: &[u8]) -> Option<&[u8]> {
    let lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let mut dispositions = lines.filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        line[..colon].eq_ignore_ascii_case(b"content-disposition").then(|| &line[colon + 1..])
    });
    let disposition = dispositions.next()?;
    if find(disposition, b"filename").is_some() {
        return None;
    }
    let at = find(disposition, b" name=\"")?;
    let name = &disposition[at + b" name=\"".len()..];
    name.iter().position(|byte| *byte == b'"').map(|end| &name[..end])
}

/// RFC 2046 section 5.1.1.
const BOUNDARY_BYTES_MAX: usize = 70;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boundary_is_read_bare_and_quoted_and_only_once() {
        assert_eq!(boundary("multipart/form-data; boundary=a-b"), Some(b"a-b".to_vec()));
        assert_eq!(boundary("multipart/form-data; charset=x; Boundary=\"a b\""), Some(b"a b".to_vec()));
        for none in ["multipart/form-data", "multipart/form-data; boundary=", "m; boundary=a; boundary=b"] {
            assert_eq!(boundary(none), None, "{none}");
        }
    }

    #[test]
    fn fields_are_found_and_files_are_not() {
        let body = b"--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--B\r\n\
                     content-disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\n2\r\n--B\r\n\
                     Content-Type: text/plain\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n\r\n3\r\n--B--";
        assert_eq!(fields(body, b"B"), Some(vec![(&b"a"[..], &b"1"[..]), (&b"b"[..], &b"\r\n3"[..])]));
    }

    #[test]
    fn a_body_that_is_not_built_as_it_says_has_no_fields() {
        for body in ["", "--B", "--B\r\n", "x--B--", "--B\r\nno blank line\r\n--B--", "--B\r\n\r\n\r\nvalue"]
        {
            assert_eq!(fields(body.as_bytes(), b"B"), None, "{body:?}");
        }
        let many = format!("{}--B--", "--B\r\nA: b\r\n\r\n1\r\n".repeat(FORM_FIELDS_MAX + 1));
        assert_eq!(fields(many.as_bytes(), b"B"), None);
    }
}
