//! A pod and what it shall have become a JSON Patch (RFC 6902): none where it
//! has all of it.
//!
//! Works on the pod's JSON and touches only what is the sidecar's: fields that
//! this program does not know stay what they are.

use json_patch::jsonptr::PointerBuf;
use json_patch::{AddOperation, Patch, PatchOperation, RemoveOperation, ReplaceOperation};
use serde_json::{Value, json};

use super::conflicts;
use super::foreign::{self, Foreign};
use super::merge;
use super::mounts;
use super::names::STATUS;
use super::options::Options;
use super::present::{INIT_CONTAINERS, Present};
use super::status::Status;
use super::wanted::Wanted;

/// What gives a pod its sidecar.
pub(crate) struct Patched {
    pub(crate) patch: Patch,
    /// In what the sidecar is not the injector's.
    pub(crate) foreign: Option<Foreign>,
}

/// What gives `pod` the sidecar of `options`, or why it cannot be given.
pub(crate) fn patch(pod: &Value, options: &Options) -> Result<Patched, String> {
    let Wanted { container: template, volumes, hash } = Wanted::of(options);
    let present = Present::find(pod, options.kind.container());
    let earlier = Status::of_pod(pod);
    let is_current = earlier.as_ref().is_some_and(|earlier| earlier.config_hash == hash);
    let mut declared = match (&present, &earlier) {
        (Some(_), Some(earlier)) => earlier.declared.clone(),
        (Some(present), None) => present.fields(),
        (None, _) => vec![],
    };
    let mut container = present.as_ref().map_or_else(|| json!({}), |present| present.container.clone());
    if !is_current && earlier.is_some() {
        // Ours of another time: what its author wrote of it stays.
        retain(&mut container, &declared);
    }
    mounts::keep_token_out(&mut container, &template);
    merge::fill(&mut container, &template);
    conflicts::of_its_own(&container, &template)?;
    let foreign = foreign::fields(options.kind, &container, &template);
    // Somebody may have written the annotation too.
    let more = foreign.iter().filter(|field| !declared.iter().any(|known| known == *field));
    declared.extend(more.map(ToString::to_string).collect::<Vec<_>>());
    declared.sort();
    let mut patch = Building(vec![]);
    patch.container(pod, present.as_ref(), container);
    patch.volumes(pod, volumes, earlier.is_some())?;
    patch.pull_secret(pod, options.image_pull_secret.as_deref());
    patch.status(pod, &Status::of(options.kind, hash, declared));
    Ok(Patched { patch: Patch(patch.0), foreign: Foreign::of(options.kind, foreign) })
}

/// The container's name and the fields of `declared`.
fn retain(container: &mut Value, declared: &[String]) {
    if let Some(fields) = container.as_object_mut() {
        fields.retain(|field, _| field == "name" || declared.contains(field));
    }
}

struct Building(Vec<PatchOperation>);

impl Building {
    fn container(&mut self, pod: &Value, present: Option<&Present<'_>>, container: Value) {
        match present {
            Some(present) if present.list == INIT_CONTAINERS => {
                if *present.container != container {
                    self.replace(["spec", INIT_CONTAINERS, &present.index.to_string()], container);
                }
            }
            elsewhere => {
                if let Some(Present { list, index, .. }) = elsewhere {
                    self.remove(["spec", list, &index.to_string()]);
                }
                match list(pod, INIT_CONTAINERS) {
                    Some(_) => self.add(["spec", INIT_CONTAINERS, "0"], container),
                    None => self.add(["spec", INIT_CONTAINERS], json!([container])),
                }
            }
        }
    }

    /// `is_known` where the injector was here before.
    fn volumes(&mut self, pod: &Value, volumes: Vec<Value>, is_known: bool) -> Result<(), String> {
        let there = list(pod, "volumes");
        let mut missing = Vec::new();
        for volume in volumes {
            let is_same = |other: &Value| other.get("name") == volume.get("name");
            match there.and_then(|there| there.iter().position(is_same)) {
                None => missing.push(volume),
                Some(_) if !is_known => {
                    let name = &volume["name"];
                    return Err(format!(
                        "the pod has a volume {name}, which is the name of the sidecar's: name it otherwise"
                    ));
                }
                // The API server fills nothing in: another one is another's.
                Some(index) if there.is_some_and(|there| there[index] == volume) => {}
                Some(index) => self.replace(["spec", "volumes", &index.to_string()], volume),
            }
        }
        match there {
            Some(_) => missing.into_iter().for_each(|volume| self.add(["spec", "volumes", "-"], volume)),
            None if missing.is_empty() => {}
            None => self.add(["spec", "volumes"], missing.into()),
        }
        Ok(())
    }

    fn pull_secret(&mut self, pod: &Value, name: Option<&str>) {
        let Some(name) = name else { return };
        let secret = json!({ "name": name });
        match list(pod, PULL_SECRETS) {
            Some(there) if there.contains(&secret) => {}
            Some(_) => self.add(["spec", PULL_SECRETS, "-"], secret),
            None => self.add(["spec", PULL_SECRETS], json!([secret])),
        }
    }

    fn status(&mut self, pod: &Value, status: &Status) {
        let status = status.write();
        match pod
            .get("metadata")
            .and_then(|metadata| metadata.get("annotations"))
            .filter(|there| there.is_object())
        {
            Some(there) if there.get(STATUS) == Some(&json!(status)) => {}
            Some(_) => self.add(["metadata", "annotations", STATUS], status.into()),
            None => self.add(["metadata", "annotations"], json!({ STATUS: status })),
        }
    }

    fn add<'p>(&mut self, path: impl IntoIterator<Item = &'p str>, value: Value) {
        self.0.push(PatchOperation::Add(AddOperation { path: pointer(path), value }));
    }

    fn replace<'p>(&mut self, path: impl IntoIterator<Item = &'p str>, value: Value) {
        self.0.push(PatchOperation::Replace(ReplaceOperation { path: pointer(path), value }));
    }

    fn remove<'p>(&mut self, path: impl IntoIterator<Item = &'p str>) {
        self.0.push(PatchOperation::Remove(RemoveOperation { path: pointer(path) }));
    }
}

/// A JSON Pointer (RFC 6901), with its parts escaped.
fn pointer<'p>(path: impl IntoIterator<Item = &'p str>) -> PointerBuf {
    PointerBuf::from_tokens(path)
}

fn list<'a>(pod: &'a Value, name: &str) -> Option<&'a Vec<Value>> {
    pod.get("spec")?.get(name)?.as_array()
}

const PULL_SECRETS: &str = "imagePullSecrets";
