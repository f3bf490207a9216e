//! One endpoint: who the consumer is, how requests to it are signed, and the
//! way to it.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use super::choices::Choices;
use super::secret::{self, Given};
use super::{authorization, bounds, scheme, transport};
use crate::config::environment::Environment;
use crate::config::problems::Report;
use crate::config::raw_signer::{ClientTlsArgs, ConsumerArgs, EndpointArgs};
use crate::config::values::{
    ByteSize, Destination, Fault, Protection, Switch, duration, name, network, number, word,
};
use crate::config::{ClientCertificate, ClientTls, EgressConfig, EndpointConfig, PathPattern, TlsVersion};
use crate::schemes::{FormCoverage, Mechanism, Row, Scheme, SchemeOptions, SignError};

/// Reads an endpoint. `prefix` gives its path prefix by its name where none
/// is given.
pub(super) fn read(
    args: &EndpointArgs,
    prefix: impl Fn(&str) -> String,
    environment: &Environment,
    report: &mut Report,
) -> Option<EndpointConfig> {
    let consumer = &args.consumer;
    let egress = egress(consumer, &args.tls, report);
    let given_name = report.read_optional("--name", consumer.name.as_deref(), name);
    let given_prefix = report.read_optional("--path-prefix", consumer.path_prefix.as_deref(), path_prefix);
    let schemes = schemes(args, environment, report);
    let authorization = authorization::read(&args.authorization, egress.as_ref(), environment, report);
    let body_bytes_max = report.read_optional("--max-body", consumer.max_body.as_deref(), bounds::body_bytes);
    let rate = bounds::rate(consumer.rate_limit.as_deref(), consumer.rate_burst.as_deref(), report);
    let concurrency = report.read_optional("--concurrency", consumer.concurrency.as_deref(), |text| {
        number(text, 1..=CONCURRENCY_MAX).map(|count| NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN))
    });
    let (egress, schemes) = (egress?, schemes?);
    let name = given_name?.unwrap_or_else(|| host_name(&egress.destination));
    let smallest = schemes.iter().map(|scheme| scheme.preset().defaults.body_bytes_max).min()?;
    Some(EndpointConfig {
        path_prefix: given_prefix?.unwrap_or_else(|| prefix(&name)),
        name,
        schemes,
        authorization: authorization?,
        body_bytes_max: body_bytes_max?.unwrap_or(smallest),
        rate: rate?,
        concurrency: concurrency?.unwrap_or(CONCURRENCY),
        egress,
    })
}

fn egress(args: &ConsumerArgs, tls: &ClientTlsArgs, report: &mut Report) -> Option<EgressConfig> {
    let plain = report.read_optional("--allow-plain", args.allow_plain.as_deref(), word::<Switch>);
    let allow_plain = matches!(plain, Some(Some(Switch::On)));
    if args.endpoint.is_none() {
        report.problem(
            "--endpoint",
            "is missing: say where to deliver, such as https://consumer.example/hooks; --config FILE names several",
        );
    }
    let read = |url: &str| Destination::read(url, allow_plain);
    let destination = args.endpoint.as_deref().and_then(|url| report.read("--endpoint", url, read));
    let allow = report.read_each("--allow-destination", &args.allow_destination, network);
    let proxy = report.read_optional("--https-proxy", args.https_proxy.as_deref(), str::parse);
    let tls = client_tls(tls, report);
    let timeout = report.read_optional("--timeout", args.timeout.as_deref(), duration);
    let answer = report.read_optional("--max-answer", args.max_answer.as_deref(), bounds::body_bytes);
    let (destination, tls) = (destination?, tls?);
    if destination.protection() == Protection::Plain && tls.certificate.is_some() {
        report.problem("--cert", "has no meaning for an endpoint that is not https");
    }
    plain?;
    Some(EgressConfig {
        destination,
        allow: allow?,
        proxy: proxy?,
        tls,
        timeout: timeout?.unwrap_or(TIMEOUT),
        answer_bytes_max: usize::try_from(answer?.unwrap_or(ANSWER.0)).unwrap_or(usize::MAX),
    })
}

