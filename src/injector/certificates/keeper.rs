//! The Secret with the injector's own CA and certificate, which all replicas
//! share: made by whichever is first, renewed by whichever wins.
//!
//! Nothing is overwritten that was not seen, and nothing is made anew for want
//! of an answer: creating is create-only and replacing names the version that
//! was seen, so of two that write at once one does, and the other takes what
//! it wrote. What cannot be read stays as it is, and so does what is shown.
//! A Secret that somebody deletes is written again as it was.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::PostParams;
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Client, ResourceExt as _};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use tokio::select;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::bundle::{FIELD_MANAGER, InForce};
use super::kept::Kept;
use super::rotation::{Policy, Sight};
use super::serving::Serving;
use crate::clock::Clock;
use crate::config::SelfManaged;
use crate::injector::cluster::{CALL_TIMEOUT, Retry, describe, describe_watch, unless_conflict};
use crate::telemetry::ProcessMetrics;

/// Keeps the Secret, and shows what is in it.
pub(crate) struct Keeper {
    api: Api<Secret>,
    name: String,
    policy: Policy,
    clock: Arc<dyn Clock>,
    serving: Arc<Serving>,
    metrics: Arc<ProcessMetrics>,
    wanted: watch::Sender<Option<Bytes>>,
    /// `None` where nobody looks at the configuration.
    in_force: Option<watch::Receiver<Option<InForce>>>,
    seen: Seen,
    /// What is shown: the last that could be read.
    kept: Option<Kept>,
    retry: Retry,
}

/// What is known of the Secret.
enum Seen {
    /// Nothing yet: nothing may be made.
    Unknown,
    /// It is not there.
    Absent,
    /// It is there, with what it keeps, if anything.
    There(Box<Secret>, Option<Box<Kept>>),
    /// It is there and cannot be read.
    Damaged,
}

/// What the Secret is after a write.
enum Written {
    Ours(Box<Secret>),
    Theirs(Box<Secret>),
}

impl Keeper {
    #[allow(clippy::too_many_arguments, reason = "each is of another type and has one place")]
    pub(super) fn new(
        client: Client,
        namespace: &str,
        own: &SelfManaged,
        clock: Arc<dyn Clock>,
        serving: Arc<Serving>,
        metrics: Arc<ProcessMetrics>,
        wanted: watch::Sender<Option<Bytes>>,
        in_force: Option<watch::Receiver<Option<InForce>>>,
    ) -> Self {
        Self {
            api: Api::namespaced(client, namespace),
            name: own.secret.clone(),
            policy: Policy::new(own, namespace),
            clock,
            serving,
            metrics,
            wanted,
            in_force,
            seen: Seen::Unknown,
            kept: None,
            retry: Retry::default(),
        }
    }

    /// Looks after it for as long as it is polled.
    pub(crate) async fn run(mut self) {
        let mut looks = watcher::watch_object(self.api.clone(), &self.name).default_backoff().boxed();
        let mut ticks = interval(LOOK_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            select! {
                looked = looks.next() => match looked {
                    Some(Ok(secret)) => self.take(secret),
                    Some(Err(error)) => {
                        let error = describe_watch(&error);
                        tracing::warn!(error, secret = self.name, "cannot watch the Secret");
                    }
                    None => return,
                },
                _ = ticks.tick() => {}
            }
            self.step().await;
        }
    }

    /// Takes note of what is there now.
    fn take(&mut self, secret: Option<Secret>) {
        let Some(secret) = secret else {
            self.seen = Seen::Absent;
            return;
        };
        let none = super::kept::Entries::new();
        match Kept::read(secret.data.as_ref().unwrap_or(&none)) {
            Ok(kept) => {
                if let Some(kept) = &kept {
                    self.show(kept);
                }
                self.seen = Seen::There(Box::new(secret), kept.map(Box::new));
            }
            Err(damage) => {
                let what = "the Secret cannot be used and is left as it is: mend it, or remove its data to have it filled again";
                tracing::error!(%damage, secret = self.name, "{what}");
                self.seen = Seen::Damaged;
            }
        }
    }

    /// Shows `kept` from now on, and has its bundle brought to the API server.
    fn show(&mut self, kept: &Kept) {
        if self.kept.as_ref() != Some(kept) {
            let key = PrivateKeyDer::from_pem_slice(kept.leaf.key.expose());
            let key = key.expect("a key that was read is a key");
            if let Err(error) = self.serving.put(vec![kept.leaf.certificate.der().clone()], key) {
                tracing::error!(%error, "the certificate cannot be shown");
                return;
            }
            self.metrics.set_certificate_expiry("server", kept.leaf.certificate.not_after());
            self.metrics.set_certificate_expiry("ca", kept.current.certificate.not_after());
            self.kept = Some(kept.clone());
        }
        let bundle = Bytes::from(kept.bundle());
        self.wanted.send_if_modified(|wanted| {
            let changed = wanted.as_ref() != Some(&bundle);
            *wanted = Some(bundle);
            changed
        });
    }

