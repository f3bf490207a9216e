//! The values of fields (RFC 9421 section 2.1).

use base64ct::{Base64, Encoding as _};
use http::{HeaderMap, HeaderName};
use sfv::{Dictionary, FieldType as _, Key, List, ListEntry, ListSerializer, Parser};

use super::component::Form;
use crate::schemes::covered::{joined, lines};
use crate::schemes::refusal::Refusal;

/// The value of the field `name` in the `form` that is asked for.
pub(super) fn value(fields: &HeaderMap, name: &HeaderName, form: &Form) -> Result<Vec<u8>, Refusal> {
    match form {
        Form::Lines => joined(fields, name),
        Form::Strict => strict(name, &joined(fields, name)?),
        Form::Member(key) => member(&joined(fields, name)?, key),
        Form::Bytes => {
            let encoded = lines(fields, name)?.map(|line| format!(":{}:", Base64::encode_string(line)));
            Ok(encoded.collect::<Vec<_>>().join(", ").into_bytes())
        }
    }
}

/// The value as RFC 9651 writes it. That can be said of a field whose kind is
/// known, and of no other (section 2.1.1).
fn strict(name: &HeaderName, value: &[u8]) -> Result<Vec<u8>, Refusal> {
    let name = name.as_str();
    let written = if DICTIONARIES.contains(&name) {
        Parser::new(value).parse::<Dictionary>().map(|dictionary| dictionary.serialize())
    } else if LISTS.contains(&name) {
        Parser::new(value).parse::<List>().map(|list| list.serialize())
    } else {
        return Err(Refusal::SignatureMalformed);
    };
    // An empty dictionary or list is written as nothing at all.
    Ok(written.map_err(|_| Refusal::SignatureMalformed)?.unwrap_or_default().into_bytes())
}

/// One member of a dictionary, with its parameters.
fn member(value: &[u8], key: &Key) -> Result<Vec<u8>, Refusal> {
    let dictionary: Dictionary = Parser::new(value).parse().map_err(|_| Refusal::SignatureMalformed)?;
    let member = dictionary.get(key).ok_or(Refusal::ComponentMissing)?;
    Ok(written(member).into_bytes())
}

/// A member by itself: `?1` where a dictionary would leave it out.
fn written(member: &ListEntry) -> String {
    let mut list = ListSerializer::new();
    list.members([member]);
    list.finish().unwrap_or_default()
}

/// Fields that are dictionaries: RFC 9218, 9421 and 9530.
const DICTIONARIES: [&str; 8] = [
    "accept-signature",
    "content-digest",
    "priority",
    "repr-digest",
    "signature",
    "signature-input",
    "want-content-digest",
    "want-repr-digest",
];

/// Fields that are lists: RFC 9209, 9211 and 9440.
const LISTS: [&str; 3] = ["cache-status", "client-cert-chain", "proxy-status"];

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::super::component::{Component, Part};
    use super::*;

    fn value(component: &str, lines: &[&str]) -> Result<String, Refusal> {
        let Part::Field(name, form) = Component::parse(component)?.part else {
            panic!("no field: {component}")
        };
        let mut fields = HeaderMap::new();
        for line in lines {
            fields.append(&name, HeaderValue::from_str(line).expect("a line"));
        }
        super::value(&fields, &name, &form).map(|value| String::from_utf8(value).expect("text"))
    }

    #[test]
    fn fields_are_written_as_in_the_examples_of_the_rfc() {
        // RFC 9421 sections 2.1 to 2.1.3.
        assert_eq!(
            value("x-dict", &["  a=1,    b=2;x=1;y=2,   c=(a b c)"]).as_deref(),
            Ok("a=1,    b=2;x=1;y=2,   c=(a b c)")
        );
        let dictionary = &["a=1, b=2;x=1;y=2, c=(a b c), d"];
        for (key, expected) in [("a", "1"), ("b", "2;x=1;y=2"), ("c", "(a b c)"), ("d", "?1")] {
            let component = format!("\"x-dict\";key=\"{key}\"");
            assert_eq!(value(&component, dictionary).as_deref(), Ok(expected), "{key}");
        }
        let lines = &["value, with, lots", "of, commas"];
        assert_eq!(
            value("\"x-l\";bs", lines).as_deref(),
            Ok(":dmFsdWUsIHdpdGgsIGxvdHM=:, :b2YsIGNvbW1hcw==:")
        );
        assert_eq!(value("\"priority\";sf", &[" u=1,    i "]).as_deref(), Ok("u=1, i"));
        assert_eq!(value("\"proxy-status\";sf", &["a;error=x,  b"]).as_deref(), Ok("a;error=x, b"));
    }

    #[test]
    fn what_cannot_be_written_is_refused() {
        assert_eq!(value("\"x-unknown\";sf", &["a=1"]), Err(Refusal::SignatureMalformed));
        assert_eq!(value("\"priority\";sf", &["="]), Err(Refusal::SignatureMalformed));
        assert_eq!(value("\"x-dict\";key=\"a\"", &["="]), Err(Refusal::SignatureMalformed));
        assert_eq!(value("\"x-dict\";key=\"z\"", &["a=1"]), Err(Refusal::ComponentMissing));
        assert_eq!(value("\"x-dict\";bs", &[]), Err(Refusal::ComponentMissing));
    }
}
