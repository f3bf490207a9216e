//! The gate on whole connections: what passes, what does not, and that it does
//! not matter how the bytes arrive.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt;
use proptest::prelude::*;
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};

use super::Http1Fault::{
    AmbiguousHost, AmbiguousLength, BadChunk, HeadTimeout, HeadTooLarge, Malformed, TooManyFields,
};
use super::io::STAND_IN;
use super::{Http1Bounds, Http1Fault, Refusal, StrictIo};
use crate::net::activity::Activity;

const BOUNDS: Http1Bounds =
    Http1Bounds { head_bytes: 1024, head_fields: 10, head_timeout: Duration::from_secs(5) };

/// Brings its pieces one by one, and then ends, or never does.
struct Pieces {
    pieces: VecDeque<Vec<u8>>,
    ends: bool,
}

impl AsyncRead for Pieces {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Some(piece) = self.pieces.front_mut() else {
            return if self.ends { Poll::Ready(Ok(())) } else { Poll::Pending };
        };
        let len = piece.len().min(buf.remaining());
        buf.put_slice(&piece[..len]);
        piece.drain(..len);
        if piece.is_empty() {
            self.pieces.pop_front();
        }
        Poll::Ready(Ok(()))
    }
}

/// What the reader of `pieces` sees through the gate, with a buffer of
/// `buffer` bytes and without the stand-in for a refused head; and the fault.
fn run(pieces: &[&[u8]], buffer: usize) -> (Vec<u8>, Option<Http1Fault>) {
    let pieces = pieces.iter().filter(|piece| !piece.is_empty()).map(|piece| piece.to_vec()).collect();
    let refusal = Arc::new(Refusal::default());
    let inner = Pieces { pieces, ends: true };
    let mut gate = StrictIo::new(inner, &BOUNDS, Arc::clone(&refusal), Arc::default());
    let mut passed = Vec::new();
    let mut chunk = vec![0; buffer];
    loop {
        match gate.read(&mut chunk).now_or_never() {
            Some(Ok(0)) => return (passed, None),
            Some(Ok(len)) => passed.extend_from_slice(&chunk[..len]),
            Some(Err(error)) => return (passed, Http1Fault::behind(&error)),
            // A refused head is followed by nothing, not by the end.
            None => {
                assert!(passed.ends_with(STAND_IN));
                passed.truncate(passed.len() - STAND_IN.len());
                return (passed, (0..3).find_map(|ordinal| refusal.at(ordinal)));
            }
        }
    }
}

/// How much of `bytes` passes, and the fault behind it, however it arrives.
fn judge(bytes: &[u8]) -> (usize, Option<Http1Fault>) {
    let whole = run(&[bytes], 8192);
    assert!(bytes.starts_with(&whole.0), "{}", bytes.escape_ascii());
    for at in 1..bytes.len() {
        let split = run(&[&bytes[..at], &bytes[at..]], 8192);
        assert_eq!(split, whole, "split at {at}: {}", bytes.escape_ascii());
    }
    let drip: Vec<_> = bytes.chunks(1).collect();
    assert_eq!(run(&drip, 7), whole, "byte by byte: {}", bytes.escape_ascii());
    (whole.0.len(), whole.1)
}

#[tokio::test]
async fn good_requests_pass_untouched() {
    for request in [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.0\r\nHost: a\r\n\r\n",
        "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a/b?c=d&e=%20 HTTP/1.1\r\nhOST:a:8443\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://a/b HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        "POST / HTTP/1.1\r\nHost: a\r\ncontent-length:\t005 \r\n\r\nhello",
        "POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\ntransfer-encoding: CHUNKED\r\n\r\n1;a=b\r\nx\r\n0\r\nt: v\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
        "GET / HTTP/1.1\r\nHost: a\r\nX: caf\u{e9} \"quoted\"\t, more\r\nEmpty:\r\n\r\n",
    ] {
        let request = request.as_bytes();
        assert_eq!(judge(request), (request.len(), None), "{}", request.escape_ascii());
        let pipelined = [request, request].concat();
        assert_eq!(judge(&pipelined), (pipelined.len(), None), "{}", pipelined.escape_ascii());
    }
}

