//! Whole connections, through hyper.

use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt, Full};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::{Instant, sleep, timeout};

use super::*;
use crate::net::drain::{Drain, DrainSignal};

const BOUNDS: ConnectionBounds = ConnectionBounds {
    http1: Http1Bounds { head_bytes: 32 * 1024, head_fields: 100, head_timeout: Duration::from_secs(5) },
    idle_timeout: Duration::from_secs(60),
    age_max: None,
};

const GOOD: &[u8] = b"POST /good HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc";

fn answer(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    response
}

/// Answers with what it was given: path and body, or the fault.
async fn echo(
    request: Request<Incoming>,
    fault: Option<Http1Fault>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if let Some(fault) = fault {
        return Ok(answer(StatusCode::BAD_REQUEST, format!("refused: {fault}")));
    }
    let (parts, body) = request.into_parts();
    Ok(match body.collect().await {
        Ok(body) => answer(StatusCode::OK, format!("{} {:?}", parts.uri.path(), body.to_bytes())),
        Err(error) => {
            let fault = Http1Fault::behind(&error).map(|fault| fault.to_string());
            answer(StatusCode::BAD_REQUEST, format!("broken: {fault:?}"))
        }
    })
}

/// Answers without end.
async fn endless(
    _: Request<Incoming>,
    _: Option<Http1Fault>,
) -> Result<Response<impl Body<Data = Bytes, Error = Infallible>>, Infallible> {
    let parts = futures_util::stream::repeat_with(|| {
        Ok::<_, Infallible>(http_body::Frame::data(Bytes::from_static(&[0; 1024])))
    });
    Ok(Response::new(http_body_util::StreamBody::new(parts)))
}

/// A connection to `echo`, and the drain that it heeds.
fn connect(protocol: Protocol) -> (DuplexStream, Drain) {
    connect_within(protocol, BOUNDS)
}

fn connect_within(protocol: Protocol, bounds: ConnectionBounds) -> (DuplexStream, Drain) {
    let (client, server) = duplex(1 << 16);
    let drain = Drain::new(DrainSignal::default());
    let signal = drain.signal().clone();
    drain.tasks().spawn(async move { serve_connection(server, protocol, echo, &bounds, &signal).await });
    (client, drain)
}

/// Bounds of a connection that ends for its age.
const AGING: ConnectionBounds = ConnectionBounds { age_max: Some(Duration::from_secs(100)), ..BOUNDS };

/// One answer to [`GOOD`], in its own length, and whether it says that it is
/// the last.
async fn next_is_last(client: &mut DuplexStream) -> bool {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.expect("an answer"));
    }
    client.read_exact(&mut [0; "/good b\"abc\"".len()]).await.expect("its body");
    String::from_utf8_lossy(&head).contains("connection: close")
}

/// Status and body of each answer on a connection that is read to its end.
async fn answers(client: &mut DuplexStream) -> Vec<String> {
    let mut text = String::new();
    client.read_to_string(&mut text).await.expect("answers are text");
    text.split("HTTP/1.1 ")
        .skip(1)
        .map(|answer| {
            let (head, body) = answer.split_once("\r\n\r\n").expect("a whole head");
            format!("{} {body}", &head[..3])
        })
        .collect()
}

async fn exchange(protocol: Protocol, sent: &[u8]) -> Vec<String> {
    let (mut client, _drain) = connect(protocol);
    client.write_all(sent).await.expect("the server reads");
    timeout(Duration::from_secs(600), answers(&mut client)).await.expect("the server ends it")
}

#[tokio::test(start_paused = true)]
async fn a_refused_head_is_answered_behind_the_requests_before_it() {
    let sent = [GOOD, GOOD, b"GET / HTTP/1.1\nhost: a\r\n\r\n", GOOD].concat();
    let good = "200 /good b\"abc\"";
    let expected = [good, good, "400 refused: malformed request head"];
    assert_eq!(exchange(Protocol::Http1, &sent).await, expected);
    assert_eq!(exchange(Protocol::Detect, &sent).await, expected);
}

