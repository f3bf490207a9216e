//! An API server as far as the injector needs one: objects with versions,
//! lists, watches, create-only, conflicts and JSON Patch. It can be told to
//! fail, and counts what is written.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use base64ct::{Base64, Encoding as _};
use bytes::Bytes;
use countersign::devcerts::Authority;
use futures_util::{Stream, StreamExt as _, stream};
use http::{Method, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::over_tls::acceptor;

pub(crate) const NAMESPACES: &str = "/api/v1/namespaces";
pub(crate) const SECRETS: &str = "/api/v1/namespaces/countersign/secrets";
pub(crate) const CONFIGURATIONS: &str = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
pub(crate) const DEPLOYMENTS: &str = "/apis/apps/v1/deployments";

/// What the last segment of a collection's path may be.
const PLURALS: [&str; 7] = [
    "deployments",
    "mutatingwebhookconfigurations",
    "namespaces",
    "networkpolicies",
    "pods",
    "secrets",
    "services",
];

/// The server. Its objects outlive its outages.
pub(crate) struct Cluster {
    address: SocketAddr,
    authority: Authority,
    state: Arc<State>,
}

struct State {
    objects: Mutex<Objects>,
    /// The version of the last change; watches wait for it.
    version: watch::Sender<u64>,
    /// Counts outages: a watch ends with the one it began in.
    outages: watch::Sender<u64>,
}

#[derive(Default)]
struct Objects {
    minor: String,
    is_down: bool,
    forbidden: Vec<String>,
    version: u64,
    there: BTreeMap<(String, String), Value>,
    history: Vec<Change>,
    calls: Vec<(Method, String, StatusCode)>,
}

#[derive(Clone)]
struct Change {
    version: u64,
    collection: String,
    name: String,
    kind: &'static str,
    object: Value,
}

type Body = UnsyncBoxBody<Bytes, Infallible>;

impl Cluster {
    /// A cluster with the webhook configuration `countersign-injector`, of two
    /// webhooks, and the namespace `shop`.
    pub(crate) async fn start() -> Self {
        let authority = Authority::new("a cluster's CA").unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let objects = Objects { minor: "36".to_owned(), ..Objects::default() };
        let (version, outages) = (watch::Sender::new(0), watch::Sender::new(0));
        let state = Arc::new(State { objects: Mutex::new(objects), version, outages });
        tokio::spawn(serve(listener, acceptor(&authority), Arc::clone(&state)));
        let cluster = Self { address, authority, state };
        let webhook = |name: &str| json!({ "name": name, "clientConfig": {}, "sideEffects": "None", "admissionReviewVersions": ["v1"] });
        let webhooks = ["namespaces.injector.countersign.dev", "pods.injector.countersign.dev"].map(webhook);
        cluster.put(CONFIGURATIONS, "countersign-injector", json!({ "webhooks": webhooks }));
        cluster.put(NAMESPACES, "shop", json!({}));
        cluster
    }

    /// How to reach it.
    pub(crate) fn access(&self) -> kube::Config {
        let mut access = kube::Config::new(format!("https://{}", self.address).parse().unwrap());
        let ca = self.authority.certificate();
        access.root_cert = Some(vec![CertificateDer::from_pem_slice(ca.as_bytes()).unwrap().to_vec()]);
        access
    }

    /// The same as a kubeconfig.
    pub(crate) fn kubeconfig(&self) -> String {
        let ca = Base64::encode_string(self.authority.certificate().as_bytes());
        let server = format!("https://{}", self.address);
        json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "contexts": [{ "name": "test", "context": { "cluster": "test", "user": "test" } }],
            "clusters": [{ "name": "test", "cluster": { "server": server, "certificate-authority-data": ca } }],
            "users": [{ "name": "test", "user": {} }],
        })
        .to_string()
    }

    /// Nobody may list `collection`.
    pub(crate) fn forbid(&self, collection: &str) {
        self.state.objects.lock().unwrap().forbidden.push(collection.to_owned());
    }

    /// Another version of Kubernetes.
    pub(crate) fn set_minor(&self, minor: &str) {
        minor.clone_into(&mut self.state.objects.lock().unwrap().minor);
    }

    /// Every call fails from now on, and every watch ends; or no longer.
    pub(crate) fn set_down(&self, is_down: bool) {
        self.state.objects.lock().unwrap().is_down = is_down;
        self.state.outages.send_modify(|outages| *outages += 1);
    }

    pub(crate) fn get(&self, collection: &str, name: &str) -> Option<Value> {
        let objects = self.state.objects.lock().unwrap();
        objects.there.get(&(collection.to_owned(), name.to_owned())).cloned()
    }

    /// Puts an object there, whatever was there before.
    pub(crate) fn put(&self, collection: &str, name: &str, object: Value) {
        self.state.change(collection, name, Some(object));
    }

    pub(crate) fn delete(&self, collection: &str, name: &str) {
        self.state.change(collection, name, None);
    }

    /// How many calls of `method` to `path` and what is below it were answered
    /// with `status`.
    pub(crate) fn calls(&self, method: &Method, path: &str, status: u16) -> usize {
        let objects = self.state.objects.lock().unwrap();
        let is_one = |call: &&(Method, String, StatusCode)| {
            call.0 == method && call.1.starts_with(path) && call.2 == status
        };
        objects.calls.iter().filter(is_one).count()
    }

    /// Waits until `object` in its present state, and after each change of
    /// anything, is as `wanted`.
    pub(crate) async fn until(&self, collection: &str, name: &str, wanted: impl Fn(Option<&Value>) -> bool) {
        let mut version = self.state.version.subscribe();
        let wait = async {
            while !wanted(self.get(collection, name).as_ref()) {
                version.changed().await.unwrap();
            }
        };
        let in_time = tokio::time::timeout(super::stand::PATIENCE, wait).await;
        in_time.unwrap_or_else(|_| panic!("{collection}/{name}: {:?}", self.get(collection, name)));
    }
}

