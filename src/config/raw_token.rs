//! What a source asks of tokens, as people write it.

// The doc comments of flags are printed as plain text by `--help`.
#![allow(clippy::doc_markdown)]

use clap::Args;

/// Tokens that say who calls, for --scheme jwt.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "Tokens")]
pub struct TokenArgs {
    /// What the token's iss must be; for a scheme without a secret also who is asked for the keys, by its metadata.
    ///
    /// Exactly as the issuer calls itself, such as `https://login.example.com`. With --secret-file its keys are in files
    /// (PEM, a JSON Web Key or a set of them) and nobody is asked.
    #[arg(long, value_name = "ISSUER")]
    pub issuer: Option<String>,

    /// What the token's aud must be or list; give it again for more, of which one suffices. `any` asks for none.
    #[arg(long, value_name = "AUDIENCE")]
    pub audience: Vec<String>,

    /// How far the clocks of issuer and guard may differ [default: 30s].
    #[arg(long, value_name = "DURATION")]
    pub token_leeway: Option<String>,

    /// What the token's typ must be, such as at+jwt, which asks for the claims of an access token too [default: any].
    #[arg(long, value_name = "TYPE")]
    pub token_type: Option<String>,

    /// Claim that the token must have, NAME or NAME=VALUE; give it again for more, all of which count.
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub require_claim: Vec<String>,

    /// Scope that the token must grant; give it again for more, all of which count.
    #[arg(long, value_name = "SCOPE")]
    pub require_scope: Vec<String>,

    /// Take each token once: it must have jti and iat, and a copy is a replay [default: off].
    ///
    /// --tolerance then says how old a token may be [default: 1h].
    #[arg(long, value_name = "on|off", num_args = 0..=1, require_equals = true, default_missing_value = "on")]
    pub token_one_use: Option<String>,

    /// Take only tokens that are bound to the client certificate (RFC 8705) [default: off].
    ///
    /// A token that says it is bound is held to it anyway.
    #[arg(long, value_name = "on|off", num_args = 0..=1, require_equals = true, default_missing_value = "on")]
    pub token_bound: Option<String>,

    /// Where the issuer's keys are (JWKS) [default: where its metadata say].
    #[arg(long, value_name = "URL")]
    pub jwks_url: Option<String>,

    /// CA certificates for the issuer (PEM) [default: the public ones].
    #[arg(long, value_name = "FILE")]
    pub issuer_ca: Option<String>,

    /// Ask an issuer on this machine over plain http [default: off].
    #[arg(long, value_name = "on|off", num_args = 0..=1, require_equals = true, default_missing_value = "on")]
    pub issuer_plain: Option<String>,

    /// The longest time between two askings for the keys; the issuer's Cache-Control may shorten it [default: 15m].
    #[arg(long, value_name = "DURATION")]
    pub jwks_refresh: Option<String>,

    /// How long keys count while the issuer cannot be asked; then deliveries get 503 [default: 24h].
    #[arg(long, value_name = "DURATION")]
    pub jwks_max_stale: Option<String>,
}

impl TokenArgs {
    /// The flags that were given.
    pub(super) fn given(&self) -> impl Iterator<Item = &'static str> {
        let flags = [
            ("--issuer", self.issuer.is_some()),
            ("--audience", !self.audience.is_empty()),
            ("--token-leeway", self.token_leeway.is_some()),
            ("--token-type", self.token_type.is_some()),
            ("--require-claim", !self.require_claim.is_empty()),
            ("--require-scope", !self.require_scope.is_empty()),
            ("--token-one-use", self.token_one_use.is_some()),
            ("--token-bound", self.token_bound.is_some()),
        ];
        flags.into_iter().chain(self.asking()).filter_map(|(flag, given)| given.then_some(flag))
    }

    /// The flags about asking an issuer, and whether they were given.
    pub(super) fn asking(&self) -> [(&'static str, bool); 5] {
        [
            ("--jwks-url", self.jwks_url.is_some()),
            ("--issuer-ca", self.issuer_ca.is_some()),
            ("--issuer-plain", self.issuer_plain.is_some()),
            ("--jwks-refresh", self.jwks_refresh.is_some()),
            ("--jwks-max-stale", self.jwks_max_stale.is_some()),
        ]
    }
}
