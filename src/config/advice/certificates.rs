//! Certificates, CAs and revocation lists that are out of their time, or not
//! what they are given for.
//!
//! None of it keeps a guard from starting: it may be this machine's clock that
//! is wrong, and what a sender is told in the handshake says more than a port
//! on which nobody listens.

use std::path::Path;
use std::time::Duration;

use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{ParsedExtension, X509Extension};
use x509_parser::prelude::FromDer as _;
use x509_parser::revocation_list::CertificateRevocationList;

use super::super::guard::{ClientAuth, ClientTrust, SourceConfig, TlsConfig};
use super::super::material::{self, Validity};
use super::super::problems::Remark;
use super::super::values::Instant;
use crate::clock::UnixTime;

/// Remarks on the files of `tls`, seen from `now`. They were read once, so what
/// cannot be read any more is not worth one.
pub(super) fn on_tls(tls: &TlsConfig, sources: &[SourceConfig], now: UnixTime) -> Vec<Remark> {
    let mut remarks = on_server(&tls.cert, now);
    if let ClientAuth::Required(trust) | ClientAuth::Optional(trust) = &tls.client_auth {
        remarks.extend(on_clients(trust, sources, now));
    }
    remarks
}

fn on_server(file: &Path, now: UnixTime) -> Vec<Remark> {
    let at = Place { flag: "--tls-cert", file };
    let chain = material::certificates(file).unwrap_or_default();
    let dates = chain.iter().filter_map(material::validity);
    let dates = dates.filter_map(|validity| on_dates(Kind::Server, at, &validity, now));
    dates.chain(chain.first().and_then(|leaf| on_purpose(at, leaf))).collect()
}

/// RFC 5280 section 4.2.1.12: without the extension it is for every purpose.
fn on_purpose(at: Place<'_>, leaf: &CertificateDer<'_>) -> Option<Remark> {
    let (_, leaf) = X509Certificate::from_der(leaf).ok()?;
    let usage = leaf.extended_key_usage().ok()??.value;
    (!usage.any && !usage.server_auth).then(|| {
        at.remark(
            &leaf.subject().to_string(),
            "is not for servers (no serverAuth): senders refuse to connect",
        )
    })
}

fn on_clients(trust: &ClientTrust, sources: &[SourceConfig], now: UnixTime) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let lists: Vec<_> = trust.crls.iter().flat_map(|file| lists(file)).collect();
    let mut issuers = Vec::new();
    for file in &trust.cas {
        let of_source = sources.iter().any(|source| source.client_ca.as_ref() == Some(file));
        let at = Place { flag: if of_source { "--source-client-ca" } else { "--client-ca" }, file };
        for certificate in material::certificates(file).unwrap_or_default() {
            remarks.extend(on_ca(at, &certificate, now));
            let Some(issuer) = Issuer::of_certificate(&certificate) else { continue };
            if !lists.is_empty() && !lists.iter().any(|list| issuer.may_have_issued(&list.issuer)) {
                remarks.push(at.remark(
                    &issuer.shown,
                    "has no list among --client-crl: every client under it is refused",
                ));
            }
            issuers.push(issuer);
        }
    }
    remarks.extend(lists.iter().flat_map(|list| on_list(list, &issuers, now)));
    remarks
}

fn on_ca(at: Place<'_>, certificate: &CertificateDer<'_>, now: UnixTime) -> Vec<Remark> {
    let Some(validity) = material::validity(certificate) else { return Vec::new() };
    let is_ca = X509Certificate::from_der(certificate).is_ok_and(|(_, certificate)| certificate.is_ca());
    // An anchor is believed for being given, and not asked what it may sign.
    let purpose = (!is_ca).then(|| {
        let text = "is not a CA's: the client whose own it is gets refused unless it signed it itself, and whatever \
                    else its key signs is trusted";
        at.remark(&validity.name, text)
    });
    on_dates(Kind::Ca, at, &validity, now).into_iter().chain(purpose).collect()
}

fn on_list(list: &List<'_>, issuers: &[Issuer], now: UnixTime) -> Vec<Remark> {
    let dates = on_dates(Kind::List, list.at, &list.validity, now);
    let is_foreign = !issuers.iter().any(|issuer| issuer.may_have_issued(&list.issuer));
    let foreign = is_foreign.then(|| {
        let text = "issued a list and is none of the client CAs: it counts only for certificates under an \
                    intermediate CA of that name";
        list.at.remark(&list.issuer.shown, text)
    });
    dates.into_iter().chain(foreign).collect()
}

/// Where something was given.
#[derive(Clone, Copy)]
struct Place<'a> {
    flag: &'static str,
    file: &'a Path,
}

