//! How signatures are spelled: one spelling for each value.
//!
//! A second spelling of the same signature would let a copy look new to
//! anything that compares text, so hex is lower-case only, and base64 (RFC
//! 4648 section 4) is the standard alphabet with its padding and with zero
//! spare bits (section 3.5).

use base64ct::{Base64, Encoding as _};
use zeroize::Zeroizing;

/// The alphabet of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Lower-case hexadecimal.
    Hex,
    /// Base64, standard alphabet, padded.
    Base64,
}

impl Encoding {
    /// The `N` bytes that `text` spells; `None` when it spells another number
    /// of bytes, or spells them in another way.
    pub(super) fn decode<const N: usize>(self, text: &[u8]) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        (self.decode_into(text, &mut bytes)? == N).then_some(bytes)
    }

    /// As [`decode`](Self::decode), for a number of bytes that is not known:
    /// secrets, which are wiped on drop.
    pub(super) fn decode_all(self, text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut bytes = Zeroizing::new(vec![0; text.len()]);
        let length = self.decode_into(text, &mut bytes)?;
        bytes.truncate(length);
        Some(bytes)
    }

    /// How many of `bytes` were written.
    pub(super) fn decode_into(self, text: &[u8], bytes: &mut [u8]) -> Option<usize> {
        match self {
            Self::Hex => hex_into(text, bytes),
            // base64ct decodes the last block strictly, so spare bits are refused.
            Self::Base64 => Base64::decode(text, bytes).ok().map(<[u8]>::len),
        }
    }

    /// The one spelling of `bytes`.
    pub(super) fn encode(self, bytes: &[u8]) -> String {
        match self {
            Self::Hex => bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(hex_digit).collect(),
            Self::Base64 => Base64::encode_string(bytes),
        }
    }
}

fn hex_into(text: &[u8], bytes: &mut [u8]) -> Option<usize> {
    let (pairs, []) = text.as_chunks::<2>() else { return None };
    for (byte, [high, low]) in bytes.get_mut(..pairs.len())?.iter_mut().zip(pairs) {
        *byte = nibble(*high)? << 4 | nibble(*low)?;
    }
    Some(pairs.len())
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

fn hex_digit(nibble: u8) -> char {
    char::from(b"0123456789abcdef"[usize::from(nibble)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Option<[u8; 2]> {
        Encoding::Hex.decode(text.as_bytes())
    }

    fn base64(text: &str) -> Option<[u8; 2]> {
        Encoding::Base64.decode(text.as_bytes())
    }

    #[test]
    fn hex_has_one_spelling() {
        assert_eq!(hex("0aff"), Some([0x0a, 0xff]));
        for wrong in ["", "0a", "0af", "0aff0", "0aff00", "0AFF", "0afg", "+aff", "0a f"] {
            assert_eq!(hex(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn base64_has_one_spelling() {
        assert_eq!(base64("Cv8="), Some([0x0a, 0xff]));
        // Unpadded, spare bits set, URL alphabet, white space, too short, too long.
        for wrong in
            ["", "Cv8", "Cv9=", "C_8=", "Cv8=\n", "Cv8 ", "Cg==", "Cv8A", "Cv8=Cv8=", "Cv8==", "===="]
        {
            assert_eq!(base64(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn what_is_encoded_decodes() {
        for byte in 0..=u8::MAX {
            let bytes = [byte, byte.rotate_left(3)];
            assert_eq!(hex(&Encoding::Hex.encode(&bytes)), Some(bytes));
            assert_eq!(base64(&Encoding::Base64.encode(&bytes)), Some(bytes));
        }
    }

    #[test]
    fn any_number_of_bytes_decodes_as_strictly() {
        for encoding in [Encoding::Hex, Encoding::Base64] {
            for length in 0..9 {
                let bytes = vec![0xa5; length];
                let decoded = encoding.decode_all(encoding.encode(&bytes).as_bytes());
                assert_eq!(decoded.map(|decoded| decoded.to_vec()), Some(bytes), "{encoding:?} {length}");
            }
            assert!(encoding.decode_all(b"A").is_none(), "{encoding:?}");
        }
    }
}
