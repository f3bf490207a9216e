//! What the signer sends is what the providers' own SDKs accept: real requests
//! over mutual TLS to consumers in other languages, where the SDKs decide.

use std::sync::Arc;

use countersign::cli;
use countersign::clock::SystemClock;
use countersign::devcerts::DevCerts;
use countersign::private_file::Existing;
use tempfile::TempDir;

use super::stand::{SECRET, Signer};
use crate::languages::{Language, NODE, PREPARE, PYTHON, SdkConsumer};

#[tokio::test]
async fn python_sdks_accept_what_is_sent() {
    accepted_by_sdks_of(&PYTHON).await;
}

#[tokio::test]
async fn node_sdks_accept_what_is_sent() {
    accepted_by_sdks_of(&NODE).await;
}

/// Signs for all of them at once: each finds its own fields among the others'.
async fn accepted_by_sdks_of(language: &Language) {
    let directory = TempDir::new().unwrap();
    DevCerts::new(&[]).unwrap().write(directory.path(), Existing::Refuse).unwrap();
    let file = |name: &str| directory.path().join(name).display().to_string();
    let other_secret = file("other.secret");
    std::fs::write(&other_secret, cli::generate_secret().unwrap().expose()).unwrap();

    let consumer = SdkConsumer::start(language, directory.path(), SECRET).await;
    let url = format!("https://localhost:{}/", consumer.port);
    let (ca, cert, key) = (file("ca.pem"), file("client.pem"), file("client.key"));
    let mut flags = vec!["--endpoint", &url, "--ca", &ca, "--cert", &cert, "--key", &key];
    flags.extend(["--allow-destination", "127.0.0.0/8", "--allow-destination", "::1"]);
    flags.extend(language.presets.iter().flat_map(|preset| ["--scheme", preset]));
    let start = |secret: [&str; 2]| Signer::start(&[&flags[..], &secret].concat(), Arc::new(SystemClock));
    let signer = start(["--secret-env", "SECRET"]);
    let stranger = start(["--secret-file", &other_secret]);

    for preset in language.presets {
        let (path, tampered) = (format!("/{preset}"), format!("/{preset}?tamper"));
        for (signer, path, expected) in
            [(&signer, &path, 204), (&signer, &tampered, 401), (&stranger, &path, 401)]
        {
            let reply = signer.post(path, &[("content-type", "application/json")], JSON).await;
            assert_eq!(
                (reply.status, reply.code().as_str()),
                (expected, ""),
                "{path}; if SDKs are missing, {PREPARE}"
            );
        }
    }
}

/// Some SDKs parse what they have verified.
const JSON: &[u8] = "{\"hello\": \"w\u{f6}rld\",\"n\":1.0}\r\n".as_bytes();
