//! Several schemes at once: all must hold.

use std::sync::Arc;

use http::{HeaderName, HeaderValue};
use smallvec::SmallVec;

use super::open::Open;
use super::proof::{Proof, ReplayIdentity};
use super::refusal::Refusal;
use super::scheme::{Beside, Head, Scheme};
use crate::clock::UnixTime;

/// Every scheme that a source demands of a delivery. At least one; with one,
/// nothing is allocated for a delivery.
#[derive(Clone, Debug)]
pub struct Demand {
    /// In the order in which heads are opened: those that only read theirs come
    /// before those that verify a signature in it.
    schemes: SmallVec<[Arc<Scheme>; 1]>,
    /// Of them, the one that was configured first.
    first: usize,
    /// And the first one whose proofs name a delivery, if any does.
    naming: Option<usize>,
}

/// A delivery whose heads are in order for every scheme.
#[derive(Debug)]
#[must_use = "nothing is proven until `finish`"]
pub struct OpenDemand {
    opens: SmallVec<[Open; 1]>,
    first: usize,
    naming: Option<usize>,
}

/// Evidence that every scheme held. Only [`OpenDemand::finish`] makes one.
#[derive(Debug)]
pub struct Proofs {
    all: SmallVec<[Proof; 1]>,
    first: usize,
    naming: Option<usize>,
}

/// Which scheme refused, and why.
#[derive(Clone, Copy, Debug)]
pub struct Unmet<'d> {
    /// The scheme.
    pub scheme: &'d Scheme,
    /// Its reason.
    pub refusal: Refusal,
}

impl Demand {
    /// Demands all of `schemes`, in the order of the configuration. `None` for
    /// none: who demands nothing would be handed a proof of nothing.
    pub fn new(schemes: impl IntoIterator<Item = Arc<Scheme>>) -> Option<Self> {
        let mut ranked: SmallVec<[(usize, Arc<Scheme>); 1]> = schemes.into_iter().enumerate().collect();
        ranked.sort_by_key(|(rank, scheme)| (scheme.verifies_in_head(), *rank));
        let place_of = |wanted: &dyn Fn(&Scheme) -> bool| {
            let ranks = ranked.iter().enumerate().filter(|(_, (_, scheme))| wanted(scheme));
            ranks.min_by_key(|(_, (rank, _))| *rank).map(|(place, _)| place)
        };
        let first = place_of(&|_| true)?;
        let naming = place_of(&Scheme::names_deliveries);
        Some(Self { schemes: ranked.into_iter().map(|(_, scheme)| scheme).collect(), first, naming })
    }

    /// The scheme that was configured first.
    pub fn first(&self) -> &Scheme {
        &self.schemes[self.first]
    }

    /// The scheme by whose proof a copy is told; `None` where none signs
    /// anything of the request.
    pub fn naming(&self) -> Option<&Scheme> {
        self.naming.map(|place| &*self.schemes[place])
    }

    /// The one that was configured first, then the others.
    pub fn iter(&self) -> impl Iterator<Item = &Scheme> {
        let others = self.schemes.iter().enumerate().filter(|(place, _)| *place != self.first);
        std::iter::once(self.first()).chain(others.map(|(_, scheme)| &**scheme))
    }

    /// The headers of all of them: see [`Scheme::security_headers`].
    pub fn security_headers(&self) -> impl Iterator<Item = &HeaderName> {
        self.schemes.iter().flat_map(|scheme| scheme.security_headers())
    }

    /// The head step of every scheme. The first that refuses ends it.
    pub fn open(&self, head: &Head<'_>, beside: &Beside<'_>, now: UnixTime) -> Result<OpenDemand, Unmet<'_>> {
        let mut opens = SmallVec::new();
        for scheme in &self.schemes {
            let open = scheme.open_beside(head, beside, now);
            opens.push(open.map_err(|refusal| Unmet { scheme, refusal })?);
        }
        Ok(OpenDemand { opens, first: self.first, naming: self.naming })
    }
}

impl OpenDemand {
    /// Takes the next bytes of the body: see [`Open::update`].
    pub fn update(&mut self, chunk: &[u8]) {
        self.opens.iter_mut().for_each(|open| open.update(chunk));
    }

