//! A row of tokens with the keys and the requirements of one source.

use std::time::Duration;

use http::HeaderName;

use super::claims::{Claims, Lifetime};
use super::compact::{Compact, Header};
use super::keys::TokenKeys;
use super::open::{Covers, OpenJwt, digest_claim};
use super::requirements::{KeySource, TokenRequirements};
use super::row::TokenRow;
use crate::schemes::digest::{Digest, Digesting};
use crate::schemes::key::KeyError;
use crate::schemes::refusal::Refusal;
use crate::schemes::scheme::{Beside, Credential, Head, SchemeOptions};
use crate::schemes::validity::At;

/// Tokens of one source. Immutable.
#[derive(Debug)]
pub(in crate::schemes) struct Jwt {
    pub(super) row: TokenRow,
    pub(super) keys: TokenKeys,
    pub(super) asked: TokenRequirements,
    age_max: Option<Duration>,
    header: [HeaderName; 1],
    secret_count: usize,
}

impl Jwt {
    /// Compiles `row` with `credentials`, whose number is in bounds.
    pub(in crate::schemes) fn new(
        row: &TokenRow,
        credentials: &[Credential],
        tolerance: Option<Duration>,
        options: &SchemeOptions,
    ) -> Result<Self, KeyError> {
        let asked = options.token.clone().unwrap_or_default();
        Ok(Self {
            row: row.clone(),
            keys: TokenKeys::from_credentials(credentials, &options.algorithms, options.weak_keys())?,
            age_max: tolerance.or(asked.one_use.then_some(ONE_USE_AGE_MAX)),
            asked,
            header: [row.header()],
            secret_count: credentials.len().max(1),
        })
    }

    pub(in crate::schemes) fn tolerance(&self) -> Option<Duration> {
        self.age_max
    }

    pub(in crate::schemes) fn secret_count(&self) -> usize {
        self.secret_count
    }

    pub(in crate::schemes) fn security_headers(&self) -> &[HeaderName] {
        &self.header
    }

    pub(in crate::schemes) fn requirements(&self) -> &TokenRequirements {
        &self.asked
    }

    pub(in crate::schemes) fn covers_body(&self) -> bool {
        self.row.body_claim.is_some()
    }

    /// Whether its proofs name a delivery, so that a copy can be told.
    pub(in crate::schemes) fn names_deliveries(&self) -> bool {
        self.asked.one_use || self.covers_body()
    }

    /// See the module's description. The signature comes before every claim.
    pub(in crate::schemes) fn open(
        &self,
        head: &Head<'_>,
        beside: &Beside<'_>,
        at: At,
    ) -> Result<OpenJwt, Refusal> {
        let token = Compact::read(self.row.token(head.fields)?)?;
        let slot = self.keys(beside).verify(&token, at.secrets)?;
        self.check_kind(&token.header)?;
        let claims = Claims::new(token.claims()?);
        claims.check(&self.asked)?;
        let life = Lifetime { row: &self.row, now: at.now, leeway: self.asked.leeway, age_max: self.age_max };
        let issued = claims.check_time(&life)?;
        claims.check_certificate(beside.certificate, self.asked.certificate_bound)?;
        let covers = self.covers(&token, &claims)?;
        // Only a time that bounds what must be remembered is a signed time.
        let signed_at = self.age_max.and(issued);
        Ok(OpenJwt { slot, signed_at, covers })
    }

    fn keys<'k>(&'k self, beside: &Beside<'k>) -> &'k TokenKeys {
        match (self.asked.keys, beside.issuer_keys) {
            (KeySource::Issuer, Some(keys)) => keys,
            (KeySource::Issuer, None) | (KeySource::Credentials, _) => &self.keys,
        }
    }

    /// RFC 8725 section 3.11: a token of one kind is not taken for another.
    fn check_kind(&self, header: &Header) -> Result<(), Refusal> {
        let Some(wanted) = self.asked.kind.as_deref() else { return Ok(()) };
        let given = header.kind.as_deref().unwrap_or_default();
        // RFC 7515 section 4.1.9: the prefix may be left out.
        let short = |kind: &str| kind.to_ascii_lowercase().trim_start_matches("application/").to_owned();
        if short(given) == short(wanted) { Ok(()) } else { Err(Refusal::TokenMismatch) }
    }

    fn covers(&self, token: &Compact<'_>, claims: &Claims) -> Result<Covers, Refusal> {
        let digesting = Digesting::new();
        if let Some(name) = self.row.body_claim {
            let (digest, token) = (digest_claim(claims.text(name))?, Digest::of(token.signed.as_bytes()));
            return Ok(Covers::Body { digest, token, digesting });
        }
        if self.asked.one_use {
            return Ok(Covers::OneUse { id: claims.id()?, digesting });
        }
        Ok(Covers::Nothing)
    }
}

/// How old a one-use token may be where the source does not say: what was used
/// is remembered as long.
const ONE_USE_AGE_MAX: Duration = Duration::from_secs(3600);
