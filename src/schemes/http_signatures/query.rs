//! `@query-param`: one parameter of the query (RFC 9421 section 2.2.8).

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};

use crate::schemes::refusal::Refusal;

/// The value of the one parameter that is called `name`, decoded as a form is
/// and encoded anew, so that `a+b` and `a%20b` are signed alike.
///
/// A name that occurs twice is refused, as the section asks: the app may take
/// the other one.
pub(super) fn parameter(query: &str, name: &str) -> Result<String, Refusal> {
    let name = decoded(name)?;
    let mut found = None;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if decoded(&key.replace('+', " "))? == name && found.replace(value).is_some() {
            return Err(Refusal::SignatureMalformed);
        }
    }
    let value = found.ok_or(Refusal::ComponentMissing)?.replace('+', " ");
    Ok(utf8_percent_encode(&decoded(&value)?, ENCODED).to_string())
}

/// Bytes that are no UTF-8 would all become the same replacement character, and
/// one signature would hold for several queries.
fn decoded(text: &str) -> Result<String, Refusal> {
    let decoded = percent_decode(text.as_bytes()).decode_utf8();
    decoded.map(Cow::into_owned).map_err(|_| Refusal::SignatureMalformed)
}

/// What is encoded: the set of the URL standard's form serializer (section 5.2
/// there), with a space as `%20`, as in the section's examples.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_');

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_those_of_the_examples_of_the_rfc() {
        // RFC 9421 section 2.2.8.
        let query = "param=value&foo=bar&baz=batman&qux=";
        assert_eq!(parameter(query, "baz").as_deref(), Ok("batman"));
        assert_eq!(parameter(query, "qux").as_deref(), Ok(""));
        let query = "var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace&fa%C3%A7ade%22%3A%20=something";
        assert_eq!(parameter(query, "var").as_deref(), Ok("this%20is%20a%20big%0Amultiline%20value"));
        assert_eq!(parameter(query, "bar").as_deref(), Ok("with%20plus%20whitespace"));
        assert_eq!(parameter(query, "fa%C3%A7ade%22%3A%20").as_deref(), Ok("something"));
    }

    #[test]
    fn what_a_form_encodes_is_encoded() {
        assert_eq!(parameter("a=!~'()*-._", "a").as_deref(), Ok("%21%7E%27%28%29*-._"));
        assert_eq!(parameter("a%21=1", "a!").as_deref(), Ok("1"));
    }

    #[test]
    fn a_parameter_that_is_not_there_once_is_refused() {
        assert_eq!(parameter("a=1&b=2", "c"), Err(Refusal::ComponentMissing));
        assert_eq!(parameter("", ""), Err(Refusal::ComponentMissing));
        assert_eq!(parameter("a=1&a=2", "a"), Err(Refusal::SignatureMalformed));
        assert_eq!(parameter("a=1&%61=1", "a"), Err(Refusal::SignatureMalformed));
        assert_eq!(parameter("a=%ff", "a"), Err(Refusal::SignatureMalformed));
    }
}
