//! The client against real sockets: each upstream is a script of raw bytes.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::PrivatePkcs8KeyDer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::idle::IDLE_MAX;
use super::{Pool, Target, UpstreamBody, UpstreamBodyError, UpstreamError};
use crate::causes::Causes;
use crate::config::Upstream;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Long enough for anything on loopback, and never waited for in full.
const LONG: Duration = Duration::from_secs(20);

fn pool(upstream: &Upstream, timeout: Duration) -> Arc<Pool> {
    Arc::new(Pool::new(Arc::new(Target::new(upstream, timeout, LONG).unwrap())))
}

/// An upstream on a port of its own, and a pool for it.
async fn listen(timeout: Duration) -> (TcpListener, Arc<Pool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, pool(&Upstream::Http { host: "127.0.0.1".into(), port }, timeout))
}

fn request(body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    Request::post("/hook?a=1").header("host", "app").body(Full::new(body.into())).unwrap()
}

async fn send(pool: &Arc<Pool>) -> Result<Response<UpstreamBody>, UpstreamError> {
    pool.send(request("hello")).await
}

/// A whole exchange that must succeed.
async fn fetch(pool: &Arc<Pool>) -> (StatusCode, Bytes) {
    let (head, body) = send(pool).await.unwrap().into_parts();
    (head.status, body.collect().await.unwrap().to_bytes())
}

/// Reads one request of `hello` to its last byte, or to the connection's end.
async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<String> {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\nhello") {
        if stream.read_buf(&mut read).await? == 0 {
            break;
        }
    }
    Ok(String::from_utf8(read).unwrap())
}

/// Answers every request on every connection.
fn serve_all(listener: TcpListener, answer: &'static [u8]) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(serve(stream, answer));
        }
    })
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: &'static [u8]) {
    while read_request(&mut stream).await.is_ok_and(|request| !request.is_empty()) {
        stream.write_all(answer).await.unwrap();
    }
}

/// One connection that gets `answer` to its first request and is then closed.
async fn answer_once(listener: &TcpListener, answer: &[u8]) -> String {
    hold_open(listener, answer).await.0
}

/// The same, but the connection stays open until it is dropped.
async fn hold_open(listener: &TcpListener, answer: &[u8]) -> (String, TcpStream) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let request = read_request(&mut stream).await.unwrap();
    // The client may have given up on a bad answer already.
    stream.write_all(answer).await.ok();
    (request, stream)
}

/// A pool with one kept connection, which the upstream has closed since.
async fn with_closed_connection() -> (TcpListener, Arc<Pool>) {
    let (listener, pool) = listen(LONG).await;
    let (_, (_, stream)) = tokio::join!(fetch(&pool), hold_open(&listener, OK));
    assert_eq!(pool.idle_count(), 1);
    drop(stream);
    // On loopback the end is there at once; the runtime hears of it when it
    // next asks the system, which it does before it sleeps.
    tokio::time::sleep(Duration::from_millis(1)).await;
    (listener, pool)
}

#[tokio::test]
async fn a_connection_is_kept_and_the_request_arrives_as_it_was_made() {
    let (listener, pool) = listen(LONG).await;
    let upstream = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut requests = Vec::new();
        for _ in 0..3 {
            requests.push(read_request(&mut stream).await.unwrap());
            stream.write_all(OK).await.unwrap();
        }
        (requests, stream)
    });
    for _ in 0..3 {
        assert_eq!(fetch(&pool).await, (StatusCode::OK, Bytes::from("ok")));
        assert_eq!(pool.idle_count(), 1);
    }
    for seen in upstream.await.unwrap().0 {
        assert_eq!(seen, "POST /hook?a=1 HTTP/1.1\r\nhost: app\r\ncontent-length: 5\r\n\r\nhello");
    }
}

