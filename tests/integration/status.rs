//! The control socket, and `countersign status`, which asks it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use base64ct::{Base64, Encoding as _};
use bytes::Bytes;
use countersign::cli;
use countersign::config::ControlAddress;
use http::{HeaderName, HeaderValue, Request};
use http_body_util::Full;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream, UnixStream};

use crate::http2;
use crate::program::{Directory, text};
use crate::stand::{BODY, NOW, Setup, Stand, get, read_until_silent};

const TCP: [&str; 4] = ["--control-socket", "127.0.0.1:0", "--path", "/hooks"];

#[tokio::test]
async fn a_guard_shows_its_sources_and_what_it_refused() {
    let stand = Stand::with_flags(&[&TCP[..], &["--source", "billing"]].concat()).await;
    let fields = stand.signed("msg_1", BODY);
    assert_eq!(stand.post(&fields, BODY).await.status, 204);
    assert_eq!(stand.post(&fields, BODY).await.code(), "replayed");
    assert_eq!(stand.post(&fields, b"forged").await.code(), "signature_mismatch");
    let lost =
        stand.client.connect().await.unwrap().post("/else?where=1", &fields, BODY.into()).await.unwrap();
    assert_eq!(lost.code(), "no_source");
    let status = status(&stand).await;
    assert_eq!((&status["status_version"], &status["role"]), (&json!(1), &json!("guard")));
    assert_eq!((&status["now"], &status["ready"]), (&json!(NOW_TEXT), &json!(true)));

    let source = &status["sources"][0];
    assert_eq!((&source["name"], &source["mode"]), (&json!("billing"), &json!("enforce")));
    assert_eq!(source["schemes"], json!(["standard-webhooks"]));
    assert_eq!(source["upstream"], json!(format!("http://{}", stand.app.address)));
    let always = json!({ "slot": 0, "verified": 2, "last": NOW_TEXT, "not_before": null, "not_after": null });
    assert_eq!(source["slots"], json!([always]));
    let once = |code: &str| json!({ "code": code, "count": 1, "last": NOW_TEXT });
    for code in ["accepted", "replayed", "signature_mismatch"] {
        assert!(source["codes"].as_array().unwrap().contains(&once(code)), "{code}: {source}");
    }
    assert_eq!(status["without_source"], json!([once("no_source")]));
    let ledger = &status["ledger"];
    assert_eq!((&ledger["engine"], &ledger["entries"]), (&json!("memory"), &json!(1)));

    let recent = status["refusals"]["recent"].as_array().unwrap();
    let by_code = |code: &str| recent.iter().find(|refusal| refusal["code"] == code).unwrap();
    let refusal = |code: &str, source: Option<&str>, path: &str, id: Option<&str>| {
        json!({
            "at": NOW_TEXT, "source": source, "code": code, "observed": false, "client": "127.0.0.1",
            "method": "POST", "path": path, "message_id": id,
        })
    };
    assert_eq!(recent.len(), 3);
    assert_eq!(by_code("replayed"), &refusal("replayed", Some("billing"), "/hooks", Some("msg_1")));
    // The id of what did not verify is whatever a stranger says.
    let forged = refusal("signature_mismatch", Some("billing"), "/hooks", None);
    assert_eq!(by_code("signature_mismatch"), &forged);
    assert_eq!(by_code("no_source"), &refusal("no_source", None, "/else", None));
}

#[tokio::test]
async fn a_secret_that_rotates_is_shown_with_its_dates_and_its_last_use() {
    let stand = Stand::with_flags(&TCP).await;
    assert_eq!(stand.post_genuine("msg_1").await.status, 204);
    let new = stand.write("new.secret", cli::generate_secret().unwrap().expose());
    let (end, begin) = ("0=2027-01-16T08:00:00Z", "1=2027-01-15T09:00:00Z");
    let dates = ["--secret-not-after", end, "--secret-not-before", begin];
    stand.reload(&[&["--secret-file", &new][..], &dates].concat()).unwrap();
    stand.clock.set(NOW.saturating_add(Duration::from_secs(3 * 3600)));
    let status = status(&stand).await;
    let old = json!({
        "slot": 0, "verified": 1, "last": NOW_TEXT, "not_before": null, "not_after": "2027-01-16T08:00:00Z",
    });
    let new = json!({
        "slot": 1, "verified": 0, "last": null, "not_before": "2027-01-15T09:00:00Z", "not_after": null,
    });
    assert_eq!(status["sources"][0]["slots"], json!([old, new]));
    let address = stand.guard().control_address().unwrap().to_string();
    let page = text(&run(&["status", "--control-socket", &address]).await.stdout);
    assert!(page.contains("unused for 3 h") && page.contains("for 21 h more"), "{page}");
}

