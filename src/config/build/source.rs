//! The source: scheme, secrets, who may send, how much, and where to.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::Method;

use super::choices::Choices;
use super::secret::{self, Given, Kept};
use super::secret_dates::{self, GivenDates};
use super::{allow_list, attestation, bounds, handshake, row, scheme, token, transport};
use crate::config::environment::Environment;
use crate::config::problems::Report;
use crate::config::raw::{SCHEMES, SenderArgs, SignatureArgs, SourceArgs, UpstreamArgs};
use crate::config::raw_coverage::CoverageArgs;
use crate::config::raw_token::TokenArgs;
use crate::config::secrets::{SecretOwners, Sourced};
use crate::config::values::{Switch, duration, name, word};
use crate::config::{
    GuardedSecret, IssuerConfig, PathPattern, Policies, PublicUrl, SecretSlot, SourceConfig, Upstream,
};
use crate::keys::Secret;
use crate::schemes::{Demand, KeySource, Mechanism, Preset, Row, Scheme, SchemeOptions, SignError, Validity};

/// Reads one source; `secrets` has those of the sources before it.
pub(super) fn read(
    args: &SourceArgs,
    environment: &Environment,
    secrets: &mut SecretOwners,
    report: &mut Report,
) -> Option<SourceConfig> {
    let source = &args.sender;
    let presets = presets(&source.scheme, report);
    let name = report.read_optional("--source", source.source.as_deref(), name);
    let mode = report.read_optional("--mode", source.mode.as_deref(), word);
    // Set-up requests are those of the provider whose scheme comes first.
    let provider = presets.as_ref().and_then(|presets| presets.first().copied());
    let rows = presets.and_then(|presets| rows(&args.signature, &presets, report));
    let demanded =
        demanded(source, (&args.token, &args.coverage), rows.as_deref(), environment, secrets, report);
    let public_url = report.read_optional("--public-url", source.public_url.as_deref(), str::parse);
    let hosts = report.read_each("--host", &source.host, str::parse);
    let paths = report.read_each("--path", &source.path, str::parse);
    let allow = allow_list::read(source, report);
    let identities = report.read_each("--client-identity", &source.client_identity, str::parse);
    let pins = report.read_each("--client-spki-pin", &source.client_spki_pin, str::parse);
    let client_ca = client_ca(source.source_client_ca.as_deref(), report);
    let rate = bounds::rate(source.rate_limit.as_deref(), source.rate_burst.as_deref(), report);
    let handshake = handshake::read(&args.handshake, provider, rate.flatten(), environment, report);
    let body_bytes_max = report.read_optional("--max-body", source.max_body.as_deref(), bounds::body_bytes);
    let dedupe_window = report.read_optional("--dedupe-window", source.dedupe_window.as_deref(), duration);
    let upstream = upstream(&args.upstream, report);
    let upstream_timeout =
        report.read_optional("--upstream-timeout", args.upstream.upstream_timeout.as_deref(), duration);
    let attestation = attestation::read(&args.upstream.attest_secret_file, secrets, report);
    let Demanded { demand, slots, issuer, secrets: verifying } = demanded?;
    // What a copy gets is the business of the scheme by which it is told.
    let defaults = demand.naming().unwrap_or(demand.first()).preset().defaults;
    let (attestation, attesting) = attestation?.unzip();
    let attesting = attesting.into_iter().flatten().map(|secret| GuardedSecret { secret, carrier: None });
    let name = name?.unwrap_or_else(|| demand.first().preset().name.to_owned());
    Some(SourceConfig {
        ledger_id: name.clone(),
        name,
        hosts: hosts?,
        paths: paths.map(|paths| if paths.is_empty() { vec![PathPattern::any()] } else { paths })?,
        public_url: check_url(public_url?, &demand, report)?,
        mode: mode?.unwrap_or_default(),
        methods: methods(&demand),
        demand,
        slots,
        secrets: verifying.into_iter().chain(attesting).collect(),
        issuer,
        handshake: handshake?,
        allow: allow?,
        identities: identities?,
        client_pins: pins?,
        client_ca: client_ca?,
        rate: rate?,
        body_bytes_max: body_bytes_max?.unwrap_or(defaults.body_bytes_max),
        dedupe_window: dedupe_window?.unwrap_or(DEDUPE_WINDOW),
        content_window: defaults.window,
        policies: Policies {
            replay: defaults.on_replay,
            retry: defaults.on_retry,
            redelivery: defaults.on_redelivery,
        },
        upstream: upstream?,
        upstream_timeout: upstream_timeout?.unwrap_or(UPSTREAM_TIMEOUT),
        attestation,
    })
}

fn presets(names: &[String], report: &mut Report) -> Option<Vec<&'static Preset>> {
    if names.is_empty() {
        report.problem("--scheme", format!("is missing: say how the sender signs; {SCHEMES}"));
        return None;
    }
    report.read_each("--scheme", names, scheme::preset)
}