    /// Does what is due, if anything is.
    async fn step(&mut self) {
        if !self.retry.is_due() {
            return;
        }
        let Some((kept, what)) = self.next() else { return };
        self.retry.note_try();
        let written = match &self.seen {
            Seen::Unknown | Seen::Damaged => return,
            Seen::Absent => self.create(&kept).await,
            Seen::There(secret, _) => self.replace(secret, &kept).await,
        };
        match written {
            Ok(Written::Ours(secret)) => {
                tracing::info!(secret = self.name, "{what}");
                self.take(Some(*secret));
            }
            Ok(Written::Theirs(secret)) => self.take(Some(*secret)),
            Err(error) => tracing::warn!(error, secret = self.name, "cannot write the Secret"),
        }
    }

    /// What is to be written now, if anything, and what that means.
    fn next(&self) -> Option<(Kept, &'static str)> {
        let there = match &self.seen {
            Seen::Unknown | Seen::Damaged => return None,
            Seen::Absent | Seen::There(_, None) => {
                if let Some(kept) = &self.kept {
                    return Some((
                        kept.clone(),
                        "the CA and the certificate were gone, and are as they were",
                    ));
                }
                None
            }
            Seen::There(_, there) => there.as_deref(),
        };
        let now = self.clock.now();
        let due = self.policy.due(there, self.sight(there), now)?;
        let made = self.policy.make(due, there, now);
        let made = made.inspect_err(|error| tracing::error!(%error, "cannot make a certificate"));
        Some((made.ok()?, due.done()))
    }

    fn sight(&self, kept: Option<&Kept>) -> Sight {
        let Some(in_force) = &self.in_force else { return Sight::Unwatched };
        let in_force = in_force.borrow();
        let same = in_force.as_ref().zip(kept).filter(|(in_force, kept)| in_force.bundle == kept.bundle());
        same.map_or(Sight::Different, |(in_force, _)| Sight::Since(in_force.since))
    }

    async fn create(&self, kept: &Kept) -> Result<Written, String> {
        let labels = LABELS.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let metadata = ObjectMeta {
            name: Some(self.name.clone()),
            labels: Some(labels.into()),
            ..ObjectMeta::default()
        };
        let secret = Secret { metadata, type_: Some("Opaque".to_owned()), ..Secret::default() };
        let secret = with(secret, kept);
        let written = timeout(CALL_TIMEOUT, self.api.create(&params(), &secret)).await;
        self.or_theirs(unless_conflict(written)?).await
    }

    /// `seen` names its version: nothing that came after it is lost.
    async fn replace(&self, seen: &Secret, kept: &Kept) -> Result<Written, String> {
        let secret = with(seen.clone(), kept);
        debug_assert!(secret.resource_version().is_some(), "what was seen has a version");
        let written = timeout(CALL_TIMEOUT, self.api.replace(&self.name, &params(), &secret)).await;
        self.or_theirs(unless_conflict(written)?).await
    }

    /// What was written; or, where somebody was faster, what they wrote.
    async fn or_theirs(&self, written: Option<Secret>) -> Result<Written, String> {
        if let Some(written) = written {
            return Ok(Written::Ours(Box::new(written)));
        }
        tracing::info!(secret = self.name, "another replica was faster: its Secret counts");
        match timeout(CALL_TIMEOUT, self.api.get(&self.name)).await {
            Ok(Ok(theirs)) => Ok(Written::Theirs(Box::new(theirs))),
            Ok(Err(error)) => Err(describe(&error)),
            Err(_) => Err("no answer in time".to_owned()),
        }
    }
}

fn with(mut secret: Secret, kept: &Kept) -> Secret {
    kept.write(secret.data.get_or_insert_default());
    secret
}

fn params() -> PostParams {
    PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() }
}

/// Kubernetes documentation, "Recommended Labels".
const LABELS: [(&str, &str); 3] = [
    ("app.kubernetes.io/name", "countersign"),
    ("app.kubernetes.io/component", "injector"),
    ("app.kubernetes.io/managed-by", "countersign-injector"),
];

/// How often the time is asked. What is due is due within a third of a
/// lifetime.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
