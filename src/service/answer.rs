//! The body of what goes back to a caller.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use smallvec::SmallVec;

use crate::limits::Permit;

/// The body of an answer.
#[derive(Debug)]
pub(crate) enum AnswerBody<S> {
    /// Ours, whole.
    Own(Option<Bytes>),
    /// Passed on as it streams. The permits go back when the last byte has.
    Passed {
        /// The bytes.
        stream: S,
        /// Count as a delivery in flight until then.
        _permits: SmallVec<[Permit; 2]>,
    },
}

impl<S> AnswerBody<S> {
    /// A body of ours.
    pub(crate) fn full(bytes: Bytes) -> Self {
        Self::Own(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }

    /// The body of someone else's answer. It holds `permits` to its end.
    pub(crate) fn passed(stream: S, permits: impl IntoIterator<Item = Permit>) -> Self {
        Self::Passed { stream, _permits: permits.into_iter().collect() }
    }
}

impl<S: Body<Data = Bytes> + Unpin> Body for AnswerBody<S> {
    type Data = Bytes;
    type Error = S::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.get_mut() {
            Self::Own(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Passed { stream, .. } => Pin::new(stream).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Own(bytes) => bytes.is_none(),
            Self::Passed { stream, .. } => stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Own(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Passed { stream, .. } => stream.size_hint(),
        }
    }
}
