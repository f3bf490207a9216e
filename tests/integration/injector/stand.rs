//! An injector in a cluster, and the API server's side of asking it.

use std::sync::Arc;
use std::time::Duration;

use base64ct::{Base64, Encoding as _};
use bytes::Bytes;
use countersign::cli;
use countersign::clock::{Clock as _, ManualClock};
use countersign::config::Environment;
use countersign::injector::{self, Reload, Running, StartError};
use http::{HeaderName, HeaderValue};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::cluster::{CONFIGURATIONS, Cluster};
use crate::client::{Connection, Failure, Reply};
use crate::stand::{NOW, get};

/// How long anything may take before a test gives up on it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const DAY: Duration = Duration::from_secs(24 * 3600);

/// How often a test looks at what it waits for and is not told of.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// The name under which the API server asks.
pub(crate) const HOST: &str = "countersign-injector.countersign.svc";

/// One replica.
pub(crate) struct Replica {
    running: Option<Running>,
    pub(crate) reload: Option<Reload>,
    pub(crate) clock: Arc<ManualClock>,
}

pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(NOW))
}

impl Replica {
    /// One in `cluster`, under `clock`, with `flags` beside the usual ones.
    pub(crate) async fn try_start(
        cluster: &Cluster,
        clock: &Arc<ManualClock>,
        flags: &[&str],
    ) -> Result<Self, StartError> {
        let mut all = vec!["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--threads", "2"];
        all.extend(["--namespace", "countersign", "--log-level", "off"]);
        all.extend(flags);
        let (config, _remarks) = cli::injector_config(all, &Environment::empty()).unwrap();
        let (running, reload) = injector::start(config, cluster.access(), Arc::clone(clock) as _).await?;
        Ok(Self { running: Some(running), reload, clock: Arc::clone(clock) })
    }

    /// The same, as the chart starts it.
    pub(crate) async fn start(cluster: &Cluster, clock: &Arc<ManualClock>) -> Self {
        let flags = ["--webhook-configuration", "countersign-injector"];
        Self::try_start(cluster, clock, &flags).await.unwrap()
    }

    /// One that can answer.
    pub(crate) async fn ready(cluster: &Cluster, clock: &Arc<ManualClock>) -> Self {
        let replica = Self::start(cluster, clock).await;
        replica.until_ready().await;
        replica
    }

    pub(crate) fn running(&self) -> &Running {
        self.running.as_ref().expect("a replica is up until `stop`")
    }

    /// A page of the admin port.
    pub(crate) async fn admin(&self, path: &str) -> String {
        get(self.running().admin_address(), path).await
    }

    /// Waits until the admin port's page at `path` has `text`.
    pub(crate) async fn until_admin(&self, path: &str, text: &str) {
        let wait = async {
            while !self.admin(path).await.contains(text) {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, wait).await;
        assert!(in_time.is_ok(), "{text:?} is not in {}", self.admin(path).await);
    }

    pub(crate) async fn until_ready(&self) {
        self.until_admin("/readyz", "200 OK").await;
    }

    /// A connection as the API server makes it: it trusts what `cluster` has as
    /// the bundle.
    pub(crate) async fn connect_raw(&self, cluster: &Cluster) -> Result<TlsStream<TcpStream>, Failure> {
        self.connect_trusting(&bundle(cluster).unwrap_or_default()).await
    }

    /// The same for another bundle.
    pub(crate) async fn connect_trusting(&self, bundle: &str) -> Result<TlsStream<TcpStream>, Failure> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(bundle.as_bytes()) {
            roots.add(certificate?)?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_details(provider, Arc::new(OfTest(Arc::clone(&self.clock))))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(self.running().address()).await?;
        let name = ServerName::try_from(HOST)?;
        Ok(TlsConnector::from(Arc::new(config)).connect(name, stream).await?)
    }

    pub(crate) async fn connect(&self, cluster: &Cluster) -> Result<Connection, Failure> {
        Connection::over(self.connect_raw(cluster).await?).await
    }

    /// The certificate that it shows now, if the API server would trust it.
    pub(crate) async fn certificate(&self, cluster: &Cluster) -> Option<CertificateDer<'static>> {
        let stream = self.connect_raw(cluster).await.ok()?;
        Some(stream.get_ref().1.peer_certificates()?.first()?.clone().into_owned())
    }

