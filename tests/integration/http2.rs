//! HTTP/2 over mTLS, as providers speak it and as attackers do.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::version::TLS13;

use crate::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, End, Frames, HEADERS, PING, PRIORITY, RST_STREAM, SETTINGS,
    WINDOW_UPDATE, block, frame,
};
use crate::stand::{BODY, Setup, Stand};

/// An ordinary client of HTTP/2.
pub(crate) async fn connect(stand: &Stand) -> SendRequest<Full<Bytes>> {
    let mut config = stand.tls_client(Some(&stand.sender), &[&TLS13]);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let stream = stand.tls_connect(config).await.unwrap();
    let (sender, connection) =
        http2::Builder::new(TokioExecutor::new()).handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

fn request(fields: &[(HeaderName, HeaderValue)], body: &'static [u8]) -> Request<Full<Bytes>> {
    let mut request =
        Request::post("https://localhost/hooks").body(Full::new(Bytes::from_static(body))).unwrap();
    request.headers_mut().extend(fields.iter().cloned());
    request
}

#[tokio::test]
async fn a_genuine_delivery_reaches_the_app_as_one_of_http1() {
    let stand = Stand::with_flags(&[]).await;
    let mut sender = connect(&stand).await;
    let response = sender.send_request(request(&stand.signed("msg_1", BODY), BODY)).await.unwrap();
    assert_eq!((response.status().as_u16(), response.version()), (204, http::Version::HTTP_2));
    let seen = stand.app.take_seen().remove(0);
    assert_eq!(seen.body, BODY);
    for (name, value) in [
        ("host", "localhost"),
        ("x-forwarded-host", "localhost"),
        ("forwarded", "for=127.0.0.1;proto=https;host=\"localhost\""),
        ("countersign-class", "new"),
        ("countersign-client-identity", "URI:spiffe://countersign.test/sender"),
    ] {
        assert_eq!(seen.field(name), value, "{name}");
    }
    assert_eq!(seen.fields.get_all("content-length").iter().count(), 1);
}

#[tokio::test]
async fn of_fifty_copies_on_one_connection_the_app_sees_one() {
    let stand = Stand::with_flags(&[]).await;
    let sender = connect(&stand).await;
    let fields = stand.signed("msg_1", BODY);
    let copies = (0..50).map(|_| {
        let (mut sender, request) = (sender.clone(), request(&fields, BODY));
        async move {
            let response = sender.send_request(request).await.unwrap();
            let status = response.status().as_u16();
            let body = response.into_body().collect().await.unwrap().to_bytes();
            (status, String::from_utf8_lossy(&body).into_owned())
        }
    });
    let answers = futures_util::future::join_all(copies).await;
    let accepted = answers.iter().filter(|(status, _)| *status == 204).count();
    let dropped = answers
        .iter()
        .filter(|(status, body)| match status {
            409 => body.contains("\"replayed\""),
            503 => body.contains("\"in_flight\""),
            _ => false,
        })
        .count();
    assert_eq!((accepted, dropped, stand.app.take_seen().len()), (1, 49, 1), "{answers:?}");
}

/// A request head as fields.
type Head = Vec<(Vec<u8>, Vec<u8>)>;

fn field(name: &str, value: impl AsRef<[u8]>) -> (Vec<u8>, Vec<u8>) {
    (name.as_bytes().to_vec(), value.as_ref().to_vec())
}

/// The head of a genuine delivery.
fn genuine(stand: &Stand, id: &str) -> Head {
    let pseudo =
        [(":method", "POST"), (":scheme", "https"), (":authority", "localhost"), (":path", "/hooks")];
    let pseudo = pseudo.iter().map(|(name, value)| field(name, value));
    let signed = stand.signed(id, BODY);
    pseudo.chain(signed.iter().map(|(name, value)| field(name.as_str(), value))).collect()
}

/// What must come of a request.
#[derive(Debug)]
enum Expected {
    /// The status of its answer.
    Status(u16),
    /// RFC 9113 section 8.1.1: the stream or the connection ends with
    /// `PROTOCOL_ERROR`, and nobody gets to see the request.
    Malformed,
}

use Expected::{Malformed, Status};

/// Puts a field at the end of a head.
fn with(name: &str, value: impl AsRef<[u8]>) -> impl Fn(&mut Head) {
    let field = field(name, value);
    move |head| head.push(field.clone())
}

/// Puts a field at its beginning, among the pseudo-header fields.
fn first(name: &str, value: &str) -> impl Fn(&mut Head) {
    let field = field(name, value);
    move |head| head.insert(0, field.clone())
}

/// Gives a field another value.
fn set(name: &str, value: &str) -> impl Fn(&mut Head) {
    let (name, value) = field(name, value);
    move |head| head.iter_mut().filter(|(each, _)| *each == name).for_each(|(_, old)| old.clone_from(&value))
}

fn without(name: &str) -> impl Fn(&mut Head) {
    let name = name.as_bytes().to_vec();
    move |head| head.retain(|(each, _)| *each != name)
}

fn both(one: impl Fn(&mut Head), two: impl Fn(&mut Head)) -> impl Fn(&mut Head) {
    move |head| {
        one(head);
        two(head);
    }
}

type Change = Box<dyn Fn(&mut Head)>;

#[tokio::test]
#[allow(clippy::too_many_lines, reason = "a table")]
async fn ambiguous_and_malformed_requests_are_refused() {
    let stand = Stand::with_flags(&[]).await;
    let rows: Vec<(&str, Change, Expected)> = vec![
        ("no path", Box::new(without(":path")), Malformed),
        ("an empty path", Box::new(set(":path", "")), Malformed),
        ("a path without a slash", Box::new(set(":path", "hooks")), Malformed),
        ("a path that is a URL", Box::new(set(":path", "https://localhost/hooks")), Malformed),
        ("an asterisk", Box::new(set(":path", "*")), Status(404)),
        ("a path with a dot segment", Box::new(set(":path", "/x/../hooks")), Status(400)),
        ("a path beyond ASCII", Box::new(set(":path", "/hooks\u{e9}")), Status(400)),
        ("a query beyond ASCII", Box::new(set(":path", "/hooks?\u{e9}")), Status(400)),
        ("a space in the path", Box::new(set(":path", "/hooks x")), Malformed),
        ("a line in the path", Box::new(set(":path", "/ HTTP/1.1\r\nx: y")), Malformed),
        ("NUL in the path", Box::new(set(":path", "/hooks?\0")), Malformed),
        ("two paths", Box::new(first(":path", "/hooks")), Malformed),
        ("a path behind the fields", Box::new(with(":path", "/hooks")), Malformed),
        ("no method", Box::new(without(":method")), Malformed),
        ("two methods", Box::new(first(":method", "POST")), Malformed),
        ("a lower-case method", Box::new(set(":method", "post")), Status(405)),
        ("a line in the method", Box::new(set(":method", "POST / HTTP/1.1\r\n")), Malformed),
        ("CONNECT with a path", Box::new(set(":method", "CONNECT")), Malformed),
        ("no scheme", Box::new(without(":scheme")), Malformed),
        ("another scheme", Box::new(set(":scheme", "ftp")), Status(400)),
        ("a scheme that is a URL", Box::new(set(":scheme", "https://other/?")), Malformed),
        ("no authority and no host", Box::new(without(":authority")), Status(400)),
        ("an empty authority", Box::new(set(":authority", "")), Malformed),
        ("an authority with user information", Box::new(set(":authority", "a@localhost")), Status(400)),
        ("a list of authorities", Box::new(set(":authority", "localhost,other")), Status(400)),
        ("an authority with a parameter", Box::new(set(":authority", "localhost;a")), Status(400)),
        ("an authority with a path", Box::new(set(":authority", "localhost/hooks")), Malformed),
        ("an authority with a quote", Box::new(set(":authority", "local\"host")), Malformed),
        ("a port that is none", Box::new(set(":authority", "localhost:99999")), Status(400)),
        ("an empty port", Box::new(set(":authority", "localhost:")), Status(400)),
        ("an address that is none", Box::new(set(":authority", "[x]")), Status(400)),
        ("a line in the authority", Box::new(set(":authority", "localhost\r\nx: y")), Malformed),
        ("two authorities", Box::new(first(":authority", "localhost")), Malformed),
        ("another host", Box::new(with("host", "other")), Status(400)),
        ("another port", Box::new(with("host", "localhost:443")), Status(400)),
        ("two hosts", Box::new(both(with("host", "localhost"), with("host", "localhost"))), Status(400)),
        ("an unknown pseudo-header field", Box::new(first(":other", "x")), Malformed),
        ("an answer's pseudo-header field", Box::new(first(":status", "200")), Malformed),
        ("a protocol without CONNECT", Box::new(first(":protocol", "websocket")), Malformed),
        ("Connection", Box::new(with("connection", "close")), Malformed),
        ("Keep-Alive", Box::new(with("keep-alive", "timeout=5")), Malformed),
        ("Proxy-Connection", Box::new(with("proxy-connection", "close")), Malformed),
        ("Transfer-Encoding", Box::new(with("transfer-encoding", "chunked")), Malformed),
        ("Upgrade", Box::new(with("upgrade", "h2c")), Malformed),
        ("TE that is not trailers", Box::new(with("te", "gzip")), Malformed),
        ("an upper-case name", Box::new(with("X-Upper", "a")), Malformed),
        ("an empty name", Box::new(with("", "a")), Malformed),
        ("a space in a name", Box::new(with("a b", "c")), Malformed),
        ("a line in a name", Box::new(with("a\r\nb", "c")), Malformed),
        ("a line in a value", Box::new(with("a", "b\r\nc: d")), Malformed),
        ("LF in a value", Box::new(with("a", "b\nc: d")), Malformed),
        ("NUL in a value", Box::new(with("a", "b\0c")), Malformed),
        ("space before a value", Box::new(with("a", " b")), Status(400)),
        ("a tab behind a value", Box::new(with("a", "b\t")), Status(400)),
        ("a length below the body's", Box::new(with("content-length", "5")), Malformed),
        ("a length above the body's", Box::new(with("content-length", "500")), Malformed),
        ("a length with a sign", Box::new(with("content-length", "+21")), Malformed),
        ("a list of lengths", Box::new(with("content-length", "21, 21")), Malformed),
        ("a length beyond 64 bits", Box::new(with("content-length", "99999999999999999999")), Malformed),
        (
            "two lengths",
            Box::new(both(with("content-length", "21"), with("content-length", "21"))),
            Status(400),
        ),
        ("an expectation that is unknown", Box::new(with("expect", "miracles")), Status(417)),
        ("two signatures", Box::new(with("webhook-signature", "v1,AAAA")), Status(401)),
        ("no signature", Box::new(without("webhook-signature")), Status(401)),
        ("101 fields", Box::new(|head: &mut Head| (0..101).for_each(|_| with("a", "b")(head))), Status(431)),
    ];
    for (what, change, expected) in rows {
        let mut head = genuine(&stand, "msg_1");
        change(&mut head);
        let mut frames = Frames::open(&stand).await;
        frames.send(HEADERS, END_HEADERS, 1, &block(&head)).await;
        frames.send(DATA, END_STREAM, 1, BODY).await;
        let end = frames.end_of(1).await;
        let is_expected = match expected {
            Status(status) => end == End::Answer(status),
            Malformed => matches!(end, End::Reset(PROTOCOL_ERROR) | End::Goaway(PROTOCOL_ERROR)),
        };
        assert!(is_expected, "{what}: {end:?} instead of {expected:?}");
        assert!(stand.app.take_seen().is_empty(), "{what} reached the app");
    }
    assert_eq!(stand.post_genuine("msg_1").await.status, 204, "no refusal burned the id");
}

#[tokio::test]
async fn a_signed_request_may_carry_harmless_oddities() {
    let stand = Stand::with_flags(&[]).await;
    let rows: Vec<(&str, Change)> = vec![
        ("a host beside the authority", Box::new(with("host", "LOCALHOST"))),
        ("a host in place of it", Box::new(both(without(":authority"), with("host", "localhost")))),
        ("the right length", Box::new(with("content-length", "21"))),
        ("TE: trailers", Box::new(with("te", "trailers"))),
        ("bytes above ASCII in a value", Box::new(with("x-name", b"gr\xfcn"))),
        ("an empty value", Box::new(with("x-empty", ""))),
        ("a field of 15 KiB", Box::new(with("x-long", "a".repeat(15 << 10)))),
    ];
    for (number, (what, change)) in rows.into_iter().enumerate() {
        let mut head = genuine(&stand, &format!("msg_{number}"));
        change(&mut head);
        let mut frames = Frames::open(&stand).await;
        frames.send(HEADERS, END_HEADERS, 1, &block(&head)).await;
        frames.send(DATA, 0, 1, &BODY[..5]).await;
        frames.send(DATA, 0, 1, b"").await;
        frames.send(DATA, END_STREAM, 1, &BODY[5..]).await;
        assert_eq!(frames.end_of(1).await, End::Answer(204), "{what}");
        let seen = stand.app.take_seen().remove(0);
        assert_eq!((&seen.body[..], seen.field("te")), (BODY, ""), "{what}");
    }
}

#[tokio::test]
async fn trailers_end_at_the_guard() {
    let stand = Stand::with_flags(&[]).await;
    let mut head = genuine(&stand, "msg_1");
    let signature = head.pop().unwrap();
    let mut frames = Frames::open(&stand).await;
    for (stream, late, expected) in [
        (1, vec![field("x-sum", "1"), field("countersign-class", "new")], End::Answer(204)),
        (3, vec![signature.clone()], End::Answer(401)),
        (5, vec![field(":path", "/other")], End::Answer(204)),
    ] {
        let mut head = if stream == 3 { head.clone() } else { genuine(&stand, &format!("msg_{stream}")) };
        head.push(field("x-stream", stream.to_string()));
        frames.send(HEADERS, END_HEADERS, stream, &block(&head)).await;
        frames.send(DATA, 0, stream, BODY).await;
        frames.send(HEADERS, END_HEADERS | END_STREAM, stream, &block(&late)).await;
        assert_eq!(frames.end_of(stream).await, expected, "{late:?}");
    }
    let seen = stand.app.take_seen();
    assert_eq!(seen.len(), 2);
    for seen in seen {
        assert_eq!((seen.target.path(), seen.field("x-sum")), ("/hooks", ""));
        assert_eq!(seen.fields.get_all("countersign-class").iter().count(), 1);
    }
}

/// What an attacker sends over and over, after `prelude`.
struct Flood {
    what: &'static str,
    prelude: fn(&[u8]) -> Vec<u8>,
    /// The frames of one round, given the block of a request.
    round: fn(u32, &[u8]) -> Vec<u8>,
    end: FloodEnd,
}

/// What becomes of the attacker's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FloodEnd {
    /// `GOAWAY`: it costs more than it may.
    Goaway,
    /// It costs little enough to go on.
    Endured,
}