#[tokio::test]
async fn answers_of_every_framing_leave_the_connection_reusable_or_closed() {
    for (answer, body, kept) in [
        (&b"HTTP/1.1 204 No Content\r\n\r\n"[..], "", 1),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", 1),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n1\r\n!\r\n0\r\n\r\n", "ok!", 1),
        (b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok", 1),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", "ok", 0),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok", 0),
    ] {
        let (listener, pool) = listen(LONG).await;
        let upstream = serve_all(listener, answer);
        assert_eq!(fetch(&pool).await.1, body);
        assert_eq!(pool.idle_count(), kept, "{}", String::from_utf8_lossy(answer));
        upstream.abort();
    }
}

#[tokio::test]
async fn an_answer_without_length_ends_with_its_connection() {
    let (listener, pool) = listen(LONG).await;
    let (fetched, _) =
        tokio::join!(fetch(&pool), answer_once(&listener, b"HTTP/1.1 200 OK\r\n\r\nto the end"));
    assert_eq!(fetched.1, "to the end");
    assert_eq!(pool.idle_count(), 0);
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_gives_the_request_back_for_a_fresh_one() {
    let (listener, pool) = with_closed_connection().await;
    let (fetched, (request, _stream)) = tokio::join!(fetch(&pool), hold_open(&listener, OK));
    assert_eq!(fetched.1, "ok");
    assert!(request.ends_with("hello"), "the whole request, once more");
    assert_eq!(pool.idle_count(), 1);
}

#[tokio::test]
async fn a_request_that_was_sent_is_never_repeated() {
    let (listener, pool) = listen(LONG).await;
    let upstream = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await.unwrap();
        stream.write_all(OK).await.unwrap();
        read_request(&mut stream).await.unwrap();
        drop(stream);
        // A second connection would be the repetition.
        tokio::time::timeout(Duration::from_millis(200), listener.accept()).await.is_ok()
    });
    assert_eq!(fetch(&pool).await.1, "ok");
    let error = send(&pool).await.unwrap_err();
    assert!(matches!(error, UpstreamError::Broken(_)) && error.may_have_been_sent(), "{error:?}");
    assert!(!upstream.await.unwrap());
}

#[tokio::test]
async fn what_is_not_an_answer_is_broken() {
    let endless = [b"HTTP/1.1 200 OK\r\nx: ".to_vec(), vec![b'a'; 1 << 20]].concat();
    let many = [b"HTTP/1.1 200 OK\r\n".to_vec(), b"a: b\r\n".repeat(1000), b"\r\n".to_vec()].concat();
    for answer in [
        &b""[..],
        b"HTTP/1.1 200",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nname : value\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na: b\r\n folded\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        &endless,
        &many,
    ] {
        let (listener, pool) = listen(LONG).await;
        let (sent, _) = tokio::join!(send(&pool), answer_once(&listener, answer));
        let start = String::from_utf8_lossy(&answer[..answer.len().min(80)]);
        assert!(matches!(sent, Err(UpstreamError::Broken(_))), "{start:?}: {sent:?}");
        assert_eq!(pool.idle_count(), 0);
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_an_error_of_its_body() {
    for answer in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"[..],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nnonsense\r\n",
    ] {
        let (listener, pool) = listen(LONG).await;
        let (response, _) = tokio::join!(send(&pool), answer_once(&listener, answer));
        let error = response.unwrap().into_body().collect().await.unwrap_err();
        assert!(matches!(error, UpstreamBodyError::Broken(_)), "{error:?}");
        assert_eq!(pool.idle_count(), 0);
    }
}

#[tokio::test]
async fn silence_before_the_head_is_a_timeout_of_a_sent_request() {
    let (listener, pool) = listen(Duration::from_millis(50)).await;
    let (sent, stream) = tokio::join!(send(&pool), listener.accept());
    assert!(matches!(sent, Err(UpstreamError::Timeout { sent: true })), "{sent:?}");
    // And the connection is closed, not kept with an answer still to come.
    read_request(&mut stream.unwrap().0).await.unwrap();
    assert_eq!(pool.idle_count(), 0);
}

#[tokio::test]
async fn silence_inside_the_body_is_a_timeout_of_the_body() {
    let (listener, pool) = listen(Duration::from_millis(50)).await;
    let upstream = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").await.unwrap();
        // Holds the connection until the client closes it.
        read_request(&mut stream).await.unwrap();
        stream.read(&mut [0]).await.unwrap()
    });
    let error = send(&pool).await.unwrap().into_body().collect().await.unwrap_err();
    assert!(matches!(error, UpstreamBodyError::Timeout), "{error:?}");
    assert_eq!(upstream.await.unwrap(), 0, "closed by the client");
}

