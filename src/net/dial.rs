//! From addresses to a socket.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

/// Connects to the first address that answers, in the order given, which is
/// the resolver's (RFC 6724). Each gets an even share of the time that is left
/// until `deadline`, so that one that swallows packets does not use up what the
/// others need.
pub(crate) async fn connect_any(addresses: &[SocketAddr], deadline: Instant) -> io::Result<TcpStream> {
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    let tried = &addresses[..addresses.len().min(ADDRESSES_MAX)];
    for (untried, address) in (1..=tried.len()).rev().zip(tried) {
        let untried = u32::try_from(untried).expect("at most ADDRESSES_MAX");
        let share = deadline.saturating_duration_since(Instant::now()) / untried;
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(socket)) => {
                // A request leaves in few writes, and none should wait for an answer.
                socket.set_nodelay(true)?;
                return Ok(socket);
            }
            Ok(Err(error)) => failure = named(*address, error),
            Err(elapsed) => failure = named(*address, elapsed.into()),
        }
    }
    Err(failure)
}

/// The failure with the address that it was met at.
fn named(address: SocketAddr, source: io::Error) -> io::Error {
    io::Error::new(source.kind(), ConnectError { address, source })
}

#[derive(Debug, thiserror::Error)]
#[error("connect to {address}")]
struct ConnectError {
    address: SocketAddr,
    source: io::Error,
}

/// At most this many addresses of one name are tried.
const ADDRESSES_MAX: usize = 16;
