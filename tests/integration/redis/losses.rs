//! Redis goes away, or a guard does, under traffic.

use std::sync::Arc;
use std::time::Duration;

use countersign::keys::Secret;
use tokio::time::sleep;

use super::copies::seen;
use super::fleet::{Fleet, Sender, decided, post};
use super::server::Server;
use crate::app::App;
use crate::program::Directory;
use crate::stand::get;

#[tokio::test]
async fn redis_killed_under_traffic_lets_no_second_copy_through_and_loses_nothing() {
    kill_redis_for(Duration::from_secs(2)).await;
}

/// The full measure: `cargo test --test integration -- --ignored ten_seconds`.
#[tokio::test]
#[ignore = "takes a quarter of a minute"]
async fn redis_killed_for_ten_seconds_lets_no_second_copy_through_and_loses_nothing() {
    kill_redis_for(Duration::from_secs(10)).await;
}

async fn kill_redis_for(time: Duration) {
    let mut server =
        Server::prepare(super::server::free_port(), &["--appendonly", "yes", "--appendfsync", "always"]);
    server.resume_from_death();
    let fleet = Fleet::start(2, &["--state", &server.url()]).await;
    let addresses = fleet.addresses();
    let mut senders = Vec::new();
    for lane in 0..16 {
        let (sender, addresses) = (fleet.sender(), addresses.clone());
        senders.push(tokio::spawn(async move {
            for number in 0..40 {
                sender.deliver(&addresses, &format!("msg_{lane}_{number}")).await;
                sleep(Duration::from_millis(10)).await;
            }
        }));
    }
    sleep(Duration::from_millis(150)).await;
    server.kill();
    sleep(time).await;
    server.resume_from_death();
    for sender in senders {
        sender.await.unwrap();
    }
    let seen = seen(&fleet);
    assert_eq!(seen.len(), 16 * 40);
    assert!(seen.values().all(|times| *times == 1), "{seen:?}");
}

#[tokio::test]
async fn a_killed_guard_lets_nothing_that_was_acknowledged_through_again_and_loses_nothing() {
    let server = Server::start(&[]);
    let directory = Directory::prepared().await;
    let app = App::start().await.unwrap();
    let (url, upstream) = (server.url(), format!("http://{}", app.address));
    let command = format!(
        "countersign guard --plain --upstream {upstream} --scheme standard-webhooks --upstream-timeout 200ms \
         --secret-file certs/dev/webhook.secret --state {url} --boot-fence off --log-format text \
         --rate-limit-per-address 1000000/s"
    );
    let (mut doomed, survivor) = (directory.guard(&command).await, directory.guard(&command).await);
    let secret = Secret::new(std::fs::read(directory.path().join("certs/dev/webhook.secret")).unwrap());
    let sender = Arc::new(Sender::new(&secret));
    let mut lanes = Vec::new();
    for lane in 0..16 {
        let (sender, doomed) = (Arc::clone(&sender), doomed.listen);
        lanes.push(tokio::spawn(async move {
            let mut sent = Vec::new();
            for number in 0.. {
                let id = format!("msg_{lane}_{number}");
                let fields = sender.signed(&id, &id);
                let reply = post(doomed, &fields, &id).await;
                let died = reply.is_err();
                sent.push((id, fields, reply.is_ok_and(|reply| reply.status == 204)));
                if died {
                    break;
                }
            }
            sent
        }));
    }
    sleep(Duration::from_millis(300)).await;
    doomed.process.kill().await.unwrap();
    let (mut acknowledged, mut unknown) = (Vec::new(), Vec::new());
    for lane in lanes {
        for (id, fields, known) in lane.await.unwrap() {
            if known { acknowledged.push((id, fields)) } else { unknown.push(id) }
        }
    }
    assert!(acknowledged.len() > 16 && !unknown.is_empty());
    for (id, fields) in &acknowledged {
        assert_eq!(decided(survivor.listen, fields, id).await, "replayed", "{id}");
    }
    // Their leases lapse in eleven seconds; a provider goes on trying.
    for id in &unknown {
        sender.deliver(&[survivor.listen], id).await;
    }
    let seen: Vec<String> = app.take_seen().iter().map(|seen| seen.field("webhook-id").to_owned()).collect();
    let times = |id: &str| seen.iter().filter(|seen| *seen == id).count();
    assert!(acknowledged.iter().all(|(id, _)| times(id) == 1));
    assert!(unknown.iter().all(|id| (1..=2).contains(&times(id))), "the outcome was unknown");
}

#[tokio::test]
async fn a_ledger_that_is_away_shows_in_answers_readiness_and_metrics() {
    let server = Server::start(&[]);
    let fleet = Fleet::start(1, &["--state", &server.url()]).await;
    let admin = fleet.guards[0].admin_address();
    assert_eq!(fleet.deliver(0, "msg_1").await.status, 204);
    server.freeze();
    let reply = fleet.post(0, &fleet.signed("msg_2"), "msg_2").await;
    assert_eq!((reply.status, reply.code().as_str()), (503, "ledger_unavailable"));
    assert!(reply.fields.contains_key("retry-after"));
    let ready = get(admin, "/readyz").await;
    assert!(
        ready.starts_with("HTTP/1.1 200") && ready.contains("ledger: away, deliveries get 503"),
        "{ready}"
    );
    assert!(get(admin, "/metrics").await.contains("\ncountersign_ledger_up 0\n"));
    server.thaw();
    assert_eq!(fleet.deliver(0, "msg_2").await.status, 204);
    assert!(get(admin, "/readyz").await.ends_with("\r\n\r\nok\n"));
    assert!(get(admin, "/metrics").await.contains("\ncountersign_ledger_up 1\n"));
}

#[tokio::test]
async fn the_nodes_own_ledger_shows_that_it_stands_in() {
    let server = Server::start(&[]);
    let fleet = Fleet::start(1, &["--state", &server.url(), "--on-state-loss", "local"]).await;
    let admin = fleet.guards[0].admin_address();
    server.freeze();
    assert_eq!(fleet.deliver(0, "msg_1").await.status, 204);
    let ready = get(admin, "/readyz").await;
    assert!(ready.contains("this process's own stands in"), "{ready}");
    assert!(get(admin, "/metrics").await.contains("\ncountersign_ledger_fallback 1\n"));
    server.thaw();
}
