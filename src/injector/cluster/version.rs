//! The oldest Kubernetes that the injector works with.
//!
//! Native sidecars are there for good since 1.33; an older API server drops the
//! field, and the pod would never start.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::version::Info;
use kube::Client;
use tokio::time::{sleep, timeout};

use super::call::{CALL_TIMEOUT, describe};
use crate::injector::readiness::Readiness;

/// The API server is older than what the injector needs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the API server is Kubernetes {found}: the injector needs 1.33 or later, for native sidecar containers"
)]
pub struct TooOld {
    /// What it says of itself.
    pub found: String,
}

/// Asks once. An error where there is no answer, which says nothing of the
/// version.
pub(crate) async fn ask(client: &Client) -> Result<Result<(), TooOld>, String> {
    match timeout(CALL_TIMEOUT, client.apiserver_version()).await {
        Ok(Ok(info)) => Ok(judge(&info)),
        Ok(Err(error)) => Err(describe(&error)),
        Err(_) => Err("no answer in time".to_owned()),
    }
}

/// Asks until there is an answer. One that is too old leaves the injector
/// unready: it may be upgraded under us.
pub(crate) async fn until_known(client: Client, readiness: Arc<Readiness>) {
    loop {
        match ask(&client).await {
            Ok(Ok(())) => return readiness.version_known(),
            Ok(Err(too_old)) => tracing::error!(%too_old, "no work is taken"),
            Err(error) => tracing::warn!(error, "cannot reach the API server"),
        }
        sleep(ASK_AGAIN_AFTER).await;
    }
}

/// Distributions write more than a number: `33+`.
fn judge(info: &Info) -> Result<(), TooOld> {
    let number = |text: &str| {
        let digits = text.find(|c: char| !c.is_ascii_digit()).map_or(text, |end| &text[..end]);
        digits.parse::<u32>().unwrap_or(0)
    };
    if (number(&info.major), number(&info.minor)) >= OLDEST {
        return Ok(());
    }
    let found = [&info.major, &info.minor].map(|text| text.escape_debug().to_string()).join(".");
    Err(TooOld { found })
}

const OLDEST: (u32, u32) = (1, 33);

const ASK_AGAIN_AFTER: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_judged_as_distributions_write_them() {
        let judged = |major: &str, minor: &str| {
            judge(&Info { major: major.to_owned(), minor: minor.to_owned(), ..Info::default() })
        };
        for (major, minor) in [("1", "33"), ("1", "33+"), ("1", "40"), ("2", "0")] {
            assert_eq!(judged(major, minor), Ok(()), "{major}.{minor}");
        }
        for (major, minor, found) in [("1", "32", "1.32"), ("1", "9+", "1.9+"), ("", "", ".")] {
            assert_eq!(judged(major, minor), Err(TooOld { found: found.to_owned() }));
        }
    }
}
