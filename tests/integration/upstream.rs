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
        (
            "has a length and a coding",
            Some(
                "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            ),
            502,
            "upstream_broken",
        ),
        (
            "has a coding that nobody asked for",
            Some("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
            502,
            "upstream_broken",
        ),
        (
            "has a list of lengths",
            Some("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello"),
            502,
            "upstream_broken",
        ),
        (
            "has a coding and speaks HTTP/1.0",
            Some("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
            502,
            "upstream_broken",
        ),
        (
            "has a folded field",
            Some("HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 5\r\n\r\nhello"),
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

/// An app that sends `head`, and `part` so many times after it, as long as
/// somebody reads.
async fn app_that_streams(head: &'static str, part: &'static [u8], times: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let Ok(1..) = stream.read(&mut [0; 4096]).await else { return };
                stream.write_all(head.as_bytes()).await.ok();
                for _ in 0..times {
                    if stream.write_all(part).await.is_err() {
                        return;
                    }
                }
                std::future::pending::<()>().await;
            });
        }
    });
    url
}

static PART: [u8; 64 << 10] = [b'x'; 64 << 10];

#[tokio::test]
async fn an_answer_larger_than_all_memory_is_streamed() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n";
    let stand = Stand::start(Setup {
        upstream: Some(app_that_streams(head, &PART, 1024).await),
        bounds: |bounds| bounds.memory_bytes = 1 << 20,
        ..Setup::default()
    })
    .await;
    let reply = stand.post_genuine("msg_1").await;
    assert_eq!((reply.status, reply.body.len()), (200, 64 << 20));
}

#[tokio::test]
async fn an_answer_without_end_ends_with_its_caller() {
    let head = "HTTP/1.1 200 OK\r\n\r\n";
    let stand = Stand::start(Setup {
        upstream: Some(app_that_streams(head, &PART, usize::MAX).await),
        bounds: |bounds| bounds.deliveries = 1,
        ..Setup::default()
    })
    .await;
    let mut stream = stand.client.connect_raw().await.unwrap();
    stream.write_all(&stand.raw_genuine("msg_1", "")).await.unwrap();
    let mut some = vec![0; 4 << 20];
    stream.read_exact(&mut some).await.unwrap();
    assert_eq!(stand.post_genuine("msg_2").await.code(), "overloaded", "its place is taken");
    drop(stream);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(stand.post(&[], b"").await.code(), "signature_missing", "and is free again");
}

#[tokio::test]
async fn an_answer_that_stops_halfway_breaks_off_and_counts_by_its_status() {
    for (what, head) in [
        ("with a length", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"),
        ("in chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"),
    ] {
        let url = app_that_streams(head, b"", 0).await;
        let stand = stand(url, &["--upstream-timeout", "300ms"]).await;
        let raw = stand.raw_genuine("msg_1", "");
        let answer = stand.exchange(&raw, Duration::from_secs(5)).await;
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("half"), "{what}: {answer}");
        assert!(!answer.ends_with("0\r\n\r\n"), "{what} looks whole: {answer}");
        assert_eq!(stand.post_genuine("msg_1").await.code(), "replayed", "{what}");
    }
}

#[tokio::test]
async fn what_an_app_says_behind_its_answer_is_nobodys_answer() {
    let two = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst\
               HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond";
    let stand = stand(app_that_streams(two, b"", 0).await, &[]).await;
    for id in ["msg_1", "msg_2", "msg_3"] {
        assert_eq!(&stand.post_genuine(id).await.body[..], b"first", "{id}");
    }
}

#[tokio::test]
async fn a_redirect_is_the_callers_to_follow() {
    let redirect =
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
    let (url, _seen) = app_that_says(Some(redirect)).await;
    let stand = stand(url, &[]).await;
    let reply = stand.post_genuine("msg_1").await;
    assert_eq!((reply.status, reply.fields["location"].as_bytes()), (307, &b"http://127.0.0.1:1/"[..]));
    assert_eq!(stand.post_genuine("msg_1").await.status, 307, "its claim was released");
}
