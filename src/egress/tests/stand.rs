//! What the tests share: certificates, a resolver, and the way to a consumer.

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use http_body_util::Full;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType};
use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use tempfile::TempDir;

use crate::config::{ClientTls, Destination, EgressConfig, TlsVersion};
use crate::egress::resolve::Resolve;
use crate::egress::{Egress, EgressError, Route};

/// Long enough for anything on loopback, and never waited for in full.
pub(super) const LONG: Duration = Duration::from_secs(20);

/// The longest answer that the tests take.
pub(super) const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// A CA and what it signs.
pub(super) struct Ca(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its key.
pub(super) struct Leaf {
    pub(super) certificate: CertificateDer<'static>,
    pub(super) pem: String,
    pub(super) key: KeyPair,
}

impl Ca {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(super) fn pem(&self) -> String {
        self.0.pem()
    }

    /// Trust in this CA alone.
    pub(super) fn roots(&self) -> Arc<RootCertStore> {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        Arc::new(roots)
    }

    /// A certificate for DNS names, addresses and (with a colon) URIs.
    pub(super) fn leaf(&self, names: &[&str]) -> Leaf {
        self.leaf_until(names, 2100)
    }

    /// One that ends with the first day of a year.
    pub(super) fn leaf_until(&self, names: &[&str], year: i32) -> Leaf {
        let mut params = CertificateParams::default();
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        params.subject_alt_names = names
            .iter()
            .map(|name| match name.parse() {
                Ok(address) => SanType::IpAddress(address),
                Err(_) if name.contains(':') => SanType::URI((*name).try_into().unwrap()),
                Err(_) => SanType::DnsName((*name).try_into().unwrap()),
            })
            .collect();
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Leaf { pem: certificate.pem(), certificate: certificate.der().clone(), key }
    }
}

/// A configuration with nothing special, for `url`, with loopback allowed.
pub(super) fn config(url: &str) -> EgressConfig {
    EgressConfig {
        destination: Destination::read(url, true).unwrap(),
        allow: vec!["127.0.0.0/8".parse().unwrap()],
        proxy: None,
        tls: ClientTls {
            ca: None,
            certificate: None,
            server_names: Vec::new(),
            server_pins: Vec::new(),
            min_version: TlsVersion::V1_3,
        },
        timeout: LONG,
        answer_bytes_max: ANSWER_BYTES_MAX,
    }
}

/// Egress with a resolver to which every name is 127.0.0.1.
pub(super) fn egress(config: &EgressConfig) -> Egress {
    Egress::new(Arc::new(route(config)))
}

pub(super) fn route(config: &EgressConfig) -> Route {
    Route::new(config, Arc::new(Fixed::new([&["127.0.0.1"][..]]))).unwrap()
}

/// Answers in turn with the given addresses; the last are given from then on.
#[derive(Debug)]
pub(super) struct Fixed {
    answers: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
}

impl Fixed {
    pub(super) fn new<const N: usize>(answers: [&[&str]; N]) -> Self {
        let parse = |answer: &[&str]| answer.iter().map(|address| address.parse().unwrap()).collect();
        Self { answers: answers.into_iter().map(parse).collect(), asked: AtomicUsize::new(0) }
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Resolve for Fixed {
    fn resolve<'a>(&'a self, _name: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move { Ok(self.answers[asked.min(self.answers.len() - 1)].clone()) })
    }
}

/// Posts `hello` to a path.
pub(super) async fn post(egress: &Egress, path: &str) -> Result<Response<Bytes>, EgressError> {
    egress.send(Request::post(path).body(Full::from("hello")).unwrap()).await
}

/// The text of an answer that must come.
pub(super) async fn fetch(egress: &Egress) -> String {
    String::from_utf8(post(egress, "/hooks?a=1").await.unwrap().into_body().to_vec()).unwrap()
}

/// Writes a file and gives its path.
pub(super) fn write(directory: &TempDir, file: &str, contents: impl AsRef<[u8]>) -> PathBuf {
    let path = directory.path().join(file);
    std::fs::write(&path, contents).unwrap();
    path
}
