//! Id, time and signature, by the same rows that the guard verifies with.
//!
//! Several schemes sign at once, over the same id, time and body: during a
//! migration a consumer finds the headers it knew, byte for byte as they were,
//! beside the new ones.

use std::cell::RefCell;
use std::sync::Arc;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use bytes::Bytes;
use http::header::HeaderName;
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue};

use crate::clock::UnixTime;
use crate::limits::Reservation;
use crate::schemes::{Message, Scheme};
use crate::signer::admission::Places;
use crate::signer::endpoints::Endpoint;
use crate::signer::intake::Taken;
use crate::signer::outbound;
use crate::signer::rejection::Rejection;

/// A request with its signatures.
#[derive(Debug)]
pub(crate) struct Signed {
    pub(super) endpoint: Arc<Endpoint>,
    pub(super) places: Places,
    /// Path and query at the consumer.
    pub(super) target: PathAndQuery,
    pub(super) fields: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Bytes,
    pub(super) reservation: Reservation,
}

/// Signs with every scheme of the endpoint.
pub(crate) fn sign(taken: Taken, parts: &Parts, now: UnixTime) -> Result<Signed, Rejection> {
    let Taken { admitted, body, reservation } = taken;
    let endpoint = admitted.addressed.endpoint;
    let target = outbound::target(
        endpoint.config.egress.destination.base(),
        &admitted.addressed.rest,
        parts.uri.query(),
    )?;
    let schemes = &endpoint.config.schemes;
    let id = id(schemes, &parts.headers)?;
    let signs_url = schemes.iter().any(|scheme| {
        let mechanism = &scheme.preset().mechanism;
        mechanism.signs_url() || mechanism.names_parts()
    });
    let url = signs_url.then(|| endpoint.config.egress.destination.url_of(target.as_str()));
    let message = Message {
        id: id.as_deref(),
        timestamp: now,
        body: &body,
        method: &parts.method,
        target: target.as_str(),
        public_url: url.as_deref(),
    };
    let mut fields = Vec::with_capacity(3 * schemes.len());
    for scheme in schemes {
        // The id was checked or made here, so there is nothing to refuse.
        fields.extend(scheme.sign(&message).map_err(|_| Rejection::Internal)?);
    }
    Ok(Signed { endpoint, places: admitted.places, target, fields, body, reservation })
}

impl Signed {
    /// The id that was signed, where a scheme signs one.
    pub(super) fn message_id(&self) -> Option<&HeaderValue> {
        let names = self.endpoint.config.schemes.iter().filter_map(|scheme| scheme.id_header());
        names.take(1).find_map(|id| self.fields.iter().find(|(name, _)| name == id)).map(|(_, id)| id)
    }
}

/// The app's id, by which a consumer knows a retry, or else a fresh one; `None`
/// where no scheme signs one.
fn id(schemes: &[Arc<Scheme>], fields: &HeaderMap) -> Result<Option<String>, Rejection> {
    let mut names = schemes.iter().filter_map(|scheme| scheme.id_header()).peekable();
    if names.peek().is_none() {
        return Ok(None);
    }
    let given = names.find_map(|name| only(fields, name));
    match given.filter(|id| schemes.iter().all(|scheme| scheme.accepts_id(id))) {
        Some(id) => Ok(Some(id.to_owned())),
        None => fresh_id().map(Some),
    }
}

/// The field, where it is there once and readable.
fn only<'f>(fields: &'f HeaderMap, name: &HeaderName) -> Option<&'f str> {
    let mut values = fields.get_all(name).iter();
    let (value, another) = (values.next()?, values.next());
    if another.is_some() { None } else { value.to_str().ok() }
}

/// `msg_` and 144 random bits: no two are ever alike.
fn fresh_id() -> Result<String, Rejection> {
    let random = RANDOM.with_borrow_mut(Random::take).ok_or(Rejection::Internal)?;
    Ok(["msg_", &Base64UrlUnpadded::encode_string(&random)].concat())
}

/// Random bytes for ids to come, so that the system is not called for each. An
/// id is public: what waits here is no secret.
struct Random {
    ahead: [[u8; ID_BYTES]; IDS_AHEAD],
    left: usize,
}

impl Random {
    const fn new() -> Self {
        Self { ahead: [[0; ID_BYTES]; IDS_AHEAD], left: 0 }
    }

    /// Bytes that were given to no one else; `None` where the system has none.
    fn take(&mut self) -> Option<[u8; ID_BYTES]> {
        if self.left == 0 {
            getrandom::fill(self.ahead.as_flattened_mut()).ok()?;
            self.left = IDS_AHEAD;
        }
        self.left -= 1;
        Some(self.ahead[self.left])
    }
}

thread_local! {
    static RANDOM: RefCell<Random> = const { RefCell::new(Random::new()) };
}

const ID_BYTES: usize = 18;
const IDS_AHEAD: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Secret;
    use crate::schemes::{SchemeOptions, preset};

    fn schemes(names: &[&str]) -> Vec<Arc<Scheme>> {
        let secret = [Secret::new("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=").into()];
        let scheme = |name: &&str| Scheme::new(preset(name).unwrap(), &secret, SchemeOptions::default());
        names.iter().map(|name| Arc::new(scheme(name).unwrap())).collect()
    }

    fn id_of(names: &[&str], fields: &[(&'static str, &'static str)]) -> Option<String> {
        let mut map = HeaderMap::new();
        for (name, value) in fields {
            map.append(*name, HeaderValue::from_static(value));
        }
        id(&schemes(names), &map).unwrap()
    }

    #[test]
    fn a_well_formed_id_of_the_apps_is_kept() {
        let both = &["standard-webhooks", "svix"];
        assert_eq!(id_of(both, &[("webhook-id", "order.42_a")]), Some("order.42_a".to_owned()));
        assert_eq!(id_of(both, &[("svix-id", "order_42")]), Some("order_42".to_owned()));
        assert_eq!(id_of(&["github"], &[("webhook-id", "order_42")]), None);
    }

    #[test]
    fn any_other_makes_way_for_a_fresh_one() {
        for fields in [
            &[][..],
            &[("webhook-id", "")],
            &[("webhook-id", "a b")],
            &[("webhook-id", "a.1700000000")],
            &[("webhook-id", "a"), ("webhook-id", "a")],
        ] {
            let [one, other] = [(); 2].map(|()| id_of(&["standard-webhooks"], fields).unwrap());
            assert!(one.starts_with("msg_") && one.len() == 28, "{one}");
            assert_ne!(one, other);
        }
    }
}
