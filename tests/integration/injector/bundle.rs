//! The `caBundle` of the webhook configuration.

use http::Method;
use serde_json::json;

use super::cluster::{CONFIGURATIONS, Cluster};
use super::stand::{Replica, bundle, bundle_of, clock};

const NAME: &str = "countersign-injector";

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_that_somebody_changes_is_put_right() {
    let cluster = Cluster::start().await;
    let replica = Replica::ready(&cluster, &clock()).await;
    let right = bundle(&cluster).unwrap();
    for wrong in [json!(null), json!("aHVudGVyMg==")] {
        let mut configuration = cluster.get(CONFIGURATIONS, NAME).unwrap();
        configuration["webhooks"][1]["clientConfig"]["caBundle"] = wrong;
        cluster.put(CONFIGURATIONS, NAME, configuration);
        cluster.until(CONFIGURATIONS, NAME, |there| bundle_of(there).as_ref() == Some(&right)).await;
    }
    // What else is there is nobody's business but its owner's.
    let configuration = cluster.get(CONFIGURATIONS, NAME).unwrap();
    assert_eq!(configuration["webhooks"][1]["name"], "pods.injector.countersign.dev");
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_comes_later_is_waited_for() {
    let cluster = Cluster::start().await;
    let configuration = cluster.get(CONFIGURATIONS, NAME).unwrap();
    cluster.delete(CONFIGURATIONS, NAME);
    let replica = Replica::start(&cluster, &clock()).await;
    replica.until_admin("/readyz", "waiting for the caBundle").await;
    cluster.put(CONFIGURATIONS, NAME, configuration);
    replica.until_ready().await;
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cert_manager_keeps_is_left_to_it() {
    let cluster = Cluster::start().await;
    let mut configuration = cluster.get(CONFIGURATIONS, NAME).unwrap();
    configuration["metadata"]["annotations"] =
        json!({ "cert-manager.io/inject-ca-from": "countersign/webhook" });
    cluster.put(CONFIGURATIONS, NAME, configuration);
    let replica = Replica::start(&cluster, &clock()).await;
    replica.until_admin("/readyz", "waiting for the caBundle").await;
    assert_eq!(cluster.calls(&Method::PATCH, CONFIGURATIONS, 200), 0);
    replica.stop().await;
}
