//! Behind the front proxies that people have, as `examples/` configures them:
//! the real nginx and `HAProxy`. Clients are told apart by addresses of loopback,
//! the proxies' own being 127.0.0.1.

use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::program::text;
use crate::redis::server::free_port;
use crate::stand::{BODY, Stand};

/// Who may send, by the guards' allow list.
const SENDER: &str = "127.0.0.7";
const STRANGER: &str = "127.0.0.9";

/// For a guard that ends TLS itself.
const BEHIND_TCP: [&str; 4] = ["--proxy-protocol", "127.0.0.1", "--allow-ip", SENDER];

/// For a guard whose proxy has ended it.
const BEHIND_HTTP: [&str; 5] = ["--plain", "--trusted-proxy", "127.0.0.1", "--allow-ip", SENDER];

/// A front proxy, gone with its test.
struct Proxy {
    /// A shell that ends the proxy when our end of its input closes: also when
    /// the test process is killed.
    shell: Child,
    port: u16,
    directory: TempDir,
}

impl Proxy {
    /// What `example` configures, in front of the guard of `stand`, after
    /// `changes` to it.
    fn start(example: &str, stand: &Stand, changes: &[(&str, &str)]) -> Self {
        let (directory, port) = (TempDir::new().unwrap(), free_port());
        let path = format!("{}/examples/{example}", env!("CARGO_MANIFEST_DIR"));
        let config = fs::read_to_string(path).unwrap();
        let code: Vec<&str> = config.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
        let (listen, guard) = (format!("127.0.0.1:{port}"), stand.guard().address().to_string());
        let placed = code.join("\n") + "\n";
        let placed = placed.replace("listen 443", &format!("listen {listen}"));
        let mut placed =
            placed.replace("bind :443", &format!("bind {listen}")).replace("127.0.0.1:8843", &guard);
        assert!(placed.contains(&listen) && placed.contains(&guard), "{placed}");
        for (from, to) in changes {
            assert!(placed.contains(from), "{example} has no {from:?}");
            placed = placed.replace(from, to);
        }
        let write = |name: &str, bytes: &[u8]| fs::write(directory.path().join(name), bytes).unwrap();
        let own = |name: &str| fs::read(stand.file(name)).unwrap();
        for name in ["server.pem", "server.key", "ca.pem"] {
            write(name, &own(name));
        }
        write("server-and-key.pem", &[own("server.pem"), own("server.key")].concat());
        write("config", placed.as_bytes());
        let program = if example.starts_with("nginx") { NGINX } else { HAPROXY };
        let script = format!("{program} >log 2>&1 & read -r _; kill -9 $!; wait");
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).current_dir(directory.path()).stdin(Stdio::piped());
        let search = std::env::var("PATH").unwrap_or_default();
        let shell = shell.env("PATH", format!("{search}:/usr/sbin")).spawn().unwrap();
        let proxy = Self { shell, port, directory };
        proxy.wait_until_it_listens();
        proxy
    }

    fn wait_until_it_listens(&self) {
        let began = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            let log = || fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
            assert!(began.elapsed() < Duration::from_secs(10), "the proxy is not up: {}", log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        self.shell.wait().ok();
    }
}

/// One process, with everything that it writes in its directory.
const NGINX: &str = "nginx -p . -c config -e stderr -g 'daemon off; master_process off; pid nginx.pid;'";
const HAPROXY: &str = "haproxy -db -f config";

/// Its compiled-in places belong to root.
const NGINX_PLACES: (&str, &str) = (
    "http {",
    "http {\naccess_log off;\nclient_body_temp_path b;\nproxy_temp_path p;\nfastcgi_temp_path f;\n\
     uwsgi_temp_path u;\nscgi_temp_path s;",
);

/// Sends a genuine delivery from `client` to `port`, with further arguments of
/// `curl`.
async fn send(stand: &Stand, port: u16, client: &str, id: &str, more: &[&str]) -> Output {
    let body = stand.write("body", BODY);
    let mut command = tokio::process::Command::new("curl");
    command.args(["--silent", "--show-error", "--include", "--max-time", "20", "--interface", client]);
    command.args(["--cacert", &stand.file("ca.pem"), "--resolve", &format!("localhost:{port}:127.0.0.1")]);
    command.args(["--data-binary", &format!("@{body}"), &format!("https://localhost:{port}/hooks")]);
    for line in stand.signature_lines(id, BODY).lines() {
        command.args(["--header", line]);
    }
    command.args(more).kill_on_drop(true).output().await.unwrap()
}

/// Whether the delivery was answered as `expected` says: a status, or a code.
#[track_caller]
fn check(output: &Output, expected: &str) {
    let (answer, complaint) = (text(&output.stdout), text(&output.stderr));
    assert!(answer.contains(expected), "{expected} is not in {answer}{complaint}");
}

