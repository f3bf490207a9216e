//! The `caBundle` of the webhook configuration: looked at, and put right where
//! it differs.
//!
//! Whoever changes it is answered with the same change back, at growing
//! intervals, so that two that cannot agree do not wear out the API server. The
//! first time a moment later: another replica may have written what this one is
//! about to read in their Secret.
//! Where cert-manager was asked to keep it, nothing is written at all.
//! What is written carries a test of the version that was seen: of two replicas
//! that write at once, one does.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use kube::api::{Patch, PatchParams};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Client, ResourceExt as _};
use serde_json::{Value, json};
use tokio::select;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use crate::clock::{Clock, UnixTime};
use crate::injector::cluster::{CALL_TIMEOUT, Retry, describe_watch, unless_conflict};
use crate::injector::readiness::Readiness;

/// A bundle that was seen in force, in every webhook of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InForce {
    pub(super) bundle: Bytes,
    /// When it was seen first.
    pub(super) since: UnixTime,
}

/// Keeps one configuration right.
pub(crate) struct BundleKeeper {
    api: Api<MutatingWebhookConfiguration>,
    name: String,
    clock: Arc<dyn Clock>,
    readiness: Arc<Readiness>,
    /// What is to be in force.
    wanted: watch::Receiver<Option<Bytes>>,
    in_force: watch::Sender<Option<InForce>>,
    seen: Option<MutatingWebhookConfiguration>,
    retry: Retry,
}

/// What a look at the configuration says.
#[derive(Clone, Debug, PartialEq)]
enum Finding {
    Right,
    /// Not ours to change: whose, and why.
    Theirs(&'static str),
    /// The JSON Patch (RFC 6902) that would put it right.
    Wrong(Value),
}

impl BundleKeeper {
    pub(super) fn new(
        client: Client,
        name: String,
        clock: Arc<dyn Clock>,
        readiness: Arc<Readiness>,
        wanted: watch::Receiver<Option<Bytes>>,
    ) -> (Self, watch::Receiver<Option<InForce>>) {
        let (in_force, seen_in_force) = watch::channel(None);
        let api = Api::all(client);
        let (seen, retry) = (None, Retry::default());
        (Self { api, name, clock, readiness, wanted, in_force, seen, retry }, seen_in_force)
    }

    /// Looks after it for as long as it is polled.
    pub(crate) async fn run(mut self) {
        let mut looks = watcher::watch_object(self.api.clone(), &self.name).default_backoff().boxed();
        loop {
            let again = self.retry.at().unwrap_or_else(|| Instant::now() + IDLE);
            select! {
                looked = looks.next() => match looked {
                    Some(Ok(seen)) => self.take(seen),
                    Some(Err(error)) => {
                        let error = describe_watch(&error);
                        tracing::warn!(error, name = self.name, "cannot watch the webhook configuration");
                    }
                    None => return,
                },
                Ok(()) = self.wanted.changed() => {}
                () = sleep_until(again) => {}
            }
            if self.retry.is_due() {
                self.put_right().await;
            }
        }
    }

    fn take(&mut self, seen: Option<MutatingWebhookConfiguration>) {
        if seen.is_none() {
            tracing::warn!(name = self.name, "there is no such webhook configuration: no pod is injected");
        }
        self.seen = seen;
    }

    async fn put_right(&mut self) {
        let Some(wanted) = self.wanted.borrow_and_update().clone() else { return };
        let Some(seen) = &self.seen else { return self.note(None) };
        match find(seen, &wanted) {
            Finding::Right => self.note(Some(wanted)),
            Finding::Theirs(whose) => {
                self.note(None);
                tracing::warn!(
                    name = self.name,
                    whose,
                    "the caBundle is kept by somebody else, and is not the injector's"
                );
                self.retry.note_try();
            }
            Finding::Wrong(_) if self.is_noted(&wanted) => {
                self.note(None);
                self.retry.wait(SETTLING);
            }
            Finding::Wrong(patch) => {
                self.note(None);
                self.write(&patch).await;
            }
        }
    }

    /// Whether `bundle` was in force at the last look.
    fn is_noted(&self, bundle: &Bytes) -> bool {
        self.in_force.borrow().as_ref().is_some_and(|in_force| in_force.bundle == *bundle)
    }

    /// What is written comes back by the watch too, and whoever was faster.
    async fn write(&mut self, patch: &Value) {
        // Whatever becomes of it, the next one waits a little longer.
        self.retry.note_try();
        let params = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
        let patch = serde_json::from_value(patch.clone()).expect("the patch is one");
        let patch = Patch::Json::<MutatingWebhookConfiguration>(patch);
        let written = timeout(CALL_TIMEOUT, self.api.patch(&self.name, &params, &patch)).await;
        let refused = matches!(&written, Ok(Err(kube::Error::Api(status))) if status.code == UNPROCESSABLE);
        match unless_conflict(written) {
            Ok(Some(seen)) => {
                tracing::info!(name = self.name, "put the caBundle right");
                self.seen = Some(seen);
            }
            Ok(None) => {}
            Err(_) if refused && self.has_changed().await => {}
            Err(error) => tracing::warn!(error, name = self.name, "cannot put the caBundle right"),
        }
    }

    /// Whether the configuration is another than the one seen. An API server
    /// says of a test that failed no more than that the patch did.
    async fn has_changed(&self) -> bool {
        let there = timeout(CALL_TIMEOUT, self.api.get(&self.name)).await;
        let version = |seen: &MutatingWebhookConfiguration| seen.resource_version();
        there.is_ok_and(|there| {
            there.is_ok_and(|there| self.seen.as_ref().map(version) != Some(version(&there)))
        })
    }

