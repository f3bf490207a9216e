//! Reading a number out of a signed JSON body.
//!
//! Parsers differ in which of two equal names they take, and the app behind us
//! may take the other: a name that occurs twice is refused.

use std::fmt;

use serde::de::{Deserializer as _, Error as _, IgnoredAny, MapAccess, Visitor};

/// Why there is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JsonFault {
    /// The body is no JSON object.
    NotJson,
    /// The object has no such name.
    Missing,
    /// The value is no whole number, or the name occurs twice.
    Malformed,
}

/// The whole number that stands under `name` at the top of `body`. Nesting is
/// bounded by the parser, and what is not asked for is not kept.
pub(super) fn top_level_number(body: &[u8], name: &str) -> Result<u64, JsonFault> {
    let mut found = None;
    let mut json = serde_json::Deserializer::from_slice(body);
    let read = json.deserialize_map(Only { name, found: &mut found }).and_then(|()| json.end());
    match (read, found) {
        (Ok(()), Some(Value::Number(number))) => Ok(number),
        (Ok(()), None) => Err(JsonFault::Missing),
        (_, Some(Value::Other | Value::Twice)) => Err(JsonFault::Malformed),
        (Err(_), _) => Err(JsonFault::NotJson),
    }
}

enum Value {
    Number(u64),
    Other,
    Twice,
}

/// Looks for one name in an object.
struct Only<'a> {
    name: &'a str,
    found: &'a mut Option<Value>,
}

impl<'de> Visitor<'de> for Only<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<std::borrow::Cow<'_, str>>()? {
            if name != self.name {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            if self.found.is_some() {
                *self.found = Some(Value::Twice);
                return Err(A::Error::custom("a name occurs twice"));
            }
            *self.found = Some(Value::Other);
            *self.found = Some(Value::Number(map.next_value::<u64>()?));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_number_at_the_top_is_found() {
        let read = |body: &str| top_level_number(body.as_bytes(), "t");
        assert_eq!(read(r#"{"a": {"t": 1}, "t": 17, "b": [{}]}"#), Ok(17));
        assert_eq!(read(r#"{"\u0074": 17}"#), Ok(17));
        for body in [r#"{"a": {"t": 1}}"#, "{}"] {
            assert_eq!(read(body), Err(JsonFault::Missing), "{body}");
        }
        for body in [r#"{"t": "17"}"#, r#"{"t": null}"#, r#"{"t": 1.5}"#, r#"{"t": -1}"#, r#"{"t": 1e3}"#] {
            assert_eq!(read(body), Err(JsonFault::Malformed), "{body}");
        }
        for body in ["", "[]", "17", r#"{"t": 17"#, r#"{"t": 17}{}"#, "\u{feff}{}", &"[".repeat(10_000)] {
            assert_eq!(read(body), Err(JsonFault::NotJson), "{body}");
        }
    }

    #[test]
    fn a_name_that_occurs_twice_is_refused_in_any_spelling() {
        for body in [r#"{"t": 17, "t": 17}"#, r#"{"t": 17, "\u0074": 18}"#, r#"{"t": 17, "t": "x"}"#] {
            assert_eq!(top_level_number(body.as_bytes(), "t"), Err(JsonFault::Malformed), "{body}");
        }
    }
}
