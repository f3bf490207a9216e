//! The upstream: an HTTP/1.1 client with a pool of kept-open connections.
//!
//! It takes a whole request and gives back a streamed answer. It knows no
//! policy: which delivery may be sent, and what its outcome means, is decided
//! by the caller. It never follows a redirect, never upgrades, never decodes a
//! body, and repeats a request only when no byte of it was sent.
//!
//! One [`Pool`] serves one upstream on one worker's runtime. Start there:
//! [`Pool::send`] is the life of an exchange. `target` opens connections,
//! `connection` drives one, `body` streams the answer and hands the connection
//! back. The signer's egress has a way of its own to a consumer, and shares
//! what an HTTP/1.1 connection is (`connection`) and how it waits (`idle`).
//!
//! No task is spawned. hyper's client is two halves, a connection and a handle
//! to it, meant for two tasks that wake each other; here the task that wants
//! the answer polls both, and `bell` keeps it from waking itself.

mod bell;
mod body;
mod connection;
mod error;
mod idle;
mod pool;
mod stream;
mod target;
#[cfg(test)]
mod tests;

pub(crate) use body::UpstreamBody;
pub(crate) use connection::{Connection, ExchangeError};
pub(crate) use error::{UpstreamBodyError, UpstreamError};
pub(crate) use idle::Idle;
pub(crate) use pool::Pool;
pub(crate) use stream::Stream;
pub(crate) use target::{Target, TargetError};
