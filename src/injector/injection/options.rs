//! Settings become what a sidecar runs with, once. Every problem is reported at
//! once, each with its key, its value and what was expected.
//!
//! The values of flags are judged by the very code that reads them at start, as
//! far as that can be done without the files, which only the pod will have.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::conflicts;
use super::given::Given;
use super::kind::Kind;
use super::names::{FILES_ROOT, PREFIX, STATE_ROOT};
use super::pod::PodFacts;
use super::quantity::quantity;
use super::reference::{Reference, Store, is_object_name};
use super::setting::{self, Form, Setting};

/// What a sidecar runs with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) kind: Kind,
    pub(crate) image: String,
    pub(crate) image_pull_policy: String,
    pub(crate) image_pull_secret: Option<String>,
    pub(crate) listen_port: u16,
    pub(crate) admin_port: u16,
    /// The subcommand and its flags.
    pub(crate) args: Vec<String>,
    /// What the flags and the configuration file name.
    pub(crate) files: BTreeSet<Reference>,
    pub(crate) resources: Resources,
    /// None where the platform gives one.
    pub(crate) run_as_user: Option<i64>,
    /// The pod's volume for the ledger.
    pub(crate) state_volume: Option<String>,
}

/// As Kubernetes quantities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resources {
    pub(crate) cpu_request: Option<String>,
    pub(crate) cpu_limit: Option<String>,
    pub(crate) memory_request: Option<String>,
    pub(crate) memory_limit: Option<String>,
}

impl Options {
    /// Reads what was `given` for `pod`, or says everything that is wrong.
    pub(crate) fn read(given: &Given, pod: &PodFacts) -> Result<Self, Vec<String>> {
        let mut reading = Reading { given, problems: vec![] };
        let options = reading.options(pod);
        match options {
            Some(options) if reading.problems.is_empty() => Ok(options),
            _ => Err(reading.problems),
        }
    }

    /// What is legal and may not be meant.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let is_by_digest = self.image.contains("@sha256:");
        let is_latest = !is_by_digest && (self.image.ends_with(":latest") || !has_tag(&self.image));
        let latest = format!(
            "{PREFIX}{} {:?} names no version: pods of one Deployment may differ",
            setting::IMAGE,
            self.image
        );
        is_latest.then_some(latest).into_iter().collect()
    }
}

/// A colon after the last slash; one before it is a registry's port.
fn has_tag(image: &str) -> bool {
    image.rsplit('/').next().is_some_and(|name| name.contains(':'))
}

struct Reading<'a> {
    given: &'a Given,
    problems: Vec<String>,
}

