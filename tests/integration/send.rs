//! `countersign send` against a guard: what is genuine arrives, what is changed,
//! old or repeated does not, and what it prints for `curl` does the same.

use serde_json::Value;

use crate::app::App;
use crate::program::{Directory, Guard, text};

const SECRET: &str = "--secret-file certs/dev/webhook.secret";

const TLS: &str = "--ca certs/dev/ca.pem --cert certs/dev/client.pem --key certs/dev/client.key";

async fn guard(directory: &Directory, app: &App, scheme: &str) -> Guard {
    let line = format!(
        "countersign guard --upstream http://{} --tls-cert certs/dev/server.pem --tls-key certs/dev/server.key \
         --client-ca certs/dev/ca.pem --scheme {scheme} {SECRET} --path /hooks",
        app.address
    );
    directory.guard(&line).await
}

/// The command line of a delivery to `guard`.
fn send(guard: &Guard, scheme: &str, more: &str) -> String {
    let port = guard.listen.port();
    format!("countersign send https://localhost:{port}/hooks --scheme {scheme} {SECRET} {TLS} {more}")
}

#[tokio::test]
async fn what_is_genuine_arrives_and_what_is_not_gets_its_code() {
    let (app, directory) = (App::start().await.unwrap(), Directory::prepared().await);
    let guard = guard(&directory, &app, "standard-webhooks").await;
    for (more, code, kinds) in [
        ("", 0, &["204"][..]),
        ("--repeat 2", 1, &["204", "409 replayed"]),
        ("--count 3 --rate 100/s", 0, &["204", "204", "204"]),
        ("--tamper body", 1, &["401 signature_mismatch"]),
        ("--tamper signature", 1, &["401 signature_mismatch"]),
        ("--tamper timestamp", 1, &["401 signature_mismatch"]),
        ("--tamper id", 1, &["401 signature_mismatch"]),
        ("--age 10m", 1, &["401 timestamp_too_old"]),
        ("--scheme stripe", 2, &[]),
    ] {
        let line = send(&guard, "standard-webhooks", &format!("--data '{{}}' --json {more}"));
        let line = if code == 2 { line.replace("certs/dev/webhook.secret", "absent") } else { line };
        let output = directory.try_run(&line).await;
        let said = text(&output.stdout);
        assert_eq!(output.status.code(), Some(code), "{more}: {said}{}", text(&output.stderr));
        let answers = said.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let answers = answers.filter(|answer| answer["number"].is_number());
        let of = |answer: Value| {
            let code = answer["code"].as_str().map(|code| format!(" {code}")).unwrap_or_default();
            format!("{}{code}", answer["status"])
        };
        assert_eq!(answers.map(of).collect::<Vec<_>>(), kinds, "{more}");
    }
    assert_eq!(app.take_seen().len(), 5);
}

#[tokio::test]
async fn the_printed_curl_line_sends_the_very_bytes() {
    let (app, directory) = (App::start().await.unwrap(), Directory::prepared().await);
    let guard = guard(&directory, &app, "github").await;
    let bodies: [&[u8]; 5] = [
        b"{\"it's\": \"$HOME `id` \\\\ \\n\"}\n",
        b"@not-a-file",
        b"",
        b"\x00\xff\xfe%s\\'\r\n1",
        "gr\u{fc}\u{df}e\n\n".as_bytes(),
    ];
    for body in bodies {
        std::fs::write(directory.path().join("body"), body).unwrap();
        for source in ["--data-file - < body", "--data-file body"] {
            // GitHub signs neither id nor time: another guard, or it is a copy.
            let line = directory.run(&send(&guard, "github", &format!("--dry-run {source}"))).await;
            let answer = directory.run(&line).await;
            let first = source.contains('<');
            assert!(answer.starts_with(if first { "HTTP/2 204" } else { "HTTP/2 409" }), "{line}\n{answer}");
        }
        assert_eq!(app.take_seen().pop().unwrap().body, body);
    }
}

#[tokio::test]
async fn only_this_machine_is_called_without_leave() {
    let directory = Directory::prepared().await;
    for (url, code, why) in [
        ("https://10.0.0.1/", 2, "refuse the destination"),
        ("http://127.0.0.1:1/", 1, "consumer_unreachable"),
        ("http://192.0.2.1/", 2, "--allow-plain"),
        ("ftp://127.0.0.1/", 2, "expected"),
    ] {
        let output = directory.try_run(&format!("countersign send {url} {SECRET} --data x")).await;
        let said = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{url}: {said}");
        assert!(said.contains(why), "{url}: {said}");
    }
}
