//! The guard as a process: what the documents print is run as printed, with
//! `curl` and `openssl` as they are on the machine.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::app::App;
use crate::held::HeldApp;
use crate::program::{Directory, Guard, text};
use crate::stand::get;

#[tokio::test]
async fn the_first_configuration_of_the_readme_works_as_printed() {
    let readme = include_str!("../../README.md");
    let guard_line = from("countersign guard", shell_block(readme, "countersign certs dev"));
    let by_hand = shell_block(readme, "openssl dgst");
    let app = App::start().await.unwrap();
    let directory = Directory::prepared().await;
    let guard = directory.guard(&guard_line.replace("http://127.0.0.1:3000", &url(&app))).await;

    // In one script, so that both are signed in the same second.
    let by_hand = by_hand.replace(":8843", &format!(":{}", guard.listen.port()));
    let (_, send) = by_hand.split_once("\n\n").unwrap();
    let answers = directory.run(&format!("{by_hand}\n{send}")).await;
    let (first, second) = answers.split_once("HTTP/2 409").expect(&answers);
    assert!(first.starts_with("HTTP/2 204"), "{answers}");
    assert!(second.contains("\"replayed\""), "{answers}");
    let seen = app.take_seen();
    assert_eq!((seen.len(), &seen[0].body[..]), (1, &b"{\"hello\":\"world\"}"[..]));
}

#[tokio::test]
async fn a_capture_is_made_and_explained_as_the_readme_says() {
    let readme = include_str!("../../README.md");
    let guard_line = from("countersign guard", shell_block(readme, "countersign certs dev"));
    let (assignments, _) = shell_block(readme, "openssl dgst").split_once("\n\n").unwrap();
    let (send, explain) = shell_block(readme, "countersign explain").split_once("\n\n").unwrap();
    let directory = Directory::prepared().await;
    directory.run("mkdir state").await;
    let guard = directory.guard(&format!("{} --state-dir state --capture 100", guard_line.trim_end())).await;
    let send = send.replace(":8843", &format!(":{}", guard.listen.port()));
    let answer = directory.run(&format!("{assignments}\n{send}")).await;
    assert!(answer.contains("\"signature_mismatch\""), "{answer}");
    let captures = directory.path().join("state/captures");
    let is_kept = async {
        let is_whole = |name: &str| Path::new(name).extension().is_some_and(|extension| extension == "http");
        while !std::fs::read_dir(&captures)
            .unwrap()
            .any(|file| is_whole(file.unwrap().file_name().to_str().unwrap()))
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), is_kept).await.expect("a capture");
    let explained = directory.try_run(explain).await;
    assert_eq!(explained.status.code(), Some(1), "a guard would refuse it");
    let said = text(&explained.stdout);
    assert!(said.contains("body_line_end_added: "), "{said}{}", text(&explained.stderr));
}

#[tokio::test]
async fn the_guard_that_certs_dev_prints_takes_deliveries() {
    let app = App::start().await.unwrap();
    let directory = Directory::prepared().await;
    let printed = directory.run("countersign certs dev --force").await;
    let line = from("countersign guard", &printed).replace("http://127.0.0.1:3000", &url(&app));
    let guard = directory.guard(&line).await;
    assert_eq!(curl(&directory, &guard, TLS, "msg_1").await, "204 2");
    assert_eq!(app.take_seen().len(), 1);
}

#[tokio::test]
async fn curl_speaks_every_version_of_http() {
    let app = App::start().await.unwrap();
    let directory = Directory::prepared().await;
    let tls = directory.guard(&tls_guard(&url(&app))).await;
    let plain = directory.guard(&plain_guard(&url(&app))).await;
    for (id, guard, version, to, expected) in [
        ("msg_1", &tls, "--http1.1", TLS, "204 1.1"),
        ("msg_2", &tls, "--http2", TLS, "204 2"),
        ("msg_3", &plain, "--http1.1", PLAIN, "204 1.1"),
        ("msg_4", &plain, "--http2-prior-knowledge", PLAIN, "204 2"),
        // An upgrade is not honoured: the delivery goes on as it came.
        ("msg_5", &plain, "--http2", PLAIN, "204 1.1"),
    ] {
        assert_eq!(curl(&directory, guard, &format!("{version} {to}"), id).await, expected, "{version} {to}");
    }
    assert_eq!(app.take_seen().len(), 5);
}

