//! A time is signed with the body.

use super::common::*;
use crate::schemes::template::TimestampForm::UnixSeconds;

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
    defaults: TIMED,
};

pub(super) static STRIPE: Preset = Preset {
    name: "stripe",
    provider: "Stripe",
    documentation: "https://docs.stripe.com/webhooks#verify-manually",
    mechanism: Template(hmac_with_entries(
        "stripe-signature",
        KEYED,
        ("t", "v1"),
        UnixSeconds,
        TIME_DOT_BODY,
    )),
    defaults: TIMED,
};

const TIME_DOT_BODY: &[Part] = &[Timestamp, Literal("."), Body];
