//! How the signer reaches one endpoint: every value read, checked and typed.

use std::path::PathBuf;
use std::time::Duration;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::guard::{Identity, TlsVersion};
use super::values::{Destination, Proxy, SpkiPin};

/// The way to one endpoint.
#[derive(Clone, Debug)]
pub struct EgressConfig {
    /// The consumer's URL.
    pub destination: Destination,
    /// Addresses that may be dialled although they are not public.
    pub allow: Vec<IpNet>,
    /// The proxy in between, where one was named by flag.
    pub proxy: Option<Proxy>,
    /// TLS toward the consumer.
    pub tls: ClientTls,
    /// From the name to the last byte of the answer's body.
    pub timeout: Duration,
    /// Longest body of an answer, in bytes.
    pub answer_bytes_max: usize,
}

/// The client's side of TLS.
#[derive(Clone, Debug)]
pub struct ClientTls {
    /// CA certificates, PEM; the public ones when absent.
    pub ca: Option<PathBuf>,
    /// What we show to a consumer that asks who we are.
    pub certificate: Option<ClientCertificate>,
    /// Who the server must be, one of these, instead of the URL's host (RFC
    /// 9525 section 6.1.1). Empty means the host.
    pub server_names: Vec<Identity>,
    /// Keys of which the server must hold one, besides all else. Empty means any.
    pub server_pins: Vec<SpkiPin>,
    /// The oldest version spoken.
    pub min_version: TlsVersion,
}

impl EgressConfig {
    /// Every address there is, for what the operator named and nobody else.
    pub(crate) fn anywhere() -> Vec<IpNet> {
        vec![IpNet::V4(Ipv4Net::default()), IpNet::V6(Ipv6Net::default())]
    }
}

impl ClientTls {
    /// Whoever has the URL's host in a certificate under `ca`; we show none.
    pub(crate) fn under(ca: Option<PathBuf>) -> Self {
        Self {
            ca,
            certificate: None,
            server_names: Vec::new(),
            server_pins: Vec::new(),
            min_version: TlsVersion::V1_2,
        }
    }
}

/// A certificate and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// Certificate chain, leaf first, PEM.
    pub cert: PathBuf,
    /// Private key, PEM (PKCS#8, PKCS#1 or SEC1).
    pub key: PathBuf,
}
