//! `countersign doctor` in a cluster.

use std::fs;

use serde_json::json;

use super::cluster::{CONFIGURATIONS, Cluster, DEPLOYMENTS, NAMESPACES};
use crate::program::{Directory, text};

#[tokio::test(flavor = "multi_thread")]
async fn who_may_look_at_one_namespace_alone_is_told_what_stays_unknown() {
    let cluster = Cluster::start().await;
    let pod = json!({
        "metadata": {
            "namespace": "shop",
            "labels": { "countersign.dev/inject": "guard" },
            "annotations": {
                "countersign.dev/scheme": "github", "countersign.dev/secret": "webhook",
                "countersign.dev/upstream-port": "3000", "countersign.dev/plain": "on",
            },
        },
        "spec": { "containers": [{ "name": "app", "image": "app" }] },
    });
    cluster.put(
        NAMESPACES,
        "shop",
        json!({ "metadata": { "labels": { "countersign.dev/injection": "enabled" } } }),
    );
    cluster.put("/api/v1/namespaces/shop/pods", "receiver", pod);
    let directory = Directory::prepared().await;
    fs::write(directory.path().join("kubeconfig"), cluster.kubeconfig()).unwrap();

    let look = "KUBECONFIG=kubeconfig countersign doctor";
    let told = directory.try_run(&format!("{look} --namespace shop")).await;
    let no_webhook = "note: whether a webhook adds the sidecars, and fails closed, is not known";
    let no_sidecar = "bypass: shop/Pod/receiver: ";
    assert_eq!(told.status.code(), Some(1), "{}", text(&told.stderr));
    assert!(text(&told.stdout).contains(no_sidecar), "{}", text(&told.stdout));
    assert!(!text(&told.stdout).contains(no_webhook), "{}", text(&told.stdout));

    for elsewhere in [NAMESPACES, CONFIGURATIONS, DEPLOYMENTS] {
        cluster.forbid(elsewhere);
    }
    let told = directory.try_run(&format!("{look} --namespace shop")).await;
    assert_eq!(told.status.code(), Some(1), "{}", text(&told.stderr));
    for line in [no_sidecar, no_webhook, "note: the injector's defaults are not known"] {
        assert!(text(&told.stdout).contains(line), "{line}: {}", text(&told.stdout));
    }
    // Nobody is told that all is well who could not look.
    let told = directory.try_run(look).await;
    assert_eq!((told.status.code(), told.stdout.len()), (Some(2), 0));
    assert!(
        text(&told.stderr).starts_with("countersign doctor: ask the cluster: "),
        "{}",
        text(&told.stderr)
    );
}
