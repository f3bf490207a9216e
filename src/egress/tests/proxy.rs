//! The way through a proxy.

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use super::consumer::{Consumer, Greeting};
use super::stand::{Ca, Fixed, config, egress, fetch, post, write};
use crate::config::EgressConfig;
use crate::egress::{AddressKind, EgressError, Route, RouteError};

/// A proxy that gives `answer` to one request, and then leads to `consumer`.
/// Its task ends with what it was asked.
async fn proxy(config: &mut EgressConfig, answer: Vec<u8>, consumer: u16) -> tokio::task::JoinHandle<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    config.proxy = Some(format!("http://127.0.0.1:{port}").parse().unwrap());
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut asked = Vec::new();
        while !asked.ends_with(b"\r\n\r\n") {
            assert_ne!(socket.read_buf(&mut asked).await.unwrap(), 0);
        }
        // The client may have given up on a bad answer already.
        socket.write_all(&answer).await.ok();
        if answer.ends_with(b"\r\n\r\n") {
            let mut onward = TcpStream::connect(("127.0.0.1", consumer)).await.unwrap();
            copy_bidirectional(&mut socket, &mut onward).await.ok();
        }
        String::from_utf8(asked).unwrap()
    })
}

#[tokio::test]
async fn deliveries_go_through_the_proxy_under_the_consumers_name() {
    let (directory, ca) = (TempDir::new().unwrap(), Ca::new());
    let leaf = ca.leaf(&["consumer.example"]);
    let consumer = Consumer::start(Greeting { protocols: &["h2"], ..Greeting::of(&leaf) }).await;
    // A name that nobody here could resolve, and a port that is not the consumer's.
    let mut config = config("https://consumer.example:8443");
    config.tls.ca = Some(write(&directory, "ca.pem", ca.pem()));
    let answer = b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n".to_vec();
    let proxy = proxy(&mut config, answer, consumer.port).await;
    let egress = egress(&config);
    for _ in 0..2 {
        assert_eq!(fetch(&egress).await, "HTTP/2.0 consumer.example:8443 /hooks?a=1 5 hello");
    }
    drop(egress);
    let asked = proxy.await.unwrap();
    assert_eq!(asked, "CONNECT consumer.example:8443 HTTP/1.1\r\nHost: consumer.example:8443\r\n\r\n");
}

#[tokio::test]
async fn a_proxy_that_gives_no_tunnel_leaves_the_consumer_unreachable() {
    let endless = [b"HTTP/1.1 200 OK\r\nx: ".to_vec(), vec![b'a'; 1 << 20]].concat();
    for answer in [
        b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n".to_vec(),
        b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n".to_vec(),
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n".to_vec(),
        b"HTTP/1.1 200 OK\r\n".to_vec(),
        b"HTTP/1.1 200 OK\r\n\r\nearly".to_vec(),
        b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(),
        Vec::new(),
        endless,
    ] {
        let mut config = config("http://consumer.example");
        let start = String::from_utf8_lossy(&answer[..answer.len().min(40)]).into_owned();
        let consumer = Consumer::plain().await;
        let proxy = proxy(&mut config, answer, consumer.port).await;
        let error = post(&egress(&config), "/").await.unwrap_err();
        assert!(matches!(error, EgressError::Unreachable(_)), "{start:?}: {error:?}");
        proxy.await.unwrap();
        assert!(consumer.clients().is_empty());
    }
}

#[tokio::test]
async fn the_proxys_own_address_is_judged_and_so_is_an_address_in_the_url() {
    let consumer = Consumer::plain().await;
    let mut config = config("http://consumer.example");
    config.proxy = Some(format!("http://127.0.0.1:{}", consumer.port).parse().unwrap());
    config.allow.clear();
    match post(&egress(&config), "/").await {
        Err(EgressError::Refused(refusal)) => assert_eq!(refusal.kind, AddressKind::Loopback),
        other => panic!("{other:?}"),
    }
    assert_eq!(consumer.connections(), 0);
    config.destination = crate::config::Destination::read("https://10.0.0.1", false).unwrap();
    let made = Route::new(&config, std::sync::Arc::new(Fixed::new([])));
    assert!(matches!(made, Err(RouteError::Refused(_))));
}
