//! The one value of a field whose lines may be several.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::schemes::refusal::Refusal;

/// The lines of `name`, trimmed and joined by comma and space (RFC 9421 section
/// 2.1, and the drafts before it). A line cannot be folded: a `HeaderValue` has
/// no line end.
pub(in crate::schemes) fn joined(fields: &HeaderMap, name: &HeaderName) -> Result<Vec<u8>, Refusal> {
    let mut lines = lines(fields, name)?;
    let mut value = lines.next().unwrap_or_default().to_vec();
    for line in lines {
        value.extend_from_slice(b", ");
        value.extend_from_slice(line);
    }
    Ok(value)
}

/// The lines of `name` without the white space around them; at least one.
pub(in crate::schemes) fn lines<'h>(
    fields: &'h HeaderMap,
    name: &HeaderName,
) -> Result<impl Iterator<Item = &'h [u8]>, Refusal> {
    if !fields.contains_key(name) || is_taken_out(fields, name) {
        return Err(Refusal::ComponentMissing);
    }
    Ok(fields.get_all(name).iter().map(|line| line.as_bytes().trim_ascii()))
}

/// Whether `Connection` takes the field out of the message (RFC 9110 section
/// 7.6.1): the app behind us would not see what was signed.
fn is_taken_out(fields: &HeaderMap, name: &HeaderName) -> bool {
    let mut options = fields.get_all(header::CONNECTION).iter().map(HeaderValue::as_bytes);
    options.any(|line| {
        let mut names = line.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        names.any(|option| option.eq_ignore_ascii_case(name.as_str().as_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(lines: &[(&'static str, &'static str)]) -> Result<String, Refusal> {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let mut fields = HeaderMap::new();
        for (name, value) in lines.iter().map(pair) {
            fields.append(name, value);
        }
        let value = joined(&fields, &HeaderName::from_static("x-event"))?;
        Ok(String::from_utf8(value).expect("static text"))
    }

    #[test]
    fn lines_are_trimmed_and_joined_in_their_order() {
        assert_eq!(value(&[("x-event", "  a  b\t")]), Ok("a  b".to_owned()));
        assert_eq!(
            value(&[("x-event", "a"), ("x-other", "c"), ("x-event", " b, d ")]),
            Ok("a, b, d".to_owned())
        );
        assert_eq!(value(&[("x-event", "")]), Ok(String::new()));
        assert_eq!(value(&[("x-event", ""), ("x-event", "a")]), Ok(", a".to_owned()));
    }

    #[test]
    fn a_field_that_is_not_there_for_the_app_is_missing() {
        assert_eq!(value(&[("x-other", "a")]), Err(Refusal::ComponentMissing));
        let taken = [("x-event", "a"), ("connection", "close, X-Event")];
        assert_eq!(value(&taken), Err(Refusal::ComponentMissing));
    }
}
