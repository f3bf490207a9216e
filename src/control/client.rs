//! Asks a control socket.
//!
//! Whoever listens there may not be a guard, so the answer has a bound and a
//! deadline, and counts only if it is a status that we know how to read.

use std::future::Future;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::status::STATUS_VERSION;
use crate::config::ControlAddress;

/// Why there is no status. Says what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    #[error("there is no socket {0}: is a guard running with --control-socket {0}?")]
    Missing(ControlAddress),
    #[error("nobody listens on {0}: is a guard running with --control-socket {0}?")]
    Silent(ControlAddress),
    #[error("{0} is not for this user: ask as the user that the guard runs as, or as root")]
    NotOurs(ControlAddress),
    #[error("connect to {address}")]
    Connect { address: ControlAddress, source: io::Error },
    #[error("{0} did not answer within {limit} s", limit = PATIENCE.as_secs())]
    Late(ControlAddress),
    #[error("what listens on {0} is not the control socket of a guard")]
    NoGuard(ControlAddress),
    #[error(
        "{address} gives a status of version {version}, and this program reads {STATUS_VERSION}: use the guard's own"
    )]
    OtherVersion { address: ControlAddress, version: u64 },
}

/// The JSON of a `Status`, as it came.
pub(crate) async fn ask(address: &ControlAddress) -> Result<Bytes, AskError> {
    let answer = async {
        match address {
            ControlAddress::Unix(path) => {
                exchange(connected(address, UnixStream::connect(path)).await?, address, "localhost").await
            }
            ControlAddress::Loopback(to) => {
                exchange(connected(address, TcpStream::connect(to)).await?, address, &to.to_string()).await
            }
        }
    };
    let json = timeout(PATIENCE, answer).await.map_err(|_| AskError::Late(address.clone()))??;
    match version(&json) {
        Some(version) if version == u64::from(STATUS_VERSION) => Ok(json),
        Some(version) => Err(AskError::OtherVersion { address: address.clone(), version }),
        None => Err(AskError::NoGuard(address.clone())),
    }
}

async fn connected<S>(
    address: &ControlAddress,
    connecting: impl Future<Output = io::Result<S>>,
) -> Result<S, AskError> {
    let is_file = matches!(address, ControlAddress::Unix(_));
    connecting.await.map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => AskError::Missing(address.clone()),
        io::ErrorKind::ConnectionRefused => AskError::Silent(address.clone()),
        io::ErrorKind::PermissionDenied if is_file => AskError::NotOurs(address.clone()),
        _ => AskError::Connect { address: address.clone(), source },
    })
}

/// Whatever goes wrong from here on is not what a guard does.
async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    address: &ControlAddress,
    host: &str,
) -> Result<Bytes, AskError> {
    let body = async {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
        let request = Request::get("/status").header(header::HOST, host).body(Empty::<Bytes>::new()).ok()?;
        let answer = async {
            let answer = sender.send_request(request).await.ok()?;
            if answer.status() != StatusCode::OK {
                return None;
            }
            Some(Limited::new(answer.into_body(), STATUS_BYTES_MAX).collect().await.ok()?.to_bytes())
        };
        let mut answer = std::pin::pin!(answer);
        tokio::select! {
            answer = &mut answer => answer,
            _ = connection => answer.await,
        }
    };
    body.await.ok_or_else(|| AskError::NoGuard(address.clone()))
}

/// What the answer says of its shape, if it is any.
fn version(json: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Versioned {
        status_version: u64,
    }
    serde_json::from_slice::<Versioned>(json).ok().map(|versioned| versioned.status_version)
}

const PATIENCE: Duration = Duration::from_secs(10);

/// Several thousand sources.
const STATUS_BYTES_MAX: usize = 64 << 20;