#[tokio::test]
async fn what_a_handshake_brings_and_shows_is_in_no_log_line() {
    let directory = Directory::prepared().await;
    directory.run("printf %s verify-token-of-meta > verify.token").await;
    let line = format!("{} --log-level trace", plain_guard("http://127.0.0.1:9"));
    let asana = format!("{line} --handshake asana --handshake-secret-file asana.secret");
    let meta = format!("{line} --handshake meta --handshake-token-file verify.token");
    let secret = "b537207f20cbfa02357cf448134da559";
    let subscribe = "?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=verify-token-of-meta";
    for (line, request, status) in [
        (&asana, format!("-X POST -H 'X-Hook-Secret: {secret}' http://localhost:PORT/hooks"), "200"),
        (&meta, format!("'http://localhost:PORT/hooks{subscribe}'"), "200"),
        (&meta, format!("'http://localhost:PORT/hooks{subscribe}-of-nobody'"), "403"),
    ] {
        let guard = directory.guard(line).await;
        let request = request.replace("PORT", &guard.listen.port().to_string());
        let answer = directory.run(&format!("curl -s -o answer -w '%{{http_code}}' {request}")).await;
        assert_eq!(answer, status, "{request}");
        guard.signal("TERM").await;
        let end = guard.end().await;
        let said = end.log.join("\n") + &end.stderr;
        assert!(said.contains("handshake"), "{said}");
        for hidden in [secret, "verify-token-of-meta", "1158201444"] {
            assert!(!said.contains(hidden), "{hidden} is in {said}");
        }
    }
    assert_eq!(
        directory.run("cat asana.secret; stat -c ' %a' asana.secret").await,
        format!("{secret} 600\n")
    );
}

#[tokio::test]
async fn certificates_made_with_openssl_serve_as_well() {
    let app = App::start().await.unwrap();
    let directory = Directory::prepared().await;
    directory.run(OPENSSL_CERTIFICATES).await;
    let identity = "--client-identity URI:spiffe://partner.example/sender";
    let line = tls_guard(&url(&app)).replace("certs/dev/ca", "ca").replace("certs/dev/server", "server");
    let guard = directory.guard(&format!("{line} {identity}")).await;
    for (client, expected) in [("client", "204 2"), ("other", "403 2")] {
        let flags =
            format!("--cacert ca.pem --cert {client}.pem --key {client}.key https://localhost:PORT/hooks");
        assert_eq!(curl(&directory, &guard, &flags, client).await, expected, "{client}");
    }
    // TLS itself refuses what another CA signed.
    let foreign =
        "--cacert ca.pem --cert certs/dev/client.pem --key certs/dev/client.key https://localhost:PORT/hooks";
    assert_eq!(curl(&directory, &guard, foreign, "foreign").await, "000 0");
    assert_eq!(app.take_seen().len(), 1);
}

#[tokio::test]
async fn sigterm_lets_a_delivery_in_flight_finish_and_exits_with_0() {
    let (held, app) = HeldApp::start().await;
    let directory = Directory::prepared().await;
    let guard = directory.guard(&tls_guard(&app)).await;
    let sending = curl(&directory, &guard, TLS, "msg_1");
    let stopping = async {
        held.reached.notified().await;
        guard.signal("TERM").await;
        while !get(guard.admin, "/readyz").await.starts_with("HTTP/1.1 503") {
            tokio::task::yield_now().await;
        }
        assert!(get(guard.admin, "/livez").await.starts_with("HTTP/1.1 200"));
        held.answer.notify_one();
    };
    let (answer, ()) = tokio::join!(sending, stopping);
    assert_eq!(answer, "204 2");
    let end = guard.end().await;
    assert_eq!(end.code, Some(0), "{end:?}");
    // Nothing that was logged on the way out is lost.
    assert!(end.log.iter().any(|line| line.contains("\"accepted\"")), "{end:?}");
}

