//! Whether a client is still trusted that was when it connected.
//!
//! TLS looks at a certificate once, in the handshake. When the CA or the
//! revocation lists change under a connection, its certificate is judged anew
//! at its next request, by the verifier that new connections meet; one that
//! fails closes the connection.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustls_pki_types::{CertificateDer, UnixTime as VerificationTime};

use crate::clock::UnixTime;
use crate::guard::in_force::InForce;
use crate::guard::rejection::Rejection;
use crate::net::DrainSignal;

/// The trust that a connection enjoys.
#[derive(Debug)]
pub(crate) struct Trust {
    /// The generation under which it was found last.
    generation: AtomicU64,
    /// Leaf first; empty where the client showed none.
    chain: Box<[CertificateDer<'static>]>,
    /// Ends the connection once nothing is in flight on it.
    close: DrainSignal,
}

impl Trust {
    /// Of a connection that was accepted under `in_force`, whose client showed
    /// `chain`.
    pub(super) fn new(in_force: &InForce, chain: &[CertificateDer<'_>], close: DrainSignal) -> Self {
        let chain = chain.iter().map(|certificate| certificate.clone().into_owned()).collect();
        Self { generation: AtomicU64::new(in_force.trust), chain, close }
    }

    /// Confirms it under what is in force now, or closes the connection.
    pub(crate) fn confirm(&self, in_force: &InForce, now: UnixTime) -> Result<(), Rejection> {
        if self.generation.load(Ordering::Relaxed) == in_force.trust {
            return Ok(());
        }
        let judged = self.judge(in_force, now);
        match judged {
            Ok(()) => self.generation.store(in_force.trust, Ordering::Relaxed),
            Err(_) => self.close.begin(),
        }
        judged
    }

    fn judge(&self, in_force: &InForce, now: UnixTime) -> Result<(), Rejection> {
        let Some(tls) = &in_force.tls else { return Ok(()) };
        let Some((leaf, intermediates)) = self.chain.split_first() else {
            let needed = tls.verifier.offer_client_auth() && tls.verifier.client_auth_mandatory();
            return if needed { Err(Rejection::IdentityMissing) } else { Ok(()) };
        };
        // Nobody is asked for a certificate any more: then none is needed.
        if !tls.verifier.offer_client_auth() {
            return Ok(());
        }
        let now = VerificationTime::since_unix_epoch(Duration::from_millis(now.as_millis()));
        let verified = tls.verifier.verify_client_cert(leaf, intermediates, now);
        verified.map(drop).map_err(|_| Rejection::IdentityNotAllowed)
    }
}
