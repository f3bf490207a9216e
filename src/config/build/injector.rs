//! The injector, put together: its certificate from files, or its own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::transport::matching;
use super::{listening, log, threads};
use crate::config::environment::{Environment, Role};
use crate::config::problems::{Problems, Remark, Report};
use crate::config::raw_injector::{ClusterArgs, InjectorArgs, InjectorCertificateArgs};
use crate::config::values::{dns_label, lifetime, object_name};
use crate::config::{CertificatesConfig, InjectorBounds, InjectorConfig, MountedPair, SelfManaged};
use crate::config::{files, material};

impl InjectorConfig {
    /// Reads and checks everything, the files too, without listening or
    /// connecting anywhere. Gives what an injector can run on and what is worth
    /// knowing about it, or everything that is wrong.
    pub fn from_args(
        args: &InjectorArgs,
        environment: &Environment,
    ) -> Result<(Self, Vec<Remark>), Problems> {
        let mut report = Report::default();
        let config = build(args, &mut report);
        let (config, mut remarks) = report.conclude(config)?;
        remarks.extend(environment.unknown(Role::Injector, InjectorArgs::names().iter().map(String::as_str)));
        remarks.extend(advice(&config));
        Ok((config, remarks))
    }
}

fn build(args: &InjectorArgs, report: &mut Report) -> Option<InjectorConfig> {
    let listening = listening(&args.listening.listen, &args.listening.admin_listen, report);
    let certificates = certificates(&args.certificates, &args.cluster, report);
    let webhook_configuration = report.read_optional(
        "--webhook-configuration",
        args.cluster.webhook_configuration.as_deref(),
        object_name,
    );
    let namespace = namespace(args.cluster.namespace.as_deref(), report);
    let threads = threads(args.process.threads.as_deref(), report);
    let log = log(&args.process, report);
    let (listen, admin_listen) = listening?;
    Some(InjectorConfig {
        listen,
        admin_listen,
        defaults: args.injection.default.clone(),
        certificates: certificates?,
        webhook_configuration: webhook_configuration?,
        namespace: namespace?,
        bounds: BOUNDS,
        threads: threads?,
        log: log?,
        files: std::mem::take(&mut report.files),
    })
}

fn certificates(
    args: &InjectorCertificateArgs,
    cluster: &ClusterArgs,
    report: &mut Report,
) -> Option<CertificatesConfig> {
    match (&args.tls_cert, &args.tls_key) {
        (None, None) => self_managed(args, report).map(CertificatesConfig::SelfManaged),
        (Some(cert), Some(key)) => mounted(cert, key, args, cluster, report).map(CertificatesConfig::Mounted),
        (Some(_), None) => {
            report.problem("--tls-key", "is missing: it belongs to --tls-cert");
            None
        }
        (None, Some(_)) => {
            report.problem("--tls-cert", "is missing: it belongs to --tls-key");
            None
        }
    }
}

fn mounted(
    cert: &str,
    key: &str,
    args: &InjectorCertificateArgs,
    cluster: &ClusterArgs,
    report: &mut Report,
) -> Option<MountedPair> {
    for (flag, value) in [
        ("--certificate-secret", &args.certificate_secret),
        ("--service", &args.service),
        ("--certificate-lifetime", &args.certificate_lifetime),
        ("--ca-lifetime", &args.ca_lifetime),
    ] {
        if let Some(value) = value {
            report.wrong(flag, value, "contradicts --tls-cert: that certificate is made by somebody else");
        }
    }
    let pair = matching(("--tls-cert", cert), ("--tls-key", key), report);
    let ca = report.read_optional("--webhook-ca", args.webhook_ca.as_deref(), |path| {
        material::authorities(Path::new(path))?;
        Ok(PathBuf::from(path))
    });
    match (&args.webhook_ca, &cluster.webhook_configuration) {
        (Some(path), None) => {
            report.wrong("--webhook-ca", path, "needs --webhook-configuration: whose caBundle is it to be?");
        }
        (None, Some(name)) => {
            let fault =
                "needs --webhook-ca beside --tls-cert: leave it out where somebody else keeps the caBundle";
            report.wrong("--webhook-configuration", name, fault);
        }
        (Some(path), Some(_)) => report.comes_from(path),
        (None, None) => {}
    }
    let ((cert, key), ca) = (pair?, ca?);
    Some(MountedPair { cert, key, ca })
}

fn self_managed(args: &InjectorCertificateArgs, report: &mut Report) -> Option<SelfManaged> {
    if let Some(path) = &args.webhook_ca {
        report.wrong("--webhook-ca", path, "belongs to --tls-cert: the injector's own CA is in its Secret");
    }
    let secret = args.certificate_secret.as_deref().unwrap_or("countersign-injector-certificates");
    let secret = report.read("--certificate-secret", secret, object_name);
    let service = args.service.as_deref().unwrap_or("countersign-injector");
    let service = report.read("--service", service, dns_label);
    let leaf = args.certificate_lifetime.as_deref().unwrap_or("90d");
    let leaf = report.read("--certificate-lifetime", leaf, lifetime);
    let ca_text = args.ca_lifetime.as_deref().unwrap_or("1825d");
    let ca = report.read("--ca-lifetime", ca_text, lifetime);
    let (certificate_lifetime, ca_lifetime) = (leaf?, ca?);
    // After two thirds of it a CA signs no more: what it signed last must not
    // outlive the rest.
    if ca_lifetime < certificate_lifetime.saturating_mul(3) {
        report.wrong(
            "--ca-lifetime",
            ca_text,
            "expected at least three times --certificate-lifetime: a certificate must not outlive its CA",
        );
    }
    Some(SelfManaged { secret: secret?, service: service?, certificate_lifetime, ca_lifetime })
}

/// The one that is given, or the one that Kubernetes tells every pod.
fn namespace(given: Option<&str>, report: &mut Report) -> Option<String> {
    if let Some(given) = given {
        return report.read("--namespace", given, dns_label);
    }
    let told = files::read(Path::new(SERVICE_ACCOUNT_NAMESPACE), 256).ok();
    let told = told.and_then(|bytes| dns_label(str::from_utf8(&bytes).ok()?.trim_end()).ok());
    if told.is_none() {
        report.problem(
            "--namespace",
            "is missing: outside a pod, or without the token of a service account, it cannot be known",
        );
    }
    told
}

/// What is legal but unwise.
fn advice(config: &InjectorConfig) -> Option<Remark> {
    let own = matches!(config.certificates, CertificatesConfig::SelfManaged(_));
    (own && config.webhook_configuration.is_none()).then(|| {
        Remark::warning(
            "--webhook-configuration",
            "is not given: nobody tells the API server of the injector's own CA, which is in its Secret under ca.crt",
        )
    })
}

const BOUNDS: InjectorBounds = InjectorBounds {
    connections: 1024,
    connections_per_address: 256,
    handshake_timeout: Duration::from_secs(5),
    head_timeout: Duration::from_secs(5),
    head_bytes: 16 << 10,
    head_fields: 64,
    body_bytes_max: 4 << 20,
    body_timeout: Duration::from_secs(5),
    body_rate_min: 16 << 10,
    memory_bytes: 100 << 20,
    memory_bytes_per_address: 50 << 20,
    namespace_timeout: Duration::from_secs(2),
    idle_timeout: Duration::from_secs(120),
    connection_age_max: Duration::from_secs(600),
    drain_timeout: Duration::from_secs(15),
};

/// Kubernetes documentation, "Accessing the API from a Pod".
const SERVICE_ACCOUNT_NAMESPACE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";
