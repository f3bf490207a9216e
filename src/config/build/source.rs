//! The source: scheme, secrets, who may send, how much, and where to.

use std::num::NonZeroU32;
use std::path::Path;
use std::slice;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;

use super::bounds::MEMORY_BYTES_PER_ADDRESS;
use crate::config::environment::Environment;
use crate::config::nearest::nearest;
use crate::config::problems::{Remark, Report};
use crate::config::raw::{GuardArgs, SourceArgs, UpstreamArgs, scheme_names};
use crate::config::secrets::{self, Sourced};
use crate::config::values::{ByteSize, Fault, Switch, duration, network, number, word};
use crate::config::{PathPattern, Policies, Rate, SourceConfig, Upstream};
use crate::config::{files, material};
use crate::keys::KEY_BYTES_MIN;
use crate::schemes::{self, KeyError, KeyFault, Preset, Scheme, SchemeOptions};

pub(super) fn read(args: &GuardArgs, environment: &Environment, report: &mut Report) -> Option<SourceConfig> {
    let source = &args.source;
    let preset = preset(source.scheme.as_deref(), report);
    let name = report.read_optional("--source", source.source.as_deref(), name);
    let scheme = scheme(source, preset, environment, report);
    let paths = report.read_each("--path", &source.path, str::parse);
    let allow = allow(source, report);
    let identities = report.read_each("--client-identity", &args.tls.client_identity, str::parse);
    let rate = rate(source, report);
    let body_bytes_max = report.read_optional("--max-body", source.max_body.as_deref(), body_bytes);
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
    report.read("--scheme", name, |name| {
        let names = schemes::presets().iter().map(|preset| preset.name);
        schemes::preset(name).ok_or_else(|| match nearest(name, names) {
            Some(near) => format!("did you mean {near}? expected one of {}", scheme_names()).into(),
            None => format!("expected one of {}", scheme_names()).into(),
        })
    })
}

/// The name stands in a header field, a metric label and log lines.
fn name(text: &str) -> Result<String, Fault> {
    let well_formed = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if well_formed && (1..=NAME_BYTES_MAX).contains(&text.len()) {
        return Ok(text.to_owned());
    }
    Err("expected a name of up to 64 letters, digits, dots, dashes and underscores".into())
}

/// The compiled scheme: here the secrets turn into keys, or turn out not to.
fn scheme(
    args: &SourceArgs,
    preset: Option<&'static Preset>,
    environment: &Environment,
    report: &mut Report,
) -> Option<Scheme> {
    let secrets = secrets::read(args, environment, report);
    let allow_weak_secret = report.read("--allow-weak-secret", &args.allow_weak_secret, word);
    let tolerance = tolerance(args.tolerance.as_deref(), preset, report);
    let (secrets, preset, weak) = (secrets?, preset?, allow_weak_secret?);
    let usable = secrets.iter().filter(|sourced| is_usable(sourced, preset, weak, report)).count();
    let options = SchemeOptions { tolerance: tolerance?, allow_weak_secret: weak == Switch::On };
    if usable < secrets.len() {
        return None;
    }
    let texts: Vec<_> = secrets.into_iter().map(|sourced| sourced.secret).collect();
    Scheme::new(preset, &texts, options)
        .map_err(|error| report.problem("--secret-file", format!("and --secret-env cannot be used: {error}")))
        .ok()
}

/// Whether the scheme can make a key of this secret, so that each unusable one
/// is reported with its own place.
fn is_usable(sourced: &Sourced, preset: &'static Preset, weak: Switch, report: &mut Report) -> bool {
    let made = Scheme::new(preset, slice::from_ref(&sourced.secret), SchemeOptions::default());
    let fault = match made {
        Ok(_) => return true,
        Err(KeyError::Unusable { fault: KeyFault::Weak { bytes }, .. }) if weak == Switch::On => {
            let about = format!("{} {}", sourced.key, sourced.place);
            report.remarks.push(Remark::warning(about, format!("makes a weak key of {bytes} bytes")));
            return true;
        }
        Err(KeyError::Unusable { fault: KeyFault::Weak { bytes }, .. }) => format!(
            "makes a key of {bytes} bytes: expected at least {KEY_BYTES_MIN}; `countersign secret` makes one, \
             --allow-weak-secret takes this one"
        ),
        Err(KeyError::Unusable { fault, .. }) => fault.to_string(),
        Err(error) => error.to_string(),
    };
    report.wrong(sourced.key, &sourced.place, fault);
    false
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

#[allow(clippy::option_option)]
fn rate(args: &SourceArgs, report: &mut Report) -> Option<Option<Rate>> {
    let rate = report.read_optional("--rate-limit", args.rate_limit.as_deref(), str::parse::<Rate>);
    let burst = report.read_optional("--rate-burst", args.rate_burst.as_deref(), |text| {
        if args.rate_limit.is_none() {
            return Err("has no meaning without --rate-limit".into());
        }
        number(text, 1..=BURST_MAX).map(|burst| NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN))
    });
    let (rate, burst) = (rate?, burst?);
    Some(rate.map(|rate| Rate { burst: burst.unwrap_or(rate.burst), ..rate }))
}

fn body_bytes(text: &str) -> Result<u64, Fault> {
    let ByteSize(bytes) = text.parse()?;
    if bytes > MEMORY_BYTES_PER_ADDRESS {
        let most = ByteSize(MEMORY_BYTES_PER_ADDRESS);
        return Err(
            format!("expected at most {most}, which is all that one address may have in memory").into()
        );
    }
    Ok(bytes)
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

const NAME_BYTES_MAX: usize = 64;

/// Room for some thirty thousand networks.
const ALLOW_FILE_BYTES_MAX: usize = 1 << 20;

const BURST_MAX: u32 = 100_000_000;
