//! Why the gate refused something, and how the service learns of it.
//!
//! A refused head never reaches hyper. In its place stands one request of our
//! own making, so that the refusal is answered in order and logged and counted
//! like every other. What tells it from a real one is its place on the
//! connection, which no caller can choose, and not anything in it.

use std::error::Error;
use std::io;
use std::sync::OnceLock;

/// What was wrong with the framing of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Http1Fault {
    /// The head breaks the grammar of RFC 9112 sections 2 to 5.
    #[error("malformed request head")]
    Malformed,
    /// The length of the body can be read in more than one way
    /// (RFC 9112 section 6.3).
    #[error("ambiguous body length")]
    AmbiguousLength,
    /// No host, several, or one that is none (RFC 9112 section 3.2).
    #[error("ambiguous host")]
    AmbiguousHost,
    /// More bytes than a head may have.
    #[error("request head too large")]
    HeadTooLarge,
    /// More fields than a head may have.
    #[error("too many fields in the request head")]
    TooManyFields,
    /// The head was begun and not finished in time.
    #[error("request head not finished in time")]
    HeadTimeout,
    /// The body breaks the chunked coding (RFC 9112 section 7.1).
    #[error("malformed chunked body")]
    BadChunk,
}

impl Http1Fault {
    /// The fault behind the error of a request's body, if it was the gate
    /// that stopped it.
    pub fn behind(error: &(dyn Error + 'static)) -> Option<Self> {
        std::iter::successors(Some(error), |&error| error.source()).find_map(|cause| {
            // `io::Error::source` passes over the error that it wraps.
            cause.downcast_ref::<io::Error>()?.get_ref()?.downcast_ref().copied()
        })
    }
}

impl From<Http1Fault> for io::Error {
    fn from(fault: Http1Fault) -> Self {
        io::Error::new(io::ErrorKind::InvalidData, fault)
    }
}

/// The one refused head of a connection: nothing is read behind it.
#[derive(Debug, Default)]
pub(crate) struct Refusal(OnceLock<(u64, Http1Fault)>);

impl Refusal {
    /// Notes that the head after `passed` good ones was refused.
    pub(super) fn note(&self, passed: u64, fault: Http1Fault) {
        self.0.get_or_init(|| (passed, fault));
    }

    /// Why the request at `ordinal`, counted from 0 on its connection, stands
    /// for a refused head; `None` if it is a real one.
    pub(crate) fn at(&self, ordinal: u64) -> Option<Http1Fault> {
        self.0.get().filter(|(refused, _)| *refused == ordinal).map(|(_, fault)| *fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_refused_ordinal_has_a_fault() {
        let refusal = Refusal::default();
        assert_eq!(refusal.at(0), None);
        refusal.note(1, Http1Fault::Malformed);
        refusal.note(2, Http1Fault::HeadTooLarge);
        assert_eq!([refusal.at(0), refusal.at(1), refusal.at(2)], [None, Some(Http1Fault::Malformed), None]);
    }

    #[test]
    fn the_fault_is_found_behind_other_errors() {
        let nested = io::Error::from(Http1Fault::BadChunk);
        assert_eq!(Http1Fault::behind(&nested), Some(Http1Fault::BadChunk));
        assert_eq!(Http1Fault::behind(&io::Error::other("reset")), None);
    }
}