#[tokio::test]
async fn bad_heads_are_refused_behind_what_came_before() {
    let good = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    for (head, fault) in [
        // Lines.
        ("GET / HTTP/1.1\nHost: a\r\n\r\n", Malformed),
        ("GET / HTTP/1.1\r\nHost: a\n\r\n", Malformed),
        ("GET / HTTP/1.1\r\nHost: a\r\n\n", Malformed),
        ("GET / HTTP/1.1\n\n", Malformed),
        ("GET / HTTP/1.1\rHost: a\r\n\r\n", Malformed),
        ("GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", Malformed),
        ("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Malformed),
        ("\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Malformed),
        // The request line.
        ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", Malformed),
        ("GET /  HTTP/1.1\r\nHost: a\r\n\r\n", Malformed),
        ("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", Malformed),
        (" GET / HTTP/1.1\r\nHost: a\r\n\r\n", Malformed),
        ("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", Malformed),
        ("GET /\r\nHost: a\r\n\r\n", Malformed),
        ("GET / HTTP/1.2\r\nHost: a\r\n\r\n", Malformed),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", Malformed),
        ("GET / http/1.1\r\nHost: a\r\n\r\n", Malformed),
        ("GET / HTTP/1.10\r\nHost: a\r\n\r\n", Malformed),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Malformed),
        ("G@T / HTTP/1.1\r\nHost: a\r\n\r\n", Malformed),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1\r\nHost: a\r\n\r\n", Malformed),
        ("GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", Malformed),
        ("GET a HTTP/1.1\r\nHost: a\r\n\r\n", Malformed),
        ("GET a:443 HTTP/1.1\r\nHost: a\r\n\r\n", Malformed),
        ("GET * HTTP/1.1\r\nHost: a\r\n\r\n", Malformed),
        ("GET /\u{e9} HTTP/1.1\r\nHost: a\r\n\r\n", Malformed),
        ("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", Malformed),
        ("GET http://b@a/ HTTP/1.1\r\nHost: a\r\n\r\n", Malformed),
        // Fields.
        ("GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n", Malformed),
        ("GET / HTTP/1.1\r\nHost: a\r\nX\t: b\r\n\r\n", Malformed),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", Malformed),
        ("GET / HTTP/1.1\r\n X: b\r\nHost: a\r\n\r\n", Malformed),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: b\0c\r\n\r\n", Malformed),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: b\x0bc\r\n\r\n", Malformed),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: b\x7fc\r\n\r\n", Malformed),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: b\rc\r\n\r\n", Malformed),
        ("GET / HTTP/1.1\r\nHost: a\r\nX\0: b\r\n\r\n", Malformed),
        ("GET / HTTP/1.1\r\nHost: a\r\nX(: b\r\n\r\n", Malformed),
        ("GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", Malformed),
        ("GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", Malformed),
        // The host.
        ("GET / HTTP/1.1\r\n\r\n", AmbiguousHost),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", AmbiguousHost),
        ("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", AmbiguousHost),
        ("GET / HTTP/1.1\r\nHost:\r\n\r\n", AmbiguousHost),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", AmbiguousHost),
        ("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", AmbiguousHost),
        ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", AmbiguousHost),
        ("GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n", AmbiguousHost),
        // The length.
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", AmbiguousLength),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc", AmbiguousLength),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc", AmbiguousLength),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", AmbiguousLength),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc", AmbiguousLength),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -3\r\n\r\nabc", AmbiguousLength),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x3\r\n\r\nabc", AmbiguousLength),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3 3\r\n\r\nabc", AmbiguousLength),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551619\r\n\r\nabc", AmbiguousLength),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            AmbiguousLength,
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
            AmbiguousLength,
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            AmbiguousLength,
        ),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", AmbiguousLength),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", AmbiguousLength),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", AmbiguousLength),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", AmbiguousLength),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\n\r\n", Malformed),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n", Malformed),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n", AmbiguousLength),
        ("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", AmbiguousLength),
    ] {
        assert_eq!(judge(head.as_bytes()), (0, Some(fault)), "{head:?}");
        let behind = [good, head.as_bytes()].concat();
        assert_eq!(judge(&behind), (good.len(), Some(fault)), "{head:?} behind a good request");
    }
}

