//! The Secret that replicas share.

use http::Method;
use serde_json::{Value, json};

use super::cluster::{CONFIGURATIONS, Cluster, SECRETS};
use super::stand::{Replica, clock, is_allowed};

const SECRET: &str = "countersign-injector-certificates";

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_without_a_secret_gets_one_and_the_bundle_is_written_once() {
    let cluster = Cluster::start().await;
    let replica = Replica::ready(&cluster, &clock()).await;
    assert!(is_allowed(&replica.ask(&cluster, "shop").await.unwrap()));
    let secret = cluster.get(SECRETS, SECRET).unwrap();
    let entries: Vec<&String> = secret["data"].as_object().unwrap().keys().collect();
    assert_eq!(entries, ["ca.crt", "current-ca.crt", "current-ca.key", "tls.crt", "tls.key"]);
    assert_eq!(secret["type"], "Opaque");
    assert_eq!(cluster.calls(&Method::POST, SECRETS, 201), 1);
    assert_eq!(cluster.calls(&Method::PATCH, CONFIGURATIONS, 200), 1);
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_start_at_once_end_with_one_authority() {
    let cluster = Cluster::start().await;
    let clock = clock();
    let (one, two, three) = tokio::join!(
        Replica::ready(&cluster, &clock),
        Replica::ready(&cluster, &clock),
        Replica::ready(&cluster, &clock)
    );
    assert_eq!(cluster.calls(&Method::POST, SECRETS, 201), 1);
    assert_eq!(cluster.calls(&Method::PATCH, CONFIGURATIONS, 200), 1);
    let certificate = one.certificate(&cluster).await.unwrap();
    for replica in [one, two, three] {
        assert_eq!(replica.certificate(&cluster).await.as_ref(), Some(&certificate));
        replica.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_comes_later_takes_what_is_there() {
    let cluster = Cluster::start().await;
    let clock = clock();
    let first = Replica::ready(&cluster, &clock).await;
    let certificate = first.certificate(&cluster).await.unwrap();
    first.stop().await;
    let second = Replica::ready(&cluster, &clock).await;
    assert_eq!(second.certificate(&cluster).await, Some(certificate));
    assert_eq!(cluster.calls(&Method::PATCH, CONFIGURATIONS, 200), 1);
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_secret_that_was_shipped_is_filled() {
    let cluster = Cluster::start().await;
    let shipped = json!({ "metadata": { "labels": { "theirs": "stays" } }, "type": "Opaque" });
    cluster.put(SECRETS, SECRET, shipped);
    let replica = Replica::ready(&cluster, &clock()).await;
    let secret = cluster.get(SECRETS, SECRET).unwrap();
    assert!(secret["data"]["tls.key"].is_string());
    assert_eq!(secret["metadata"]["labels"]["theirs"], "stays");
    assert_eq!(cluster.calls(&Method::POST, SECRETS, 201), 0);
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_deleted_or_emptied_is_written_again_as_it_was() {
    let cluster = Cluster::start().await;
    let replica = Replica::ready(&cluster, &clock()).await;
    let before = cluster.get(SECRETS, SECRET).unwrap();
    let as_it_was = |secret: Option<&Value>| secret.is_some_and(|secret| secret["data"] == before["data"]);
    cluster.delete(SECRETS, SECRET);
    cluster.until(SECRETS, SECRET, as_it_was).await;
    cluster.put(SECRETS, SECRET, json!({ "data": {} }));
    cluster.until(SECRETS, SECRET, as_it_was).await;
    assert!(is_allowed(&replica.ask(&cluster, "shop").await.unwrap()));
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_cannot_be_read_is_left_as_it_is() {
    let theirs = json!({ "data": { "tls.crt": "c29tZWJvZHkncw==", "tls.key": "aHVudGVyMg==" } });
    // Whoever mends it by removing it, or its data, gets another.
    for mended in [None, Some(json!({}))] {
        let cluster = Cluster::start().await;
        cluster.put(SECRETS, SECRET, theirs.clone());
        let replica = Replica::start(&cluster, &clock()).await;
        replica.until_admin("/readyz", "waiting for a certificate").await;
        assert_eq!(cluster.get(SECRETS, SECRET).unwrap()["data"], theirs["data"]);
        assert_eq!(cluster.calls(&Method::PUT, SECRETS, 200), 0);
        match mended {
            None => cluster.delete(SECRETS, SECRET),
            Some(emptied) => cluster.put(SECRETS, SECRET, emptied),
        }
        replica.until_ready().await;
        replica.stop().await;
    }
}
