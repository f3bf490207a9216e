//! Everything that runs: certificates, the app, the guard in front of it, the
//! senders, and a signer beside one of them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use countersign::cli;
use countersign::clock::{Clock as _, SystemClock, UnixTime};
use countersign::config::Environment;
use countersign::devcerts::{CLIENT_ID, DevCerts};
use countersign::guard::{self, Running};
use countersign::keys::Secret;
use countersign::private_file::Existing;
use countersign::schemes::{Message, Scheme, SchemeOptions, preset};
use http::Method;

use crate::app::App;
use crate::client::{Client, Failure};
use crate::scenes::{Webhook, another_second_than};
use crate::sidecar;

/// Git ignores it; keys in it are readable by their owner alone.
const DIRECTORY: &str = "certs/dev/quickstart";

/// The world in which the scenes are played.
pub(crate) struct World {
    pub(crate) directory: PathBuf,
    pub(crate) app: App,
    /// The sender that the guard expects.
    pub(crate) client: Client,
    /// Without a certificate.
    pub(crate) anonymous: Client,
    /// With a certificate of the same CA, in another name.
    pub(crate) stranger: Client,
    guard: Running,
    signer: Running,
    provider: Scheme,
    forger: Scheme,
}

impl World {
    /// Brings everything up, and says so as it goes.
    pub(crate) async fn start() -> Result<Self, Failure> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(DIRECTORY);
        println!("certificates   a CA, a server and two clients, in {DIRECTORY}/");
        DevCerts::new(&[])?.write(&directory, Existing::Replace)?;
        let secret = write_secret(&directory, "webhook.secret")?;
        let other_secret = write_secret(&directory, "other.secret")?;

        let app = App::start().await?;
        println!("receiver app   http://{}", app.address);

        let guard = start_guard(&directory, app.address).await?;
        println!("guard          https://{}, client certificates required", guard.address());

        let signer = sidecar::start(&directory, guard.address())?;
        println!("signer         http://{}, delivers to the guard", signer.address());

        let read = |name: &str| std::fs::read(directory.join(name));
        let ca = read("ca.pem")?;
        let (client, stranger) =
            ((read("client.pem")?, read("client.key")?), (read("stranger.pem")?, read("stranger.key")?));
        Ok(Self {
            client: Client::new(guard.address(), &ca, Some((&client.0, &client.1)))?,
            stranger: Client::new(guard.address(), &ca, Some((&stranger.0, &stranger.1)))?,
            anonymous: Client::new(guard.address(), &ca, None)?,
            provider: scheme(secret)?,
            forger: scheme(other_secret)?,
            directory,
            app,
            guard,
            signer,
        })
    }

    pub(crate) fn guard_address(&self) -> SocketAddr {
        self.guard.address()
    }

    pub(crate) fn admin_address(&self) -> SocketAddr {
        self.guard.admin_address()
    }

    pub(crate) fn signer_address(&self) -> SocketAddr {
        self.signer.address()
    }

    /// Stops signer and guard as SIGTERM would.
    pub(crate) fn stop(self) -> Result<(), Failure> {
        self.signer.stop()?;
        Ok(self.guard.stop()?)
    }

    /// A genuine webhook with an id of its own, signed now.
    pub(crate) fn signed(&self, body: &[u8]) -> Webhook {
        self.signed_at(body, SystemClock.now())
    }

    /// The same, signed at `time`.
    pub(crate) fn signed_at(&self, body: &[u8], time: UnixTime) -> Webhook {
        sign(&self.provider, new_id(), body, time)
    }

    /// What a provider's retry is: the same id and body, signed anew.
    pub(crate) fn signed_again(&self, first: &Webhook, time: UnixTime) -> Webhook {
        sign(&self.provider, first.id.clone(), &first.body, time)
    }

    /// Signed by someone who does not know the secret.
    pub(crate) fn forged(&self, body: &[u8]) -> Webhook {
        sign(&self.forger, new_id(), body, SystemClock.now())
    }
}

/// The guard, from the same flags that the command line takes.
async fn start_guard(directory: &Path, app: SocketAddr) -> Result<Running, Failure> {
    let file = |name: &str| directory.join(name).display().to_string();
    let upstream = format!("http://{app}");
    let identity = format!("URI:{CLIENT_ID}");
    let (cert, key, ca, secret) =
        (file("server.pem"), file("server.key"), file("ca.pem"), file("webhook.secret"));
    #[rustfmt::skip]
    let flags = [
        "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--upstream", &upstream,
        "--tls-cert", &cert, "--tls-key", &key, "--client-ca", &ca, "--client-identity", &identity,
        "--scheme", "standard-webhooks", "--secret-file", &secret, "--path", "/hooks",
        "--allow-ip", "127.0.0.1/32", "--rate-limit", "20/s", "--log-level", "error",
    ];
    let began = SystemClock.now();
    let (config, _remarks) = cli::guard_config(flags, &Environment::default())?;
    // What was signed in the second of the start is refused, because an earlier
    // process may have seen it. A moment's patience, and nobody notices.
    another_second_than(began).await;
    Ok(guard::start(config, Arc::new(SystemClock), began).await?.0)
}

fn write_secret(directory: &Path, name: &str) -> Result<Secret, Failure> {
    let secret = cli::generate_secret()?;
    countersign::private_file::write(&directory.join(name), secret.expose(), Existing::Replace)?;
    Ok(secret)
}

fn scheme(secret: Secret) -> Result<Scheme, Failure> {
    let preset = preset("standard-webhooks").ok_or("no such preset")?;
    Ok(Scheme::new(preset, &[secret.into()], SchemeOptions::default())?)
}

fn sign(scheme: &Scheme, id: String, body: &[u8], timestamp: UnixTime) -> Webhook {
    let method = Method::POST;
    let message =
        Message { id: Some(&id), timestamp, body, method: &method, target: "/hooks", public_url: None };
    let fields = scheme.sign(&message).expect("an id of our own making can be signed");
    Webhook { id, fields, body: Bytes::copy_from_slice(body) }
}

/// Distinct within a run and between runs.
fn new_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("msg_{}_{}", SystemClock.now().as_millis(), NEXT.fetch_add(1, Ordering::Relaxed))
}
