//! Several guards in front of one app, with one ledger in Redis, on real clocks.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use countersign::cli;
use countersign::clock::{Clock as _, SystemClock};
use countersign::config::{EngineConfig, Environment};
use countersign::guard::{self, Running};
use countersign::keys::Secret;
use countersign::schemes::{Message, Scheme, SchemeOptions, preset};
use http::{HeaderName, HeaderValue, Method};
use tempfile::TempDir;

use crate::app::App;
use crate::client::{Connection, Failure, Reply};

/// Fields of a signed request.
pub(crate) type Fields = Vec<(HeaderName, HeaderValue)>;

/// The guards and what they stand between.
pub(crate) struct Fleet {
    pub(crate) app: App,
    pub(crate) guards: Vec<Running>,
    sender: Sender,
    _directory: TempDir,
}

/// Signs as the fleet's source does.
#[derive(Clone)]
pub(crate) struct Sender(Arc<Scheme>);

impl Fleet {
    /// As many guards as `count`, each with `flags`, such as `--state URL`.
    pub(crate) async fn start(count: usize, flags: &[&str]) -> Self {
        let (app, directory) = (App::start().await.unwrap(), TempDir::new().unwrap());
        let secret = cli::generate_secret().unwrap();
        let path = directory.path().join("secret");
        let existing = countersign::private_file::Existing::Refuse;
        countersign::private_file::write(&path, secret.expose(), existing).unwrap();
        let (upstream, secret_file) = (format!("http://{}", app.address), path.display().to_string());
        let ordinary =
            ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--plain", "--threads", "1"];
        let ours = ["--upstream", &upstream, "--scheme", "standard-webhooks", "--secret-file", &secret_file];
        let quiet = [
            "--log-level",
            "off",
            "--rate-limit-per-address",
            "1000000/s",
            "--max-connections-per-address",
            "10000",
        ];
        let mut guards = Vec::new();
        for _ in 0..count {
            let all = ordinary.iter().chain(&ours).chain(&quiet).chain(flags);
            let (mut config, _) = cli::guard_config(all.copied(), &Environment::default()).unwrap();
            // A machine that runs many tests at once is no fault here.
            if let EngineConfig::Redis(redis) = &mut config.ledger.engine {
                redis.deadline = Duration::from_millis(500);
            }
            let now = SystemClock.now();
            guards.push(guard::start(config, Arc::new(SystemClock), now).await.unwrap().0);
        }
        let fleet = Self { app, guards, sender: Sender::new(&secret), _directory: directory };
        fleet.pass_the_second().await;
        fleet
    }

    /// Until what is signed now was signed after everything so far.
    pub(crate) async fn pass_the_second(&self) {
        let began = SystemClock.now().as_secs();
        while SystemClock.now().as_secs() <= began {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.guards.iter().map(Running::address).collect()
    }

    pub(crate) fn sender(&self) -> Sender {
        self.sender.clone()
    }

    /// Sends to one of the guards.
    pub(crate) async fn post(&self, guard: usize, fields: &Fields, body: &str) -> Reply {
        post(self.guards[guard].address(), fields, body).await.unwrap()
    }

    /// A delivery signed now.
    pub(crate) fn signed(&self, id: &str) -> Fields {
        self.sender.signed(id, id)
    }

    /// Sends one anew, as a provider does, until somebody has it.
    pub(crate) async fn deliver(&self, guard: usize, id: &str) -> Reply {
        self.sender.deliver(&[self.guards[guard].address()], id).await
    }
}

impl Sender {
    pub(crate) fn new(secret: &Secret) -> Self {
        let standard = preset("standard-webhooks").unwrap();
        Self(Arc::new(Scheme::new(standard, &[secret.clone().into()], SchemeOptions::default()).unwrap()))
    }

    pub(crate) fn signed(&self, id: &str, body: &str) -> Fields {
        let (method, body) = (&Method::POST, body.as_bytes());
        let timestamp = SystemClock.now();
        let message = Message { id: Some(id), timestamp, body, method, target: "/hooks", public_url: None };
        self.0.sign(&message).unwrap()
    }

    /// Sends to the guards in turn, each time signed anew, until one says that
    /// the app has it.
    pub(crate) async fn deliver(&self, guards: &[SocketAddr], id: &str) -> Reply {
        for guard in guards.iter().cycle().take(1500) {
            if let Ok(reply) = post(*guard, &self.signed(id, id), id).await
                && (matches!(reply.status, 200 | 204) || reply.code() == "replayed")
            {
                return reply;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{id} was not delivered");
    }
}

/// Sends the very same until the guard decides, and gives the code.
pub(crate) async fn decided(guard: SocketAddr, fields: &Fields, body: &str) -> String {
    loop {
        let code = post(guard, fields, body).await.unwrap().code();
        if code != "ledger_unavailable" {
            return code;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

pub(crate) async fn post(guard: SocketAddr, fields: &Fields, body: &str) -> Result<Reply, Failure> {
    let mut connection = Connection::plain(guard).await?;
    connection.post("/hooks", fields, Bytes::copy_from_slice(body.as_bytes())).await
}
