//! The URL is signed: the one that the sender knows, which a source says.

use super::common::*;
use crate::schemes::form::FormCoverage;

pub(super) static HUBSPOT_V3: Preset = Preset {
    name: "hubspot-v3",
    provider: "HubSpot (version 3)",
    documentation: "https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/request-validation",
    mechanism: Template(hmac_with_time(
        ("x-hubspot-signature-v3", ""),
        Base64,
        &[Method, UrlDecoded, Body, Timestamp],
        millis_in("x-hubspot-request-timestamp"),
    )),
    defaults: TIMED,
};

pub(super) static MANDRILL: Preset = Preset {
    name: "mandrill",
    provider: "Mailchimp Transactional (Mandrill)",
    documentation: "https://mailchimp.com/developer/transactional/guides/track-respond-activity-webhooks/#authenticating-webhook-requests",
    mechanism: form("x-mandrill-signature", FormCoverage::Fields, false),
    // Batches of events, which hold whole messages where inbound mail is
    // routed. Retried for days.
    defaults: Defaults { body_bytes_max: 25 * MIB, ..acknowledged(days(3)) }.asked_by(Handshake::Head),
};

pub(super) static SQUARE: Preset = Preset {
    name: "square",
    provider: "Square",
    documentation: "https://developer.squareup.com/docs/webhooks/step3validate",
    mechanism: Template(hmac_of_body("x-square-hmacsha256-signature", "", Base64).over(&[Url, Body])),
    // Retried for up to 24 hours.
    defaults: acknowledged(days(1)).answered_within(10),
};

pub(super) static TRELLO: Preset = Preset {
    name: "trello",
    provider: "Trello",
    documentation: "https://developer.atlassian.com/cloud/trello/guides/rest-api/webhooks/#webhook-signatures",
    mechanism: Template(hmac_of_body("x-trello-webhook", "", Base64).over(&[Body, Url]).hashed(Hash::Sha1)),
    // Retried three times within minutes.
    defaults: acknowledged(days(1)).asked_by(Handshake::Head),
};

pub(super) static TWILIO_FORM: Preset = Preset {
    name: "twilio-form",
    provider: "Twilio (form parameters)",
    documentation: "https://www.twilio.com/docs/usage/webhooks/webhooks-security",
    mechanism: form("x-twilio-signature", FormCoverage::Fields, true),
    // A call that is redirected to the same URL sends the same parameters
    // again and waits for an answer of the app: a copy is forwarded and marked.
    defaults: Defaults { window: hours(1), on_redelivery: Policy::Forward, ..UNTIMED.answered_within(15) },
};

pub(super) static TWILIO_JSON: Preset = Preset {
    name: "twilio-json",
    provider: "Twilio (JSON body, bodySHA256)",
    documentation: "https://www.twilio.com/docs/usage/webhooks/webhooks-security",
    mechanism: form("x-twilio-signature", FormCoverage::DigestInQuery("bodySHA256"), true),
    defaults: acknowledged(days(1)).answered_within(15),
};
