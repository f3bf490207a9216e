//! Captures: refused deliveries as files, for `countersign explain`.
//!
//! Off unless asked for. Kept is what was refused for what its sender sent
//! ([`Rejection::may_be_captured`]); what verified is never offered, so that no
//! file is a delivery that the app could still take. A capture has the
//! signature, which explaining needs, and no secret (`redaction`).
//!
//! The worker that refuses copies a bounded part and hands it to one thread; it
//! never waits, and whatever goes wrong here changes nothing for a delivery.
//! Rates, for each code and for all, keep a flood of one sort from driving out
//! what is rare and from writing without end.
//!
//! The control socket has a sibling of these, [`sight`](crate::guard::sight)'s
//! refusals: a line for each of the latest, whatever the code, in memory, and
//! nothing that was sent but its method, its path and an id that verified. What
//! holds a secret is kept out of both by one rule
//! ([`withheld`]).
//!
//! `request` writes the file's bytes, `redaction` decides what is left out of
//! them, `store` keeps so many files and no more.

mod redaction;
mod request;
mod store;

use std::collections::HashMap;
use std::io;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;

use self::request::{Body, Captured};
use self::store::Store;
use crate::causes::Causes;
use crate::clock::UnixTime;
use crate::config::{CaptureConfig, Rate};
use crate::guard::in_force::InForce;
use crate::guard::rejection::Rejection;
use crate::guard::withheld;
use crate::limits::RateLimiter;
use crate::private_file::DirectoryError;
use crate::telemetry::{CaptureMetrics, Metrics};

/// Where refused deliveries are handed to.
#[derive(Debug)]
pub(crate) struct Captures {
    queue: SyncSender<Captured>,
    body_bytes_max: usize,
    /// For each code that is captured.
    of_codes: HashMap<&'static str, RateLimiter>,
    of_all: RateLimiter,
    metrics: CaptureMetrics,
}

/// Why captures cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// Their directory cannot be used.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// Their thread could not be started.
    #[error("start the thread that writes captures")]
    Thread(#[source] io::Error),
}

/// A delivery that was refused.
pub(crate) struct Offered<'a> {
    pub(crate) rejection: Rejection,
    pub(crate) received: UnixTime,
    pub(crate) parts: &'a Parts,
    /// Where it was read before the refusal.
    pub(crate) body: Option<&'a Bytes>,
    /// How many fields the tripwire took out of `parts`.
    pub(crate) removed: u64,
}

impl Captures {
    /// Opens the directory and starts the thread, which ends with this.
    pub(crate) fn open(config: &CaptureConfig, metrics: &Metrics) -> Result<Self, CaptureError> {
        let store = Store::open(&config.state_dir, config.files_max)?;
        let metrics = CaptureMetrics::new(metrics);
        let (queue, waiting) = sync_channel(WAITING_MAX);
        let counted = metrics.clone();
        let write = move || write_all(&waiting, store, &counted);
        thread::Builder::new().name("captures".to_owned()).spawn(write).map_err(CaptureError::Thread)?;
        let codes = Rejection::all().filter(|rejection| rejection.may_be_captured()).map(Rejection::code);
        Ok(Self {
            queue,
            body_bytes_max: config.body_bytes_max,
            of_codes: codes.map(|code| (code, limiter(OF_A_CODE, BURST_OF_A_CODE))).collect(),
            of_all: limiter(OF_ALL, OF_ALL),
            metrics,
        })
    }

    /// Keeps `offered`, if it is of a sort that is kept and there is room.
    pub(crate) fn offer(&self, in_force: &Arc<InForce>, offered: &Offered<'_>) {
        let code = offered.rejection.code();
        let Some(of_code) = self.of_codes.get(code) else { return };
        // Found anew, so that no delivery that is taken pays for it.
        let Some(source) = in_force.routes.find(offered.parts) else { return };
        if of_code.admit().is_err() || self.of_all.admit().is_err() {
            return self.metrics.dropped_for_rate();
        }
        let captured = Captured {
            received: offered.received,
            code,
            source: Arc::clone(source),
            in_force: Arc::clone(in_force),
            method: offered.parts.method.clone(),
            uri: offered.parts.uri.clone(),
            fields: offered.parts.headers.clone(),
            // A copy, so that what waits here holds none of the memory for bodies.
            body: offered
                .body
                .map_or(Body::Unread, |body| Body::of(body, self.body_bytes_max, withheld::reach(in_force))),
            removed: offered.removed,
        };
        if self.queue.try_send(captured).is_err() {
            self.metrics.dropped_for_room();
        }
    }
}

fn limiter(events: NonZeroU32, burst: NonZeroU32) -> RateLimiter {
    RateLimiter::new("capture", Rate { events, per: Duration::from_secs(1), burst })
}

/// Until nobody can hand in more. A disk that fails is said once, and once
/// more when it is well again.
fn write_all(waiting: &Receiver<Captured>, mut store: Store, metrics: &CaptureMetrics) {
    let mut failed = false;
    for captured in waiting {
        let (source, code) = (captured.source.config.name.as_str(), captured.code);
        match store.keep(captured.received, source, code, &captured.written()) {
            Ok(()) => {
                metrics.kept();
                if failed {
                    tracing::info!("captures can be written again");
                }
                failed = false;
            }
            Err(error) => {
                metrics.dropped_for_disk();
                if !failed {
                    tracing::error!(
                        error = %Causes(&error),
                        "a capture could not be written; deliveries are not touched by it, and further ones are counted (countersign_captures_dropped_total)"
                    );
                }
                failed = true;
            }
        }
    }
}

/// So many wait for the disk at once, each a head and a part of a body.
const WAITING_MAX: usize = 16;

/// A second, of one code and of all: enough to explain a mistake, which repeats
/// itself, and little enough for any disk.
const OF_A_CODE: NonZeroU32 = NonZeroU32::new(1).expect("not zero");
const BURST_OF_A_CODE: NonZeroU32 = NonZeroU32::new(5).expect("not zero");
const OF_ALL: NonZeroU32 = NonZeroU32::new(10).expect("not zero");
