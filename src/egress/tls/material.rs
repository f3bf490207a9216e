//! Certificates that change while we run.
//!
//! What cannot be used leaves in force what was, so certificate and key need not
//! change in one step: between the two they do not match and nothing is taken.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::ClientConfig;

use super::{ClientTlsError, client_config};
use crate::config::{ClientTls, Stamps};

/// The TLS configuration in force, and the files it came from.
#[derive(Debug)]
pub(crate) struct Material {
    tls: ClientTls,
    /// Counts the configurations that were in force, to tell connections made
    /// under an old one. Written under the lock of `current`.
    generation: AtomicU64,
    current: Mutex<Arc<ClientConfig>>,
    /// The files as they were at the last look.
    seen: Mutex<Stamps>,
}

impl Material {
    /// Reads the files for the first time.
    pub(crate) fn load(tls: &ClientTls) -> Result<Self, ClientTlsError> {
        let seen = Mutex::new(stamps(tls));
        let current = Mutex::new(client_config(tls)?);
        Ok(Self { tls: tls.clone(), generation: AtomicU64::new(0), current, seen })
    }

    /// What new connections are made with, and its generation.
    pub(crate) fn current(&self) -> (Arc<ClientConfig>, u64) {
        let current = lock(&self.current);
        (Arc::clone(&current), self.generation())
    }

    /// The generation in force. A connection of another one is retired.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Looks at the files and takes what has changed; says whether it did. An
    /// error leaves in force what was. Reads files: not for a worker's own
    /// thread.
    pub(crate) fn refresh(&self) -> Result<bool, ClientTlsError> {
        let mut seen = lock(&self.seen);
        // Looked at before they are read: what changes meanwhile is seen the
        // next time.
        let now = stamps(&self.tls);
        if *seen == now {
            return Ok(false);
        }
        *seen = now;
        let config = client_config(&self.tls)?;
        let mut current = lock(&self.current);
        *current = config;
        self.generation.fetch_add(1, Ordering::Release);
        Ok(true)
    }
}

fn stamps(tls: &ClientTls) -> Stamps {
    let ours = tls.certificate.iter().flat_map(|ours| [&ours.cert, &ours.key]);
    let mut stamps = Stamps::default();
    tls.ca.iter().chain(ours).for_each(|path| stamps.look_at(path));
    stamps
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each is replaced as a whole: a panic leaves none half written.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
