//! The certificate that connections are accepted with, replaced as a whole
//! while they come.
//!
//! TLS 1.2 at the least, which is what an API server speaks; the provider and
//! the versions are named, so that no feature that some crate turns on adds
//! one. No client certificate is asked for, and no session is resumed: an API
//! server keeps its connections.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::NoServerSessionStorage;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::TlsVersion;
use crate::net::tls_versions;

/// See the module's description. Nothing is shown until something is put.
#[derive(Default)]
pub(crate) struct Serving(ArcSwapOption<ServerConfig>);

impl Serving {
    /// What the next connection is accepted with.
    pub(crate) fn current(&self) -> Option<Arc<ServerConfig>> {
        self.0.load_full()
    }

    /// Shows `chain`, leaf first, from now on. On an error what was shown
    /// stays.
    pub(super) fn put(
        &self,
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<(), rustls::Error> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(tls_versions(TlsVersion::V1_2))?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config.max_early_data_size = 0;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        self.0.store(Some(Arc::new(config)));
        Ok(())
    }
}

impl fmt::Debug for Serving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Serving({})", if self.0.load().is_some() { "a certificate" } else { "nothing" })
    }
}
