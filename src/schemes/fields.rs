//! Reading security headers: each exactly once.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::refusal::Refusal;

/// The one value of the header `name`. An empty value proves as little as an
/// absent header, and both are `missing`.
///
/// A header that occurs twice is refused whichever copy is good: parsers
/// differ in which one they take, and the app behind us may take the other.
pub(super) fn only<'h>(
    fields: &'h HeaderMap,
    name: &HeaderName,
    missing: Refusal,
) -> Result<&'h HeaderValue, Refusal> {
    let mut values = fields.get_all(name).iter();
    let value = values.next().ok_or(missing)?;
    if values.next().is_some() {
        return Err(Refusal::HeaderRepeated);
    }
    if value.is_empty() {
        return Err(missing);
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_taken_only_when_it_occurs_once_and_says_something() {
        let name = HeaderName::from_static("x-signature");
        let mut fields = HeaderMap::new();
        let read = |fields: &HeaderMap| only(fields, &name, Refusal::SignatureMissing).cloned();

        assert_eq!(read(&fields), Err(Refusal::SignatureMissing));
        fields.append(&name, HeaderValue::from_static(""));
        assert_eq!(read(&fields), Err(Refusal::SignatureMissing));
        fields.insert(&name, HeaderValue::from_static("a"));
        assert_eq!(read(&fields), Ok(HeaderValue::from_static("a")));
        fields.append(&name, HeaderValue::from_static("a"));
        assert_eq!(read(&fields), Err(Refusal::HeaderRepeated));
    }
}
