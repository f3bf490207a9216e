//! Both protocols, and connections that are kept.

use std::sync::Arc;

use futures_util::future::join_all;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::consumer::{Consumer, Greeting};
use super::stand::{Ca, config, egress, fetch, write};
use crate::config::EgressConfig;
use crate::egress::{Egress, Route, SystemResolver};

/// A consumer behind TLS that speaks `protocols`, and the way to it.
async fn over_tls(directory: &TempDir, protocols: &[&str]) -> (Consumer, EgressConfig) {
    let ca = Ca::new();
    let leaf = ca.leaf(&["consumer.example"]);
    let consumer = Consumer::start(Greeting { protocols, ..Greeting::of(&leaf) }).await;
    let mut config = config(&format!("https://consumer.example:{}", consumer.port));
    config.tls.ca = Some(write(directory, "ca.pem", ca.pem()));
    (consumer, config)
}

#[tokio::test]
async fn the_server_chooses_the_protocol_and_the_connection_is_kept() {
    let directory = TempDir::new().unwrap();
    for (protocols, version) in
        [(&["h2", "http/1.1"][..], "HTTP/2.0"), (&["http/1.1"], "HTTP/1.1"), (&[], "HTTP/1.1")]
    {
        let (consumer, config) = over_tls(&directory, protocols).await;
        let egress = egress(&config);
        for _ in 0..3 {
            let seen = format!("{version} consumer.example:{} /hooks?a=1 5 hello", consumer.port);
            assert_eq!(fetch(&egress).await, seen);
        }
        egress.sweep();
        fetch(&egress).await;
        assert_eq!(consumer.connections(), 1, "{version}");
    }
}

#[tokio::test]
async fn http2_carries_many_exchanges_on_one_connection_even_at_the_start() {
    let directory = TempDir::new().unwrap();
    let (consumer, config) = over_tls(&directory, &["h2"]).await;
    let egress = egress(&config);
    let answers = join_all((0..50).map(|_| fetch(&egress))).await;
    assert_eq!((answers.len(), consumer.connections()), (50, 1));
}

#[tokio::test]
async fn http1_carries_one_exchange_a_connection_and_keeps_them_all() {
    let consumer = Consumer::plain().await;
    let egress = egress(&config(&format!("http://127.0.0.1:{}", consumer.port)));
    for _ in 0..2 {
        join_all((0..5).map(|_| fetch(&egress))).await;
    }
    assert_eq!(egress.idle_count(), consumer.connections());
    assert!(consumer.connections() <= 5);
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_is_replaced_and_the_request_sent_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let egress = egress(&config(&format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port())));
    let consumer = tokio::spawn(async move {
        let mut requests = 0;
        for _ in 0..2 {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"hello") {
                assert_ne!(socket.read_buf(&mut request).await.unwrap(), 0);
            }
            requests += 1;
            socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.unwrap();
        }
        requests
    });
    assert_eq!(fetch(&egress).await, "ok");
    // On loopback the end is there at once; the runtime hears of it when it
    // next asks the system, which it does before it sleeps.
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    assert_eq!(fetch(&egress).await, "ok");
    assert_eq!(consumer.await.unwrap(), 2);
}

#[tokio::test]
async fn the_systems_resolver_finds_the_consumer() {
    let consumer = Consumer::plain().await;
    let mut config = config(&format!("http://localhost:{}", consumer.port));
    config.allow.push("::1/128".parse().unwrap());
    let egress = Egress::new(Arc::new(Route::new(&config, Arc::new(SystemResolver)).unwrap()));
    assert!(fetch(&egress).await.contains("localhost"));
}

#[test]
fn the_future_of_an_exchange_is_of_moderate_size_and_can_be_spawned() {
    fn spawnable<F: Future + Send>(_: &F) {}
    let egress = egress(&config("http://127.0.0.1:1"));
    let exchange = fetch(&egress);
    spawnable(&exchange);
    assert!(size_of_val(&exchange) < 4096, "{} bytes", size_of_val(&exchange));
}
