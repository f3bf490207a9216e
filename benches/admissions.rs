//! Admission reviews over TLS: what 500 a second cost, and how many there can be.
//!
//! `cargo bench --bench admissions`. An injector with two workers answers reviews
//! of a Deployment's pod, as an API server sends them: over kept connections of
//! HTTP/1.1, one review at a time on each. First at a steady rate, where what counts is how long
//! a pod waits and how much of a processor is used; then as many as there can
//! be. The generator is in the same process and shares its processors.
//!
//! Exits non-zero when a review failed or the rate was not held. Without
//! `--bench`, as `cargo test --benches` runs it, it makes one short round.

#![allow(clippy::print_stdout, reason = "it is made to be read at a terminal")]

use std::convert::Infallible;
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use countersign::cli;
use countersign::clock::SystemClock;
use countersign::config::Environment;
use countersign::devcerts::Authority;
use countersign::injector::{self, Running};
use countersign::telemetry;
use http::{Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::time::{MissedTickBehavior, interval};
use tokio_rustls::TlsConnector;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn Error + Send + Sync>;

/// What is asked for: a Deployment of a thousand pods in two seconds.
const RATE: u32 = 500;

const CONNECTIONS: usize = 32;

/// A connection, and whose turn it is on it.
type Connection = Arc<Mutex<SendRequest<Full<Bytes>>>>;

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let seconds = if is_bench { 10 } else { 1 };
    let directory = tempfile::tempdir()?;
    let authority = Authority::new("bench")?;
    let running = start(directory.path(), &authority).await?;
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(connect(running.address(), &authority).await?);
    }
    at_a_rate(&connections, RATE * seconds.min(2)).await?;

    let before = processor_time()?;
    let began = Instant::now();
    let mut waits = at_a_rate(&connections, RATE * seconds).await?;
    let took = began.elapsed();
    let spent = processor_time()?.saturating_sub(before);
    waits.sort_unstable();
    let at = |part: usize| waits[(waits.len() - 1) * part / 1000].as_micros();
    println!(
        "{} reviews in {:.2} s: {:.0} a second",
        waits.len(),
        took.as_secs_f64(),
        rate(waits.len(), took)
    );
    println!("wait in µs: median {}, 99 % {}, 99.9 % {}, longest {}", at(500), at(990), at(999), at(1000));
    println!(
        "processor time of the injector's workers: {:.0} µs a review, {:.1} % of one processor",
        spent.as_secs_f64() * 1e6 / count(waits.len()),
        spent.as_secs_f64() / took.as_secs_f64() * 100.0
    );
    if rate(waits.len(), took) < f64::from(RATE) * 0.95 {
        return Err("the rate was not held".into());
    }

    let began = Instant::now();
    let answered = as_many_as_can_be(&connections, Duration::from_secs(seconds.into())).await?;
    println!("as many as can be: {:.0} a second", rate(answered, began.elapsed()));
    tokio::task::spawn_blocking(move || running.stop()).await??;
    Ok(())
}

fn rate(answers: usize, time: Duration) -> f64 {
    count(answers) / time.as_secs_f64()
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

/// Sends `count` reviews at [`RATE`], however long the ones before take. Gives
/// how long each waited for its answer.
async fn at_a_rate(connections: &[Connection], count: u32) -> Result<Vec<Duration>, Failure> {
    let mut ticks = interval(Duration::from_secs(1) / RATE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut reviews = Vec::new();
    for number in 0..count {
        let due = ticks.tick().await;
        let connection = Arc::clone(&connections[number as usize % connections.len()]);
        reviews.push(tokio::spawn(async move {
            review(&connection).await?;
            Ok::<_, Failure>(due.elapsed())
        }));
    }
    let mut waits = Vec::new();
    for review in reviews {
        waits.push(review.await??);
    }
    Ok(waits)
}

/// Keeps a review in flight on each connection for `time`.
async fn as_many_as_can_be(connections: &[Connection], time: Duration) -> Result<usize, Failure> {
    let until = Instant::now() + time;
    let asking = connections.iter().map(Arc::clone).map(|connection| {
        tokio::spawn(async move {
            let mut answered = 0;
            while Instant::now() < until {
                review(&connection).await?;
                answered += 1;
            }
            Ok::<usize, Failure>(answered)
        })
    });
    let mut all = 0;
    for asking in asking.collect::<Vec<_>>() {
        all += asking.await??;
    }
    Ok(all)
}

async fn review(connection: &Connection) -> Result<(), Failure> {
    let request = Request::post("/mutate?timeout=5s")
        .header("host", "injector.test")
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from_static(REVIEW.as_bytes())))?;
    let mut sender = connection.lock().await;
    sender.ready().await?;
    let response = sender.send_request(request).await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    drop(sender);
    let answer: Value = serde_json::from_slice(&body)?;
    let is_injected = answer["response"]["allowed"] == true && answer["response"]["patch"].is_string();
    if status == 200 && is_injected { Ok(()) } else { Err(format!("{status}: {answer}").into()) }
}

/// As the program starts it, with a mounted certificate and two workers. The
/// lines of reviews are made and thrown away.
async fn start(directory: &std::path::Path, authority: &Authority) -> Result<Running, Failure> {
    let pair = authority.server(&["injector.test".to_owned()])?;
    let path = |name: &str| directory.join(name).to_str().map(str::to_owned).ok_or("a path in UTF-8");
    let (cert, key) = (path("tls.crt")?, path("tls.key")?);
    std::fs::write(&cert, pair.certificate)?;
    std::fs::write(&key, pair.key)?;
    let flags = [
        ["--listen", "127.0.0.1:0"],
        ["--admin-listen", "127.0.0.1:0"],
        ["--namespace", "countersign"],
        ["--default", "image=registry.example/countersign:1.0.0"],
        ["--threads", "2"],
        ["--tls-cert", &cert],
        ["--tls-key", &key],
    ];
    let (config, _remarks) = cli::injector_config(flags.concat(), &Environment::empty())?;
    telemetry::write_to(std::io::sink())?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let access = kube::Config::new(format!("http://{}", listener.local_addr()?).parse()?);
    tokio::spawn(cluster(listener));
    Ok(injector::start(config, access, Arc::new(SystemClock)).await?.0)
}

