//! The fields of a form body (`application/x-www-form-urlencoded`), byte for
//! byte.
//!
//! What is not UTF-8 stays as it is: to mend it would make two bodies one
//! signed text.

use std::borrow::Cow;

use percent_encoding::percent_decode;

/// The most fields of a form. A form of more is refused before it is sorted.
pub const FORM_FIELDS_MAX: usize = 1024;

/// A name and a value, decoded.
pub(in crate::schemes) type Pair<'b> = (Cow<'b, [u8]>, Cow<'b, [u8]>);

/// The fields of `body`, in order; `None` where they are too many.
pub(in crate::schemes) fn pairs(body: &[u8]) -> Option<Vec<Pair<'_>>> {
    let fields = body.split(|byte| *byte == b'&').filter(|field| !field.is_empty());
    let mut pairs = Vec::new();
    for field in fields {
        if pairs.len() == FORM_FIELDS_MAX {
            return None;
        }
        let equals = field.iter().position(|byte| *byte == b'=').unwrap_or(field.len());
        let value = field.get(equals + 1..).unwrap_or_default();
        pairs.push((decode(&field[..equals]), decode(value)));
    }
    Some(pairs)
}

fn decode(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'+') {
        return percent_decode(text).into();
    }
    let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    Cow::Owned(percent_decode(&spaced).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let pairs = pairs(body).expect("few enough");
        pairs.into_iter().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
    }

    fn pair(name: &[u8], value: &[u8]) -> (Vec<u8>, Vec<u8>) {
        (name.to_vec(), value.to_vec())
    }

    #[test]
    fn names_and_values_are_decoded_and_nothing_else_is_touched() {
        assert_eq!(
            read(b"a=1&b=x+y%2B%26&c&=d&&e=f=g"),
            [pair(b"a", b"1"), pair(b"b", b"x y+&"), pair(b"c", b""), pair(b"", b"d"), pair(b"e", b"f=g"),]
        );
        assert_eq!(read(b"a=%ff%zz%"), [pair(b"a", b"\xff%zz%")]);
        assert_eq!(read(b"a=\xff"), [pair(b"a", b"\xff")]);
        assert_eq!(read(b""), []);
    }

    #[test]
    fn the_number_of_fields_is_bounded() {
        assert!(pairs(&b"a&".repeat(FORM_FIELDS_MAX)).is_some());
        assert!(pairs(&b"a&".repeat(FORM_FIELDS_MAX + 1)).is_none());
    }
}
