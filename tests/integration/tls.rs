//! Who may connect, and how.

use std::time::{Duration, Instant};

use base64ct::{Base64, Encoding as _};
use countersign::config::SpkiPin;
use countersign::devcerts::{Authority, Pair, STRANGER_ID};
use rcgen::{ExtendedKeyUsagePurpose, PublicKeyData as _, SerialNumber};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, HandshakeKind, NamedGroup, ProtocolVersion};
use time::{Duration as Span, OffsetDateTime};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::senders_ca::{SendersCa, next_week};
use crate::stand::{BODY, Setup, Stand, read_head, read_until_silent};

#[tokio::test]
async fn only_certificates_of_the_trusted_ca_are_served() {
    let stand = Stand::with_flags(&[]).await;
    let foreign = Authority::new("another CA").unwrap().client("spiffe://countersign.test/sender").unwrap();
    let wrong_purpose = stand.authority.server(&[]).unwrap();
    for (what, client) in [
        ("no certificate", stand.client_with(None)),
        ("a foreign CA's", stand.client_with(Some(&foreign))),
        ("a server's certificate", stand.client_with(Some(&wrong_purpose))),
    ] {
        let reply = match client.connect().await {
            Ok(mut connection) => connection.post("/hooks", &stand.signed("msg_1", BODY), BODY.into()).await,
            Err(error) => Err(error),
        };
        assert!(reply.is_err(), "{what} was served: {reply:?}");
    }
    assert!(stand.app.take_seen().is_empty());
}

#[tokio::test]
async fn an_identity_that_is_named_must_be_shown() {
    let flags = ["--client-identity", "URI:spiffe://countersign.test/sender", "--client-auth", "optional"];
    let stand = Stand::with_flags(&flags).await;
    let stranger = stand.authority.client(STRANGER_ID).unwrap();
    for (client, expected) in [
        (stand.client_with(None), (403, "identity_missing")),
        (stand.client_with(Some(&stranger)), (403, "identity_not_allowed")),
        (stand.client.clone(), (204, "")),
    ] {
        let mut connection = client.connect().await.unwrap();
        let reply = connection.post("/hooks", &stand.signed("msg_1", BODY), BODY.into()).await.unwrap();
        assert_eq!((reply.status, reply.code().as_str()), expected);
    }
}

/// What a genuine delivery gets over a connection made by `config`: the start
/// of its answer, or nothing.
async fn deliver(stand: &Stand, config: ClientConfig, id: &str) -> String {
    let Ok(mut stream) = stand.tls_connect(config).await else { return String::new() };
    stream.write_all(&stand.raw_genuine(id, "Connection: close\r\n")).await.ok();
    stream.flush().await.ok();
    read_until_silent(&mut stream, Duration::from_secs(5)).await.chars().take(12).collect()
}

#[tokio::test]
async fn a_certificate_out_of_its_time_revoked_or_of_another_purpose_is_refused() {
    let ca = SendersCa::new();
    let now = OffsetDateTime::now_utc();
    let (trusted, crl) = (ca.certificate(), ca.crl(2, next_week()));
    let stand = Stand::with_flags(&["--client-ca", &trusted, "--client-crl", &crl]).await;
    let rows: [(&str, Pair, &str); 6] = [
        ("good", ca.sender(|_| ()), "HTTP/1.1 204"),
        ("expired", ca.sender(|params| params.not_after = now - Span::MINUTE), ""),
        ("not yet valid", ca.sender(|params| params.not_before = now + Span::HOUR), ""),
        ("revoked", ca.sender(|params| params.serial_number = Some(SerialNumber::from(2))), ""),
        (
            "a server's",
            ca.sender(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]),
            "",
        ),
        ("good again", ca.sender(|_| ()), "HTTP/1.1 204"),
    ];
    for (number, (what, pair, expected)) in rows.into_iter().enumerate() {
        let config = stand.tls_client(Some(&pair), &[&TLS13]);
        assert_eq!(deliver(&stand, config, &format!("msg_{number}")).await, expected, "{what}");
    }
    assert_eq!(stand.app.take_seen().len(), 2);
}

#[tokio::test]
async fn where_no_list_speaks_for_a_certificate_it_is_refused() {
    let (ca, other) = (SendersCa::new(), SendersCa::new());
    let now = OffsetDateTime::now_utc();
    let trusted = ca.certificate();
    for (what, crl) in
        [("another CA's", other.crl(2, now + Span::WEEK)), ("a stale", ca.crl(2, now - Span::HOUR))]
    {
        let stand = Stand::with_flags(&["--client-ca", &trusted, "--client-crl", &crl]).await;
        let config = stand.tls_client(Some(&ca.sender(|_| ())), &[&TLS13]);
        assert_eq!(deliver(&stand, config, "msg_1").await, "", "{what} list");
        assert!(stand.app.take_seen().is_empty());
    }
}