    /// Asks about a bare pod in `namespace`, on a connection of its own.
    pub(crate) async fn ask(&self, cluster: &Cluster, namespace: &str) -> Result<Reply, Failure> {
        ask(&mut self.connect(cluster).await?, namespace).await
    }

    /// Stops it and waits until it is down, off this runtime.
    pub(crate) async fn stop(mut self) {
        let running = self.running.take().expect("a replica is stopped once");
        tokio::task::spawn_blocking(move || running.stop()).await.unwrap().unwrap();
    }
}

/// Asks about a bare pod in `namespace`.
pub(crate) async fn ask(connection: &mut Connection, namespace: &str) -> Result<Reply, Failure> {
    let review = Bytes::from(review(namespace).to_string());
    connection.post("/mutate?timeout=5s", &[json_type()], review).await
}

pub(crate) fn json_type() -> (HeaderName, HeaderValue) {
    (http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
}

/// Whether the answer is a review that lets the pod through.
pub(crate) fn is_allowed(reply: &Reply) -> bool {
    let answer: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    // The API server takes an answer of no other type.
    let is_review = answer["apiVersion"] == "admission.k8s.io/v1" && answer["kind"] == "AdmissionReview";
    reply.status == 200
        && is_review
        && answer["response"]["uid"] == UID
        && answer["response"]["allowed"] == true
}

pub(crate) const UID: &str = "705ab4f5-6393-11e8-b7cc-42010a800002";

/// A review as an API server sends it.
pub(crate) fn review(namespace: &str) -> Value {
    json!({
        "kind": "AdmissionReview",
        "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": UID,
            "kind": { "group": "", "version": "v1", "kind": "Pod" },
            "resource": { "group": "", "version": "v1", "resource": "pods" },
            "requestKind": { "group": "", "version": "v1", "kind": "Pod" },
            "requestResource": { "group": "", "version": "v1", "resource": "pods" },
            "name": "app",
            "namespace": namespace,
            "operation": "CREATE",
            "userInfo": { "username": "admin", "groups": ["system:masters", "system:authenticated"] },
            "object": {
                "kind": "Pod",
                "apiVersion": "v1",
                "metadata": { "name": "app", "namespace": namespace },
                "spec": { "containers": [{ "name": "app", "image": "registry.example/app:1" }] },
            },
            "oldObject": null,
            "dryRun": false,
            "options": { "kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1" },
        },
    })
}

/// The bundle that every webhook of the configuration has, if it is one.
pub(crate) fn bundle(cluster: &Cluster) -> Option<String> {
    bundle_of(cluster.get(CONFIGURATIONS, "countersign-injector").as_ref())
}

pub(crate) fn bundle_of(configuration: Option<&Value>) -> Option<String> {
    let webhooks = configuration?["webhooks"].as_array()?;
    let first = &webhooks.first()?["clientConfig"]["caBundle"];
    let same = webhooks.iter().all(|webhook| webhook["clientConfig"]["caBundle"] == *first);
    String::from_utf8(Base64::decode_vec(first.as_str().filter(|_| same)?).ok()?).ok()
}

/// How many CAs there are in the bundle.
pub(crate) fn authorities(cluster: &Cluster) -> usize {
    bundle(cluster).unwrap_or_default().matches("BEGIN CERTIFICATE").count()
}

/// Certificates are valid by the clock of the test.
#[derive(Debug)]
struct OfTest(Arc<ManualClock>);

impl TimeProvider for OfTest {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(self.0.now().as_secs())))
    }
}
