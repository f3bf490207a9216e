//! References to files in Secrets and ConfigMaps: `NAME`, `NAME/KEY`,
//! `secret:NAME/KEY`, `configmap:NAME/KEY`.

use std::fmt;

/// Where a file of the sidecar comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reference {
    pub(crate) store: Store,
    pub(crate) name: String,
    pub(crate) key: String,
}

/// The two kinds of objects that hold files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Store {
    Secret,
    ConfigMap,
}

impl Store {
    /// Its folder in the sidecar.
    const fn folder(self) -> &'static str {
        match self {
            Self::Secret => "secrets",
            Self::ConfigMap => "configmaps",
        }
    }
}

impl fmt::Display for Store {
    /// The kind, as the Kubernetes API has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secret => "Secret",
            Self::ConfigMap => "ConfigMap",
        })
    }
}

impl Reference {
    /// Reads a reference, which is to `key` in a `store` where it does not say.
    pub(crate) fn read(text: &str, store: Store, key: Option<&str>) -> Result<Self, String> {
        let (store, rest) = match text.split_once(':') {
            Some(("secret", rest)) => (Store::Secret, rest),
            Some(("configmap", rest)) => (Store::ConfigMap, rest),
            Some(_) => return Err(FORM.to_owned()),
            None => (store, text),
        };
        let (name, key) = match (rest.split_once('/'), key) {
            (Some((name, key)), _) => (name, key),
            (None, Some(key)) => (rest, key),
            (None, None) => return Err(format!("{FORM}, with its KEY")),
        };
        if !is_object_name(name) {
            return Err(format!("expected the name of a {store} (lower case letters, digits, - and .)"));
        }
        if !is_key(key) {
            return Err("expected a key of letters, digits, -, _ and .".to_owned());
        }
        Ok(Self { store, name: name.to_owned(), key: key.to_owned() })
    }

    /// Its path below the root of the sidecar's files.
    pub(crate) fn path(&self) -> String {
        format!("{}/{}/{}", self.store.folder(), self.name, self.key)
    }
}

/// Whether `name` is a DNS subdomain (RFC 1123), as names of objects are.
pub(crate) fn is_object_name(name: &str) -> bool {
    name.len() <= NAME_BYTES_MAX && name.split('.').all(is_label)
}

/// Whether `name` is a DNS label (RFC 1123), as names of namespaces are.
pub(crate) fn is_namespace_name(name: &str) -> bool {
    name.len() <= LABEL_BYTES_MAX && is_label(name)
}

/// Whether `label` is a part of one.
pub(crate) fn is_label(label: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !label.is_empty() && label.bytes().all(is_inner) && !label.starts_with('-') && !label.ends_with('-')
}

/// Whether `key` may be one of a Secret or ConfigMap. Dots alone would lead to
/// another folder.
fn is_key(key: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !key.is_empty()
        && key.len() <= NAME_BYTES_MAX
        && key.bytes().all(is_part)
        && !key.starts_with("..")
        && key != "."
}

const FORM: &str = "expected NAME, NAME/KEY, secret:NAME/KEY or configmap:NAME/KEY";

const NAME_BYTES_MAX: usize = 253;

const LABEL_BYTES_MAX: usize = 63;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_name_a_file_or_say_what_is_expected() {
        let path =
            |text| Reference::read(text, Store::Secret, Some("secret")).map(|reference| reference.path());
        assert_eq!(path("github").as_deref(), Ok("secrets/github/secret"));
        assert_eq!(path("github/new").as_deref(), Ok("secrets/github/new"));
        assert_eq!(path("configmap:lists/allow.txt").as_deref(), Ok("configmaps/lists/allow.txt"));
        for wrong in
            ["", "/a", "a/", "a/b/c", "A", "a/..", "a/../b", "-a", "a..b", "file:a/b", "secret:", "a/..data"]
        {
            assert!(path(wrong).is_err(), "{wrong}");
        }
        assert!(Reference::read("a", Store::Secret, None).is_err());
    }
}