#[tokio::test]
async fn tls_1_2_is_taken_only_where_it_was_asked_for() {
    for (flags, expected) in [(&[][..], ""), (&["--tls-min", "1.2"], "HTTP/1.1 204")] {
        let stand = Stand::with_flags(flags).await;
        let old = stand.tls_client(Some(&stand.sender), &[&TLS12]);
        assert_eq!(deliver(&stand, old, "msg_1").await, expected, "{flags:?}");
        let both = stand.tls_client(Some(&stand.sender), &[&TLS12, &TLS13]);
        let stream = stand.tls_connect(both).await.unwrap();
        assert_eq!(stream.get_ref().1.protocol_version(), Some(ProtocolVersion::TLSv1_3));
    }
}

#[tokio::test]
async fn a_client_that_can_gets_a_key_exchange_that_outlasts_quantum_computers() {
    let stand = Stand::with_flags(&[]).await;
    let stream = stand.tls_connect(stand.tls_client(Some(&stand.sender), &[&TLS13])).await.unwrap();
    let group =
        stream.get_ref().1.negotiated_key_exchange_group().map(rustls::crypto::SupportedKxGroup::name);
    assert_eq!(group, Some(NamedGroup::X25519MLKEM768));
}

#[tokio::test]
async fn a_session_resumes_without_early_data_and_as_who_it_was() {
    let flags = ["--client-identity", "URI:spiffe://countersign.test/sender"];
    let stand = Stand::with_flags(&flags).await;
    let stranger = stand.authority.client(STRANGER_ID).unwrap();
    for (who, identity, expected) in
        [("the sender", &stand.sender, "HTTP/1.1 204"), ("a stranger", &stranger, "HTTP/1.1 403")]
    {
        let mut config = stand.tls_client(Some(identity), &[&TLS13]);
        config.enable_early_data = true;
        for (turn, kind) in [HandshakeKind::Full, HandshakeKind::Resumed].into_iter().enumerate() {
            let id = format!("msg_{turn}");
            let mut stream = stand.tls_connect(config.clone()).await.unwrap();
            assert_eq!(stream.get_ref().1.handshake_kind(), Some(kind), "{who}");
            assert!(!stream.get_ref().1.is_early_data_accepted(), "{who}");
            stream.write_all(&stand.raw_genuine(&id, "Connection: close\r\n")).await.unwrap();
            let answer = read_until_silent(&mut stream, Duration::from_secs(5)).await;
            assert!(answer.starts_with(expected), "{who}, {kind:?}: {answer}");
        }
    }
    assert_eq!(stand.app.take_seen().len(), 2);
}

#[tokio::test]
async fn what_is_not_a_handshake_is_closed_and_a_slow_one_in_time() {
    let stand = Stand::start(Setup {
        bounds: |bounds| bounds.handshake_timeout = Duration::from_millis(500),
        ..Setup::default()
    })
    .await;
    // The first bytes of a hello of 512 bytes in TLS 1.3.
    let hello: &[u8] = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    for (what, bytes) in [
        ("plain HTTP", &b"POST /hooks HTTP/1.1\r\nHost: localhost\r\n\r\n"[..]),
        ("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        ("an SSLv2 hello", b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10"),
        ("zeros", &[0; 600]),
        ("a record of 64 KiB", b"\x16\x03\x01\xff\xff"),
        ("an alert", b"\x15\x03\x03\x00\x02\x02\x28"),
        ("half a hello", hello),
        ("nothing", b""),
    ] {
        let started = Instant::now();
        let mut stream = TcpStream::connect(stand.guard().address()).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await;
        assert!(read.is_ok(), "{what} was not closed");
        assert!(started.elapsed() < Duration::from_secs(2), "{what}: {:?}", started.elapsed());
        assert!(!answer.starts_with(b"HTTP/"), "{what} was answered");
    }
    assert_eq!(stand.post_genuine("msg_1").await.status, 204);
}

#[tokio::test]
async fn half_handshakes_by_the_hundred_hold_up_nobody() {
    let stand = Stand::with_flags(&[]).await;
    let mut half = Vec::new();
    for _ in 0..300 {
        let mut stream = TcpStream::connect(stand.guard().address()).await.unwrap();
        stream.write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").await.unwrap();
        half.push(stream);
    }
    let started = Instant::now();
    assert_eq!(stand.post_genuine("msg_1").await.status, 204);
    assert!(started.elapsed() < Duration::from_secs(2));
}

