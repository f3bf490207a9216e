//! The sender signs with a private key: who verifies cannot sign.

use super::common::*;

pub(super) static DISCORD: Preset = Preset {
    name: "discord",
    provider: "Discord (interactions)",
    documentation: "https://docs.discord.com/developers/interactions/overview#setting-up-an-endpoint-validating-security-request-headers",
    mechanism: Template(
        hmac_with_time(
            ("x-signature-ed25519", ""),
            Hex,
            &[Timestamp, Body],
            seconds_in("x-signature-timestamp"),
        )
        .signed_with(Algorithm::Ed25519, KeyText::Ed25519Hex),
    ),
    // Discord documents no tolerance. An interaction is sent once and answered
    // within seconds, so five minutes are ample.
    defaults: TIMED.asked_by(Handshake::Discord).answered_within(3),
};

pub(super) static SENDGRID: Preset = Preset {
    name: "sendgrid",
    provider: "Twilio SendGrid (event webhook)",
    documentation: "https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features",
    mechanism: Template(
        hmac_with_time(
            ("x-twilio-email-event-webhook-signature", ""),
            Base64,
            &[Timestamp, Body],
            seconds_in("x-twilio-email-event-webhook-timestamp"),
        )
        .signed_with(Algorithm::EcdsaP256, KeyText::Spki),
    ),
    // SendGrid documents no tolerance.
    defaults: TIMED,
};

pub(super) static STANDARD_WEBHOOKS_V1A: Preset = Preset {
    name: "standard-webhooks-v1a",
    provider: "Standard Webhooks, asymmetric",
    documentation: "https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md",
    mechanism: Template(
        standard_webhooks("webhook-id", "webhook-timestamp", "webhook-signature")
            .tagged("v1a")
            .signed_with(Algorithm::Ed25519, KeyText::Ed25519Webhook),
    ),
    defaults: TIMED,
};
