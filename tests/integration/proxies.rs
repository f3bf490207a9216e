//! Behind proxies: whose address counts, and who is believed.

use std::time::Duration;

use base64ct::{Base64, Encoding as _};
use countersign::devcerts::{CLIENT_ID, STRANGER_ID};
use http::{HeaderName, HeaderValue};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::app::App;
use crate::client::Connection;
use crate::program::Directory;
use crate::stand::{BODY, Stand, read_until_silent};

/// What `X-Forwarded-For` and `Forwarded` tell the app of the last delivery.
fn told(stand: &Stand) -> (String, String) {
    let seen = stand.app.take_seen().pop().expect("the app saw a delivery");
    (seen.field("x-forwarded-for").to_owned(), seen.field("forwarded").to_owned())
}

async fn over_tcp(stand: &Stand, header: &[u8], id: &str) -> String {
    let mut stream = TcpStream::connect(stand.guard().address()).await.unwrap();
    stream.write_all(&[header, &stand.raw_genuine(id, "Connection: close\r\n")].concat()).await.unwrap();
    read_until_silent(&mut stream, Duration::from_secs(5)).await
}

#[tokio::test]
async fn a_proxy_header_says_who_the_client_is_and_must_be_there() {
    let stand =
        Stand::with_flags(&["--plain", "--proxy-protocol", "127.0.0.1", "--allow-ip", "192.0.2.0/24"]).await;
    let v2 =
        [&b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"[..], &[192, 0, 2, 9, 127, 0, 0, 1, 0x12, 0x34, 0x22, 0x8b]]
            .concat();
    for (id, header, client) in [
        ("msg_1", &b"PROXY TCP4 192.0.2.7 127.0.0.1 40000 8843\r\n"[..], "192.0.2.7"),
        ("msg_2", &v2, "192.0.2.9"),
    ] {
        let answer = over_tcp(&stand, header, id).await;
        assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
        assert_eq!(told(&stand), (client.to_owned(), format!("for={client};proto=http;host=\"localhost\"")));
    }
    for (id, header, refused) in [
        ("msg_3", &b"PROXY TCP4 198.51.100.7 127.0.0.1 40000 8843\r\n"[..], "address_not_allowed"),
        // The proxy speaks for itself: it is no sender.
        ("msg_4", b"PROXY UNKNOWN\r\n", "address_not_allowed"),
    ] {
        assert!(over_tcp(&stand, header, id).await.contains(refused), "{id}");
    }
    for header in [&b""[..], b"PROXY TCP4 999.1.1.1 127.0.0.1 1 2\r\n", b"PROXY TCP4 192.0.2.7"] {
        assert_eq!(over_tcp(&stand, header, "msg_5").await, "", "{header:?}");
    }
    assert!(
        stand
            .admin("/metrics")
            .await
            .contains("countersign_connections_refused_total{reason=\"proxy_header\"} 3")
    );
}

#[tokio::test]
async fn a_proxy_header_of_anybody_else_is_no_http() {
    let stand = Stand::with_flags(&["--plain", "--proxy-protocol", "192.0.2.0/24"]).await;
    let answer = over_tcp(&stand, b"PROXY TCP4 192.0.2.7 127.0.0.1 40000 8843\r\n", "msg_1").await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(stand.app.take_seen().is_empty());
}

#[tokio::test]
async fn a_trusted_proxy_tells_the_client_in_one_field() {
    let flags = ["--trusted-proxy", "127.0.0.0/8", "--client-address-header", "x-forwarded-for"];
    let stand = Stand::with_flags(&[&flags[..], &["--allow-ip", "192.0.2.0/24"]].concat()).await;
    let field = |name: &'static str, value: &'static str| {
        (HeaderName::from_static(name), HeaderValue::from_static(value))
    };
    for (id, forwarded_for, expected) in [
        ("msg_1", "198.51.100.1, 192.0.2.7", (204, "")),
        ("msg_2", "192.0.2.7, 198.51.100.1", (403, "address_not_allowed")),
        ("msg_3", "192.0.2.7, 198.51.100.1, 127.0.0.9", (403, "address_not_allowed")),
        ("msg_4", "192.0.2.7, unknown", (400, "head_refused")),
    ] {
        let mut fields = stand.signed(id, BODY);
        fields.push(field("x-forwarded-for", forwarded_for));
        fields.push(field("forwarded", "for=192.0.2.8"));
        let reply = stand.post(&fields, BODY).await;
        assert_eq!((reply.status, reply.code().as_str()), expected, "{forwarded_for}");
    }
    assert_eq!(
        told(&stand),
        ("192.0.2.7".to_owned(), "for=192.0.2.7;proto=https;host=\"localhost\"".to_owned())
    );
    // The proxy alone is no sender.
    assert_eq!(stand.post_genuine("msg_5").await.code(), "address_not_allowed");
}

#[tokio::test]
async fn each_client_of_a_proxy_has_a_rate_of_its_own_and_the_proxy_none() {
    let flags = ["--plain", "--trusted-proxy", "127.0.0.1", "--client-address-header", "forwarded"];
    let limits = ["--rate-limit-per-address", "1/h", "--max-connections-per-address", "1"];
    let stand = Stand::with_flags(&[&flags[..], &limits].concat()).await;
    let mut connections = Vec::new();
    for (id, client, expected) in [
        ("msg_1", "for=192.0.2.1", 204),
        ("msg_2", "for=192.0.2.2", 204),
        ("msg_3", "for=\"[2001:db8::1]:4711\"", 204),
        ("msg_4", "for=192.0.2.1", 429),
    ] {
        let mut connection = Connection::plain(stand.guard().address()).await.unwrap();
        let mut fields = stand.signed(id, BODY);
        fields.push((HeaderName::from_static("forwarded"), HeaderValue::from_static(client)));
        let reply = connection.post("/hooks", &fields, BODY.into()).await.unwrap();
        assert_eq!(reply.status, expected, "{client}");
        connections.push(connection);
    }
}

#[tokio::test]
async fn a_trusted_proxy_passes_on_the_client_certificate() {
    let flags = ["--plain", "--trusted-proxy", "127.0.0.1", "--client-cert-header", "--client-identity"];
    let stand = Stand::with_flags(&[&flags[..], &["URI:spiffe://countersign.test/sender"]].concat()).await;
    let field = |pem: &str| {
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
        format!(":{}:", Base64::encode_string(&der))
    };
    let own = field(&stand.authority.client(CLIENT_ID).unwrap().certificate);
    let strange = field(&stand.authority.client(STRANGER_ID).unwrap().certificate);
    for (id, values, expected) in [
        ("msg_1", vec![own.clone()], (204, "")),
        ("msg_2", vec![strange.clone()], (403, "identity_not_allowed")),
        ("msg_3", vec![], (403, "identity_missing")),
        ("msg_4", vec![own.clone(), strange], (400, "head_refused")),
        ("msg_5", vec![own.replace(':', "")], (400, "head_refused")),
    ] {
        let mut fields = stand.signed(id, BODY);
        let name = HeaderName::from_static("client-cert");
        fields.extend(values.iter().map(|value| (name.clone(), HeaderValue::from_str(value).unwrap())));
        let mut connection = Connection::plain(stand.guard().address()).await.unwrap();
        let reply = connection.post("/hooks", &fields, BODY.into()).await.unwrap();
        assert_eq!((reply.status, reply.code().as_str()), expected, "{id}");
    }
    let seen = stand.app.take_seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].field("countersign-client-identity"), "URI:spiffe://countersign.test/sender");
    assert!(!seen[0].fields.contains_key("client-cert"));
}

#[tokio::test]
async fn whoever_filters_his_own_proxy_is_told() {
    let app = App::start().await.unwrap();
    let directory = Directory::prepared().await;
    let line = format!(
        "countersign guard --plain --allow-ip 192.0.2.0/24 --upstream http://{} --scheme standard-webhooks \
         --secret-file certs/dev/webhook.secret",
        app.address
    );
    let mut guard = directory.guard(&line).await;
    let address = guard.listen.port();
    directory
        .run(&format!("for i in $(seq 12); do curl -sS -d x http://127.0.0.1:{address}/hooks; done"))
        .await;
    let hint = guard.line_with("refused everybody").await;
    assert!(hint.contains("127.0.0.1") && hint.contains("--trusted-proxy"), "{hint}");
}