const FLOODS: [Flood; 11] = [
    Flood {
        what: "streams opened and reset",
        prelude: |_| Vec::new(),
        round: |n, block| {
            let id = 2 * n + 1;
            [frame(HEADERS, END_HEADERS, id, block), frame(RST_STREAM, 0, id, &[0, 0, 0, 8])].concat()
        },
        end: FloodEnd::Goaway,
    },
    Flood {
        what: "streams that the guard is made to reset",
        prelude: |_| Vec::new(),
        round: |n, block| {
            let id = 2 * n + 1;
            [frame(HEADERS, END_HEADERS, id, block), frame(WINDOW_UPDATE, 0, id, &[0; 4])].concat()
        },
        end: FloodEnd::Goaway,
    },
    Flood {
        what: "continuations without end",
        prelude: |block| frame(HEADERS, 0, 1, block),
        round: |_, _| frame(CONTINUATION, 0, 1, &block(&[("a", "b")])),
        end: FloodEnd::Goaway,
    },
    Flood {
        what: "empty continuations",
        prelude: |block| frame(HEADERS, 0, 1, block),
        round: |_, _| frame(CONTINUATION, 0, 1, b""),
        end: FloodEnd::Goaway,
    },
    Flood {
        what: "empty data",
        prelude: |block| frame(HEADERS, END_HEADERS, 1, block),
        round: |_, _| frame(DATA, 0, 1, b""),
        end: FloodEnd::Goaway,
    },
    Flood {
        what: "data that is padding only",
        prelude: |block| frame(HEADERS, END_HEADERS, 1, block),
        round: |_, _| frame(DATA, 8, 1, &[9, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        end: FloodEnd::Goaway,
    },
    Flood {
        what: "pings",
        prelude: |_| Vec::new(),
        round: |_, _| frame(PING, 0, 0, &[7; 8]),
        end: FloodEnd::Endured,
    },
    Flood {
        what: "settings",
        prelude: |_| Vec::new(),
        round: |_, _| frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 255, 255]),
        end: FloodEnd::Endured,
    },
    Flood {
        what: "priorities",
        prelude: |_| Vec::new(),
        round: |n, _| frame(PRIORITY, 0, 2 * n + 1, &[0; 5]),
        end: FloodEnd::Endured,
    },
    Flood {
        what: "unknown frames",
        prelude: |_| Vec::new(),
        round: |_, _| frame(0xbe, 0, 0, b"grease"),
        end: FloodEnd::Endured,
    },
    Flood {
        what: "windows beyond their bound",
        prelude: |_| Vec::new(),
        round: |_, _| frame(WINDOW_UPDATE, 0, 0, &[0x7f, 255, 255, 255]),
        end: FloodEnd::Goaway,
    },
];

