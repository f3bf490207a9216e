//! TLS or none: the files are opened, parsed and held against each other.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::aws_lc_rs;
use rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls_pki_types::CertificateRevocationListDer;

use crate::config::problems::Report;
use crate::config::raw::TlsArgs;
use crate::config::values::{Fault, Switch, Word, word};
use crate::config::{ClientAuth, ClientTrust, TlsConfig, TlsVersion, Transport};
use crate::config::{files, material};

/// `source_cas` are those that single sources trust.
pub(super) fn read(
    plain: &str,
    args: &TlsArgs,
    source_cas: &[PathBuf],
    report: &mut Report,
) -> Option<Transport> {
    match report.read("--plain", plain, word)? {
        Switch::On => plain_alone(args, report),
        Switch::Off => tls(args, source_cas, report).map(Transport::Tls),
    }
}

/// Someone who gives certificates wants TLS, whatever else they say.
fn plain_alone(args: &TlsArgs, report: &mut Report) -> Option<Transport> {
    let given = [
        ("--tls-cert", args.tls_cert.is_some()),
        ("--tls-key", args.tls_key.is_some()),
        ("--tls-min", args.tls_min.is_some()),
        ("--client-ca", args.client_ca.is_some()),
        ("--client-auth", args.client_auth.as_deref().is_some_and(|auth| auth != "off")),
        ("--client-crl", !args.client_crl.is_empty()),
    ];
    let fault = "contradicts --plain: leave one of the two out";
    none_of(given, |key| report.problem(key, fault)).then_some(Transport::Plain)
}

fn tls(args: &TlsArgs, source_cas: &[PathBuf], report: &mut Report) -> Option<TlsConfig> {
    let cert = needed_file("--tls-cert", args.tls_cert.as_deref(), report);
    let key = needed_file("--tls-key", args.tls_key.as_deref(), report);
    let pair =
        cert.zip(key).and_then(|(cert, key)| matching(("--tls-cert", cert), ("--tls-key", key), report));
    let min_version = report.read_optional("--tls-min", args.tls_min.as_deref(), word);
    let client_auth = client_auth(args, source_cas, report);
    let (cert, key) = pair?;
    Some(TlsConfig {
        cert,
        key,
        client_auth: client_auth?,
        min_version: min_version?.unwrap_or(TlsVersion::V1_3),
    })
}

fn needed_file<'a>(key: &'static str, path: Option<&'a str>, report: &mut Report) -> Option<&'a str> {
    if path.is_none() {
        report.lacking(
            key,
            "is missing: TLS needs it; `countersign certs dev` makes certificates for development, and --plain does \
             without TLS",
        );
    }
    path
}

