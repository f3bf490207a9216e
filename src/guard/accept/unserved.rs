//! Connections that never became requests, in the log.
//!
//! Whoever reaches the port can bring them about as fast as he likes. So one
//! line a second is written for each reason, and the next one of that reason
//! says how many were left out.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use tokio::time::{Duration, Instant};

use crate::guard::accept::handshake_fault::HandshakeFault;

/// What was told of them last. The reasons are closed lists, so this stays small.
#[derive(Debug, Default)]
pub(crate) struct Unserved(Mutex<BTreeMap<&'static str, Told>>);

#[derive(Debug)]
struct Told {
    at: Instant,
    /// Since then.
    left_out: u64,
}

impl Unserved {
    /// A TLS handshake with `client` failed.
    pub(super) fn handshake(&self, client: IpAddr, fault: HandshakeFault) {
        let reason = fault.name();
        match self.turn(reason) {
            // A health check that only connects is nothing to be warned of.
            Some(left_out) if fault == HandshakeFault::ClosedByPeer => {
                tracing::info!(%client, reason, left_out, "a TLS handshake failed");
            }
            Some(left_out) => tracing::warn!(%client, reason, left_out, "a TLS handshake failed"),
            None => {}
        }
    }

    /// A connection of `peer` was closed at once, for a reason as metrics name it.
    pub(super) fn refused(&self, peer: IpAddr, reason: &'static str) {
        if let Some(left_out) = self.turn(reason) {
            tracing::warn!(%peer, reason, left_out, "a connection was closed at once");
        }
    }

    /// Whether there may be a line for `reason` now; how many there might have
    /// been since the last.
    fn turn(&self, reason: &'static str) -> Option<u64> {
        let now = Instant::now();
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match told.get_mut(reason) {
            Some(last) if now.duration_since(last.at) < INTERVAL => {
                last.left_out = last.left_out.saturating_add(1);
                None
            }
            _ => {
                let before = told.insert(reason, Told { at: now, left_out: 0 });
                Some(before.map_or(0, |before| before.left_out))
            }
        }
    }
}

const INTERVAL: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn of_each_reason_one_line_a_second_is_written_and_the_others_are_counted() {
        let unserved = Unserved::default();
        let turns = |reason| (0..5).map(|_| unserved.turn(reason)).collect::<Vec<_>>();
        assert_eq!(turns("timeout"), [Some(0), None, None, None, None]);
        assert_eq!(turns("expired"), [Some(0), None, None, None, None]);
        advance(INTERVAL / 2).await;
        assert_eq!(turns("timeout"), [None; 5]);
        advance(INTERVAL / 2).await;
        assert_eq!(turns("timeout"), [Some(9), None, None, None, None]);
        advance(INTERVAL).await;
        assert_eq!(turns("timeout")[0], Some(4));
        assert_eq!(turns("expired")[0], Some(4));
    }
}