#[tokio::test]
async fn a_secret_that_moves_to_another_slot_brings_its_count_along() {
    let stand = Stand::with_flags(&TCP).await;
    let old = stand.secret.clone();
    let new = cli::generate_secret().unwrap();
    let new_file = stand.write("new.secret", new.expose());
    stand.reload(&["--secret-file", &new_file]).unwrap();
    for (secret, id) in [(&old, "msg_1"), (&old, "msg_2"), (&new, "msg_3")] {
        assert_eq!(stand.post(&stand.signed_by(secret, id, BODY), BODY).await.status, 204);
    }
    assert_eq!(verified(&stand).await, [2, 1]);
    stand.write("secret", new.expose());
    stand.reload(&[]).unwrap();
    assert_eq!(verified(&stand).await, [1]);
}

/// How many deliveries each slot has verified.
async fn verified(stand: &Stand) -> Vec<u64> {
    let status = status(stand).await;
    let slots = status["sources"][0]["slots"].as_array().unwrap();
    slots.iter().map(|slot| slot["verified"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn certificates_are_shown_with_their_ends() {
    let stand = Stand::with_flags(&TCP).await;
    let status = status(&stand).await;
    let certificates = status["certificates"].as_array().unwrap();
    let kinds: Vec<&str> = certificates.iter().map(|shown| shown["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["server", "client_ca"]);
    for (shown, file) in certificates.iter().zip(["server.pem", "ca.pem"]) {
        assert_eq!(shown["file"], json!(stand.file(file)));
        assert!(shown["ends"].as_str().unwrap().ends_with('Z'), "{shown}");
        assert!(shown["name"].as_str().unwrap().contains("CN="), "{shown}");
    }
}

#[tokio::test]
async fn the_unix_socket_is_its_owners_and_goes_with_the_guard() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("control.sock");
    let stand = Stand::with_flags(&["--control-socket", path.to_str().unwrap()]).await;
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    assert_eq!(status(&stand).await["role"], "guard");
    // Whom a name leads here is no question on a socket that has none.
    let answer = ask(&stand, "GET /status HTTP/1.1\r\nHost: anything\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    stand.stop().await.unwrap();
    assert!(!path.exists());
}

#[tokio::test]
async fn there_is_status_to_read_and_nothing_else() {
    let stand = Stand::with_flags(&TCP).await;
    for (request, expected) in [
        ("GET /status", "200"),
        ("HEAD /status", "200"),
        ("POST /status", "405"),
        ("GET /", "404"),
        ("GET /metrics", "404"),
    ] {
        let answer = ask(&stand, &format!("{request} HTTP/1.1\r\nHost: localhost\r\n")).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {expected} ")), "{request}: {answer}");
    }
    let admin = stand.admin("/status").await;
    assert!(admin.starts_with("HTTP/1.1 404 "), "{admin}");
}

#[tokio::test]
async fn a_page_in_a_browser_cannot_ask() {
    let stand = Stand::with_flags(&TCP).await;
    for fields in [
        "Host: rebound.example\r\n",
        "Host: localhost\r\nOrigin: https://attacker.example\r\n",
        "Host: localhost\r\nOrigin: null\r\n",
        "",
    ] {
        let answer = ask(&stand, &format!("GET /status HTTP/1.1\r\n{fields}")).await;
        assert!(answer.starts_with("HTTP/1.1 403 ") && !answer.contains("sources"), "{fields}: {answer}");
    }
}

#[tokio::test]
async fn refusals_are_bounded_in_number_and_length() {
    let unlimited = ["--rate-limit-per-address", "100000/s"];
    let stand = Stand::with_flags(&[&TCP[..], &unlimited].concat()).await;
    let mut connection = stand.client.connect().await.unwrap();
    for number in 0..300 {
        let path = format!("/{number}/{}", "x".repeat(4000));
        assert_eq!(connection.post(&path, &[], "".into()).await.unwrap().status, 404);
    }
    let status = status(&stand).await;
    let recent = status["refusals"]["recent"].as_array().unwrap();
    assert_eq!(recent.len(), 256);
    assert!(recent.iter().all(|refusal| refusal["path"] == "(withheld: longer than 256 bytes)"));
    assert_eq!(status["without_source"][0]["count"], 300);
}

#[tokio::test]
async fn what_a_source_observes_is_among_its_refusals() {
    let stand = Stand::with_flags(&[&TCP[..], &["--mode", "observe"]].concat()).await;
    assert_eq!(stand.post(&stand.signed("msg_1", BODY), b"forged").await.status, 204);
    let status = status(&stand).await;
    assert_eq!(status["sources"][0]["mode"], "observe");
    let refusal = &status["refusals"]["recent"][0];
    assert_eq!((&refusal["code"], &refusal["observed"]), (&json!("signature_mismatch"), &json!(true)));
}

#[tokio::test]
async fn no_secret_is_shown_wherever_it_arrives() {
    let secret = "whsec_dGhpcyBpcyB0aGUgc2VjcmV0IG9mIHRoaXMgdGVzdA==";
    let key = Base64::decode_vec(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let hex = key.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let base64 = Base64::encode_string(secret.as_bytes());
    let stand = Stand::start(Setup { secret: Some(secret), flags: &TCP, ..Setup::default() }).await;
    let raw = str::from_utf8(&key).unwrap().replace(' ', "%20");
    let spellings = [secret, &hex, &base64, &raw];
    for spelling in spellings {
        let shown = HeaderValue::from_str(spelling).unwrap();
        let fields = [("x-debug", &shown), ("webhook-id", &shown), ("traceparent", &shown)];
        let fields = fields.map(|(name, value)| (HeaderName::from_static(name), value.clone()));
        // At a path that is known and at others, short and long.
        for target in [
            format!("/hooks/{spelling}"),
            format!("/hooks?secret={spelling}"),
            format!("/else/{spelling}"),
            format!("/{}/{spelling}", "x".repeat(240)),
        ] {
            let mut connection = stand.client.connect().await.unwrap();
            let reply = connection.post(&target, &fields, spelling.to_owned().into()).await.unwrap();
            assert!(reply.status >= 400, "{target}: {}", reply.status);
        }
    }
    let request = Request::builder().method(hex.as_str()).uri("https://localhost/hooks");
    let request = request.body(Full::new(Bytes::new())).unwrap();
    assert_eq!(http2::connect(&stand).await.send_request(request).await.unwrap().status(), 405);
    let address = stand.guard().control_address().unwrap().to_string();
    let page = run(&["status", "--control-socket", &address]).await;
    let page = text(&page.stdout);
    let json = serde_json::to_string(&status(&stand).await).unwrap();
    for shown in [&page, &json] {
        assert_eq!(shown.matches("withheld").count(), 3 * spellings.len() + 1, "{shown}");
        for spelling in spellings.into_iter().chain([str::from_utf8(&key).unwrap()]) {
            for part in [&spelling[..12], &spelling[spelling.len() - 12..]] {
                assert!(!shown.contains(part), "{part} is in\n{shown}");
            }
        }
    }
}

#[tokio::test]
async fn a_broken_configuration_leaves_a_note_until_after_it_is_mended() {
    let directory = Directory::prepared().await;
    let file = directory.path().join("guard.toml");
    let source = |extra: &str| {
        format!(
            "control-socket = \"./control.sock\"\n{extra}\n[[source]]\nscheme = \"standard-webhooks\"\n\
             secret-file = \"certs/dev/webhook.secret\"\nupstream = \"http://127.0.0.1:9\"\n"
        )
    };
    fs::write(&file, source("")).unwrap();
    let mut guard = directory.guard("countersign guard --plain --log-level info --config guard.toml").await;
    let ask = "countersign status --control-socket ./control.sock";
    assert!(!directory.run(ask).await.contains("refused 0 s ago"));

    for (extra, problem) in
        [("max-conections = 7", "did you mean \"max-connections\"?"), ("threads = 0", "--threads \"0\"")]
    {
        fs::write(&file, source(extra)).unwrap();
        guard.line_with("the old one stays in force").await;
        let page = directory.run(ask).await;
        assert!(page.contains("NOT MENDED") && page.contains(problem), "{page}");
        let ready = get(guard.admin, "/readyz").await;
        assert!(
            ready.ends_with("configuration: the one read last is broken, the one before it is in force\n")
        );
        assert!(ready.starts_with("HTTP/1.1 200 "), "{ready}");
    }
    fs::write(&file, source("max-connections = 7").replace("./control.sock", "./other.sock")).unwrap();
    guard.line_with("took the new configuration").await;
    let page = directory.run(ask).await;
    assert!(get(guard.admin, "/readyz").await.ends_with("\r\n\r\nok\n"));
    assert!(page.contains("mended since") && page.contains("2 taken and 2 refused"), "{page}");
    for setting in ["max-connections", "control-socket"] {
        assert!(page.contains(&format!("{setting} was changed and takes a restart")), "{page}");
    }
    let json: Value = serde_json::from_str(&directory.run(&format!("{ask} --json")).await).unwrap();
    assert_eq!(json["configuration"]["awaiting_restart"], json!(["control-socket", "max-connections"]));
    guard.signal("TERM").await;
    assert_eq!(guard.end().await.code, Some(0));
    assert!(!directory.path().join("control.sock").exists());
}

#[tokio::test]
async fn a_socket_that_is_in_use_or_none_keeps_the_guard_from_starting() {
    let directory = Directory::prepared().await;
    let guard = "countersign guard --plain --scheme github --secret-file certs/dev/webhook.secret \
                 --upstream http://127.0.0.1:9 --control-socket";
    let first = directory.guard(&format!("{guard} ./control.sock")).await;
    fs::write(directory.path().join("notes.txt"), "kept").unwrap();
    for (socket, problem) in
        [("./control.sock", "another process does"), ("./notes.txt", "a file that is no socket is there")]
    {
        let ports = "--listen 127.0.0.1:0 --admin-listen 127.0.0.1:0";
        let output = directory.try_run(&format!("{guard} {socket} {ports}")).await;
        assert_eq!(output.status.code(), Some(1), "{socket}");
        assert!(text(&output.stderr).contains(problem), "{}", text(&output.stderr));
    }
    assert_eq!(fs::read(directory.path().join("notes.txt")).unwrap(), b"kept");
    // Killed, it leaves its socket behind, which keeps nobody out.
    first.signal("KILL").await;
    first.end().await;
    assert!(directory.path().join("control.sock").exists());
    let second = directory.guard(&format!("{guard} ./control.sock")).await;
    directory.run("COUNTERSIGN_GUARD_CONTROL_SOCKET=./control.sock countersign status").await;
    second.signal("TERM").await;
    second.end().await;
}

#[tokio::test]
async fn who_cannot_be_asked_is_told_with_what_to_do() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stranger = listener.local_addr().unwrap().to_string();
    let answering = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").await.unwrap();
        read_until_silent(&mut stream, Duration::from_secs(1)).await;
    });
    let closed = crate::stand::closed_port().await.to_string();
    for (address, code, problem) in [
        ("/nowhere/control.sock", 1, "there is no socket /nowhere/control.sock"),
        (&closed, 1, "nobody listens on"),
        (&stranger, 1, "is not the control socket of a guard"),
        ("192.0.2.1:9846", 2, "is no loopback address"),
        ("", 2, "expected the path of a Unix socket"),
    ] {
        let output = run(&["status", "--control-socket", address]).await;
        assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(code), ""), "{address}");
        assert!(text(&output.stderr).contains(problem), "{}", text(&output.stderr));
    }
    let output = run(&["status"]).await;
    assert_eq!(output.status.code(), Some(2));
    answering.await.unwrap();
}

/// `docs/operations.md` has a row for each field, and no row that there is no
/// field for.
#[tokio::test]
async fn every_field_is_documented() {
    let stand = Stand::with_flags(&TCP).await;
    stand.post_genuine("msg_1").await;
    let mut connection = stand.client.connect().await.unwrap();
    connection.post("/else", &[], "".into()).await.unwrap();
    let mut shown = Vec::new();
    fields(&status(&stand).await, "", &mut shown);
    // There while a configuration is broken alone.
    shown.extend(
        ["at", "problems", "further_problems"].map(|name| format!("configuration.last_refused.{name}")),
    );
    shown.sort_unstable();
    let (_, section) = include_str!("../../docs/operations.md").split_once("\n### The fields\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    let mut documented: Vec<&str> = rows.map(|(name, _)| name).collect();
    documented.sort_unstable();
    assert_eq!(shown, documented);
}

/// The names of all fields below `value`, those of a list once.
fn fields(value: &Value, place: &str, names: &mut Vec<String>) {
    let within = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                names.push(within(name));
                fields(value, &within(name), names);
            }
        }
        Value::Array(list) => {
            let first = list.first().into_iter();
            first.for_each(|value| fields(value, &format!("{place}[]"), names));
        }
        _ => {}
    }
}

async fn status(stand: &Stand) -> Value {
    let answer = ask(stand, "GET /status HTTP/1.1\r\nHost: localhost\r\n").await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK") && head.contains("cache-control: no-store"), "{head}");
    serde_json::from_str(body).unwrap()
}

/// Everything that comes back to a head, which this completes.
async fn ask(stand: &Stand, head: &str) -> String {
    let request = format!("{head}Connection: close\r\n\r\n");
    let patience = Duration::from_secs(5);
    match stand.guard().control_address().unwrap() {
        ControlAddress::Unix(path) => {
            let mut stream = UnixStream::connect(path).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            read_until_silent(&mut stream, patience).await
        }
        ControlAddress::Loopback(address) => {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            read_until_silent(&mut stream, patience).await
        }
    }
}

/// The program with these arguments.
async fn run(arguments: &[&str]) -> std::process::Output {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(arguments).env_clear().output().await.unwrap()
}

/// The time of every test's clock.
const NOW_TEXT: &str = "2027-01-15T08:00:00Z";