#[tokio::test(start_paused = true)]
async fn nobody_can_pretend_to_be_the_stand_in() {
    let sent = [
        &b"POST / HTTP/1.1\r\nhost: refused.invalid\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"[..],
        GOOD,
    ]
    .concat();
    assert_eq!(exchange(Protocol::Http1, &sent).await, ["200 / b\"\""]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_body_ends_in_an_error_that_names_the_fault() {
    let sent = b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabcd";
    let expected = ["400 broken: Some(\"malformed chunked body\")"];
    assert_eq!(exchange(Protocol::Http1, sent).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_slow_head_is_answered() {
    let start = Instant::now();
    let expected = ["200 /good b\"abc\"", "400 refused: request head not finished in time"];
    assert_eq!(exchange(Protocol::Http1, &[GOOD, b"GET /"].concat()).await, expected);
    assert_eq!(start.elapsed(), BOUNDS.http1.head_timeout);
}

#[tokio::test(start_paused = true)]
async fn a_head_larger_than_a_buffer_passes_within_its_bound() {
    let head = |pad: usize| {
        format!("GET /large HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx: {}\r\n\r\n", "x".repeat(pad))
            .into_bytes()
    };
    let room = BOUNDS.http1.head_bytes - head(0).len();
    assert_eq!(exchange(Protocol::Http1, &head(room)).await, ["200 /large b\"\""]);
    assert_eq!(exchange(Protocol::Http1, &head(room + 1)).await, ["400 refused: request head too large"]);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed() {
    for sent in [&b""[..], GOOD, b"\r\n"] {
        let start = Instant::now();
        let answered = exchange(Protocol::Http1, sent).await;
        assert_eq!(answered.len(), usize::from(sent == GOOD));
        let idle = start.elapsed().as_secs();
        assert!((60..=80).contains(&idle), "{idle} s for {}", sent.escape_ascii());
    }
}

#[tokio::test(start_paused = true)]
async fn a_drain_ends_an_idle_connection_at_once() {
    let (mut client, drain) = connect(Protocol::Http1);
    client.write_all(GOOD).await.expect("the server reads");
    let mut first = [0; 12];
    client.read_exact(&mut first).await.expect("an answer");
    let start = Instant::now();
    drain.signal().begin();
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).await.expect("the server ends it");
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_drain_lets_a_request_in_flight_finish() {
    let (mut client, drain) = connect(Protocol::Http1);
    client.write_all(&GOOD[..GOOD.len() - 1]).await.expect("the server reads");
    sleep(Duration::from_secs(1)).await;
    drain.signal().begin();
    sleep(Duration::from_secs(20)).await;
    client.write_all(b"c").await.expect("the server reads");
    assert_eq!(answers(&mut client).await, ["200 /good b\"abc\""]);
}

#[tokio::test(start_paused = true)]
async fn the_first_answer_past_the_age_is_the_last_and_says_so() {
    let (mut client, _drain) = connect_within(Protocol::Detect, AGING);
    let start = Instant::now();
    let mut said = Vec::new();
    while !said.last().is_some_and(|last| *last) {
        client.write_all(GOOD).await.expect("a connection that said nothing is open");
        said.push(next_is_last(&mut client).await);
        sleep(Duration::from_secs(3)).await;
    }
    let age = start.elapsed().as_secs();
    assert!((90..=106).contains(&age), "{age} s");
    assert_eq!(client.read(&mut [0]).await.ok(), Some(0));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_made_when_the_age_comes_is_the_last() {
    let (mut client, _drain) = connect_within(Protocol::Http1, AGING);
    client.write_all(&GOOD[..GOOD.len() - 1]).await.expect("the server reads");
    sleep(Duration::from_secs(110)).await;
    client.write_all(b"c").await.expect("the server reads");
    assert!(next_is_last(&mut client).await);
    assert_eq!(client.read(&mut [0]).await.ok(), Some(0));
}

#[tokio::test(start_paused = true)]
async fn past_its_age_a_connection_waits_a_while_for_one_more_request() {
    for (idle_seconds, waited) in [(60, 10), (4, 4)] {
        let (idle_timeout, start) = (Duration::from_secs(idle_seconds), Instant::now());
        let bounds = ConnectionBounds { idle_timeout, age_max: Some(Duration::from_secs(3)), ..AGING };
        let (mut client, _drain) = connect_within(Protocol::Http1, bounds);
        assert_eq!(client.read(&mut [0]).await.ok(), Some(0));
        let seconds = start.elapsed().as_secs();
        assert!((waited..=waited + 5).contains(&seconds), "{seconds} s of {waited}");
    }
}

#[tokio::test(start_paused = true)]
async fn http2_is_told_of_its_age_at_once() {
    let (client, _drain) = connect_within(Protocol::Http2, AGING);
    let builder = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
    let (mut sender, connection) =
        builder.handshake::<_, Full<Bytes>>(TokioIo::new(client)).await.expect("HTTP/2");
    let client = tokio::spawn(connection);
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(85) {
        let mut request = Request::new(Full::from("abc"));
        *request.uri_mut() = http::Uri::from_static("http://a/good");
        let response = sender.send_request(request).await.expect("an answer");
        assert!(!response.headers().contains_key("connection"));
        sleep(Duration::from_secs(5)).await;
    }
    assert!(client.await.expect("no panic").is_ok());
    assert!((90..=100).contains(&start.elapsed().as_secs()));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_takes_ends_the_connection() {
    let (mut client, server) = duplex(1024);
    let drain = Drain::new(DrainSignal::default());
    client.write_all(GOOD).await.expect("room for it");
    let start = Instant::now();
    serve_http1(server, endless, &BOUNDS, drain.signal()).await;
    assert!((30..=45).contains(&start.elapsed().as_secs()));
}

#[tokio::test(start_paused = true)]
async fn a_head_begun_behind_an_answer_that_nobody_takes_does_not_keep_the_connection() {
    let (mut client, server) = duplex(1024);
    let drain = Drain::new(DrainSignal::default());
    client.write_all(&[GOOD, GOOD, b"P"].concat()).await.expect("room for it");
    let start = Instant::now();
    serve_http1(server, endless, &BOUNDS, drain.signal()).await;
    assert!((30..=45).contains(&start.elapsed().as_secs()));
}

#[tokio::test(start_paused = true)]
async fn a_plain_port_speaks_both() {
    let (client, drain) = connect(Protocol::Detect);
    let builder = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
    let (mut sender, connection) =
        builder.handshake::<_, Full<Bytes>>(TokioIo::new(client)).await.expect("HTTP/2");
    let client = tokio::spawn(connection);
    let mut request = Request::new(Full::from("abc"));
    *request.uri_mut() = http::Uri::from_static("http://a/good");
    let response = sender.send_request(request).await.expect("an answer");
    assert_eq!(response.version(), http::Version::HTTP_2);
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    assert_eq!(body, "/good b\"abc\"");
    drain.signal().begin();
    assert!(client.await.expect("no panic").is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_idle_http2_connection_is_closed() {
    let (client, _drain) = connect(Protocol::Http2);
    let builder = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
    let (_sender, connection) =
        builder.handshake::<_, Full<Bytes>>(TokioIo::new(client)).await.expect("HTTP/2");
    let start = Instant::now();
    assert!(connection.await.is_ok());
    assert!((60..=80).contains(&start.elapsed().as_secs()));
}

#[tokio::test(start_paused = true)]
async fn a_silent_or_half_preface_is_given_up() {
    for (sent, seconds) in [(&b""[..], 60), (b"PRI * HT", 5)] {
        let start = Instant::now();
        assert!(exchange(Protocol::Detect, sent).await.is_empty());
        assert_eq!(start.elapsed().as_secs(), seconds);
    }
}

#[tokio::test]
async fn a_refusal_survives_what_the_peer_sends_behind_it() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback has free ports");
    let mut client =
        tokio::net::TcpStream::connect(listener.local_addr().expect("bound")).await.expect("it listens");
    let (server, _) = listener.accept().await.expect("the client is there");
    let drain = Drain::new(DrainSignal::default());
    let signal = drain.signal().clone();
    drain.tasks().spawn(async move {
        serve_connection(server, Protocol::Http1, echo, &BOUNDS, &signal).await;
    });
    client.write_all(b"GET / HTTP/1.1\nhost: a\r\n\r\n").await.expect("the server reads");
    client.readable().await.expect("an answer");
    for _ in 0..16 {
        client.write_all(&[b'x'; 8 * 1024]).await.expect("the server reads on");
    }
    client.shutdown().await.expect("still connected");
    let mut text = String::new();
    client.read_to_string(&mut text).await.expect("an end, not a reset");
    assert!(text.starts_with("HTTP/1.1 400 "), "{text}");
}
