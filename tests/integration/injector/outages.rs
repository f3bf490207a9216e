//! An API server that is away, late or too old.

use http::Method;
use serde_json::json;

use super::cluster::{CONFIGURATIONS, Cluster, NAMESPACES, SECRETS};
use super::stand::{DAY, LOOK_AGAIN, PATIENCE, Replica, bundle, clock, is_allowed};
use countersign::injector::StartError;

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_is_too_old_is_said_so() {
    let cluster = Cluster::start().await;
    cluster.set_minor("32+");
    let Err(error @ StartError::TooOld(_)) = Replica::try_start(&cluster, &clock(), &[]).await else {
        panic!("it came up");
    };
    assert!(error.to_string().contains("is Kubernetes 1.32+: the injector needs 1.33 or later"), "{error}");
    for collection in [SECRETS, CONFIGURATIONS] {
        assert_eq!(cluster.calls(&Method::GET, collection, 200), 0, "nothing was begun");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_injector_that_starts_before_its_cluster_waits_for_it() {
    let cluster = Cluster::start().await;
    cluster.set_down(true);
    let replica = Replica::start(&cluster, &clock()).await;
    replica.until_admin("/readyz", "503 Service Unavailable").await;
    assert!(replica.admin("/readyz").await.contains("waiting for the version of the API server"));
    assert!(replica.admin("/livez").await.contains("200 OK"));
    cluster.set_down(false);
    replica.until_ready().await;
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_changes_nothing_that_was_there_and_ends_by_itself() {
    let cluster = Cluster::start().await;
    let clock = clock();
    let replica = Replica::ready(&cluster, &clock).await;
    let (before, certificate) = (bundle(&cluster), replica.certificate(&cluster).await);
    cluster.set_down(true);
    // What is known is answered, and what is not is refused.
    assert!(is_allowed(&replica.ask(&cluster, "shop").await.unwrap()));
    let refused = replica.ask(&cluster, "new").await.unwrap();
    assert_eq!((refused.status, &refused.code()[..]), (500, "namespace_unknown"));
    assert!(replica.admin("/readyz").await.contains("200 OK"));
    // A renewal that is due waits, and nothing is begun anew.
    clock.advance(DAY * 61);
    replica.until_admin("/metrics", "outcome=\"failed\"} 1").await;
    assert_eq!(replica.certificate(&cluster).await, certificate);
    cluster.set_down(false);
    let renewed = async {
        while replica.certificate(&cluster).await == certificate {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    tokio::time::timeout(PATIENCE, renewed).await.expect("the certificate is renewed");
    assert_eq!(bundle(&cluster), before);
    assert_eq!(cluster.calls(&Method::POST, SECRETS, 201), 1);
    cluster.put(NAMESPACES, "new", json!({}));
    assert!(is_allowed(&replica.ask(&cluster, "new").await.unwrap()));
    replica.stop().await;
}
