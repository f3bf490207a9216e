//! What an HTTP connection runs on.

use std::pin::Pin;

use tokio::io::{AsyncRead, AsyncWrite};

/// A byte stream: a socket of any kind, with or without TLS.
pub(crate) type Stream = Pin<Box<dyn Duplex>>;

/// What a [`Stream`] can do.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send {}

impl<T: AsyncRead + AsyncWrite + Send> Duplex for T {}
