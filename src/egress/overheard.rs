//! A stream whose TLS error is remembered.
//!
//! In TLS 1.3 a server says after its part of the handshake that it does not
//! take our certificate, when the connection is HTTP/2's already, and HTTP/2
//! keeps only the text of what went wrong with its stream.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::net::Stream;

/// See the module's description.
pub(super) struct Overheard {
    stream: Stream,
    error: Arc<OnceLock<rustls::Error>>,
}

impl Overheard {
    /// The stream, and where its error will be.
    pub(super) fn new(stream: Stream) -> (Self, Arc<OnceLock<rustls::Error>>) {
        let error = Arc::<OnceLock<_>>::default();
        (Self { stream, error: Arc::clone(&error) }, error)
    }
}

impl AsyncRead for Overheard {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = self.stream.as_mut().poll_read(cx, into);
        if let Poll::Ready(Err(error)) = &read
            && let Some(tls) = error.get_ref().and_then(|wrapped| wrapped.downcast_ref::<rustls::Error>())
        {
            // Only the first tells why.
            self.error.set(tls.clone()).ok();
        }
        read
    }
}

impl AsyncWrite for Overheard {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.stream.as_mut().poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream.as_mut().poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
