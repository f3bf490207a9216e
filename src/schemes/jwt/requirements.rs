//! What a source asks of its tokens.

use std::time::Duration;

/// What a source asks of its tokens, beside a signature that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRequirements {
    /// Where the keys come from.
    pub keys: KeySource,
    /// What `iss` must be; anything where absent, because the key says who it
    /// is.
    pub issuer: Option<String>,
    /// What `aud` must be, or have in its list, one of them; anything where
    /// empty.
    pub audiences: Vec<String>,
    /// How far the clocks of issuer and guard may differ.
    pub leeway: Duration,
    /// What `typ` must be, such as `at+jwt` (RFC 9068 section 2.1).
    pub kind: Option<String>,
    /// Claims that must be there.
    pub claims: Vec<RequiredClaim>,
    /// Scopes that must be among those granted.
    pub scopes: Vec<String>,
    /// Whether a token is good for one delivery: `jti` and `iat` must be there,
    /// and a copy is a replay.
    pub one_use: bool,
    /// Whether a token must be bound to the client certificate (RFC 8705
    /// section 3). One that says that it is, is held to it anyway.
    pub certificate_bound: bool,
}

/// Where the keys of tokens come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeySource {
    /// The source's own credentials.
    #[default]
    Credentials,
    /// An issuer publishes them: they are given with each delivery.
    Issuer,
}

/// A claim that must be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequiredClaim {
    /// Its name.
    pub name: String,
    /// The text that it must be, or have in its list; any value where absent.
    pub value: Option<String>,
}

impl Default for TokenRequirements {
    fn default() -> Self {
        Self {
            keys: KeySource::default(),
            issuer: None,
            audiences: Vec::new(),
            leeway: Duration::from_secs(30),
            kind: None,
            claims: Vec::new(),
            scopes: Vec::new(),
            one_use: false,
            certificate_bound: false,
        }
    }
}
