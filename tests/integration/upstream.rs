//! Apps that are down, slow or broken, and what their deliveries become.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::stand::{BODY, Setup, Stand, closed_port};

/// An app that answers every connection with the same bytes, or never.
async fn app_that_says(answer: Option<&'static str>) -> (String, tokio::sync::mpsc::UnboundedReceiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (saw, seen) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let saw = saw.clone();
            tokio::spawn(async move {
                let mut head = [0; 4096];
                if stream.read(&mut head).await.is_err() {
                    return;
                }
                saw.send(()).ok();
                match answer {
                    Some(answer) => {
                        stream.write_all(answer.as_bytes()).await.ok();
                        stream.shutdown().await.ok();
                    }
                    None => std::future::pending().await,
                }
            });
        }
    });
    (url, seen)
}

async fn stand(upstream: String, flags: &[&str]) -> Stand {
    Stand::start(Setup { upstream: Some(upstream), flags, ..Setup::default() }).await
}

#[tokio::test]
async fn faults_of_the_app_get_their_code_and_release_the_claim() {
    for (what, answer, status, code) in [
        ("closes without a word", Some(""), 502, "upstream_broken"),
        ("does not speak HTTP", Some("220 smtp ready\r\n"), 502, "upstream_broken"),
        ("breaks off in the head", Some("HTTP/1.1 200 OK\r\nContent-"), 502, "upstream_broken"),
        ("upgrades unasked", Some("HTTP/1.1 101 Switching\r\n\r\n"), 502, "upstream_broken"),
        (
            "has two lengths",
            Some("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
            502,
            "upstream_broken",
        ),
        ("is silent", None, 504, "upstream_timeout"),
    ] {
        let (url, mut seen) = app_that_says(answer).await;
        let stand = stand(url, &["--upstream-timeout", "300ms"]).await;
        for _ in 0..2 {
            // The second is the provider's retry: not a replay.
            let reply = stand.post_genuine("msg_1").await;
            assert_eq!((reply.status, reply.code().as_str()), (status, code), "the app {what}");
            assert!(seen.recv().await.is_some());
        }
    }
}

#[tokio::test]
async fn an_app_that_is_down_is_unreachable() {
    let stand = stand(format!("http://{}", closed_port().await), &[]).await;
    for _ in 0..2 {
        let reply = stand.post_genuine("msg_1").await;
        assert_eq!((reply.status, reply.code().as_str()), (502, "upstream_unreachable"));
    }
}

#[tokio::test]
async fn an_unknown_outcome_is_held_where_the_operator_said_so() {
    let (url, _seen) = app_that_says(None).await;
    let stand = stand(url, &["--upstream-timeout", "300ms", "--on-unknown", "hold"]).await;
    assert_eq!(stand.post_genuine("msg_1").await.code(), "upstream_timeout");
    assert_eq!(stand.post_genuine("msg_1").await.code(), "replayed");
}

#[tokio::test]
async fn what_was_never_sent_is_released_even_when_unknown_outcomes_are_held() {
    let url = format!("http://{}", closed_port().await);
    let stand = stand(url, &["--on-unknown", "hold"]).await;
    for _ in 0..2 {
        assert_eq!(stand.post_genuine("msg_1").await.code(), "upstream_unreachable");
    }
}

#[tokio::test]
async fn the_answer_goes_back_as_it_is_less_what_ends_at_a_proxy() {
    let answer = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 202 Accepted\r\nX-App: yes\r\nConnection: x-hop\r\n\
                  X-Hop: 1\r\nCountersign-Outcome: duplicate\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let (url, _seen) = app_that_says(Some(answer)).await;
    let stand = stand(url, &[]).await;
    let reply = stand.post_genuine("msg_1").await;
    assert_eq!((reply.status, &reply.body[..]), (202, &b"abc"[..]));
    assert_eq!(reply.fields["x-app"], "yes");
    assert!(!reply.fields.contains_key("x-hop") && !reply.fields.contains_key("countersign-outcome"));
    assert_eq!(stand.post(&stand.signed("msg_1", BODY), BODY).await.code(), "replayed");
}

#[tokio::test]
async fn a_caller_that_hangs_up_after_the_claim_does_not_undo_it() {
    let (url, mut seen) = app_that_says(None).await;
    let stand = stand(url, &["--upstream-timeout", "500ms", "--on-unknown", "hold"]).await;
    let mut stream = stand.client.connect_raw().await.unwrap();
    stream.write_all(&stand.raw_genuine("msg_1", "")).await.unwrap();
    stream.flush().await.unwrap();
    seen.recv().await.unwrap();
    drop(stream);
    // The copy waits for the first, which runs to its end without its caller.
    let copy = tokio::time::timeout(Duration::from_secs(5), stand.post_genuine("msg_1")).await.unwrap();
    assert_eq!(copy.code(), "replayed");
}
