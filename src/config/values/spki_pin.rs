//! A pinned public key: `sha256/` and the base64 of a digest.

use std::fmt;
use std::str::FromStr;

use base64ct::{Base64, Encoding};
use sha2::{Digest, Sha256};

use super::Fault;

/// The SHA-256 of a certificate's `SubjectPublicKeyInfo` in DER (RFC 7469
/// section 2.4): it names a key, whatever certificate carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpkiPin([u8; 32]);

impl SpkiPin {
    /// The pin of a `SubjectPublicKeyInfo`.
    pub fn of(spki: &[u8]) -> Self {
        Self(Sha256::digest(spki).into())
    }
}

impl FromStr for SpkiPin {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let encoded = text.strip_prefix("sha256/").ok_or(FORM)?;
        let mut digest = [0; 32];
        let decoded = Base64::decode(encoded, &mut digest).map_err(|_| FORM)?;
        if decoded.len() != digest.len() {
            return Err(FORM.into());
        }
        Ok(Self(digest))
    }
}

impl fmt::Display for SpkiPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256/{}", Base64::encode_string(&self.0))
    }
}

const FORM: &str = "expected sha256/ and the 44 characters of base64 of a key's SHA-256";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_read_and_shown() {
        let text = "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        assert_eq!(text.parse(), Ok(SpkiPin::of(b"")));
        assert_eq!(SpkiPin::of(b"").to_string(), text);
    }

    #[test]
    fn what_is_no_pin_is_refused() {
        for wrong in [
            "",
            "sha256/",
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            "sha1/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU",
            "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuF==",
            "sha256/47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=",
            "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFVV=",
            "sha256/AAAA",
        ] {
            assert_eq!(wrong.parse::<SpkiPin>(), Err(FORM.into()), "{wrong}");
        }
    }
}
