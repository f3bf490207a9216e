//! A role that is up: its sockets, its threads, and how it stops.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::thread::{self, JoinHandle};

use crate::admin::{self, Health};
use crate::config::ControlAddress;
use crate::control::{self, Control, ControlListener, PlaceError};
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
    /// The control socket could not be had.
    #[error(transparent)]
    Control(#[from] PlaceError),
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
    control: Option<ControlListener>,
    address: SocketAddr,
    admin_address: SocketAddr,
}

/// What a role shows of itself.
pub(crate) struct Shown {
    /// On the admin port.
    pub(crate) health: Health,
    /// On the control socket, where it has one.
    pub(crate) control: Option<Control>,
}

/// A role that is up.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    admin_address: SocketAddr,
    control_address: Option<ControlAddress>,
    stop: DrainSignal,
    /// Stops what looks on, after everything else.
    stop_onlookers: DrainSignal,
    workers: Vec<JoinHandle<io::Result<()>>>,
    /// The admin port, and the control socket.
    onlookers: Vec<JoinHandle<io::Result<()>>>,
    end: End,
}

/// What is done when no worker is left.
struct End(Option<Box<dyn FnOnce() + Send + Sync>>);

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
        Ok(Self { listeners, admin, control: None, address, admin_address })
    }

    /// The same with a control socket at `address`, where there is one.
    pub(crate) fn with_control(self, address: Option<&ControlAddress>) -> Result<Self, UpError> {
        let control = address.map(ControlListener::bind).transpose()?;
        Ok(Self { control, ..self })
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
/// each for the admin port and the control socket. They stop when `stop` begins.
pub(crate) fn run<W>(
    role: &str,
    sockets: Sockets,
    stop: DrainSignal,
    shown: Shown,
    mut worker: impl FnMut(TcpListener) -> W,
) -> Result<Running, UpError>
where
    W: FnOnce() -> io::Result<()> + Send + 'static,
{
    let Sockets { listeners, admin, control: socket, address, admin_address } = sockets;
    let Shown { health, control } = shown;
    let control_address = socket.as_ref().map(|socket| socket.address().clone());
    let mut workers = Vec::new();
    for (number, listener) in listeners.into_iter().enumerate() {
        workers.push(spawn(format!("{role}-{number}"), worker(listener))?);
    }
    let stop_onlookers = DrainSignal::default();
    let until = stop_onlookers.clone();
    let mut onlookers = vec![spawn("admin".to_owned(), move || admin::run(admin, health, until))?];
    if let (Some(socket), Some(control)) = (socket, control) {
        let until = stop_onlookers.clone();
        onlookers.push(spawn("control".to_owned(), move || control::run(socket, control, until))?);
    }
    Ok(Running {
        address,
        admin_address,
        control_address,
        stop,
        stop_onlookers,
        workers,
        onlookers,
        end: End(None),
    })
}

impl Running {
    /// Has `end` done once the workers have ended, before the onlookers go.
    pub(crate) fn at_the_end(self, end: impl FnOnce() + Send + Sync + 'static) -> Self {
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

    /// Where the control socket is, if there is one.
    pub const fn control_address(&self) -> Option<&ControlAddress> {
        self.control_address.as_ref()
    }

    /// Begins to stop: readiness fails, listeners close, what is in flight
    /// finishes within the drain's time.
    pub fn drain(&self) {
        self.stop.begin();
    }

    /// Drains, and waits until everything has ended.
    pub fn stop(self) -> io::Result<()> {
        self.drain();
        let result = join_all(self.workers);
        if let End(Some(end)) = self.end {
            end();
        }
        self.stop_onlookers.begin();
        result.and(join_all(self.onlookers))
    }
}

fn spawn(
    name: String,
    run: impl FnOnce() -> io::Result<()> + Send + 'static,
) -> Result<JoinHandle<io::Result<()>>, UpError> {
    thread::Builder::new().name(name).spawn(run).map_err(UpError::Thread)
}

/// Waits for all of them, whatever became of the first.
fn join_all(threads: Vec<JoinHandle<io::Result<()>>>) -> io::Result<()> {
    threads.into_iter().map(join).fold(Ok(()), io::Result::and)
}

fn join(thread: JoinHandle<io::Result<()>>) -> io::Result<()> {
    thread.join().unwrap_or_else(|_| Err(io::Error::other("a worker thread panicked")))
}
