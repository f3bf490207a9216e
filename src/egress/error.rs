//! How a delivery fails between us and the consumer's answer, and what the
//! consumer may have seen. Who asks names the consumer, or whoever else it was
//! that was asked.

use std::error::Error;

use http::StatusCode;

use super::address::Refusal;
use super::tls::TlsFailure;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EgressError {
    /// The destination, or the proxy, is at an address that may not be dialled.
    #[error("refuse the destination")]
    Refused(#[source] Refusal),
    /// No byte of the request was sent: the name was not found, nobody took
    /// the connection, the proxy would not, or it was closed first.
    #[error("open a connection")]
    Unreachable(#[source] Box<dyn Error + Send + Sync>),
    /// TLS failed: one of the two did not believe the other.
    #[error("agree on TLS")]
    Tls(#[source] TlsFailure),
    /// The answer was not there in time, to its last byte.
    #[error("wait for the answer")]
    Timeout {
        /// Whether any byte of the request can have reached the consumer.
        sent: bool,
    },
    /// The connection broke after the request was begun, or what came was not
    /// an answer.
    #[error("read the answer")]
    Broken(#[source] Box<dyn Error + Send + Sync>),
    /// The consumer answered with a longer body than is taken.
    #[error("read an answer of at most {bytes_max} bytes")]
    AnswerTooLarge {
        /// What the answer began with: the consumer has seen the delivery.
        status: StatusCode,
        /// The bound.
        bytes_max: usize,
    },
}

impl EgressError {
    /// Whether any byte of the request can have reached the consumer: if so,
    /// nobody knows what became of it.
    pub(crate) fn may_have_been_sent(&self) -> bool {
        match self {
            Self::Refused(_) | Self::Unreachable(_) | Self::Tls(_) => false,
            Self::Timeout { sent } => *sent,
            Self::Broken(_) | Self::AnswerTooLarge { .. } => true,
        }
    }
}