#[tokio::test]
async fn floods_are_survived() {
    let stand = Stand::with_flags(&[]).await;
    // Good as far as can be seen without the body, which never ends.
    let head = block(&genuine(&stand, "msg_flood"));
    for (number, Flood { what, prelude, round, end }) in FLOODS.into_iter().enumerate() {
        let mut attacker = Frames::open(&stand).await;
        attacker.send_raw(&prelude(&head)).await;
        let id = format!("msg_{number}");
        let flooded = attacker.flood(|n| round(n, &head), 20_000);
        let (_, served) = tokio::join!(flooded, stand.post_genuine(&id));
        assert_eq!(served.status, 204, "beside {what}");
        assert_eq!(stand.app.take_seen().len(), 1, "{what}");
        if end == FloodEnd::Endured {
            attacker.send(HEADERS, END_HEADERS | END_STREAM, 99_999, &head).await;
            assert_eq!(attacker.end_of(99_999).await, End::Answer(401), "{what}");
        } else {
            let ended = attacker.end_of(1).await;
            assert!(matches!(ended, End::Goaway(_)), "{what}: {ended:?}");
        }
    }
}

#[tokio::test]
async fn a_head_beyond_its_bound_is_refused_however_it_is_packed() {
    let stand = Stand::with_flags(&[]).await;
    let head = block(&genuine(&stand, "msg_1"));
    // RFC 7541 section 6.2.1: a field of 3 KB goes into the table; section 6.1:
    // and is named by one byte each time after that.
    let value = [&[0x7f, 0xb9, 0x16][..], &[b'x'; 3000]].concat();
    let bomb = [&head[..], &[0x40, 1, b'a'], &value, &[0xbe; 2000]].concat();
    let long = [head, block(&[("a", "b".repeat(12 << 10))]).repeat(3)].concat();
    for (what, block) in [("a bomb", bomb), ("three long fields", long)] {
        let mut frames = Frames::open(&stand).await;
        let (first, rest) = block.split_at(block.len().min(16_000));
        let whole = if rest.is_empty() { END_HEADERS } else { 0 };
        frames.send(HEADERS, whole | END_STREAM, 1, first).await;
        for (n, part) in rest.chunks(16_000).enumerate() {
            let last = if (n + 1) * 16_000 >= rest.len() { END_HEADERS } else { 0 };
            frames.send(CONTINUATION, last, 1, part).await;
        }
        let end = frames.end_of(1).await;
        assert!(matches!(end, End::Answer(431) | End::Goaway(_)), "{what}: {end:?}");
    }
    assert!(stand.app.take_seen().is_empty());
    assert_eq!(stand.post_genuine("msg_1").await.status, 204);
}