async fn serve(listener: TcpListener, tls: TlsAcceptor, state: Arc<State>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (tls, state) = (tls.clone(), Arc::clone(&state));
        tokio::spawn(async move {
            let Ok(stream) = tls.accept(stream).await else { return };
            let service = service_fn(move |request| answer(Arc::clone(&state), request));
            http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.ok();
        });
    }
}

async fn answer(state: Arc<State>, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let path = parts.uri.path().to_owned();
    let query: BTreeMap<String, String> =
        form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let response = state.handle(&parts.method, &path, &query, &body);
    state.objects.lock().unwrap().calls.push((parts.method, path, response.status()));
    Ok(response)
}

impl State {
    fn handle(
        self: &Arc<Self>,
        method: &Method,
        path: &str,
        query: &BTreeMap<String, String>,
        body: &[u8],
    ) -> Response<Body> {
        if self.objects.lock().unwrap().is_down {
            return status(503, "ServiceUnavailable");
        }
        if path == "/version" {
            return whole(200, &version(&self.objects.lock().unwrap().minor));
        }
        if self.objects.lock().unwrap().forbidden.iter().any(|collection| collection == path) {
            return status(403, "Forbidden");
        }
        let (collection, name) = path.rsplit_once('/').unwrap();
        if PLURALS.contains(&name) {
            return match *method {
                Method::GET if query.contains_key("watch") => self.watch(path, query),
                Method::GET => self.list(path, query),
                Method::POST => self.create(path, body),
                _ => status(405, "MethodNotAllowed"),
            };
        }
        let Some(there) = self.objects.lock().unwrap().there.get(&key(collection, name)).cloned() else {
            return status(404, "NotFound");
        };
        match *method {
            Method::GET => whole(200, &there),
            Method::PUT => self.replace(collection, name, &there, body),
            Method::PATCH => self.patch(collection, name, there, body),
            _ => status(405, "MethodNotAllowed"),
        }
    }

    fn create(&self, collection: &str, body: &[u8]) -> Response<Body> {
        let object: Value = serde_json::from_slice(body).unwrap();
        let name = object["metadata"]["name"].as_str().unwrap().to_owned();
        let exists = self.objects.lock().unwrap().there.contains_key(&key(collection, &name));
        if exists {
            status(409, "AlreadyExists")
        } else {
            whole(201, &self.change(collection, &name, Some(object)))
        }
    }

    fn replace(&self, collection: &str, name: &str, there: &Value, body: &[u8]) -> Response<Body> {
        let object: Value = serde_json::from_slice(body).unwrap();
        let version = |object: &Value| object["metadata"]["resourceVersion"].clone();
        if version(&object) != version(there) {
            return status(409, "Conflict");
        }
        whole(200, &self.change(collection, name, Some(object)))
    }

