//! What the app learns when there is no answer, and what it costs.

use std::time::Duration;

use super::consumer::Consumer;
use super::stand::Signer;
use crate::stand::{Stand, closed_port};

const OK: &str = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn each_failure_of_the_consumer_has_its_code() {
    let long =
        format!("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\nConnection: close\r\n\r\n{}", "x".repeat(2000));
    for (answer, expected) in [
        ("", (502, "consumer_broken")),
        ("SSH-2.0-OpenSSH\r\n", (502, "consumer_broken")),
        ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", (502, "consumer_broken")),
        (&long, (502, "answer_too_large")),
    ] {
        let consumer = Consumer::answering(&[answer]).await;
        let signer = Signer::plain(consumer.address, &["--max-answer", "1KiB"]);
        let (status, code) = signer.outcome("/", &[]).await;
        assert_eq!((status, code.as_str()), expected, "{answer:.30}");
    }
    let signer = Signer::plain(closed_port().await, &[]);
    assert_eq!(signer.outcome("/", &[]).await, (502, "consumer_unreachable".to_owned()));
}

#[tokio::test]
async fn a_consumer_that_keeps_silent_is_a_timeout() {
    let consumer = Consumer::holding(OK).await;
    let signer = Signer::plain(consumer.address, &["--timeout", "100ms"]);
    let reply = signer.post("/", &[], b"{}").await;
    assert_eq!((reply.status, reply.code().as_str()), (504, "consumer_timeout"));
    let document: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(document["retryable"], true);
    assert!(reply.took < Duration::from_secs(5));
}

#[tokio::test]
async fn an_address_that_is_not_public_is_refused_and_never_dialled() {
    let consumer = Consumer::answering(&[OK]).await;
    let url = format!("http://localhost:{}/", consumer.address.port());
    let flags = ["--endpoint", &url, "--allow-plain", "--secret-env", "SECRET"];
    let signer = Signer::start(&flags, std::sync::Arc::new(countersign::clock::SystemClock));
    assert_eq!(signer.outcome("/", &[]).await, (502, "destination_refused".to_owned()));
    assert!(consumer.take_seen().is_empty());
}

#[tokio::test]
async fn a_consumer_that_is_someone_else_is_refused() {
    let stand = Stand::with_flags(&[]).await;
    let pin = "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    for flags in [["--server-san", "DNS:other.example"], ["--server-spki-pin", pin]] {
        let signer = Signer::toward(&stand, &flags);
        assert_eq!(signer.outcome("/", &[]).await, (502, "consumer_tls".to_owned()), "{flags:?}");
    }
    assert!(stand.app.take_seen().is_empty());
}

#[tokio::test]
async fn what_the_app_may_not_send_never_reaches_the_consumer() {
    let consumer = Consumer::answering(&[OK]).await;
    let signer = Signer::plain(consumer.address, &["--max-body", "1KiB"]);
    let reply = signer.post("/", &[], &[b'x'; 1025]).await;
    assert_eq!((reply.status, reply.code().as_str()), (413, "body_too_large"));
    assert_eq!(signer.outcome("/", &[("expect", "magic")]).await, (417, "expectation_failed".to_owned()));
    assert!(crate::stand::get(signer.running().address(), "/").await.contains("allow: POST"));
    assert!(consumer.take_seen().is_empty());
}

#[tokio::test]
async fn above_its_rate_and_its_places_an_endpoint_is_left_alone() {
    let consumer = Consumer::answering(&[OK]).await;
    let signer = Signer::plain(consumer.address, &["--rate-limit", "1/h"]);
    assert_eq!(signer.outcome("/", &[]).await.0, 204);
    let reply = signer.post("/", &[], b"{}").await;
    assert_eq!((reply.status, reply.code().as_str()), (429, "rate_limited"));
    assert!(reply.fields.contains_key("retry-after") && reply.fields.contains_key("ratelimit"));

    let consumer = Consumer::holding(OK).await;
    let signer = Signer::plain(consumer.address, &["--concurrency", "1"]);
    let (first, second) = tokio::join!(signer.outcome("/", &[]), async {
        consumer.reached.notified().await;
        let busy = signer.post("/", &[], b"{}").await;
        consumer.proceed.notify_one();
        busy
    });
    assert_eq!(first.0, 204);
    assert_eq!((second.status, second.code().as_str()), (503, "endpoint_busy"));
    assert!(second.fields.contains_key("retry-after"));
    let metrics = signer.admin("/metrics").await;
    for line in [
        "countersign_deliveries_total{code=\"delivered\",endpoint=\"127.0.0.1\"} 1",
        "countersign_deliveries_total{code=\"endpoint_busy\",endpoint=\"127.0.0.1\"} 1",
        "countersign_deliveries_in_flight{endpoint=\"127.0.0.1\"} 0",
        "countersign_consumer_duration_seconds_count{endpoint=\"127.0.0.1\"} 1",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
}

#[tokio::test]
async fn a_drain_finishes_what_is_in_flight() {
    let consumer = Consumer::holding(OK).await;
    let signer = Signer::plain(consumer.address, &[]);
    let (in_flight, ()) = tokio::join!(signer.outcome("/", &[]), async {
        consumer.reached.notified().await;
        signer.running().drain();
        assert!(signer.admin("/readyz").await.starts_with("HTTP/1.1 503"));
        consumer.proceed.notify_one();
    });
    assert_eq!(in_flight.0, 204);
    signer.stop().await;
}
