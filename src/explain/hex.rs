//! Hexadecimal in either case: what people and senders write, not what a scheme
//! takes.

/// The bytes that `text` spells.
pub(super) fn read(text: &[u8]) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| pair(*high, *low)).collect()
}

/// The byte of two digits.
pub(super) fn pair(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}

/// `bytes` in lower case.
pub(super) fn written(bytes: &[u8]) -> String {
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    nibbles.filter_map(|nibble| char::from_digit(nibble.into(), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_case_is_read_and_the_lower_written() {
        assert_eq!(read(b"0aFF"), Some(vec![0x0a, 0xff]));
        assert_eq!(written(&[0x0a, 0xff]), "0aff");
        for wrong in [&b"0"[..], b"0g", b"+1", b"0x"] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
    }
}
