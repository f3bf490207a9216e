//! `countersign explain` on captures of deliveries that were genuine once.
//!
//! `tests/explain/` has the captures, made by other tools, and for each what
//! must be found. The texts are compared with files beside them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

#[test]
fn every_spoiled_capture_is_explained() {
    for case in cases() {
        let name = case["name"].as_str().unwrap();
        let (output, secrets) = explain(&case, &["--json"]);
        let said = text(&output.stdout);
        let shown: Value =
            serde_json::from_str(&said).unwrap_or_else(|error| panic!("{name}: {error}: {said}"));
        assert_eq!(shown["code"], case["code"], "{name}: {said}");
        assert_eq!(output.status.code(), Some(i32::from(!case["code"].is_null())), "{name}");
        let scheme = &shown["schemes"][0];
        match case["expect"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect::<Vec<_>>()
            [..]
        {
            [conclusion @ ("holds" | "time_only" | "unexplained" | "absent" | "not_looked_at")] => {
                assert_eq!(scheme["conclusion"], conclusion, "{name}: {said}");
            }
            ref mistakes => {
                assert_eq!(scheme["conclusion"], "explained", "{name}: {said}");
                assert_eq!(found(&scheme["findings"][0]), *mistakes, "{name}: {said}");
            }
        }
        no_secret_is_in(&output, &secrets, name);
    }
}

#[test]
fn what_is_said_to_people_is_the_text_beside_the_capture() {
    for case in cases() {
        let file = case["file"].as_str().unwrap();
        let (output, secrets) = explain(&case, &[]);
        golden(&format!("{file}.txt"), &text(&output.stdout));
        no_secret_is_in(&output, &secrets, file);
    }
}

/// Every class of mistake has its capture.
#[test]
fn there_is_a_capture_for_each_kind_of_mistake() {
    let expected: BTreeSet<String> = cases()
        .iter()
        .flat_map(|case| case["expect"].as_array().unwrap().clone())
        .filter_map(|word| word.as_str().map(str::to_owned))
        .collect();
    for code in [
        "body_bom",
        "body_empty",
        "body_encoded",
        "body_form",
        "body_json",
        "body_line_end_added",
        "body_line_end_lost",
        "body_line_ends",
        "body_longer",
        "field_elsewhere",
        "field_repeated",
        "other_preset",
        "other_secret",
        "secret_line_end",
        "secret_prefix",
        "secret_quoted",
        "secret_reading",
        "signature_spelling",
        "timestamp_unit",
    ] {
        assert!(expected.contains(code), "{code}");
    }
}

#[test]
fn what_would_hold_is_shown_to_a_terminal_alone() {
    let case = cases().into_iter().find(|case| case["name"] == "line_end_added").unwrap();
    let (output, _) = explain(&case, &["--show-expected"]);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(2), ""));
    assert!(text(&output.stderr).contains("terminal"), "{}", text(&output.stderr));
}

#[test]
fn what_cannot_be_read_exits_with_2_and_says_why() {
    let directory = TempDir::new().unwrap();
    let file = |name: &str, content: &str| {
        let path = directory.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let secret = file("good.secret", "a-shared-secret-of-good-length");
    let source = ["--scheme", "github", "--secret-file", &secret];
    for (content, flags, why) in [
        ("nonsense", &source[..], "it is no HTTP/1.1 request"),
        ("{\"log\":{\"entries\":[]}}", &source, "it has 0 requests"),
        ("{\"log\":1}", &source, "it is no HAR file"),
        ("curl https://a.example -F a=b", &source, "the option -F is not known here"),
        ("POST / HTTP/1.1\n\n", &["--scheme", "github"], "--secret-file is missing"),
        ("POST / HTTP/1.1\n\n", &["--scheme", "gihtub", "--secret-file", &secret], "did you mean github?"),
    ] {
        let capture = file("capture", content);
        let output = countersign(&[&["explain", &capture][..], flags].concat(), None);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{content}: {said}");
        assert!(said.contains(why), "{content}: {said}");
        assert_eq!(text(&output.stdout), "", "{content}");
    }
}

#[test]
fn the_guards_own_command_line_and_variables_are_taken() {
    let case = cases().into_iter().find(|case| case["name"] == "genuine").unwrap();
    let directory = TempDir::new().unwrap();
    let secret = directory.path().join("webhook.secret");
    fs::write(&secret, case["secret"].as_str().unwrap()).unwrap();
    let capture = Path::new(FOLDER).join("genuine.http");
    let flags =
        "--upstream http://127.0.0.1:3000 --tls-cert a.pem --tls-key a.key --path /hooks --rate-limit 10/s";
    let flags: Vec<&str> = flags.split(' ').collect();
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(["explain", capture.to_str().unwrap()]).args(flags).env_clear();
    command
        .env("COUNTERSIGN_GUARD_SCHEME", "standard-webhooks")
        .env("COUNTERSIGN_GUARD_SECRET_FILE", &secret);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout) + &text(&output.stderr));
}

