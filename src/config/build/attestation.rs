//! The secrets of the proof that the app gets: known to guard and app, and to
//! no sender.

use crate::config::problems::Report;
use crate::config::secrets::{self, SecretOwners};
use crate::keys::KEY_BYTES_MIN;
use crate::schemes::{ATTESTATION, Credential, KeyError, KeyFault, Scheme, SchemeOptions};

/// `Some(None)` where the app gets no proof.
#[allow(clippy::option_option)]
pub(super) fn read(
    paths: &[String],
    owners: &mut SecretOwners,
    report: &mut Report,
) -> Option<Option<Scheme>> {
    if paths.is_empty() {
        return Some(None);
    }
    let secrets = secrets::read_others(KEY, paths, report)?;
    let mut complete = true;
    for (at, (path, secret)) in secrets.iter().enumerate() {
        let twin = secrets[..at].iter().find(|(_, earlier)| earlier == secret);
        let fault = match (twin, compile(&[secret.clone().into()])) {
            (Some((twin, _)), _) => Some(format!("holds the same secret as {KEY} {twin:?}")),
            (None, Err(KeyError::Unusable { fault: KeyFault::Weak { bytes }, .. })) => Some(format!(
                "makes a key of {bytes} bytes: expected at least {KEY_BYTES_MIN}; `countersign secret` makes one"
            )),
            (None, Err(KeyError::Unusable { fault, .. })) => Some(fault.to_string()),
            (None, Err(error)) => Some(error.to_string()),
            (None, Ok(_)) => None,
        };
        if let Some(fault) = fault {
            report.wrong(KEY, path, fault);
            complete = false;
        }
    }
    owners.attest(KEY, &secrets, report);
    if !complete {
        return None;
    }
    let credentials: Vec<Credential> = secrets.into_iter().map(|(_, secret)| secret.into()).collect();
    compile(&credentials)
        .map(Some)
        .map_err(|error| report.problem(KEY, format!("cannot be used: {error}")))
        .ok()
}

fn compile(credentials: &[Credential]) -> Result<Scheme, KeyError> {
    Scheme::new(&ATTESTATION, credentials, SchemeOptions::default())
}

const KEY: &str = "--attest-secret-file";
