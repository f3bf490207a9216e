//! The rows: one for each provider, in the order of their names.
//!
//! A row is data. It is taken from the provider's documentation and kept true
//! by the vectors of its name in `tests/vectors/`.

use std::time::Duration;

use http::{HeaderName, Method};

use super::encoding::Encoding;
use super::jwt::{TokenPlace, TokenRow};
use super::key::KeyText;
use super::preset::{Defaults, Mechanism, Policy, Preset};
use super::template::Part::{self, Body, Id, Literal, Timestamp};
use super::template::{
    Algorithm, Grammar, ListSyntax, SignatureField, TimestampField, TimestampForm, TimestampPlace, Wire,
};

/// The preset of this name.
pub fn preset(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}

/// Every preset, in the order of their names.
pub fn presets() -> &'static [Preset] {
    &PRESETS
}

static PRESETS: [Preset; 7] = [
    Preset {
        name: "github",
        provider: "GitHub",
        documentation: "https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries",
        mechanism: Mechanism::Template(Wire {
            signature: SignatureField {
                header: HeaderName::from_static("x-hub-signature-256"),
                grammar: Grammar::Whole { prefix: "sha256=" },
                encoding: Encoding::Hex,
            },
            algorithm: Algorithm::HmacSha256,
            key: KeyText::Utf8,
            signed: &[Body],
            timestamp: None,
            id: None,
        }),
        defaults: Defaults {
            // "Webhook events and payloads": payloads are capped at 25 MB.
            body_bytes_max: 25 * MIB,
            // "Redelivering webhooks": deliveries of the past 3 days, by hand
            // or by API only. A copy that nobody asked for is a replay.
            window: days(3),
            on_redelivery: Policy::Refuse,
            ..UNTIMED
        },
    },
    Preset {
        name: "jwt",
        provider: "OAuth 2.0 and JSON Web Tokens",
        documentation: "https://www.rfc-editor.org/rfc/rfc9068",
        mechanism: Mechanism::Jwt(TokenRow { place: TokenPlace::Bearer, body_claim: None, expires: true }),
        defaults: UNTIMED,
    },
    Preset {
        name: "shopify",
        provider: "Shopify",
        documentation: "https://shopify.dev/docs/apps/build/webhooks/subscribe/https",
        mechanism: Mechanism::Template(Wire {
            signature: SignatureField {
                header: HeaderName::from_static("x-shopify-hmac-sha256"),
                grammar: Grammar::Whole { prefix: "" },
                encoding: Encoding::Base64,
            },
            algorithm: Algorithm::HmacSha256,
            key: KeyText::Utf8,
            signed: &[Body],
            timestamp: None,
            id: None,
        }),
        defaults: Defaults {
            // Changelog of 2024-09-10: 8 retries over 4 hours with the original
            // payload, 48 hours before that. The longer costs only memory.
            window: days(2),
            // Shopify sends duplicates of its own accord and removes the
            // subscription when it is refused too often.
            on_redelivery: Policy::Acknowledge,
            ..UNTIMED
        },
    },
    Preset {
        name: "slack",
        provider: "Slack",
        documentation: "https://docs.slack.dev/authentication/verifying-requests-from-slack",
        mechanism: Mechanism::Template(Wire {
            signature: SignatureField {
                header: HeaderName::from_static("x-slack-signature"),
                grammar: Grammar::Whole { prefix: "v0=" },
                encoding: Encoding::Hex,
            },
            algorithm: Algorithm::HmacSha256,
            key: KeyText::Utf8,
            signed: &[Literal("v0:"), Timestamp, Literal(":"), Body],
            timestamp: Some(seconds_in("x-slack-request-timestamp")),
            id: None,
        }),
        defaults: TIMED,
    },
    Preset {
        name: "standard-webhooks",
        provider: "Standard Webhooks (Resend, Polar, Supabase, Replicate and others)",
        documentation: "https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md",
        mechanism: Mechanism::Template(Wire {
            signature: SignatureField {
                header: HeaderName::from_static("webhook-signature"),
                grammar: Grammar::List { syntax: SPACED, tag: "v1" },
                encoding: Encoding::Base64,
            },
            algorithm: Algorithm::HmacSha256,
            key: KeyText::Base64 { prefix: "whsec_" },
            signed: ID_TIMESTAMP_BODY,
            timestamp: Some(seconds_in("webhook-timestamp")),
            id: Some(HeaderName::from_static("webhook-id")),
        }),
        defaults: TIMED,
    },
    Preset {
        name: "stripe",
        provider: "Stripe",
        documentation: "https://docs.stripe.com/webhooks#verify-manually",
        mechanism: Mechanism::Template(Wire {
            signature: SignatureField {
                header: HeaderName::from_static("stripe-signature"),
                grammar: Grammar::List { syntax: KEYED, tag: "v1" },
                encoding: Encoding::Hex,
            },
            algorithm: Algorithm::HmacSha256,
            key: KeyText::Utf8,
            signed: &[Timestamp, Literal("."), Body],
            timestamp: Some(TimestampField {
                place: TimestampPlace::SignatureEntry { syntax: KEYED, tag: "t" },
                form: TimestampForm::UnixSeconds,
            }),
            id: None,
        }),
        defaults: TIMED,
    },
    Preset {
        name: "svix",
        provider: "Svix (Clerk, Liveblocks and others)",
        documentation: "https://docs.svix.com/receiving/verifying-payloads/how-manual",
        mechanism: Mechanism::Template(Wire {
            signature: SignatureField {
                header: HeaderName::from_static("svix-signature"),
                grammar: Grammar::List { syntax: SPACED, tag: "v1" },
                encoding: Encoding::Base64,
            },
            algorithm: Algorithm::HmacSha256,
            key: KeyText::Base64 { prefix: "whsec_" },
            signed: ID_TIMESTAMP_BODY,
            timestamp: Some(seconds_in("svix-timestamp")),
            id: Some(HeaderName::from_static("svix-id")),
        }),
        defaults: TIMED,
    },
];