async fn connect(address: SocketAddr, authority: &Authority) -> Result<Connection, Failure> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.certificate().as_bytes())?)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let stream =
        TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("injector.test")?, stream).await?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(Arc::new(Mutex::new(sender)))
}

/// An API server that knows its version and one namespace, of which nothing
/// ever changes.
async fn cluster(listener: TcpListener) -> Result<(), Failure> {
    loop {
        let (stream, _) = listener.accept().await?;
        let service = service_fn(|request: Request<Incoming>| async move {
            let is_watch = request.uri().query().is_some_and(|query| query.contains("watch=true"));
            let body: BoxBody<Bytes, Infallible> = if is_watch {
                StreamBody::new(futures_util::stream::pending::<Result<Frame<Bytes>, Infallible>>()).boxed()
            } else {
                Full::new(Bytes::from(known(request.uri().path()).to_string())).boxed()
            };
            Ok::<_, Infallible>(Response::new(body))
        });
        tokio::spawn(
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
        );
    }
}

fn known(path: &str) -> Value {
    if path == "/version" {
        return json!({
            "major": "1", "minor": "36", "gitVersion": "", "gitCommit": "", "gitTreeState": "", "buildDate": "",
            "goVersion": "", "compiler": "", "platform": "",
        });
    }
    json!({
        "kind": "NamespaceList", "apiVersion": "v1", "metadata": { "resourceVersion": "1" },
        "items": [{ "metadata": { "name": "shop", "resourceVersion": "1", "annotations": {
            "countersign.dev/inject": "guard",
            "countersign.dev/scheme": "github",
            "countersign.dev/secret": "github",
            "countersign.dev/tls-secret": "guard-tls",
            "countersign.dev/client-auth": "off",
            "countersign.dev/upstream-port": "3000",
        } } }],
    })
}

/// Of the threads that answer, by the kernel's account.
fn processor_time() -> Result<Duration, Failure> {
    let mut time = Duration::ZERO;
    for task in std::fs::read_dir("/proc/self/task")? {
        let task = task?.path();
        if std::fs::read_to_string(task.join("comm"))?.starts_with("injector-") {
            let spent = std::fs::read_to_string(task.join("schedstat"))?;
            let nanos = spent.split(' ').next().ok_or("schedstat has three numbers")?.parse()?;
            time += Duration::from_nanos(nanos);
        }
    }
    Ok(time)
}

/// What an API server asks about a pod that a Deployment makes.
const REVIEW: &str = r#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"705ab4f5-6393-11e8-b7cc-42010a800002","kind":{"group":"","version":"v1","kind":"Pod"},"resource":{"group":"","version":"v1","resource":"pods"},"requestKind":{"group":"","version":"v1","kind":"Pod"},"requestResource":{"group":"","version":"v1","resource":"pods"},"namespace":"shop","operation":"CREATE","userInfo":{"username":"system:serviceaccount:kube-system:replicaset-controller","groups":["system:serviceaccounts","system:serviceaccounts:kube-system","system:authenticated"]},"object":{"kind":"Pod","apiVersion":"v1","metadata":{"generateName":"receiver-7d4b9c5f6d-","namespace":"shop","labels":{"app.kubernetes.io/name":"receiver","pod-template-hash":"7d4b9c5f6d"},"ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"receiver-7d4b9c5f6d","uid":"b7a2c3f0-0000-4000-8000-000000000001","controller":true,"blockOwnerDeletion":true}]},"spec":{"volumes":[{"name":"kube-api-access-x7k2p","projected":{"sources":[{"serviceAccountToken":{"expirationSeconds":3607,"path":"token"}},{"configMap":{"name":"kube-root-ca.crt","items":[{"key":"ca.crt","path":"ca.crt"}]}},{"downwardAPI":{"items":[{"path":"namespace","fieldRef":{"apiVersion":"v1","fieldPath":"metadata.namespace"}}]}}],"defaultMode":420}}],"containers":[{"name":"receiver","image":"registry.example/receiver:2.4.1","ports":[{"name":"http","containerPort":3000,"protocol":"TCP"}],"env":[{"name":"LOG_LEVEL","value":"info"}],"resources":{"limits":{"memory":"256Mi"},"requests":{"cpu":"100m","memory":"128Mi"}},"volumeMounts":[{"name":"kube-api-access-x7k2p","readOnly":true,"mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}],"readinessProbe":{"httpGet":{"path":"/healthz","port":3000,"scheme":"HTTP"},"timeoutSeconds":1,"periodSeconds":10,"successThreshold":1,"failureThreshold":3},"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File","imagePullPolicy":"IfNotPresent","securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]},"runAsNonRoot":true}}],"restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","serviceAccountName":"default","serviceAccount":"default","securityContext":{"seccompProfile":{"type":"RuntimeDefault"}},"schedulerName":"default-scheduler","tolerations":[{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":300},{"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}],"priority":0,"enableServiceLinks":true,"preemptionPolicy":"PreemptLowerPriority"},"status":{}},"oldObject":null,"dryRun":false,"options":{"kind":"CreateOptions","apiVersion":"meta.k8s.io/v1"}}}"#;
