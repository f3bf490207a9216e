//! One kind of value per function: text in, a value or what was expected out.
//! Values of flags are not among them: the sidecar's own code reads those.

use std::net::IpAddr;

use super::image::is_reference;
use super::names::PREFIX;
use super::pod::{DeclaredVolume, PodFacts};
use super::quantity::quantity;
use super::reference::{Reference, Store, is_object_name};
use super::setting;

/// The parts of a list, or the whole.
pub(super) fn items(value: &str, is_list: bool) -> impl Iterator<Item = &str> {
    value.splitn(if is_list { usize::MAX } else { 1 }, ',').map(str::trim)
}

/// `NAME=` before a reference, as flags with key ids have it, and the
/// reference.
pub(super) fn named_reference<'a>(
    text: &'a str,
    store: Store,
    entry: &str,
) -> Result<(Option<&'a str>, Reference), String> {
    let (name, text) = match text.rsplit_once('=') {
        Some((name, text)) => (Some(name), text),
        None => (None, text),
    };
    Ok((name, Reference::read(text, store, Some(entry))?))
}

/// The two files of a Secret of type `kubernetes.io/tls`.
pub(super) fn pair(name: &str) -> Result<[Reference; 2], String> {
    let name = secret_name(name)?;
    Ok(["tls.crt", "tls.key"].map(|key| Reference {
        store: Store::Secret,
        name: name.clone(),
        key: key.to_owned(),
    }))
}

pub(super) fn secret_name(text: &str) -> Result<String, String> {
    is_object_name(text).then(|| text.to_owned()).ok_or_else(|| "expected the name of a Secret".to_owned())
}

pub(super) fn port(text: &str) -> Result<u16, String> {
    text.parse().ok().filter(|port| *port > 0).ok_or_else(|| "expected a port from 1 to 65535".to_owned())
}

/// The port of the app, which is none of the sidecar's `own`.
pub(super) fn upstream_port(text: &str, pod: &PodFacts, own: [Option<u16>; 2]) -> Result<u16, String> {
    let number = port(text).ok().or_else(|| u16::try_from(pod.port_named(text)?).ok());
    let number = number.ok_or(
        "expected a port from 1 to 65535, or the name of a port that a container of the pod declares",
    )?;
    if own.contains(&Some(number)) {
        let (listen, admin) = (setting::LISTEN_PORT, setting::ADMIN_PORT);
        return Err(format!(
            "is a port of the sidecar itself; {PREFIX}{listen} and {PREFIX}{admin} are others"
        ));
    }
    Ok(number)
}

pub(super) fn amount(text: &str) -> Result<String, String> {
    quantity(text)
        .map(|_| text.to_owned())
        .ok_or_else(|| "expected a quantity, such as 10m, 0.5 or 128Mi".to_owned())
}

/// Root is nobody's choice: Pod Security `restricted` refuses it.
pub(super) fn user(text: &str) -> Result<Option<i64>, String> {
    if text == "omit" {
        return Ok(None);
    }
    let id = text.parse().ok().filter(|id| (1..=USER_ID_MAX).contains(id));
    id.map(Some).ok_or_else(|| "expected a user id from 1, or omit".to_owned())
}

pub(super) fn volume(name: &str, pod: &PodFacts) -> Result<String, String> {
    match pod.volumes.iter().find(|volume| volume.name == name) {
        None => {
            Err("is no volume of the pod; it has to be one of its `volumes`, such as an emptyDir".to_owned())
        }
        Some(DeclaredVolume { read_only: Some(kind), .. }) => Err(format!(
            "is a volume of the kind {kind}, to which nothing can be written; take one such as an emptyDir"
        )),
        Some(_) => Ok(name.to_owned()),
    }
}

pub(super) fn image(text: &str) -> Result<String, String> {
    let form = || "expected an image, such as registry.example/countersign@sha256:…".to_owned();
    is_reference(text).then(|| text.to_owned()).ok_or_else(form)
}

pub(super) fn pull_policy(text: &str) -> Result<String, String> {
    let is_known = ["Always", "IfNotPresent", "Never"].contains(&text);
    is_known.then(|| text.to_owned()).ok_or_else(|| "expected Always, IfNotPresent or Never".to_owned())
}

pub(super) fn address(text: &str) -> Result<IpAddr, String> {
    text.parse().map_err(|_| "expected an address, such as 0.0.0.0 or ::".to_owned())
}

/// The API server takes no greater one.
const USER_ID_MAX: i64 = i32::MAX as i64;
