//! Another configuration for a guard that is up.

use std::fs;
use std::time::Duration;

use countersign::cli;
use countersign::clock::UnixTime;
use countersign::guard::ReloadError;
use rustls::HandshakeKind;
use rustls::version::TLS13;
use tokio::io::AsyncWriteExt as _;

use crate::app::App;
use crate::program::Directory;
use crate::senders_ca::{SendersCa, next_week};
use crate::stand::{BODY, Stand, read_until_silent};

#[tokio::test]
async fn a_new_secret_takes_the_place_of_the_old_one_and_the_ledger_stays() {
    let stand = Stand::with_flags(&["--rate-limit", "2/h", "--rate-burst", "2"]).await;
    let first = stand.signed("msg_1", BODY);
    assert_eq!(stand.post(&first, BODY).await.status, 204);
    // Beside the new secret the old one is still good, and a replay is one.
    let new = cli::generate_secret().unwrap();
    let new_file = stand.write("new.secret", new.expose());
    assert_eq!(stand.reload(&["--secret-file", &new_file]).unwrap(), Vec::<&str>::new());
    assert_eq!(stand.post(&first, BODY).await.code(), "replayed");
    let by_new = stand.signed_by(&new, "msg_2", BODY);
    assert_eq!(stand.post(&by_new, BODY).await.status, 204);
    // What was spent of the rate stays spent.
    assert_eq!(stand.post_genuine("msg_3").await.code(), "rate_limited");
    // And then it is gone.
    stand.write("secret", cli::generate_secret().unwrap().expose());
    stand.reload(&[]).unwrap();
    assert_eq!(stand.post_genuine("msg_4").await.code(), "signature_mismatch");
    assert_eq!(stand.app.take_seen().len(), 2);
}

#[tokio::test]
async fn a_connection_is_closed_when_its_certificate_is_revoked_and_no_other_is() {
    let ca = SendersCa::new();
    let end = next_week();
    let (trusted, crl) = (ca.certificate(), ca.crl(99, end));
    let stand = Stand::with_flags(&["--client-ca", &trusted, "--client-crl", &crl]).await;
    let mut connections = Vec::new();
    for serial in [1_u64, 2] {
        let sender = ca.sender(|params| params.serial_number = Some(serial.into()));
        let mut stream = stand.tls_connect(stand.tls_client(Some(&sender), &[&TLS13])).await.unwrap();
        assert!(exchange(&stand, &mut stream, &format!("before_{serial}")).await.starts_with("HTTP/1.1 204"));
        connections.push(stream);
    }
    ca.crl(2, end);
    stand.reload(&[]).unwrap();
    let [good, revoked] = &mut connections[..] else { unreachable!("there are two") };
    let refused = exchange(&stand, revoked, "after_2").await;
    assert!(refused.starts_with("HTTP/1.1 403") && refused.contains("identity_not_allowed"), "{refused}");
    assert!(revoked.write_all(b"x").await.is_err() || exchange(&stand, revoked, "again_2").await.is_empty());
    for id in ["after_1", "again_1"] {
        assert!(exchange(&stand, good, id).await.starts_with("HTTP/1.1 204"), "{id}");
    }
}

#[tokio::test]
async fn a_connection_is_closed_when_the_list_ends_and_none_resumes_past_it() {
    let ca = SendersCa::new();
    let (trusted, crl) = (ca.certificate(), ca.crl(99, next_week()));
    let stand = Stand::with_flags(&["--client-ca", &trusted, "--client-crl", &crl]).await;
    let client = stand.tls_client(Some(&ca.sender(|_| ())), &[&TLS13]);
    let mut open = stand.tls_connect(client.clone()).await.unwrap();
    assert!(exchange(&stand, &mut open, "before").await.starts_with("HTTP/1.1 204"));
    stand.clock.set(UnixTime::from_secs(next_week().unix_timestamp().cast_unsigned()));
    // By the time of day, by which the handshake goes, the list is still good.
    let mut resumed = stand.tls_connect(client).await.unwrap();
    assert_eq!(resumed.get_ref().1.handshake_kind(), Some(HandshakeKind::Resumed));
    for (what, stream) in [("open", &mut open), ("resumed", &mut resumed)] {
        let refused = exchange(&stand, stream, what).await;
        assert!(refused.starts_with("HTTP/1.1 403") && refused.contains("identity_not_allowed"), "{refused}");
        assert!(exchange(&stand, stream, "again").await.is_empty(), "{what}");
    }
}

/// Sends a genuine delivery on a connection that stays open.
async fn exchange(
    stand: &Stand,
    stream: &mut tokio_rustls::client::TlsStream<tokio::net::TcpStream>,
    id: &str,
) -> String {
    stream.write_all(&stand.raw_genuine(id, "")).await.ok();
    stream.flush().await.ok();
    read_until_silent(stream, Duration::from_millis(300)).await
}

#[tokio::test]
async fn what_takes_a_restart_is_named_and_stays() {
    let stand = Stand::with_flags(&[]).await;
    let changed = stand.reload(&["--max-connections", "5", "--idle-timeout", "5s"]).unwrap();
    assert_eq!(changed, ["max-connections", "idle-timeout"]);
    assert_eq!(stand.post_genuine("msg_1").await.status, 204);
}

