//! What was said of a pod, and by whom: its annotations, those of its
//! namespace, and the injector's defaults, in this order.

use std::collections::BTreeMap;

use super::kind::Kind;
use super::names::{INJECT, PREFIX, STATUS};
use super::setting::{self, Setting};
use crate::config::nearest;

/// Labels or annotations.
pub(crate) type Pairs = BTreeMap<String, String>;

/// The settings of one pod, as far as anyone made them.
#[derive(Debug)]
pub(crate) struct Given {
    kind: Kind,
    values: BTreeMap<&'static str, (String, Origin)>,
}

/// Who said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Pod,
    Namespace,
    Injector,
    BuiltIn,
}

impl Origin {
    /// What follows the key in a message, to say where to look.
    pub(crate) const fn place(self) -> &'static str {
        match self {
            Self::Pod => "",
            Self::Namespace => " (annotation of the namespace)",
            Self::Injector => " (--default of the injector)",
            Self::BuiltIn => " (built in)",
        }
    }
}

impl Given {
    /// Puts together what is said for a sidecar of `kind`.
    pub(crate) fn of(kind: Kind, pod: &Pairs, namespace: &Pairs, defaults: &Pairs) -> Self {
        let mut values = BTreeMap::new();
        for Setting { key, default, .. } in setting::all_of(kind) {
            let annotation = format!("{PREFIX}{key}");
            let said = [
                (pod.get(&annotation), Origin::Pod),
                (namespace.get(&annotation), Origin::Namespace),
                (defaults.get(key), Origin::Injector),
            ];
            let first = said.into_iter().find_map(|(value, origin)| Some((value?.clone(), origin)));
            let built_in = || default.map(|value| (value.to_owned(), Origin::BuiltIn));
            if let Some(said) = first.or_else(built_in) {
                values.insert(key.as_str(), said);
            }
        }
        Self { kind, values }
    }

    /// The value of `key`, without the space around it.
    pub(crate) fn value(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(|(value, _)| value.trim())
    }

    /// Who gave `key` its value; the pod, if nobody did.
    pub(crate) fn origin(&self, key: &str) -> Origin {
        self.values.get(key).map_or(Origin::Pod, |(_, origin)| *origin)
    }

    /// Whether somebody said something of `key`.
    pub(crate) fn is_said(&self, key: &str) -> bool {
        self.values.get(key).is_some_and(|(_, origin)| *origin != Origin::BuiltIn)
    }

    pub(crate) const fn kind(&self) -> Kind {
        self.kind
    }

    /// What of it has more items than are read: each is held against the others.
    pub(crate) fn overlong(&self) -> Vec<String> {
        let is_overlong = |value: &str| value.bytes().filter(|byte| *byte == b',').count() >= ITEMS_MAX;
        let values = self.values.iter().filter(|(_, (value, _))| is_overlong(value));
        values
            .map(|(key, (_, origin))| {
                let place = origin.place();
                format!("{PREFIX}{key}{place}: has more than {ITEMS_MAX} items; what has more goes into a file ({PREFIX}config)")
            })
            .collect()
    }
}

/// What of `annotations` looks like ours and does nothing for a sidecar of
/// `kind`: one warning each.
pub(crate) fn unknown(kind: Kind, annotations: &Pairs) -> Vec<String> {
    let keys_of = |kind| setting::all_of(kind).iter().map(|setting| setting.key.as_str());
    let other = Kind::ALL.into_iter().find(|other| *other != kind).unwrap_or(kind);
    let ours = annotations.keys().filter(|key| *key != INJECT && *key != STATUS);
    let keys = ours
        .filter_map(|key| key.strip_prefix(PREFIX))
        .filter(|key| !keys_of(kind).any(|known| known == *key))
        .take(UNKNOWN_MAX);
    keys.map(|key| {
        if keys_of(other).any(|of_other| of_other == key) {
            return format!(
                "{PREFIX}{key} is a setting of the {} and does nothing for a {}",
                other.name(),
                kind.name()
            );
        }
        match nearest(key, keys_of(kind)) {
            Some(near) => {
                format!("{PREFIX}{key} is not a setting and does nothing; did you mean {PREFIX}{near}?")
            }
            None => format!("{PREFIX}{key} is not a setting and does nothing"),
        }
    })
    .collect()
}

/// Of warnings no more are shown, and a suggestion is not free.
const UNKNOWN_MAX: usize = 16;

const ITEMS_MAX: usize = 1000;
