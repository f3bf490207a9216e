//! A signer with an app in front of it.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use countersign::cli;
use countersign::clock::{Clock, SystemClock};
use countersign::config::Environment;
use countersign::signer::{self, Running};
use http::{HeaderName, HeaderValue};

use crate::client::{Connection, Reply};
use crate::stand::{Stand, get};

/// A secret that no preset finds fault with.
pub(super) const SECRET: &str = "whsec_Q291bnRlcnNpZ25Db3VudGVyc2lnbkNvdW50ZXJzaWdu";

/// A running signer.
pub(super) struct Signer(Option<Running>);

impl Signer {
    /// With these flags, on ports of the system's choice.
    pub(super) fn start(flags: &[&str], clock: Arc<dyn Clock>) -> Self {
        let mut all = vec!["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--threads", "1"];
        all.extend(["--log-level", "off"]);
        all.extend(flags);
        let environment =
            [("SECRET".to_owned(), SECRET.to_owned()), ("TOKEN".to_owned(), "s3cr3t".to_owned())];
        let environment = Environment::from_iter(environment);
        let (config, _remarks) = cli::signer_config(all, &environment).unwrap();
        Self(Some(signer::start(config, clock).unwrap()))
    }

    /// Toward `consumer` on loopback, in the clear.
    pub(super) fn plain(consumer: SocketAddr, flags: &[&str]) -> Self {
        let url = format!("http://{consumer}/hooks");
        let mut all = vec!["--endpoint", &url, "--allow-plain", "--allow-destination", "127.0.0.0/8"];
        all.extend(flags);
        if !flags.iter().any(|flag| flag.starts_with("--secret")) {
            all.extend(["--secret-env", "SECRET"]);
        }
        Self::start(&all, Arc::new(SystemClock))
    }

    /// Toward the guard of `stand`, over mutual TLS, with its secret and clock.
    pub(super) fn toward(stand: &Stand, flags: &[&str]) -> Self {
        let url = format!("https://localhost:{}/hooks", stand.guard().address().port());
        let (secret, ca) = (stand.file("secret"), stand.file("ca.pem"));
        let (cert, key) = (stand.file("client.pem"), stand.file("client.key"));
        let mut all = vec!["--endpoint", &url, "--secret-file", &secret, "--ca", &ca];
        all.extend(["--cert", &cert, "--key", &key]);
        all.extend(["--allow-destination", "127.0.0.0/8", "--allow-destination", "::1"]);
        all.extend(flags);
        Self::start(&all, Arc::clone(&stand.clock) as _)
    }

    pub(super) fn running(&self) -> &Running {
        self.0.as_ref().expect("the signer is up until `stop`")
    }

    /// What an app gets for a webhook.
    pub(super) async fn post(&self, path: &str, fields: &[(&'static str, &str)], body: &[u8]) -> Reply {
        let field = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        };
        let fields: Vec<_> = fields.iter().map(field).collect();
        let mut connection = Connection::plain(self.running().address()).await.unwrap();
        connection.post(path, &fields, Bytes::copy_from_slice(body)).await.unwrap()
    }

    /// Status and code of what an app gets for an ordinary webhook.
    pub(super) async fn outcome(&self, path: &str, fields: &[(&'static str, &str)]) -> (u16, String) {
        let reply = self.post(path, fields, b"{}").await;
        let code = reply.fields.get("countersign-error").map(|code| code.to_str().unwrap().to_owned());
        assert_eq!(code.is_some(), !reply.code().is_empty(), "field and document go together");
        (reply.status, code.unwrap_or_default())
    }

    /// A page of the admin port.
    pub(super) async fn admin(&self, path: &str) -> String {
        get(self.running().admin_address(), path).await
    }

    /// Stops it and waits until it is down, off this runtime.
    pub(super) async fn stop(mut self) {
        let running = self.0.take().expect("a signer is stopped once");
        tokio::task::spawn_blocking(move || running.stop()).await.unwrap().unwrap();
    }
}
