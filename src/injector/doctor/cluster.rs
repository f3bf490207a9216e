//! What an examination needs of a cluster, asked for with the rights of whoever
//! asks: reading, and nothing else.

use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace, Pod, Service};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::api::ListParams;
use kube::{Api, Client, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::injector::offline::Manifests;

/// What a cluster has, as far as it matters.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) objects: Manifests,
    /// The injector's `--default`s, as its Deployment has them.
    pub(crate) defaults: Vec<String>,
    /// Whether the webhook configurations could be seen.
    pub(crate) sees_webhooks: bool,
}

/// Asks the cluster of the kubeconfig, or the one that this process runs in.
/// Looks at `namespace`, or at all of them. Whoever may look at one alone is
/// told the less of what is outside it.
pub(crate) async fn look(namespace: Option<&str>) -> Result<Cluster, kube::Error> {
    let client = Client::try_default().await?;
    let namespaces = Api::<Namespace>::all(client.clone());
    let mut objects = match namespace {
        Some(name) => vec![typed(&namespaces.get(name).await?)],
        None => list(&namespaces, &ListParams::default()).await?,
    };
    objects.extend(namespaced::<Pod>(&client, namespace).await?);
    objects.extend(namespaced::<Service>(&client, namespace).await?);
    objects.extend(namespaced::<NetworkPolicy>(&client, namespace).await?);

    let may_miss = namespace.is_some();
    let webhooks = Api::<MutatingWebhookConfiguration>::all(client.clone());
    let webhooks = unless_forbidden(list(&webhooks, &ListParams::default()).await, may_miss)?;
    let injectors = ListParams::default().labels(INJECTOR);
    let deployments = list(&Api::<Deployment>::all(client), &injectors).await;
    let deployments = unless_forbidden(deployments, may_miss)?.unwrap_or_default();
    let defaults = deployments.iter().flat_map(defaults_of).collect();
    let sees_webhooks = webhooks.is_some();
    objects.extend(webhooks.unwrap_or_default());
    Ok(Cluster { objects: Manifests::of(objects), defaults, sees_webhooks })
}

/// `None` for what may not be seen, where it `may_miss`.
fn unless_forbidden<T>(seen: Result<T, kube::Error>, may_miss: bool) -> Result<Option<T>, kube::Error> {
    match seen {
        Err(kube::Error::Api(status)) if may_miss && status.is_forbidden() => Ok(None),
        seen => seen.map(Some),
    }
}

async fn namespaced<K>(client: &Client, namespace: Option<&str>) -> Result<Vec<Value>, kube::Error>
where
    K: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>
        + Clone
        + std::fmt::Debug
        + Serialize
        + DeserializeOwned,
{
    let api: Api<K> = match namespace {
        Some(namespace) => Api::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    };
    list(&api, &ListParams::default()).await
}

/// Every object, a page at a time.
async fn list<K>(api: &Api<K>, params: &ListParams) -> Result<Vec<Value>, kube::Error>
where
    K: Resource<DynamicType = ()> + Clone + std::fmt::Debug + Serialize + DeserializeOwned,
{
    let mut objects = Vec::new();
    let mut page = params.clone().limit(PAGE);
    loop {
        let list = api.list(&page).await?;
        objects.extend(list.items.iter().map(typed));
        match list.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => page = page.continue_token(&token),
            None => return Ok(objects),
        }
    }
}

/// Items of a list do not say what they are.
fn typed<K: Resource<DynamicType = ()> + Serialize>(object: &K) -> Value {
    let mut value = serde_json::to_value(object).expect("Kubernetes' objects have string keys");
    value["apiVersion"] = json!(K::api_version(&()));
    value["kind"] = json!(K::kind(&()));
    value
}

fn defaults_of(deployment: &Value) -> Vec<String> {
    let containers = deployment.pointer("/spec/template/spec/containers").and_then(Value::as_array);
    let args =
        containers.into_iter().flatten().filter_map(|container| container.get("args")?.as_array()).flatten();
    args.filter_map(|arg| arg.as_str()?.strip_prefix("--default=").map(str::to_owned)).collect()
}

/// The labels of the chart and the kustomize base.
const INJECTOR: &str = "app.kubernetes.io/name=countersign,app.kubernetes.io/component=injector";

const PAGE: u32 = 500;
