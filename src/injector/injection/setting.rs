//! The settings that pods and namespaces can make: annotations
//! `countersign.dev/KEY`.
//!
//! Every flag of a sidecar is a setting of the same name, so that what can be
//! said and how it is judged are written once, in `config`. A flag that takes a
//! file becomes a reference to a Secret or ConfigMap. Beside them stand the
//! settings of the container itself.

use std::sync::LazyLock;

use super::kind::Kind;
use super::reference::Store;
use crate::config::Flag;

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    /// Without the prefix.
    pub(crate) key: String,
    pub(crate) form: Form,
    /// What a value is called: `DURATION`.
    pub(crate) value_name: String,
    pub(crate) help: String,
    /// What it is where nobody says anything, if that is not what the flag has.
    pub(crate) default: Option<&'static str>,
}

/// What a value of a setting is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The value of the flag of that name; of a list, several with commas.
    Flag { is_list: bool },
    /// Where the file of a flag is.
    File { flag: String, is_list: bool, store: Store, entry: &'static str },
    /// A Secret of type `kubernetes.io/tls`, for a flag of each file in it.
    Pair { certificate: &'static str, private_key: &'static str },
    /// Files that only a configuration file names.
    Files,
    /// What only a pod has.
    OfPod,
}

/// Every setting of `kind`: those of the pod first, then in the order of
/// `--help`.
pub(crate) fn all_of(kind: Kind) -> &'static [Setting] {
    static OF_GUARD: LazyLock<Vec<Setting>> = LazyLock::new(|| list(Kind::Guard));
    static OF_SIGNER: LazyLock<Vec<Setting>> = LazyLock::new(|| list(Kind::Signer));
    match kind {
        Kind::Guard => &OF_GUARD,
        Kind::Signer => &OF_SIGNER,
    }
}

fn list(kind: Kind) -> Vec<Setting> {
    let own = OWN.iter().filter(|own| own.kinds.contains(&kind)).map(|own| own.setting(kind));
    let pairs =
        PAIRS.iter().filter(|(of, ..)| *of == kind).map(|(_, key, certificate, private_key)| Setting {
            key: (*key).to_owned(),
            form: Form::Pair { certificate, private_key },
            value_name: "SECRET".to_owned(),
            help: format!("Secret of type kubernetes.io/tls, for --{certificate} and --{private_key}"),
            default: None,
        });
    let flags = kind.flags().into_iter().filter(|flag| !is_taken(flag)).map(|flag| of_flag(kind, flag));
    own.chain(pairs).chain(flags).collect()
}

/// Whether a flag is said by another setting, or is not for others to say.
fn is_taken(flag: &Flag) -> bool {
    let name = flag.name.as_str();
    // A variable of the container is no place for a secret: `kubectl describe` shows it, and it is never reloaded.
    name.ends_with("-env")
        || TAKEN.contains(&name)
        || PAIRS.iter().any(|(_, _, certificate, private_key)| name == *certificate || name == *private_key)
}

fn of_flag(kind: Kind, flag: Flag) -> Setting {
    let default =
        SMALLER.iter().find(|(of, name, _)| *of == kind && *name == flag.name).map(|(.., value)| *value);
    if !flag.takes_file() {
        let Flag { name, value_name, is_list, help } = flag;
        return Setting { key: name, form: Form::Flag { is_list }, value_name, help, default };
    }
    let (store, entry) = STORES
        .iter()
        .find(|(name, ..)| *name == flag.name)
        .map_or((Store::Secret, ""), |(_, store, entry)| (*store, *entry));
    let entry = if flag.name == CONFIG { kind.config_key() } else { entry };
    Setting {
        key: if flag.name == ALLOW_IP_FILE { &flag.name } else { flag.name.trim_end_matches("-file") }
            .to_owned(),
        form: Form::File { flag: flag.name, is_list: flag.is_list, store, entry },
        value_name: if store == Store::Secret { "SECRET/KEY" } else { "CONFIGMAP/KEY" }.to_owned(),
        help: flag.help,
        default,
    }
}

