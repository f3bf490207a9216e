//! Set-up requests: what a provider sends to learn whether an endpoint is
//! there and wants its deliveries, before or between them.
//!
//! A [`Handshake`] names a provider's way of asking; a row of the presets says
//! which one is its own. A [`Responder`] is one of them with what its answer
//! takes. It is asked twice, each time with no more than can be believed then:
//! about the head, where nothing is proved yet (`unsigned`), and about the body
//! of a delivery whose signature held (`signed`).
//!
//! As everything here it is pure: an answer is a value, and a secret that a
//! provider hands over is given to the caller to keep. Nothing here may answer
//! with text that was not bounded and held against an alphabet, follow a URL
//! that a request names, or give a stranger the code of a delivery.

mod answer;
mod challenge;
mod responder;
mod signed;
mod unsigned;

use http::Method;

pub use answer::Answer;
pub use challenge::CHALLENGE_BYTES_MAX;
pub use responder::{Asked, Responder};
pub use signed::SIGNED_BYTES_MAX;

/// How a provider sets a webhook up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handshake {
    /// The first POST brings the secret in `X-Hook-Secret`, to be echoed.
    Asana,
    /// `OPTIONS` with `WebHook-Request-Origin` (`CloudEvents`, "HTTP 1.1 Web
    /// Hooks for Event Delivery" section 4).
    CloudEvents,
    /// A signed PING, to be answered in kind.
    Discord,
    /// `GET ?challenge=`, to be echoed as text.
    Dropbox,
    /// `HEAD`, to be answered with success: Intercom, Mandrill, Trello.
    Head,
    /// `GET ?hub.challenge=` with a token that was agreed on.
    Meta,
    /// `POST ?validationToken=`, to be echoed as text.
    MicrosoftGraph,
    /// `GET` with `X-Okta-Verification-Challenge`, to be echoed as JSON.
    Okta,
    /// A signed `url_verification`, whose challenge is echoed as text.
    Slack,
    /// `GET ?crc_token=`, to be answered with its MAC.
    X,
    /// A signed delivery without events, and others that are signed wrongly.
    Xero,
    /// A signed `endpoint.url_validation`, to be answered with a MAC.
    Zoom,
}

impl Handshake {
    /// Every one, in the order of their names.
    pub const ALL: [Self; 12] = [
        Self::Asana,
        Self::CloudEvents,
        Self::Discord,
        Self::Dropbox,
        Self::Head,
        Self::Meta,
        Self::MicrosoftGraph,
        Self::Okta,
        Self::Slack,
        Self::X,
        Self::Xero,
        Self::Zoom,
    ];

    /// Its name in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Asana => "asana",
            Self::CloudEvents => "cloudevents",
            Self::Discord => "discord",
            Self::Dropbox => "dropbox",
            Self::Head => "head",
            Self::Meta => "meta",
            Self::MicrosoftGraph => "microsoft-graph",
            Self::Okta => "okta",
            Self::Slack => "slack",
            Self::X => "x",
            Self::Xero => "xero",
            Self::Zoom => "zoom",
        }
    }

    /// The method it asks with.
    pub const fn method(self) -> Method {
        match self {
            Self::CloudEvents => Method::OPTIONS,
            Self::Dropbox | Self::Meta | Self::Okta | Self::X => Method::GET,
            Self::Head => Method::HEAD,
            Self::Asana | Self::Discord | Self::MicrosoftGraph | Self::Slack | Self::Xero | Self::Zoom => {
                Method::POST
            }
        }
    }

    /// Whether it is answered with a MAC under the source's own secret. Such a
    /// one belongs to its provider's scheme alone: beside another, what is
    /// signed here could be a delivery there.
    pub const fn uses_the_secret(self) -> bool {
        matches!(self, Self::X | Self::Zoom)
    }

    /// Whether its provider takes a refusal for one only without a body.
    pub const fn wants_bare_refusals(self) -> bool {
        matches!(self, Self::Xero)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order_and_lead_to_one_each() {
        assert!(Handshake::ALL.is_sorted_by(|one, next| one.name() < next.name()));
    }
}
