//! What a token says, once its signature holds: judged, claim by claim.

use std::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use http::HeaderValue;
use serde_json::{Map, Value};
use subtle::ConstantTimeEq as _;

use super::requirements::{RequiredClaim, TokenRequirements};
use super::row::TokenRow;
use crate::clock::UnixTime;
use crate::schemes::ID_BYTES_MAX;
use crate::schemes::refusal::Refusal;

/// The claims of a token whose signature held.
pub(super) struct Claims(Map<String, Value>);

/// The instants of a token (RFC 7519 sections 4.1.4 to 4.1.6).
pub(super) struct Lifetime<'a> {
    pub(super) row: &'a TokenRow,
    pub(super) now: UnixTime,
    pub(super) leeway: Duration,
    /// The greatest age by `iat`, where it is bounded.
    pub(super) age_max: Option<Duration>,
}

impl Claims {
    pub(super) fn new(members: Map<String, Value>) -> Self {
        Self(members)
    }

    /// Who issued it, to whom, and for what.
    pub(super) fn check(&self, asked: &TokenRequirements) -> Result<(), Refusal> {
        if asked.issuer.as_deref().is_some_and(|issuer| self.text("iss") != Some(issuer)) {
            return Err(Refusal::IssuerMismatch);
        }
        let audience = self.0.get("aud");
        let is_meant = |wanted: &String| audience.is_some_and(|audience| is_or_has(audience, wanted));
        if !asked.audiences.is_empty() && !asked.audiences.iter().any(is_meant) {
            return Err(Refusal::AudienceMismatch);
        }
        let is_access_token =
            asked.kind.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case(ACCESS_TOKEN));
        if is_access_token && !ACCESS_TOKEN_CLAIMS.iter().all(|name| self.0.contains_key(*name)) {
            return Err(Refusal::ClaimMissing);
        }
        let holds = |claim: &RequiredClaim| match (self.0.get(&claim.name), &claim.value) {
            (Some(Value::Null) | None, _) => false,
            (Some(_), None) => true,
            (Some(given), Some(wanted)) => is_or_has(given, wanted),
        };
        if !asked.claims.iter().all(holds) || !asked.scopes.iter().all(|scope| self.grants(scope)) {
            return Err(Refusal::ClaimMissing);
        }
        Ok(())
    }

    /// Whether it may be believed now. Gives the time of issue.
    ///
    /// RFC 7519 section 4.1.4: not on or after `exp`.
    pub(super) fn check_time(&self, life: &Lifetime<'_>) -> Result<Option<UnixTime>, Refusal> {
        let expires = self.instant("exp")?;
        let not_before = self.instant("nbf")?;
        let issued = self.instant("iat")?;
        if expires.is_none() && life.row.expires || issued.is_none() && life.age_max.is_some() {
            return Err(Refusal::ClaimMissing);
        }
        if expires.is_some_and(|at| at.saturating_add(life.leeway) <= life.now) {
            return Err(Refusal::TokenExpired);
        }
        if let (Some(issued), Some(age_max)) = (issued, life.age_max)
            && life.now.saturating_since(issued) > age_max
        {
            return Err(Refusal::TokenExpired);
        }
        let latest = life.now.saturating_add(life.leeway);
        if [not_before, issued].into_iter().flatten().any(|at| at > latest) {
            return Err(Refusal::TokenNotYetValid);
        }
        Ok(issued)
    }

    /// RFC 8705 section 3.1: a token that is bound to a certificate is good
    /// only on a connection on which that certificate was shown.
    pub(super) fn check_certificate(&self, shown: Option<&[u8; 32]>, required: bool) -> Result<(), Refusal> {
        let Some(bound) = self.0.get("cnf").and_then(|cnf| cnf.get("x5t#S256")) else {
            return if required { Err(Refusal::ClaimMissing) } else { Ok(()) };
        };
        let bound = bound.as_str().and_then(|text| Base64UrlUnpadded::decode_vec(text).ok());
        let bound = bound.ok_or(Refusal::TokenMalformed)?;
        match shown {
            Some(shown) if bool::from(shown.ct_eq(&bound)) => Ok(()),
            Some(_) | None => Err(Refusal::TokenMismatch),
        }
    }

    /// The token's id (RFC 7519 section 4.1.7), which a one-use token has.
    pub(super) fn id(&self) -> Result<HeaderValue, Refusal> {
        let id = self.text("jti").filter(|id| !id.is_empty()).ok_or(Refusal::ClaimMissing)?;
        let is_plain = id.len() <= ID_BYTES_MAX && id.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_plain {
            return Err(Refusal::TokenMalformed);
        }
        HeaderValue::from_str(id).map_err(|_| Refusal::TokenMalformed)
    }

    /// The text of a claim.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// RFC 8693 section 4.2: `scope` is words between spaces. `scp`, and a list
    /// in either, is what some issuers write instead.
    fn grants(&self, scope: &str) -> bool {
        ["scope", "scp"].into_iter().filter_map(|name| self.0.get(name)).any(|granted| match granted {
            Value::String(words) => words.split(' ').any(|word| word == scope),
            listed => is_or_has(listed, scope),
        })
    }

    /// A `NumericDate` (RFC 7519 section 2): a number of seconds, maybe with a
    /// fraction. Before the epoch is the epoch, beyond the end of time its end.
    fn instant(&self, name: &str) -> Result<Option<UnixTime>, Refusal> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        if let Some(seconds) = value.as_u64() {
            return Ok(Some(UnixTime::from_secs(seconds)));
        }
        let seconds = value.as_f64().ok_or(Refusal::TokenMalformed)?;
        // A cast of a float saturates.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let millis = (seconds * 1000.0) as u64;
        Ok(Some(UnixTime::from_millis(millis)))
    }
}

