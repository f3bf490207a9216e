//! Stages 3a and 6a: does the provider set the webhook up?
//!
//! What is unsigned is answered here or refused, and never forwarded: the
//! evidence that leads on is only for what presents itself as a delivery. What
//! is signed has been proved as a delivery is, and is answered before the
//! ledger: a claim would answer a provider that asks again, because our answer
//! was lost, with the empty success of a duplicate, and its set-up would fail.
//! A copy of such a request is answered alike, which tells whoever captured it
//! nothing that its answer did not. It is not charged to the source's rate
//! either: copies are not told apart here, and a captured one could spend it.

use std::io;
use std::path::PathBuf;

use http::header::ALLOW;
use http::request::Parts;
use http::{Method, Response};

use crate::causes::Causes;
use crate::config::HandshakeConfig;
use crate::guard::answer::{self, AnswerBody};
use crate::guard::check::signature::head;
use crate::guard::check::{Admitted, Verified};
use crate::guard::rejection::{Refused, Rejection};
use crate::guard::source::Source;
use crate::keys::Secret;
use crate::private_file::{self, Existing};
use crate::schemes::Asked;

/// A request that asks for nothing but to be delivered.
#[derive(Debug)]
pub(crate) struct Presented(Admitted);

impl Presented {
    /// The source it is for.
    pub(crate) fn source(&self) -> &Source {
        &self.0.known.routed.source
    }

    pub(super) fn into_admitted(self) -> Admitted {
        self.0
    }
}

/// What a request is to the source's handshake.
pub(crate) enum SetUp {
    /// Nothing.
    Delivery(Presented),
    /// It was answered.
    Answered(Response<AnswerBody>),
}

/// Answers a set-up request that is not signed, or refuses it.
pub(crate) async fn asks_unsigned(admitted: Admitted, parts: &Parts) -> Result<SetUp, Refused> {
    let source = &admitted.known.routed.source;
    let Some(handshake) = &source.config.handshake else { return Ok(SetUp::Delivery(Presented(admitted))) };
    let answer = match handshake.responder.answer_unsigned(&head(parts), source.config.demand.first()) {
        Asked::Nothing if source.config.methods.contains(&parts.method) => {
            return Ok(SetUp::Delivery(Presented(admitted)));
        }
        Asked::Nothing | Asked::Refusal => return Err(Rejection::HandshakeRefused.into()),
        Asked::Answer(answer) => answer,
        Asked::Keep(secret, answer) => {
            // Boxed, so that what happens once does not make every delivery larger.
            Box::pin(keep(source, handshake.secret_file.clone(), secret)).await?;
            answer
        }
    };
    let mut response = answer::handshake(answer);
    if parts.method == Method::OPTIONS {
        // RFC 9110 section 9.3.7.
        response.headers_mut().insert(ALLOW, source.allow_value.clone());
    }
    Ok(SetUp::Answered(response))
}

/// Whether a request to `source` asks for nothing but to be delivered.
pub(super) fn is_delivery(source: &Source, parts: &Parts) -> bool {
    let asks_nothing = |handshake: &HandshakeConfig| {
        let asked = handshake.responder.answer_unsigned(&head(parts), source.config.demand.first());
        matches!(asked, Asked::Nothing)
    };
    source.config.methods.contains(&parts.method) && source.config.handshake.as_ref().is_none_or(asks_nothing)
}

/// The answer to a set-up request that is signed, where `verified` is one.
pub(crate) fn asks_signed(verified: &Verified) -> Option<Response<AnswerBody>> {
    let config = &verified.source().config;
    let responder = &config.handshake.as_ref()?.responder;
    let answer = responder.answer_signed(verified.proof().first(), verified.body(), config.demand.first())?;
    Some(answer::handshake(answer))
}

/// Writes the secret that a provider handed over to the file that the operator
/// named, before it is echoed. One that is there was accepted before: a second
/// one may be a stranger's.
async fn keep(source: &Source, file: Option<PathBuf>, secret: Secret) -> Result<(), Refused> {
    let file = file.ok_or(Rejection::HandshakeRefused)?;
    let shown = file.display().to_string();
    let name = source.config.name.as_str();
    let write = move || private_file::write(&file, secret.expose(), Existing::Refuse);
    match tokio::task::spawn_blocking(write).await.map_err(io::Error::other).flatten() {
        Ok(()) => {
            tracing::warn!(
                source = name,
                file = shown,
                "a handshake brought the secret that is in this file"
            );
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(Rejection::HandshakeRefused.into()),
        Err(error) => {
            tracing::error!(
                source = name,
                file = shown,
                error = %Causes(&error),
                "the secret of a handshake could not be kept"
            );
            Err(Rejection::HandshakeUnkept.into())
        }
    }
}
