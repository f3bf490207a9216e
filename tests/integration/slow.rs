//! Callers that are slow, or send more than is wanted: each is told so, and
//! holds up nobody else.

use std::time::{Duration, Instant};

use countersign::config::Bounds;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::stand::{Setup, Stand, read_until_silent};

const PATIENCE: Duration = Duration::from_secs(5);

async fn bounded(bounds: fn(&mut Bounds)) -> Stand {
    Stand::start(Setup { bounds, ..Setup::default() }).await
}

/// Sends the head of a delivery of `length` bytes and the first `sent` of
/// them, and leaves the rest out.
async fn begin(stand: &Stand, length: usize, sent: usize) -> TlsStream<TcpStream> {
    let mut stream = stand.client.connect_raw().await.unwrap();
    let head = format!(
        "POST /hooks HTTP/1.1\r\nHost: localhost\r\n{}Content-Length: {length}\r\n\r\n",
        stand.signature_lines("msg_begun", b"")
    );
    stream.write_all(&[head.as_bytes(), &vec![b'x'; sent]].concat()).await.unwrap();
    stream.flush().await.unwrap();
    // Until the guard has read it.
    tokio::time::sleep(Duration::from_millis(100)).await;
    stream
}

#[tokio::test]
async fn a_caller_that_sends_everything_before_it_reads_still_gets_the_refusal() {
    let stand = Stand::with_flags(&[]).await;
    for mebibytes in [1, 4, 16] {
        let mut stream = stand.client.connect_raw().await.unwrap();
        let head = "POST /hooks HTTP/1.1\r\nHost: localhost\r\n";
        let head = format!(
            "{head}{}Content-Length: {}\r\n\r\n",
            stand.signature_lines("msg_1", b""),
            (mebibytes << 20) + 1
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        // The guard closes when it has seen enough of it.
        stream.write_all(&vec![b'x'; mebibytes << 20]).await.ok();
        let answer = read_until_silent(&mut stream, PATIENCE).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{mebibytes} MiB: {answer:?}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    }
}

#[tokio::test]
async fn a_slow_head_is_answered_and_closed() {
    let stand = bounded(|bounds| bounds.head_timeout = Duration::from_millis(300)).await;
    for begun in ["P", "POST /hooks HTTP/1.1\r\nHost: localhost\r\nX-A"] {
        let mut stream = stand.client.connect_raw().await.unwrap();
        let started = Instant::now();
        stream.write_all(begun.as_bytes()).await.unwrap();
        let (mut reading, mut writing) = tokio::io::split(stream);
        // A byte now and then does not put the deadline off.
        let dripping = tokio::spawn(async move {
            while writing.write_all(b"a").await.is_ok() && writing.flush().await.is_ok() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        let mut answer = Vec::new();
        tokio::io::AsyncReadExt::read_to_end(&mut reading, &mut answer).await.ok();
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("head_timeout"), "{answer}");
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
        dripping.abort();
    }
}

#[tokio::test]
async fn a_slow_body_is_answered_and_burns_no_id() {
    let stand = bounded(|bounds| bounds.body_timeout = Duration::from_millis(300)).await;
    let raw = stand.raw_genuine("msg_1", "");
    let answer = stand.exchange(&raw[..raw.len() - 1], PATIENCE).await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("body_timeout"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    assert!(stand.app.take_seen().is_empty());
    assert_eq!(stand.post_genuine("msg_1").await.status, 204);
}

#[tokio::test]
async fn a_body_that_trickles_is_given_up_before_its_time() {
    let stand = bounded(|bounds| bounds.body_rate_min = 1 << 20).await;
    let started = Instant::now();
    let mut stream = begin(&stand, 100_000, 1000).await;
    let answer = read_until_silent(&mut stream, PATIENCE).await;
    assert!(answer.contains("body_timeout"), "{answer}");
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_hundred_thousand_chunks_of_one_byte_are_one_body() {
    let stand = Stand::with_flags(&[]).await;
    let body = vec![b'x'; 100_000];
    let head = format!(
        "POST /hooks HTTP/1.1\r\nHost: localhost\r\n{}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        stand.signature_lines("msg_1", &body)
    );
    let chunked = "1\r\nx\r\n".repeat(body.len()) + "0\r\n\r\n";
    let started = Instant::now();
    let answer = stand.exchange((head + &chunked).as_bytes(), PATIENCE).await;
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
    assert_eq!(stand.app.take_seen()[0].body, body);
}

#[tokio::test]
async fn a_full_memory_is_said_and_passes() {
    let stand = bounded(|bounds| bounds.memory_bytes = 64 << 10).await;
    let body = vec![b'x'; 16 << 10];
    let fields = stand.signed("msg_1", &body);
    let holder = begin(&stand, 64 << 10, 60 << 10).await;
    let refused = stand.post(&fields, &body).await;
    assert_eq!((refused.status, refused.code().as_str()), (503, "overloaded"));
    assert!(refused.fields.contains_key("retry-after"));
    assert!(stand.admin("/metrics").await.contains(" 61440\n"), "the bytes held are shown");
    drop(holder);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(stand.post(&fields, &body).await.status, 204);
}

#[tokio::test]
async fn one_address_cannot_take_all_the_memory() {
    let stand = bounded(|bounds| bounds.memory_bytes_per_address = 64 << 10).await;
    let body = vec![b'x'; 16 << 10];
    let fields = stand.signed("msg_1", &body);
    let _holder = begin(&stand, 64 << 10, 60 << 10).await;
    assert_eq!(stand.post(&fields, &body).await.code(), "overloaded");
    let mut other = stand.client.from([127, 0, 0, 2].into()).connect().await.unwrap();
    assert_eq!(other.post("/hooks", &fields, body.into()).await.unwrap().status, 204);
}

#[tokio::test]
async fn so_many_deliveries_are_in_flight_and_no_more() {
    let stand = bounded(|bounds| bounds.deliveries = 2).await;
    let (one, two) = (begin(&stand, 10, 5).await, begin(&stand, 10, 5).await);
    let refused = stand.post_genuine("msg_1").await;
    assert_eq!((refused.status, refused.code().as_str()), (503, "overloaded"));
    drop((one, two));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(stand.post_genuine("msg_1").await.status, 204);
}

#[tokio::test]
async fn hundreds_of_idle_and_half_spoken_connections_hold_up_nobody() {
    let stand = Stand::with_flags(&[]).await;
    let mut others = Vec::new();
    for number in 0..300 {
        let mut stream = stand.client.connect_raw().await.unwrap();
        let said = ["", "POST", "POST /hooks HTTP/1.1\r\nHost: localhost\r\n"][number % 3];
        stream.write_all(said.as_bytes()).await.unwrap();
        others.push(stream);
    }
    let started = Instant::now();
    assert_eq!(stand.post_genuine("msg_1").await.status, 204);
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
}
