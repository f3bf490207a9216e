//! Options become a container and its volumes, as typed structs: the API
//! server drops a misspelt field without a word.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Capabilities, ConfigMapProjection, Container, ContainerPort, EmptyDirVolumeSource, HTTPGetAction,
    KeyToPath, Probe, ProjectedVolumeSource, ResourceRequirements, SeccompProfile, SecretProjection,
    SecurityContext, Volume, VolumeMount, VolumeProjection,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::kind::Kind;
use super::names::{
    FILES_ROOT, FILES_VOLUME, GUARDED_PORT, NO_TOKEN_VOLUME, PROGRAM, STATE_ROOT, TOKEN_ROOT,
};
use super::options::{Options, Resources};
use super::reference::{Reference, Store};

/// The container, first among the init containers: a native sidecar
/// (Kubernetes 1.33), so that Jobs end and nothing starts before it is ready.
pub(crate) fn container(options: &Options) -> Container {
    Container {
        name: options.kind.container().to_owned(),
        image: Some(options.image.clone()),
        image_pull_policy: Some(options.image_pull_policy.clone()),
        command: Some(vec![PROGRAM.to_owned()]),
        args: Some(options.args.iter().map(|arg| verbatim(arg)).collect()),
        restart_policy: Some("Always".to_owned()),
        ports: Some(ports(options)),
        startup_probe: Some(Probe {
            period_seconds: Some(1),
            failure_threshold: Some(60),
            ..probe("/readyz", options.admin_port)
        }),
        readiness_probe: Some(Probe { period_seconds: Some(5), ..probe("/readyz", options.admin_port) }),
        liveness_probe: Some(Probe { period_seconds: Some(10), ..probe("/livez", options.admin_port) }),
        resources: Some(resources(&options.resources)),
        security_context: Some(security(options.run_as_user)),
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
        volume_mounts: Some(mounts(options)),
        ..Container::default()
    }
}

/// The volumes that it mounts and brings along.
pub(crate) fn volumes(options: &Options) -> Vec<Volume> {
    let files = (!options.files.is_empty()).then(|| Volume {
        name: FILES_VOLUME.to_owned(),
        projected: Some(ProjectedVolumeSource {
            // The sidecar's user is not known to own anything; the volume is mounted into its container alone.
            default_mode: Some(0o444),
            sources: Some(projections(options)),
        }),
        ..Volume::default()
    });
    let no_token = Volume {
        name: NO_TOKEN_VOLUME.to_owned(),
        empty_dir: Some(EmptyDirVolumeSource {
            size_limit: Some(Quantity("1Mi".to_owned())),
            ..EmptyDirVolumeSource::default()
        }),
        ..Volume::default()
    };
    files.into_iter().chain([no_token]).collect()
}

/// The kubelet expands `$(NAME)` in arguments; a doubled sign stands for itself.
fn verbatim(arg: &str) -> String {
    arg.replace('$', "$$")
}

fn ports(options: &Options) -> Vec<ContainerPort> {
    let port = |name: &str, number: u16| ContainerPort {
        name: Some(name.to_owned()),
        container_port: i32::from(number),
        protocol: Some("TCP".to_owned()),
        ..ContainerPort::default()
    };
    let admin = port(options.kind.admin_port_name(), options.admin_port);
    match options.kind {
        Kind::Guard => vec![port(GUARDED_PORT, options.listen_port), admin],
        // The signer's own port is for the app beside it alone.
        Kind::Signer => vec![admin],
    }
}

/// By number, since names of ports belong to whoever wrote the pod.
fn probe(path: &str, port: u16) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.to_owned()),
            port: IntOrString::Int(i32::from(port)),
            scheme: Some("HTTP".to_owned()),
            ..HTTPGetAction::default()
        }),
        ..Probe::default()
    }
}

fn resources(resources: &Resources) -> ResourceRequirements {
    let amounts = |cpu: &Option<String>, memory: &Option<String>| {
        let amounts = [("cpu", cpu), ("memory", memory)].into_iter();
        let given = amounts.filter_map(|(name, amount)| Some((name.to_owned(), Quantity(amount.clone()?))));
        Some(given.collect::<BTreeMap<_, _>>()).filter(|amounts| !amounts.is_empty())
    };
    ResourceRequirements {
        requests: amounts(&resources.cpu_request, &resources.memory_request),
        limits: amounts(&resources.cpu_limit, &resources.memory_limit),
        ..ResourceRequirements::default()
    }
}

/// Passes Pod Security `restricted` by itself: the pod's own context is its
/// author's.
fn security(run_as_user: Option<i64>) -> SecurityContext {
    SecurityContext {
        run_as_non_root: Some(true),
        run_as_user,
        run_as_group: run_as_user,
        allow_privilege_escalation: Some(false),
        privileged: Some(false),
        read_only_root_filesystem: Some(true),
        capabilities: Some(Capabilities { drop: Some(vec!["ALL".to_owned()]), ..Capabilities::default() }),
        seccomp_profile: Some(SeccompProfile {
            type_: "RuntimeDefault".to_owned(),
            ..SeccompProfile::default()
        }),
        ..SecurityContext::default()
    }
}

fn mounts(options: &Options) -> Vec<VolumeMount> {
    let mount = |name: &str, path: &str, read_only| VolumeMount {
        name: name.to_owned(),
        mount_path: path.to_owned(),
        read_only,
        ..VolumeMount::default()
    };
    let files = (!options.files.is_empty()).then(|| mount(FILES_VOLUME, FILES_ROOT, Some(true)));
    let state = options.state_volume.as_ref().map(|volume| mount(volume, STATE_ROOT, None));
    // With something at this path the API server does not mount the pod's token there.
    files.into_iter().chain(state).chain([mount(NO_TOKEN_VOLUME, TOKEN_ROOT, Some(true))]).collect()
}

/// Each object once, with the keys that are needed of it and no others.
fn projections(options: &Options) -> Vec<VolumeProjection> {
    let mut objects: BTreeMap<(Store, &str), Vec<KeyToPath>> = BTreeMap::new();
    for file in &options.files {
        let Reference { store, name, key } = file;
        let item = KeyToPath { key: key.clone(), path: file.path(), mode: None };
        objects.entry((*store, name)).or_default().push(item);
    }
    let projection = |((store, name), items): ((Store, &str), Vec<KeyToPath>)| match store {
        Store::Secret => VolumeProjection {
            secret: Some(SecretProjection { name: name.to_owned(), items: Some(items), optional: None }),
            ..VolumeProjection::default()
        },
        Store::ConfigMap => VolumeProjection {
            config_map: Some(ConfigMapProjection {
                name: name.to_owned(),
                items: Some(items),
                optional: None,
            }),
            ..VolumeProjection::default()
        },
    };
    objects.into_iter().map(projection).collect()
}
