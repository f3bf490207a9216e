//! The lines that are signed.

use http::{HeaderMap, HeaderName, Method, Uri, header};

use super::LINES_MAX;
use super::dialect::{Dialect, Line};
use crate::schemes::covered::{joined, target_of};
use crate::schemes::refusal::Refusal;
use crate::schemes::scheme::Head;

/// One entry of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// One that the dialect has a name for.
    Named(&'static str, Line),
    /// A field.
    Field(HeaderName),
}

impl Entry {
    /// Reads an entry. Names of fields are in lower case: gateways differ in
    /// what they sign for others.
    pub(super) fn read(dialect: &Dialect, text: &str) -> Option<Self> {
        match dialect.lines.iter().find(|(name, _)| *name == text) {
            Some((name, line)) => Some(Self::Named(name, *line)),
            None if text.bytes().any(|byte| byte.is_ascii_uppercase()) => None,
            None => HeaderName::from_bytes(text.as_bytes()).ok().map(Self::Field),
        }
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Self::Named(name, _) => name,
            Self::Field(name) => name.as_str(),
        }
    }

    pub(super) fn is(&self, field: &HeaderName) -> bool {
        matches!(self, Self::Field(name) if name == field)
    }

    pub(super) fn is_line(&self, line: Line) -> bool {
        matches!(self, Self::Named(_, found) if *found == line)
    }
}

/// The entries of `list`, each once, and at least one.
pub(super) fn entries(dialect: &Dialect, list: &str) -> Result<Vec<Entry>, Refusal> {
    let mut entries = Vec::new();
    for text in list.split(' ').filter(|text| !text.is_empty()) {
        let entry = Entry::read(dialect, text).ok_or(Refusal::SignatureMalformed)?;
        if entries.contains(&entry) || entries.len() == LINES_MAX {
            return Err(Refusal::SignatureMalformed);
        }
        entries.push(entry);
    }
    if entries.is_empty() { Err(Refusal::SignatureMalformed) } else { Ok(entries) }
}

/// What lines say beside the fields.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) method: &'a Method,
    pub(super) target: &'a str,
    pub(super) fields: &'a HeaderMap,
    pub(super) public_url: Option<&'a str>,
    pub(super) key_id: &'a str,
    /// The parameters as they are written.
    pub(super) created: Option<&'a str>,
    pub(super) expires: Option<&'a str>,
}

impl<'a> Subject<'a> {
    pub(super) fn of(head: &Head<'a>, key_id: &'a str) -> Self {
        let Head { method, target, fields, public_url } = *head;
        // Where the sender knows it by another URL, that is the one it signed.
        let target = public_url.map_or(target, target_of);
        Self { method, target, fields, public_url, key_id, created: None, expires: None }
    }
}

/// The signed bytes: a line for each entry, in their order.
pub(super) fn base(dialect: &Dialect, subject: &Subject<'_>, entries: &[Entry]) -> Result<Vec<u8>, Refusal> {
    // A line end in the target would be a second line.
    if !subject.target.bytes().all(|byte| byte > b' ' && byte != 0x7f) {
        return Err(Refusal::SignatureMalformed);
    }
    let lines = entries.iter().map(|entry| line(subject, entry)).collect::<Result<Vec<_>, _>>()?;
    if !dialect.key_id_first {
        return Ok(lines.join(&b'\n'));
    }
    let mut base = subject.key_id.as_bytes().to_vec();
    for line in lines.iter().map(Vec::as_slice).chain([&b""[..]]) {
        base.push(b'\n');
        base.extend_from_slice(line);
    }
    Ok(base)
}

fn line(subject: &Subject<'_>, entry: &Entry) -> Result<Vec<u8>, Refusal> {
    let Subject { method, target, created, expires, .. } = subject;
    let text = match entry {
        Entry::Named(_, Line::RequestLine) => format!("{method} {target} HTTP/1.1"),
        Entry::Named(_, Line::BareTarget) => format!("{method} {target}"),
        Entry::Named(name, Line::RequestTarget) => {
            format!("{name}: {} {target}", method.as_str().to_ascii_lowercase())
        }
        Entry::Named(name, Line::Created) => format!("{name}: {}", created.ok_or(Refusal::TimestampMissing)?),
        Entry::Named(name, Line::Expires) => format!("{name}: {}", expires.ok_or(Refusal::TimestampMissing)?),
        Entry::Field(name) => {
            let mut line = format!("{name}: ").into_bytes();
            line.extend_from_slice(&field(subject, name)?);
            return Ok(line);
        }
    };
    Ok(text.into_bytes())
}

/// HTTP/2 has no `Host`. What it would say is what the source's public URL says.
fn field(subject: &Subject<'_>, name: &HeaderName) -> Result<Vec<u8>, Refusal> {
    match subject.public_url.and_then(|url| url.parse::<Uri>().ok()) {
        Some(url) if *name == header::HOST && !subject.fields.contains_key(name) => {
            let authority = url.authority().ok_or(Refusal::ComponentMissing)?;
            Ok(authority.as_str().to_ascii_lowercase().into_bytes())
        }
        _ => joined(subject.fields, name),
    }
}
