//! A tunnel through a forward proxy, by CONNECT (RFC 9110 section 9.3.6).
//!
//! The proxy resolves the destination's name and so decides where it leads:
//! what is judged here is the proxy's own address. Whoever names a proxy
//! leaves the choice of addresses to it.

use std::error::Error;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::config::Authority;

/// Asks the proxy at the other end of `socket` for a tunnel to `destination`.
pub(super) async fn open_tunnel(
    mut socket: TcpStream,
    destination: &Authority,
) -> Result<TcpStream, TunnelError> {
    let request = format!("CONNECT {destination} HTTP/1.1\r\nHost: {destination}\r\n\r\n");
    socket.write_all(request.as_bytes()).await?;
    let mut answer = BytesMut::with_capacity(ANSWER_BYTES_MAX);
    while answer.len() < ANSWER_BYTES_MAX {
        if (&mut socket).take((ANSWER_BYTES_MAX - answer.len()) as u64).read_buf(&mut answer).await? == 0 {
            break;
        }
        let Some((status, head_bytes)) = parse(&answer)? else { continue };
        return match status {
            // A final answer has no body here; through the tunnel, both TLS
            // and HTTP/1.1 wait for us to speak. What follows is not theirs.
            200..=299 if head_bytes == answer.len() => Ok(socket),
            200..=299 => Err(TunnelError::Malformed("it speaks before it was spoken to".into())),
            status => Err(TunnelError::Refused { status }),
        };
    }
    Err(TunnelError::Malformed("its answer has no end".into()))
}

/// Why there is no tunnel.
#[derive(Debug, thiserror::Error)]
pub(super) enum TunnelError {
    /// The proxy answered, but not with success.
    #[error("get a tunnel from the proxy: it answered {status}")]
    Refused {
        /// Its answer.
        status: u16,
    },
    /// What it answered is not HTTP, or too much.
    #[error("read the proxy's answer")]
    Malformed(#[source] Box<dyn Error + Send + Sync>),
    /// The connection to it broke.
    #[error("talk to the proxy")]
    Io(#[from] std::io::Error),
}

/// Status and length of the head, once it is there.
fn parse(answer: &[u8]) -> Result<Option<(u16, usize)>, TunnelError> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
    let mut response = httparse::Response::new(&mut fields);
    match response.parse(answer).map_err(|error| TunnelError::Malformed(error.into()))? {
        httparse::Status::Complete(bytes) => Ok(response.code.map(|code| (code, bytes))),
        httparse::Status::Partial => Ok(None),
    }
}

/// The longest head of a proxy's answer.
const ANSWER_BYTES_MAX: usize = 8 * 1024;

/// The most fields in it.
const FIELDS_MAX: usize = 64;
