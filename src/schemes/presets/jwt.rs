//! A signed token says who calls.

use http::HeaderName;

use super::common::*;
use crate::schemes::jwt::{TokenPlace, TokenRow};

pub(super) static JWT: Preset = Preset {
    name: "jwt",
    provider: "OAuth 2.0 and JSON Web Tokens (RFC 7519, RFC 9068)",
    documentation: "https://www.rfc-editor.org/rfc/rfc9068",
    mechanism: Mechanism::Jwt(TokenRow { place: TokenPlace::Bearer, body_claim: None, expires: true }),
    defaults: TOKEN,
};

pub(super) static PLAID: Preset = Preset {
    name: "plaid",
    provider: "Plaid",
    documentation: "https://plaid.com/docs/api/webhooks/webhook-verification/",
    mechanism: Mechanism::Jwt(TokenRow {
        place: TokenPlace::Header(HeaderName::from_static("plaid-verification")),
        body_claim: Some("request_body_sha256"),
        expires: false,
    }),
    defaults: TIMED,
};
