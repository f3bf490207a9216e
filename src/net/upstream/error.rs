//! How an exchange with the upstream fails, and what the app may have seen.

use std::error::Error;

/// Why there is no answer, or only part of one.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UpstreamError {
    /// No byte of the request was sent: the name was not found, nobody took
    /// the connection in time, TLS failed, or the connection was closed first.
    #[error("reach the upstream")]
    Unreachable(#[source] Box<dyn Error + Send + Sync>),
    /// The head of the answer did not come in time.
    #[error("wait for the upstream's answer")]
    Timeout {
        /// Whether any byte of the request can have reached the upstream.
        sent: bool,
    },
    /// The connection broke after the request was begun, or what came was not
    /// an answer in HTTP/1.1.
    #[error("read the upstream's answer")]
    Broken(#[source] Box<dyn Error + Send + Sync>),
}

impl UpstreamError {
    /// Whether any byte of the request can have reached the upstream: if so,
    /// nobody knows what the app has done with it.
    pub(crate) fn may_have_been_sent(&self) -> bool {
        match self {
            Self::Unreachable(_) => false,
            Self::Timeout { sent } => *sent,
            Self::Broken(_) => true,
        }
    }
}

/// Why an answer's body ends before its end. The status line has gone to the
/// caller by then, so all that is left is to break off.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UpstreamBodyError {
    /// The next part did not come in time.
    #[error("wait for the rest of the upstream's answer")]
    Timeout,
    /// The connection broke, or what came was not the rest of the answer.
    #[error("read the rest of the upstream's answer")]
    Broken(#[source] hyper::Error),
}
