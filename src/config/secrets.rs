//! Signing secrets, from files and from named environment variables.
//!
//! Never from arguments: those are seen by everyone on the machine. Nothing
//! here puts a byte of a secret into a problem or a remark.

use std::collections::{HashMap, HashSet};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use base64ct::{Base64, Encoding as _};

use super::environment::Environment;
use super::files;
use super::problems::{Remark, Report};
use super::values::Fault;
use crate::keys::Secret;
use crate::schemes::{Digest, Validity};

/// A secret and where it came from.
pub(super) struct Sourced {
    /// The flag that named its place.
    pub(super) key: &'static str,
    /// The file or the variable.
    pub(super) place: String,
    /// The name by which messages choose it.
    pub(super) key_id: Option<String>,
    pub(super) secret: Secret,
    pub(super) validity: Validity,
}

impl Sourced {
    /// Whether its file is elsewhere, and something stands in its place.
    pub(super) fn is_unseen(&self, report: &Report) -> bool {
        self.key == FILE && report.is_unseen(&self.place)
    }
}

/// Where a secret is, and what messages call it.
pub(super) struct Place {
    /// The file or the variable.
    at: String,
    key_id: Option<String>,
    /// Whether there may have been meant to be something before an equals sign.
    is_ambiguous: bool,
}

impl Place {
    /// A place and nothing else, where nothing else has a meaning.
    pub(super) fn whole(text: &str) -> Self {
        Self { is_ambiguous: text.contains('='), ..Self::nameless(text) }
    }

    fn nameless(text: &str) -> Self {
        Self { at: text.to_owned(), key_id: None, is_ambiguous: false }
    }

    /// `KEYID=PLACE`, or a place for every key id. What comes before the first
    /// equals sign is the id; with nothing before it there is none, for a file
    /// that has one in its name.
    pub(super) fn named(text: &str) -> Self {
        match text.split_once('=') {
            Some(("", at)) => Self::nameless(at),
            Some((key_id, at)) => Self { key_id: Some(key_id.to_owned()), ..Self::nameless(at) },
            None => Self::nameless(text),
        }
    }
}

/// Where the signing secrets of one source or endpoint are.
#[derive(Clone, Copy)]
pub(super) struct SecretPlaces<'a> {
    pub(super) files: &'a [Place],
    pub(super) variables: &'a [Place],
    /// What cannot be done without: `verified`, `signed`.
    pub(super) purpose: &'static str,
}

/// Where one other secret is, in a file or in a variable, with the flags that
/// say so.
pub(super) struct OnePlace<'a> {
    pub(super) file: (&'static str, Option<&'a str>),
    pub(super) variable: (&'static str, Option<&'a str>),
}

/// A secret that there is one of, such as a password.
pub(super) fn read_one(
    place: &OnePlace<'_>,
    environment: &Environment,
    report: &mut Report,
) -> Option<Secret> {
    let (key, place, read) = match (place.file, place.variable) {
        ((key, Some(path)), (_, None)) => (key, path, from_file(key, path, report)),
        ((_, None), (key, Some(name))) => (key, name, from_variable(name, environment)),
        ((file, Some(_)), (variable, Some(_))) => {
            report.problem(file, format!("contradicts {variable}: leave one of the two out"));
            return None;
        }
        ((file, None), (variable, None)) => {
            report.problem(file, format!("is missing, and so is {variable}"));
            return None;
        }
    };
    match read.and_then(|bytes| distinct(Secret::new(bytes), &[])) {
        Ok(secret) => Some(secret),
        Err(fault) => {
            report.wrong(key, place, fault);
            None
        }
    }
}

/// Secrets from the files of `key`, each with its file.
pub(super) fn read_others(
    key: &'static str,
    paths: &[String],
    report: &mut Report,
) -> Option<Vec<(String, Secret)>> {
    let mut secrets = Vec::new();
    for path in paths {
        match from_file(key, path, report) {
            Ok(bytes) => secrets.push((path.clone(), Secret::new(bytes))),
            Err(fault) => report.wrong(key, path, fault),
        }
    }
    (secrets.len() == paths.len()).then_some(secrets)
}

/// Which source has which secret, so that none has another's: whoever signs
/// for one could sign for the other.
#[derive(Default)]
pub(super) struct SecretOwners {
    owners: HashMap<Digest, String>,
    /// Of the source that is being read.
    owner: String,
    /// What senders sign with, and what the guard signs with for apps.
    verifying: HashSet<Digest>,
    attesting: HashSet<Digest>,
}

impl SecretOwners {
    /// What follows is of the source at `place`.
    pub(super) fn next(&mut self, place: String) {
        self.owner = place;
    }

    /// Reports each of `secrets`, which senders have, under which an app is
    /// shown that a delivery was verified.
    pub(super) fn verify<'s>(&mut self, secrets: impl Iterator<Item = &'s Sourced>, report: &mut Report) {
        for Sourced { key, place, secret, .. } in secrets {
            let digest = Digest::of(base64_of(secret));
            if self.attesting.contains(&digest) {
                report.wrong(key, place, SENDER_ATTESTS);
            }
            self.verifying.insert(digest);
        }
    }

    /// Reports each of `secrets`, which are for apps, that a sender has.
    pub(super) fn attest(&mut self, key: &'static str, secrets: &[(String, Secret)], report: &mut Report) {
        for (path, secret) in secrets {
            let digest = Digest::of(base64_of(secret));
            if self.verifying.contains(&digest) {
                report.wrong(key, path, SENDER_ATTESTS);
            }
            self.attesting.insert(digest);
        }
    }

    /// Reports each of `secrets` that an earlier source has.
    pub(super) fn claim<'s>(&mut self, secrets: impl Iterator<Item = &'s Sourced>, report: &mut Report) {
        for Sourced { key, place, secret, .. } in secrets {
            // A digest of it is kept no longer than the reading takes.
            let owner = self.owners.entry(Digest::of(secret.expose())).or_insert_with(|| self.owner.clone());
            if *owner != self.owner {
                let fault = format!(
                    "holds a secret of {} too: whoever signs for one source could sign for both; give each its \
                     own, or --allow-shared-secret",
                    owner.trim_end_matches(": ")
                );
                report.wrong(key, place, fault);
            }
        }
    }
}

