//! The gate on a stream.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Duration, Sleep, sleep};

use super::framing::Framing;
use super::{Http1Bounds, Http1Fault, Refusal};
use crate::net::activity::{Activity, InFlight};

/// A stream whose reader sees well-framed HTTP/1.1 and nothing else.
///
/// Bytes pass where they were read, without a copy; only a head that came in
/// pieces is held back until it is whole and good. In place of a refused head
/// the reader gets [`STAND_IN`], and then nothing more; a body that breaks its
/// framing ends in an error that carries the [`Http1Fault`].
#[derive(Debug)]
pub(crate) struct StrictIo<S> {
    inner: S,
    framing: Framing,
    /// Bytes held back. The first `settled` may pass; the rest is an
    /// unfinished head.
    held: BytesMut,
    settled: usize,
    reading: Reading,
    unfinished: Option<Unfinished>,
    head_timeout: Duration,
    refusal: Arc<Refusal>,
    activity: Arc<Activity>,
}

/// What follows once all that is settled has passed.
#[derive(Clone, Copy, Debug)]
enum Reading {
    /// What the stream brings.
    On,
    /// Nothing, for ever: a head was refused. End of file would make hyper
    /// drop the answer that is being made.
    Halted,
    /// An error: a body was refused.
    Broken(Http1Fault),
}

/// A head was begun: it has a deadline, and the connection is not idle.
#[derive(Debug)]
struct Unfinished {
    deadline: Pin<Box<Sleep>>,
    _in_flight: InFlight,
}

impl<S> StrictIo<S> {
    /// Guards `inner`. `refusal` tells the service what was refused; a head
    /// that is coming in counts in `activity`.
    pub(crate) fn new(
        inner: S,
        bounds: &Http1Bounds,
        refusal: Arc<Refusal>,
        activity: Arc<Activity>,
    ) -> Self {
        Self {
            inner,
            framing: Framing::new(bounds),
            held: BytesMut::new(),
            settled: 0,
            reading: Reading::On,
            unfinished: None,
            head_timeout: bounds.head_timeout,
            refusal,
            activity,
        }
    }

    /// Judges what was read into `buf` behind its first `start` bytes, and
    /// leaves there what may pass.
    fn admit(&mut self, buf: &mut ReadBuf<'_>, start: usize) {
        let fresh = &buf.filled()[start..];
        let followed = if self.held.is_empty() {
            let followed = self.framing.follow(fresh);
            self.held.extend_from_slice(&fresh[followed.settled..]);
            buf.set_filled(start + followed.settled);
            followed
        } else {
            self.held.extend_from_slice(fresh);
            buf.set_filled(start);
            let followed = self.framing.follow(&self.held);
            self.settled = followed.settled;
            followed
        };
        if followed.settled > 0 {
            self.unfinished = None;
        }
        match followed.fault {
            Some(fault) => self.refuse(fault),
            None => self.watch_head(),
        }
    }

    /// Drops all that is not settled, and settles what comes in its place.
    fn refuse(&mut self, fault: Http1Fault) {
        self.held.truncate(self.settled);
        self.unfinished = None;
        if !self.framing.is_in_head() {
            self.reading = Reading::Broken(fault);
            return;
        }
        self.refusal.note(self.framing.heads(), fault);
        self.reading = Reading::Halted;
        self.held.extend_from_slice(STAND_IN);
        self.settled = self.held.len();
    }

    /// Starts the deadline of a head with its first byte.
    fn watch_head(&mut self) {
        let held_back = self.held.len() - self.settled;
        if self.unfinished.is_none() && self.framing.has_begun_head(held_back) {
            self.unfinished = Some(Unfinished {
                deadline: Box::pin(sleep(self.head_timeout)),
                _in_flight: self.activity.begin_head(),
            });
        }
    }

    /// Moves what is settled into `buf`.
    fn release(&mut self, buf: &mut ReadBuf<'_>) {
        let len = self.settled.min(buf.remaining());
        buf.put_slice(&self.held[..len]);
        self.settled -= len;
        self.held.advance(len);
        if self.held.is_empty() {
            // A connection that waits holds no buffer of ours.
            self.held = BytesMut::new();
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for StrictIo<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let start = buf.filled().len();
        loop {
            if this.settled > 0 {
                this.release(buf);
                return Poll::Ready(Ok(()));
            }
            match this.reading {
                Reading::On => {}
                Reading::Halted => return Poll::Pending,
                Reading::Broken(fault) => return Poll::Ready(Err(fault.into())),
            }
            match Pin::new(&mut this.inner).poll_read(cx, buf) {
                Poll::Ready(Ok(())) if buf.filled().len() == start => return Poll::Ready(Ok(())),
                Poll::Ready(Ok(())) => this.admit(buf, start),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    let Some(head) = &mut this.unfinished else { return Poll::Pending };
                    ready!(head.deadline.as_mut().poll(cx));
                    this.refuse(Http1Fault::HeadTimeout);
                }
            }
            // No bytes would mean the end of the stream.
            if buf.filled().len() > start {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for StrictIo<S> {
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

/// What hyper reads in place of a refused head. What it says does not matter:
/// the service knows it by its place on the connection.
pub(super) const STAND_IN: &[u8] =
    b"POST / HTTP/1.1\r\nhost: refused.invalid\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