#[tokio::test]
async fn a_slow_body_is_fine_while_each_part_comes_in_time() {
    let (listener, pool) = listen(Duration::from_millis(400)).await;
    let upstream = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n").await.unwrap();
        for _ in 0..8 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            stream.write_all(b".").await.unwrap();
        }
    };
    let started = Instant::now();
    let ((_, body), ()) = tokio::join!(fetch(&pool), upstream);
    assert_eq!(body, "........");
    assert!(started.elapsed() > Duration::from_millis(400), "longer in all than each part may take");
}

#[tokio::test]
async fn an_answer_before_the_end_of_the_request_is_passed_on_and_its_connection_dropped() {
    let (listener, pool) = listen(LONG).await;
    let upstream = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.read_u8().await.unwrap();
        stream.write_all(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno").await.unwrap();
        stream
    };
    // More than the sockets' buffers hold, so that most of it stays unsent.
    let body = vec![b'x'; 32 << 20];
    let (response, _stream) = tokio::join!(pool.send(request(body)), upstream);
    let response = response.unwrap();
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "no");
    assert_eq!(pool.idle_count(), 0);
}

#[tokio::test]
async fn a_body_dropped_early_closes_its_connection() {
    let (listener, pool) = listen(LONG).await;
    let upstream = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nstart").await.unwrap();
        stream.read(&mut [0]).await.unwrap()
    };
    let (response, read) = tokio::join!(async { drop(send(&pool).await.unwrap()) }, upstream);
    assert_eq!((response, read), ((), 0), "the upstream sees the end");
    assert_eq!(pool.idle_count(), 0);
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let (listener, refused) = listen(LONG).await;
    let address = listener.local_addr().unwrap();
    drop(listener);
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("missing.sock");
    let missing = pool(&Upstream::Unix(socket.clone()), LONG);
    let unknown = pool(&Upstream::Http { host: "no-such-name.invalid".into(), port: 80 }, LONG);
    for (pool, cause) in [
        (refused, format!("reach the upstream: connect to {address}: Connection refused")),
        (missing, format!("reach the upstream: connect to {}: No such file", socket.display())),
        (unknown, "reach the upstream: look up no-such-name.invalid: ".to_owned()),
    ] {
        let error = send(&pool).await.unwrap_err();
        assert!(matches!(error, UpstreamError::Unreachable(_)) && !error.may_have_been_sent(), "{error:?}");
        let shown = Causes(&error).to_string();
        assert!(shown.starts_with(&cause), "{shown}");
    }
}