/// Partner A must not mint partner B's name, even where the guard trusts both.
#[tokio::test]
async fn a_name_counts_only_under_the_ca_that_its_source_trusts() {
    let (a, b) = (SendersCa::new(), SendersCa::new());
    let flags = ["--client-ca", &a.certificate(), "--source-client-ca", &b.certificate()];
    let identity = ["--client-identity", CLIENT_ID_OF_THE_TRUST_DOMAIN];
    let stand = Stand::with_flags(&[&flags[..], &identity].concat()).await;
    for (id, ca, expected) in [("msg_1", &a, "HTTP/1.1 403"), ("msg_2", &b, "HTTP/1.1 204")] {
        let config = stand.tls_client(Some(&ca.sender(|_| ())), &[&TLS13]);
        assert_eq!(deliver(&stand, config, id).await, expected);
    }
}

#[tokio::test]
async fn the_ca_of_a_source_does_not_count_a_certificate_that_a_proxy_tells_under_its_own() {
    let (a, b) = (SendersCa::new(), SendersCa::new());
    let flags = ["--client-ca", &a.certificate(), "--source-client-ca", &b.certificate()];
    let front = ["--trusted-proxy", "127.0.0.1", "--client-cert-header"];
    let identity = ["--client-identity", CLIENT_ID_OF_THE_TRUST_DOMAIN];
    let stand = Stand::with_flags(&[&flags[..], &front, &identity].concat()).await;
    let minted = CertificateDer::from_pem_slice(a.sender(|_| ()).certificate.as_bytes()).unwrap();
    let field = format!("Client-Cert: :{}:\r\nConnection: close\r\n", Base64::encode_string(&minted));
    let config = stand.tls_client(Some(&b.sender(|_| ())), &[&TLS13]);
    let mut proxy = stand.tls_connect(config).await.unwrap();
    proxy.write_all(&stand.raw_genuine("msg_1", &field)).await.unwrap();
    let answer = read_until_silent(&mut proxy, Duration::from_secs(5)).await;
    assert!(answer.contains("identity_not_allowed"), "{answer}");
}

const CLIENT_ID_OF_THE_TRUST_DOMAIN: &str = "URI:spiffe://countersign.test/*";

#[tokio::test]
async fn a_pinned_key_must_be_held() {
    let ca = SendersCa::new();
    let (pinned, other) = (ca.sender(|_| ()), ca.sender(|_| ()));
    let pin =
        SpkiPin::of(&rcgen::KeyPair::from_pem(&pinned.key).unwrap().subject_public_key_info()).to_string();
    let stand = Stand::with_flags(&["--client-ca", &ca.certificate(), "--client-spki-pin", &pin]).await;
    for (id, sender, expected) in [("msg_1", &other, "HTTP/1.1 403"), ("msg_2", &pinned, "HTTP/1.1 204")] {
        let config = stand.tls_client(Some(sender), &[&TLS13]);
        assert_eq!(deliver(&stand, config, id).await, expected);
    }
}

#[tokio::test]
async fn a_connection_ends_at_its_age_and_an_exchange_in_flight_before_that() {
    let stand = Stand::with_flags(&["--max-connection-age", "300ms", "--idle-timeout", "1s"]).await;
    let mut stream = stand.tls_connect(stand.tls_client(Some(&stand.sender), &[&TLS13])).await.unwrap();
    stream.write_all(&stand.raw_genuine("msg_1", "")).await.unwrap();
    // Silence for longer than the guard waits means that the guard has closed it.
    let answer = tokio::time::timeout(Duration::from_secs(5), async {
        let mut all = String::new();
        stream.read_to_string(&mut all).await.ok();
        all
    });
    let answer = answer.await.expect("the guard closes it");
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
}

#[tokio::test]
async fn no_delivery_is_lost_when_a_kept_connection_comes_of_age() {
    let stand =
        Stand::with_flags(&["--max-connection-age", "200ms", "--rate-limit-per-address", "100000/s"]).await;
    let config = stand.tls_client(Some(&stand.sender), &[&TLS13]);
    let (mut connections, mut sent) = (0, 0);
    while connections < 5 {
        let mut stream = stand.tls_connect(config.clone()).await.unwrap();
        connections += 1;
        let mut is_open = true;
        while is_open {
            sent += 1;
            stream.write_all(&stand.raw_genuine(&format!("msg_{sent}"), "")).await.unwrap();
            let head = read_head(&mut stream).await;
            assert!(
                head.starts_with("HTTP/1.1 204"),
                "delivery {sent} on connection {connections}: {head:?}"
            );
            is_open = !head.contains("connection: close");
        }
    }
    assert!(sent > connections, "{sent} deliveries");
}
