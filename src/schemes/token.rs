//! A shared token in a header: whoever holds it may send, whatever they send.
//!
//! Nothing of the request is signed, so there is no identity to know a copy by,
//! no time, and no protection of the body. What is compared are digests, in
//! constant time and with every token, so that time tells neither a length nor
//! a near miss.

use std::fmt;

use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::digest::Digest;
use super::encoding::Encoding;
use super::fields;
use super::key::{KeyError, KeyFault};
use super::proof::Proof;
use super::refusal::Refusal;
use super::scheme::{Credential, Head, SchemeOptions};
use super::validity::At;
use crate::keys::Secret;

/// What a row says of a token.
#[derive(Clone, Debug)]
pub struct TokenWire {
    /// The header that carries it.
    pub header: HeaderName,
    /// How it stands there.
    pub form: TokenForm,
}

/// How a token stands in its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenForm {
    /// As it is.
    Plain,
    /// After the word `Bearer` (RFC 6750 section 2.1).
    Bearer,
    /// A user name and a password with a colon between them, in base64 after
    /// the word `Basic` (RFC 7617 section 2).
    Basic,
}

impl TokenForm {
    /// The challenge of a 401 (RFC 9110 section 11.6.1), where the form is one
    /// of HTTP's own authentication schemes.
    pub const fn challenge(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Bearer => Some("Bearer"),
            Self::Basic => Some("Basic realm=\"webhooks\", charset=\"UTF-8\""),
        }
    }

    /// The word before the token; its letter case has no meaning (RFC 9110
    /// section 11.1).
    const fn word(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Bearer => Some("Bearer"),
            Self::Basic => Some("Basic"),
        }
    }

    /// The token in `value`.
    fn read(self, value: &[u8]) -> Result<Zeroizing<Vec<u8>>, Refusal> {
        let Some(word) = self.word() else { return Ok(Zeroizing::new(value.to_vec())) };
        let (first, rest) = value.split_at_checked(word.len()).ok_or(Refusal::TokenMalformed)?;
        if !first.eq_ignore_ascii_case(word.as_bytes()) {
            return Err(Refusal::TokenMalformed);
        }
        let token = rest.trim_ascii_start();
        match (rest.first(), token) {
            (_, []) => Err(Refusal::TokenMissing),
            (Some(b' '), token) if self == Self::Basic => {
                let pair = Encoding::Base64.decode_all(token).ok_or(Refusal::TokenMalformed)?;
                if pair.contains(&b':') { Ok(pair) } else { Err(Refusal::TokenMalformed) }
            }
            (Some(b' '), token) => Ok(Zeroizing::new(token.to_vec())),
            _ => Err(Refusal::TokenMalformed),
        }
    }

    /// The value that carries `secret`; `None` where no header can.
    fn write(self, secret: &Secret) -> Option<HeaderValue> {
        let text = Zeroizing::new(match self {
            Self::Plain => secret.expose().to_vec(),
            Self::Bearer => [b"Bearer ", secret.expose()].concat(),
            Self::Basic => format!("Basic {}", Encoding::Base64.encode(secret.expose())).into_bytes(),
        });
        let mut value = HeaderValue::from_bytes(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// A row with its tokens. Immutable.
pub(super) struct Token {
    wire: TokenWire,
    digests: Vec<Digest>,
    /// What a sender would send: the first token.
    value: HeaderValue,
}

impl Token {
    pub(super) fn new(
        wire: &TokenWire,
        credentials: &[Credential],
        options: &SchemeOptions,
    ) -> Result<Self, KeyError> {
        let mut digests = Vec::with_capacity(credentials.len());
        for (slot, Credential { secret, .. }) in credentials.iter().enumerate() {
            check(wire.form, secret, options).map_err(|fault| KeyError::Unusable { slot, fault })?;
            digests.push(Digest::of(secret.expose()));
        }
        let first = credentials.first().ok_or(KeyError::NoSecret)?;
        let value = wire.form.write(&first.secret).ok_or(KeyError::NoSecret)?;
        Ok(Self { wire: wire.clone(), digests, value })
    }

    pub(super) fn secret_count(&self) -> usize {
        self.digests.len()
    }

    pub(super) fn security_headers(&self) -> &[HeaderName] {
        std::slice::from_ref(&self.wire.header)
    }

    /// The head settles it: the body has no part in the proof.
    pub(super) fn open(&self, head: &Head<'_>, at: At) -> Result<OpenToken, Refusal> {
        let value = fields::only(head.fields, &self.wire.header, Refusal::TokenMissing)?;
        let token = self.wire.form.read(value.as_bytes())?;
        let sent = Digest::of(&token);
        let same = |digest: &Digest| bool::from(digest.as_bytes().ct_eq(sent.as_bytes()));
        let found = self.digests.iter().map(same).enumerate();
        let counts = |(slot, same)| (same && at.secrets.has(slot)).then_some(slot);
        let slot = found.fold(None, |found, compared| found.or(counts(compared)));
        slot.map(|slot| OpenToken { slot }).ok_or(Refusal::TokenMismatch)
    }

    pub(super) fn sign(&self) -> Vec<(HeaderName, HeaderValue)> {
        vec![(self.wire.header.clone(), self.value.clone())]
    }
}

/// Whether `secret` can be such a token.
fn check(form: TokenForm, secret: &Secret, options: &SchemeOptions) -> Result<(), KeyFault> {
    let bytes = secret.expose();
    let proof = match form {
        TokenForm::Plain | TokenForm::Bearer => bytes,
        TokenForm::Basic => {
            let colon = bytes.iter().position(|byte| *byte == b':').ok_or(KeyFault::NotUserPassword)?;
            // The user name is no secret, and an empty password is one that was
            // asked for by name.
            &bytes[colon + 1..]
        }
    };
    if bytes.is_empty() {
        return Err(KeyFault::Empty);
    }
    if !(form == TokenForm::Basic && proof.is_empty() && options.allow_weak_secret) {
        options.weak_keys().check(proof.len())?;
    }
    // Blanks at the ends do not survive on the way (RFC 9110 section 5.5).
    if form != TokenForm::Basic && bytes.trim_ascii() != bytes {
        return Err(KeyFault::NotToken);
    }
    form.write(secret).map(drop).ok_or(KeyFault::NotToken)
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({} of {}, redacted)", self.digests.len(), self.wire.header)
    }
}

/// A delivery whose token is right.
#[derive(Debug)]
pub(super) struct OpenToken {
    slot: usize,
}

impl OpenToken {
    pub(super) fn finish(self) -> Proof {
        Proof { slot: self.slot, signed_at: None, identity: None }
    }
}

impl TokenWire {
    /// The token as it is, in a header of its own.
    pub(super) const fn plain(header: &'static str) -> Self {
        Self { header: HeaderName::from_static(header), form: TokenForm::Plain }
    }

    /// One of HTTP's own authentication schemes.
    pub(super) const fn authorization(form: TokenForm) -> Self {
        Self { header: AUTHORIZATION, form }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(form: TokenForm, value: &str) -> Result<String, Refusal> {
        form.read(value.as_bytes()).map(|token| String::from_utf8(token.to_vec()).expect("UTF-8"))
    }

    #[test]
    fn the_word_before_a_token_has_no_letter_case_and_the_token_has() {
        for word in ["Bearer", "bearer", "BEARER"] {
            assert_eq!(read(TokenForm::Bearer, &format!("{word} aBc")), Ok("aBc".to_owned()));
        }
        assert_eq!(read(TokenForm::Basic, "basic dTpw"), Ok("u:p".to_owned()));
        assert_eq!(read(TokenForm::Plain, "Bearer x"), Ok("Bearer x".to_owned()));
    }

    #[test]
    fn what_is_no_token_is_missing_or_malformed() {
        for missing in ["Bearer", "Bearer ", "bearer   "] {
            assert_eq!(read(TokenForm::Bearer, missing), Err(Refusal::TokenMissing), "{missing:?}");
        }
        for malformed in ["Basic dTpw", "Bearerx", "Bearer\tx", "x", "Bear"] {
            assert_eq!(read(TokenForm::Bearer, malformed), Err(Refusal::TokenMalformed), "{malformed:?}");
        }
        for malformed in ["Basic dTp", "Basic u:p", "Basic dXA=", "Basic dTpx="] {
            assert_eq!(read(TokenForm::Basic, malformed), Err(Refusal::TokenMalformed), "{malformed:?}");
        }
    }

    #[test]
    fn secrets_that_can_be_no_token_are_refused() {
        let fault = |form, text: &str, allow_weak_secret| {
            let options = SchemeOptions { allow_weak_secret, ..SchemeOptions::default() };
            check(form, &Secret::new(text), &options).err()
        };
        let long = "a-token-of-more-than-24-bytes";
        assert_eq!(fault(TokenForm::Bearer, long, false), None);
        assert_eq!(fault(TokenForm::Plain, "", true), Some(KeyFault::Empty));
        assert_eq!(fault(TokenForm::Plain, "short", false), Some(KeyFault::Weak { bytes: 5 }));
        assert_eq!(fault(TokenForm::Plain, &format!(" {long}"), false), Some(KeyFault::NotToken));
        assert_eq!(fault(TokenForm::Plain, &format!("{long}\nx"), false), Some(KeyFault::NotToken));
        assert_eq!(fault(TokenForm::Basic, long, false), Some(KeyFault::NotUserPassword));
        assert_eq!(fault(TokenForm::Basic, &format!("user:{long}"), false), None);
        assert_eq!(
            fault(TokenForm::Basic, "a-user-with-a-long-name-but:pw", false),
            Some(KeyFault::Weak { bytes: 2 })
        );
        assert_eq!(fault(TokenForm::Basic, "user:", false), Some(KeyFault::Empty));
        assert_eq!(fault(TokenForm::Basic, "user:", true), None);
    }
}
