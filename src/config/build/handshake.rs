//! Which set-up requests the guard answers itself, and with what.

use std::path::{Path, PathBuf};

use crate::config::environment::Environment;
use crate::config::nearest::nearest;
use crate::config::problems::{Remark, Report};
use crate::config::raw::{HandshakeArgs, handshake_names};
use crate::config::secrets::{self, OnePlace};
use crate::config::values::Fault;
use crate::config::{HandshakeConfig, Rate};
use crate::keys::Secret;
use crate::schemes::{Handshake, Preset, Responder};

/// `Some(None)` where none is answered.
#[allow(clippy::option_option)]
pub(super) fn read(
    args: &HandshakeArgs,
    preset: Option<&'static Preset>,
    rate: Option<Rate>,
    environment: &Environment,
    report: &mut Report,
) -> Option<Option<HandshakeConfig>> {
    let named = report.read_optional(NAME, args.handshake.as_deref(), |name| chosen(name, preset));
    let (named, preset) = (named?, preset?);
    let handshake = named.unwrap_or_else(|| preset.defaults.handshake.filter(|own| is_wanted(*own, args)));
    let secret_file = secret_file(args, handshake, report);
    let verify_token = verify_token(args, handshake, environment, report);
    let (secret_file, verify_token) = (secret_file?, verify_token?);
    let Some(handshake) = handshake else { return Some(None) };
    let responder = match handshake {
        Handshake::Asana => Responder::Asana,
        Handshake::CloudEvents => Responder::CloudEvents { rate_per_minute: rate.map(per_minute) },
        Handshake::Discord => Responder::Discord,
        Handshake::Dropbox => Responder::Dropbox,
        Handshake::Head => Responder::Head,
        Handshake::Meta => Responder::Meta { verify_token: verify_token? },
        Handshake::MicrosoftGraph => Responder::MicrosoftGraph,
        Handshake::Okta => Responder::Okta,
        Handshake::Slack => Responder::Slack,
        Handshake::X => Responder::X,
        Handshake::Xero => Responder::Xero,
        Handshake::Zoom => Responder::Zoom,
    };
    Some(Some(HandshakeConfig { responder, secret_file }))
}

/// Reads the name of a handshake, or `off`.
fn chosen(name: &str, preset: Option<&Preset>) -> Result<Option<Handshake>, Fault> {
    if name == "off" {
        return Ok(None);
    }
    let known = Handshake::ALL.into_iter().find(|handshake| handshake.name() == name);
    let handshake = known.ok_or_else(|| {
        let expected = format!("expected off or one of {}", handshake_names());
        match nearest(name, Handshake::ALL.iter().map(|handshake| handshake.name())) {
            Some(near) => Fault::from(format!("did you mean {near}? {expected}")),
            None => expected.into(),
        }
    })?;
    match preset {
        Some(preset) if handshake.uses_the_secret() && preset.defaults.handshake != Some(handshake) => {
            let scheme = preset.name;
            Err(format!("answers with MACs under the secret, which could be signatures of {scheme}: expected only with its own scheme").into())
        }
        _ => Ok(Some(handshake)),
    }
}

/// Whether a preset's own handshake is answered although nobody named it. Not
/// one that takes a secret from a stranger: that is asked for by its file.
fn is_wanted(handshake: Handshake, args: &HandshakeArgs) -> bool {
    handshake != Handshake::Asana || args.handshake_secret_file.is_some()
}

/// Where Asana's secret goes. The outer `None` is a problem.
#[allow(clippy::option_option)]
fn secret_file(
    args: &HandshakeArgs,
    handshake: Option<Handshake>,
    report: &mut Report,
) -> Option<Option<PathBuf>> {
    match (args.handshake_secret_file.as_deref(), handshake) {
        (None, Some(Handshake::Asana)) => {
            report.problem(SECRET_FILE, "is missing: say where the secret goes that Asana sends");
            None
        }
        (None, _) => Some(None),
        (Some(path), Some(Handshake::Asana)) => report.read_file(SECRET_FILE, path, writable).map(|file| {
            report.remarks.push(on_secret_file(path));
            Some(file)
        }),
        (Some(path), _) => {
            report.wrong(SECRET_FILE, path, "has no meaning without --handshake asana");
            None
        }
    }
}

fn writable(file: &Path) -> Result<(), Fault> {
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if file.file_name().is_none() || !directory.is_dir() {
        return Err("expected a file in a directory that is there".into());
    }
    Ok(())
}

fn on_secret_file(path: &str) -> Remark {
    if Path::new(path).exists() {
        return Remark::note(SECRET_FILE, "is there, so no other secret is taken: give it as --secret-file");
    }
    Remark::warning(
        SECRET_FILE,
        "takes the secret of whoever asks first: leave it out once the webhook is set up",
    )
}

/// The token that Meta has to show. The outer `None` is a problem.
#[allow(clippy::option_option)]
fn verify_token(
    args: &HandshakeArgs,
    handshake: Option<Handshake>,
    environment: &Environment,
    report: &mut Report,
) -> Option<Option<Secret>> {
    let (file, variable) = (args.handshake_token_file.as_deref(), args.handshake_token_env.as_deref());
    let places = [(TOKEN_FILE, file), (TOKEN_ENV, variable)];
    if handshake == Some(Handshake::Meta) {
        let [file, variable] = places;
        if (file.1, variable.1) == (None, None) {
            report.problem(TOKEN_FILE, "is missing, and so is --handshake-token-env: the token that Meta shows when the webhook is set up; --handshake off answers no such request");
            return None;
        }
        return secrets::read_one(&OnePlace { file, variable }, environment, report).map(Some);
    }
    let given: Vec<_> = places.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    for (key, value) in &given {
        report.wrong(key, value, "has no meaning without --handshake meta");
    }
    given.is_empty().then_some(None)
}

/// What `CloudEvents` senders are told: whole deliveries a minute, at least one.
fn per_minute(rate: Rate) -> u64 {
    (u64::from(rate.events.get()) * 60 / rate.per.as_secs().max(1)).max(1)
}

const NAME: &str = "--handshake";
const TOKEN_FILE: &str = "--handshake-token-file";
const TOKEN_ENV: &str = "--handshake-token-env";
const SECRET_FILE: &str = "--handshake-secret-file";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_told_by_the_minute() {
        for (rate, expected) in [("2/s", 120), ("120/m", 120), ("100/h", 1), ("10/h", 1), ("180/h", 3)] {
            assert_eq!(per_minute(rate.parse().expect("a rate")), expected, "{rate}");
        }
    }
}
