//! The body step: bytes in as they arrive, then proof or reason.

use std::fmt;

use http::HeaderValue;

use super::digest::Digesting;
use super::mac::Mac;
use super::proof::{Proof, ReplayIdentity};
use super::refusal::Refusal;
use super::scheme::Keys;
use super::signatures::Candidates;
use super::template::Around;
use crate::clock::UnixTime;

/// A delivery whose head is in order and whose signature is still open. Owns
/// what it needs, so it may go with the body to another task.
#[must_use = "nothing is proven until `finish`"]
pub struct Open {
    /// One for each configured secret, all fed the same bytes.
    macs: Keys,
    candidates: Candidates,
    digesting: Digesting,
    after_body: Vec<u8>,
    id: Option<HeaderValue>,
    signed_at: Option<UnixTime>,
}

impl Open {
    /// Begins with keyed `macs`: what is signed before the body goes in.
    pub(super) fn begin(
        macs: Keys,
        candidates: Candidates,
        around: Around,
        id: Option<HeaderValue>,
        signed_at: Option<UnixTime>,
    ) -> Self {
        let Around { before_body, after_body } = around;
        let mut open = Self { macs, candidates, digesting: Digesting::new(), after_body, id, signed_at };
        open.sign_around(&before_body);
        open
    }

    /// Takes the next bytes of the body, of any length, exactly as received.
    pub fn update(&mut self, chunk: &[u8]) {
        self.authenticate(chunk);
        self.digesting.update(chunk);
    }

    /// Whether the signature holds over what was given.
    ///
    /// Every secret is compared with every signature of the header, matched or
    /// not, so that time does not tell which came near.
    pub fn finish(mut self) -> Result<Proof, Refusal> {
        let after_body = std::mem::take(&mut self.after_body);
        self.sign_around(&after_body);
        let candidates = self.candidates;
        let slot = self
            .macs
            .into_iter()
            .map(|mac| mac.is_any_of(&candidates))
            .enumerate()
            .fold(None, |found, (slot, holds)| found.or(holds.then_some(slot)))
            .ok_or(Refusal::SignatureMismatch)?;
        let digest = self.digesting.finish();
        let identity = match self.id {
            Some(id) => ReplayIdentity::Id { id, body: digest },
            None => ReplayIdentity::Content(digest),
        };
        Ok(Proof { slot, signed_at: self.signed_at, identity })
    }

    /// Bytes beside the body are signed, and tell two deliveries apart where
    /// no id does.
    fn sign_around(&mut self, bytes: &[u8]) {
        self.authenticate(bytes);
        if self.id.is_none() {
            self.digesting.update(bytes);
        }
    }

    fn authenticate(&mut self, bytes: &[u8]) {
        self.macs.iter_mut().for_each(|mac: &mut Mac| mac.update(bytes));
    }
}

impl fmt::Debug for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Open")
            .field("secrets", &self.macs.len())
            .field("candidates", &self.candidates.len())
            .field("id", &self.id)
            .field("signed_at", &self.signed_at)
            .finish_non_exhaustive()
    }
}
