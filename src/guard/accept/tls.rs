//! The server's side of TLS, from the configuration's files.
//!
//! TLS 1.3, and 1.2 only where it was asked for; the provider and the versions
//! are named, so that a feature that some crate turns on adds neither. Key
//! exchange is hybrid X25519MLKEM768 where the client can, else X25519, P-256
//! or P-384. No early data: it can be replayed (RFC 8446 section 8).
//!
//! Sessions resume by stateless tickets (RFC 8446 section 4.6.1) whose key
//! changes every six hours. A ticket carries the client's certificate past the
//! checks made here, so its keys live no longer than the configuration made by
//! [`server_tls`]: what is loaded anew takes no old ticket. See
//! [`identity`](super::identity) for certificates that expire meanwhile.
//!
//! Revocation is checked for the whole chain below the trust anchor: where a
//! client comes with an intermediate certificate, the root's list is needed
//! too. A certificate that no list speaks for, and a list past its
//! `nextUpdate`, refuse the client (RFC 5280 section 6.3).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::aws_lc_rs::{self, Ticketer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, VerifierBuilderError, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::Zeroizing;

use crate::clock::UnixTime;
use crate::config::material::{self, PemError, Validity};
use crate::config::{ClientAuth, TlsConfig, TlsVersion};
use crate::net::tls_versions;
use crate::schemes::Digest;

/// Why TLS cannot be set up. Says the file and what to do.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is missing or holds something else.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// The key is not the certificate's, or of a kind that is not taken.
    #[error(
        "use {cert} with {key}: give the private key of the first certificate in the file (ECDSA P-256, P-384 or P-521, Ed25519, or RSA of 2048 bits and more)",
        cert = cert.display(), key = key.display()
    )]
    Identity {
        /// The certificate chain.
        cert: PathBuf,
        /// The private key.
        key: PathBuf,
        /// What rustls found.
        source: rustls::Error,
    },
    /// One of the revocation lists is not one.
    #[error(
        "read the revocation lists {crls:?}: give lists of version 2, not delta lists (RFC 5280 section 5)"
    )]
    RevocationLists {
        /// All the files: rustls does not say which.
        crls: Vec<PathBuf>,
        /// What rustls found.
        source: VerifierBuilderError,
    },
    /// The system gives no random bytes for the ticket key.
    #[error("make the key of session tickets")]
    Ticketer(#[source] rustls::Error),
}

/// What connections are accepted with.
pub(crate) struct ServerTls {
    pub(crate) config: Arc<ServerConfig>,
    /// Judges a client's certificate anew when trust has changed under its
    /// connection.
    pub(crate) verifier: Arc<dyn ClientCertVerifier>,
    /// Of everything it was made from: equal for equal material.
    pub(crate) material: Digest,
    /// Of what decides whose certificates are trusted.
    pub(crate) trust: Digest,
    /// Every certificate and revocation list it was made from.
    pub(crate) endings: Vec<Ending>,
}

impl ServerTls {
    /// When each of the revocation lists ends.
    pub(crate) fn ends_of_lists(&self) -> impl Iterator<Item = UnixTime> {
        self.endings.iter().filter(|ending| ending.kind == LIST).filter_map(|ending| ending.ends)
    }
}

/// What of a certificate or revocation list people watch.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    /// What it is for, as the metric of its end has it.
    pub(crate) kind: &'static str,
    pub(crate) file: PathBuf,
    pub(crate) name: String,
    pub(crate) ends: Option<UnixTime>,
}

/// When the first of each kind ends, for the metric that warns of it.
pub(crate) fn first_ends(endings: &[Ending]) -> impl Iterator<Item = (&'static str, UnixTime)> {
    let mut first = BTreeMap::new();
    for Ending { kind, ends, .. } in endings {
        if let Some(ends) = *ends {
            first.entry(*kind).and_modify(|first| *first = ends.min(*first)).or_insert(ends);
        }
    }
    first.into_iter()
}

