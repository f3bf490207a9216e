//! What the injector waits for before it takes work. What was reached once
//! counts: an API server that is away asks nothing, and replicas that all went
//! unready at once would keep its question from being answered afterwards.

use std::sync::atomic::{AtomicBool, Ordering};

/// See the module's description. Nothing was reached yet.
#[derive(Debug, Default)]
pub(crate) struct Readiness {
    version: AtomicBool,
    namespaces: AtomicBool,
    bundle: AtomicBool,
}

impl Readiness {
    /// The API server is of a version that is known to work.
    pub(crate) fn version_known(&self) {
        self.version.store(true, Ordering::Release);
    }

    /// Every namespace is known.
    pub(crate) fn namespaces_known(&self) {
        self.namespaces.store(true, Ordering::Release);
    }

    /// The API server was seen to trust what is shown; or somebody else sees
    /// to it.
    pub(crate) fn bundle_seen(&self) {
        self.bundle.store(true, Ordering::Release);
    }

    /// What is waited for first.
    pub(crate) fn reached(&self, has_certificate: bool) -> Result<(), &'static str> {
        let reached = |flag: &AtomicBool| flag.load(Ordering::Acquire);
        for (is_reached, waiting) in [
            (reached(&self.version), "waiting for the version of the API server"),
            (has_certificate, "waiting for a certificate"),
            (reached(&self.namespaces), "waiting for the namespaces"),
            (reached(&self.bundle), "waiting for the caBundle to be in force"),
        ] {
            if !is_reached {
                return Err(waiting);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_until_nothing_is() {
        let readiness = Readiness::default();
        assert_eq!(readiness.reached(false), Err("waiting for the version of the API server"));
        readiness.version_known();
        assert_eq!(readiness.reached(false), Err("waiting for a certificate"));
        readiness.namespaces_known();
        assert_eq!(readiness.reached(true), Err("waiting for the caBundle to be in force"));
        readiness.bundle_seen();
        assert_eq!(readiness.reached(true), Ok(()));
    }
}
