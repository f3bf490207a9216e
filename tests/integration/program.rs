//! The program as a process of its own, started by command lines as a person
//! types them, in a directory of its own.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use countersign::clock::{Clock as _, SystemClock, UnixTime};
use countersign::keys::Secret;
use countersign::schemes::{Message, Scheme, SchemeOptions, preset};
use http::{HeaderName, HeaderValue, Method};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// A directory to type commands in.
#[derive(Debug)]
pub(crate) struct Directory(TempDir);

impl Directory {
    /// With the certificates and the secret of the README in `certs/dev/`.
    pub(crate) async fn prepared() -> Self {
        let directory = Self(TempDir::new().unwrap());
        directory.run("countersign certs dev && countersign secret --out certs/dev/webhook.secret").await;
        directory
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// What a script prints; it must succeed.
    pub(crate) async fn run(&self, script: &str) -> String {
        let output = self.try_run(script).await;
        let complaint = text(&output.stderr);
        assert!(output.status.success(), "{script}\n{complaint}");
        text(&output.stdout)
    }

    /// How a script ends.
    pub(crate) async fn try_run(&self, script: &str) -> Output {
        timeout(PATIENCE, self.shell(script).output()).await.expect("an end in time").unwrap()
    }

    /// A guard by the command line that begins with `countersign guard`, on
    /// ports that the system chooses, once it is up.
    pub(crate) async fn guard(&self, command_line: &str) -> Guard {
        let ports = "--listen 127.0.0.1:0 --admin-listen 127.0.0.1:0";
        let script = format!("exec {} {ports}", command_line.trim_end());
        let mut command = self.shell(&script);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Some(BufReader::new(process.stdout.take().unwrap()).lines());
        let (listen, admin) = (SocketAddr::from(([0; 4], 0)), SocketAddr::from(([0; 4], 0)));
        let mut guard = Guard { listen, admin, process, log };
        // Remarks may come before, such as one on the limit of open files.
        let mut up = guard.next_line().await;
        while !up.contains("the guard is up") {
            up = guard.next_line().await;
        }
        let words = up.split(|c: char| !(c.is_ascii_digit() || ".:".contains(c)));
        let mut addresses = words.filter_map(|word| word.parse().ok());
        (guard.listen, guard.admin) = (addresses.next().unwrap(), addresses.next().unwrap());
        guard
    }

    /// The fields that sign `body` now, with the secret of the directory, as
    /// arguments of `curl`.
    pub(crate) fn signed(&self, id: &str, body: &str) -> String {
        let fields = self.signed_at(SystemClock.now(), id, body.as_bytes());
        let argument =
            |(name, value): &(HeaderName, HeaderValue)| format!("-H '{name}: {}'", value.to_str().unwrap());
        fields.iter().map(argument).collect::<Vec<_>>().join(" ")
    }

    /// The same fields, signed at any time.
    pub(crate) fn signed_at(
        &self,
        timestamp: UnixTime,
        id: &str,
        body: &[u8],
    ) -> Vec<(HeaderName, HeaderValue)> {
        let secret = Secret::new(std::fs::read(self.path().join("certs/dev/webhook.secret")).unwrap());
        let standard = preset("standard-webhooks").unwrap();
        let scheme = Scheme::new(standard, &[secret.into()], SchemeOptions::default()).unwrap();
        let (method, target) = (&Method::POST, "/hooks");
        let message = Message { id: Some(id), timestamp, body, method, target, public_url: None };
        scheme.sign(&message).unwrap().into_iter().collect()
    }

    fn shell(&self, script: &str) -> Command {
        let program = Path::new(env!("CARGO_BIN_EXE_countersign"));
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new("sh");
        command.args(["-c", script]).current_dir(self.path()).kill_on_drop(true);
        command.env_clear().env("PATH", format!("{}:{path}", program.parent().unwrap().display()));
        command
    }
}

/// A guard that is up, as a process.
#[derive(Debug)]
pub(crate) struct Guard {
    pub(crate) listen: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) process: Child,
    /// Its standard output, while somebody reads it.
    log: Option<Lines<BufReader<ChildStdout>>>,
}

/// How a guard ended.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) code: Option<i32>,
    /// What it logged since the last line that was read.
    pub(crate) log: Vec<String>,
    pub(crate) stderr: String,
}

impl Guard {
    /// The next line that it logs.
    pub(crate) async fn next_line(&mut self) -> String {
        self.line().await.expect("the guard is still there")
    }

    /// The next line that it logs with `text` in it.
    pub(crate) async fn line_with(&mut self, text: &str) -> String {
        loop {
            let line = self.next_line().await;
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Nobody reads its log any more.
    pub(crate) fn hang_up(&mut self) {
        self.log = None;
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id().expect("the guard is still there")
    }

    /// Sends it a signal, such as `TERM`.
    pub(crate) async fn signal(&self, name: &str) {
        let id = self.id();
        let kill = format!("kill -{name} {id}");
        assert!(Command::new("sh").args(["-c", &kill]).status().await.unwrap().success());
    }

    /// Waits for its end.
    pub(crate) async fn end(mut self) -> End {
        let mut log = Vec::new();
        while let Some(line) = self.line().await {
            log.push(line);
        }
        let output =
            timeout(PATIENCE, self.process.wait_with_output()).await.expect("an end in time").unwrap();
        End { code: output.status.code(), log, stderr: text(&output.stderr) }
    }

    async fn line(&mut self) -> Option<String> {
        let log = self.log.as_mut()?;
        timeout(PATIENCE, log.next_line()).await.expect("a line, or the end, in time").unwrap()
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// For whatever is waited for, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
