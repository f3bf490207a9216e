//! Requests as an API server sends them, and as it never would.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use super::cluster::{Cluster, NAMESPACES};
use super::stand::{HOST, Replica, ask, clock, is_allowed, json_type, review};
use crate::stand::read_until_silent;

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_that_the_watch_does_not_have_is_asked_for_once() {
    let cluster = Cluster::start().await;
    let replica = Replica::ready(&cluster, &clock()).await;
    let mut connection = replica.connect(&cluster).await.unwrap();
    let path = format!("{NAMESPACES}/shop");
    for _ in 0..3 {
        assert!(is_allowed(&ask(&mut connection, "shop").await.unwrap()));
    }
    assert_eq!(cluster.calls(&Method::GET, &path, 200), 0, "it is known by the watch");
    let gone = ask(&mut connection, "gone").await.unwrap();
    assert_eq!((gone.status, &gone.code()[..]), (500, "namespace_unknown"));
    assert_eq!(cluster.calls(&Method::GET, &format!("{NAMESPACES}/gone"), 404), 1);
    replica.stop().await;
}

/// A path, fields and a body, and the status and code that they get.
type Case<'a> = (&'static str, Vec<(HeaderName, HeaderValue)>, &'a str, u16, &'static str);

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_review_is_refused_with_its_code() {
    let cluster = Cluster::start().await;
    let replica = Replica::ready(&cluster, &clock()).await;
    let good = review("shop").to_string();
    let no_namespace = json!({ "request": { "uid": "u", "name": "n" } }).to_string();
    let other = (http::header::CONTENT_TYPE, HeaderValue::from_static("application/yaml"));
    let with_charset =
        (http::header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    let expectation = (http::header::EXPECT, HeaderValue::from_static("200-ok"));
    let huge = "x".repeat((4 << 20) + 1);
    let path_as_namespace = review("shop/secrets/x?watch=true").to_string();
    // Short, and large once it is read.
    let objects = format!("[{}{{}}]", "{},".repeat(20_000));
    let cases: [Case<'_>; 12] = [
        ("/mutate", vec![json_type()], &good, 200, ""),
        ("/mutate?timeout=5s", vec![with_charset], &good, 200, ""),
        ("/", vec![json_type()], &good, 404, "no_such_path"),
        ("/mutate/", vec![json_type()], &good, 404, "no_such_path"),
        ("/mutate", vec![], &good, 415, "media_type"),
        ("/mutate", vec![other], &good, 415, "media_type"),
        ("/mutate", vec![json_type()], "{}", 400, "not_a_review"),
        ("/mutate", vec![json_type()], &no_namespace, 400, "not_a_review"),
        ("/mutate", vec![json_type()], &path_as_namespace, 400, "not_a_review"),
        ("/mutate", vec![json_type()], &huge, 413, "body_too_large"),
        ("/mutate", vec![json_type()], &objects, 413, "body_too_large"),
        ("/mutate", vec![json_type(), expectation], &good, 417, "expectation_failed"),
    ];
    for (path, fields, body, status, code) in cases {
        let mut connection = replica.connect(&cluster).await.unwrap();
        let reply = connection.post(path, &fields, Bytes::copy_from_slice(body.as_bytes())).await.unwrap();
        assert_eq!((reply.status, &reply.code()[..]), (status, code), "{path} {fields:?}");
    }
    let metrics = replica.admin("/metrics").await;
    for line in
        ["outcome=\"refused\"} 10", "outcome=\"failed\"} 0", "injector_review_duration_seconds_count 12"]
    {
        assert!(metrics.contains(line), "{line} is not in {metrics}");
    }
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_method_is_told_which_one_there_is() {
    let cluster = Cluster::start().await;
    let replica = Replica::ready(&cluster, &clock()).await;
    let mut stream = replica.connect_raw(&cluster).await.unwrap();
    let request = format!("GET /mutate HTTP/1.1\r\nhost: {HOST}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let answer = read_until_silent(&mut stream, Duration::from_millis(500)).await;
    assert!(answer.starts_with("HTTP/1.1 405 ") && answer.contains("allow: POST"), "{answer}");
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_cannot_hold_every_place() {
    let cluster = Cluster::start().await;
    let replica = Replica::ready(&cluster, &clock()).await;
    let mut held = Vec::new();
    while let Ok(connection) = replica.connect_raw(&cluster).await {
        held.push(connection);
        assert!(held.len() <= 256, "there is no end to them");
    }
    assert_eq!(held.len(), 256);
    let refused = "countersign_connections_refused_total{reason=\"address_connections\"} 1";
    replica.until_admin("/metrics", refused).await;
    // One who goes makes room for the next.
    held.pop();
    while replica.connect_raw(&cluster).await.is_err() {
        tokio::task::yield_now().await;
    }
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_dawdles_is_hung_up_on_and_keeps_nobody_waiting() {
    let cluster = Cluster::start().await;
    let replica = Replica::ready(&cluster, &clock()).await;
    let mut head = replica.connect_raw(&cluster).await.unwrap();
    head.write_all(b"POST /mutate HTTP/1.1\r\nhost: ").await.unwrap();
    let mut body = replica.connect_raw(&cluster).await.unwrap();
    let begun = format!(
        "POST /mutate HTTP/1.1\r\nhost: {HOST}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{{"
    );
    body.write_all(begun.as_bytes()).await.unwrap();
    assert!(is_allowed(&replica.ask(&cluster, "shop").await.unwrap()));
    let patience = Duration::from_secs(15);
    for stream in [&mut head, &mut body] {
        let answer = read_until_silent(stream, patience).await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    }
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_in_flight_is_answered_while_the_injector_stops() {
    let cluster = Cluster::start().await;
    let replica = Replica::ready(&cluster, &clock()).await;
    let mut stream = replica.connect_raw(&cluster).await.unwrap();
    let review = review("shop").to_string();
    let head = format!(
        "POST /mutate HTTP/1.1\r\nhost: {HOST}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
        review.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // What it says to this, it says once the request is its own.
    let go_on = crate::stand::read_head(&mut stream).await;
    assert!(go_on.starts_with("HTTP/1.1 100 "), "{go_on}");
    replica.running().drain();
    replica.until_admin("/readyz", "stopping").await;
    stream.write_all(review.as_bytes()).await.unwrap();
    let answer = read_until_silent(&mut stream, Duration::from_secs(5)).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("\"allowed\":true"), "{answer}");
    replica.stop().await;
}