#[tokio::test]
async fn a_handshake_that_never_comes_is_unreachable_or_a_timeout_of_an_unsent_request() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let upstream = Upstream::Https { host: "127.0.0.1".into(), port, ca: None };
    let (short, long) = (Duration::from_millis(50), LONG);
    for (answer_timeout, connect_timeout) in [(long, short), (short, long)] {
        let target = Target::new(&upstream, answer_timeout, connect_timeout).unwrap();
        let error = send(&Arc::new(Pool::new(Arc::new(target)))).await.unwrap_err();
        assert!(!error.may_have_been_sent());
        match error {
            UpstreamError::Unreachable(_) => assert_eq!(connect_timeout, short),
            UpstreamError::Timeout { sent: false } => assert_eq!(answer_timeout, short),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_unix_socket_is_an_upstream_like_any_other() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("app.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let pool = pool(&Upstream::Unix(path), LONG);
    tokio::spawn(async move { serve(listener.accept().await.unwrap().0, OK).await });
    for _ in 0..2 {
        assert_eq!(fetch(&pool).await.1, "ok");
    }
    assert_eq!(pool.idle_count(), 1);
}

#[tokio::test]
async fn tls_is_trusted_under_the_given_ca_and_the_right_name_only() {
    let directory = tempfile::tempdir().unwrap();
    let ca = directory.path().join("ca.pem");
    for (certificate_name, given_ca, failure) in [
        ("localhost", Some(ca.clone()), None),
        ("another.example", Some(ca.clone()), Some("another.example")),
        ("localhost", None, Some("UnknownIssuer")),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (ca_pem, acceptor) = tls_server(certificate_name);
        std::fs::write(&ca, ca_pem).unwrap();
        let pool = pool(&Upstream::Https { host: "localhost".into(), port, ca: given_ca }, LONG);
        let upstream = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let stream = acceptor.accept(stream).await?;
            assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
            serve(stream, OK).await;
            io::Result::Ok(())
        });
        let Some(failure) = failure else {
            assert_eq!(fetch(&pool).await.1, "ok");
            assert_eq!(fetch(&pool).await.1, "ok");
            assert_eq!(pool.idle_count(), 1);
            continue;
        };
        let error = send(&pool).await.unwrap_err();
        assert!(matches!(error, UpstreamError::Unreachable(_)), "{error:?}");
        let shown = Causes(&error).to_string();
        assert!(
            shown.starts_with("reach the upstream: agree on TLS: ") && shown.contains(failure),
            "{shown}"
        );
        assert!(upstream.await.unwrap().is_err());
    }
}

#[tokio::test]
async fn idle_connections_are_bounded_in_number_and_swept_when_closed() {
    let (listener, pool) = listen(LONG).await;
    let upstream = serve_all(listener, OK);
    let mut bodies = Vec::new();
    for _ in 0..=IDLE_MAX {
        bodies.push(send(&pool).await.unwrap().into_body());
    }
    for body in bodies {
        body.collect().await.unwrap();
    }
    assert_eq!(pool.idle_count(), IDLE_MAX);
    pool.sweep();
    assert_eq!(pool.idle_count(), IDLE_MAX, "open ones stay");
    upstream.abort();
}

#[tokio::test]
async fn a_sweep_finds_what_the_upstream_closed() {
    let (_listener, pool) = with_closed_connection().await;
    pool.sweep();
    assert_eq!(pool.idle_count(), 0);
}

#[test]
fn a_small_answer_is_streamed_without_a_further_wake_up() {
    // Counted from outside: how often the runtime polls a task that makes one
    // exchange on a kept connection and reads its body.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let polls = runtime.block_on(async {
        let (listener, pool) = listen(LONG).await;
        let upstream = serve_all(listener, OK);
        fetch(&pool).await;
        let mut polls = 0;
        let mut exchange = std::pin::pin!(fetch(&pool));
        std::future::poll_fn(|cx| {
            polls += 1;
            exchange.as_mut().poll(cx)
        })
        .await;
        upstream.abort();
        polls
    });
    assert_eq!(polls, 2, "once to send, once when the answer is there");
}

#[test]
fn the_future_of_an_exchange_is_of_moderate_size_and_can_be_spawned() {
    fn spawnable<F: Future + Send + 'static>(_: &F) {}
    let target = Target::new(&Upstream::Unix("/app.sock".into()), LONG, LONG).unwrap();
    let pool = Arc::new(Pool::new(Arc::new(target)));
    let exchange = async move { pool.send(request("hello")).await };
    spawnable(&exchange);
    assert!(size_of_val(&exchange) < 2048, "{} bytes", size_of_val(&exchange));
}

/// A CA and a server with a certificate for `name` under it.
fn tls_server(name: &str) -> (String, TlsAcceptor) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &ca).unwrap();
    let mut config = rustls::ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    (ca.pem(), TlsAcceptor::from(Arc::new(config)))
}
