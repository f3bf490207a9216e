//! Which sidecar it is: all in which the two differ.

use crate::config::{Flag, GuardArgs, SignerArgs};

/// A sidecar that a pod can get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Guard,
    Signer,
}

impl Kind {
    /// Both.
    pub(crate) const ALL: [Self; 2] = [Self::Guard, Self::Signer];

    /// What labels and the command line call it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Guard => "guard",
            Self::Signer => "signer",
        }
    }

    /// The container's name, by which it is known again.
    pub(crate) const fn container(self) -> &'static str {
        match self {
            Self::Guard => "countersign-guard",
            Self::Signer => "countersign-signer",
        }
    }

    /// The name of its admin port: at most 15 characters (RFC 6335).
    pub(crate) const fn admin_port_name(self) -> &'static str {
        match self {
            Self::Guard => "guard-admin",
            Self::Signer => "signer-admin",
        }
    }

    /// The address that it listens on by default: a guard for the pod's callers,
    /// a signer for the app beside it alone.
    pub(crate) const fn listen_address(self) -> &'static str {
        match self {
            Self::Guard => "0.0.0.0",
            Self::Signer => "127.0.0.1",
        }
    }

    /// What its configuration file is called in a ConfigMap.
    pub(crate) const fn config_key(self) -> &'static str {
        match self {
            Self::Guard => "guard.toml",
            Self::Signer => "signer.toml",
        }
    }

    /// The flags that it has.
    pub(crate) fn flags(self) -> Vec<Flag> {
        match self {
            Self::Guard => GuardArgs::flags(),
            Self::Signer => SignerArgs::flags(),
        }
    }

    /// What is wrong with `flags`, less what files hold.
    pub(crate) fn problems_of(self, flags: &[String], unseen: &str) -> Vec<String> {
        match self {
            Self::Guard => GuardArgs::problems_of(flags, unseen),
            Self::Signer => SignerArgs::problems_of(flags, unseen),
        }
    }
}
