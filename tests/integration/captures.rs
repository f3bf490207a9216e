//! Captures of refused deliveries: `explain` reads them, secrets are not in
//! them, and nothing about them touches a delivery.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use bytes::Bytes;
use countersign::explain::Capture;
use http::{HeaderName, HeaderValue, Request};
use http_body_util::Full;
use tempfile::TempDir;

use crate::http2;
use crate::stand::{BODY, NOW, Setup, Stand};

/// A stand that keeps captures, and where.
struct Kept {
    stand: Stand,
    directory: TempDir,
}

impl Kept {
    async fn start(setup: Setup<'_>, count: &str) -> Self {
        let directory = TempDir::new().unwrap();
        let path = directory.path().display().to_string();
        let flags = [&["--state-dir", &path, "--capture", count][..], setup.flags].concat();
        Self { stand: Stand::start(Setup { flags: &flags, ..setup }).await, directory }
    }

    async fn with_flags(flags: &[&str]) -> Self {
        Self::start(Setup { flags, ..Setup::default() }, "20").await
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("captures")
    }

    /// Every file, once so many were written.
    async fn files(&self, written: u64) -> Vec<PathBuf> {
        self.counted("countersign_captures_total", written).await;
        files(&self.path())
    }

    /// The one file.
    async fn file(&self) -> PathBuf {
        let files: [PathBuf; 1] = self.files(1).await.try_into().unwrap();
        files.into_iter().next().unwrap()
    }