/// Reads the files of `tls`, each of them once.
pub(crate) fn server_tls(tls: &TlsConfig) -> Result<ServerTls, TlsError> {
    let chain = material::certificates(&tls.cert)?;
    let key = material::private_key(&tls.key)?;
    let mut endings: Vec<Ending> =
        endings("server", &tls.cert, chain.iter().filter_map(material::validity)).collect();
    let mut trust = Vec::new();
    let verifier = client_verifier(&tls.client_auth, &mut endings, &mut trust)?;
    let material = material_of(tls, &chain, &key, &trust);
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(tls_versions(tls.min_version))
        .expect("the provider has cipher suites for both versions")
        .with_client_cert_verifier(Arc::clone(&verifier))
        .with_single_cert(chain, key)
        .map_err(|source| TlsError::Identity { cert: tls.cert.clone(), key: tls.key.clone(), source })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.max_early_data_size = 0;
    config.ticketer = Ticketer::new().map_err(TlsError::Ticketer)?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    // One is enough for a client that keeps its connections, and each costs a
    // little of the handshake.
    config.send_tls13_tickets = 1;
    Ok(ServerTls { config: Arc::new(config), verifier, material, trust: Digest::of(&trust), endings })
}

fn client_verifier(
    auth: &ClientAuth,
    seen: &mut Vec<Ending>,
    material: &mut Vec<u8>,
) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let (trust, optional) = match auth {
        ClientAuth::Off => return Ok(WebPkiClientVerifier::no_client_auth()),
        ClientAuth::Optional(trust) => (trust, true),
        ClientAuth::Required(trust) => (trust, false),
    };
    material.push(u8::from(optional));
    for ca in &trust.cas {
        let certificates = material::certificates(ca)?;
        for certificate in &certificates {
            add(material, certificate);
        }
        seen.extend(endings("client_ca", ca, certificates.iter().filter_map(material::validity)));
    }
    for path in &trust.crls {
        let lists = material::revocation_lists(path)?;
        for list in &lists {
            add(material, list);
        }
        seen.extend(endings(LIST, path, lists.iter().filter_map(material::validity_of_list)));
    }
    verifier(&trust.cas, &trust.crls, optional)
}

fn endings(
    kind: &'static str,
    file: &Path,
    validities: impl Iterator<Item = Validity>,
) -> impl Iterator<Item = Ending> {
    validities.map(move |Validity { name, ends, .. }| Ending { kind, file: file.to_owned(), name, ends })
}

/// What trusts certificates under `cas` that `crls` do not revoke.
pub(crate) fn verifier(
    cas: &[PathBuf],
    crls: &[PathBuf],
    optional: bool,
) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let mut roots = RootCertStore::empty();
    for ca in cas {
        roots.extend(material::authorities(ca)?.roots);
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    for path in crls {
        verifier = verifier.with_crls(material::revocation_lists(path)?);
    }
    if !crls.is_empty() {
        verifier = verifier.enforce_revocation_expiration();
    }
    if optional {
        verifier = verifier.allow_unauthenticated();
    }
    verifier.build().map_err(|source| TlsError::RevocationLists { crls: crls.to_vec(), source })
}

/// A digest is kept, the bytes are not: the key is among them.
fn material_of(
    tls: &TlsConfig,
    chain: &[CertificateDer<'_>],
    key: &PrivateKeyDer<'_>,
    trust: &[u8],
) -> Digest {
    let mut material = Zeroizing::new(vec![u8::from(tls.min_version == TlsVersion::V1_2)]);
    for certificate in chain {
        add(&mut material, certificate);
    }
    add(&mut material, key.secret_der());
    add(&mut material, trust);
    Digest::of(&material)
}

/// The kind of an ending that is a revocation list's.
const LIST: &str = "client_crl";

/// With its length, so that no bytes move between two parts.
fn add(material: &mut Vec<u8>, part: &[u8]) {
    material.extend((part.len() as u64).to_be_bytes());
    material.extend(part);
}

#[cfg(test)]
mod tests;