/// Whether `given` is the text `wanted`, or a list with it.
fn is_or_has(given: &Value, wanted: &str) -> bool {
    match given {
        Value::String(text) => text == wanted,
        Value::Array(items) => items.iter().any(|item| item.as_str() == Some(wanted)),
        Value::Bool(value) => wanted == if *value { "true" } else { "false" },
        Value::Number(number) => number.to_string() == wanted,
        Value::Null | Value::Object(_) => false,
    }
}

/// RFC 9068 section 2.1.
const ACCESS_TOKEN: &str = "at+jwt";

/// RFC 9068 section 2.2: what such a token has beside `exp`.
const ACCESS_TOKEN_CLAIMS: [&str; 6] = ["iss", "aud", "sub", "client_id", "iat", "jti"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schemes::jwt::TokenPlace;

    const ROW: TokenRow = TokenRow { place: TokenPlace::Bearer, body_claim: None, expires: true };

    fn claims(text: &str) -> Claims {
        Claims::new(super::super::json::object(text.as_bytes()).expect("an object"))
    }

    #[test]
    fn a_token_is_good_from_nbf_until_before_exp() {
        for (text, expected) in [
            (r#"{"exp":1001}"#, Ok(())),
            (r#"{"exp":1000}"#, Err(Refusal::TokenExpired)),
            (r#"{"exp":1000.5}"#, Ok(())),
            (r#"{"exp":999.9}"#, Err(Refusal::TokenExpired)),
            (r#"{"exp":-1}"#, Err(Refusal::TokenExpired)),
            (r#"{"exp":1e300}"#, Ok(())),
            (r#"{"exp":"1001"}"#, Err(Refusal::TokenMalformed)),
            (r#"{"exp":null}"#, Err(Refusal::TokenMalformed)),
            ("{}", Err(Refusal::ClaimMissing)),
            (r#"{"exp":1001,"nbf":1000,"iat":1000}"#, Ok(())),
            (r#"{"exp":1001,"nbf":1001}"#, Err(Refusal::TokenNotYetValid)),
            (r#"{"exp":2000,"iat":1000.001}"#, Err(Refusal::TokenNotYetValid)),
            (r#"{"exp":2000,"iat":[1]}"#, Err(Refusal::TokenMalformed)),
        ] {
            let life =
                Lifetime { row: &ROW, now: UnixTime::from_secs(1000), leeway: Duration::ZERO, age_max: None };
            assert_eq!(claims(text).check_time(&life).map(drop), expected, "{text}");
        }
    }

    #[test]
    fn where_the_age_is_bounded_a_token_says_when_it_was_issued() {
        let age_max = Some(Duration::from_secs(60));
        for (text, expected) in [
            (r#"{"exp":5000,"iat":940}"#, Ok(())),
            (r#"{"exp":5000,"iat":939}"#, Err(Refusal::TokenExpired)),
            (r#"{"exp":5000}"#, Err(Refusal::ClaimMissing)),
        ] {
            let life =
                Lifetime { row: &ROW, now: UnixTime::from_secs(1000), leeway: Duration::ZERO, age_max };
            assert_eq!(claims(text).check_time(&life).map(drop), expected, "{text}");
        }
    }

    #[test]
    fn what_is_required_must_be_there() {
        let claim = |name: &str, value: Option<&str>| RequiredClaim {
            name: name.to_owned(),
            value: value.map(str::to_owned),
        };
        let asked = |claims: Vec<RequiredClaim>, scopes: &[&str]| TokenRequirements {
            claims,
            scopes: scopes.iter().map(ToString::to_string).collect(),
            ..TokenRequirements::default()
        };
        let text = r#"{"tenant":"a","groups":["x","y"],"admin":true,"level":2,"none":null,
            "scope":"hooks:write other"}"#;
        for (asked, holds) in [
            (asked(vec![claim("tenant", Some("a"))], &[]), true),
            (asked(vec![claim("tenant", Some("b"))], &[]), false),
            (asked(vec![claim("tenant", None)], &[]), true),
            (asked(vec![claim("nobody", None)], &[]), false),
            (asked(vec![claim("none", None)], &[]), false),
            (asked(vec![claim("groups", Some("y"))], &[]), true),
            (asked(vec![claim("groups", Some("z"))], &[]), false),
            (asked(vec![claim("admin", Some("true")), claim("level", Some("2"))], &[]), true),
            (asked(vec![], &["other", "hooks:write"]), true),
            (asked(vec![], &["hooks"]), false),
        ] {
            let expected = if holds { Ok(()) } else { Err(Refusal::ClaimMissing) };
            assert_eq!(claims(text).check(&asked), expected, "{asked:?}");
        }
        for listed in [r#"{"scp":["a","b"]}"#, r#"{"scope":["a","b"]}"#, r#"{"scp":"a b"}"#] {
            assert_eq!(claims(listed).check(&asked(vec![], &["b"])), Ok(()), "{listed}");
        }
    }

    #[test]
    fn an_access_token_has_the_claims_of_one() {
        let asked = TokenRequirements { kind: Some("at+JWT".to_owned()), ..TokenRequirements::default() };
        let whole = r#"{"iss":"i","aud":"a","sub":"s","client_id":"c","iat":1,"jti":"j"}"#;
        assert_eq!(claims(whole).check(&asked), Ok(()));
        let without = whole.replace(r#""client_id":"c","#, "");
        assert_eq!(claims(&without).check(&asked), Err(Refusal::ClaimMissing));
    }

    #[test]
    fn a_token_that_is_bound_is_good_with_its_certificate_alone() {
        let bound = format!(r#"{{"cnf":{{"x5t#S256":"{}"}}}}"#, Base64UrlUnpadded::encode_string(&[7; 32]));
        let malformed = r#"{"cnf":{"x5t#S256":"!"}}"#;
        for (text, shown, required, expected) in [
            (&*bound, Some([7; 32]), true, Ok(())),
            (&bound, Some([7; 32]), false, Ok(())),
            (&bound, Some([8; 32]), false, Err(Refusal::TokenMismatch)),
            (&bound, None, false, Err(Refusal::TokenMismatch)),
            (malformed, Some([7; 32]), false, Err(Refusal::TokenMalformed)),
            ("{}", Some([7; 32]), true, Err(Refusal::ClaimMissing)),
            (r#"{"cnf":{"jkt":"x"}}"#, Some([7; 32]), true, Err(Refusal::ClaimMissing)),
            ("{}", None, false, Ok(())),
        ] {
            assert_eq!(
                claims(text).check_certificate(shown.as_ref(), required),
                expected,
                "{text} {shown:?}"
            );
        }
    }

    #[test]
    fn an_id_is_short_and_plain() {
        let long = format!(r#"{{"jti":"{}"}}"#, "x".repeat(ID_BYTES_MAX + 1));
        for (text, expected) in [
            (r#"{"jti":"abc"}"#, Ok("abc")),
            (r#"{"jti":""}"#, Err(Refusal::ClaimMissing)),
            (r#"{"jti":1}"#, Err(Refusal::ClaimMissing)),
            ("{}", Err(Refusal::ClaimMissing)),
            (r#"{"jti":"a b"}"#, Err(Refusal::TokenMalformed)),
            (r#"{"jti":"a\r\nb"}"#, Err(Refusal::TokenMalformed)),
            (&long, Err(Refusal::TokenMalformed)),
        ] {
            let expected = expected.map(HeaderValue::from_static);
            assert_eq!(claims(text).id(), expected, "{text}");
        }
    }
}
