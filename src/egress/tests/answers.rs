//! Answers that come late, slowly, at length or from elsewhere.

use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::net::TcpListener;

use super::consumer::{Consumer, Greeting};
use super::stand::{ANSWER_BYTES_MAX, Ca, config, egress, post, write};
use crate::config::EgressConfig;
use crate::egress::EgressError;

const SHORT: Duration = Duration::from_millis(200);

/// The same consumer in each protocol.
async fn each_protocol(directory: &TempDir) -> [(Consumer, EgressConfig); 2] {
    let plain = Consumer::plain().await;
    let plain_config = config(&format!("http://127.0.0.1:{}", plain.port));
    let ca = Ca::new();
    let leaf = ca.leaf(&["127.0.0.1"]);
    let http2 = Consumer::start(Greeting { protocols: &["h2"], ..Greeting::of(&leaf) }).await;
    let mut http2_config = config(&format!("https://127.0.0.1:{}", http2.port));
    http2_config.tls.ca = Some(write(directory, "ca.pem", ca.pem()));
    [(plain, plain_config), (http2, http2_config)]
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_never_followed() {
    let directory = TempDir::new().unwrap();
    for (consumer, config) in each_protocol(&directory).await {
        let answer = post(&egress(&config), "/redirect").await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["location"]),
            (307, &"/elsewhere".parse().unwrap())
        );
        assert_eq!(consumer.clients().len(), 1, "one request");
    }
}

#[tokio::test]
async fn an_answer_may_be_as_long_as_the_bound_and_no_longer() {
    let directory = TempDir::new().unwrap();
    for (_consumer, config) in each_protocol(&directory).await {
        let egress = egress(&config);
        assert_eq!(post(&egress, "/full").await.unwrap().body().len(), ANSWER_BYTES_MAX);
        for (path, expected) in [("/huge", 200), ("/declared", 202)] {
            match post(&egress, path).await {
                Err(EgressError::AnswerTooLarge { status, bytes_max: ANSWER_BYTES_MAX }) => {
                    assert_eq!(status, expected);
                }
                other => panic!("{path}: {other:?}"),
            }
        }
        // And what is left of them is in nobody's way.
        assert!(post(&egress, "/").await.is_ok());
    }
}

#[tokio::test]
async fn silence_and_dripping_end_with_the_whole_time() {
    let directory = TempDir::new().unwrap();
    for (_consumer, mut config) in each_protocol(&directory).await {
        config.timeout = SHORT;
        let egress = egress(&config);
        for path in ["/silent", "/drip"] {
            let started = Instant::now();
            let error = post(&egress, path).await.unwrap_err();
            assert!(matches!(error, EgressError::Timeout { sent: true }), "{path}: {error:?}");
            assert!(started.elapsed() >= SHORT && started.elapsed() < 10 * SHORT);
        }
        assert_eq!(egress.idle_count(), 0);
    }
}

#[tokio::test]
async fn a_handshake_that_never_comes_is_a_timeout_of_an_unsent_request() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = config(&format!("https://127.0.0.1:{}", listener.local_addr().unwrap().port()));
    config.timeout = SHORT;
    let error = post(&egress(&config), "/").await.unwrap_err();
    assert!(matches!(error, EgressError::Timeout { sent: false }), "{error:?}");
    assert!(!error.may_have_been_sent());
}

#[tokio::test]
async fn what_is_not_an_answer_is_broken() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    for answer in [
        &b""[..],
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let egress = egress(&config(&format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port())));
        let consumer = async {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"hello") {
                assert_ne!(socket.read_buf(&mut request).await.unwrap(), 0);
            }
            socket.write_all(answer).await.unwrap();
        };
        let (outcome, ()) = tokio::join!(post(&egress, "/"), consumer);
        let error = outcome.unwrap_err();
        assert!(matches!(error, EgressError::Broken(_)) && error.may_have_been_sent(), "{error:?}");
        assert_eq!(egress.idle_count(), 0);
    }
}
