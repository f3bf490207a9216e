//! The sender's side: what a receiver asks for is listed and signed.

use std::fmt::Write as _;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::base::{self, Subject};
use super::compiled::{Cavage, DIGEST};
use super::dialect::Line;
use crate::schemes::covered::date;
use crate::schemes::encoding::Encoding;
use crate::schemes::refusal::Refusal;
use crate::schemes::scheme::Head;
use crate::schemes::sign::{Message, SignError};

impl Cavage {
    /// Signs with the first key that can, in the dialect's first place.
    pub(in crate::schemes) fn sign(
        &self,
        message: &Message<'_>,
    ) -> Result<Vec<(HeaderName, HeaderValue)>, SignError> {
        let dialect = &self.dialect;
        let signer = self.keys.signer().ok_or(SignError::PublicKey)?;
        // No dialect has escapes.
        let key_id = Some(signer.key_id.unwrap_or_default()).filter(|id| !id.contains(['"', '\\']));
        let key_id = key_id.ok_or(SignError::Unsignable)?;
        let mut headers = Vec::with_capacity(3);
        if let Some(name) = dialect.dates.iter().find(|date| self.list.iter().any(|entry| entry.is(date))) {
            headers.push((name.clone(), date::write(message.timestamp).ok_or(SignError::Unsignable)?));
        }
        if self.list.iter().any(|entry| entry.is(&DIGEST.name())) {
            headers.push((DIGEST.name(), DIGEST.write(message.body)));
        }

        let fields: HeaderMap = headers.iter().cloned().collect();
        let Message { method, target, public_url, .. } = *message;
        let created = message.timestamp.as_secs().to_string();
        let head = Head { method, target, fields: &fields, public_url };
        let subject = Subject { created: Some(&created), ..Subject::of(&head, key_id) };
        let base = base::base(dialect, &subject, &self.list).map_err(|refusal| match refusal {
            Refusal::ComponentMissing if public_url.is_none() => SignError::UrlMissing,
            _ => SignError::Unsignable,
        })?;
        let signature = Encoding::Base64.encode(&signer.sign(&base).ok_or(SignError::Unsignable)?);

        let place = dialect.places.first().ok_or(SignError::Unsignable)?;
        let list = self.list.iter().map(base::Entry::name).collect::<Vec<_>>().join(" ");
        let mut text = place.word.map(|word| format!("{word} ")).unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = write!(text, "{}=\"{key_id}\",algorithm=\"{}\",", dialect.key_id, signer.algorithm);
        if self.list.iter().any(|entry| entry.is_line(Line::Created)) {
            let _ = write!(text, "created={created},");
        }
        let _ = write!(text, "headers=\"{list}\",signature=\"{signature}\"");
        headers.push((place.header.clone(), HeaderValue::try_from(text).map_err(|_| SignError::Unsignable)?));
        Ok(headers)
    }
}
