//! HTTP/1.1, framed strictly.
//!
//! hyper parses requests well, but takes more than one reading of some: both
//! lengths, repeated lengths, bare LF, NUL in a chunk extension. Where two
//! programs can read one stream differently, a second request can hide in the
//! first (RFC 9112 section 11.2). So `StrictIo` sits between the decrypted
//! stream and hyper, follows the framing byte by byte, and lets through only
//! what has one reading.
//!
//! | file | idea |
//! |---|---|
//! | `scan` | where a head ends, and that its lines end in CRLF |
//! | `head` | what a whole head says of its body |
//! | `target`, `host` | the forms of a request target and of a host |
//! | `chunked` | the chunked coding |
//! | `framing` | message after message, without I/O: start here |
//! | `io` | the same on a stream, with the head's deadline |
//! | `fault` | why something was refused, and how the service learns of it |
//!
//! The gate has no policy: what it refuses is answered by the service, in
//! order, behind the answers to the requests before it.

mod chunked;
mod fault;
mod framing;
mod head;
mod host;
mod io;
mod scan;
mod target;

use std::time::Duration;

pub use fault::Http1Fault;
pub(crate) use fault::Refusal;
pub(crate) use host::is_host;
pub(crate) use io::StrictIo;
pub(crate) use target::is_path_and_query;

/// What one request head may cost.
#[derive(Clone, Copy, Debug)]
pub struct Http1Bounds {
    /// Longest head, in bytes, from the first byte after the message before
    /// it to its empty line.
    pub head_bytes: usize,
    /// Most fields in a head; at most 100, which is what hyper takes.
    pub head_fields: usize,
    /// From the first byte of a head to its last.
    pub head_timeout: Duration,
}

/// Follows `bytes`, handed over in two parts, as the gate would: how many of
/// them pass, and what is refused behind them. For fuzzing only.
#[doc(hidden)]
pub fn follow_in_parts(bytes: &[u8], first: usize, bounds: &Http1Bounds) -> (usize, Option<Http1Fault>) {
    let mut framing = framing::Framing::new(bounds);
    let early = framing.follow(&bytes[..first.min(bytes.len())]);
    if early.fault.is_some() {
        return (early.settled, early.fault);
    }
    let late = framing.follow(&bytes[early.settled..]);
    (early.settled + late.settled, late.fault)
}

/// Follows `bytes` as one chunked body: how many of them pass, and what is
/// refused behind them. For fuzzing only.
#[doc(hidden)]
pub fn follow_chunked(bytes: &[u8]) -> (usize, Option<Http1Fault>) {
    let followed = chunked::Chunked::default().follow(bytes);
    (followed.settled, followed.fault)
}

#[cfg(test)]
mod tests;
