//! Which HTTP a plain connection speaks.
//!
//! A client with prior knowledge of HTTP/2 begins with a preface of 24 bytes
//! (RFC 9113 section 3.3) that no request of HTTP/1.1 begins with.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::time::timeout;

use super::serve::ConnectionBounds;

/// What a connection turned out to speak, with nothing of it lost.
#[derive(Debug)]
pub(super) enum Detected<S> {
    Http1(Rewind<S>),
    Http2(Rewind<S>),
}

/// Reads until it is sure. `None` if the peer left, or took too long.
pub(super) async fn detect<S>(mut io: S, bounds: &ConnectionBounds) -> Option<Detected<S>>
where
    S: AsyncRead + Unpin,
{
    let mut read = BytesMut::with_capacity(PREFACE.len());
    timeout(bounds.idle_timeout, read_some(&mut io, &mut read)).await.ok()??;
    let decide = async {
        while PREFACE.starts_with(&read) && read.len() < PREFACE.len() {
            read_some(&mut io, &mut read).await?;
        }
        Some(())
    };
    timeout(bounds.http1.head_timeout, decide).await.ok()??;
    let is_http2 = read == PREFACE;
    let io = Rewind { read: read.freeze(), inner: io };
    Some(if is_http2 { Detected::Http2(io) } else { Detected::Http1(io) })
}

/// Reads at least a byte, and at most what is missing of a preface.
async fn read_some(io: &mut (impl AsyncRead + Unpin), read: &mut BytesMut) -> Option<()> {
    let missing = (PREFACE.len() - read.len()) as u64;
    let len = io.take(missing).read_buf(read).await.ok()?;
    (len > 0).then_some(())
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A stream with some bytes put back in front of it.
#[derive(Debug)]
pub(super) struct Rewind<S> {
    read: Bytes,
    inner: S,
}

impl<S: AsyncRead + Unpin> AsyncRead for Rewind<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.read.is_empty() {
            return Pin::new(&mut this.inner).poll_read(cx, buf);
        }
        let len = this.read.len().min(buf.remaining());
        buf.put_slice(&this.read[..len]);
        this.read.advance(len);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Rewind<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(cx)
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
