//! Whether a client is still trusted that was when it connected.
//!
//! TLS looks at a certificate once, in the handshake, and where a session
//! resumes not even there. When the CA or the revocation lists change under a
//! connection, or one of the lists ends, its certificate is judged anew at its
//! next request, by the verifier that new connections meet; one that fails
//! closes the connection.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use rustls::server::danger::ClientCertVerifier;
use rustls_pki_types::{CertificateDer, UnixTime as VerificationTime};
use smallvec::SmallVec;

use crate::clock::UnixTime;
use crate::guard::in_force::InForce;
use crate::guard::rejection::Rejection;
use crate::net::DrainSignal;

/// Who alone may vouch for the clients of one source.
#[derive(Debug)]
pub(crate) struct SourceTrust {
    verifier: Arc<dyn ClientCertVerifier>,
}

impl SourceTrust {
    pub(crate) const fn new(verifier: Arc<dyn ClientCertVerifier>) -> Self {
        Self { verifier }
    }
}

/// The trust that a connection enjoys.
#[derive(Debug)]
pub(crate) struct Trust {
    /// The generation under which it was found last.
    generation: AtomicU64,
    /// The end of that finding in milliseconds: when the next list ends.
    until: AtomicU64,
    /// Leaf first; empty where the client showed none.
    chain: Box<[CertificateDer<'static>]>,
    /// The sources that have vouched for it, each known by its trust: one that
    /// a reload replaces is another.
    vouched: Mutex<SmallVec<[Weak<SourceTrust>; 1]>>,
    /// Ends the connection once nothing is in flight on it.
    close: DrainSignal,
}

impl Trust {
    /// Of a connection that was accepted under `in_force`, whose client showed
    /// `chain`. A list that has ended already counts as one that ends now: the
    /// handshake of a session that resumes did not look at it.
    pub(super) fn new(in_force: &InForce, chain: &[CertificateDer<'_>], close: DrainSignal) -> Self {
        let chain = chain.iter().map(|certificate| certificate.clone().into_owned()).collect();
        let (generation, until) = (in_force.trust.into(), next_end(in_force, UnixTime::EPOCH).into());
        Self { generation, until, chain, vouched: Mutex::default(), close }
    }

    /// Confirms it under what is in force now, or closes the connection.
    pub(crate) fn confirm(&self, in_force: &InForce, now: UnixTime) -> Result<(), Rejection> {
        let is_in_time = now.as_millis() < self.until.load(Ordering::Relaxed);
        if is_in_time && self.generation.load(Ordering::Relaxed) == in_force.trust {
            return Ok(());
        }
        let judged = self.judge(in_force, now);
        match judged {
            Ok(()) => self.found(in_force, now),
            Err(_) => self.close.begin(),
        }
        judged
    }

    /// It holds until the next change or end. Sources are asked anew.
    fn found(&self, in_force: &InForce, now: UnixTime) {
        self.vouched.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.until.store(next_end(in_force, now), Ordering::Relaxed);
        self.generation.store(in_force.trust, Ordering::Relaxed);
    }

    /// Whether the certificate counts under the CA of a source. Judged once for
    /// a connection, until it is confirmed anew.
    pub(crate) fn counts_under(&self, source: &Arc<SourceTrust>, now: UnixTime) -> bool {
        let mut vouched = self.vouched.lock().unwrap_or_else(PoisonError::into_inner);
        if vouched.iter().any(|known| known.as_ptr() == Arc::as_ptr(source)) {
            return true;
        }
        let Some((leaf, intermediates)) = self.chain.split_first() else { return false };
        let holds = source.verifier.verify_client_cert(leaf, intermediates, at(now)).is_ok();
        if holds {
            vouched.retain(|known| known.strong_count() > 0);
            vouched.push(Arc::downgrade(source));
        }
        holds
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
        let verified = tls.verifier.verify_client_cert(leaf, intermediates, at(now));
        verified.map(drop).map_err(|_| Rejection::IdentityNotAllowed)
    }
}

/// When the first list to end after `now` does so, in milliseconds.
fn next_end(in_force: &InForce, now: UnixTime) -> u64 {
    let lists = in_force.tls.iter().flat_map(|tls| tls.ends_of_lists());
    lists.filter(|end| *end > now).min().map_or(u64::MAX, UnixTime::as_millis)
}

fn at(now: UnixTime) -> VerificationTime {
    VerificationTime::since_unix_epoch(Duration::from_millis(now.as_millis()))
}