/// The client's address as the app is told it of the last delivery, of which
/// there is one.
#[track_caller]
fn told(stand: &Stand) -> String {
    let seen = stand.app.take_seen();
    assert_eq!(seen.len(), 1);
    assert!(seen[0].body == BODY, "the bytes came as they were sent");
    seen[0].field("x-forwarded-for").to_owned()
}

/// The arguments with which `curl` shows the sender's certificate.
fn certificate(stand: &Stand) -> [String; 4] {
    let [cert, key] = ["client.pem", "client.key"].map(|name| stand.file(name));
    ["--cert".to_owned(), cert, "--key".to_owned(), key]
}

#[tokio::test]
async fn nginx_and_haproxy_hand_on_connections_with_the_true_address() {
    let version_1 = [("send-proxy-v2", "send-proxy")];
    for (example, changes) in
        [("nginx/tcp.conf", &[][..]), ("haproxy/tcp.cfg", &[]), ("haproxy/tcp.cfg", &version_1)]
    {
        let stand = Stand::with_flags(&BEHIND_TCP).await;
        let proxy = Proxy::start(example, &stand, changes);
        let certificate = certificate(&stand);
        let mut more: Vec<&str> = certificate.iter().map(String::as_str).collect();
        // The guard has verified the sender's certificate itself.
        check(&send(&stand, proxy.port, SENDER, "msg_1", &more).await, "HTTP/2 204");
        assert_eq!(told(&stand), SENDER, "{example}");
        more.extend(["--header", "X-Forwarded-For: 127.0.0.7", "--header", "Forwarded: for=127.0.0.7"]);
        check(&send(&stand, proxy.port, STRANGER, "msg_2", &more).await, "address_not_allowed");
        assert!(stand.app.take_seen().is_empty());
    }
}

#[tokio::test]
async fn a_proxy_that_forgets_its_header_is_closed() {
    let stand = Stand::with_flags(&BEHIND_TCP).await;
    let closed = async |port, client| {
        let output = send(&stand, port, client, "msg_1", &[]).await;
        assert_eq!((output.status.success(), text(&output.stdout)), (false, String::new()));
    };
    closed(stand.guard().address().port(), "127.0.0.1").await;
    let counted = "countersign_connections_refused_total{reason=\"proxy_header\"} 1\n";
    assert!(stand.admin("/metrics").await.contains(counted));
    let proxy = Proxy::start("haproxy/tcp.cfg", &stand, &[(" send-proxy-v2", "")]);
    closed(proxy.port, SENDER).await;
    assert!(stand.app.take_seen().is_empty());
}

#[tokio::test]
async fn behind_nginx_the_right_most_address_counts_and_not_what_a_client_says() {
    let stand =
        Stand::with_flags(&[&BEHIND_HTTP[..], &["--client-address-header", "x-forwarded-for"]].concat())
            .await;
    let proxy = Proxy::start("nginx/http.conf", &stand, &[NGINX_PLACES]);
    let spoofed = |address| ["--header", address, "--header", "Forwarded: for=127.0.0.7"];
    check(
        &send(&stand, proxy.port, SENDER, "msg_1", &spoofed("X-Forwarded-For: 192.0.2.1")).await,
        "HTTP/2 204",
    );
    assert_eq!(told(&stand), SENDER);
    let output = send(&stand, proxy.port, STRANGER, "msg_2", &spoofed("X-Forwarded-For: 127.0.0.7")).await;
    check(&output, "address_not_allowed");
    assert!(stand.app.take_seen().is_empty());
}

#[tokio::test]
async fn behind_haproxy_address_and_certificate_are_what_it_says_and_not_the_client() {
    let flags = ["--client-address-header", "forwarded", "--client-cert-header", "--client-identity"];
    let flags = [&BEHIND_HTTP[..], &flags, &["URI:spiffe://countersign.test/sender"]].concat();
    let stand = Stand::with_flags(&flags).await;
    let proxy = Proxy::start("haproxy/http.cfg", &stand, &[]);
    let certificate = certificate(&stand);
    let shown: Vec<&str> = certificate.iter().map(String::as_str).collect();
    let spoofed = ["--header", "Forwarded: for=127.0.0.7", "--header", "X-Forwarded-For: 127.0.0.7"];
    check(&send(&stand, proxy.port, SENDER, "msg_1", &shown).await, "HTTP/2 204");
    assert_eq!(told(&stand), SENDER);
    let all = [&shown[..], &spoofed].concat();
    check(&send(&stand, proxy.port, STRANGER, "msg_2", &all).await, "address_not_allowed");
    // The sender's certificate is public: whoever has it can write it there.
    let pem = fs::read_to_string(stand.file("client.pem")).unwrap();
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let own = format!("Client-Cert: :{base64}:");
    check(&send(&stand, proxy.port, SENDER, "msg_3", &["--header", &own]).await, "identity_missing");
    assert!(stand.app.take_seen().is_empty());
}
