//! A certificate that somebody else makes and mounts: read, shown, and read
//! again when its files have changed.
//!
//! What cannot be used leaves what was shown, so that certificate and key need
//! not change in one step: between the two they do not match.

use std::sync::Arc;

use base64ct::{Base64, Encoding as _};
use bytes::Bytes;
use rustls_pki_types::CertificateDer;
use tokio::sync::watch;

use super::serving::Serving;
use crate::clock::UnixTime;
use crate::config::material::{self, PemError};
use crate::config::{MountedPair, Stamps};
use crate::telemetry::ProcessMetrics;

/// Why the files of a mounted certificate are of no use.
#[derive(Debug, thiserror::Error)]
pub enum MountedError {
    /// One of them holds something else.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// They do not belong together, or are of a kind that is not taken.
    #[error("use {cert} with {key}", cert = .pair.cert.display(), key = .pair.key.display())]
    Pair {
        /// The files.
        pair: Box<MountedPair>,
        /// What rustls found.
        source: rustls::Error,
    },
}

/// Shows what is in the files.
pub(crate) struct Mounted {
    pair: MountedPair,
    serving: Arc<Serving>,
    metrics: Arc<ProcessMetrics>,
    /// The bundle that the API server is to have, where we tell it.
    wanted: watch::Sender<Option<Bytes>>,
}

impl Mounted {
    pub(crate) fn new(
        pair: MountedPair,
        serving: Arc<Serving>,
        metrics: Arc<ProcessMetrics>,
        wanted: watch::Sender<Option<Bytes>>,
    ) -> Self {
        Self { pair, serving, metrics, wanted }
    }

    /// Reads the files and shows what is in them from now on. Gives what they
    /// were like before they were read. Not for a worker's own thread.
    pub(crate) fn take(&self) -> Result<Stamps, MountedError> {
        let mut stamps = Stamps::default();
        let MountedPair { cert, key, ca } = &self.pair;
        [cert, key].into_iter().chain(ca).for_each(|path| stamps.look_at(path));
        let chain = material::certificates(cert)?;
        let private = material::private_key(key)?;
        let authorities = ca.as_ref().map(|ca| material::certificates(ca)).transpose()?;
        let expiry = material::first_expiry(&chain);
        self.serving
            .put(chain, private)
            .map_err(|source| MountedError::Pair { pair: Box::new(self.pair.clone()), source })?;
        self.tell("server", expiry);
        if let Some(authorities) = authorities {
            self.tell("ca", material::first_expiry(&authorities));
            self.wanted.send_replace(Some(bundle(&authorities)));
        }
        Ok(stamps)
    }

    fn tell(&self, certificate: &str, expiry: Option<UnixTime>) {
        if let Some(expiry) = expiry {
            self.metrics.set_certificate_expiry(certificate, expiry);
        }
    }
}

/// The certificates and nothing else of their file: what is in a webhook
/// configuration, everybody may read.
fn bundle(authorities: &[CertificateDer<'_>]) -> Bytes {
    let mut pem = String::new();
    for authority in authorities {
        let text = Base64::encode_string(authority);
        pem.push_str("-----BEGIN CERTIFICATE-----\n");
        for line in text.as_bytes().chunks(PEM_LINE) {
            pem.extend(line.iter().copied().map(char::from));
            pem.push('\n');
        }
        pem.push_str("-----END CERTIFICATE-----\n");
    }
    pem.into()
}

/// RFC 7468 section 2.
const PEM_LINE: usize = 64;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::time::Duration;

    use super::super::pair::Pair;
    use super::*;
    use crate::clock::{Clock as _, SystemClock};

    fn mounted(directory: &Path) -> (Mounted, Arc<Serving>, watch::Receiver<Option<Bytes>>) {
        let path = |name: &str| directory.join(name);
        let pair = MountedPair { cert: path("tls.crt"), key: path("tls.key"), ca: Some(path("ca.crt")) };
        let serving = Arc::new(Serving::default());
        let (wanted, asked) = watch::channel(None);
        (Mounted::new(pair, Arc::clone(&serving), Arc::new(ProcessMetrics::new()), wanted), serving, asked)
    }

    #[test]
    fn a_pair_that_does_not_match_leaves_what_was_shown() {
        let directory = tempfile::tempdir().unwrap();
        let (now, life) = (SystemClock.now(), Duration::from_secs(24 * 3600));
        let authority = Pair::authority(life, now).unwrap();
        let leaf = || authority.sign(&["a.test".to_owned()], life, now).unwrap();
        let write = |name: &str, bytes: &[u8]| fs::write(directory.path().join(name), bytes).unwrap();
        let put = |pair: &Pair| {
            write("tls.crt", pair.certificate.pem().as_bytes());
            write("tls.key", pair.key.expose());
        };
        let (mounted, serving, wanted) = mounted(directory.path());
        assert!(mounted.take().is_err() && serving.current().is_none());
        put(&leaf());
        // Whatever else is in the file stays out of what everybody may read.
        let pem = authority.certificate.pem().as_bytes();
        write("ca.crt", &[b"a note\n", pem, leaf().key.expose()].concat());
        mounted.take().unwrap();
        let first = serving.current().unwrap();
        assert_eq!(wanted.borrow().as_deref(), Some(pem));

        write("tls.crt", leaf().certificate.pem().as_bytes());
        assert!(matches!(mounted.take(), Err(MountedError::Pair { .. })));
        assert!(Arc::ptr_eq(&serving.current().unwrap(), &first));
        put(&leaf());
        mounted.take().unwrap();
        assert!(!Arc::ptr_eq(&serving.current().unwrap(), &first));
    }
}
