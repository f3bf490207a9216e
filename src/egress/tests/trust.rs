//! Who believes whom, and what is said when not.

use rcgen::PublicKeyData;
use rustls::version::{TLS12, TLS13};
use tempfile::TempDir;

use super::consumer::{Consumer, Greeting};
use super::stand::{Ca, Leaf, config, egress, post, write};
use crate::config::{ClientCertificate, ClientTls, SpkiPin, TlsVersion};
use crate::egress::EgressError;
use crate::egress::tls::TlsFailureKind;

/// How a request to `https://consumer.example` ends at a server that greets so.
async fn outcome(
    directory: &TempDir,
    ca: &Ca,
    greeting: Greeting<'_>,
    adjust: impl FnOnce(&mut ClientTls),
) -> Option<TlsFailureKind> {
    let consumer = Consumer::start(greeting).await;
    let mut config = config(&format!("https://consumer.example:{}", consumer.port));
    config.tls.ca = Some(write(directory, "ca.pem", ca.pem()));
    adjust(&mut config.tls);
    failure_kind(post(&egress(&config), "/").await)
}

fn failure_kind(outcome: Result<impl Sized, EgressError>) -> Option<TlsFailureKind> {
    match outcome {
        Ok(_) => None,
        Err(EgressError::Tls(failure)) => Some(failure.kind),
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_server_must_be_vouched_for_in_time_and_by_name() {
    let (directory, ca) = (TempDir::new().unwrap(), Ca::new());
    let same = |_: &mut ClientTls| {};
    let good = ca.leaf(&["consumer.example"]);
    assert_eq!(outcome(&directory, &ca, Greeting::of(&good), same).await, None);
    for (leaf, kind) in [
        (Ca::new().leaf(&["consumer.example"]), TlsFailureKind::ServerUntrusted),
        (ca.leaf_until(&["consumer.example"], 2021), TlsFailureKind::ServerExpired),
        (ca.leaf(&["other.example"]), TlsFailureKind::ServerName),
        (ca.leaf(&["127.0.0.1"]), TlsFailureKind::ServerName),
    ] {
        assert_eq!(outcome(&directory, &ca, Greeting::of(&leaf), same).await, Some(kind));
    }
    let public = outcome(&directory, &ca, Greeting::of(&good), |tls| tls.ca = None).await;
    assert_eq!(public, Some(TlsFailureKind::ServerUntrusted), "by no public CA");
}

#[tokio::test]
async fn names_that_are_configured_stand_for_the_host_and_not_for_the_ca() {
    let (directory, ca) = (TempDir::new().unwrap(), Ca::new());
    let leaf = ca.leaf(&["receiver.internal", "spiffe://example.org/receiver"]);
    for (names, kind) in [
        (&["DNS:receiver.internal"][..], None),
        (&["URI:spiffe://example.org/receiver"], None),
        (&["DNS:other.internal", "DNS:receiver.internal"], None),
        (&["DNS:consumer.example"], Some(TlsFailureKind::ServerName)),
        (&["URI:spiffe://example.org/Receiver"], Some(TlsFailureKind::ServerName)),
        (&["URI:urn:receiver.internal"], Some(TlsFailureKind::ServerName)),
    ] {
        let names: Vec<_> = names.iter().map(|name| name.parse().unwrap()).collect();
        let told =
            outcome(&directory, &ca, Greeting::of(&leaf), |tls| tls.server_names = names.clone()).await;
        assert_eq!(told, kind, "{names:?}");
        let foreign = Ca::new().leaf(&["receiver.internal", "spiffe://example.org/receiver"]);
        let told = outcome(&directory, &ca, Greeting::of(&foreign), |tls| tls.server_names = names).await;
        assert_eq!(told, Some(TlsFailureKind::ServerUntrusted));
    }
}

#[tokio::test]
async fn a_pin_is_asked_for_besides_the_ca_and_the_name() {
    let (directory, ca) = (TempDir::new().unwrap(), Ca::new());
    let leaf = ca.leaf(&["consumer.example"]);
    let pin_of = |leaf: &Leaf| SpkiPin::of(&leaf.key.subject_public_key_info());
    let other = SpkiPin::of(b"another key");
    assert_eq!(
        outcome(&directory, &ca, Greeting::of(&leaf), |tls| tls.server_pins = vec![other, pin_of(&leaf)])
            .await,
        None
    );
    for (leaf, pins, kind) in [
        (&leaf, vec![other], TlsFailureKind::ServerPin),
        (&ca.leaf(&["consumer.example"]), vec![pin_of(&leaf)], TlsFailureKind::ServerPin),
    ] {
        assert_eq!(
            outcome(&directory, &ca, Greeting::of(leaf), |tls| tls.server_pins = pins).await,
            Some(kind)
        );
    }
    for (leaf, kind) in [
        (Ca::new().leaf(&["consumer.example"]), TlsFailureKind::ServerUntrusted),
        (ca.leaf(&["other.example"]), TlsFailureKind::ServerName),
        (ca.leaf_until(&["consumer.example"], 2021), TlsFailureKind::ServerExpired),
    ] {
        let pin = pin_of(&leaf);
        let told = outcome(&directory, &ca, Greeting::of(&leaf), |tls| tls.server_pins = vec![pin]).await;
        assert_eq!(told, Some(kind), "a pin stands for nothing else");
    }
}

#[tokio::test]
async fn a_consumer_that_asks_who_we_are_is_told_and_may_refuse() {
    let (directory, ca, clients) = (TempDir::new().unwrap(), Ca::new(), Ca::new());
    let leaf = ca.leaf(&["consumer.example"]);
    let ours = clients.leaf(&["sender.example"]);
    for (shown, kind) in [
        (Some(&ours), None),
        (Some(&Ca::new().leaf(&["sender.example"])), Some(TlsFailureKind::ClientRefused)),
        (None, Some(TlsFailureKind::ClientRefused)),
    ] {
        for protocols in [&["http/1.1"][..], &["h2"]] {
            let greeting = Greeting { clients: Some(&clients), protocols, ..Greeting::of(&leaf) };
            let consumer = Consumer::start(greeting).await;
            let mut config = config(&format!("https://consumer.example:{}", consumer.port));
            config.tls.ca = Some(write(&directory, "ca.pem", ca.pem()));
            config.tls.certificate = shown.map(|shown| ClientCertificate {
                cert: write(&directory, "cert.pem", &shown.pem),
                key: write(&directory, "key.pem", shown.key.serialize_pem()),
            });
            assert_eq!(failure_kind(post(&egress(&config), "/").await), kind, "{protocols:?}");
            let told = if kind.is_none() { vec![Some(ours.certificate.clone())] } else { Vec::new() };
            assert_eq!(consumer.clients(), told, "a refused one reaches nothing");
        }
    }
}

#[tokio::test]
async fn tls_1_2_is_spoken_only_where_it_was_asked_for() {
    let (directory, ca) = (TempDir::new().unwrap(), Ca::new());
    let leaf = ca.leaf(&["consumer.example"]);
    for (spoken, min_version, kind) in [
        (&TLS12, TlsVersion::V1_3, Some(TlsFailureKind::Protocol)),
        (&TLS12, TlsVersion::V1_2, None),
        (&TLS13, TlsVersion::V1_2, None),
    ] {
        let greeting = Greeting { version: Some(spoken), ..Greeting::of(&leaf) };
        let told = outcome(&directory, &ca, greeting, |tls| tls.min_version = min_version).await;
        assert_eq!(told, kind, "{spoken:?} {min_version:?}");
    }
}
