//! A secret of the source that arrives where it does not belong.

use http::{HeaderName, HeaderValue};

use crate::stand::{BODY, Setup, Stand};

#[tokio::test]
async fn a_field_or_parameter_with_the_secret_does_not_reach_the_app() {
    let stand = Stand::with_flags(&["--source", "billing"]).await;
    let secret = String::from_utf8(stand.secret.expose().to_vec()).unwrap();
    let mut connection = stand.client.connect().await.unwrap();
    let mut fields = stand.signed("msg_1", BODY);
    fields.push(field("x-debug", &format!("key={secret}")));
    fields.push(field("x-plain", "kept"));
    let target = format!("/hooks?a=1&secret={}&b=2", secret.replace('=', "%3D"));
    assert_eq!(connection.post(&target, &fields, BODY.into()).await.unwrap().status, 204);
    let seen = stand.app.take_seen().remove(0);
    assert_eq!((seen.field("x-debug"), seen.field("x-plain")), ("", "kept"));
    assert_eq!(seen.target, "/hooks?a=1&b=2");
    assert_eq!(leaks(&stand, "billing").await, 2);

    // What is in order costs nothing and counts nothing.
    assert_eq!(stand.post_genuine("msg_2").await.status, 204);
    assert_eq!(leaks(&stand, "billing").await, 2);
}

/// Refused before and after the tripwire's place, and forwarded all the same.
#[tokio::test]
async fn what_is_only_observed_is_searched_once_and_attested_never() {
    for flags in [&["--allow-ip", "192.0.2.0/24"][..], &[]] {
        let attest = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(attest.path(), countersign::cli::generate_secret().unwrap().expose()).unwrap();
        let always = ["--source", "billing", "--mode", "observe", "--attest-secret-file"];
        let stand =
            Stand::with_flags(&[&always[..], &[attest.path().to_str().unwrap()], flags].concat()).await;
        let secret = String::from_utf8(stand.secret.expose().to_vec()).unwrap();
        let mut fields = stand.signed("msg_1", BODY);
        fields.push(field("x-debug", &secret));
        let target = format!("/hooks?secret={}&b=2", secret.replace('=', "%3D"));
        let mut connection = stand.client.connect().await.unwrap();
        let reply = connection.post(&target, &fields, "another body".into()).await.unwrap();
        assert_eq!(reply.status, 204, "{flags:?}");
        let seen = stand.app.take_seen().remove(0);
        assert!(seen.field("countersign-class").starts_with("observed:"), "{flags:?}");
        assert_eq!(seen.field("x-debug"), "", "{flags:?}");
        assert_eq!(seen.target, "/hooks?b=2", "{flags:?}");
        assert_eq!(seen.field("countersign-attest-signature"), "", "{flags:?}");
        assert_eq!(leaks(&stand, "billing").await, 2, "{flags:?}");
    }
}

#[tokio::test]
async fn a_secret_in_place_of_the_signature_is_counted_and_the_delivery_refused() {
    let stand = Stand::with_flags(&["--source", "billing"]).await;
    let mut fields = stand.signed("msg_1", BODY);
    let secret = HeaderValue::from_bytes(stand.secret.expose()).unwrap();
    fields.iter_mut().find(|(name, _)| name == "webhook-signature").unwrap().1 = secret;
    let reply = stand.post(&fields, BODY).await;
    assert_eq!((reply.status, reply.code().as_str()), (401, "signature_missing"));
    assert_eq!(leaks(&stand, "billing").await, 1);
}

#[tokio::test]
async fn the_field_of_a_token_passes_and_a_copy_of_it_does_not() {
    for (preset, carrier) in [("bearer", "authorization"), ("gitlab-token", "x-gitlab-token")] {
        let stand = Stand::start(Setup { preset, ..Setup::default() }).await;
        let mut fields = stand.signed("", BODY);
        let token = fields[0].1.clone();
        fields.push((HeaderName::from_static("x-copy"), token));
        assert_eq!(stand.post(&fields, BODY).await.status, 204, "{preset}");
        let seen = stand.app.take_seen().remove(0);
        assert!(!seen.field(carrier).is_empty() && seen.field("x-copy").is_empty(), "{preset}");
        assert_eq!(leaks(&stand, preset).await, 1, "{preset}");
    }
}

#[tokio::test]
async fn a_query_that_is_signed_is_verified_as_it_came_and_forwarded_without_the_secret() {
    let secret = "whsec_c2lnbmVkIHdpdGggYSBxdWVyeSB0aGF0IGxlYWtz";
    let url = format!("https://hooks.example/hooks?square={secret}&a=1");
    let flags = ["--public-url", "https://hooks.example"];
    let (preset, public_url) = ("square", Some(&*url));
    let stand =
        Stand::start(Setup { preset, secret: Some(secret), public_url, flags: &flags, ..Setup::default() })
            .await;
    let mut connection = stand.client.connect().await.unwrap();
    let target = url.strip_prefix("https://hooks.example").unwrap();
    let reply = connection.post(target, &stand.signed("", BODY), BODY.into()).await.unwrap();
    assert_eq!((reply.status, reply.code().as_str()), (204, ""));
    assert_eq!(stand.app.take_seen()[0].target, "/hooks?a=1");
}

#[tokio::test]
async fn the_secret_of_the_proof_is_looked_for_too() {
    let directory = tempfile::TempDir::new().unwrap();
    let path = directory.path().join("attest.secret");
    let secret = countersign::cli::generate_secret().unwrap();
    std::fs::write(&path, secret.expose()).unwrap();
    let stand =
        Stand::with_flags(&["--source", "billing", "--attest-secret-file", path.to_str().unwrap()]).await;
    let mut fields = stand.signed("msg_1", BODY);
    fields.push((HeaderName::from_static("x-debug"), HeaderValue::from_bytes(secret.expose()).unwrap()));
    assert_eq!(stand.post(&fields, BODY).await.status, 204);
    assert_eq!(stand.app.take_seen()[0].field("x-debug"), "");
    assert_eq!(leaks(&stand, "billing").await, 1);
}

fn field(name: &'static str, value: &str) -> (HeaderName, HeaderValue) {
    (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
}

async fn leaks(stand: &Stand, source: &str) -> u64 {
    let metrics = stand.admin("/metrics").await;
    let name = format!("countersign_secret_leaks_total{{source=\"{source}\"}} ");
    let value = metrics.lines().find_map(|line| line.strip_prefix(&name));
    value.unwrap_or_else(|| panic!("{name} is not in\n{metrics}")).parse().unwrap()
}