    /// Waits until the counter says so.
    async fn counted(&self, counter: &str, count: u64) {
        let line = format!("{counter} {count}");
        let seen = async {
            while !self.stand.admin("/metrics").await.lines().any(|found| found == line) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), seen).await.expect(&line);
    }
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn field(name: &'static str, value: &str) -> (HeaderName, HeaderValue) {
    (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

fn read(file: &Path) -> Capture {
    Capture::read(&fs::read(file).unwrap(), None, None, &|_| Err(String::new())).unwrap()
}

#[tokio::test]
async fn the_program_names_the_mistake_from_what_the_guard_kept() {
    let kept = Kept::with_flags(&["--source", "billing"]).await;
    let (signed, sent) = (br#"{"a": 1, "b": [2]}"#, br#"{"a":1,"b":[2]}"#);
    let fields = kept.stand.signed("msg_1", signed);
    assert_eq!(kept.stand.post(&fields, sent).await.code(), "signature_mismatch");
    let file = kept.file().await;
    assert_eq!(
        file.file_name().unwrap(),
        "2027-01-15T08-00-00-000Z-0.billing.signature_mismatch.http",
        "named after its time, source and code"
    );
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(kept.path()).unwrap().mode() & 0o777, 0o700);

    // Years from now it is still judged at the time at which it was refused.
    let explained = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["explain", file.to_str().unwrap(), "--scheme", "standard-webhooks"])
        .args(["--secret-file", &kept.stand.file("secret")])
        .output()
        .unwrap();
    let said = [explained.stdout, explained.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    for part in [
        "received  2027-01-15T08:00:00Z, the guard that refused it",
        "FAIL  signature          signature_mismatch",
        "body_json: The body was parsed and written anew",
        "note: A guard refused it with signature_mismatch, at source billing.",
    ] {
        assert!(said.contains(part), "{part:?} is not in\n{said}");
    }
}

#[tokio::test]
async fn what_verified_is_never_kept() {
    let kept = Kept::with_flags(&["--ledger-max", "2"]).await;
    assert_eq!(kept.stand.post_genuine("msg_1").await.status, 204);
    assert_eq!(kept.stand.post_genuine("msg_1").await.code(), "replayed");
    assert_eq!(kept.stand.post(&kept.stand.signed("msg_1", b"other"), b"other").await.code(), "id_reused");
    assert_eq!(kept.stand.post_genuine("msg_2").await.status, 204);
    assert_eq!(kept.stand.post_genuine("msg_3").await.code(), "ledger_full");
    let mut elsewhere = kept.stand.client.connect().await.unwrap();
    assert_eq!(elsewhere.post("/other", &[], Bytes::new()).await.unwrap().code(), "signature_missing");
    let file = kept.file().await;
    assert_eq!(read(&file).request.target, "/other", "the one that did not verify");
}

#[tokio::test]
async fn what_was_refused_before_its_body_says_so() {
    let kept = Kept::with_flags(&["--allow-ip", "192.0.2.0/24"]).await;
    assert_eq!(kept.stand.post_genuine("msg_1").await.code(), "address_not_allowed");
    let capture = read(&kept.file().await);
    assert_eq!(capture.request.body, "");
    assert!(capture.notes[1].contains("before it read the body"), "{:?}", capture.notes);
    assert_eq!(capture.received.unwrap().at, NOW);
    assert!(capture.request.fields.contains_key("webhook-signature"), "a signature stays");
}

#[tokio::test]
async fn an_observed_delivery_is_kept_with_its_body_and_reaches_the_app() {
    let kept = Kept::with_flags(&["--mode", "observe"]).await;
    assert_eq!(kept.stand.post(&[], BODY).await.status, 204);
    assert_eq!(kept.stand.app.take_seen().len(), 1);
    let capture = read(&kept.file().await);
    assert_eq!(capture.request.body, BODY);
    assert!(capture.notes[0].contains("signature_missing"), "{:?}", capture.notes);
}

#[tokio::test]
async fn one_that_came_in_http2_is_kept_as_http1() {
    let kept = Kept::with_flags(&[]).await;
    let mut sender = http2::connect(&kept.stand).await;
    let request =
        Request::post("https://localhost/hooks?a=1").body(Full::new(Bytes::from_static(BODY))).unwrap();
    assert_eq!(sender.send_request(request).await.unwrap().status(), 401);
    let capture = read(&kept.file().await);
    assert_eq!((capture.request.target.as_str(), capture.host()), ("/hooks?a=1", Some("localhost")));
}

#[tokio::test]
async fn files_and_bodies_stay_within_their_bounds() {
    let setup = Setup { flags: &["--capture-max-body", "100B"], ..Setup::default() };
    let kept = Kept::start(setup, "3").await;
    let body = [b'x'; 5000];
    let wrong = |id: &str| kept.stand.signed(id, b"another body");
    for number in 0..4 {
        let id = format!("msg_{number}");
        assert_eq!(kept.stand.post(&wrong(&id), &body).await.code(), "signature_mismatch");
        kept.stand.clock.advance(Duration::from_millis(1));
    }
    assert_eq!(kept.stand.post(&[], &body).await.code(), "signature_missing");
    let files = kept.files(5).await;
    let codes: Vec<_> = files.iter().map(|file| file.to_str().unwrap().rsplit('.').nth(1).unwrap()).collect();
    assert_eq!(codes, ["signature_mismatch", "signature_mismatch", "signature_missing"]);
    for file in files.iter().filter(|file| file.to_str().unwrap().contains("mismatch")) {
        let capture = read(file);
        assert_eq!(capture.request.body.len(), 100);
        assert!(capture.notes[1].contains("Only the beginning"), "{:?}", capture.notes);
    }
}

#[tokio::test]
async fn a_secret_that_goes_over_the_cut_takes_the_body_with_it() {
    let kept = Kept::with_flags(&["--capture-max-body", "40B"]).await;
    let secret = fs::read_to_string(kept.stand.file("secret")).unwrap();
    let body = format!("{}{}", "x".repeat(20), secret.trim_end());
    let signed = kept.stand.signed("msg_1", b"another body");
    assert_eq!(kept.stand.post(&signed, body.as_bytes()).await.code(), "signature_mismatch");
    let written = fs::read_to_string(kept.file().await).unwrap();
    assert!(!written.contains(&secret[..16]), "{written}");
    assert!(written.contains("body=removed"), "{written}");
}

#[tokio::test]
async fn a_method_that_holds_a_secret_is_not_kept() {
    let kept = Kept::with_flags(&[]).await;
    let secret = fs::read_to_string(kept.stand.file("secret")).unwrap();
    let method = hex(secret.trim_end().as_bytes());
    let mut sender = http2::connect(&kept.stand).await;
    let request = Request::builder().method(method.as_str()).uri("https://localhost/hooks");
    let request = request.body(Full::new(Bytes::new())).unwrap();
    assert_eq!(sender.send_request(request).await.unwrap().status(), 405);
    let written = fs::read_to_string(kept.file().await).unwrap();
    assert!(written.starts_with("removed-by-countersign /hooks HTTP/1.1\r\n"), "{written}");
    assert!(!written.contains(&method[..24]) && written.contains("removed=1"), "{written}");
}

#[tokio::test]
async fn no_head_makes_a_capture_larger_than_is_documented() {
    let kept = Kept::with_flags(&["--capture-max-body", "1B"]).await;
    let (query, value) = ("auth=&".repeat(2500), "v".repeat(345));
    let fields: Vec<_> =
        (0..45).map(|number| format!("auth{number}: x\r\nother{number}: {value}\r\n")).collect();
    let fields = fields.concat();
    let head =
        format!("POST /hooks?{query} HTTP/1.1\r\nHost: localhost\r\n{fields}Content-Length: 0\r\n\r\n");
    assert!((30 << 10..32 << 10).contains(&head.len()), "nearly all that a head may be: {}", head.len());
    let answer = kept.stand.exchange(head.as_bytes(), Duration::from_secs(5)).await;
    assert!(answer.contains("signature_missing"), "{answer}");
    let length = fs::metadata(kept.file().await).unwrap().len();
    assert!(length <= 36 << 10, "{length}");
}

#[tokio::test]
async fn a_flood_of_one_code_is_paced_and_leaves_room_for_another() {
    let kept = Kept::with_flags(&[]).await;
    for _ in 0..60 {
        assert_eq!(kept.stand.post(&[], BODY).await.code(), "signature_missing");
    }
    let other = kept.stand.signed("msg_1", b"other");
    assert_eq!(kept.stand.post(&other, BODY).await.code(), "signature_mismatch");
    let is_kept = async {
        while !files(&kept.path()).iter().any(|file| file.to_str().unwrap().contains("signature_mismatch")) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), is_kept).await.expect("the rare one");
    let metrics = kept.stand.admin("/metrics").await;
    let count =
        |line: &str| metrics.lines().find_map(|found| found.strip_prefix(line)?.trim().parse::<u64>().ok());
    let (written, dropped) = (
        count("countersign_captures_total").unwrap(),
        count("countersign_captures_dropped_total{reason=\"rate\"}").unwrap(),
    );
    assert!(dropped >= 30, "{dropped} of 60 were dropped");
    assert!(written >= 2, "{written}");
}

#[tokio::test]
async fn no_secret_of_any_source_gets_into_a_file() {
    // Base64 with letters that senders escape.
    let secret = "whsec_+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/";
    let kept = Kept::start(Setup { secret: Some(secret), ..Setup::default() }, "100").await;
    let text = secret.strip_prefix("whsec_").unwrap();
    let percent = text.replace('+', "%2B").replace('/', "%2f");
    let hexadecimal = "fbffbf".repeat(8);
    let other = kept.stand.signed("msg_1", b"other");
    let targets = [
        "/hooks".to_owned(),
        format!("/hooks/{text}"),
        format!("/hooks?a=1&b={percent}&c=2"),
        format!("/hooks?{text}"),
        "/hooks?access_token=a-strangers-token".to_owned(),
    ];
    let bodies = [
        BODY.to_vec(),
        secret.as_bytes().to_vec(),
        format!("{{\"secret\":\"{}\"}}", text.replace('/', "\\/").replace('+', "\\u002b")).into_bytes(),
        format!("secret={percent}").into_bytes(),
        hexadecimal.to_uppercase().into_bytes(),
    ];
    let credentials = [
        field("authorization", "Bearer a-strangers-token"),
        field("cookie", "a=a-strangers-token"),
        field("x-forwarded-client-cert", "a-strangers-token"),
        field("x-original-uri", &format!("/hooks?k={percent}")),
        field("x-debug", &format!("key={hexadecimal}")),
        field("x-plain", "kept"),
    ];
    let mut sent = 0;
    for (target, body) in targets.iter().zip(&bodies) {
        for signature in [&other[..], &[]] {
            let mut connection = kept.stand.client.connect().await.unwrap();
            let fields = [signature, &credentials].concat();
            let reply = connection.post(target, &fields, body.clone().into()).await.unwrap();
            assert_eq!(reply.status, 401, "{target}");
            sent += 1;
        }
    }
    let files = kept.files(sent).await;
    assert_eq!(files.len() as u64, sent);
    let needles =
        [text, &percent, "%2B%2f", "+/+/+/", "\\/", "\\u002b", &hexadecimal, "FBFFBF", "a-strangers-token"];
    for file in &files {
        let bytes = fs::read(file).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        for needle in needles {
            assert!(!text.contains(needle), "{needle:?} is in {}\n{text}", file.display());
        }
        assert_eq!(read(file).request.fields["x-plain"], "kept");
        assert_eq!(read(file).request.fields["authorization"], "removed-by-countersign");
    }
}

#[tokio::test]
async fn a_token_is_removed_right_or_wrong_and_a_signature_in_its_field_is_not() {
    for (preset, secret, name, sent, stays) in [
        ("bearer", "a-token-of-sufficient-length", "authorization", "Bearer another-token-of-length", false),
        ("api-key", "a-token-of-sufficient-length", "x-api-key", "another-token-of-length", false),
        (
            "basic-auth",
            "user:a-token-of-sufficient-length",
            "authorization",
            "Basic dXNlcjphbm90aGVyLXRva2Vu",
            false,
        ),
        (
            "kong-hmac-auth",
            "a-secret-of-sufficient-length",
            "authorization",
            "Basic dXNlcjphbm90aGVyLXRva2Vu",
            false,
        ),
        (
            "kong-hmac-auth",
            "a-secret-of-sufficient-length",
            "authorization",
            "hmac username=\"a\", algorithm=\"hmac-sha256\", headers=\"date request-line\", signature=\"AAAA\"",
            true,
        ),
    ] {
        let kept = Kept::start(Setup { preset, secret: Some(secret), ..Setup::default() }, "5").await;
        let reply = kept.stand.post(&[field(name, sent)], BODY).await;
        assert_eq!(reply.status, 401, "{preset}: {}", reply.code());
        let capture = read(&kept.file().await);
        let wanted = if stays { sent } else { "removed-by-countersign" };
        assert_eq!(capture.request.fields[name], wanted, "{preset}");
    }
    // A token in the body: then the body is the credential.
    let graph =
        Setup { preset: "microsoft-graph", secret: Some("a-token-of-sufficient-length"), ..Setup::default() };
    let kept = Kept::start(graph, "5").await;
    let body = br#"{"value":[{"clientState":"another-token-of-length"}]}"#;
    assert_eq!(kept.stand.post(&[], body).await.status, 401);
    assert_eq!(read(&kept.file().await).request.body, "");
}

#[tokio::test]
async fn a_disk_that_takes_nothing_hurts_no_delivery() {
    let kept = Kept::with_flags(&[]).await;
    let path = kept.path();
    fs::remove_dir(&path).unwrap();
    fs::write(&path, "in the way").unwrap();
    assert_eq!(kept.stand.post(&[], BODY).await.code(), "signature_missing");
    kept.counted("countersign_captures_dropped_total{reason=\"disk\"}", 1).await;
    assert_eq!(kept.stand.post_genuine("msg_1").await.status, 204);
    assert_eq!(kept.stand.app.take_seen().len(), 1);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(kept.stand.post(&[], BODY).await.code(), "signature_missing");
    kept.file().await;
}

#[tokio::test]
async fn without_the_flag_nothing_is_kept_or_counted() {
    let directory = TempDir::new().unwrap();
    let stand = Stand::with_flags(&["--state-dir", directory.path().to_str().unwrap()]).await;
    assert_eq!(stand.post(&[], BODY).await.code(), "signature_missing");
    assert!(!directory.path().join("captures").exists());
    assert!(!stand.admin("/metrics").await.contains("countersign_captures"));
}
