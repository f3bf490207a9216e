//! The source: scheme, secrets, who may send, how much, and where to.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;

use super::{bounds, scheme};
use crate::config::environment::Environment;
use crate::config::problems::Report;
use crate::config::raw::{GuardArgs, SourceArgs, UpstreamArgs, scheme_names};
use crate::config::secrets::{self, Place, SecretPlaces};
use crate::config::values::{Switch, duration, name, network, word};
use crate::config::{PathPattern, Policies, SourceConfig, Upstream};
use crate::config::{files, material};
use crate::schemes::{Preset, Scheme, SchemeOptions};

pub(super) fn read(args: &GuardArgs, environment: &Environment, report: &mut Report) -> Option<SourceConfig> {
    let source = &args.source;
    let preset = preset(source.scheme.as_deref(), report);
    let name = report.read_optional("--source", source.source.as_deref(), name);
    let scheme = compiled(source, preset, environment, report);
    let paths = report.read_each("--path", &source.path, str::parse);
    let allow = allow(source, report);
    let identities = report.read_each("--client-identity", &args.tls.client_identity, str::parse);
    let rate = bounds::rate(source.rate_limit.as_deref(), source.rate_burst.as_deref(), report);
    let body_bytes_max = report.read_optional("--max-body", source.max_body.as_deref(), bounds::body_bytes);
    let dedupe_window = report.read("--dedupe-window", &args.ledger.dedupe_window, duration);
    let upstream = upstream(&args.upstream, report);
    let upstream_timeout = report.read("--upstream-timeout", &args.upstream.upstream_timeout, duration);
    let preset = preset?;
    let defaults = &preset.defaults;
    let name = name?.unwrap_or_else(|| preset.name.to_owned());
    Some(SourceConfig {
        ledger_id: name.clone(),
        name,
        paths: paths.map(|paths| if paths.is_empty() { vec![PathPattern::any()] } else { paths })?,
        methods: defaults.methods.to_vec(),
        scheme: Arc::new(scheme?),
        allow: allow?,
        identities: identities?,
        rate: rate?,
        body_bytes_max: body_bytes_max?.unwrap_or(defaults.body_bytes_max),
        dedupe_window: dedupe_window?,
        content_window: defaults.window,
        policies: Policies {
            replay: defaults.on_replay,
            retry: defaults.on_retry,
            redelivery: defaults.on_redelivery,
        },
        upstream: upstream?,
        upstream_timeout: upstream_timeout?,
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
    preset: Option<&'static Preset>,
    environment: &Environment,
    report: &mut Report,
) -> Option<Scheme> {
    let place = match preset {
        Some(preset) if preset.mechanism.names_keys() => Place::named,
        _ => Place::nameless,
    };
    let places = |texts: &[String]| -> Vec<_> { texts.iter().map(|text| place(text)).collect() };
    let (files, variables) = (places(&args.secret_file), places(&args.secret_env));
    let places = SecretPlaces { files: &files, variables: &variables, purpose: "verified" };
    let secrets = secrets::read(places, environment, report);
    let allow_weak_secret = report.read("--allow-weak-secret", &args.allow_weak_secret, word::<Switch>);
    let tolerance = tolerance(args.tolerance.as_deref(), preset, report);
    let algorithms = scheme::algorithms(&args.algorithm, preset, report);
    let (secrets, preset, weak) = (secrets?, preset?, allow_weak_secret?);
    let options = SchemeOptions {
        tolerance: tolerance?,
        allow_weak_secret: weak == Switch::On,
        algorithms: algorithms?,
        ..SchemeOptions::default()
    };
    scheme::compile(preset, &secrets.iter().collect::<Vec<_>>(), &options, report)
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

/// The allow list of both flags together. Empty means any address, so a file
/// that names none is a problem, not an invitation.
fn allow(args: &SourceArgs, report: &mut Report) -> Option<Vec<IpNet>> {
    let listed = report.read_each("--allow-ip", &args.allow_ip, network);
    let Some(path) = args.allow_ip_file.as_deref() else { return listed };
    let text = report.read("--allow-ip-file", path, |path| {
        let bytes = files::read(Path::new(path), ALLOW_FILE_BYTES_MAX)?;
        String::from_utf8(bytes.to_vec()).map_err(|_| "is not UTF-8 text".into())
    })?;
    let entries = text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.split('#').next().unwrap_or("").trim()));
    let entries: Vec<_> = entries.filter(|(_, entry)| !entry.is_empty()).collect();
    if entries.is_empty() {
        report.wrong("--allow-ip-file", path, "names no network: expected one a line");
        return None;
    }
    let read = |(line, entry): &(usize, &str)| {
        network(entry)
            .map_err(|fault| report.wrong("--allow-ip-file", &format!("{path}:{line}: {entry}"), fault))
            .ok()
    };
    let from_file: Vec<IpNet> = entries.iter().filter_map(read).collect();
    let complete = from_file.len() == entries.len();
    complete.then_some(from_file).zip(listed).map(|(from_file, listed)| [listed, from_file].concat())
}

fn upstream(args: &UpstreamArgs, report: &mut Report) -> Option<Upstream> {
    let Some(url) = args.upstream.as_deref() else {
        report.problem("--upstream", "is missing: say where the app listens, such as http://127.0.0.1:3000");
        return None;
    };
    let upstream = report.read("--upstream", url, str::parse);
    let Some(ca) = args.upstream_ca.as_deref() else { return upstream };
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

/// Room for some thirty thousand networks.
const ALLOW_FILE_BYTES_MAX: usize = 1 << 20;
