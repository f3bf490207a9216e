//! The source: scheme, secrets, who may send, how much, and where to.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::{allow_list, bounds, coverage, row, scheme};
use crate::config::environment::Environment;
use crate::config::material;
use crate::config::problems::Report;
use crate::config::raw::{SourceArgs, UpstreamArgs, scheme_names};
use crate::config::secrets::{self, Place, SecretOwners, SecretPlaces};
use crate::config::values::{Switch, duration, name, word};
use crate::config::{PathPattern, Policies, PublicUrl, SourceConfig, Upstream};
use crate::schemes::{Preset, Row, Scheme, SchemeOptions};

/// Reads one source; `secrets` has those of the sources before it.
pub(super) fn read(
    args: &SourceArgs,
    environment: &Environment,
    secrets: &mut SecretOwners,
    report: &mut Report,
) -> Option<SourceConfig> {
    let source = &args.sender;
    let preset = preset(source.scheme.as_deref(), report);
    let name = report.read_optional("--source", source.source.as_deref(), name);
    let row = preset.and_then(|preset| row::read(&args.signature, preset, report));
    let scheme = compiled(args, row.as_ref(), environment, secrets, report);
    let public_url = public_url(source.public_url.as_deref(), row.as_deref(), scheme.as_ref(), report);
    let hosts = report.read_each("--host", &source.host, str::parse);
    let paths = report.read_each("--path", &source.path, str::parse);
    let allow = allow_list::read(source, report);
    let identities = report.read_each("--client-identity", &source.client_identity, str::parse);
    let rate = bounds::rate(source.rate_limit.as_deref(), source.rate_burst.as_deref(), report);
    let body_bytes_max = report.read_optional("--max-body", source.max_body.as_deref(), bounds::body_bytes);
    let dedupe_window = report.read_optional("--dedupe-window", source.dedupe_window.as_deref(), duration);
    let upstream = upstream(&args.upstream, report);
    let upstream_timeout =
        report.read_optional("--upstream-timeout", args.upstream.upstream_timeout.as_deref(), duration);
    let row = row?;
    let defaults = &row.defaults;
    let name = name?.unwrap_or_else(|| row.name.to_owned());
    Some(SourceConfig {
        ledger_id: name.clone(),
        name,
        hosts: hosts?,
        paths: paths.map(|paths| if paths.is_empty() { vec![PathPattern::any()] } else { paths })?,
        methods: defaults.methods.to_vec(),
        scheme: Arc::new(scheme?),
        public_url: public_url?,
        allow: allow?,
        identities: identities?,
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
    })
}

fn preset(name: Option<&str>, report: &mut Report) -> Option<&'static Preset> {
    let Some(name) = name else {
        report
            .problem("--scheme", format!("is missing: say how the sender signs, one of {}", scheme_names()));
        return None;
    };
    report.read("--scheme", name, scheme::preset)
}

/// The compiled scheme: here the secrets turn into keys, or turn out not to.
fn compiled(
    args: &SourceArgs,
    row: Option<&Row>,
    environment: &Environment,
    owners: &mut SecretOwners,
    report: &mut Report,
) -> Option<Scheme> {
    let sender = &args.sender;
    let place = match row {
        Some(row) if row.mechanism.names_keys() => Place::named,
        _ => Place::nameless,
    };
    let places = |texts: &[String]| -> Vec<_> { texts.iter().map(|text| place(text)).collect() };
    let (files, variables) = (places(&sender.secret_file), places(&sender.secret_env));
    let places = SecretPlaces { files: &files, variables: &variables, purpose: "verified" };
    let secrets = secrets::read(places, environment, report);
    let allow_weak_secret = switch("--allow-weak-secret", sender.allow_weak_secret.as_deref(), report);
    let allow_shared = switch("--allow-shared-secret", sender.allow_shared_secret.as_deref(), report);
    let tolerance = tolerance(sender.tolerance.as_deref(), row.map(|row| &**row), report);
    let algorithms = scheme::algorithms(&sender.algorithm, row.map(|row| &**row), report);
    let options = coverage::read(&args.coverage, row.map(|row| &**row), SchemeOptions::default(), report);
    let (secrets, row, weak) = (secrets?, row?, allow_weak_secret?);
    if allow_shared? == Switch::Off {
        owners.claim(&secrets, report);
    }
    let options = SchemeOptions {
        tolerance: tolerance?,
        allow_weak_secret: weak == Switch::On,
        algorithms: algorithms?,
        ..options?
    };
    scheme::compile(row, &secrets.iter().collect::<Vec<_>>(), &options, report)
}

/// The public URL: needed where it is signed, and without meaning where it
/// cannot be.
#[allow(clippy::option_option)]
fn public_url(
    text: Option<&str>,
    row: Option<&Preset>,
    scheme: Option<&Scheme>,
    report: &mut Report,
) -> Option<Option<PublicUrl>> {
    let url = report.read_optional("--public-url", text, str::parse)?;
    let Preset { name, mechanism, .. } = row?;
    let is_needed = scheme.map_or(mechanism.signs_url(), Scheme::needs_public_url);
    match (&url, is_needed) {
        (None, true) => {
            report.problem("--public-url", format!("is missing: {name} signs the URL that the sender knows"));
            None
        }
        (Some(_), false) if !mechanism.signs_url() && !mechanism.names_parts() => {
            report.problem("--public-url", format!("has no meaning with {name}, which signs no URL"));
            None
        }
        _ => Some(url),
    }
}

fn switch(key: &'static str, text: Option<&str>, report: &mut Report) -> Option<Switch> {
    report.read_optional(key, text, word).map(|switch| switch.unwrap_or(Switch::Off))
}

#[allow(clippy::option_option)]
fn tolerance(text: Option<&str>, preset: Option<&Preset>, report: &mut Report) -> Option<Option<Duration>> {
    report.read_optional("--tolerance", text, |text| match preset {
        Some(preset) if preset.defaults.tolerance.is_none() => {
            Err(format!("has no meaning with {}, which signs no time: leave it out", preset.name).into())
        }
        _ => duration(text),
    })
}

fn upstream(args: &UpstreamArgs, report: &mut Report) -> Option<Upstream> {
    let Some(url) = args.upstream.as_deref() else {
        report.problem("--upstream", "is missing: say where the app listens, such as http://127.0.0.1:3000");
        return None;
    };
    let upstream = report.read("--upstream", url, str::parse);
    let Some(ca) = args.upstream_ca.as_deref() else { return upstream };
    report.comes_from(ca);
    let usable = report.read("--upstream-ca", ca, |path| Ok(material::authorities(Path::new(path))?));
    match upstream? {
        Upstream::Https { host, port, .. } => {
            usable.map(|_| Upstream::Https { host, port, ca: Some(ca.into()) })
        }
        Upstream::Http { .. } | Upstream::Unix(_) => {
            report.wrong("--upstream-ca", ca, "has no meaning for an upstream that is not https");
            None
        }
    }
}

/// A provider's own retry after a lost answer comes within minutes.
const DEDUPE_WINDOW: Duration = Duration::from_secs(60 * 60);

const UPSTREAM_TIMEOUT: Duration = Duration::from_secs(15);
