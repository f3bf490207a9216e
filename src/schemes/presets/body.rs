//! The body is signed and nothing else: no time, no id.

use super::common::*;

pub(super) static GITHUB: Preset = Preset {
    name: "github",
    provider: "GitHub",
    documentation: "https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries",
    mechanism: Template(hmac_of_body("x-hub-signature-256", "sha256=", Hex)),
    defaults: Defaults {
        // "Webhook events and payloads": payloads are capped at 25 MB.
        body_bytes_max: 25 * MIB,
        // "Redelivering webhooks": deliveries of the past 3 days, by hand
        // or by API only. A copy that nobody asked for is a replay.
        window: days(3),
        on_redelivery: Policy::Refuse,
        ..UNTIMED
    },
};

pub(super) static SHOPIFY: Preset = Preset {
    name: "shopify",
    provider: "Shopify",
    documentation: "https://shopify.dev/docs/apps/build/webhooks/subscribe/https",
    mechanism: Template(hmac_of_body("x-shopify-hmac-sha256", "", Base64)),
    defaults: Defaults {
        // Changelog of 2024-09-10: 8 retries over 4 hours with the original
        // payload, 48 hours before that. The longer costs only memory.
        window: days(2),
        // Shopify sends duplicates of its own accord and removes the
        // subscription when it is refused too often.
        on_redelivery: Policy::Acknowledge,
        ..UNTIMED
    },
};