/// The row of each scheme. What describes a signature is for the one that takes
/// such flags.
fn rows(args: &SignatureArgs, presets: &[&'static Preset], report: &mut Report) -> Option<Vec<Row>> {
    let described = presets.iter().position(|preset| row::takes_flags(preset)).unwrap_or(0);
    let rows = presets.iter().enumerate().map(|(at, preset)| {
        if at == described { row::read(args, preset, report) } else { Some(Row::from(*preset)) }
    });
    rows.collect()
}

/// The public URL: needed where it is signed, and without meaning where it
/// cannot be.
#[allow(clippy::option_option)]
fn check_url(url: Option<PublicUrl>, demand: &Demand, report: &mut Report) -> Option<Option<PublicUrl>> {
    let signing = demand.iter().find(|scheme| scheme.needs_public_url());
    let may_sign = |scheme: &Scheme| {
        let mechanism = &scheme.preset().mechanism;
        mechanism.signs_url() || mechanism.names_parts()
    };
    match (&url, signing) {
        (None, Some(scheme)) => {
            let name = scheme.preset().name;
            report.problem("--public-url", format!("is missing: {name} signs the URL that the sender knows"));
            None
        }
        (Some(_), None) if !demand.iter().any(may_sign) => {
            let name = demand.first().preset().name;
            report.problem("--public-url", format!("has no meaning with {name}, which signs no URL"));
            None
        }
        _ => Some(url),
    }
}

/// The methods that every scheme is sent with.
fn methods(demand: &Demand) -> Vec<Method> {
    let taken =
        |method: &&Method| demand.iter().all(|scheme| scheme.preset().defaults.methods.contains(method));
    demand.first().preset().defaults.methods.iter().filter(taken).cloned().collect()
}

/// What a source asks of its deliveries.
struct Demanded {
    demand: Demand,
    /// The secrets of its first scheme.
    slots: Vec<SecretSlot>,
    issuer: Option<IssuerConfig>,
    /// What must not arrive with one.
    secrets: Vec<GuardedSecret>,
}

/// The compiled schemes: here the secrets turn into keys, or turn out not to.
fn demanded(
    args: &SenderArgs,
    (token, coverage): (&TokenArgs, &CoverageArgs),
    rows: Option<&[Row]>,
    environment: &Environment,
    owners: &mut SecretOwners,
    report: &mut Report,
) -> Option<Demanded> {
    let presets: Vec<_> = rows.unwrap_or_default().iter().map(|row| &**row).collect();
    let asked = &presets[..];
    let secrets = secrets(args, token, asked, environment, report);
    let allow_weak_secret = switch("--allow-weak-secret", args.allow_weak_secret.as_deref(), report);
    let allow_shared = switch("--allow-shared-secret", args.allow_shared_secret.as_deref(), report);
    let tolerance = tolerance(args.tolerance.as_deref(), asked, report);
    let choices = Choices::read(&args.algorithm, coverage, asked, report);
    let (secrets, rows, weak) = (secrets?, rows?, allow_weak_secret?);
    let (tolerance, choices) = (tolerance?, choices?);
    owners.verify(secrets.iter().map(|(_, sourced)| sourced), report);
    if allow_shared? == Switch::Off {
        owners.claim(secrets.iter().map(|(_, sourced)| sourced), report);
    }
    let tokens = presets.iter().find(|preset| is_token(preset));
    let asks = tokens.is_some_and(|preset| secret::of(preset, &secrets).is_empty());
    let keys = if asks { KeySource::Issuer } else { KeySource::Credentials };
    token::refuse_what_has_no_meaning(token, tokens.is_some(), asks, report);
    let requirements = tokens.map(|preset| token::requirements(token, preset, keys, report));
    let issuer = asks.then(|| token::issuer(token, choices.algorithms.clone(), report));
    let requirements = match requirements {
        Some(read) => Some(read?),
        None => None,
    };
    let issuer = match issuer {
        Some(read) => Some(read?),
        None => None,
    };
    let slots = presets.first().map(|first| slots(&secret::of(first, &secrets)))?;
    let (mut schemes, mut guarded) = (Vec::new(), Vec::new());
    for row in rows {
        let preset: &Preset = row;
        let mine = secret::of(preset, &secrets);
        if mine.is_empty() && !(asks && is_token(preset)) {
            report.wrong("--scheme", preset.name, "has no secret: each is kept to another scheme");
            continue;
        }
        let options = SchemeOptions {
            tolerance: tolerance.filter(|_| has_age(preset)),
            allow_weak_secret: weak == Switch::On,
            token: requirements.clone().filter(|_| is_token(preset)),
            ..choices.of(&preset.mechanism)
        };
        let Some(scheme) = scheme::compile(row, &mine, &options, report) else { continue };
        guarded.extend(mine.iter().filter_map(|sourced| guarded_secret(&scheme, &sourced.secret)));
        schemes.push(Arc::new(scheme));
    }
    let complete = schemes.len() == rows.len();
    let demand = Demand::new(schemes).filter(|_| complete)?;
    let counts_tokens =
        demand.naming().and_then(Scheme::token_requirements).is_some_and(|token| token.one_use);
    if requirements.is_some_and(|token| token.one_use) && !counts_tokens {
        let first = demand.naming().map_or("", |scheme| scheme.preset().name);
        let fault =
            format!("needs --scheme jwt before --scheme {first}: copies are told by the first that can");
        report.problem("--token-one-use", fault);
        return None;
    }
    Some(Demanded { demand, slots, issuer, secrets: guarded })
}

fn slots(secrets: &[&Sourced]) -> Vec<SecretSlot> {
    let slot =
        |sourced: &&Sourced| SecretSlot { secret: Some(sourced.secret.clone()), validity: sourced.validity };
    match secrets {
        [] => vec![SecretSlot { secret: None, validity: Validity::ALWAYS }],
        secrets => secrets.iter().map(slot).collect(),
    }
}

/// What is secret of a scheme's secret: a public key is nothing, nor is a key of
/// several lines or members, which could be either, and fits in no field.
fn guarded_secret(scheme: &Scheme, secret: &Secret) -> Option<GuardedSecret> {
    let text = secret.expose();
    if scheme.cannot_sign() == Some(SignError::PublicKey) || text.contains(&b'\n') || text.starts_with(b"{") {
        return None;
    }
    let carrier = match &scheme.preset().mechanism {
        Mechanism::Token(wire) => Some(wire.header.clone()),
        _ => None,
    };
    Some(GuardedSecret { secret: secret.clone(), carrier })
}

/// Every secret. Of several schemes each has its own: one for all would be the
/// key of the weakest of them.
fn secrets(
    args: &SenderArgs,
    token: &TokenArgs,
    asked: &[&Preset],
    environment: &Environment,
    report: &mut Report,
) -> Option<Vec<Kept>> {
    let dates = GivenDates { not_before: &args.secret_not_before, not_after: &args.secret_not_after };
    let asks = token.issuer.is_some() || token.jwks_url.is_some();
    let only_tokens = !asked.is_empty() && asked.iter().all(|preset| is_token(preset));
    if only_tokens && args.secret_file.is_empty() && args.secret_env.is_empty() {
        if asks {
            secret_dates::date(dates, asked, &mut [], report)?;
            return Some(Vec::new());
        }
        let fault = "is missing, and so is --secret-file: say who publishes the keys of the tokens, or which they \
                     are; and with --audience for whom the tokens must be";
        report.problem("--issuer", fault);
        return None;
    }
    let given = Given { files: &args.secret_file, variables: &args.secret_env, purpose: "verified" };
    let mut secrets = secret::read(given, asked, environment, report)?;
    secret::check(asked, &secrets, report);
    let mut complete = secret_dates::date(dates, asked, &mut secrets, report).is_some();
    for (_, sourced) in secrets.iter().filter(|(of, _)| of.is_none() && asked.len() > 1) {
        report.wrong(
            sourced.key,
            &sourced.place,
            "is for one of several schemes: say which, as in SCHEME=FILE",
        );
        complete = false;
    }
    complete.then_some(secrets)
}

fn is_token(preset: &Preset) -> bool {
    matches!(preset.mechanism, Mechanism::Jwt(_))
}

/// Whether a tolerance means something to the scheme.
fn has_age(preset: &Preset) -> bool {
    preset.defaults.tolerance.is_some() || is_token(preset)
}

fn switch(key: &'static str, text: Option<&str>, report: &mut Report) -> Option<Switch> {
    report.read_optional(key, text, word).map(|switch| switch.unwrap_or(Switch::Off))
}

#[allow(clippy::option_option)]
fn tolerance(text: Option<&str>, asked: &[&Preset], report: &mut Report) -> Option<Option<Duration>> {
    report.read_optional("--tolerance", text, |text| match asked {
        [first, ..] if !asked.iter().any(|preset| has_age(preset)) => {
            Err(format!("has no meaning with {}, which signs no time: leave it out", first.name).into())
        }
        _ => duration(text),
    })
}

#[allow(clippy::option_option)]
fn client_ca(path: Option<&str>, report: &mut Report) -> Option<Option<PathBuf>> {
    if let Some(path) = path {
        report.comes_from(path);
    }
    transport::authorities("--source-client-ca", path, report)
}

fn upstream(args: &UpstreamArgs, report: &mut Report) -> Option<Upstream> {
    let Some(url) = args.upstream.as_deref() else {
        report.problem("--upstream", "is missing: say where the app listens, such as http://127.0.0.1:3000");
        return None;
    };
    let upstream = report.read("--upstream", url, str::parse);
    let Some(ca) = args.upstream_ca.as_deref() else { return upstream };
    report.comes_from(ca);
    let usable = transport::authorities("--upstream-ca", Some(ca), report);
    match upstream? {
        Upstream::Https { host, port, .. } => usable.map(|ca| Upstream::Https { host, port, ca }),
        Upstream::Http { .. } | Upstream::Unix(_) => {
            report.wrong("--upstream-ca", ca, "has no meaning for an upstream that is not https");
            None
        }
    }
}

/// A provider's own retry after a lost answer comes within minutes.
const DEDUPE_WINDOW: Duration = Duration::from_secs(60 * 60);

const UPSTREAM_TIMEOUT: Duration = Duration::from_secs(15);
