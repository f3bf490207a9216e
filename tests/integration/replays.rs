//! Replays are dropped, and no retry is lost.

use std::time::Duration;

use crate::stand::{BODY, NOW, Setup, Stand};

#[tokio::test]
async fn a_replay_is_refused_and_a_retry_acknowledged() {
    let stand = Stand::with_flags(&[]).await;
    let first = stand.signed("msg_1", BODY);
    assert_eq!(stand.post(&first, BODY).await.status, 204);
    let replay = stand.post(&first, BODY).await;
    assert_eq!((replay.status, replay.code().as_str()), (409, "replayed"));

    stand.clock.advance(Duration::from_secs(60));
    let retry = stand.post_genuine("msg_1").await;
    assert_eq!((retry.status, retry.code().as_str()), (200, "duplicate"));
    assert_eq!(stand.app.take_seen().len(), 1);
}

#[tokio::test]
async fn a_signed_id_with_another_body_is_refused() {
    let stand = Stand::with_flags(&[]).await;
    assert_eq!(stand.post_genuine("msg_1").await.status, 204);
    let reply = stand.post(&stand.signed("msg_1", b"other"), b"other").await;
    assert_eq!((reply.status, reply.code().as_str()), (409, "id_reused"));
}

#[tokio::test]
async fn what_the_app_refused_may_come_again() {
    let stand = Stand::with_flags(&[]).await;
    let fields = stand.signed("msg_1", BODY);
    stand.app.fail_next(2);
    for expected in [500, 500, 204, 409] {
        assert_eq!(stand.post(&fields, BODY).await.status, expected);
    }
    assert_eq!(stand.app.take_seen().len(), 3);
}

#[tokio::test]
async fn of_fifty_concurrent_copies_the_app_sees_one() {
    let stand = Stand::with_flags(&[]).await;
    let fields = stand.signed("msg_1", BODY);
    let mut connections = Vec::new();
    for _ in 0..50 {
        connections.push(stand.client.connect().await.unwrap());
    }
    let sending: Vec<_> = connections
        .into_iter()
        .map(|mut connection| {
            let fields = fields.clone();
            tokio::spawn(
                async move { connection.post("/hooks", &fields, bytes::Bytes::from_static(BODY)).await },
            )
        })
        .collect();
    let mut accepted = 0;
    for sent in sending {
        let reply = sent.await.unwrap().unwrap();
        match (reply.status, reply.code().as_str()) {
            (204, _) => accepted += 1,
            (409, "replayed") | (503, "in_flight") => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((accepted, stand.app.take_seen().len()), (1, 1));
}

#[tokio::test]
async fn a_source_without_a_signed_time_refuses_or_acknowledges_by_its_provider() {
    for (preset, expected) in [("github", (409, "replayed")), ("shopify", (200, "duplicate"))] {
        let stand = Stand::start(Setup { preset, ..Setup::default() }).await;
        let fields = stand.signed("", BODY);
        assert_eq!(stand.post(&fields, BODY).await.status, 204, "{preset}");
        let again = stand.post(&fields, BODY).await;
        assert_eq!((again.status, again.code().as_str()), expected, "{preset}");
    }
}

#[tokio::test]
async fn what_was_signed_before_the_memory_begins_is_put_off() {
    let memory_begins = NOW;
    let stand = Stand::start(Setup { memory_begins, ..Setup::default() }).await;
    let early = stand.post_genuine("msg_1").await;
    assert_eq!((early.status, early.code().as_str()), (503, "signed_before_memory"));
    assert!(early.fields.contains_key("retry-after"));
    stand.clock.advance(Duration::from_secs(1));
    assert_eq!(stand.post_genuine("msg_1").await.status, 204);
}

#[tokio::test]
async fn a_clock_that_steps_back_opens_no_hole() {
    let stand = Stand::with_flags(&["--dedupe-window", "1m"]).await;
    let fields = stand.signed("msg_1", BODY);
    assert_eq!(stand.post(&fields, BODY).await.status, 204);
    // Everything about it is forgotten, and others come.
    stand.clock.advance(Duration::from_secs(3600));
    assert_eq!(stand.post_genuine("msg_2").await.status, 204);
    // The clock is set back to when the first was fresh.
    stand.clock.set(NOW);
    let reply = stand.post(&fields, BODY).await;
    assert!(matches!(reply.code().as_str(), "signed_before_memory" | "replayed"), "{}", reply.code());
    assert_eq!(stand.app.take_seen().len(), 2);
}

#[tokio::test]
async fn a_full_ledger_refuses_and_forgets_nothing() {
    let stand = Stand::with_flags(&["--ledger-max", "2"]).await;
    let first = stand.signed("msg_1", BODY);
    assert_eq!(stand.post(&first, BODY).await.status, 204);
    assert_eq!(stand.post_genuine("msg_2").await.status, 204);
    let third = stand.post_genuine("msg_3").await;
    assert_eq!((third.status, third.code().as_str()), (503, "ledger_full"));
    assert_eq!(stand.post(&first, BODY).await.code(), "replayed");
}