fn client_tls(args: &ClientTlsArgs, report: &mut Report) -> Option<ClientTls> {
    let certificate = match (args.cert.as_deref(), args.key.as_deref()) {
        (Some(cert), Some(key)) => transport::matching(("--cert", cert), ("--key", key), report)
            .map(|(cert, key)| Some(ClientCertificate { cert, key })),
        (None, None) => Some(None),
        (Some(_), None) => {
            report.problem("--key", "is missing: --cert needs it");
            None
        }
        (None, Some(_)) => {
            report.problem("--cert", "is missing: --key needs it");
            None
        }
    };
    let ca = transport::authorities("--ca", args.ca.as_deref(), report);
    let min_version = report.read_optional("--tls-min", args.tls_min.as_deref(), word);
    let server_names = report.read_each("--server-san", &args.server_san, str::parse);
    let server_pins = report.read_each("--server-spki-pin", &args.server_spki_pin, str::parse);
    Some(ClientTls {
        ca: ca?,
        certificate: certificate?,
        server_names: server_names?,
        server_pins: server_pins?,
        min_version: min_version?.unwrap_or(TlsVersion::V1_3),
    })
}

/// A name that metrics and paths can carry, made of the host.
fn host_name(destination: &Destination) -> String {
    let host = destination.authority().host().to_string();
    let plain = host.trim_matches(['[', ']']).replace(':', "-");
    plain.chars().take(NAME_CHARS_MAX).collect()
}

/// A path without a slash at its end; the root is nothing at all.
fn path_prefix(text: &str) -> Result<String, Fault> {
    let prefix = text.strip_suffix('/').unwrap_or(text);
    match prefix {
        "" if text == "/" => Ok(String::new()),
        _ => match prefix.parse() {
            Ok(PathPattern::Exact(path)) => Ok(path),
            Ok(PathPattern::Prefix(_)) => {
                Err("expected a path without an asterisk: what is below belongs to it".into())
            }
            Err(_) => Err("expected a path without query, such as /e/billing".into()),
        },
    }
}

/// Every scheme with its secrets.
fn schemes(args: &EndpointArgs, environment: &Environment, report: &mut Report) -> Option<Vec<Arc<Scheme>>> {
    let (coverage, args) = (&args.coverage, &args.signing);
    let default = [DEFAULT_SCHEME.to_owned()];
    let asked = if args.scheme.is_empty() { &default[..] } else { &args.scheme };
    let presets = report.read_each("--scheme", asked, scheme::preset);
    let weak = report.read_optional("--allow-weak-secret", args.allow_weak_secret.as_deref(), word::<Switch>);
    let asked = presets.as_deref().unwrap_or_default();
    let given = Given { files: &args.secret_file, variables: &args.secret_env, purpose: "signed" };
    let secrets = secret::read(given, asked, environment, report);
    let choices = Choices::read(&args.algorithm, coverage, asked, report);
    let (presets, secrets, weak, choices) = (presets?, secrets?, weak?, choices?);
    let allow_weak_secret = weak == Some(Switch::On);
    let mut schemes: Vec<Arc<Scheme>> = Vec::new();
    secret::check(&presets, &secrets, report);
    for preset in &presets {
        let mine = secret::of(preset, &secrets);
        if mine.is_empty() {
            report.wrong("--scheme", preset.name, "has no secret: each is kept to another scheme");
            continue;
        }
        let options = SchemeOptions { allow_weak_secret, ..choices.of(&preset.mechanism) };
        let compiled = scheme::compile(&Row::from(*preset), &mine, &options, report);
        // Which half of a pair a key is, its file says.
        let is_certain = |fault: &SignError| {
            *fault != SignError::PublicKey || !mine.iter().any(|own| own.is_unseen(report))
        };
        if let Some(fault) = compiled.as_ref().and_then(cannot_sign).filter(is_certain) {
            report.wrong("--scheme", preset.name, fault.to_string());
            continue;
        }
        schemes.extend(compiled.map(Arc::new));
    }
    (schemes.len() == presets.len()).then_some(schemes)
}

/// Why no message of an app can be signed. The URL that is delivered to has no
/// digest of the body.
fn cannot_sign(scheme: &Scheme) -> Option<SignError> {
    match &scheme.preset().mechanism {
        Mechanism::Form(wire) if wire.covers != FormCoverage::Fields => Some(SignError::DigestMissing),
        _ => scheme.cannot_sign(),
    }
}

const DEFAULT_SCHEME: &str = "standard-webhooks";

const TIMEOUT: Duration = Duration::from_secs(15);

const ANSWER: ByteSize = ByteSize(1 << 20);

const CONCURRENCY: NonZeroU32 = NonZeroU32::new(64).expect("it is not zero");

const CONCURRENCY_MAX: u32 = 8192;

const NAME_CHARS_MAX: usize = 64;
