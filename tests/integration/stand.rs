//! A guard with an app behind it and a sender in front.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use countersign::cli;
use countersign::clock::{Clock as _, ManualClock, UnixTime};
use countersign::config::{Bounds, Environment};
use countersign::devcerts::{Authority, CLIENT_ID, Pair};
use countersign::guard::{self, Reload, ReloadError, Running};
use countersign::keys::Secret;
use countersign::private_file::{self, Existing};
use countersign::schemes::{Message, Scheme, SchemeOptions, preset};
use http::{HeaderName, HeaderValue, Method};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::app::App;
use crate::client::{Client, Reply};

/// When every test begins, unless it moves the clock.
pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

pub(crate) const BODY: &[u8] = b"{\"hello\":\"w\xc3\xb6rld\"}\r\n\0";

/// What a test stands on.
pub(crate) struct Stand {
    pub(crate) app: App,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) guard: Option<Running>,
    pub(crate) client: Client,
    pub(crate) authority: Authority,
    pub(crate) secret: Secret,
    /// What `client` shows of itself.
    pub(crate) sender: Pair,
    reload: Reload,
    /// What the guard was started with.
    flags: Vec<String>,
    /// Certificates and the secret, gone with the stand.
    directory: TempDir,
    ca: String,
    scheme: Scheme,
    /// The URL that the sender signs, where its scheme does.
    public_url: Option<String>,
}

/// How a [`Stand`] differs from the ordinary one.
pub(crate) struct Setup<'a> {
    /// Preset of source and sender.
    pub(crate) preset: &'a str,
    /// The secret of both, where one that is made will not do.
    pub(crate) secret: Option<&'a str>,
    /// The URL that the sender signs.
    pub(crate) public_url: Option<&'a str>,
    /// Further flags for the guard.
    pub(crate) flags: &'a [&'a str],
    /// Where the app is, when it is not the stand's own.
    pub(crate) upstream: Option<String>,
    /// From when on the ledger's memory is complete.
    pub(crate) memory_begins: UnixTime,
    /// Changes bounds for which there is no flag.
    pub(crate) bounds: fn(&mut Bounds),
}

impl Default for Setup<'_> {
    fn default() -> Self {
        Self {
            preset: "standard-webhooks",
            secret: None,
            public_url: None,
            flags: &[],
            upstream: None,
            memory_begins: UnixTime::EPOCH,
            bounds: |_| (),
        }
    }
}

impl Stand {
    /// The ordinary stand: mTLS, Standard Webhooks, with further flags.
    pub(crate) async fn with_flags(flags: &[&str]) -> Self {
        Self::start(Setup { flags, ..Setup::default() }).await
    }

    pub(crate) async fn start(setup: Setup<'_>) -> Self {
        let app = App::start().await.unwrap();
        let directory = TempDir::new().unwrap();
        let authority = Authority::new("test CA").unwrap();
        let ca = authority.certificate();
        let (server, sender) = (authority.server(&[]).unwrap(), authority.client(CLIENT_ID).unwrap());
        let secret = setup.secret.map_or_else(|| cli::generate_secret().unwrap(), Secret::new);
        let file = |name: &str, bytes: &[u8]| {
            let path = directory.path().join(name);
            private_file::write(&path, bytes, Existing::Refuse).unwrap();
            path.display().to_string()
        };
        let upstream = setup.upstream.unwrap_or_else(|| format!("http://{}", app.address));
        let (ca_file, secret_file) = (file("ca.pem", ca.as_bytes()), file("secret", secret.expose()));
        let (cert, key) =
            (file("server.pem", server.certificate.as_bytes()), file("server.key", server.key.as_bytes()));
        file("client.pem", sender.certificate.as_bytes());
        file("client.key", sender.key.as_bytes());
        let mut flags = vec!["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
        flags.extend(["--upstream", &upstream, "--scheme", setup.preset]);
        // Of several schemes each has its own secret, and an issuer has the keys itself.
        let is_one_of_several = setup.flags.contains(&"--scheme");
        let kept = if is_one_of_several { format!("{}={secret_file}", setup.preset) } else { secret_file };
        if is_one_of_several || !setup.flags.contains(&"--issuer") {
            flags.extend(["--secret-file", &kept]);
        }
        flags.extend(["--log-level", "error"]);
        if !setup.flags.contains(&"--threads") {
            flags.extend(["--threads", "1"]);
        }
        if !setup.flags.contains(&"--plain") {
            flags.extend(["--tls-cert", &cert, "--tls-key", &key]);
            if !setup.flags.contains(&"--client-ca") {
                flags.extend(["--client-ca", &ca_file]);
            }
        }
        flags.extend(setup.flags);
        let (mut config, _remarks) = cli::guard_config(&flags, &Environment::default()).unwrap();
        (setup.bounds)(&mut config.bounds);
        let clock = Arc::new(ManualClock::new(NOW));
        let (guard, reload) =
            guard::start(config, Arc::clone(&clock) as _, setup.memory_begins).await.unwrap();
        let client = Client::new(guard.address(), ca.as_bytes(), Some(pem(&sender))).unwrap();
        Self {
            app,
            clock,
            client,
            authority,
            sender,
            ca,
            scheme: scheme(setup.preset, &secret),
            public_url: setup.public_url.map(str::to_owned),
            secret,
            directory,
            guard: Some(guard),
            reload,
            flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
        }
    }

    /// The name of the source, where no flag gives another.
    pub(crate) fn source(&self) -> &'static str {
        self.scheme.preset().name
    }

