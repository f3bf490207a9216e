//! The sender's side: the same row that verifies, signs.

use http::{HeaderName, HeaderValue};

use super::compiled::Template;
use super::timestamp::TimestampPlace;
use super::wire::Wire;
use super::{id, parts};
use crate::schemes::sign::{Message, SignError, value};

impl Template {
    pub(in crate::schemes) fn accepts_id(&self, id: &str) -> bool {
        let wire = self.wire;
        wire.id.is_none() || id::check(id.as_bytes(), parts::separator_after_id(wire.signed)).is_ok()
    }

    /// Signs with every secret where the header is a list, with the first
    /// otherwise.
    pub(in crate::schemes) fn sign(
        &self,
        message: &Message<'_>,
    ) -> Result<Vec<(HeaderName, HeaderValue)>, SignError> {
        let wire = self.wire;
        let mut headers = Vec::with_capacity(3);

        let id = wire.id.as_ref().map(|name| Ok((name, id_of(message, wire)?))).transpose()?;
        headers.extend(id.map(|(name, id)| (name.clone(), value(id))));

        let timestamp = wire.timestamp.as_ref().map(|field| (field, field.form.write(message.timestamp)));
        let mut timestamp_entry = None;
        match timestamp.as_ref().map(|(field, text)| (&field.place, text)) {
            Some((TimestampPlace::Header(name), text)) => headers.push((name.clone(), value(text))),
            Some((TimestampPlace::SignatureEntry { syntax, tag }, text)) => {
                timestamp_entry = Some(syntax.entry(tag, text));
            }
            None => {}
        }

        let id_text = id.map_or(&b""[..], |(_, id)| id.as_bytes());
        let timestamp_text = timestamp.as_ref().map_or(&b""[..], |(_, text)| text.as_bytes());
        let around = parts::fill(wire.signed, id_text, timestamp_text);
        let tags = self.keys.iter().map(|key| {
            let mut mac = key.clone();
            mac.update(&around.before_body);
            mac.update(message.body);
            mac.update(&around.after_body);
            mac.into_tag()
        });
        let signatures = wire.signature.write(timestamp_entry, tags);
        headers.push((wire.signature.header.clone(), value(&signatures)));
        Ok(headers)
    }
}

/// The id that is signed, if a receiver would take it.
fn id_of<'m>(message: &Message<'m>, wire: &Wire) -> Result<&'m str, SignError> {
    let id = message.id.ok_or(SignError::IdMissing)?;
    let checked = id::check(id.as_bytes(), parts::separator_after_id(wire.signed));
    checked.map(|()| id).map_err(|_| SignError::IdMalformed)
}
