//! A real Redis on a port that the system chose, gone with its test.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A server process.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) directory: TempDir,
    arguments: Vec<String>,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    /// A shell that ends the server when our end of its input closes: also when
    /// the test process is killed.
    shell: Child,
    pid: String,
}

impl Server {
    /// With these settings beyond the ordinary: nothing on disk, loopback only.
    pub(crate) fn start(settings: &[&str]) -> Self {
        let mut server = Self::prepare(free_port(), settings);
        server.resume_from_death();
        server
    }

    /// Not yet started.
    pub(crate) fn prepare(port: u16, settings: &[&str]) -> Self {
        let directory = TempDir::new().unwrap();
        let mut arguments = Vec::new();
        if settings.first() != Some(&"--sentinel") {
            for plain in ["--save", "", "--appendonly", "no", "--repl-diskless-sync-delay", "0"] {
                arguments.push(plain.to_owned());
            }
        }
        arguments.extend(settings.iter().map(|setting| (*setting).to_owned()));
        Self { port, directory, arguments, running: None }
    }

    /// Starts the process, again after [`kill`](Self::kill), in the same place.
    pub(crate) fn resume_from_death(&mut self) {
        let directory = self.directory.path();
        let mut command = Command::new("sh");
        command.args(["-c", "redis-server \"$@\" >log 2>&1 & echo $!; read -r _; kill -9 $!", "sh"]);
        let tls = self.arguments.iter().any(|argument| argument == "--tls-port");
        let sentinel = self.arguments.first().is_some_and(|argument| argument == "--sentinel");
        if sentinel {
            command.arg("sentinel.conf");
        }
        command.args(&self.arguments).args(["--bind", "127.0.0.1"]);
        if !tls {
            command.args(["--port", &self.port.to_string()]);
        }
        command.current_dir(directory).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut shell = command.spawn().expect("a shell");
        let mut pid = String::new();
        BufReader::new(shell.stdout.as_mut().unwrap()).read_line(&mut pid).unwrap();
        self.running = Some(Running { shell, pid: pid.trim().to_owned() });
        self.wait_until_it_listens();
    }

    fn wait_until_it_listens(&self) {
        let began = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            let log = || fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
            assert!(began.elapsed() < Duration::from_secs(10), "redis-server is not up: {}", log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// kill -9.
    pub(crate) fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            drop(running.shell.stdin.take());
            running.shell.wait().unwrap();
        }
    }

    /// Stops answering, and goes on with [`thaw`](Self::thaw).
    pub(crate) fn freeze(&self) {
        self.signal("-STOP");
    }

    pub(crate) fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let pid = &self.running.as_ref().expect("it is running").pid;
        assert!(Command::new("kill").args([signal, pid]).status().unwrap().success());
    }

    /// Sends one command, as text without quotes, and gives what comes back.
    pub(crate) fn command(&self, line: &str) -> String {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.write_all(format!("{line}\r\nQUIT\r\n").as_bytes()).unwrap();
        // A Sentinel does not know QUIT.
        stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok();
        let answer = String::from_utf8_lossy(&answer);
        answer.trim_end().trim_end_matches("+OK").trim_end().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port of loopback that nobody listens on at this moment.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}
