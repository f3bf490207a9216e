//! What a source asks of tokens, and who publishes their keys.

use std::time::Duration;

use super::transport;
use crate::config::problems::Report;
use crate::config::raw_token::TokenArgs;
use crate::config::values::{Fault, Switch, duration, word};
use crate::config::{IssuerConfig, KeysAt};
use crate::schemes::{KeySource, Preset, RequiredClaim, TokenRequirements};

/// What is asked of tokens of `preset` whose keys come from `keys`.
pub(super) fn requirements(
    args: &TokenArgs,
    preset: &Preset,
    keys: KeySource,
    report: &mut Report,
) -> Option<TokenRequirements> {
    let issuer = report.read_optional("--issuer", args.issuer.as_deref(), words);
    let audiences = audiences(args, preset, report);
    let leeway = report.read_optional("--token-leeway", args.token_leeway.as_deref(), leeway);
    let kind = report.read_optional("--token-type", args.token_type.as_deref(), words);
    let claims = report.read_each("--require-claim", &args.require_claim, claim);
    let scopes = report.read_each("--require-scope", &args.require_scope, scope);
    let one_use = switch("--token-one-use", args.token_one_use.as_deref(), report);
    let certificate_bound = switch("--token-bound", args.token_bound.as_deref(), report);
    Some(TokenRequirements {
        keys,
        issuer: issuer?,
        audiences: audiences?,
        leeway: leeway?.unwrap_or(TokenRequirements::default().leeway),
        kind: kind?,
        claims: claims?,
        scopes: scopes?,
        one_use: one_use?,
        certificate_bound: certificate_bound?,
    })
}

/// Who is asked for keys of the `algorithms`, for a source that has none.
pub(super) fn issuer(args: &TokenArgs, algorithms: Vec<String>, report: &mut Report) -> Option<IssuerConfig> {
    let allow_plain = switch("--issuer-plain", args.issuer_plain.as_deref(), report);
    let plain = allow_plain.unwrap_or_default();
    let url = |text: &str| IssuerConfig::destination(text, plain);
    let keys_at = match (args.jwks_url.as_deref(), args.issuer.as_deref()) {
        (Some(text), _) => report.read("--jwks-url", text, url).map(KeysAt::Url),
        (None, Some(issuer)) => report.read("--issuer", issuer, |issuer| {
            // RFC 8414 section 2: no query and no fragment.
            if issuer.contains('?') {
                return Err("expected an issuer without a query".into());
            }
            url(issuer).map(|_| KeysAt::Discovered(issuer.to_owned()))
        }),
        (None, None) => None,
    };
    args.issuer_ca.iter().for_each(|ca| report.comes_from(ca));
    let ca = transport::authorities("--issuer-ca", args.issuer_ca.as_deref(), report);
    let refresh = report.read_optional("--jwks-refresh", args.jwks_refresh.as_deref(), refresh);
    let max_stale = report.read_optional("--jwks-max-stale", args.jwks_max_stale.as_deref(), duration);
    let (refresh, max_stale) = (refresh?.unwrap_or(REFRESH), max_stale?.unwrap_or(MAX_STALE));
    if max_stale < refresh {
        let fault = "is shorter than --jwks-refresh: keys would be too old before they are asked for again";
        report.problem("--jwks-max-stale", fault);
    }
    Some(IssuerConfig {
        keys_at: keys_at?,
        ca: ca?,
        allow_plain: allow_plain?,
        algorithms,
        refresh,
        max_stale,
    })
}

/// Refuses what would silently do nothing.
pub(super) fn refuse_what_has_no_meaning(
    args: &TokenArgs,
    has_tokens: bool,
    asks: bool,
    report: &mut Report,
) {
    if !has_tokens {
        for flag in args.given() {
            report.problem(flag, "has no meaning without --scheme jwt");
        }
    } else if !asks {
        for (flag, _) in args.asking().into_iter().filter(|(_, given)| *given) {
            report.problem(flag, "has no meaning with keys from --secret-file: nobody is asked for others");
        }
    }
}

/// RFC 8725 section 3.9: a token for somebody else is not for us. That it is
/// for anybody has to be said.
///
/// A token that signs the body is for whoever has that.
fn audiences(args: &TokenArgs, preset: &Preset, report: &mut Report) -> Option<Vec<String>> {
    if args.audience.is_empty() && preset.mechanism.signs() {
        return Some(Vec::new());
    }
    if args.audience.is_empty() {
        report.problem(
            "--audience",
            "is missing: say whom tokens are meant for, or a token for another service would do; `any` takes them all",
        );
        return None;
    }
    if args.audience.len() == 1 && args.audience[0] == "any" {
        return Some(Vec::new());
    }
    report.read_each("--audience", &args.audience, |text| match text {
        "any" => Err("contradicts the other --audience: leave one of the two out".into()),
        text => words(text),
    })
}

fn switch(flag: &'static str, text: Option<&str>, report: &mut Report) -> Option<bool> {
    report.read_optional(flag, text, word::<Switch>).map(|switch| switch == Some(Switch::On))
}

fn words(text: &str) -> Result<String, Fault> {
    if text.is_empty() { Err("is empty".into()) } else { Ok(text.to_owned()) }
}

fn claim(text: &str) -> Result<RequiredClaim, Fault> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (text, None),
    };
    Ok(RequiredClaim { name: words(name)?, value })
}

fn scope(text: &str) -> Result<String, Fault> {
    if text.contains(' ') {
        Err("expected one scope: give the flag again for more".into())
    } else {
        words(text)
    }
}

fn leeway(text: &str) -> Result<Duration, Fault> {
    match text {
        "0s" => Ok(Duration::ZERO),
        text => duration(text).and_then(|leeway| {
            if leeway <= LEEWAY_MAX {
                Ok(leeway)
            } else {
                Err("expected at most 5m: no clock is that wrong".into())
            }
        }),
    }
}

fn refresh(text: &str) -> Result<Duration, Fault> {
    duration(text).and_then(|refresh| {
        if refresh >= REFRESH_MIN { Ok(refresh) } else { Err("expected at least 1m".into()) }
    })
}

const LEEWAY_MAX: Duration = Duration::from_secs(300);

const REFRESH: Duration = Duration::from_secs(15 * 60);

const REFRESH_MIN: Duration = Duration::from_secs(60);

const MAX_STALE: Duration = Duration::from_secs(24 * 3600);