/// A time is signed, so memory is as long as the tolerance. All four providers
/// document five minutes. A retry is signed anew and acknowledged, because its
/// sender is asking whether the message arrived.
const TIMED: Defaults = Defaults {
    tolerance: Some(Duration::from_secs(5 * 60)),
    body_bytes_max: MIB,
    window: Duration::ZERO,
    on_replay: Policy::Refuse,
    on_retry: Policy::Acknowledge,
    on_redelivery: Policy::Refuse,
    methods: &[Method::POST],
};

/// No time is signed: each row says how long it remembers.
const UNTIMED: Defaults = Defaults { tolerance: None, ..TIMED };

/// `id.timestamp.body`, of Standard Webhooks and its kin.
const ID_TIMESTAMP_BODY: &[Part] = &[Id, Literal("."), Timestamp, Literal("."), Body];

/// `v1,<signature> v1,<signature>`.
const SPACED: ListSyntax = ListSyntax { between: b' ', after_tag: b',' };

/// `t=<timestamp>,v1=<signature>`.
const KEYED: ListSyntax = ListSyntax { between: b',', after_tag: b'=' };

const MIB: u64 = 1024 * 1024;

const fn days(count: u64) -> Duration {
    Duration::from_secs(count * 24 * 60 * 60)
}

const fn seconds_in(header: &'static str) -> TimestampField {
    TimestampField {
        place: TimestampPlace::Header(HeaderName::from_static(header)),
        form: TimestampForm::UnixSeconds,
    }
}

#[cfg(test)]
mod tests {
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
            let Mechanism::Template(wire) = mechanism else { continue };
            let holds = |part| wire.signed.iter().filter(|signed| **signed == part).count();
            assert_eq!(holds(Body), 1, "{name}");
            assert_eq!(holds(Id), usize::from(wire.id.is_some()), "{name}");
            assert_eq!(holds(Timestamp), usize::from(wire.timestamp.is_some()), "{name}");
            assert_eq!(defaults.tolerance.is_some(), wire.timestamp.is_some(), "{name}");
            assert_eq!(defaults.window.is_zero(), wire.timestamp.is_some(), "{name}");
            if let Some(TimestampPlace::SignatureEntry { syntax, .. }) =
                wire.timestamp.as_ref().map(|field| &field.place)
            {
                let is_list =
                    matches!(wire.signature.grammar, Grammar::List { syntax: list, .. } if list == *syntax);
                assert!(is_list, "{name}");
            }
        }
    }
}