    pub(crate) fn guard(&self) -> &Running {
        self.guard.as_ref().expect("the guard is up until `stop`")
    }

    /// Reads the files anew, and further flags, and puts them in force.
    pub(crate) fn reload(&self, flags: &[&str]) -> Result<Vec<&'static str>, ReloadError> {
        let own = self.flags.iter().map(String::as_str);
        self.reload_with(&own.chain(flags.iter().copied()).collect::<Vec<_>>())
    }

    /// Puts in force what `flags` say.
    pub(crate) fn reload_with(&self, flags: &[&str]) -> Result<Vec<&'static str>, ReloadError> {
        let (config, _remarks) = cli::guard_config(flags, &Environment::default()).unwrap();
        self.reload.apply(config)
    }

    /// What the guard was started with, less one switch.
    pub(crate) fn flags_without<'s>(&'s self, switch: &'s str) -> impl Iterator<Item = &'s str> {
        self.flags.iter().map(String::as_str).filter(move |flag| *flag != switch)
    }

    /// Writes a file beside the others, or over one of them.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.directory.path().join(name);
        private_file::write(&path, bytes, Existing::Replace).unwrap();
        path.display().to_string()
    }

    /// The path of `ca.pem`, `client.pem`, `client.key`, `secret` and the like.
    pub(crate) fn file(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }

    /// A client of the stand's CA with another certificate, or none.
    pub(crate) fn client_with(&self, identity: Option<&Pair>) -> Client {
        Client::new(self.guard().address(), self.ca.as_bytes(), identity.map(pem)).unwrap()
    }

    /// A TLS client that trusts the stand's CA and shows `identity`.
    pub(crate) fn tls_client(
        &self,
        identity: Option<&Pair>,
        versions: &[&'static SupportedProtocolVersion],
    ) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.ca.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots);
        let Some(pair) = identity else { return config.with_no_client_auth() };
        let chain = vec![CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
        config.with_client_auth_cert(chain, key).unwrap()
    }

    /// Connects as `config` says.
    pub(crate) async fn tls_connect(&self, config: ClientConfig) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.guard().address()).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }

    /// The fields of a genuine delivery of `body`, signed now.
    pub(crate) fn signed(&self, id: &str, body: &[u8]) -> Vec<(HeaderName, HeaderValue)> {
        self.signed_at(id, body, self.clock.now())
    }

    /// The same by another secret than the stand's.
    pub(crate) fn signed_by(&self, secret: &Secret, id: &str, body: &[u8]) -> Vec<(HeaderName, HeaderValue)> {
        let method = Method::POST;
        let timestamp = self.clock.now();
        let message =
            Message { id: Some(id), timestamp, body, method: &method, target: "/hooks", public_url: None };
        scheme(self.scheme.preset().name, secret).sign(&message).unwrap()
    }

    pub(crate) fn signed_at(
        &self,
        id: &str,
        body: &[u8],
        timestamp: UnixTime,
    ) -> Vec<(HeaderName, HeaderValue)> {
        let method = Method::POST;
        let id = self.scheme.id_header().is_some().then_some(id);
        let public_url = self.public_url.as_deref();
        let message = Message { id, timestamp, body, method: &method, target: "/hooks", public_url };
        self.scheme.sign(&message).unwrap()
    }

    /// Sends a delivery on a connection of its own.
    pub(crate) async fn post(&self, fields: &[(HeaderName, HeaderValue)], body: &[u8]) -> Reply {
        let mut connection = self.client.connect().await.unwrap();
        connection.post("/hooks", fields, Bytes::copy_from_slice(body)).await.unwrap()
    }

    /// Sends a genuine delivery of [`BODY`].
    pub(crate) async fn post_genuine(&self, id: &str) -> Reply {
        self.post(&self.signed(id, BODY), BODY).await
    }

    /// A genuine request as bytes: request line, `Host`, signature, `extra`
    /// field lines, then one `Content-Length` and the body.
    pub(crate) fn raw_genuine(&self, id: &str, extra: &str) -> Vec<u8> {
        let (signature, length) = (self.signature_lines(id, BODY), BODY.len());
        let head = "POST /hooks HTTP/1.1\r\nHost: localhost\r\n";
        let raw = format!("{head}{signature}{extra}Content-Length: {length}\r\n\r\n");
        [raw.as_bytes(), BODY].concat()
    }

    /// The signature as field lines.
    pub(crate) fn signature_lines(&self, id: &str, body: &[u8]) -> String {
        let line =
            |(name, value): &(HeaderName, HeaderValue)| format!("{name}: {}\r\n", value.to_str().unwrap());
        self.signed(id, body).iter().map(line).collect()
    }

    /// Sends bytes over mTLS and gives everything that comes back until the
    /// guard closes or is silent for `patience`.
    pub(crate) async fn exchange(&self, bytes: &[u8], patience: Duration) -> String {
        let mut stream = self.client.connect_raw().await.unwrap();
        // A guard that refuses early may close before it has read everything.
        stream.write_all(bytes).await.ok();
        stream.flush().await.ok();
        read_until_silent(&mut stream, patience).await
    }

    /// A page of the admin port: status line and body.
    pub(crate) async fn admin(&self, path: &str) -> String {
        get(self.guard().admin_address(), path).await
    }

    /// Stops the guard and waits until it is down, off this runtime.
    pub(crate) async fn stop(mut self) -> std::io::Result<()> {
        let guard = self.guard.take().expect("a stand is stopped once");
        tokio::task::spawn_blocking(move || guard.stop()).await.unwrap()
    }
}

