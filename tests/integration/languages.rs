//! Programs in other languages: the providers' own SDKs, consumers that let
//! them decide, and receiver apps.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// A language with SDKs of providers.
#[derive(Debug)]
pub(crate) struct Language {
    interpreter: &'static str,
    script: &'static str,
    consumer: &'static str,
    /// The schemes whose providers have an SDK in it that signs or verifies.
    pub(crate) presets: &'static [&'static str],
}

pub(crate) const PYTHON: Language = Language {
    interpreter: "target/interop/venv/bin/python",
    script: "tests/interop/sign.py",
    consumer: "tests/interop/consumer.py",
    presets: &["standard-webhooks", "svix", "stripe", "slack"],
};

pub(crate) const NODE: Language = Language {
    interpreter: "target/interop/venv/bin/node",
    script: "tests/interop/sign.mjs",
    consumer: "tests/interop/consumer.mjs",
    presets: &["standard-webhooks", "svix", "stripe", "github", "shopify"],
};

impl Language {
    /// Puts questions to the SDKs: one process, one line for each, one answer
    /// a line. The script describes them.
    pub(crate) async fn ask_sdks(&self, questions: &[Value]) -> Vec<Value> {
        let mut process = self.command(self.script).stdin(Stdio::piped()).spawn().unwrap();
        let lines: Vec<_> = questions.iter().map(Value::to_string).collect();
        let mut stdin = process.stdin.take().unwrap();
        // A script that ends early says why on standard error.
        stdin.write_all(lines.join("\n").as_bytes()).await.ok();
        drop(stdin);
        let output = timeout(PATIENCE, process.wait_with_output()).await.expect("an answer in time").unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}; {PREPARE}:\n{complaint}", self.script);
        let answers: Vec<_> =
            output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
        assert_eq!(answers.len(), questions.len(), "{}: {complaint}", self.script);
        answers.iter().map(|line| serde_json::from_slice(line).unwrap()).collect()
    }

    fn command(&self, script: &str) -> Command {
        command(&[self.interpreter, script])
    }
}

/// An HTTPS consumer where the SDKs decide, as a process of its own.
#[derive(Debug)]
pub(crate) struct SdkConsumer {
    pub(crate) port: u16,
    /// Ends with this value.
    _process: Child,
}

impl SdkConsumer {
    /// Starts it as `localhost` with `server.pem` of `certificates`, for
    /// clients of the CA there and signatures with `secret`.
    pub(crate) async fn start(language: &Language, certificates: &Path, secret: &str) -> Self {
        let files = ["ca.pem", "server.pem", "server.key"].map(|name| certificates.join(name));
        let mut command = language.command(language.consumer);
        // What an SDK complains of is for whoever reads the failed test.
        command.args(files).env("SECRET", secret).stderr(Stdio::inherit());
        let mut process = command.spawn().unwrap();
        let mut printed = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { port: next_line(&mut printed).await.parse().unwrap(), _process: process }
    }
}

/// A receiver app of `examples/`: what runs it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct App(&'static [&'static str]);

pub(crate) const PYTHON_APP: App = App(&[PYTHON.interpreter, "examples/receiver.py"]);

pub(crate) const NODE_APP: App = App(&[NODE.interpreter, "examples/receiver.mjs"]);

pub(crate) const GO_APP: App = App(&["target/interop/receiver-go"]);

/// An app, as a process of its own.
#[derive(Debug)]
pub(crate) struct Receiver {
    /// For `--upstream`.
    pub(crate) url: String,
    printed: Lines<BufReader<ChildStdout>>,
    /// Ends with this value.
    _process: Child,
}

impl Receiver {
    /// Starts it on a port that the system chooses.
    pub(crate) async fn start(app: App) -> Self {
        Self::with_flags(app, &[]).await
    }

    /// The same with further flags.
    pub(crate) async fn with_flags(app: App, flags: &[&str]) -> Self {
        let mut process = command(app.0).args(["--listen", "127.0.0.1:0"]).args(flags).spawn().unwrap();
        let printed = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut receiver = Self { url: String::new(), printed, _process: process };
        let greeting = receiver.line().await;
        let address =
            greeting.strip_prefix("receiver: listening on ").and_then(|rest| rest.split(',').next());
        receiver.url = format!("http://{}", address.unwrap_or_else(|| panic!("{greeting}")));
        receiver
    }

    /// What it prints of the next delivery, from the request line to the body.
    pub(crate) async fn next_delivery(&mut self) -> Vec<String> {
        assert_eq!(self.line().await, "", "an empty line begins a delivery");
        let mut delivery = vec![self.line().await];
        while !delivery.last().is_some_and(|line| line.contains(" bytes: ")) {
            delivery.push(self.line().await);
        }
        delivery
    }

    async fn line(&mut self) -> String {
        next_line(&mut self.printed).await
    }
}

/// Of a program and what it runs, both by their paths in the project.
fn command(words: &[&str]) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let paths: Vec<_> = words.iter().map(|path| root.join(path)).collect();
    assert!(paths[0].exists(), "{} is missing; {PREPARE}", paths[0].display());
    let mut command = Command::new(&paths[0]);
    command.args(&paths[1..]).kill_on_drop(true);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

async fn next_line(printed: &mut Lines<BufReader<ChildStdout>>) -> String {
    let line = timeout(PATIENCE, printed.next_line()).await.expect("a line in time").unwrap();
    line.expect("the process is still there")
}

pub(crate) const PREPARE: &str = "run ./scripts/prepare, which installs what the tests need";

/// For interpreters to start and load an SDK, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