/// A setting of the container.
struct Own {
    key: &'static str,
    kinds: &'static [Kind],
    value_name: &'static str,
    help: &'static str,
    default: Default,
}

enum Default {
    None,
    Fixed(&'static str),
    ListenPort,
    AdminPort,
    ListenAddress,
}

impl Own {
    fn setting(&self, kind: Kind) -> Setting {
        let default = match self.default {
            Default::None => None,
            Default::Fixed(value) => Some(value),
            Default::ListenPort => Some(if kind == Kind::Guard { "8843" } else { "8787" }),
            Default::AdminPort => Some(if kind == Kind::Guard { "9843" } else { "9844" }),
            Default::ListenAddress => Some(kind.listen_address()),
        };
        Setting {
            key: self.key.to_owned(),
            form: if self.key == FILES { Form::Files } else { Form::OfPod },
            value_name: self.value_name.to_owned(),
            help: self.help.to_owned(),
            default,
        }
    }
}

pub(crate) const IMAGE: &str = "image";
pub(crate) const IMAGE_PULL_POLICY: &str = "image-pull-policy";
pub(crate) const IMAGE_PULL_SECRET: &str = "image-pull-secret";
pub(crate) const CPU_REQUEST: &str = "cpu-request";
pub(crate) const CPU_LIMIT: &str = "cpu-limit";
pub(crate) const MEMORY_REQUEST: &str = "memory-request";
pub(crate) const MEMORY_LIMIT: &str = "memory-limit";
pub(crate) const RUN_AS_USER: &str = "run-as-user";
pub(crate) const LISTEN_ADDRESS: &str = "listen-address";
pub(crate) const LISTEN_PORT: &str = "listen-port";
pub(crate) const ADMIN_PORT: &str = "admin-port";
pub(crate) const UPSTREAM_PORT: &str = "upstream-port";
pub(crate) const STATE_VOLUME: &str = "state-volume";
pub(crate) const FILES: &str = "files";

const BOTH: &[Kind] = &Kind::ALL;
const GUARD: &[Kind] = &[Kind::Guard];

const fn own(
    key: &'static str,
    kinds: &'static [Kind],
    value_name: &'static str,
    default: Default,
    help: &'static str,
) -> Own {
    Own { key, kinds, value_name, help, default }
}

const OWN: &[Own] = &[
    own(
        UPSTREAM_PORT,
        GUARD,
        "PORT",
        Default::None,
        "Port where the app of the pod listens: a number, or the name of a port of the pod",
    ),
    own(LISTEN_PORT, BOTH, "PORT", Default::ListenPort, "Port of the sidecar"),
    own(
        LISTEN_ADDRESS,
        BOTH,
        "ADDRESS",
        Default::ListenAddress,
        "Address that it listens on; :: where the pod has IPv6",
    ),
    own(ADMIN_PORT, BOTH, "PORT", Default::AdminPort, "Port of its health and metrics"),
    own(
        FILES,
        BOTH,
        "FILES",
        Default::None,
        "Files that the configuration file names, as secrets/NAME/KEY and configmaps/NAME/KEY: secret:NAME/KEY or configmap:NAME/KEY, several with commas",
    ),
    own(
        STATE_VOLUME,
        GUARD,
        "VOLUME",
        Default::None,
        "Volume of the pod to keep the ledger and captures in (--state-dir); the user of the sidecar must be able to write there",
    ),
    own(IMAGE, BOTH, "IMAGE", Default::None, "Image of the sidecar, best by its digest"),
    own(
        IMAGE_PULL_POLICY,
        BOTH,
        "Always|IfNotPresent|Never",
        Default::Fixed("IfNotPresent"),
        "When it is pulled",
    ),
    own(
        IMAGE_PULL_SECRET,
        BOTH,
        "SECRET",
        Default::None,
        "Secret of the namespace to pull it with, beside those of the pod",
    ),
    own(CPU_REQUEST, BOTH, "QUANTITY", Default::Fixed("10m"), "CPU that is kept for the sidecar"),
    own(CPU_LIMIT, BOTH, "QUANTITY", Default::None, "CPU that it may take"),
    own(MEMORY_REQUEST, BOTH, "QUANTITY", Default::Fixed("32Mi"), "Memory that is kept for the sidecar"),
    own(
        MEMORY_LIMIT,
        BOTH,
        "QUANTITY",
        Default::Fixed("256Mi"),
        "Memory that it may take: what ledger-max, max-connections and body-budget need together",
    ),
    own(
        RUN_AS_USER,
        BOTH,
        "UID|omit",
        Default::Fixed("65532"),
        "User of the sidecar; omit where the platform gives one, as OpenShift does",
    ),
];

/// Flags with the files of a Secret of type `kubernetes.io/tls`.
const PAIRS: &[(Kind, &str, &str, &str)] = &[
    (Kind::Guard, "tls-secret", "tls-cert", "tls-key"),
    (Kind::Guard, "state-tls-secret", "state-cert", "state-key"),
    (Kind::Signer, "tls-secret", "cert", "key"),
];

/// Flags that the injector gives itself, or that would reach out of the pod's
/// own files.
const TAKEN: &[&str] = &["listen", "admin-listen", "state-dir", "handshake-secret-file", "control-socket"];

/// Where the file of a flag is, if a reference does not say.
const STORES: &[(&str, Store, &str)] = &[
    (CONFIG, Store::ConfigMap, ""),
    (ALLOW_IP_FILE, Store::ConfigMap, "allow-ip"),
    ("secret-file", Store::Secret, "secret"),
    ("client-ca", Store::Secret, "ca.crt"),
    ("client-crl", Store::Secret, "ca.crl"),
    ("source-client-ca", Store::Secret, "ca.crt"),
    ("upstream-ca", Store::Secret, "ca.crt"),
    ("otlp-ca", Store::Secret, "ca.crt"),
    ("issuer-ca", Store::Secret, "ca.crt"),
    ("state-ca", Store::Secret, "ca.crt"),
    ("ca", Store::Secret, "ca.crt"),
    ("attest-secret-file", Store::Secret, "secret"),
    ("handshake-token-file", Store::Secret, "token"),
    ("state-password-file", Store::Secret, "password"),
    ("auth-secret-file", Store::Secret, "secret"),
];

const CONFIG: &str = "config";

/// It has a setting `allow-ip` beside it.
const ALLOW_IP_FILE: &str = "allow-ip-file";

/// What a sidecar needs less of than a machine that has nothing else to do.
/// Together it fits the default of `memory-limit`.
const SMALLER: &[(Kind, &str, &str)] = &[
    (Kind::Guard, "ledger-max", "100000"),
    (Kind::Guard, "max-connections", "1000"),
    (Kind::Guard, "body-budget", "128MiB"),
    (Kind::Signer, "body-budget", "128MiB"),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_flag_with_a_file_says_where_its_file_is() {
        for setting in Kind::ALL.into_iter().flat_map(all_of) {
            if let Form::File { flag, entry, .. } = &setting.form {
                assert!(!entry.is_empty(), "--{flag} has no line in STORES");
            }
        }
    }

    #[test]
    fn no_two_settings_of_a_sidecar_have_one_key() {
        for kind in Kind::ALL {
            let settings = all_of(kind);
            let keys: HashSet<_> = settings.iter().map(|setting| &setting.key).collect();
            assert_eq!(keys.len(), settings.len(), "{}", kind.name());
        }
    }

    #[test]
    fn every_flag_is_a_setting_or_is_known_to_be_none() {
        for kind in Kind::ALL {
            let settings = all_of(kind);
            for flag in kind.flags().into_iter().filter(|flag| !is_taken(flag)) {
                let stands_for = |setting: &Setting| match &setting.form {
                    Form::Flag { .. } => setting.key == flag.name,
                    Form::File { flag: of, .. } => *of == flag.name,
                    _ => false,
                };
                assert!(settings.iter().any(stands_for), "--{}", flag.name);
            }
        }
    }
}