#[tokio::test]
async fn heads_have_their_bounds() {
    let head = |fields: usize, pad: usize| {
        let fields = "x: y\r\n".repeat(fields - 2);
        format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}p: {}\r\n\r\n", "x".repeat(pad)).into_bytes()
    };
    let room = BOUNDS.head_bytes - head(3, 0).len();
    assert_eq!(judge(&head(3, room)), (BOUNDS.head_bytes, None));
    assert_eq!(judge(&head(3, room + 1)), (0, Some(HeadTooLarge)));
    assert_eq!(judge(&vec![b'x'; BOUNDS.head_bytes]), (0, Some(HeadTooLarge)));
    let most = head(BOUNDS.head_fields, 1);
    assert_eq!(judge(&most), (most.len(), None));
    assert_eq!(judge(&head(BOUNDS.head_fields + 1, 1)), (0, Some(TooManyFields)));
}

#[tokio::test]
async fn bad_chunks_end_in_an_error_at_the_byte() {
    let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (body, good) in [("5\nhello", 1), ("2\r\nabc\r\n", 5), ("1;\0\r\nx\r\n0\r\n\r\n", 2), ("0\r\n\n", 3)]
    {
        let outcome = judge(format!("{head}{body}").as_bytes());
        assert_eq!(outcome, (head.len() + good, Some(BadChunk)), "{body:?}");
    }
}

#[tokio::test]
async fn an_unfinished_head_never_passes() {
    let good = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    for len in 0..good.len() {
        assert_eq!(judge(&good[..len]), (0, None));
    }
}

/// Reads once through a gate on `bytes`, after which the peer falls silent.
async fn read_once(bytes: &[u8], activity: &Arc<Activity>) -> (Vec<u8>, Option<Http1Fault>) {
    let refusal = Arc::new(Refusal::default());
    let inner = Pieces { pieces: VecDeque::from([bytes.to_vec()]), ends: false };
    let mut gate = StrictIo::new(inner, &BOUNDS, Arc::clone(&refusal), Arc::clone(activity));
    let mut read = vec![0; 8192];
    let len = gate.read(&mut read).await.expect("nothing fails here");
    read.truncate(len);
    (read, refusal.at(0))
}

#[tokio::test(start_paused = true)]
async fn a_head_has_a_deadline_from_its_first_byte() {
    let start = tokio::time::Instant::now();
    let read = read_once(b"\r\nGET / HT", &Arc::default()).await;
    assert_eq!(read, (STAND_IN.to_vec(), Some(HeadTimeout)));
    assert_eq!(start.elapsed(), BOUNDS.head_timeout);
}

#[tokio::test(start_paused = true)]
async fn empty_lines_have_no_deadline() {
    let activity = Arc::default();
    let waited = tokio::time::timeout(Duration::from_secs(100), read_once(b"\r\n", &activity)).await;
    assert!(waited.is_err());
}

/// Pieces of requests, joined at random into connections; and good requests
/// with one byte changed.
fn requests() -> impl Strategy<Value = Vec<u8>> {
    let fragment = prop_oneof![
        Just("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Just("POST /a?b HTTP/1.1\r\nHost: a\r\n"),
        Just("POST / HTTP/1.0\r\n"),
        Just("Content-Length: 3\r\n"),
        Just("Content-Length: 03\r\n\r\nabc"),
        Just("Transfer-Encoding: chunked\r\n"),
        Just("Transfer-Encoding: chunked\r\n\r\n"),
        Just("x: y\r\n\r\n"),
        Just("\r\n"),
        Just("3\r\nabc\r\n"),
        Just("2;x=y\r\n\r\n\r\n"),
        Just("0\r\n\r\n"),
        Just("0\r\nt: v\r\n\r\n"),
        Just("abc"),
        Just("\n"),
        Just("\0"),
    ];
    let joined = prop::collection::vec(fragment, 0..12).prop_map(|fragments| fragments.concat().into_bytes());
    let good = concat!(
        "POST /a?b HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n0\r\nt: v\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    let changed = (0..good.len(), any::<u8>()).prop_map(|(at, byte)| {
        let mut bytes = good.as_bytes().to_vec();
        bytes[at] = byte;
        bytes
    });
    prop_oneof![joined, changed]
}