#[tokio::test]
async fn a_caller_that_takes_no_answer_holds_up_nobody_and_its_delivery_counts() {
    let stand = Stand::with_flags(&[]).await;
    // A window of no bytes for each answer.
    let mut frames = Frames::open_with(&stand, &[(4, 0)]).await;
    for n in 0..100 {
        let head = if n == 0 { genuine(&stand, "msg_1") } else { genuine(&stand, "forged") };
        frames.send(HEADERS, END_HEADERS, 2 * n + 1, &block(&head)).await;
        frames.send(DATA, END_STREAM, 2 * n + 1, if n == 0 { BODY } else { b"forged" }).await;
    }
    assert_eq!(frames.end_of(1).await, End::Answer(204), "it has no body to take");
    assert_eq!(frames.end_of(3).await, End::Silence, "its body waits for a window");
    assert_eq!(stand.post_genuine("msg_1").await.code(), "replayed");
    assert_eq!(stand.post_genuine("msg_2").await.status, 204);
    assert_eq!(stand.app.take_seen().len(), 2);
}

#[tokio::test]
async fn half_a_head_does_not_keep_a_connection() {
    let stand = Stand::with_flags(&["--idle-timeout", "1s"]).await;
    let head = block(&genuine(&stand, "msg_1"));
    let mut frames = Frames::open(&stand).await;
    frames.send(HEADERS, 0, 1, &head).await;
    let closed = async { while frames.end_of(1).await != End::Closed {} };
    assert!(tokio::time::timeout(Duration::from_secs(10), closed).await.is_ok());
}

