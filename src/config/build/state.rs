//! The shared ledger: where it is, who we are there, what to do without it.

use std::num::NonZeroU32;
use std::time::Duration;

use super::transport;
use crate::config::egress::ClientCertificate;
use crate::config::environment::Environment;
use crate::config::problems::Report;
use crate::config::raw::StateArgs;
use crate::config::secrets::{self, OnePlace};
use crate::config::values::{Fault, PASSWORD, StateUrl, has_password, name, number, word};
use crate::config::{OnStateLoss, RedisConfig, RedisServers, RedisTls};
use crate::keys::Secret;

/// `Some(None)` where none is asked for.
#[allow(clippy::option_option)]
pub(super) fn read(
    args: &StateArgs,
    environment: &Environment,
    report: &mut Report,
) -> Option<Option<RedisConfig>> {
    let Some(url) = args.state.as_deref() else {
        return meaningless(args, report).then_some(None);
    };
    // A password must not be repeated by the problem that it is.
    let url = if has_password(url) {
        report.problem(STATE, PASSWORD);
        None
    } else {
        report.read(STATE, url, str::parse::<StateUrl>)
    };
    let password = password(args.state_password_file.as_deref(), environment, report);
    let tls = tls(args, url.as_ref(), report);
    let prefix = report.read_optional("--state-prefix", args.state_prefix.as_deref(), name);
    let on_loss = report.read_optional("--on-state-loss", args.on_state_loss.as_deref(), word::<OnStateLoss>);
    let replicas = replicas(args.state_wait.as_deref(), url.as_ref(), report);
    let config = RedisConfig::of(url?);
    Some(Some(RedisConfig {
        tls: tls?,
        password: password?,
        prefix: prefix?.unwrap_or_else(|| config.prefix.clone()),
        replicas: replicas?,
        on_loss: on_loss?.unwrap_or_default(),
        ..config
    }))
}

impl RedisConfig {
    /// What `url` says, and the defaults for everything else.
    pub fn from_url(url: &str) -> Result<Self, Fault> {
        url.parse().map(Self::of)
    }

    fn of(url: StateUrl) -> Self {
        Self {
            servers: url.servers,
            tls: url.tls.then_some(RedisTls { ca: None, certificate: None }),
            user: url.user,
            password: None,
            database: url.database,
            prefix: PREFIX.to_owned(),
            replicas: None,
            on_loss: OnStateLoss::default(),
            deadline: DEADLINE,
            clock_skew_max: Some(CLOCK_SKEW_MAX),
        }
    }
}

/// Whether nothing is said of a shared ledger that there is none of.
fn meaningless(args: &StateArgs, report: &mut Report) -> bool {
    let given = [
        ("--state-password-file", &args.state_password_file),
        ("--state-ca", &args.state_ca),
        ("--state-cert", &args.state_cert),
        ("--state-key", &args.state_key),
        ("--state-prefix", &args.state_prefix),
        ("--on-state-loss", &args.on_state_loss),
        ("--state-wait", &args.state_wait),
    ];
    let given = given.map(|(flag, value)| (flag, value.is_some()));
    transport::none_of(given, |key| report.lacking(key, "has no meaning without --state"))
}

#[allow(clippy::option_option)]
fn password(file: Option<&str>, environment: &Environment, report: &mut Report) -> Option<Option<Secret>> {
    if file.is_none() {
        return Some(None);
    }
    let place = OnePlace { file: ("--state-password-file", file), variable: ("", None) };
    let password = secrets::read_one(&place, environment, report)?;
    // AUTH is given text.
    if std::str::from_utf8(password.expose()).is_err() {
        report.problem("--state-password-file", "is not UTF-8 text");
        return None;
    }
    Some(Some(password))
}

#[allow(clippy::option_option)]
fn tls(args: &StateArgs, url: Option<&StateUrl>, report: &mut Report) -> Option<Option<RedisTls>> {
    if url.is_some_and(|url| !url.tls) {
        let given = [
            ("--state-ca", &args.state_ca),
            ("--state-cert", &args.state_cert),
            ("--state-key", &args.state_key),
        ];
        let given = given.map(|(flag, value)| (flag, value.is_some()));
        let fault = "has no meaning without TLS: the URL begins with rediss";
        return transport::none_of(given, |key| report.problem(key, fault)).then_some(None);
    }
    let ca = transport::authorities("--state-ca", args.state_ca.as_deref(), report);
    let certificate = match (args.state_cert.as_deref(), args.state_key.as_deref()) {
        (None, None) => Some(None),
        (Some(cert), Some(key)) => transport::matching(("--state-cert", cert), ("--state-key", key), report)
            .map(|(cert, key)| Some(ClientCertificate { cert, key })),
        (Some(_), None) => {
            report.lacking("--state-key", "is missing: --state-cert needs it");
            None
        }
        (None, Some(_)) => {
            report.lacking("--state-cert", "is missing: --state-key needs it");
            None
        }
    };
    Some(Some(RedisTls { ca: ca?, certificate: certificate? }))
}

#[allow(clippy::option_option)]
fn replicas(text: Option<&str>, url: Option<&StateUrl>, report: &mut Report) -> Option<Option<NonZeroU32>> {
    let clustered = url.is_some_and(|url| matches!(url.servers, RedisServers::Cluster(_)));
    report.read_optional("--state-wait", text, |text| {
        if clustered {
            return Err(
                "has no meaning with a Cluster: give its nodes replicas and min-replicas-to-write".into()
            );
        }
        number(text, 1..=REPLICAS_MAX).map(|count| NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN))
    })
}

const STATE: &str = "--state";

const PREFIX: &str = "countersign";

/// More than a few replicas that must each answer are an outage in waiting.
const REPLICAS_MAX: u32 = 16;

/// One call. A server in the same region answers in one or two milliseconds;
/// what takes longer than this would rather be tried again by the sender.
const DEADLINE: Duration = Duration::from_millis(50);

/// Two guards are then at most twice this apart, which is half the margin that
/// leases have.
const CLOCK_SKEW_MAX: Duration = Duration::from_millis(2500);