impl Place<'_> {
    fn remark(self, name: &str, text: &str) -> Remark {
        Remark::warning(self.flag, self.text(name, text))
    }

    /// A name is what somebody wrote into a certificate, so it comes escaped.
    fn text(self, name: &str, text: &str) -> String {
        format!("{}: {name:?} {text}", self.file.display())
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Server,
    Ca,
    List,
}

/// What there is to say of dates.
#[derive(Clone, Copy)]
enum Date {
    Ended(Instant),
    Begins(Instant),
    EndsSoon(Instant),
}

fn on_dates(kind: Kind, at: Place<'_>, validity: &Validity, now: UnixTime) -> Option<Remark> {
    let date = date(validity, now)?;
    let text = at.text(&validity.name, &said(kind, date));
    Some(match (kind, date) {
        // Many a list lives for a week, and is replaced every day.
        (Kind::List, Date::EndsSoon(_)) => Remark::note(at.flag, text),
        _ => Remark::warning(at.flag, text),
    })
}

fn date(validity: &Validity, now: UnixTime) -> Option<Date> {
    match (validity.begins, validity.ends) {
        (_, Some(end)) if end <= now => Some(Date::Ended(Instant(end))),
        (begin, _) if begin > now => Some(Date::Begins(Instant(begin))),
        (_, Some(end)) if end < now.saturating_add(SOON) => Some(Date::EndsSoon(Instant(end))),
        _ => None,
    }
}

/// What it comes to. No date of an anchor of trust is looked at (RFC 5280
/// section 6.1), nor the first one of a list.
fn said(kind: Kind, date: Date) -> String {
    match (kind, date) {
        (Kind::Server, Date::Ended(end)) => format!("ended on {end}: senders refuse to connect"),
        (Kind::Server, Date::Begins(begin)) => {
            format!("begins on {begin}: senders refuse to connect until then")
        }
        (Kind::Server, Date::EndsSoon(end)) => format!("ends on {end}: put the next one in place"),
        (Kind::Ca, Date::Ended(end)) => {
            format!("ended on {end}: what it signed counts until its own end, unless this is taken out")
        }
        (Kind::Ca, Date::Begins(begin)) => format!("begins on {begin}: what it signed counts already"),
        (Kind::Ca, Date::EndsSoon(end)) => format!("ends on {end}: add the next one"),
        (Kind::List, Date::Ended(end)) => format!(
            "issued a list that was to be replaced on {end}: every client that it speaks for is refused"
        ),
        (Kind::List, Date::Begins(begin)) => {
            format!("issued a list that begins on {begin}: it counts already")
        }
        (Kind::List, Date::EndsSoon(end)) => format!(
            "issued a list that is to be replaced on {end}: clients that it speaks for are refused from then on"
        ),
    }
}

/// A revocation list.
struct List<'a> {
    at: Place<'a>,
    validity: Validity,
    issuer: Issuer,
}

fn lists(file: &Path) -> Vec<List<'_>> {
    let at = Place { flag: "--client-crl", file };
    let lists = material::revocation_lists(file).unwrap_or_default();
    let list = |list: &CertificateRevocationListDer<'_>| {
        Some(List { at, validity: material::validity_of_list(list)?, issuer: Issuer::of_list(list)? })
    };
    lists.iter().filter_map(list).collect()
}

/// Who issues lists: a name, and the key of that name where it is said.
struct Issuer {
    shown: String,
    name: Vec<u8>,
    key: Option<Vec<u8>>,
}

impl Issuer {
    /// Who the subject of `certificate` is as an issuer.
    fn of_certificate(certificate: &CertificateDer<'_>) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
        let key = |extension: &X509Extension<'_>| match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(key) => Some(key.0.to_owned()),
            _ => None,
        };
        let (shown, name) = (certificate.subject().to_string(), certificate.subject().as_raw().to_owned());
        Some(Self { shown, name, key: certificate.extensions().iter().find_map(key) })
    }

    fn of_list(list: &CertificateRevocationListDer<'_>) -> Option<Self> {
        let (_, list) = CertificateRevocationList::from_der(list).ok()?;
        let key = |extension: &X509Extension<'_>| match extension.parsed_extension() {
            ParsedExtension::AuthorityKeyIdentifier(id) => Some(id.key_identifier.as_ref()?.0.to_owned()),
            _ => None,
        };
        let (shown, name) = (list.issuer().to_string(), list.issuer().as_raw().to_owned());
        Some(Self { shown, name, key: list.extensions().iter().find_map(key) })
    }

    /// A CA may have had two keys under one name; then the key decides.
    fn may_have_issued(&self, issuer_of_list: &Self) -> bool {
        let keys = self.key.as_ref().zip(issuer_of_list.key.as_ref());
        self.name == issuer_of_list.name && keys.is_none_or(|(own, other)| own == other)
    }
}

/// As long as the alert on the end of a certificate gives.
const SOON: Duration = Duration::from_secs(14 * 24 * 3600);
