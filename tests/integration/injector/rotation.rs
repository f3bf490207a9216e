//! Certificates that are renewed while reviews come.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64ct::{Base64, Encoding as _};
use serde_json::Value;

use super::cluster::{Cluster, SECRETS};
use super::stand::{DAY, LOOK_AGAIN, PATIENCE, Replica, ask, authorities, bundle, clock, is_allowed};
use crate::client::Failure;

const SECRET: &str = "countersign-injector-certificates";

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_renewed_under_load_without_losing_a_review() {
    let cluster = Arc::new(Cluster::start().await);
    let clock = clock();
    let (one, two) = tokio::join!(Replica::ready(&cluster, &clock), Replica::ready(&cluster, &clock));
    let (replicas, before) = (Arc::new([one, two]), bundle(&cluster));
    let first = replicas[0].certificate(&cluster).await;
    let (done, asked) = (Arc::new(AtomicBool::new(false)), asking(&cluster, &replicas));
    let asking = asked.into_iter().map(|ask| tokio::spawn(until(Arc::clone(&done), ask))).collect::<Vec<_>>();

    for renewals in 1..=3 {
        let secret = entry(&cluster, "tls.crt");
        clock.advance(DAY * 61);
        cluster.until(SECRETS, SECRET, |_| entry(&cluster, "tls.crt") != secret).await;
        until_shown(&cluster, &replicas[..]).await;
        assert_eq!(bundle(&cluster), before, "after {renewals}");
    }
    done.store(true, Ordering::Release);
    let mut answers = 0;
    for asking in asking {
        answers += asking.await.unwrap().unwrap();
    }
    assert!(answers > 100, "{answers} answers");
    assert_ne!(replicas[0].certificate(&cluster).await, first);
    for replica in Arc::into_inner(replicas).unwrap() {
        replica.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_is_replaced_without_a_moment_of_mistrust() {
    let cluster = Cluster::start().await;
    let clock = clock();
    let (one, two) = tokio::join!(Replica::ready(&cluster, &clock), Replica::ready(&cluster, &clock));
    let first = bundle(&cluster).unwrap();

    // The certificate ages faster: what is shown is renewed on the way there.
    let due = DAY * 1218;
    clock.advance(due);
    cluster
        .until(SECRETS, SECRET, |_| authorities(&cluster) == 2 && entry(&cluster, "next-ca.key").is_some())
        .await;
    let both = bundle(&cluster).unwrap();
    assert!(both.starts_with(&first));
    // Whoever has the old bundle still trusts what is shown.
    until_shown(&cluster, &[&one, &two]).await;
    for replica in [&one, &two] {
        replica.connect_trusting(&first).await.unwrap();
    }

    // A replica counts from when it saw the bundle, which may be this minute.
    let take_over = async {
        while entry(&cluster, "previous-ca.crt").is_none() {
            clock.advance(Duration::from_secs(61));
            tokio::time::timeout(
                Duration::from_secs(2),
                cluster.until(SECRETS, SECRET, |_| entry(&cluster, "previous-ca.crt").is_some()),
            )
            .await
            .ok();
        }
    };
    tokio::time::timeout(PATIENCE, take_over).await.expect("the next CA takes over");
    until_shown(&cluster, &[&one, &two]).await;
    assert_eq!(bundle(&cluster).unwrap(), both);
    for replica in [&one, &two] {
        replica.connect_trusting(both.strip_prefix(&first).unwrap()).await.unwrap();
        assert!(is_allowed(&replica.ask(&cluster, "shop").await.unwrap()));
    }

    clock.advance(DAY * 61);
    cluster.until(SECRETS, SECRET, |_| authorities(&cluster) == 1).await;
    assert_eq!(bundle(&cluster).unwrap(), both.strip_prefix(&first).unwrap());
    until_shown(&cluster, &[&one, &two]).await;
    one.stop().await;
    two.stop().await;
}

/// Reviews on connections that stay, and on new ones, of each replica.
fn asking(
    cluster: &Arc<Cluster>,
    replicas: &Arc<[Replica; 2]>,
) -> Vec<(Arc<Cluster>, Arc<[Replica; 2]>, usize)> {
    (0..4).map(|place| (Arc::clone(cluster), Arc::clone(replicas), place)).collect()
}

async fn until(
    done: Arc<AtomicBool>,
    (cluster, replicas, place): (Arc<Cluster>, Arc<[Replica; 2]>, usize),
) -> Result<u32, Failure> {
    let replica = &replicas[place % 2];
    let mut kept = replica.connect(&cluster).await?;
    let mut answers = 0;
    while !done.load(Ordering::Acquire) {
        let reply =
            if place < 2 { ask(&mut kept, "shop").await? } else { replica.ask(&cluster, "shop").await? };
        assert!(is_allowed(&reply), "{reply:?}");
        answers += 1;
    }
    Ok(answers)
}

/// Waits until every replica shows what the Secret has.
async fn until_shown<R: std::borrow::Borrow<Replica>>(cluster: &Cluster, replicas: &[R]) {
    let wait = async {
        for replica in replicas {
            while replica.borrow().certificate(cluster).await.as_deref()
                != entry(cluster, "tls.crt").as_deref()
            {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("every replica shows the new certificate");
}

/// An entry of the Secret; of a certificate, its DER.
fn entry(cluster: &Cluster, name: &str) -> Option<Vec<u8>> {
    use rustls::pki_types::pem::PemObject as _;
    let secret = cluster.get(SECRETS, SECRET)?;
    let bytes = Base64::decode_vec(secret["data"].get(name).and_then(Value::as_str)?).ok()?;
    let der = rustls::pki_types::CertificateDer::from_pem_slice(&bytes);
    Some(der.map_or(bytes, |der| der.to_vec()))
}
