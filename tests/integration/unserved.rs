//! Connections that never become requests leave a trace.

use std::time::Duration;

use rustls::version::{TLS12, TLS13};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::program::Directory;
use crate::stand::{Stand, read_until_silent};

#[tokio::test]
async fn a_handshake_that_fails_is_counted_by_its_reason() {
    let stand = Stand::with_flags(&["--client-auth", "optional"]).await;
    let of_another_ca = Stand::with_flags(&["--client-auth", "optional"]).await;
    let connect = |config| async { assert!(stand.tls_connect(config).await.is_err()) };
    for reason in ["not_tls", "protocol_version", "refused_by_peer", "closed_by_peer", "timeout"] {
        match reason {
            "protocol_version" => connect(stand.tls_client(None, &[&TLS12])).await,
            "refused_by_peer" => connect(of_another_ca.tls_client(None, &[&TLS13])).await,
            _ => {
                let mut stream = TcpStream::connect(stand.guard().address()).await.unwrap();
                if reason == "not_tls" {
                    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
                }
                if reason != "closed_by_peer" {
                    read_until_silent(&mut stream, Duration::from_secs(10)).await;
                }
            }
        }
        until_counted(&stand, reason).await;
    }
}

/// Waits until one handshake, and no more, has failed for `reason`.
async fn until_counted(stand: &Stand, reason: &str) {
    let line = format!("countersign_tls_handshake_failures_total{{reason=\"{reason}\"}} 1\n");
    let counted = async {
        while !stand.admin("/metrics").await.contains(&line) {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(10), counted).await.expect(reason);
}

#[tokio::test]
async fn the_log_names_who_did_not_become_a_client_and_why() {
    let source =
        "--scheme standard-webhooks --secret-file certs/dev/webhook.secret --upstream http://127.0.0.1:9";
    let tls = "--tls-cert certs/dev/server.pem --tls-key certs/dev/server.key --client-auth off";
    let behind_a_proxy = "--plain --proxy-protocol 127.0.0.1";
    for (transport, expected) in [
        (tls, ["a TLS handshake failed", "127.0.0.1", "not_tls"]),
        (behind_a_proxy, ["a connection was closed at once", "127.0.0.1", "proxy_header"]),
    ] {
        let directory = Directory::prepared().await;
        let mut guard = directory.guard(&format!("countersign guard {transport} {source}")).await;
        for _ in 0..3 {
            let mut stream = TcpStream::connect(guard.listen).await.unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
            read_until_silent(&mut stream, Duration::from_secs(5)).await;
        }
        let line = guard.line_with(expected[0]).await;
        assert!(expected.iter().all(|part| line.contains(part)), "{line}");
        guard.signal("TERM").await;
        let rest = guard.end().await.log;
        assert!(!rest.iter().any(|line| line.contains(expected[0])), "one line a second: {rest:?}");
    }
}