/// The files of certificate and key, if they belong together.
pub(super) fn matching(
    (cert_flag, cert): (&'static str, &str),
    (key_flag, key): (&'static str, &str),
    report: &mut Report,
) -> Option<(PathBuf, PathBuf)> {
    report.comes_from(cert);
    report.comes_from(key);
    if report.is_unseen(cert) || report.is_unseen(key) {
        return Some((cert.into(), key.into()));
    }
    let chain = report.read(cert_flag, cert, |path| Ok(material::certificates(Path::new(path))?));
    let private = report.read(key_flag, key, |path| Ok(material::private_key(Path::new(path))?));
    let (chain, private) = (chain?, private?);
    report.remarks.extend(files::exposure(key_flag, Path::new(key)));
    match CertifiedKey::from_der(chain, private, &aws_lc_rs::default_provider()) {
        Ok(_) => Some((cert.into(), key.into())),
        Err(rustls::Error::InconsistentKeys(_)) => {
            report.wrong(key_flag, key, format!("is not the key of the certificate in {cert:?}"));
            None
        }
        Err(rustls::Error::InvalidCertificate(reason)) => {
            report.wrong(cert_flag, cert, format!("is not a usable certificate: {reason}"));
            None
        }
        Err(error) => {
            report.wrong(key_flag, key, format!("is not a usable key: {error}"));
            None
        }
    }
}

fn client_auth(args: &TlsArgs, source_cas: &[PathBuf], report: &mut Report) -> Option<ClientAuth> {
    let asked = report.read_optional("--client-auth", args.client_auth.as_deref(), word)?;
    match asked.unwrap_or(Asked::Required) {
        Asked::Off => nothing_to_trust(args, report),
        Asked::Optional => trust(args, source_cas, report).map(ClientAuth::Optional),
        Asked::Required => trust(args, source_cas, report).map(ClientAuth::Required),
    }
}

fn nothing_to_trust(args: &TlsArgs, report: &mut Report) -> Option<ClientAuth> {
    let given = [("--client-ca", args.client_ca.is_some()), ("--client-crl", !args.client_crl.is_empty())];
    let fault = "contradicts --client-auth off: no client is asked for a certificate";
    none_of(given, |key| report.problem(key, fault)).then_some(ClientAuth::Off)
}

/// Lets `note` say what is wrong with each flag that was given, and says whether
/// none was.
pub(super) fn none_of<const N: usize>(
    flags: [(&'static str, bool); N],
    mut note: impl FnMut(&'static str),
) -> bool {
    let given: Vec<_> = flags.into_iter().filter(|(_, given)| *given).collect();
    for (key, _) in &given {
        note(key);
    }
    given.is_empty()
}

/// CAs and revocation lists, tried on the verifier that will use them.
fn trust(args: &TlsArgs, source_cas: &[PathBuf], report: &mut Report) -> Option<ClientTrust> {
    if args.client_ca.is_none() && source_cas.is_empty() {
        report.lacking(
            "--client-ca",
            "is missing: client certificates are checked against it; --client-auth off asks for none",
        );
        return None;
    }
    args.client_ca.iter().chain(&args.client_crl).for_each(|path| report.comes_from(path));
    let own = authorities("--client-ca", args.client_ca.as_deref(), report);
    let cas: Vec<PathBuf> = own.iter().flatten().chain(source_cas).cloned().collect();
    let mut roots = RootCertStore::empty();
    for path in &cas {
        // One that cannot be read is reported with its source.
        roots.extend(material::authorities(path).map(|roots| roots.roots).unwrap_or_default());
    }
    let roots = Arc::new(roots);
    let check = |path: &Path| {
        let lists = material::revocation_lists(path)?;
        // Without a CA there is nothing to try them on.
        if roots.is_empty() { Ok(()) } else { usable(lists, &roots) }
    };
    let given = &args.client_crl;
    let crls: Vec<_> =
        given.iter().filter_map(|path| report.read_file("--client-crl", path, check)).collect();
    (own.is_some() && crls.len() == given.len()).then_some(ClientTrust { cas, crls })
}

/// A file of CA certificates, where there is one.
#[allow(clippy::option_option)]
pub(super) fn authorities(
    key: &'static str,
    path: Option<&str>,
    report: &mut Report,
) -> Option<Option<PathBuf>> {
    let Some(path) = path else { return Some(None) };
    report.read_file(key, path, |path| Ok(material::authorities(path).map(drop)?)).map(Some)
}

fn usable(
    lists: Vec<CertificateRevocationListDer<'static>>,
    roots: &Arc<RootCertStore>,
) -> Result<(), Fault> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::clone(roots), provider).with_crls(lists).build();
    verifier.map(|_| ()).map_err(|error| match error {
        VerifierBuilderError::InvalidCrl(reason) => {
            format!("is not a usable revocation list: {reason:?}").into()
        }
        other => format!("cannot be used: {other}").into(),
    })
}

/// What `--client-auth` says, before its CA is known.
#[derive(Clone, Copy, PartialEq)]
enum Asked {
    Required,
    Optional,
    Off,
}

impl Word for Asked {
    const WORDS: &'static [(&'static str, Self)] =
        &[("required", Self::Required), ("optional", Self::Optional), ("off", Self::Off)];
}
