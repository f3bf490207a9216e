//! A handshake with what its answers take.

use super::Handshake;
use super::answer::Answer;
use super::challenge::{Malformed, is_of_a_word};
use super::{signed, unsigned};
use crate::keys::Secret;
use crate::schemes::proof::Proof;
use crate::schemes::scheme::{Head, Scheme};

/// Answers the set-up requests of one source.
#[derive(Debug)]
pub enum Responder {
    /// [`Handshake::Asana`].
    Asana,
    /// [`Handshake::CloudEvents`].
    CloudEvents {
        /// Deliveries a minute that are let through; `None` for no limit.
        rate_per_minute: Option<u64>,
    },
    /// [`Handshake::Discord`].
    Discord,
    /// [`Handshake::Dropbox`].
    Dropbox,
    /// [`Handshake::Head`].
    Head,
    /// [`Handshake::Meta`].
    Meta {
        /// What was agreed on with Meta.
        verify_token: Secret,
    },
    /// [`Handshake::MicrosoftGraph`].
    MicrosoftGraph,
    /// [`Handshake::Okta`].
    Okta,
    /// [`Handshake::Slack`].
    Slack,
    /// [`Handshake::X`].
    X,
    /// [`Handshake::Xero`].
    Xero,
    /// [`Handshake::Zoom`].
    Zoom,
}

/// What the head of a request asks for.
#[derive(Debug)]
pub enum Asked {
    /// No handshake that the head could settle.
    Nothing,
    /// This answer.
    Answer(Answer),
    /// That this secret be kept, and then this answer.
    Keep(Secret, Answer),
    /// A set-up request that must not be answered: its token is wrong, or its
    /// challenge is given twice, too long or of other characters.
    Refusal,
}

impl Responder {
    /// What it answers.
    pub const fn handshake(&self) -> Handshake {
        match self {
            Self::Asana => Handshake::Asana,
            Self::CloudEvents { .. } => Handshake::CloudEvents,
            Self::Discord => Handshake::Discord,
            Self::Dropbox => Handshake::Dropbox,
            Self::Head => Handshake::Head,
            Self::Meta { .. } => Handshake::Meta,
            Self::MicrosoftGraph => Handshake::MicrosoftGraph,
            Self::Okta => Handshake::Okta,
            Self::Slack => Handshake::Slack,
            Self::X => Handshake::X,
            Self::Xero => Handshake::Xero,
            Self::Zoom => Handshake::Zoom,
        }
    }

    /// What a request asks for by its head, of which nothing is proved.
    /// `scheme` is the source's.
    pub fn answer_unsigned(&self, head: &Head<'_>, scheme: &Scheme) -> Asked {
        if *head.method != self.handshake().method() {
            return Asked::Nothing;
        }
        let answered = match self {
            Self::Asana => {
                return match unsigned::asana(head.fields) {
                    Ok(None) => Asked::Nothing,
                    Ok(Some((secret, answer))) => Asked::Keep(secret, answer),
                    Err(Malformed) => Asked::Refusal,
                };
            }
            Self::CloudEvents { rate_per_minute } => unsigned::cloudevents(head.fields, *rate_per_minute),
            Self::Dropbox => unsigned::echo(head.target, "challenge"),
            Self::Head => Ok(Some(Answer::empty(Vec::new()))),
            Self::Meta { verify_token } => unsigned::meta(head.target, verify_token),
            Self::MicrosoftGraph => unsigned::echo(head.target, "validationToken"),
            Self::Okta => unsigned::okta(head.fields),
            // The newest secret: X has one at a time.
            Self::X => unsigned::x(head.target, |message| scheme.mac(0, message)),
            Self::Discord | Self::Slack | Self::Xero | Self::Zoom => Ok(None),
        };
        match answered {
            Ok(None) => Asked::Nothing,
            Ok(Some(answer)) => Asked::Answer(answer),
            Err(Malformed) => Asked::Refusal,
        }
    }

    /// The answer to a delivery that is a set-up request and whose signature
    /// held over `body`. `scheme` is the one that gave `proof`.
    pub fn answer_signed(&self, proof: &Proof, body: &[u8], scheme: &Scheme) -> Option<Answer> {
        match self {
            Self::Discord => signed::discord(body),
            Self::Slack => signed::slack(body),
            Self::Xero => signed::xero(body),
            // With several secrets, the one that Zoom signed with.
            Self::Zoom => signed::zoom(body, |message| scheme.mac(proof.slot(), message)),
            Self::Asana
            | Self::CloudEvents { .. }
            | Self::Dropbox
            | Self::Head
            | Self::Meta { .. }
            | Self::MicrosoftGraph
            | Self::Okta
            | Self::X => None,
        }
    }

    /// Whether anyone may have had the code of `body` from
    /// [`answer_unsigned`](Self::answer_unsigned): then it proves nothing. The
    /// empty body counts, so that this does not hang on what is signed before it.
    pub fn hands_out_the_code_of(&self, body: &[u8]) -> bool {
        matches!(self, Self::X) && body.iter().copied().all(is_of_a_word)
    }
}