#[test]
fn the_help_of_each_tool_is_the_text_beside_the_captures() {
    for name in ["explain", "send", "schemes"] {
        golden(&format!("{name}.help.txt"), &text(&countersign(&[name, "--help"], None).stdout));
    }
}

/// Compares with a file, or writes it anew after a change that is meant:
/// `EXPLAIN_WRITE=1`.
fn golden(file: &str, said: &str) {
    let path = Path::new(FOLDER).join(file);
    if std::env::var_os("EXPLAIN_WRITE").is_some() {
        fs::write(&path, said).unwrap();
    }
    assert_eq!(said, fs::read_to_string(&path).unwrap_or_default(), "{file}");
}

fn found(finding: &Value) -> Vec<&str> {
    finding["mistakes"].as_array().unwrap().iter().map(|mistake| mistake["code"].as_str().unwrap()).collect()
}

fn cases() -> Vec<Value> {
    let Value::Array(cases) = serde_json::from_str(include_str!("../explain/cases.json")).unwrap() else {
        panic!()
    };
    assert!(cases.len() >= 20);
    cases
}

/// Runs a case, and gives the secrets that must be nowhere in what it says.
fn explain(case: &Value, more: &[&str]) -> (Output, Vec<String>) {
    let directory = TempDir::new().unwrap();
    let word = |key: &str| case[key].as_str().unwrap();
    let file = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let mut flags = vec!["explain".to_owned(), word("file").to_owned()];
    flags.extend(["--scheme", word("scheme"), "--secret-file"].map(str::to_owned));
    flags.push(file("source.secret"));
    fs::write(file("source.secret"), word("secret")).unwrap();
    let mut secrets = vec![word("secret").to_owned()];
    if let Some(other) = case["other_secret"].as_str() {
        fs::write(file("other.secret"), other).unwrap();
        flags.extend(["--other-secret-file".to_owned(), file("other.secret")]);
        secrets.push(other.to_owned());
    }
    flags.extend(case["flags"].as_array().unwrap().iter().map(|flag| flag.as_str().unwrap().to_owned()));
    flags.extend(more.iter().map(|flag| (*flag).to_owned()));
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let mut output = countersign(&flags, Some(Path::new(FOLDER)));
    let shown = text(&output.stdout).replace(directory.path().to_str().unwrap(), "$DIR");
    output.stdout = shown.into_bytes();
    (output, secrets)
}

fn no_secret_is_in(output: &Output, secrets: &[String], name: &str) {
    let said = text(&output.stdout) + &text(&output.stderr);
    for secret in secrets {
        let bare = secret.trim_matches('"').trim_start_matches("whsec_");
        assert!(!said.contains(bare), "{name}: {said}");
    }
}

fn countersign(flags: &[&str], folder: Option<&Path>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(flags).env_clear().stdin(Stdio::null());
    command.current_dir(folder.unwrap_or(Path::new(env!("CARGO_MANIFEST_DIR")))).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/explain");