#[tokio::test]
async fn what_cannot_be_used_leaves_in_force_what_was() {
    let stand = Stand::with_flags(&["--plain"]).await;
    let reloaded = stand.reload_with(
        &stand
            .flags_without("--plain")
            .chain(["--tls-cert", &stand.file("server.pem")])
            .chain(["--tls-key", &stand.file("server.key"), "--client-auth", "off"])
            .collect::<Vec<_>>(),
    );
    assert!(matches!(reloaded, Err(ReloadError::Transport)), "{reloaded:?}");
}

#[tokio::test]
async fn a_hundred_reloads_under_load_cost_no_delivery() {
    let stand = Stand::with_flags(&["--rate-limit-per-address", "100000/s"]).await;
    let load = async {
        let mut connection = stand.client.connect().await.unwrap();
        for number in 0..400 {
            let fields = stand.signed(&format!("msg_{number}"), BODY);
            let reply = connection.post("/hooks", &fields, BODY.into()).await.unwrap();
            assert_eq!(reply.status, 204, "{number}");
        }
    };
    let reloads = async {
        for number in 0..100 {
            let more = cli::generate_secret().unwrap();
            let file = stand.write(&format!("secret_{}", number % 2), more.expose());
            tokio::task::yield_now().await;
            stand.reload(&["--secret-file", &file]).unwrap();
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(load, reloads);
    assert_eq!(stand.app.take_seen().len(), 400);
}

#[tokio::test]
async fn sources_come_and_go_and_what_was_accepted_stays_known() {
    let app = App::start().await.unwrap();
    let directory = Directory::prepared().await;
    let file = directory.path().join("guard.toml");
    let source = |name: &str| {
        format!(
            "[[source]]\nsource = \"{name}\"\nscheme = \"standard-webhooks\"\nallow-shared-secret = true\n\
             secret-file = \"certs/dev/webhook.secret\"\npath = \"/{name}\"\nupstream = \"http://{}\"\n",
            app.address
        )
    };
    let take = |names: &[&str]| fs::write(&file, names.iter().map(|name| source(name)).collect::<String>());
    take(&["one"]).unwrap();
    let mut guard = directory.guard("countersign guard --plain --log-level info --config guard.toml").await;
    let port = guard.listen.port();
    let (first, second) = (directory.signed("msg_1", "{}"), directory.signed("msg_2", "{}"));
    let status = |signed: &str, name: &str| {
        let line = format!(
            "curl -sS -o answer -w '%{{http_code}}' {signed} --data-binary '{{}}' http://127.0.0.1:{port}/{name}"
        );
        let directory = &directory;
        async move { directory.run(&line).await }
    };
    assert_eq!(status(&first, "one").await, "204");
    assert_eq!(status(&first, "two").await, "404");
    for (names, rows) in [
        (&["two", "one"][..], &[("one", "409"), ("two", "204")][..]),
        (&["two"], &[("one", "404"), ("two", "409")]),
        (&["three", "one", "two"], &[("one", "409"), ("two", "409")]),
    ] {
        take(names).unwrap();
        guard.line_with("took the new configuration").await;
        for (name, expected) in rows {
            assert_eq!(status(&first, name).await, *expected, "{names:?}: {name}");
        }
    }
    assert_eq!(status(&second, "three").await, "204");
    assert_eq!(app.take_seen().len(), 3);
}

#[tokio::test]
async fn a_guard_takes_what_changes_in_its_files_or_at_a_hangup() {
    let app = App::start().await.unwrap();
    let directory = Directory::prepared().await;
    let file = directory.path().join("guard.toml");
    let source = |extra: &str| {
        format!(
            "{extra}\n[[source]]\nscheme = \"standard-webhooks\"\nsecret-file = \"certs/dev/webhook.secret\"\n\
             upstream = \"http://{}\"\n",
            app.address
        )
    };
    fs::write(&file, source("")).unwrap();
    let mut guard = directory.guard("countersign guard --plain --log-level info --config guard.toml").await;

    fs::write(&file, source("max-connections = 7")).unwrap();
    assert!(guard.line_with("configuration").await.contains("took the new configuration"));
    assert!(guard.line_with("setting").await.contains("max-connections"));

    fs::write(&file, source("max-conections = 7")).unwrap();
    let line = guard.line_with("configuration").await;
    assert!(
        line.contains("did you mean \\\"max-connections\\\"?") && line.contains("stays in force"),
        "{line}"
    );

    fs::write(&file, source("")).unwrap();
    assert!(guard.line_with("configuration").await.contains("took the new configuration"));

    // Nothing has changed, but somebody asks for it.
    guard.signal("HUP").await;
    assert!(guard.line_with("configuration").await.contains("took the new configuration"));
    let page = crate::stand::get(guard.admin, "/metrics").await;
    for line in [
        "countersign_config_reloads_total{result=\"taken\"} 4",
        "countersign_config_reloads_total{result=\"refused\"} 1",
        "countersign_config_is_current 1",
    ] {
        assert!(page.contains(line), "{line}\n{page}");
    }
    guard.signal("TERM").await;
    assert_eq!(guard.end().await.code, Some(0));
}
