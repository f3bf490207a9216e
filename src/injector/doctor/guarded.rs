//! A pod with a guard, as what can get past it sees it.

use std::net::SocketAddr;

use k8s_openapi::api::core::v1::{Container, ContainerPort, Pod};
use serde_json::Value;

use super::findings::{Finding, Severity};
use crate::config::Upstream;
use crate::injector::injection::{GUARD_CONTAINER, Pairs, flag_value};
use crate::injector::offline::{namespace_of, pod_of, title_of};

/// A pod, or the template of some, that has a guard.
#[derive(Debug)]
pub(super) struct Guarded {
    /// `NAMESPACE/Deployment/receiver`.
    pub(super) title: String,
    pub(super) namespace: String,
    pub(super) labels: Pairs,
    /// Where the guard takes deliveries.
    pub(super) guard_port: Option<i32>,
    /// Where it leads them. On whatever host: names may be the pod's own.
    pub(super) upstream_port: Option<i32>,
    /// The ports that its containers declare. The guard's too: whichever
    /// declares one, it leads to who listens there.
    ports: Vec<ContainerPort>,
    guard_args: Vec<String>,
}

impl Guarded {
    /// Of `object`, if it is or makes pods and they have a guard.
    pub(super) fn of(object: &Value, namespace: &str) -> Option<Self> {
        let pod: Pod = serde_json::from_value(pod_of(object)?).ok()?;
        let spec = pod.spec?;
        let init = spec.init_containers.unwrap_or_default();
        let containers: Vec<Container> = init.into_iter().chain(spec.containers).collect();
        let guard = containers.iter().find(|container| container.name == GUARD_CONTAINER)?;
        let guard_args = guard.args.clone().unwrap_or_default();
        let namespace = namespace_of(object).unwrap_or(namespace).to_owned();
        Some(Self {
            title: format!("{namespace}/{}", title_of(object)),
            namespace,
            labels: pod.metadata.labels.unwrap_or_default(),
            guard_port: flag(&guard_args, "listen").and_then(port_of_address),
            upstream_port: flag(&guard_args, "upstream").and_then(port_of_upstream),
            ports: containers
                .iter()
                .flat_map(|container| container.ports.clone().unwrap_or_default())
                .collect(),
            guard_args,
        })
    }

    /// Whether `port` is one behind the guard.
    pub(super) fn is_behind(&self, port: i32) -> bool {
        self.upstream_port == Some(port)
    }

    /// Whether a port that is called `name` is one behind the guard.
    pub(super) fn is_behind_by_name(&self, name: &str) -> bool {
        // Of several of one name the first is found, and which that is depends on who asks.
        let is_called = |port: &&ContainerPort| port.name.as_deref() == Some(name);
        self.ports.iter().filter(is_called).any(|port| self.is_behind(port.container_port))
    }

    /// What its own description says of ways past its guard.
    pub(super) fn examine(&self) -> Vec<Finding> {
        let title = &self.title;
        let on_host =
            self.ports.iter().filter(|port| port.host_port.is_some() && self.is_behind(port.container_port));
        let on_host = on_host.map(|port| {
            let text = format!(
                "{title}: hostPort {} leads to the app's port {}, past the guard: leave it out",
                port.host_port.unwrap_or_default(),
                port.container_port
            );
            Finding::of(Severity::Bypass, text)
        });
        let observes = (flag(&self.guard_args, "mode") == Some("observe")).then(|| {
            Finding::of(Severity::Bypass, format!("{title}: the guard only observes: what it would refuse reaches the app; mode enforce ends that"))
        });
        let unread = self.unread().map(|why| {
            let text =
                format!("{title}: where its guard leads is {why}, and the app's port is not known here");
            Finding::of(Severity::Note, text)
        });
        on_host.chain(observes).chain(unread).collect()
    }

    /// Where it is said where the guard leads, if that cannot be read here.
    fn unread(&self) -> Option<&'static str> {
        let upstream = flag(&self.guard_args, "upstream").map(str::parse::<Upstream>);
        match upstream {
            None if flag(&self.guard_args, "config").is_some() => Some("in its configuration file"),
            None | Some(Err(_)) => Some("not among its arguments"),
            // A Unix socket has no port that anybody could reach.
            Some(Ok(_)) => None,
        }
    }
}

fn flag<'a>(args: &'a [String], name: &str) -> Option<&'a str> {
    flag_value(args.iter().map(String::as_str), name)
}

fn port_of_address(text: &str) -> Option<i32> {
    text.parse().ok().map(|address: SocketAddr| address.port().into())
}

fn port_of_upstream(text: &str) -> Option<i32> {
    match text.parse().ok()? {
        Upstream::Http { port, .. } | Upstream::Https { port, .. } => Some(port.into()),
        Upstream::Unix(_) => None,
    }
}
