//! What namespaces say for the pods in them.
//!
//! A watch keeps the annotations of all of them at hand. One that it does not
//! know may be younger than the watch is quick, so it is asked for once; who
//! cannot be asked is an error, never a namespace that says nothing: a pod must
//! not start unguarded because an answer was late.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use k8s_openapi::api::core::v1;
use kube::core::PartialObjectMeta;
use kube::runtime::reflector::{ObjectRef, Store, store};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Client};
use tokio::time::timeout;

use super::call::{describe, describe_watch};
use crate::injector::readiness::Readiness;

type Metadata = PartialObjectMeta<v1::Namespace>;

/// See the module's description.
pub(crate) struct Namespaces {
    known: Store<Metadata>,
    api: Api<Metadata>,
}

/// One namespace.
pub(crate) struct Namespace(Arc<Metadata>);

/// Why nothing can be said of a namespace.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unknown {
    #[error("there is no such namespace")]
    Absent,
    #[error("the API server did not answer in time")]
    Late,
    #[error("the API server: {0}")]
    Unreachable(String),
}

impl Namespaces {
    /// Knows none yet. What comes with it keeps it up to date for as long as it
    /// is polled.
    pub(crate) fn new(client: Client, readiness: Arc<Readiness>) -> (Self, impl Future<Output = ()> + Send) {
        let api: Api<Metadata> = Api::all(client);
        let (known, writer) = store();
        let events = watcher(api.clone(), watcher::Config::default()).default_backoff();
        let events = events.modify(Metadata::keep_ours).reflect(writer);
        let reader = known.clone();
        let follow = async move {
            let log = events.for_each(|event| {
                if let Err(error) = event {
                    tracing::warn!(error = describe_watch(&error), "cannot watch the namespaces");
                }
                futures_util::future::ready(())
            });
            let ready = async {
                if reader.wait_until_ready().await.is_ok() {
                    readiness.namespaces_known();
                }
            };
            futures_util::future::join(log, ready).await;
        };
        (Self { known, api }, follow)
    }

    /// The namespace of that name, asked for within `patience` if it is new.
    pub(crate) async fn get(&self, name: &str, patience: Duration) -> Result<Namespace, Unknown> {
        if let Some(known) = self.known.get(&ObjectRef::new(name)) {
            return Ok(Namespace(known));
        }
        match timeout(patience, self.api.get_opt(name)).await {
            Ok(Ok(Some(found))) => Ok(Namespace(Arc::new(found))),
            Ok(Ok(None)) => Err(Unknown::Absent),
            Ok(Err(error)) => Err(Unknown::Unreachable(describe(&error))),
            Err(_) => Err(Unknown::Late),
        }
    }
}

impl Namespace {
    /// Its annotations, other people's too where it was asked for.
    pub(crate) fn annotations(&self) -> &BTreeMap<String, String> {
        static NONE: BTreeMap<String, String> = BTreeMap::new();
        self.0.metadata.annotations.as_ref().unwrap_or(&NONE)
    }
}

/// What is kept of an object in memory.
trait KeepOurs {
    fn keep_ours(&mut self);
}

impl KeepOurs for Metadata {
    /// Drops what nobody asks for: annotations of others can be long.
    fn keep_ours(&mut self) {
        let metadata = &mut self.metadata;
        metadata.managed_fields = None;
        metadata.labels = None;
        if let Some(annotations) = &mut metadata.annotations {
            annotations.retain(|key, _| key.starts_with(OURS));
        }
    }
}

const OURS: &str = "countersign.dev/";
