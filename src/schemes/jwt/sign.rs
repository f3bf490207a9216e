//! Making tokens: for tests, and for trying a guard. An authorization server
//! does more than sign.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use http::{HeaderName, HeaderValue};
use serde_json::json;

use super::compiled::Jwt;
use super::row::TokenPlace;
use crate::schemes::Message;
use crate::schemes::digest::Digest;
use crate::schemes::encoding::Encoding;
use crate::schemes::sign::SignError;

impl Jwt {
    /// The header with a token for `message`, good for a minute.
    pub(in crate::schemes) fn sign(
        &self,
        message: &Message<'_>,
    ) -> Result<Vec<(HeaderName, HeaderValue)>, SignError> {
        let key = self.keys.signing().ok_or(SignError::PublicKey)?;
        let issued = message.timestamp.as_secs();
        let mut header =
            json!({ "alg": key.algorithm.name(), "typ": self.asked.kind.as_deref().unwrap_or("JWT") });
        if let Some(id) = &key.id {
            header["kid"] = id.as_str().into();
        }
        let mut claims = json!({ "iat": issued, "exp": issued.saturating_add(LIFETIME_SECONDS) });
        if let Some(issuer) = &self.asked.issuer {
            claims["iss"] = issuer.as_str().into();
        }
        if let Some(audience) = self.asked.audiences.first() {
            claims["aud"] = audience.as_str().into();
        }
        if !self.asked.scopes.is_empty() {
            claims["scope"] = self.asked.scopes.join(" ").into();
        }
        for claim in &self.asked.claims {
            claims[&claim.name] = claim.value.as_deref().unwrap_or_default().into();
        }
        if let Some(id) = message.id {
            claims["jti"] = id.into();
        }
        if let Some(name) = self.row.body_claim {
            claims[name] = Encoding::Hex.encode(Digest::of(message.body).as_bytes()).into();
        }
        let part = |value: &serde_json::Value| Base64UrlUnpadded::encode_string(value.to_string().as_bytes());
        let signed = [part(&header), part(&claims)].join(".");
        let signature = key.sign(signed.as_bytes()).ok_or(SignError::PublicKey)?;
        let signature = Base64UrlUnpadded::encode_string(&signature);
        let word = match self.row.place {
            TokenPlace::Bearer => "Bearer ",
            TokenPlace::Header(_) => "",
        };
        let mut value = super::super::sign::value(&[word, &signed, ".", &signature].concat());
        value.set_sensitive(true);
        Ok(vec![(self.row.header(), value)])
    }

    /// Whether it has a key that signs.
    pub(in crate::schemes) fn can_sign(&self) -> bool {
        self.keys.signing().is_some()
    }

    /// Whether a message of this id can be signed: any can, where a token is
    /// not for one delivery.
    pub(in crate::schemes) fn accepts_id(&self, id: &str) -> bool {
        let is_plain = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_graphic());
        !self.asked.one_use || is_plain && id.len() <= crate::schemes::ID_BYTES_MAX
    }
}

const LIFETIME_SECONDS: u64 = 60;