/// The same key may be written with its prefix and without.
fn base64_of(secret: &Secret) -> &[u8] {
    let text = secret.expose();
    text.strip_prefix(b"whsec_").unwrap_or(text)
}

const SENDER_ATTESTS: &str = "is a sender's signing secret, and --attest-secret-file has it too: the sender could prove to the app \
                              what the guard never saw; give each its own";

/// Every secret, files first, each kind in the order given. The order is that
/// of the slots; the first one signs.
pub(super) fn read(
    places: SecretPlaces<'_>,
    environment: &Environment,
    report: &mut Report,
) -> Option<Vec<Sourced>> {
    if places.files.is_empty() && places.variables.is_empty() {
        let purpose = places.purpose;
        report.problem(FILE, format!("is missing, and so is --secret-env: without a secret nothing can be {purpose}; `countersign secret --out FILE` makes one"));
        return None;
    }
    let files: Vec<_> =
        places.files.iter().map(|place| (FILE, place, from_file(FILE, &place.at, report))).collect();
    let variables = places.variables.iter().map(|place| (ENV, place, from_variable(&place.at, environment)));
    let mut secrets: Vec<Sourced> = Vec::new();
    let mut complete = true;
    for (key, place, read) in files.into_iter().chain(variables) {
        match read.and_then(|bytes| distinct(Secret::new(bytes), &secrets)) {
            Ok(secret) => {
                let (place, key_id) = (place.at.clone(), place.key_id.clone());
                secrets.push(Sourced { key, place, key_id, secret, validity: Validity::ALWAYS });
            }
            Err(fault) => {
                let fault = if place.is_ambiguous { format!("{fault}; {TAKEN_WHOLE}").into() } else { fault };
                report.wrong(key, &place.at, fault);
                complete = false;
            }
        }
    }
    complete.then_some(secrets)
}

fn from_file(key: &str, path: &str, report: &mut Report) -> Result<Vec<u8>, Fault> {
    if report.is_unseen(path) {
        return Ok(stand_in(path));
    }
    if report.opens_no_files() {
        return Err("cannot be read: there is no such file".into());
    }
    report.comes_from(path);
    let bytes = files::read(Path::new(path), SECRET_BYTES_MAX)?;
    report.remarks.extend(files::exposure(key, Path::new(path)));
    let secret = without_line_end(&bytes);
    if secret.len() < bytes.len() {
        report.remarks.push(Remark::note(
            format!("{key} {path}"),
            "ends with a line end, which is not part of the secret",
        ));
    }
    Ok(secret.to_vec())
}

/// In place of a secret that is elsewhere, so that all that is said of it can be
/// judged: one path is one secret. Nothing is ever verified with it.
fn stand_in(path: &str) -> Vec<u8> {
    let digest = Digest::of(path.as_bytes());
    format!("whsec_{}", Base64::encode_string(digest.as_bytes())).into_bytes()
}

fn from_variable(name: &str, environment: &Environment) -> Result<Vec<u8>, Fault> {
    let value = environment.get(name).ok_or("is not set in the environment")?.as_bytes();
    if value.len() > SECRET_BYTES_MAX {
        return Err(format!("is longer than {SECRET_BYTES_MAX} bytes").into());
    }
    Ok(without_line_end(value).to_vec())
}

/// One line end is what editors and `echo` add; a second one was meant.
fn without_line_end(bytes: &[u8]) -> &[u8] {
    bytes.strip_suffix(b"\r\n").or_else(|| bytes.strip_suffix(b"\n")).unwrap_or(bytes)
}

fn distinct(secret: Secret, earlier: &[Sourced]) -> Result<Secret, Fault> {
    if secret.is_empty() {
        return Err("is empty".into());
    }
    match earlier.iter().find(|earlier| earlier.secret == secret) {
        Some(twin) => Err(format!("holds the same secret as {} {:?}", twin.key, twin.place).into()),
        None => Ok(secret),
    }
}

const FILE: &str = "--secret-file";
const ENV: &str = "--secret-env";

const TAKEN_WHOLE: &str = "all of it was taken, since what stands before the equals sign is no scheme, and messages of \
                           this one name no key";

/// Far beyond any key; a longer file is the wrong file.
const SECRET_BYTES_MAX: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_may_have_a_key_id_before_it() {
        let named = |text| {
            let Place { at, key_id, .. } = Place::named(text);
            (key_id, at)
        };
        assert_eq!(named("alice=a.secret"), (Some("alice".to_owned()), "a.secret".to_owned()));
        assert_eq!(named("alice=a=b.secret"), (Some("alice".to_owned()), "a=b.secret".to_owned()));
        assert_eq!(named("a.secret"), (None, "a.secret".to_owned()));
        assert_eq!(named("=a=b.secret"), (None, "a=b.secret".to_owned()));
    }

    #[test]
    fn one_line_end_is_trimmed_and_no_more() {
        for (text, secret) in
            [("a", "a"), ("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), ("a ", "a "), ("\n", "")]
        {
            assert_eq!(without_line_end(text.as_bytes()), secret.as_bytes(), "{text:?}");
        }
    }
}
