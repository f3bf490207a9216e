//! Secrets: bytes that prove something and must not be seen.
//!
//! A [`Secret`] is the text as it was configured. A scheme turns it into key
//! bytes (see `schemes`); nothing else reads it. `Debug` shows only its length
//! and the memory is cleared on drop.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Fewer key bytes than this are weak: Standard Webhooks asks for 24 to 64
/// (specification, "Signature scheme").
pub const KEY_BYTES_MIN: usize = 24;

/// One configured secret, as text or raw bytes, exactly as its scheme will
/// read it.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes the bytes as they are. What was read from a file or from the
    /// environment has had its one trailing line end removed before.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(bytes.into()))
    }

    /// The secret itself. The only way out of the type: every call is a place
    /// to review.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nothing in it. An empty secret is never usable.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_slice().ct_eq(other.0.as_slice()).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes, redacted)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_byte_of_the_secret() {
        let shown = format!("{:?}", Secret::new("hunter2-hunter2"));
        assert_eq!(shown, "Secret(15 bytes, redacted)");
    }

    #[test]
    fn equality_is_by_bytes() {
        assert_eq!(Secret::new("a"), Secret::new(b"a".to_vec()));
        assert_ne!(Secret::new("a"), Secret::new("b"));
        assert_ne!(Secret::new("a"), Secret::new("aa"));
    }
}
