//! How many files the process may have open: every connection is one.
//!
//! With none left, strangers' idle connections would take the health port and
//! the app out of reach. The soft limit is often 1024, for the sake of programs
//! that use `select(2)`, and each process may raise its own up to the hard one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The most connections from outside that leave room for those to the app and
/// for the rest.
///
/// Most connections are idle at any moment, and idle ones need none to the app.
pub(crate) fn connections_max() -> usize {
    let files = raise_limit().unwrap_or(u64::MAX);
    let to_app = (files / 4).min(TO_APP);
    usize::try_from(files.saturating_sub(RESERVED + to_app)).unwrap_or(usize::MAX).max(1)
}

/// Raises the soft limit to the hard one, and gives what holds then; `None` is
/// no limit.
fn raise_limit() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    }
}

/// As many as are kept open to the app when many deliveries come at once; of a
/// small limit, a quarter.
const TO_APP: u64 = 1024;

/// Listeners, the admin port's connections, logs and what the runtimes use.
const RESERVED: u64 = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_as_high_as_it_may_be_and_the_connections_stay_below() {
        let most = connections_max() as u64;
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
        assert!(limit.current.is_none_or(|files| most == 1 || most + RESERVED < files));
    }
}
