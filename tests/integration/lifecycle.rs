//! Up and down without losing a delivery.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use countersign::clock::{Clock, UnixTime};
use countersign::config::Environment;
use countersign::{cli, guard};
use tokio::io::AsyncWriteExt as _;

use crate::frames::{Frames, HEADERS, block};
use crate::held::HeldApp;
use crate::stand::{NOW, Setup, Stand, get, read_head, read_until_silent};

#[tokio::test]
async fn a_drain_finishes_what_is_in_flight_and_takes_nothing_new() {
    let (held, app) = HeldApp::start().await;
    let stand = Stand::start(Setup { upstream: Some(app), ..Setup::default() }).await;
    let mut stream = stand.client.connect_raw().await.unwrap();
    stream.write_all(&stand.raw_genuine("msg_1", "")).await.unwrap();
    held.reached.notified().await;

    let (address, admin) = (stand.guard().address(), stand.guard().admin_address());
    stand.guard().drain();
    // Readiness fails at once; the listener closes soon after.
    assert!(get(admin, "/readyz").await.starts_with("HTTP/1.1 503"));
    assert!(get(admin, "/livez").await.starts_with("HTTP/1.1 200"));
    while tokio::net::TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    held.answer.notify_one();
    let answer = read_until_silent(&mut stream, Duration::from_secs(5)).await;
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    stand.stop().await.unwrap();
}

/// A clock that panics when it is told to: a bug in the middle of a delivery.
#[derive(Debug, Default)]
struct BrokenClock(AtomicBool);

impl Clock for BrokenClock {
    fn now(&self) -> UnixTime {
        assert!(!self.0.swap(false, Ordering::Relaxed), "a bug, made for a test");
        NOW
    }
}

#[tokio::test]
async fn a_bug_in_one_delivery_ends_that_one_alone() {
    let clock = Arc::new(BrokenClock::default());
    let stand = Stand::with_flags(&["--plain"]).await;
    let (upstream, secret) = (format!("http://{}", stand.app.address), stand.file("secret"));
    #[rustfmt::skip]
    let flags = [
        "--plain", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--upstream", &upstream,
        "--scheme", "standard-webhooks", "--secret-file", &secret, "--log-level", "error",
    ];
    let (config, _remarks) = cli::guard_config(flags, &Environment::default()).unwrap();
    let (guard, _reload) = guard::start(config, Arc::clone(&clock) as _, UnixTime::EPOCH).await.unwrap();
    let mut stream = tokio::net::TcpStream::connect(guard.address()).await.unwrap();
    for (broken, id, status) in [(false, "msg_1", "204"), (true, "msg_2", "500"), (false, "msg_2", "204")] {
        clock.0.store(broken, Ordering::Relaxed);
        stream.write_all(&stand.raw_genuine(id, "")).await.unwrap();
        let answer = read_head(&mut stream).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert_eq!(answer.contains("countersign-error-id: "), broken, "{answer}");
        if broken {
            // The body was not read, so this connection is over; others are not.
            stream = tokio::net::TcpStream::connect(guard.address()).await.unwrap();
        }
    }
    tokio::task::spawn_blocking(|| guard.stop()).await.unwrap().unwrap();
}

#[tokio::test]
async fn an_idle_guard_stops_at_once() {
    let stand = Stand::with_flags(&["--threads", "2"]).await;
    assert_eq!(stand.post_genuine("msg_1").await.status, 204);
    let idle = stand.client.connect().await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), stand.stop()).await.expect("in time").unwrap();
    drop(idle);
}

#[tokio::test]
async fn callers_that_never_finish_do_not_hold_up_a_stop() {
    let stand = Stand::with_flags(&[]).await;
    let mut half_head = stand.client.connect_raw().await.unwrap();
    half_head.write_all(b"POST /hooks HTTP/1.1\r\nHost:").await.unwrap();
    half_head.flush().await.unwrap();
    let mut half_hello = tokio::net::TcpStream::connect(stand.guard().address()).await.unwrap();
    half_hello.write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").await.unwrap();
    // Nobody reads on these, so nobody says goodbye either.
    let deaf = Frames::open(&stand).await;
    let mut half_block = Frames::open(&stand).await;
    half_block.send(HEADERS, 0, 1, &block(&[(":method", "POST")])).await;
    assert_eq!(stand.post_genuine("msg_1").await.status, 204);
    tokio::time::timeout(Duration::from_secs(10), stand.stop()).await.expect("in time").unwrap();
    drop((half_head, half_hello, deaf, half_block));
}