#[tokio::test]
async fn a_signal_ends_an_idle_guard_at_once_with_0() {
    let directory = Directory::prepared().await;
    for signal in ["TERM", "INT"] {
        let guard = directory.guard(&tls_guard("http://127.0.0.1:9")).await;
        let (listen, started) = (guard.listen, Instant::now());
        guard.signal(signal).await;
        assert_eq!(guard.end().await.code, Some(0), "{signal}");
        assert!(started.elapsed() < Duration::from_secs(5), "{signal}");
        assert!(tokio::net::TcpStream::connect(listen).await.is_err(), "{signal}");
    }
}

#[tokio::test]
async fn a_delivery_is_one_line_of_json_without_secret_or_signature() {
    let app = App::start().await.unwrap();
    let directory = Directory::prepared().await;
    let mut guard = directory.guard(&tls_guard(&url(&app))).await;
    let signed = directory.signed("msg_1", "{}");
    let trace = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    for body in ["{ }", "{}"] {
        let line = format!("curl -qsS {signed} -H '{trace}' --data-binary '{body}' {TLS}");
        directory.run(&line.replace("PORT", &port(&guard))).await;
    }
    let lines = [guard.next_line().await, guard.next_line().await];
    guard.signal("TERM").await;
    let end = guard.end().await;

    let [refused, accepted] = lines.each_ref().map(|line| serde_json::from_str::<Value>(line).unwrap());
    for (line, code, status) in [(&refused, "signature_mismatch", 401), (&accepted, "accepted", 204)] {
        assert_eq!((line["code"].as_str(), line["status"].as_u64()), (Some(code), Some(status)), "{line}");
    }
    let fields: Vec<&str> = accepted.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, LOGGED_WHEN_ACCEPTED);
    let everything = lines.concat() + &end.log.concat() + &end.stderr;
    let secret = directory.run("cat certs/dev/webhook.secret").await;
    let signature = signed.split("v1,").nth(1).unwrap().trim_end_matches('\'');
    for private in [secret.trim().trim_start_matches("whsec_"), signature] {
        assert!(private.len() > 40 && !everything.contains(private), "{everything}");
    }
}

#[tokio::test]
async fn the_log_is_text_where_people_read_it() {
    let app = App::start().await.unwrap();
    let directory = Directory::prepared().await;
    let mut guard = directory.guard(&(tls_guard(&url(&app)) + " --log-format text")).await;
    curl(&directory, &guard, TLS, "msg_1").await;
    let line = guard.next_line().await;
    assert!(line.contains(" code=accepted status=204 client=127.0.0.1 "), "{line}");
    assert!(line.contains(" message_id=\"msg_1\" "), "{line}");
}

#[tokio::test]
async fn a_secret_that_has_expired_is_named_in_the_log_and_to_no_sender() {
    let app = App::start().await.unwrap();
    let directory = Directory::prepared().await;
    let line = tls_guard(&url(&app)) + " --secret-not-after 0=2020-01-01T00:00:00Z";
    let mut guard = directory.guard(&line).await;
    assert_eq!(curl(&directory, &guard, TLS, "msg_1").await, "401 2");
    let logged: Value = serde_json::from_str(&guard.next_line().await).unwrap();
    assert_eq!([&logged["code"], &logged["expired_slot"]], [&json!("signature_mismatch"), &json!(0)]);
    guard.signal("TERM").await;
    let warned = guard.end().await.stderr;
    assert!(
        warned.contains("--secret-not-after every secret of source \"standard-webhooks\" has expired"),
        "{warned}"
    );
}

#[tokio::test]
async fn a_log_that_nobody_reads_any_more_stops_no_delivery() {
    let app = App::start().await.unwrap();
    let directory = Directory::prepared().await;
    let mut guard = directory.guard(&tls_guard(&url(&app))).await;
    guard.hang_up();
    for id in ["msg_1", "msg_2", "msg_3"] {
        assert_eq!(curl(&directory, &guard, TLS, id).await, "204 2");
    }
    guard.signal("TERM").await;
    assert_eq!(guard.end().await.code, Some(0));
}