#[tokio::test]
async fn a_stream_that_is_reset_after_the_claim_does_not_undo_it() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stand = Stand::start(Setup {
        upstream: Some(format!("http://{}", silent.local_addr().unwrap())),
        flags: &["--upstream-timeout", "500ms", "--on-unknown", "hold"],
        ..Setup::default()
    })
    .await;
    for (id, leave) in [("msg_1", frame(RST_STREAM, 0, 1, &[0, 0, 0, 8])), ("msg_2", Vec::new())] {
        let mut frames = Frames::open(&stand).await;
        frames.send(HEADERS, END_HEADERS, 1, &block(&genuine(&stand, id))).await;
        frames.send(DATA, END_STREAM, 1, BODY).await;
        let (_app, _) = silent.accept().await.unwrap();
        frames.send_raw(&leave).await;
        drop(frames);
        assert_eq!(stand.post_genuine(id).await.code(), "replayed", "{id}");
    }
}

const PROTOCOL_ERROR: u32 = 1;

/// No client may throw an answer away because a reset follows it (RFC 9113
/// section 8.1). curl 7.88 does, and shows neither status nor code.
#[tokio::test]
async fn a_refusal_before_the_body_is_not_followed_by_a_reset() {
    let stand = Stand::with_flags(&[]).await;
    let mut frames = Frames::open(&stand).await;
    let unsigned =
        [(":method", "POST"), (":scheme", "https"), (":path", "/hooks"), (":authority", "localhost")];
    frames.send(HEADERS, END_HEADERS, 1, &block(&unsigned)).await;
    assert_eq!(frames.end_of(1).await, End::Answer(401));
    frames.send(DATA, 0, 1, b"{").await;
    frames.send(DATA, END_STREAM, 1, b"}").await;
    assert_eq!(frames.end_of(1).await, End::Silence);
}
