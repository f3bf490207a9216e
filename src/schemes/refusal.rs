//! Why a scheme refuses a delivery: one closed list, each with a stable code.
//!
//! The caller learns the code and nothing else: neither what was expected nor
//! which key nearly matched.

/// Writes the enum, its codes and the list of all from one table, so that none
/// can be forgotten.
macro_rules! refusals {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal,)+) => {
        /// Why a delivery does not prove what its scheme asks for. Each is the
        /// caller's fault and answered with 401.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
        #[error("{}", self.code())]
        pub enum Refusal {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Refusal {
            /// Every refusal, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The stable code: in answers, logs, metrics and vector files.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)+
                }
            }
        }
    };
}

refusals! {
    /// No signature: the header is absent or empty.
    SignatureMissing = "signature_missing",
    /// No signature that can be read: wrong prefix, version, length or
    /// spelling, or more of them than [`SIGNATURES_MAX`](super::SIGNATURES_MAX).
    SignatureMalformed = "signature_malformed",
    /// The signature can be read, but no configured secret made it over these bytes.
    SignatureMismatch = "signature_mismatch",
    /// A security header occurs twice; refused whichever copy is good.
    HeaderRepeated = "header_repeated",
    /// No message id where the scheme signs one.
    IdMissing = "id_missing",
    /// The id is too long, not visible ASCII, or could be read as id and timestamp.
    IdMalformed = "id_malformed",
    /// No timestamp where the scheme signs one.
    TimestampMissing = "timestamp_missing",
    /// The timestamp is not in the scheme's one form, or is given twice.
    TimestampMalformed = "timestamp_malformed",
    /// Signed longer ago than the tolerance.
    TimestampTooOld = "timestamp_too_old",
    /// Signed further ahead of the clock than the tolerance.
    TimestampInFuture = "timestamp_in_future",
    /// No token.
    TokenMissing = "token_missing",
    /// The token cannot be read.
    TokenMalformed = "token_malformed",
    /// The token is none of the configured ones, or its signature does not hold.
    TokenMismatch = "token_mismatch",
    /// The token's `exp` has passed (RFC 7519 section 4.1.4).
    TokenExpired = "token_expired",
    /// The token's `nbf` has not come (RFC 7519 section 4.1.5).
    TokenNotYetValid = "token_not_yet_valid",
    /// The token was issued by someone else (RFC 7519 section 4.1.1).
    IssuerMismatch = "issuer_mismatch",
    /// The token is meant for someone else (RFC 7519 section 4.1.3).
    AudienceMismatch = "audience_mismatch",
    /// A claim that the source requires is absent.
    ClaimMissing = "claim_missing",
    /// The message names a key that is not configured.
    UnknownKey = "unknown_key",
    /// The message names another algorithm than the one of its key.
    AlgorithmNotAllowed = "algorithm_not_allowed",
    /// No digest of the body where one is required (RFC 9530).
    DigestMissing = "digest_missing",
    /// The digest is not that of the body.
    DigestMismatch = "digest_mismatch",
    /// A component that is covered does not occur in the message (RFC 9421 section 2).
    ComponentMissing = "component_missing",
    /// A component that must be covered is not (RFC 9421 section 7.2.1).
    ComponentNotCovered = "component_not_covered",
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_in_snake_case() {
        let codes: HashSet<_> = Refusal::ALL.iter().map(|refusal| refusal.code()).collect();
        assert_eq!(codes.len(), Refusal::ALL.len());
        assert!(codes.iter().all(|code| code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')));
    }
}