impl Reading<'_> {
    fn options(&mut self, pod: &PodFacts) -> Option<Options> {
        let kind = self.given.kind();
        let image = self.image();
        let image_pull_policy = self.image_pull_policy();
        let image_pull_secret = self.read(setting::IMAGE_PULL_SECRET, secret_name);
        let listen_port = self.read(setting::LISTEN_PORT, port);
        let admin_port = self.read(setting::ADMIN_PORT, port);
        let resources = self.resources();
        let run_as_user = self.read(setting::RUN_AS_USER, user);
        let state_volume = self.read(setting::STATE_VOLUME, |name| volume(name, pod));
        let files = self.files();
        let addresses = self.addresses(listen_port.unwrap_or(1), admin_port.unwrap_or(2));
        let upstream = self.upstream(pod, listen_port);
        let flags = Flags { addresses, upstream, has_state: state_volume.is_some() };
        self.judge(&flags);
        let (listen_port, admin_port) = (listen_port?, admin_port?);
        self.problems.extend(conflicts::of(kind, listen_port, admin_port, pod));
        Some(Options {
            kind,
            image: image?,
            image_pull_policy: image_pull_policy?,
            image_pull_secret,
            listen_port,
            admin_port,
            args: self.args(&flags, &Roots { files: FILES_ROOT, state: STATE_ROOT }),
            files: files?,
            resources: resources?,
            run_as_user: run_as_user?,
            state_volume,
        })
    }

    /// Reads the value of `key`, if there is one; notes what is wrong with it.
    fn read<T>(&mut self, key: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let value = self.given.value(key)?;
        match parse(value) {
            Ok(read) => Some(read),
            Err(expected) => {
                self.wrong(key, value, &expected);
                None
            }
        }
    }

    fn wrong(&mut self, key: &str, value: &str, expected: &str) {
        let place = self.given.origin(key).place();
        let value: String = value.chars().take(VALUE_CHARS_SHOWN).collect();
        self.problems.push(format!("{PREFIX}{key} {value:?}{place}: {expected}"));
    }

    fn image(&mut self) -> Option<String> {
        if self.given.value(setting::IMAGE).is_none() {
            self.problems.push(format!(
                "{PREFIX}{} is missing: the injector was started without --default image=IMAGE",
                setting::IMAGE
            ));
        }
        self.read(setting::IMAGE, |image| {
            let is_written = |byte: u8| byte.is_ascii_alphanumeric() || b"./:@_-".contains(&byte);
            let is_image = !image.is_empty() && image.bytes().all(is_written);
            is_image
                .then(|| image.to_owned())
                .ok_or_else(|| "expected an image, such as registry.example/countersign@sha256:…".to_owned())
        })
    }

    fn image_pull_policy(&mut self) -> Option<String> {
        self.read(setting::IMAGE_PULL_POLICY, |policy| {
            let is_known = ["Always", "IfNotPresent", "Never"].contains(&policy);
            is_known
                .then(|| policy.to_owned())
                .ok_or_else(|| "expected Always, IfNotPresent or Never".to_owned())
        })
    }

    fn resources(&mut self) -> Option<Resources> {
        let problems = self.problems.len();
        let resources = Resources {
            cpu_request: self.read(setting::CPU_REQUEST, amount),
            cpu_limit: self.read(setting::CPU_LIMIT, amount),
            memory_request: self.read(setting::MEMORY_REQUEST, amount),
            memory_limit: self.read(setting::MEMORY_LIMIT, amount),
        };
        let Resources { cpu_request, cpu_limit, memory_request, memory_limit } = &resources;
        for (key, request, limit) in [
            (setting::CPU_REQUEST, cpu_request, cpu_limit),
            (setting::MEMORY_REQUEST, memory_request, memory_limit),
        ] {
            if let (Some(request), Some(limit)) = (request, limit)
                && quantity(request) > quantity(limit)
            {
                self.wrong(key, request, &format!("is more than the limit, {limit}"));
            }
        }
        (self.problems.len() == problems).then_some(resources)
    }

    /// The files of every setting that names some.
    fn files(&mut self) -> Option<BTreeSet<Reference>> {
        let problems = self.problems.len();
        let mut files = BTreeSet::new();
        for Setting { key, form, .. } in setting::all_of(self.given.kind()) {
            let read: Vec<Reference> = match *form {
                Form::File { is_list, store, entry, .. } => {
                    let read = self.read(key, |value| {
                        items(value, is_list)
                            .map(|item| named_reference(item, store, entry).map(|(_, file)| file))
                            .collect()
                    });
                    read.unwrap_or_default()
                }
                Form::Pair { .. } => self.read(key, |value| Ok(pair(value)?.to_vec())).unwrap_or_default(),
                Form::Files => {
                    let read = |value: &str| {
                        items(value, true).map(|item| Reference::read(item, Store::Secret, None)).collect()
                    };
                    self.read(key, read).unwrap_or_default()
                }
                Form::Flag { .. } | Form::OfPod => vec![],
            };
            files.extend(read);
        }
        (self.problems.len() == problems).then_some(files)
    }

    fn addresses(&mut self, listen_port: u16, admin_port: u16) -> (SocketAddr, SocketAddr) {
        let address = self.read(setting::LISTEN_ADDRESS, |address| {
            address.parse::<IpAddr>().map_err(|_| "expected an address, such as 0.0.0.0 or ::".to_owned())
        });
        let address = address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        // Health and metrics are for the kubelet, who is never on loopback.
        let everywhere: IpAddr =
            if address.is_ipv6() { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
        (SocketAddr::new(address, listen_port), SocketAddr::new(everywhere, admin_port))
    }

    /// The app's address, where a port of the pod has to say it.
    fn upstream(&mut self, pod: &PodFacts, listen_port: Option<u16>) -> Option<String> {
        let is_given = self.given.value(setting::UPSTREAM_PORT).is_some();
        let is_elsewhere = ["upstream", "config"].into_iter().find(|key| self.given.value(key).is_some());
        match (is_given, is_elsewhere) {
            (true, Some(other)) => {
                let key = setting::UPSTREAM_PORT;
                self.problems
                    .push(format!("{PREFIX}{key} contradicts {PREFIX}{other}: leave one of the two out"));
                None
            }
            (false, None) if self.given.kind() == Kind::Guard => {
                self.problems.push(format!(
                    "{PREFIX}{} is missing: the port where the app listens",
                    setting::UPSTREAM_PORT
                ));
                Some(SOME_UPSTREAM.to_owned())
            }
            (false, _) => None,
            (true, None) => {
                let number = self.read(setting::UPSTREAM_PORT, |text| upstream_port(text, pod, listen_port));
                Some(
                    number.map_or_else(
                        || SOME_UPSTREAM.to_owned(),
                        |number| format!("http://127.0.0.1:{number}"),
                    ),
                )
            }
        }
    }

    /// What the sidecar's own reading of its flags finds.
    fn judge(&mut self, flags: &Flags) {
        let kind = self.given.kind();
        let args = self.args(flags, &Roots { files: UNSEEN, state: UNSEEN });
        let settings = setting::all_of(kind);
        for problem in kind.problems_of(&args[1..], UNSEEN) {
            let said = self.in_settings(&problem, settings).replace(UNSEEN, "").replace(NOT_FOR_PODS, "");
            // The key is what the message begins with, so its author can be told.
            let key =
                said.split_whitespace().next().and_then(|word| word.strip_prefix(PREFIX)).unwrap_or_default();
            let place = self.given.origin(key).place();
            let said = format!("{said}{place}");
            // Both files of a pair are one setting.
            if !self.problems.contains(&said) {
                self.problems.push(said);
            }
        }
    }

    /// `problem` as people who write annotations read it: flags become settings.
    fn in_settings(&self, problem: &str, settings: &[Setting]) -> String {
        let key_of = |flag: &str| {
            let of = |setting: &&Setting| match &setting.form {
                Form::Flag { .. } => setting.key == flag,
                Form::File { flag: of, .. } => of == flag,
                Form::Pair { certificate, private_key } => flag == *certificate || flag == *private_key,
                Form::Files | Form::OfPod => false,
            };
            match flag {
                "upstream" if !self.given.is_said(flag) => Some(setting::UPSTREAM_PORT),
                "state-dir" => Some(setting::STATE_VOLUME),
                _ => settings.iter().find(of).map(|setting| setting.key.as_str()),
            }
        };
        let mut said = String::with_capacity(problem.len());
        let mut rest = problem;
        while let Some((before, after)) = rest.split_once("--") {
            let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            let (flag, after) = after.split_at(after.find(|c| !is_part(c)).unwrap_or(after.len()));
            let (prefix, key) = key_of(flag).map_or(("--", flag), |key| (PREFIX, key));
            said.extend([before, prefix, key]);
            rest = after;
        }
        said + rest
    }

    /// The sidecar's arguments.
    fn args(&self, flags: &Flags, roots: &Roots) -> Vec<String> {
        let Flags { addresses: (listen, admin), upstream, has_state } = flags;
        let mut args = vec![
            self.given.kind().name().to_owned(),
            format!("--listen={listen}"),
            format!("--admin-listen={admin}"),
        ];
        args.extend(upstream.iter().map(|upstream| format!("--upstream={upstream}")));
        args.extend(has_state.then(|| format!("--state-dir={}", roots.state)));
        for Setting { key, form, .. } in setting::all_of(self.given.kind()) {
            let Some(value) = self.given.value(key) else { continue };
            match *form {
                Form::Flag { is_list } => {
                    args.extend(items(value, is_list).map(|item| format!("--{key}={item}")));
                }
                Form::File { ref flag, is_list, store, entry } => {
                    args.extend(items(value, is_list).map(|item| {
                        // A wrong reference is known to be wrong, and not missing.
                        let (name, path) = named_reference(item, store, entry)
                            .map_or((None, String::new()), |(name, file)| (name, file.path()));
                        let name = name.map(|name| format!("{name}=")).unwrap_or_default();
                        format!("--{flag}={name}{}/{path}", roots.files)
                    }));
                }
                Form::Pair { certificate, private_key } => {
                    let paths = pair(value)
                        .map_or_else(|_| Default::default(), |files| files.map(|file| file.path()));
                    let flags = [certificate, private_key].into_iter().zip(paths);
                    args.extend(flags.map(|(flag, path)| format!("--{flag}={}/{path}", roots.files)));
                }
                Form::Files | Form::OfPod => {}
            }
        }
        args
    }
}

