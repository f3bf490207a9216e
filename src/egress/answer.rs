//! The consumer's answer, read to its end within a bound.

use std::error::Error;
use std::pin::pin;

use bytes::{Bytes, BytesMut};
use http::Response;
use http_body::Body;
use http_body_util::BodyExt;

use super::error::EgressError;

/// Reads the body of an answer, of at most `bytes_max` bytes.
pub(super) async fn read_whole<B>(
    answer: Response<B>,
    bytes_max: usize,
) -> Result<Response<Bytes>, EgressError>
where
    B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>>,
{
    let (head, body) = answer.into_parts();
    let too_large = EgressError::AnswerTooLarge { status: head.status, bytes_max };
    // Declared too long: not a byte of it is waited for.
    if body.size_hint().lower() > bytes_max as u64 {
        return Err(too_large);
    }
    let mut body = pin!(body);
    // Most answers come in one piece. Pieces are copied together as they come:
    // kept as they are, a million of one byte each would weigh far more.
    let mut first = Bytes::new();
    let mut gathered = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| EgressError::Broken(error.into()))?;
        // Trailers end here: they are not part of the answer's head or body.
        let Ok(data) = frame.into_data() else { continue };
        if first.len() + gathered.len() + data.len() > bytes_max {
            return Err(too_large);
        }
        if first.is_empty() && gathered.is_empty() {
            first = data;
        } else {
            gathered.extend_from_slice(&std::mem::take(&mut first));
            gathered.extend_from_slice(&data);
        }
    }
    Ok(Response::from_parts(head, if gathered.is_empty() { first } else { gathered.freeze() }))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream;
    use http_body::Frame;
    use http_body_util::{Full, StreamBody};

    use super::*;

    /// What is read of a body that comes in pieces, at most five bytes.
    async fn read(pieces: &[&'static str]) -> Result<Bytes, EgressError> {
        let frames: Vec<_> = pieces
            .iter()
            .map(|piece| Ok::<_, Infallible>(Frame::data(Bytes::from_static(piece.as_bytes()))))
            .collect();
        read_whole(Response::new(StreamBody::new(stream::iter(frames))), 5).await.map(Response::into_body)
    }

    #[tokio::test]
    async fn pieces_are_put_together_up_to_the_bound() {
        for (pieces, whole) in
            [(&[][..], ""), (&["hello"], "hello"), (&["", "he", "", "l", "lo"], "hello"), (&["", ""], "")]
        {
            assert_eq!(read(pieces).await.unwrap(), whole);
        }
        for pieces in [&["hello!"][..], &["hello", "!"], &["h", "e", "l", "l", "o", "!"]] {
            assert!(matches!(read(pieces).await, Err(EgressError::AnswerTooLarge { bytes_max: 5, .. })));
        }
    }

    #[tokio::test]
    async fn a_body_declared_too_long_is_not_waited_for() {
        let answer = Response::builder().status(201).body(Full::new(Bytes::from_static(b"hello!"))).unwrap();
        let error = read_whole(answer, 5).await.unwrap_err();
        assert!(matches!(error, EgressError::AnswerTooLarge { status, .. } if status == 201));
        assert!(error.may_have_been_sent());
    }
}
