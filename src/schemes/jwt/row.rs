//! What a row says of its tokens.

use http::{HeaderMap, HeaderName, header};

use crate::schemes::fields;
use crate::schemes::refusal::Refusal;

/// A scheme whose proof is a token.
#[derive(Clone, Debug)]
pub struct TokenRow {
    /// Where the token is.
    pub place: TokenPlace,
    /// The claim with the lower-case hex SHA-256 of the body, for providers
    /// whose token signs it.
    pub body_claim: Option<&'static str>,
    /// Whether a token without `exp` is refused. Where it is not, the
    /// tolerance bounds its age by `iat`.
    pub expires: bool,
}

/// Where a token is.
#[derive(Clone, Debug)]
pub enum TokenPlace {
    /// `Authorization: Bearer TOKEN` (RFC 6750 section 2.1).
    Bearer,
    /// The whole value of this header.
    Header(HeaderName),
}

impl TokenRow {
    /// The header with the token.
    pub(in crate::schemes) fn header(&self) -> HeaderName {
        match &self.place {
            TokenPlace::Bearer => header::AUTHORIZATION,
            TokenPlace::Header(name) => name.clone(),
        }
    }

    /// The token's text.
    pub(super) fn token<'h>(&self, fields: &'h HeaderMap) -> Result<&'h [u8], Refusal> {
        match &self.place {
            TokenPlace::Bearer => {
                let value = fields::only(fields, &header::AUTHORIZATION, Refusal::TokenMissing)?;
                after_bearer(value.as_bytes()).ok_or(Refusal::TokenMalformed)
            }
            TokenPlace::Header(name) => Ok(fields::only(fields, name, Refusal::TokenMissing)?.as_bytes()),
        }
    }
}

/// RFC 9110 section 11.1: the name of the scheme in any case, one space or
/// more, and the token.
fn after_bearer(value: &[u8]) -> Option<&[u8]> {
    let (word, rest) = value.split_at_checked(BEARER.len())?;
    let token = rest.trim_ascii_start();
    (word.eq_ignore_ascii_case(BEARER) && token.len() < rest.len() && !token.is_empty()).then_some(token)
}

const BEARER: &[u8] = b"Bearer";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_may_be_in_any_case_and_must_be_there() {
        for (value, token) in [
            ("Bearer a.b.c", Some("a.b.c")),
            ("bEARER  a.b.c", Some("a.b.c")),
            ("Bearera.b.c", None),
            ("Bearer", None),
            ("Bearer ", None),
            ("a.b.c", None),
            ("Basic a.b.c", None),
            ("", None),
        ] {
            assert_eq!(after_bearer(value.as_bytes()), token.map(str::as_bytes), "{value:?}");
        }
    }
}
