//! A certificate that somebody else makes and mounts.

use std::fs;
use std::path::Path;

use countersign::devcerts::{Authority, Pair};
use http::Method;

use super::cluster::{CONFIGURATIONS, Cluster, SECRETS};
use super::stand::{HOST, Replica, bundle_of, clock, is_allowed};

fn mount(directory: &Path, pair: &Pair, authority: &Authority) {
    for (name, text) in
        [("tls.crt", &pair.certificate), ("tls.key", &pair.key), ("ca.crt", &authority.certificate())]
    {
        fs::write(directory.join(name), text).unwrap();
    }
}

async fn start(cluster: &Cluster, directory: &Path, told: bool) -> Replica {
    let path = |name: &str| directory.join(name).to_str().unwrap().to_owned();
    let (cert, key, ca) = (path("tls.crt"), path("tls.key"), path("ca.crt"));
    let mut flags = vec!["--tls-cert", &cert, "--tls-key", &key];
    if told {
        flags.extend(["--webhook-ca", &ca, "--webhook-configuration", "countersign-injector"]);
    }
    let replica = Replica::try_start(cluster, &clock_of_today(), &flags).await.unwrap();
    replica.until_ready().await;
    replica
}

/// Certificates for development are made by the system's clock.
fn clock_of_today() -> std::sync::Arc<countersign::clock::ManualClock> {
    use countersign::clock::{Clock as _, SystemClock};
    let clock = clock();
    clock.set(SystemClock.now());
    clock
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_pair_is_shown_and_its_authority_told() {
    let (cluster, directory) = (Cluster::start().await, tempfile::tempdir().unwrap());
    let (first, second) = (Authority::new("first").unwrap(), Authority::new("second").unwrap());
    let pair = |authority: &Authority| authority.server(&[HOST.to_owned()]).unwrap();
    mount(directory.path(), &pair(&first), &first);
    let replica = start(&cluster, directory.path(), true).await;
    assert!(is_allowed(&replica.ask(&cluster, "shop").await.unwrap()));

    let reload = replica.reload.as_ref().unwrap();
    fs::write(directory.path().join("tls.crt"), pair(&second).certificate).unwrap();
    assert!(reload.apply().is_err(), "certificate and key do not match yet");
    assert!(is_allowed(&replica.ask(&cluster, "shop").await.unwrap()));

    mount(directory.path(), &pair(&second), &second);
    reload.apply().unwrap();
    let told = second.certificate();
    cluster
        .until(CONFIGURATIONS, "countersign-injector", |there| bundle_of(there).as_ref() == Some(&told))
        .await;
    assert!(is_allowed(&replica.ask(&cluster, "shop").await.unwrap()));
    assert_eq!(cluster.calls(&Method::POST, SECRETS, 201), 0);
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_configuration_nothing_is_written() {
    let (cluster, directory) = (Cluster::start().await, tempfile::tempdir().unwrap());
    let authority = Authority::new("theirs").unwrap();
    mount(directory.path(), &authority.server(&[HOST.to_owned()]).unwrap(), &authority);
    let replica = start(&cluster, directory.path(), false).await;
    replica.connect_trusting(&authority.certificate()).await.unwrap();
    for method in [Method::POST, Method::PUT, Method::PATCH] {
        assert_eq!(cluster.calls(&method, "/", 200) + cluster.calls(&method, "/", 201), 0, "{method}");
    }
    replica.stop().await;
}
