//! `--show-expected`: what the signature would have to be.

use std::fmt::Write as _;

use crate::clock::UnixTime;
use crate::explain::{Case, Request};
use crate::schemes::Message;
use crate::schemes::describe::signature_header;

/// The signature of each secret over the request as it is.
pub(super) fn shown(cases: &[Case]) -> String {
    let mut text =
        "\nExpected, over these very bytes. Whoever has this line can send them as genuine:\n".to_owned();
    for case in cases {
        for (number, credential) in case.credentials.iter().enumerate() {
            let alone = Case { credentials: vec![credential.clone()], ..case.clone() };
            let line = signature(&alone).unwrap_or_else(|reason| reason);
            let _ = writeln!(text, "  secret {}: {line}", number + 1);
        }
    }
    text
}

/// Id and time are those of the request: where it has none, none can be shown.
fn signature(case: &Case) -> Result<String, String> {
    let scheme = case.scheme(case.options.clone()).map_err(|error| error.to_string())?;
    let Request { method, target, fields, body, .. } = &case.request;
    let claimed = case.claimed_at();
    if scheme.tolerance().is_some() && claimed.is_none() {
        return Err("the request has no time that could be signed".to_owned());
    }
    let id = scheme.id_header().and_then(|name| fields.get(name)?.to_str().ok());
    let timestamp = claimed.unwrap_or(UnixTime::EPOCH);
    let public_url = case.public_url.as_deref();
    let signed = scheme.sign(&Message { id, timestamp, body, method, target, public_url });
    let name = signature_header(&case.preset).ok_or("the signature is in the body")?;
    let found = signed.map_err(|error| error.to_string())?.into_iter().find(|(field, _)| *field == name);
    let (name, value) = found.ok_or("the scheme cannot sign with this key")?;
    Ok(format!("{name}: {}", value.to_str().unwrap_or("?")))
}
