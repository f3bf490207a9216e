//! Everything has a bound, and strangers cannot spend what is others'.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;

use crate::stand::{BODY, Stand, read_until_silent};

#[tokio::test]
async fn the_source_rate_is_spent_by_fresh_proven_deliveries_alone() {
    let stand = Stand::with_flags(&["--rate-limit", "1/h", "--rate-burst", "2"]).await;
    let first = stand.signed("msg_1", BODY);
    assert_eq!(stand.post(&first, BODY).await.status, 204);
    for _ in 0..5 {
        assert_eq!(stand.post(&first, BODY).await.code(), "replayed");
        assert_eq!(stand.post(&first, b"forged").await.code(), "signature_mismatch");
    }
    assert_eq!(stand.post_genuine("msg_2").await.status, 204, "neither replays nor forgeries spent it");
    let limited = stand.post_genuine("msg_3").await;
    assert_eq!((limited.status, limited.code().as_str()), (429, "rate_limited"));
    for name in ["retry-after", "ratelimit", "ratelimit-policy"] {
        assert!(limited.fields.contains_key(name), "{name}");
    }
    // Its claim was released: the retry is not a replay.
    assert_eq!(stand.post_genuine("msg_3").await.code(), "rate_limited");
}

#[tokio::test]
async fn the_rate_of_an_address_is_spent_before_any_work() {
    let stand = Stand::with_flags(&["--rate-limit-per-address", "1/h"]).await;
    assert_eq!(stand.post(&[], b"").await.code(), "signature_missing");
    assert_eq!(stand.post_genuine("msg_1").await.code(), "rate_limited");
}

#[tokio::test]
async fn one_address_gets_so_many_connections() {
    let stand = Stand::with_flags(&["--max-connections-per-address", "2"]).await;
    let (_one, _two) = (stand.client.connect().await.unwrap(), stand.client.connect().await.unwrap());
    let third = stand.client.connect().await;
    assert!(third.is_err(), "a third connection was taken");
}

#[tokio::test]
async fn a_declared_length_above_the_bound_is_refused_before_the_body() {
    let stand = Stand::with_flags(&["--max-body", "10B"]).await;
    let raw = format!(
        "POST /hooks HTTP/1.1\r\nHost: localhost\r\n{}Content-Length: 1000000\r\n\r\n",
        stand.signature_lines("msg_1", b"x")
    );
    let answer = stand.exchange(raw.as_bytes(), Duration::from_secs(2)).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
}

#[tokio::test]
async fn an_undeclared_body_is_cut_at_the_bound() {
    let stand = Stand::with_flags(&["--max-body", "10B"]).await;
    let head = format!(
        "POST /hooks HTTP/1.1\r\nHost: localhost\r\n{}Transfer-Encoding: chunked\r\n\r\n",
        stand.signature_lines("msg_1", b"x")
    );
    let chunks = "5\r\nhello\r\n".repeat(3) + "0\r\n\r\n";
    let answer = stand.exchange(format!("{head}{chunks}").as_bytes(), Duration::from_secs(2)).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(stand.app.take_seen().is_empty());
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_a_busy_one_is_not() {
    let stand = Stand::with_flags(&["--idle-timeout", "1s"]).await;
    let mut stream = stand.client.connect_raw().await.unwrap();
    stream.write_all(&stand.raw_genuine("msg_1", "")).await.unwrap();
    let answer = read_until_silent(&mut stream, Duration::from_secs(10)).await;
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    // `read_until_silent` came back because the guard closed, or ten seconds
    // passed; a write tells which.
    let mut rest = [0; 1];
    let read = tokio::io::AsyncReadExt::read(&mut stream, &mut rest).await;
    assert!(matches!(read, Ok(0) | Err(_)), "the guard kept an idle connection");
}