proptest! {
    #[test]
    fn any_bytes_get_the_same_verdict_at_once_and_in_parts(
        bytes in prop_oneof![requests(), prop::collection::vec(any::<u8>(), 0..200)],
        first in 0..250_usize,
    ) {
        let whole = super::follow_in_parts(&bytes, bytes.len(), &BOUNDS);
        prop_assert_eq!(super::follow_in_parts(&bytes, first, &BOUNDS), whole);
        prop_assert!(whole.0 <= bytes.len());
    }

    /// hyper, without the gate before it, finds the same messages in what
    /// passed as a model that knows nothing but lengths.
    #[test]
    fn what_passes_has_one_reading(bytes in requests()) {
        let (passed, _) = super::follow_in_parts(&bytes, bytes.len(), &BOUNDS);
        let expected = model::bodies(&bytes[..passed]);
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        prop_assert_eq!(runtime.block_on(model::bodies_by_hyper(&bytes[..passed])), expected);
    }
}

/// Two readings of a stream: one by hand and one by hyper.
mod model {
    use std::convert::Infallible;
    use std::sync::Mutex;

    use http::Response;
    use http_body_util::{BodyExt, Empty};
    use hyper::body::{Bytes, Incoming};
    use hyper::service::service_fn;
    use hyper_util::rt::TokioIo;
    use tokio::io::AsyncWriteExt;

    /// The whole bodies in `bytes`, a stream of good messages of which the
    /// last may be cut short; with HTTP/1.0 it ends after the first.
    pub(super) fn bodies(mut bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut bodies = Vec::new();
        while let Some(start) = bytes.iter().position(|byte| !b"\r\n".contains(byte)) {
            let end = find(&bytes[start..], b"\r\n\r\n").expect("heads pass whole") + start + 4;
            let head = String::from_utf8_lossy(&bytes[start..end]).to_lowercase();
            let field = |name| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            bytes = &bytes[end..];
            let body = if field("transfer-encoding:").is_some() {
                dechunk(&mut bytes)
            } else {
                let len = field("content-length:").map_or(0, |len| len.parse().expect("lengths are numbers"));
                bytes.split_off(..len).map(<[u8]>::to_vec)
            };
            let Some(body) = body else { break };
            bodies.push(body);
            if head.lines().next().is_some_and(|line| line.ends_with("1.0")) {
                break;
            }
        }
        bodies
    }

    fn dechunk(bytes: &mut &[u8]) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = take_line(bytes)?;
            let size = line.split(|byte| *byte == b';').next().expect("split gives one");
            let size = usize::from_str_radix(str::from_utf8(size).ok()?, 16).ok()?;
            if size == 0 {
                while !take_line(bytes)?.is_empty() {}
                return Some(body);
            }
            body.extend_from_slice(bytes.split_off(..size)?);
            take_line(bytes)?;
        }
    }

    fn take_line<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
        let end = find(bytes, b"\r\n")?;
        let line = bytes.split_off(..end + 2)?;
        Some(&line[..end])
    }

    fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
        bytes.windows(what.len()).position(|window| window == what)
    }

    pub(super) async fn bodies_by_hyper(bytes: &[u8]) -> Vec<Vec<u8>> {
        let (mut client, server) = tokio::io::duplex(1 << 16);
        client.write_all(bytes).await.expect("room for it");
        client.shutdown().await.expect("a duplex can be shut down");
        let bodies = Mutex::new(Vec::new());
        let service = service_fn(async |request: http::Request<Incoming>| {
            if let Ok(body) = request.into_body().collect().await {
                bodies.lock().expect("one thread").push(body.to_bytes().to_vec());
            }
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        });
        let mut builder = hyper::server::conn::http1::Builder::new();
        builder.header_read_timeout(None).half_close(true);
        // A stream that ends in the middle of a message ends in an error.
        let _ = builder.serve_connection(TokioIo::new(server), service).await;
        bodies.into_inner().expect("one thread")
    }
}
