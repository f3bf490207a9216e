//! Listening sockets and the loop that accepts on them.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::pin::pin;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::select;
use tokio::time::{Duration, Instant, sleep};
use tracing::warn;

use super::drain::DrainSignal;

/// What connections come from, one at a time.
pub(crate) trait Listener {
    type Stream;
    type Peer;

    /// The next connection, ready for use.
    fn next(&self) -> impl Future<Output = io::Result<(Self::Stream, Self::Peer)>>;
}

impl Listener for TcpListener {
    type Stream = TcpStream;
    type Peer = SocketAddr;

    async fn next(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = self.accept().await?;
        // Answers are whole when they are written, so there is nothing to wait
        // for. A socket that refuses is gone.
        let _ = stream.set_nodelay(true);
        Ok((stream, peer))
    }
}

impl Listener for UnixListener {
    type Stream = UnixStream;
    /// Nobody there has a name.
    type Peer = ();

    async fn next(&self) -> io::Result<(UnixStream, ())> {
        self.accept().await.map(|(stream, _)| (stream, ()))
    }
}

/// Hands every connection to `on_connection`, until `drain` begins.
///
/// Survives what `accept` can fail with: for want of descriptors or memory it
/// waits, up to a second at a time, while the kernel keeps the queue.
pub(crate) async fn accept<L: Listener>(
    listener: L,
    drain: DrainSignal,
    on_connection: impl Fn(L::Stream, L::Peer),
) {
    let mut drained = pin!(drain.begun());
    let mut trouble = Trouble::default();
    loop {
        let accepted = select! {
            biased;
            () = &mut drained => return,
            accepted = listener.next() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                trouble.is_over();
                on_connection(stream, peer);
            }
            Err(error) if concerns_one_peer(&error) => {}
            Err(error) => select! {
                biased;
                () = &mut drained => return,
                () = sleep(trouble.pause_for(&error)) => {}
            },
        }
    }
}

/// Sockets that share `addr`, one for each of `workers`. Port 0 becomes one
/// port that the system chooses, the same for all.
pub(crate) fn listen_all(addr: SocketAddr, workers: NonZeroUsize) -> io::Result<Vec<std::net::TcpListener>> {
    let shared = workers.get() > 1;
    if shared {
        // One that shares does not notice another process that shares too, and
        // the two would each get a part of the deliveries.
        bound(addr, false)?;
    }
    let first = listen(addr, shared)?;
    let addr = first.local_addr()?;
    let others = (1..workers.get()).map(|_| listen(addr, shared));
    std::iter::once(Ok(first)).chain(others).collect()
}

/// A listening socket, non-blocking. With `shared`, others may listen on the
/// same address (`SO_REUSEPORT`) and the kernel spreads connections over them.
fn listen(addr: SocketAddr, shared: bool) -> io::Result<std::net::TcpListener> {
    let socket = bound(addr, shared)?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn bound(addr: SocketAddr, shared: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    // A restart need not wait for the connections of the run before.
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(shared)?;
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    Ok(socket)
}

/// accept(2): errors of a connection that ended in the queue.
fn concerns_one_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

/// A run of failures to accept.
#[derive(Debug, Default)]
struct Trouble {
    failures: u32,
    told_at: Option<Instant>,
}

impl Trouble {
    fn is_over(&mut self) {
        self.failures = 0;
    }

    /// How long to wait after one more failure. Tells the operator, but not
    /// each time.
    fn pause_for(&mut self, error: &io::Error) -> Duration {
        if self.told_at.is_none_or(|told_at| told_at.elapsed() >= TELL_INTERVAL) {
            self.told_at = Some(Instant::now());
            warn!(%error, "cannot accept connections; they wait in the kernel's queue");
        }
        let pause = PAUSE_MIN.saturating_mul(1 << self.failures.min(16));
        self.failures = self.failures.saturating_add(1);
        pause.min(PAUSE_MAX)
    }
}

/// The kernel cuts it to `net.core.somaxconn`.
const BACKLOG: i32 = 4096;

const PAUSE_MIN: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_secs(1);
const TELL_INTERVAL: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    fn loopback() -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 0))
    }

    #[test]
    fn workers_share_the_port_that_the_system_chose() {
        let workers = NonZeroUsize::new(3).expect("3 is not 0");
        let listeners = listen_all(loopback(), workers).expect("loopback has free ports");
        let ports: Vec<_> = listeners.iter().map(|l| l.local_addr().expect("bound").port()).collect();
        assert_eq!(ports, [ports[0]; 3]);
        assert_ne!(ports[0], 0);
    }

    #[test]
    fn a_lone_worker_does_not_share_its_port() {
        let alone = listen_all(loopback(), NonZeroUsize::MIN).expect("loopback has free ports");
        let taken = alone[0].local_addr().expect("bound");
        assert!(listen_all(taken, NonZeroUsize::MIN).is_err());
    }

    #[test]
    fn nobody_shares_a_port_with_a_process_that_was_there_before() {
        let workers = NonZeroUsize::new(2).expect("2 is not 0");
        let first = listen_all(loopback(), workers).expect("loopback has free ports");
        let taken = first[0].local_addr().expect("bound");
        let second = listen_all(taken, workers).map(|_| ());
        assert_eq!(second.map_err(|error| error.kind()), Err(io::ErrorKind::AddrInUse));
        drop(first);
        assert!(listen_all(taken, workers).is_ok());
    }

    #[tokio::test]
    async fn connections_are_handed_over_until_the_drain_begins() {
        let listener = listen_all(loopback(), NonZeroUsize::MIN).expect("loopback has free ports").remove(0);
        let addr = listener.local_addr().expect("bound");
        let listener = TcpListener::from_std(listener).expect("non-blocking");
        let drain = DrainSignal::default();
        let (send, mut peers) = mpsc::unbounded_channel();
        let accepting = tokio::spawn(accept(listener, drain.clone(), move |stream, peer| {
            assert_eq!(stream.nodelay().ok(), Some(true));
            let _ = send.send(peer);
        }));
        let client = TcpStream::connect(addr).await.expect("somebody listens");
        assert_eq!(peers.recv().await, client.local_addr().ok());
        drain.begin();
        assert!(accepting.await.is_ok());
        assert!(TcpStream::connect(addr).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_to_a_second_and_start_anew() {
        let mut trouble = Trouble::default();
        let error = io::Error::from_raw_os_error(24);
        let pauses: Vec<_> = (0..9).map(|_| trouble.pause_for(&error).as_millis()).collect();
        assert_eq!(pauses, [10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
        trouble.is_over();
        assert_eq!(trouble.pause_for(&error), PAUSE_MIN);
    }
}