    /// Whether every scheme holds: see [`Open::finish`].
    pub fn finish(self, body: &[u8]) -> Result<Proofs, Refusal> {
        let Self { opens, first, naming } = self;
        let all = opens.into_iter().map(|open| open.finish(body)).collect::<Result<_, _>>()?;
        Ok(Proofs { all, first, naming })
    }
}

impl Proofs {
    /// Which secret of the scheme that was configured first made its signature.
    pub fn slot(&self) -> usize {
        self.all[self.first].slot()
    }

    /// What the ledger keys on: see [`Proof::identity`].
    pub fn identity(&self) -> Option<&ReplayIdentity> {
        self.naming().identity()
    }

    /// The message id of the same proof.
    pub fn message_id(&self) -> Option<&HeaderValue> {
        self.naming().message_id()
    }

    /// The signed time of the same proof.
    pub fn signed_at(&self) -> Option<UnixTime> {
        self.naming().signed_at()
    }

    /// The proof that names the delivery. Where none does the first stands for
    /// it, which says so itself.
    fn naming(&self) -> &Proof {
        &self.all[self.naming.unwrap_or(self.first)]
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};

    use super::*;
    use crate::keys::Secret;
    use crate::schemes::{Message, SchemeOptions, preset};

    const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

    fn scheme(name: &str, secret: &str) -> Arc<Scheme> {
        let secret = Secret::new(format!("{secret}{}", "x".repeat(24)));
        let scheme = Scheme::new(preset(name).expect("a preset"), &[secret.into()], SchemeOptions::default());
        Arc::new(scheme.expect("a key"))
    }

    fn fields(schemes: &[&Scheme]) -> HeaderMap {
        let (method, target) = (&Method::POST, "/");
        let message = Message { id: None, timestamp: NOW, body: b"{}", method, target, public_url: None };
        schemes.iter().flat_map(|scheme| scheme.sign(&message).expect("a message")).collect()
    }

    fn judge(demand: &Demand, fields: &HeaderMap, body: &[u8]) -> Result<Proofs, Refusal> {
        let head = Head { method: &Method::POST, target: "/", fields, public_url: None };
        let mut open = demand.open(&head, &Beside::default(), NOW).map_err(|unmet| unmet.refusal)?;
        open.update(body);
        open.finish(body)
    }

    #[test]
    fn all_must_hold_whatever_their_order() {
        let (token, signature) = (scheme("jwt", "a"), scheme("stripe", "b"));
        let (forged_token, forged_signature) = (scheme("jwt", "c"), scheme("stripe", "d"));
        for order in [[&token, &signature], [&signature, &token]] {
            let demand = Demand::new(order.map(Arc::clone)).expect("two schemes");
            assert_eq!(demand.first().preset().name, order[0].preset().name);
            for (signers, body, expected) in [
                (&[&*token, &*signature][..], b"{}", None),
                (&[&*token, &*signature], b"[]", Some(Refusal::SignatureMismatch)),
                (&[&*token], b"{}", Some(Refusal::SignatureMissing)),
                (&[&*signature], b"{}", Some(Refusal::TokenMissing)),
                (&[&*token, &*forged_signature], b"{}", Some(Refusal::SignatureMismatch)),
                (&[&*forged_token, &*signature], b"{}", Some(Refusal::SignatureMismatch)),
            ] {
                assert_eq!(judge(&demand, &fields(signers), body).err(), expected);
            }
        }
    }

    #[test]
    fn the_delivery_is_named_by_the_first_scheme_that_signs_something_of_it() {
        let (token, signature) = (scheme("jwt", "a"), scheme("stripe", "b"));
        let alone = judge(&Demand::new([Arc::clone(&token)]).expect("one"), &fields(&[&token]), b"{}");
        assert!(alone.expect("it holds").identity().is_none());
        let both = Demand::new([Arc::clone(&token), Arc::clone(&signature)]).expect("two");
        assert_eq!(both.naming().map(|scheme| scheme.preset().name), Some("stripe"));
        let proofs = judge(&both, &fields(&[&token, &signature]), b"{}").expect("they hold");
        assert_eq!(proofs.signed_at(), Some(NOW));
        assert!(proofs.identity().is_some());
    }

    #[test]
    fn nothing_is_no_demand() {
        assert!(Demand::new([]).is_none());
    }
}
