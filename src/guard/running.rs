//! A guard that is up: where it listens, and how it stops.

use std::io;
use std::net::SocketAddr;
use std::thread::JoinHandle;

use crate::net::DrainSignal;

/// A guard that is up.
#[derive(Debug)]
pub struct Running {
    pub(super) address: SocketAddr,
    pub(super) admin_address: SocketAddr,
    pub(super) stop: DrainSignal,
    /// Stops the admin port, after everything else.
    pub(super) stop_admin: DrainSignal,
    pub(super) workers: Vec<JoinHandle<io::Result<()>>>,
    pub(super) admin: JoinHandle<io::Result<()>>,
}

impl Running {
    /// Where deliveries arrive; the port is the one chosen by the system where
    /// the configuration said 0.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the admin port listens.
    pub const fn admin_address(&self) -> SocketAddr {
        self.admin_address
    }

    /// Begins to stop: readiness fails, listeners close, what is in flight
    /// finishes within the drain's time.
    pub fn drain(&self) {
        self.stop.begin();
    }

    /// Drains, and waits until everything has ended.
    pub fn stop(self) -> io::Result<()> {
        self.drain();
        let mut result = Ok(());
        for worker in self.workers {
            result = result.and(join(worker));
        }
        self.stop_admin.begin();
        result.and(join(self.admin))
    }
}

fn join(thread: JoinHandle<io::Result<()>>) -> io::Result<()> {
    thread.join().unwrap_or_else(|_| Err(io::Error::other("a worker thread panicked")))
}
