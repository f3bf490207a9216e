//! A role that is up: its sockets, its threads, and how it stops.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::thread::{self, JoinHandle};

use crate::admin::{self, Health};
use crate::net::{self, DrainSignal};

/// Why a role did not come up, whichever it is.
#[derive(Debug, thiserror::Error)]
pub enum UpError {
    /// An address could not be listened on.
    #[error("listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// A thread could not be started.
    #[error("start a worker thread")]
    Thread(#[source] io::Error),
}

/// The bound sockets of a role.
#[derive(Debug)]
pub(crate) struct Sockets {
    /// One a worker.
    listeners: Vec<TcpListener>,
    admin: TcpListener,
    address: SocketAddr,
    admin_address: SocketAddr,
}

/// A role that is up.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    admin_address: SocketAddr,
    stop: DrainSignal,
    /// Stops the admin port, after everything else.
    stop_admin: DrainSignal,
    workers: Vec<JoinHandle<io::Result<()>>>,
    admin: JoinHandle<io::Result<()>>,
    end: End,
}

/// What is done when no worker is left.
struct End(Option<Box<dyn FnOnce() + Send>>);

impl fmt::Debug for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("End")
    }
}

impl Sockets {
    /// Binds `listen` for each of `threads`, and `admin_listen`.
    pub(crate) fn bind(
        listen: SocketAddr,
        admin_listen: SocketAddr,
        threads: NonZeroUsize,
    ) -> Result<Self, UpError> {
        let bind = |address, workers| {
            net::listen_all(address, workers).map_err(|source| UpError::Listen { address, source })
        };
        let listeners = bind(listen, threads)?;
        let admin = bind(admin_listen, NonZeroUsize::MIN)?.remove(0);
        // The port that the system chose, where the configuration said 0.
        let address = listeners[0].local_addr().unwrap_or(listen);
        let admin_address = admin.local_addr().unwrap_or(admin_listen);
        Ok(Self { listeners, admin, address, admin_address })
    }
}

/// Lets no more `connections` in than the process may have files open.
pub(crate) fn fit_descriptors(connections: &mut usize) {
    let (most, configured) = (net::connections_max(), *connections);
    if configured > most {
        *connections = most;
        tracing::warn!(
            connections = most,
            configured,
            "fewer connections than configured: raise the limit of open files (ulimit -n)"
        );
    }
}

/// Starts a thread for each listener, doing what `worker` makes of it, and one
/// for the admin port. They stop when `stop` begins.
pub(crate) fn run<W>(
    role: &str,
    sockets: Sockets,
    stop: DrainSignal,
    health: Health,
    mut worker: impl FnMut(TcpListener) -> W,
) -> Result<Running, UpError>
where
    W: FnOnce() -> io::Result<()> + Send + 'static,
{
    let Sockets { listeners, admin, address, admin_address } = sockets;
    let mut workers = Vec::new();
    for (number, listener) in listeners.into_iter().enumerate() {
        workers.push(spawn(format!("{role}-{number}"), worker(listener))?);
    }
    let stop_admin = DrainSignal::default();
    let until = stop_admin.clone();
    let admin = spawn("admin".to_owned(), move || admin::run(admin, health, until))?;
    Ok(Running { address, admin_address, stop, stop_admin, workers, admin, end: End(None) })
}

impl Running {
    /// Has `end` done once the workers have ended, before the admin port goes.
    pub(crate) fn at_the_end(self, end: impl FnOnce() + Send + 'static) -> Self {
        Self { end: End(Some(Box::new(end))), ..self }
    }

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
        if let End(Some(end)) = self.end {
            end();
        }
        self.stop_admin.begin();
        result.and(join(self.admin))
    }
}

fn spawn(
    name: String,
    run: impl FnOnce() -> io::Result<()> + Send + 'static,
) -> Result<JoinHandle<io::Result<()>>, UpError> {
    thread::Builder::new().name(name).spawn(run).map_err(UpError::Thread)
}

fn join(thread: JoinHandle<io::Result<()>>) -> io::Result<()> {
    thread.join().unwrap_or_else(|_| Err(io::Error::other("a worker thread panicked")))
}
