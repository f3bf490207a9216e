//! Up and down without losing a delivery.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;

use crate::held::HeldApp;
use crate::stand::{Setup, Stand, get, read_until_silent};

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

#[tokio::test]
async fn an_idle_guard_stops_at_once() {
    let stand = Stand::with_flags(&["--threads", "2"]).await;
    assert_eq!(stand.post_genuine("msg_1").await.status, 204);
    let idle = stand.client.connect().await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), stand.stop()).await.expect("in time").unwrap();
    drop(idle);
}