/// The flags that no setting says in so many words.
struct Flags {
    addresses: (SocketAddr, SocketAddr),
    /// Where no setting has it as a URL.
    upstream: Option<String>,
    has_state: bool,
}

/// What paths of the sidecar begin with.
struct Roots {
    files: &'static str,
    state: &'static str,
}

/// The parts of a list, or the whole.
fn items(value: &str, is_list: bool) -> impl Iterator<Item = &str> {
    let parts = if is_list { value.split(',') } else { value.split('\0') };
    parts.map(str::trim)
}

/// `NAME=` before a reference, as flags with key ids have it, and the
/// reference.
fn named_reference<'a>(
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
fn pair(name: &str) -> Result<[Reference; 2], String> {
    let name = secret_name(name)?;
    Ok(["tls.crt", "tls.key"].map(|key| Reference {
        store: Store::Secret,
        name: name.clone(),
        key: key.to_owned(),
    }))
}

fn secret_name(text: &str) -> Result<String, String> {
    is_object_name(text).then(|| text.to_owned()).ok_or_else(|| "expected the name of a Secret".to_owned())
}

fn port(text: &str) -> Result<u16, String> {
    text.parse().ok().filter(|port| *port > 0).ok_or_else(|| "expected a port from 1 to 65535".to_owned())
}