/// A plain HTTP GET.
pub(crate) async fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    read_until_silent(&mut stream, Duration::from_secs(5)).await
}

/// Reads to the end, or until nothing comes for `patience`.
pub(crate) async fn read_until_silent<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    patience: Duration,
) -> String {
    let mut all = Vec::new();
    let mut chunk = [0; 8192];
    while let Ok(Ok(count)) = tokio::time::timeout(patience, stream.read(&mut chunk)).await {
        if count == 0 {
            break;
        }
        all.extend_from_slice(&chunk[..count]);
    }
    String::from_utf8_lossy(&all).into_owned()
}

/// Reads up to the end of a head, or of the stream.
pub(crate) async fn read_head<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut all = Vec::new();
    let read = async {
        while !all.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => all.push(byte),
                Err(_) => break,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), read).await.expect("a head in time");
    String::from_utf8_lossy(&all).into_owned()
}

/// A port of loopback on which nobody listens.
pub(crate) async fn closed_port() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    listener.local_addr().unwrap()
}

fn pem(pair: &Pair) -> (&[u8], &[u8]) {
    (pair.certificate.as_bytes(), pair.key.as_bytes())
}

fn scheme(name: &str, secret: &Secret) -> Scheme {
    Scheme::new(preset(name).unwrap(), &[secret.clone().into()], SchemeOptions::default()).unwrap()
}
