//! The escapes that `HubSpot` decodes in a URI before it is signed: twelve of
//! them, and no others ("Validating requests", version 3).

use std::borrow::Cow;

/// Each escape, in upper case, and the byte that it stands for.
const ESCAPES: [(&[u8; 2], u8); 12] = [
    (b"3A", b':'),
    (b"2F", b'/'),
    (b"3F", b'?'),
    (b"40", b'@'),
    (b"21", b'!'),
    (b"24", b'$'),
    (b"27", b'\''),
    (b"28", b'('),
    (b"29", b')'),
    (b"2A", b'*'),
    (b"2C", b','),
    (b"3B", b';'),
];

/// `url` with those escapes decoded, once.
pub(super) fn decode(url: &str) -> Cow<'_, [u8]> {
    let mut rest = url.as_bytes();
    if !rest.contains(&b'%') {
        return Cow::Borrowed(rest);
    }
    let mut decoded = Vec::with_capacity(rest.len());
    while let Some((byte, after)) = rest.split_first() {
        let escape = (*byte == b'%').then(|| after.first_chunk::<2>()).flatten();
        let known = escape.and_then(|escape| {
            ESCAPES.iter().find(|(digits, _)| digits.eq_ignore_ascii_case(escape)).map(|(_, byte)| *byte)
        });
        decoded.push(known.unwrap_or(*byte));
        rest = if known.is_some() { &after[2..] } else { after };
    }
    Cow::Owned(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelve_escapes_are_decoded_once_and_no_others() {
        for (url, expected) in [
            ("https://h/a", "https://h/a"),
            ("%3A%2F%3F%40%21%24%27%28%29%2A%2C%3B", ":/?@!$'()*,;"),
            ("%3a%2f", ":/"),
            ("%20%26%3D%25%2B%23", "%20%26%3D%25%2B%23"),
            ("%252F%", "%252F%"),
            ("%2", "%2"),
        ] {
            assert_eq!(decode(url).as_ref(), expected.as_bytes(), "{url}");
        }
    }
}
