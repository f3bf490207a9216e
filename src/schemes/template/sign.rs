//! The sender's side: the same row that verifies, signs.

use http::{HeaderName, HeaderValue};

use super::compiled::Template;
use super::id;
use super::parts::{self, Values};
use super::timestamp::TimestampPlace;
use crate::schemes::sign::{Message, SignError, value};

impl Template {
    pub(in crate::schemes) fn can_sign(&self) -> bool {
        self.keys.can_sign()
    }

    pub(in crate::schemes) fn accepts_id(&self, id: &str) -> bool {
        self.wire.id.is_none() || id::check(id.as_bytes(), self.boundaries()).is_ok()
    }

    /// Signs with every secret where the header is a list, with the first
    /// otherwise.
    pub(in crate::schemes) fn sign(
        &self,
        message: &Message<'_>,
    ) -> Result<Vec<(HeaderName, HeaderValue)>, SignError> {
        let wire = &self.wire;
        let mut headers = Vec::with_capacity(3);

        let id = wire.id.as_ref().map(|name| Ok((name, self.id_of(message)?))).transpose()?;
        headers.extend(id.map(|(name, id)| (name.clone(), value(id))));

        let timestamp = wire.timestamp.as_ref().map(|field| (field, field.form.write(message.timestamp)));
        let mut timestamp_entry = None;
        match timestamp.as_ref().map(|(field, text)| (&field.place, text)) {
            Some((TimestampPlace::Header(name), text)) => headers.push((name.clone(), value(text))),
            Some((TimestampPlace::SignatureEntry { syntax, tag }, text)) => {
                timestamp_entry = Some(syntax.entry(tag, text));
            }
            // The body is the app's: its time is there already, or is not.
            Some((TimestampPlace::JsonField(_), _)) | None => {}
        }
        let url = match message.public_url {
            None if wire.signs_url() => return Err(SignError::UrlMissing),
            url => url.unwrap_or_default(),
        };

        let around = parts::fill(
            &wire.signed,
            Values {
                id: id.map_or(&b""[..], |(_, id)| id.as_bytes()),
                timestamp: timestamp.as_ref().map_or(&b""[..], |(_, text)| text.as_bytes()),
                method: message.method.as_str(),
                url,
            },
        );
        let mut tags = self.keys.sign(&around, message.body).into_iter().flatten().peekable();
        if tags.peek().is_none() {
            return Err(SignError::PublicKey);
        }
        let signatures = wire.signature.write(timestamp_entry, tags);
        headers.push((self.signing_header().clone(), value(&signatures)));
        let fixed = wire.fixed.iter();
        headers.extend(fixed.map(|(name, text)| (HeaderName::from_static(name), value(text))));
        Ok(headers)
    }

    /// The id that is signed, if a receiver would take it.
    fn id_of<'m>(&self, message: &Message<'m>) -> Result<&'m str, SignError> {
        let id = message.id.ok_or(SignError::IdMissing)?;
        id::check(id.as_bytes(), self.boundaries()).map(|()| id).map_err(|_| SignError::IdMalformed)
    }
}