    /// Says since when `bundle` is in force.
    fn note(&self, bundle: Option<Bytes>) {
        if bundle.is_some() {
            self.readiness.bundle_seen();
        }
        self.in_force.send_if_modified(|in_force| {
            if in_force.as_ref().map(|in_force| &in_force.bundle) == bundle.as_ref() {
                return false;
            }
            *in_force = bundle.map(|bundle| InForce { bundle, since: self.clock.now() });
            true
        });
    }
}

fn find(configuration: &MutatingWebhookConfiguration, wanted: &[u8]) -> Finding {
    let webhooks = configuration.webhooks.as_deref().unwrap_or_default();
    let is_right = |place: &usize| {
        webhooks[*place].client_config.ca_bundle.as_ref().is_some_and(|bundle| bundle.0 == wanted)
    };
    let wrong: Vec<usize> = (0..webhooks.len()).filter(|place| !is_right(place)).collect();
    if wrong.is_empty() {
        return Finding::Right;
    }
    if let Some(whose) = OTHERS.iter().find(|key| configuration.annotations().contains_key(**key)) {
        return Finding::Theirs(whose);
    }
    let bundle = k8s_openapi::ByteString(wanted.to_vec());
    let version = configuration.resource_version();
    let test = json!({ "op": "test", "path": "/metadata/resourceVersion", "value": version });
    let put = |place: usize| {
        let path = format!("/webhooks/{place}/clientConfig/caBundle");
        json!({ "op": "add", "path": path, "value": bundle })
    };
    Finding::Wrong([test].into_iter().chain(wrong.into_iter().map(put)).collect())
}

/// cert-manager documentation, "CA Injector": with one of these it writes the
/// bundle, and again whenever somebody else did.
const OTHERS: [&str; 3] = [
    "cert-manager.io/inject-ca-from",
    "cert-manager.io/inject-ca-from-secret",
    "cert-manager.io/inject-apiserver-ca",
];

/// Whose fields the API server says they are.
pub(super) const FIELD_MANAGER: &str = "countersign-injector";

/// What becomes of a patch whose test fails, and of one that makes no sense.
const UNPROCESSABLE: u16 = 422;

/// From a replica's writing a bundle until the others have read of it.
const SETTLING: Duration = Duration::from_secs(1);

/// Nothing is to be done; another look costs nothing.
const IDLE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    fn configuration(bundles: &[Option<&str>], annotations: &Value) -> MutatingWebhookConfiguration {
        let webhook = |bundle: Option<&str>| {
            let bundle = bundle.map(|bundle| k8s_openapi::ByteString(bundle.as_bytes().to_vec()));
            json!({
                "name": "a.b.c", "admissionReviewVersions": ["v1"], "sideEffects": "None",
                "clientConfig": { "caBundle": bundle },
            })
        };
        let webhooks: Vec<Value> = bundles.iter().copied().map(webhook).collect();
        serde_json::from_value(json!({
            "metadata": { "name": "c", "resourceVersion": "7", "annotations": annotations },
            "webhooks": webhooks,
        }))
        .unwrap()
    }

    /// As far as it gets without a cluster: nothing is asked of the client.
    #[tokio::test(start_paused = true)]
    async fn what_another_replica_writes_ahead_of_the_secret_is_not_put_back() {
        let client = Client::try_from(kube::Config::new("http://127.0.0.1:1".parse().unwrap())).unwrap();
        let (secret, wanted) = watch::channel(Some(Bytes::from_static(b"first")));
        let clock = Arc::new(ManualClock::new(UnixTime::from_secs(1)));
        let readiness = Arc::new(Readiness::default());
        let (mut keeper, in_force) = BundleKeeper::new(client, "c".to_owned(), clock, readiness, wanted);
        let bundle = || in_force.borrow().as_ref().map(|in_force| in_force.bundle.clone());
        let bare = json!({});

        keeper.take(Some(configuration(&[Some("first")], &bare)));
        keeper.put_right().await;
        assert_eq!(bundle().unwrap(), "first");
        keeper.take(Some(configuration(&[Some("second")], &bare)));
        keeper.put_right().await;
        assert_eq!((bundle(), keeper.retry.at()), (None, Some(Instant::now() + SETTLING)));
        secret.send_replace(Some(Bytes::from_static(b"second")));
        keeper.put_right().await;
        assert_eq!(bundle().unwrap(), "second");
    }

    #[test]
    fn only_what_differs_is_written_and_only_to_what_was_seen() {
        let bare = json!({});
        assert_eq!(find(&configuration(&[Some("new"), Some("new")], &bare), b"new"), Finding::Right);
        let patch = |place: usize| json!({ "op": "add", "path": format!("/webhooks/{place}/clientConfig/caBundle"), "value": "bmV3" });
        let test = json!({ "op": "test", "path": "/metadata/resourceVersion", "value": "7" });
        for (bundles, patches) in
            [(&[None, None][..], vec![patch(0), patch(1)]), (&[Some("new"), Some("old")], vec![patch(1)])]
        {
            let expected: Value = [test.clone()].into_iter().chain(patches).collect();
            assert_eq!(find(&configuration(bundles, &bare), b"new"), Finding::Wrong(expected));
        }
    }

    #[test]
    fn what_cert_manager_keeps_is_not_written() {
        let theirs = json!({ "cert-manager.io/inject-ca-from": "ns/name" });
        let finding = find(&configuration(&[Some("old")], &theirs), b"new");
        assert_eq!(finding, Finding::Theirs("cert-manager.io/inject-ca-from"));
        assert_eq!(find(&configuration(&[Some("new")], &theirs), b"new"), Finding::Right);
    }
}
