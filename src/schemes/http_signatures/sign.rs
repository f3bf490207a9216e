//! The sender's side: the same components that a receiver asks for are signed.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use sfv::{BareItem, DictSerializer, InnerList, Integer, Key, String as Text};

use super::base;
use super::compiled::{DIGEST, HttpSignatures};
use super::component::{Component, Part};
use super::input::{SIGNATURE, SIGNATURE_INPUT};
use super::subject::Subject;
use crate::schemes::covered::date;
use crate::schemes::refusal::Refusal;
use crate::schemes::scheme::Head;
use crate::schemes::sign::{Message, SignError, value};

impl HttpSignatures {
    /// Signs with the first key that can. The message id becomes the nonce, so
    /// that two messages alike in all else are told apart.
    pub(in crate::schemes) fn sign(
        &self,
        message: &Message<'_>,
    ) -> Result<Vec<(HeaderName, HeaderValue)>, SignError> {
        let signer = self.keys.signer().ok_or(SignError::PublicKey)?;
        let covers = |name: &HeaderName| self.cover.iter().any(|component| covers(component, name));
        let mut headers = Vec::with_capacity(3);
        if covers(&DIGEST.name()) {
            headers.push((DIGEST.name(), DIGEST.write(message.body)));
        }
        if covers(&header::DATE) {
            headers.push((header::DATE, date::write(message.timestamp).ok_or(SignError::Unsignable)?));
        }

        let fields: HeaderMap = headers.iter().cloned().collect();
        let Message { method, target, public_url, .. } = *message;
        let head = Head { method, target, fields: &fields, public_url };
        let mut list =
            InnerList::new(self.cover.iter().map(|component| component.identifier.clone()).collect());
        let created =
            i64::try_from(message.timestamp.as_secs()).ok().and_then(|secs| Integer::try_from(secs).ok());
        let texts = [("keyid", signer.key_id), ("alg", Some(signer.algorithm)), ("nonce", message.id)];
        list.params.insert(key("created"), BareItem::Integer(created.ok_or(SignError::Unsignable)?));
        for (name, text) in texts {
            if let Some(text) = text {
                let text = Text::from_string(text.to_owned()).map_err(|_| SignError::IdMalformed)?;
                list.params.insert(key(name), BareItem::String(text));
            }
        }

        let base = Subject::request(&head).and_then(|subject| base::base(&subject, &self.cover, &list));
        let base = base.map_err(|refusal| match refusal {
            Refusal::ComponentMissing if self.needs_url() && public_url.is_none() => SignError::UrlMissing,
            _ => SignError::Unsignable,
        })?;
        let signature = signer.sign(&base).ok_or(SignError::Unsignable)?;

        let label = self.label.clone().unwrap_or_else(|| key(LABEL));
        let mut dictionary = DictSerializer::new();
        let _ = dictionary.bare_item(&label, &signature[..]);
        let signature = dictionary.finish().expect("the dictionary has one member");
        let input = format!("{}={}", label.as_str(), base::parameters(&list));
        headers.extend([(SIGNATURE_INPUT, value(&input)), (SIGNATURE, value(&signature))]);
        Ok(headers)
    }
}

/// Whether a message id can be a nonce: a string of RFC 9651.
pub(in crate::schemes) fn accepts_nonce(id: &str) -> bool {
    id.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

fn covers(component: &Component, name: &HeaderName) -> bool {
    matches!(&component.part, Part::Field(field, _) if field == name)
}

fn key(text: &str) -> Key {
    Key::from_string(text.to_owned()).expect("lower-case letters and a digit are a key of RFC 9651")
}

const LABEL: &str = "sig1";
