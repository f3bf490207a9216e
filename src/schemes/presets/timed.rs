//! A time is signed with the body.

use super::common::*;

pub(super) static BOX: Preset = Preset {
    name: "box",
    provider: "Box",
    documentation: "https://developer.box.com/guides/webhooks/v2/signatures-v2/",
    // Two keys, each with a header of its own; the secret with the name
    // `primary` or `secondary` is for that one alone. Body, then time.
    mechanism: Template(
        hmac_with_time(
            ("box-signature-primary", ""),
            Base64,
            &[Body, Timestamp],
            date_in("box-delivery-timestamp"),
        )
        .or_in(&["box-signature-secondary"])
        .fixed(&[("box-signature-version", "1"), ("box-signature-algorithm", "HmacSHA256")]),
    ),
    // "Verify that the timestamp is not older than ten minutes."
    defaults: Defaults { tolerance: minutes(10), ..TIMED.answered_within(30) },
};

pub(super) static CALENDLY: Preset = Preset {
    name: "calendly",
    provider: "Calendly",
    documentation: "https://developer.calendly.com/api-docs/webhook-signatures",
    mechanism: Template(hmac_with_entries("calendly-webhook-signature", KEYED, ("t", "v1"), TIME_DOT_BODY)),
    // The documentation's example takes three minutes.
    defaults: Defaults { tolerance: minutes(3), ..TIMED.answered_within(15) },
};

pub(super) static LINEAR: Preset = Preset {
    name: "linear",
    provider: "Linear",
    documentation: "https://linear.app/developers/webhooks#securing-webhooks",
    mechanism: Template(hmac_of_body("linear-signature", "", Hex).timed_in_json("webhookTimestamp")),
    // "Verify it is within a minute of the time your system sees it."
    defaults: Defaults { tolerance: minutes(1), ..TIMED.answered_within(5) },
};

pub(super) static MUX: Preset = Preset {
    name: "mux",
    provider: "Mux",
    documentation: "https://docs.mux.com/core/verify-webhook-signatures",
    mechanism: Template(hmac_with_entries("mux-signature", KEYED, ("t", "v1"), TIME_DOT_BODY)),
    defaults: TIMED,
};

pub(super) static PADDLE: Preset = Preset {
    name: "paddle",
    provider: "Paddle Billing",
    documentation: "https://developer.paddle.com/webhooks/signature-verification",
    mechanism: Template(hmac_with_entries(
        "paddle-signature",
        SEMICOLONS,
        ("ts", "h1"),
        &[Timestamp, Literal(":"), Body],
    )),
    // The SDKs take five seconds because they remember nothing; a delivery on
    // a slow connection is older than that. The ledger drops every copy for as
    // long as a minute lasts.
    defaults: Defaults { tolerance: minutes(1), ..TIMED.answered_within(5) },
};

pub(super) static SLACK: Preset = Preset {
    name: "slack",
    provider: "Slack",
    documentation: "https://docs.slack.dev/authentication/verifying-requests-from-slack",
    mechanism: Template(hmac_with_time(
        ("x-slack-signature", "v0="),
        Hex,
        &[Literal("v0:"), Timestamp, Literal(":"), Body],
        seconds_in("x-slack-request-timestamp"),
    )),
    defaults: TIMED.asked_by(Handshake::Slack).answered_within(3),
};

pub(super) static STRIPE: Preset = Preset {
    name: "stripe",
    provider: "Stripe",
    documentation: "https://docs.stripe.com/webhooks#verify-manually",
    mechanism: Template(hmac_with_entries("stripe-signature", KEYED, ("t", "v1"), TIME_DOT_BODY)),
    defaults: TIMED,
};

pub(super) static WORKOS: Preset = Preset {
    name: "workos",
    provider: "WorkOS",
    documentation: "https://workos.com/docs/events/data-syncing/webhooks",
    mechanism: Template(
        hmac_with_entries("workos-signature", KEYED_AND_SPACED, ("t", "v1"), TIME_DOT_BODY).in_millis(),
    ),
    // The SDKs take three minutes.
    defaults: Defaults { tolerance: minutes(3), ..TIMED },
};

pub(super) static ZENDESK: Preset = Preset {
    name: "zendesk",
    provider: "Zendesk",
    documentation: "https://developer.zendesk.com/documentation/webhooks/verifying/",
    mechanism: Template(hmac_with_time(
        ("x-zendesk-webhook-signature", ""),
        Base64,
        &[Timestamp, Body],
        date_in("x-zendesk-webhook-signature-timestamp"),
    )),
    defaults: TIMED,
};

pub(super) static ZOOM: Preset = Preset {
    name: "zoom",
    provider: "Zoom",
    documentation: "https://developers.zoom.us/docs/api/webhooks/#verify-webhook-events",
    mechanism: Template(hmac_with_time(
        ("x-zm-signature", "v0="),
        Hex,
        &[Literal("v0:"), Timestamp, Literal(":"), Body],
        seconds_in("x-zm-request-timestamp"),
    )),
    defaults: TIMED.asked_by(Handshake::Zoom).answered_within(3),
};

const TIME_DOT_BODY: &[Part] = &[Timestamp, Literal("."), Body];