#[tokio::test]
async fn an_address_that_is_taken_exits_with_1_and_is_named() {
    let directory = Directory::prepared().await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    for (flag, other) in [("--listen", "--admin-listen"), ("--admin-listen", "--listen")] {
        let line = tls_guard("http://127.0.0.1:9");
        let output = directory.try_run(&format!("{line} {flag} {address} {other} 127.0.0.1:0")).await;
        assert_eq!(output.status.code(), Some(1), "{flag}");
        let said = text(&output.stderr);
        assert!(said.contains(&format!("countersign guard: listen on {address}: ")), "{flag}: {said}");
    }
}

/// Sends a genuine delivery: the status, and the version of HTTP.
async fn curl(directory: &Directory, guard: &Guard, flags: &str, id: &str) -> String {
    let signed = directory.signed(id, "{}");
    let written = "-o answer -w '%{http_code} %{http_version}'";
    let line =
        format!("curl -qsS {written} {signed} --data-binary '{{}}' {flags}").replace("PORT", &port(guard));
    text(&directory.try_run(&line).await.stdout)
}

fn tls_guard(upstream: &str) -> String {
    let files = "--tls-cert certs/dev/server.pem --tls-key certs/dev/server.key --client-ca certs/dev/ca.pem";
    format!("{} {files}", guard_of(upstream))
}

fn plain_guard(upstream: &str) -> String {
    guard_of(upstream) + " --plain"
}

fn guard_of(upstream: &str) -> String {
    let source = "--scheme standard-webhooks --secret-file certs/dev/webhook.secret";
    format!("countersign guard --upstream {upstream} {source}")
}

/// The ```` ```sh ```` block of a document that contains `text`.
fn shell_block<'a>(document: &'a str, text: &str) -> &'a str {
    let blocks = document.split("```sh\n").skip(1).filter_map(|rest| rest.split_once("```"));
    blocks.map(|(block, _)| block).find(|block| block.contains(text)).expect(text)
}

fn from<'a>(beginning: &str, text: &'a str) -> &'a str {
    &text[text.find(beginning).expect(beginning)..]
}

fn url(app: &App) -> String {
    format!("http://{}", app.address)
}

fn port(guard: &Guard) -> String {
    guard.listen.port().to_string()
}

/// How `curl` reaches a guard with development certificates; PORT is its port.
const TLS: &str = "--cacert certs/dev/ca.pem --cert certs/dev/client.pem --key certs/dev/client.key \
                   https://localhost:PORT/hooks";

const PLAIN: &str = "http://localhost:PORT/hooks";

/// In the order of the alphabet, as `serde_json` keeps them.
const LOGGED_WHEN_ACCEPTED: [&str; 13] = [
    "bytes",
    "client",
    "code",
    "duration_us",
    "http",
    "identity",
    "message_id",
    "slot",
    "source",
    "status",
    "time",
    "trace_id",
    "upstream_us",
];

/// A CA, an RSA server certificate in the traditional form of keys, and two
/// clients on P-256.
const OPENSSL_CERTIFICATES: &str = r#"
set -e
sign() { # NAME EXTENSIONS
    openssl req -new -key "$1.key" -subj "/CN=$1" -out "$1.csr"
    printf '%s\n' "$2" >"$1.ext"
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 -extfile "$1.ext" -out "$1.pem"
}
exec 2>openssl.log
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -subj /CN=CA -days 1 -out ca.pem
openssl genrsa -traditional -out server.key 2048
sign server "$(printf 'subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth')"
for client in client other; do
    openssl ecparam -name prime256v1 -genkey -noout -out "$client.key"
done
sign client "$(printf 'subjectAltName=URI:spiffe://partner.example/sender\nextendedKeyUsage=clientAuth')"
sign other "$(printf 'subjectAltName=URI:spiffe://partner.example/another\nextendedKeyUsage=clientAuth')"
"#;
