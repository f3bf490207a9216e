//! Closing without destroying the last answer.
//!
//! A socket that is closed with unread bytes in it sends a reset, and a reset
//! makes the peer's kernel throw away the answer that it has not read yet.
//! After an early refusal there are such bytes: the rest of the request. RFC
//! 9112 section 9.6: close the writing side, read on for a while, then close.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use http_body::Body;
use http_body_util::BodyExt as _;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Duration, Sleep, sleep, timeout};

/// A stream whose shutdown lingers, at most [`LINGER_TIME`] and
/// [`LINGER_BYTES`].
#[derive(Debug)]
pub(crate) struct Linger<S> {
    inner: S,
    closing: Option<Closing>,
}

#[derive(Debug)]
struct Closing {
    deadline: Pin<Box<Sleep>>,
    write_side_closed: bool,
    bytes_left: usize,
}

impl<S> Linger<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self { inner, closing: None }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Linger<S> {
    /// Ready at the end of the stream, or when enough was read.
    fn poll_end(inner: &mut S, closing: &mut Closing, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !closing.write_side_closed {
            ready!(Pin::new(&mut *inner).poll_shutdown(cx))?;
            closing.write_side_closed = true;
        }
        let mut scratch = [0; SCRATCH_BYTES];
        loop {
            let mut discarded = ReadBuf::new(&mut scratch);
            ready!(Pin::new(&mut *inner).poll_read(cx, &mut discarded))?;
            let len = discarded.filled().len();
            if len == 0 || len >= closing.bytes_left {
                return Poll::Ready(Ok(()));
            }
            closing.bytes_left -= len;
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Linger<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_read(cx, buf)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Linger<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let closing = this.closing.get_or_insert_with(|| Closing {
            deadline: Box::pin(sleep(LINGER_TIME)),
            write_side_closed: false,
            bytes_left: LINGER_BYTES,
        });
        match Self::poll_end(&mut this.inner, closing, cx) {
            Poll::Ready(ended) => Poll::Ready(ended),
            Poll::Pending => closing.deadline.as_mut().poll(cx).map(Ok),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

/// Takes in the rest of a body that nobody wants, within the same bounds.
///
/// Dropping it instead would reset its stream of HTTP/2 right behind the
/// answer. No client may throw the answer away for that (RFC 9113 section
/// 8.1), yet curl 7.88 does when it still has body to send.
pub(crate) async fn discard(mut body: impl Body<Data: Buf> + Unpin) {
    let rest = async {
        let mut bytes_left = LINGER_BYTES;
        while let Some(Ok(frame)) = body.frame().await {
            let len = frame.data_ref().map_or(0, Buf::remaining);
            if len >= bytes_left {
                return;
            }
            bytes_left -= len;
        }
    };
    let _ = timeout(LINGER_TIME, rest).await;
}

/// Longest wait for the peer to close its side.
const LINGER_TIME: Duration = Duration::from_secs(2);

/// Most bytes read and thrown away meanwhile. They cost some milliseconds of
/// decrypting and no memory; with fewer, a sender whose body is a little too
/// long, and who writes all of it before it reads, would not see why.
const LINGER_BYTES: usize = 8 * 1024 * 1024;

const SCRATCH_BYTES: usize = 4 * 1024;

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_reads_on_until_the_peer_closes() {
        let (mut peer, io) = duplex(1024);
        let mut io = Linger::new(io);
        let peer = async move {
            peer.write_all(&[7; 10_000]).await?;
            let mut rest = Vec::new();
            peer.read_to_end(&mut rest).await?;
            io::Result::Ok(rest)
        };
        let close = async {
            io.write_all(b"answer").await?;
            io.shutdown().await
        };
        let start = Instant::now();
        let (rest, closed) = tokio::join!(peer, close);
        assert_eq!(rest.ok().as_deref(), Some(&b"answer"[..]));
        assert!(closed.is_ok());
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_stays_is_left_after_a_while() {
        let (_peer, io) = duplex(1024);
        let start = Instant::now();
        assert!(Linger::new(io).shutdown().await.is_ok());
        assert_eq!(start.elapsed(), LINGER_TIME);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_sends_without_end_is_left_after_a_while() {
        let (mut peer, io) = duplex(1024);
        let mut sent = 0;
        let flood = async {
            while peer.write_all(&[7; 1024]).await.is_ok() {
                sent += 1024;
            }
        };
        let close = async {
            let mut io = Linger::new(io);
            io.shutdown().await
        };
        let start = Instant::now();
        let ((), closed) = tokio::join!(flood, close);
        assert!(closed.is_ok());
        assert!(start.elapsed() < LINGER_TIME);
        assert!((LINGER_BYTES..LINGER_BYTES + 2 * SCRATCH_BYTES).contains(&sent), "{sent}");
    }
}