    /// A test that fails is 422, as tried with a real one.
    fn patch(&self, collection: &str, name: &str, mut there: Value, body: &[u8]) -> Response<Body> {
        let patch: json_patch::Patch = serde_json::from_slice(body).unwrap();
        match json_patch::patch(&mut there, &patch) {
            Ok(()) => whole(200, &self.change(collection, name, Some(there))),
            Err(_) => status(422, "Invalid"),
        }
    }

    fn list(&self, collection: &str, query: &BTreeMap<String, String>) -> Response<Body> {
        let objects = self.objects.lock().unwrap();
        let is_in = |(place, name): &(String, String)| place == collection && selects(query, name);
        let items: Vec<&Value> =
            objects.there.iter().filter(|(place, _)| is_in(place)).map(|(_, object)| object).collect();
        let version = objects.version.to_string();
        whole(
            200,
            &json!({ "kind": "List", "apiVersion": "v1", "metadata": { "resourceVersion": version }, "items": items }),
        )
    }

    fn watch(self: &Arc<Self>, collection: &str, query: &BTreeMap<String, String>) -> Response<Body> {
        let from = query["resourceVersion"].parse().unwrap();
        let changes = self.changes(collection.to_owned(), query.clone(), from);
        let line = |change: Change| {
            let event = json!({ "type": change.kind, "object": change.object });
            Ok(Frame::data(Bytes::from(event.to_string() + "\n")))
        };
        Response::new(BodyExt::boxed_unsync(StreamBody::new(changes.map(line))))
    }

    /// What changes after `from`, until the next outage.
    fn changes(
        self: &Arc<Self>,
        collection: String,
        query: BTreeMap<String, String>,
        from: u64,
    ) -> impl Stream<Item = Change> + Send + use<> {
        let begin =
            (Arc::clone(self), self.version.subscribe(), self.outages.subscribe(), from, VecDeque::new());
        stream::unfold(begin, move |(state, mut version, mut outages, mut from, mut ready)| {
            let (collection, query) = (collection.clone(), query.clone());
            async move {
                loop {
                    if let Some(change) = ready.pop_front() {
                        return Some((change, (state, version, outages, from, ready)));
                    }
                    {
                        let objects = state.objects.lock().unwrap();
                        let new = objects.history.iter().filter(|change| change.version > from);
                        let ours = |change: &&Change| {
                            change.collection == collection && selects(&query, &change.name)
                        };
                        ready.extend(new.filter(ours).cloned());
                        from = objects.version;
                    }
                    if ready.is_empty() {
                        tokio::select! {
                            changed = version.changed() => changed.ok()?,
                            _ = outages.changed() => return None,
                        }
                    }
                }
            }
        })
    }

    /// Changes one object, or takes it away.
    fn change(&self, collection: &str, name: &str, object: Option<Value>) -> Value {
        let mut objects = self.objects.lock().unwrap();
        objects.version += 1;
        let version = objects.version;
        let before = objects.there.remove(&key(collection, name));
        let kind = match (&before, &object) {
            (_, None) => "DELETED",
            (None, Some(_)) => "ADDED",
            (Some(_), Some(_)) => "MODIFIED",
        };
        let is_there = object.is_some();
        let mut object = object.or(before).unwrap();
        object["metadata"]["name"] = name.into();
        object["metadata"]["resourceVersion"] = version.to_string().into();
        if is_there {
            objects.there.insert(key(collection, name), object.clone());
        }
        let (collection, name) = (collection.to_owned(), name.to_owned());
        objects.history.push(Change { version, collection, name, kind, object: object.clone() });
        drop(objects);
        self.version.send_replace(version);
        object
    }
}

fn key(collection: &str, name: &str) -> (String, String) {
    (collection.to_owned(), name.to_owned())
}

fn selects(query: &BTreeMap<String, String>, name: &str) -> bool {
    query.get("fieldSelector").is_none_or(|selector| selector.strip_prefix("metadata.name=") == Some(name))
}

fn version(minor: &str) -> Value {
    json!({
        "major": "1", "minor": minor, "gitVersion": "", "gitCommit": "", "gitTreeState": "", "buildDate": "",
        "goVersion": "", "compiler": "", "platform": "",
    })
}

fn status(code: u16, reason: &str) -> Response<Body> {
    let status = json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": reason, "reason": reason, "code": code });
    whole(code, &status)
}

fn whole(code: u16, object: &Value) -> Response<Body> {
    let mut response = Response::new(Full::new(Bytes::from(object.to_string())).boxed_unsync());
    *response.status_mut() = StatusCode::from_u16(code).unwrap();
    response.headers_mut().insert("content-type", http::HeaderValue::from_static("application/json"));
    response
}
