//! The program as a person meets it: what it prints, where, and how it exits.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use super::material::{SECRET, directory};

fn countersign(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_countersign")).args(arguments).env_clear().output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn checked(directory: &Path) -> Output {
    let file = |name: &str| directory.join(name).to_str().unwrap().to_owned();
    countersign(&[
        "check",
        "guard",
        "--upstream",
        "https://app.example",
        "--tls-cert",
        &file("server.pem"),
        "--tls-key",
        &file("server.key"),
        "--client-ca",
        &file("ca.pem"),
        "--scheme",
        "standard-webhooks",
        "--secret-file",
        &file("good.secret"),
        "--path",
        "/hooks/*",
        "--allow-ip",
        "192.0.2.0/24",
        "--rate-limit",
        "6000/m",
        "--threads",
        "2",
    ])
}

#[test]
fn check_shows_what_is_in_effect() {
    let directory = directory("effective");
    let output = checked(&directory);
    let shown = text(&output.stdout).replace(directory.to_str().unwrap(), "$DIR");
    assert_eq!(shown, include_str!("effective.txt"));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn no_output_holds_a_secret() {
    let output = checked(&directory("redacted"));
    let shown = text(&output.stdout) + &text(&output.stderr);
    assert!(!shown.contains(SECRET) && !shown.contains(SECRET.trim_start_matches("whsec_")), "{shown}");
}

#[test]
fn a_wrong_configuration_exits_with_2_and_says_so_on_standard_error() {
    for role in [&["guard"][..], &["check", "guard"]] {
        let output = countersign(&[role, &["--plain", "--listen", "nowhere"]].concat());
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(text(&output.stdout), "");
        let problems = text(&output.stderr);
        assert_eq!(problems.lines().filter(|line| line.starts_with("--")).count(), 4, "{problems}");
    }
}

#[test]
fn an_unknown_flag_exits_with_2() {
    assert_eq!(countersign(&["guard", "--colour"]).status.code(), Some(2));
}

#[test]
fn vectors_end_with_their_count() {
    let file = |name: &str| format!("{}/tests/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let files = ["github", "shopify", "slack", "standard_webhooks", "stripe", "svix"].map(file);
    let judged = countersign(&[&["vectors"][..], &files.each_ref().map(String::as_str)].concat());
    let (said, complaint) = (text(&judged.stdout), text(&judged.stderr));
    assert_eq!((judged.status.code(), complaint.as_str()), (Some(0), ""), "{said}");
    let [line] = said.lines().collect::<Vec<_>>()[..] else { panic!("{said}") };
    let passed: u32 = line.strip_suffix(" passed, 0 failed").expect(line).parse().unwrap();
    assert!(passed >= 6 * 20, "{line}");
}

#[test]
fn vectors_that_differ_exit_with_1_and_a_broken_file_with_2() {
    let directory = directory("vectors");
    let good = format!("{}/tests/vectors/github.json", env!("CARGO_MANIFEST_DIR"));
    let text_of_good = fs::read_to_string(good).unwrap();
    let (wrong, broken) = (directory.join("wrong.json"), directory.join("broken.json"));
    fs::write(&wrong, text_of_good.replace("\"expect\": \"reject\"", "\"expect\": \"accept\"")).unwrap();
    fs::write(&broken, &text_of_good[..text_of_good.len() / 2]).unwrap();
    for (file, code, said) in [(wrong, 1, "expected accept, got "), (broken, 2, "is not a vector file: ")] {
        let output = countersign(&["vectors", file.to_str().unwrap()]);
        let all = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{all}");
        assert!(all.contains(said), "{all}");
    }
}

#[test]
fn a_secret_is_written_once() {
    let path = directory("secret").join("new.secret");
    let path = path.to_str().unwrap();
    assert_eq!(countersign(&["secret", "--out", path]).status.code(), Some(0));
    let refused = countersign(&["secret", "--out", path]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("name another file"), "{}", text(&refused.stderr));
}

#[test]
fn development_certificates_make_a_guard_that_would_start() {
    let directory = directory("certs");
    let out = directory.join("dev");
    let made = countersign(&["certs", "dev", "--out", out.to_str().unwrap(), "--name", "guard.test"]);
    assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));

    // What it says to run next is taken at its word, but only checked.
    let said = text(&made.stdout).replace("\\\n", "");
    let next: Vec<&str> = said.lines().filter_map(|line| line.trim().strip_prefix("countersign ")).collect();
    let [secret, guard] = next[..] else { panic!("{said}") };
    for line in [secret.to_owned(), format!("check {guard}")] {
        let output = countersign(&line.split_whitespace().collect::<Vec<_>>());
        assert_eq!(output.status.code(), Some(0), "{line}: {}", text(&output.stderr));
    }
    let again = countersign(&["certs", "dev", "--out", out.to_str().unwrap()]);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("--force"), "{}", text(&again.stderr));
}