fn upstream_port(text: &str, pod: &PodFacts, listen_port: Option<u16>) -> Result<u16, String> {
    let number = port(text).ok().or_else(|| u16::try_from(pod.port_named(text)?).ok());
    let number = number.ok_or(
        "expected a port from 1 to 65535, or the name of a port that a container of the pod declares",
    )?;
    if Some(number) == listen_port {
        return Err(format!(
            "is the port of the sidecar itself; {PREFIX}{} is another one",
            setting::LISTEN_PORT
        ));
    }
    Ok(number)
}

fn amount(text: &str) -> Result<String, String> {
    quantity(text)
        .map(|_| text.to_owned())
        .ok_or_else(|| "expected a quantity, such as 10m, 0.5 or 128Mi".to_owned())
}

/// Root is nobody's choice: Pod Security `restricted` refuses it.
fn user(text: &str) -> Result<Option<i64>, String> {
    if text == "omit" {
        return Ok(None);
    }
    let id = text.parse().ok().filter(|id| (1..=USER_ID_MAX).contains(id));
    id.map(Some).ok_or_else(|| "expected a user id from 1, or omit".to_owned())
}

fn volume(name: &str, pod: &PodFacts) -> Result<String, String> {
    if pod.volumes.iter().any(|volume| volume == name) {
        return Ok(name.to_owned());
    }
    Err("is no volume of the pod; it has to be one of its `volumes`, such as an emptyDir".to_owned())
}

/// Below a device nothing can be, so that no file of this process is read in
/// place of one of the pod's.
const UNSEEN: &str = "/dev/null/unseen";

/// In place of an upstream that is wrong or missing, which was said already.
const SOME_UPSTREAM: &str = "http://127.0.0.1:1";

/// What people with a command line may do as well.
const NOT_FOR_PODS: &str = ", and so is --secret-env";

const VALUE_CHARS_SHOWN: usize = 120;

/// The API server takes no greater one.
const USER_ID_MAX: i64 = i32::MAX as i64;
