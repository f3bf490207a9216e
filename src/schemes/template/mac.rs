//! Message authentication codes. The one file that touches HMAC (RFC 2104).
//!
//! Codes are compared through the MAC's own output type, in constant time, and
//! an expected code never leaves this file except to be sent by who signs.

use std::fmt;

use hmac::digest::CtOutput;
use hmac::{Hmac, KeyInit, Mac as _};
use sha2::Sha256;

/// How the signature is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC with SHA-256 (RFC 2104, FIPS 180-4).
    HmacSha256,
}

/// A code as it stands on the wire, decoded.
pub(in crate::schemes) type Tag = [u8; 32];

/// A code being made. Cloning one that was only just keyed costs a copy, where
/// keying costs two compressions: a scheme keys its secrets once.
#[derive(Clone)]
pub(in crate::schemes) struct Mac(Hmac<Sha256>);

impl Mac {
    pub(in crate::schemes) fn new(algorithm: Algorithm, key: &[u8]) -> Self {
        match algorithm {
            Algorithm::HmacSha256 => {
                Self(Hmac::new_from_slice(key).expect("HMAC takes keys of any length: RFC 2104 section 3"))
            }
        }
    }

    pub(in crate::schemes) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Whether the code is one of `candidates`. Each is compared whole, and
    /// all of them are compared, so time tells nothing about a near miss.
    pub(in crate::schemes) fn matches_any(self, candidates: &[Tag]) -> bool {
        let expected = self.0.finalize();
        candidates
            .iter()
            .fold(false, |found, candidate| found | (expected == CtOutput::new((*candidate).into())))
    }

    /// The code itself, to be sent.
    pub(in crate::schemes) fn into_tag(self) -> Tag {
        self.0.finalize().into_bytes().into()
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mac(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mac() -> Mac {
        // RFC 4231 section 4.3, test case 2.
        let mut mac = Mac::new(Algorithm::HmacSha256, b"Jefe");
        mac.update(b"what do ya want ");
        mac.update(b"for nothing?");
        mac
    }

    #[test]
    fn the_code_is_that_of_rfc_4231() {
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(crate::schemes::Encoding::Hex.encode(&mac().into_tag()), expected);
    }

    #[test]
    fn one_of_many_candidates_is_enough_and_none_is_not() {
        let good = mac().into_tag();
        let mut near = good;
        near[31] ^= 1;
        assert!(mac().matches_any(&[near, good, [0; 32]]));
        assert!(!mac().matches_any(&[near, [0; 32]]));
        assert!(!mac().matches_any(&[]));
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", mac()), "Mac(redacted)");
    }
}
