//! Copies at several guards at once: the app sees each delivery once.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::fleet::{Fields, Fleet, post};
use super::server::Server;

#[tokio::test]
async fn of_many_copies_at_two_guards_the_app_sees_each_delivery_once() {
    send_copies(100, 10).await;
}

/// The full measure: `cargo test --test integration -- --ignored ten_thousand`.
#[tokio::test]
#[ignore = "takes half a minute"]
async fn of_ten_thousand_copies_of_a_thousand_deliveries_the_app_sees_each_once() {
    send_copies(1000, 10).await;
}

/// Many copies of each delivery, interleaved so that those of one are under way
/// at both guards together.
async fn send_copies(deliveries: usize, copies: usize) {
    let server = Server::start(&[]);
    let fleet = Fleet::start(2, &["--state", &server.url()]).await;
    let signed: Vec<Arc<Fields>> = (0..deliveries).map(|n| Arc::new(fleet.signed(&id(n)))).collect();
    let (addresses, at_once) = (fleet.addresses(), Arc::new(Semaphore::new(64)));
    let mut sending = Vec::new();
    for copy in 0..deliveries * copies {
        let (delivery, guard) = (copy / copies, addresses[copy % addresses.len()]);
        let (fields, at_once) = (Arc::clone(&signed[delivery]), Arc::clone(&at_once));
        sending.push(tokio::spawn(async move {
            let _place = at_once.acquire().await.unwrap();
            post(guard, &fields, &id(delivery)).await.unwrap()
        }));
    }
    let mut accepted = 0;
    for sent in sending {
        let reply = sent.await.unwrap();
        match (reply.status, reply.code().as_str()) {
            (204, _) => accepted += 1,
            (409, "replayed") | (503, "in_flight") => {}
            other => panic!("{other:?}"),
        }
    }
    let seen = seen(&fleet);
    assert_eq!((accepted, seen.len()), (deliveries, deliveries));
    assert!(seen.values().all(|times| *times == 1), "{seen:?}");
}

fn id(number: usize) -> String {
    format!("msg_{number}")
}

/// How often the app saw each id.
pub(super) fn seen(fleet: &Fleet) -> HashMap<String, usize> {
    let mut seen = HashMap::new();
    for one in fleet.app.take_seen() {
        *seen.entry(one.field("webhook-id").to_owned()).or_default() += 1;
    }
    seen
}
