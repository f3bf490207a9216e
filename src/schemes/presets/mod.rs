//! The rows: one for each provider.
//!
//! A row is data. It is taken from the provider's documentation and kept true
//! by the vectors of its name in `tests/vectors/`. Rows that sign alike stand
//! together: `body.rs`, `timed.rs`, `identified.rs`; what they have in common is
//! in `common.rs`. A new row is a `static` beside its siblings and a line in
//! [`PRESETS`].

// A row reads as data: its words are those of `common`.
#![allow(clippy::wildcard_imports)]

mod body;
mod common;
mod components;
mod generic;
mod identified;
mod jwt;
mod public_key;
mod timed;
mod token;
mod url;

pub use identified::ATTESTATION;

use super::preset::Preset;

/// The preset of this name.
pub fn preset(name: &str) -> Option<&'static Preset> {
    presets().iter().find(|preset| preset.name == name).copied()
}

/// Every preset, in the order of their names.
pub fn presets() -> &'static [&'static Preset] {
    PRESETS
}

static PRESETS: &[&Preset] = &[
    &body::ADYEN_PLATFORM,
    &token::API_KEY,
    &components::APISIX_HMAC_AUTH,
    &body::ASANA,
    &token::BASIC_AUTH,
    &token::BEARER,
    &body::BITBUCKET,
    &timed::BOX,
    &timed::CALENDLY,
    &token::CLOUDEVENTS,
    &body::COINBASE_COMMERCE,
    &public_key::DISCORD,
    &body::DOCUSIGN,
    &body::DOPPLER,
    &body::DROPBOX,
    &body::FORGEJO,
    &body::GITEA,
    &body::GITHUB,
    &body::GITHUB_SHA1,
    &identified::GITLAB_SIGNED,
    &token::GITLAB_TOKEN,
    &body::GOCARDLESS,
    &body::HEROKU,
    &generic::HMAC,
    &components::HTTP_SIGNATURE_CAVAGE,
    &url::HUBSPOT_V3,
    &body::INTERCOM,
    &jwt::JWT,
    &components::KONG_HMAC_AUTH,
    &body::LEMONSQUEEZY,
    &body::LINE,
    &timed::LINEAR,
    &generic::MAILGUN,
    &url::MANDRILL,
    &body::META,
    &generic::MICROSOFT_GRAPH,
    &timed::MUX,
    &token::OKTA,
    &timed::PADDLE,
    &body::PAGERDUTY,
    &jwt::PLAID,
    &body::QUICKBOOKS,
    &body::RAZORPAY,
    &components::RFC9421,
    &public_key::SENDGRID,
    &body::SENTRY,
    &body::SHOPIFY,
    &timed::SLACK,
    &url::SQUARE,
    &identified::STANDARD_WEBHOOKS,
    &public_key::STANDARD_WEBHOOKS_V1A,
    &timed::STRIPE,
    &identified::SVIX,
    &token::TELEGRAM,
    &url::TRELLO,
    &url::TWILIO_FORM,
    &url::TWILIO_JSON,
    &body::TYPEFORM,
    &body::VERCEL,
    &body::WOOCOMMERCE,
    &timed::WORKOS,
    &body::X,
    &body::XERO,
    &timed::ZENDESK,
    &timed::ZOOM,
];

#[cfg(test)]
mod tests {
    use super::super::preset::Mechanism;
    use super::super::template::Part::{Body, Id, Timestamp};
    use super::super::template::{Grammar, TimestampPlace, Wire};
    use super::*;

    #[test]
    fn names_are_in_order_and_lead_to_their_rows() {
        assert!(presets().is_sorted_by(|one, next| one.name < next.name));
        for row in presets() {
            assert_eq!(preset(row.name).map(|found| found.provider), Some(row.provider));
        }
        assert!(preset("GitHub").is_none());
    }

    #[test]
    fn every_row_agrees_with_itself() {
        for Preset { name, mechanism, defaults, .. } in presets() {
            let timed = match mechanism {
                Mechanism::Template(wire) => {
                    template_agrees(name, wire);
                    wire.timestamp.is_some()
                }
                Mechanism::Mailgun | Mechanism::HttpSignatures(_) | Mechanism::Cavage(_) => true,
                Mechanism::Jwt(row) => row.body_claim.is_some(),
                Mechanism::Form(_) | Mechanism::Token(_) | Mechanism::ClientState => false,
            };
            assert_eq!(defaults.tolerance.is_some(), timed, "{name}");
            assert_eq!(defaults.window.is_zero(), timed || !mechanism.signs(), "{name}");
        }
    }

    fn template_agrees(name: &str, wire: &Wire) {
        let holds = |part| wire.signed.iter().filter(|signed| **signed == part).count();
        let place = wire.timestamp.as_ref().map(|field| &field.place);
        let in_head = place.is_some_and(|place| !matches!(place, TimestampPlace::JsonField(_)));
        assert_eq!(holds(Body), 1, "{name}");
        assert_eq!(holds(Id), usize::from(wire.id.is_some()), "{name}");
        assert_eq!(holds(Timestamp), usize::from(in_head), "{name}");
        if let Some(TimestampPlace::SignatureEntry { syntax, .. }) = place {
            let grammar = &wire.signature.grammar;
            assert!(matches!(grammar, Grammar::List { syntax: list, .. } if list == syntax), "{name}");
        }
    }
}
