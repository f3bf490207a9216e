//! Who publishes the keys of a source's tokens, and how it is asked.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::values::{Destination, Fault, Host, Protection};

/// An issuer whose keys are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerConfig {
    /// Where its keys are.
    pub keys_at: KeysAt,
    /// CA certificates for it, PEM; the public ones when absent.
    pub ca: Option<PathBuf>,
    /// Whether plain `http` to this machine is allowed.
    pub allow_plain: bool,
    /// The algorithms that its keys may be for; the usual ones when empty.
    pub algorithms: Vec<String>,
    /// The longest time between two askings.
    pub refresh: Duration,
    /// How long keys count that could not be asked for anew.
    pub max_stale: Duration,
}

/// Where the keys of an issuer are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeysAt {
    /// Where its own metadata says (`OpenID` Connect Discovery 1.0 section 4, RFC
    /// 8414 section 3). The issuer, exactly as it calls itself.
    Discovered(String),
    /// At this URL.
    Url(Destination),
}

impl IssuerConfig {
    /// Reads a URL at which an issuer is asked: `https`, or `http` to this
    /// machine where that was asked for by name.
    pub(crate) fn destination(url: &str, allow_plain: bool) -> Result<Destination, Fault> {
        let destination = Destination::read(url, allow_plain)?;
        let is_here = match destination.authority().host() {
            Host::Address(address) => address.is_loopback(),
            Host::Name(name) => name == "localhost",
        };
        if destination.protection() == Protection::Plain && !is_here {
            return Err("expected an https URL: plain http is for an issuer on this machine".into());
        }
        Ok(destination)
    }
}

impl fmt::Display for KeysAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Discovered(issuer) => f.write_str(issuer),
            Self::Url(url) => url.fmt(f),
        }
    }
}
