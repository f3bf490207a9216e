//! The body is signed and nothing else: no time, no id.
//!
//! A retry is the same bytes again, and comes after an acceptance only where
//! the answer was lost, so most rows acknowledge it. How long a row remembers
//! follows from how long its provider retries.

use super::common::*;

pub(super) static ADYEN_PLATFORM: Preset = Preset {
    name: "adyen-platform",
    provider: "Adyen (platform and management webhooks)",
    documentation: "https://docs.adyen.com/development-resources/webhooks/verify-hmac-signatures",
    mechanism: Template(hmac_of_body("hmacsignature", "", Base64).keyed(KeyText::Hex)),
    // Retried at growing intervals for days; "handle duplicates".
    defaults: acknowledged(days(7)),
};

pub(super) static ASANA: Preset = Preset {
    name: "asana",
    provider: "Asana",
    documentation: "https://developers.asana.com/docs/webhooks-guide",
    mechanism: Template(hmac_of_body("x-hook-signature", "", Hex)),
    // Retried for 24 hours. Heartbeats are equal to each other and want a 200.
    defaults: acknowledged(days(1)).asked_by(Handshake::Asana).answered_within(10),
};

pub(super) static BITBUCKET: Preset = Preset {
    name: "bitbucket",
    provider: "Bitbucket (Cloud and Data Center)",
    documentation: "https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/",
    mechanism: Template(hmac_of_body("x-hub-signature", "sha256=", Hex)),
    // Retried twice, soon. Resending by hand is answered without forwarding.
    defaults: acknowledged(days(1)).answered_within(10),
};

pub(super) static COINBASE_COMMERCE: Preset = Preset {
    name: "coinbase-commerce",
    provider: "Coinbase Commerce",
    documentation: "https://docs.cdp.coinbase.com/commerce/docs/webhooks-security",
    mechanism: Template(hmac_of_body("x-cc-webhook-signature", "", Hex)),
    // Retried for up to three days.
    defaults: acknowledged(days(3)),
};

pub(super) static DOCUSIGN: Preset = Preset {
    name: "docusign",
    provider: "DocuSign Connect",
    documentation: "https://developers.docusign.com/platform/webhooks/connect/hmac/",
    // One header for each active key of the account, counted from 1.
    mechanism: Template(hmac_of_body("x-docusign-signature-1", "", Base64).or_in(&[
        "x-docusign-signature-2",
        "x-docusign-signature-3",
        "x-docusign-signature-4",
        "x-docusign-signature-5",
        "x-docusign-signature-6",
        "x-docusign-signature-7",
        "x-docusign-signature-8",
        "x-docusign-signature-9",
        "x-docusign-signature-10",
        "x-docusign-signature-11",
        "x-docusign-signature-12",
        "x-docusign-signature-13",
        "x-docusign-signature-14",
        "x-docusign-signature-15",
        "x-docusign-signature-16",
    ])),
    // Retried for fifteen days; a message may hold the documents.
    defaults: Defaults { body_bytes_max: 25 * MIB, ..acknowledged(days(15)) },
};

pub(super) static DOPPLER: Preset = Preset {
    name: "doppler",
    provider: "Doppler",
    documentation: "https://docs.doppler.com/docs/webhooks",
    mechanism: Template(hmac_of_body("x-doppler-signature", "sha256=", Hex)),
    defaults: acknowledged(days(1)),
};

pub(super) static DROPBOX: Preset = Preset {
    name: "dropbox",
    provider: "Dropbox",
    documentation: "https://www.dropbox.com/developers/reference/webhooks",
    mechanism: Template(hmac_of_body("x-dropbox-signature", "", Hex)),
    // A notice names accounts and says nothing of what changed, so two changes
    // make equal bytes: a copy is news. It is forwarded and marked.
    defaults: Defaults { window: hours(1), on_redelivery: Policy::Forward, ..UNTIMED }
        .asked_by(Handshake::Dropbox)
        .answered_within(10),
};

pub(super) static FORGEJO: Preset = Preset {
    name: "forgejo",
    provider: "Forgejo",
    documentation: "https://forgejo.org/docs/latest/user/webhooks/",
    mechanism: Template(hmac_of_body("x-forgejo-signature", "", Hex)),
    // Sent again by hand only, as with GitHub. Pushes are as large as there.
    defaults: Defaults { body_bytes_max: 25 * MIB, window: days(3), ..UNTIMED },
};

pub(super) static GITEA: Preset = Preset {
    name: "gitea",
    provider: "Gitea",
    documentation: "https://docs.gitea.com/usage/webhooks",
    mechanism: Template(hmac_of_body("x-gitea-signature", "", Hex)),
    // Sent again by hand only, as with GitHub. Pushes are as large as there.
    defaults: Defaults { body_bytes_max: 25 * MIB, window: days(3), ..UNTIMED },
};

pub(super) static GITHUB: Preset = Preset {
    name: "github",
    provider: "GitHub",
    documentation: "https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries",
    mechanism: Template(hmac_of_body("x-hub-signature-256", "sha256=", Hex)),
    defaults: GITHUBS,
};

pub(super) static GITHUB_SHA1: Preset = Preset {
    name: "github-sha1",
    provider: "GitHub (the older header, for servers that send no other)",
    documentation: "https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers",
    mechanism: Template(hmac_of_body("x-hub-signature", "sha1=", Hex).hashed(Hash::Sha1)),
    defaults: GITHUBS,
};

const GITHUBS: Defaults = Defaults {
    // "Webhook events and payloads": payloads are capped at 25 MB.
    body_bytes_max: 25 * MIB,
    // "Redelivering webhooks": deliveries of the past 3 days, by hand
    // or by API only. A copy that nobody asked for is a replay.
    window: days(3),
    on_redelivery: Policy::Refuse,
    ..UNTIMED.answered_within(10)
};

pub(super) static GOCARDLESS: Preset = Preset {
    name: "gocardless",
    provider: "GoCardless",
    documentation: "https://developer.gocardless.com/api-reference/#webhooks-signing-webhooks",
    mechanism: Template(hmac_of_body("webhook-signature", "", Hex)),
    // Retried several times over hours; a webhook can be sent again by hand.
    defaults: acknowledged(days(2)),
};

pub(super) static HEROKU: Preset = Preset {
    name: "heroku",
    provider: "Heroku",
    documentation: "https://devcenter.heroku.com/articles/app-webhooks",
    mechanism: Template(hmac_of_body("heroku-webhook-hmac-sha256", "", Base64)),
    // Retried for up to three days at the `sync` level.
    defaults: acknowledged(days(3)),
};

pub(super) static INTERCOM: Preset = Preset {
    name: "intercom",
    provider: "Intercom",
    documentation: "https://developers.intercom.com/docs/webhooks/setting-up-webhooks",
    mechanism: Template(hmac_of_body("x-hub-signature", "sha1=", Hex).hashed(Hash::Sha1)),
    // Retried once, after a minute.
    defaults: acknowledged(days(1)).asked_by(Handshake::Head),
};

pub(super) static LEMONSQUEEZY: Preset = Preset {
    name: "lemonsqueezy",
    provider: "Lemon Squeezy",
    documentation: "https://docs.lemonsqueezy.com/help/webhooks/signing-requests",
    mechanism: Template(hmac_of_body("x-signature", "", Hex)),
    // Retried three times within minutes; sent again by hand.
    defaults: acknowledged(days(1)),
};

pub(super) static LINE: Preset = Preset {
    name: "line",
    provider: "LINE Messaging API",
    documentation: "https://developers.line.biz/en/docs/messaging-api/verify-webhook-signature/",
    mechanism: Template(hmac_of_body("x-line-signature", "", Base64)),
    // Redelivery, where it is switched on, marks the body and so changes it.
    defaults: acknowledged(days(1)),
};

pub(super) static META: Preset = Preset {
    name: "meta",
    provider: "Meta (WhatsApp, Messenger, Instagram)",
    documentation: "https://developers.facebook.com/docs/graph-api/webhooks/getting-started",
    mechanism: Template(hmac_of_body("x-hub-signature-256", "sha256=", Hex)),
    // WhatsApp retries for seven days, the others for less, and documents
    // payloads of up to 3 MB.
    defaults: Defaults { body_bytes_max: 3 * MIB, ..acknowledged(days(7)) }.asked_by(Handshake::Meta),
};

pub(super) static PAGERDUTY: Preset = Preset {
    name: "pagerduty",
    provider: "PagerDuty (version 3)",
    documentation: "https://developer.pagerduty.com/docs/verifying-webhook-signatures",
    mechanism: Template(hmac_list_of_body("x-pagerduty-signature", KEYED, "v1")),
    defaults: acknowledged(days(2)),
};

pub(super) static QUICKBOOKS: Preset = Preset {
    name: "quickbooks",
    provider: "Intuit QuickBooks Online",
    documentation: "https://developer.intuit.com/app/developer/qbo/docs/develop/webhooks",
    mechanism: Template(hmac_of_body("intuit-signature", "", Base64)),
    // Retried three times within hours, then dropped.
    defaults: acknowledged(days(1)),
};

pub(super) static RAZORPAY: Preset = Preset {
    name: "razorpay",
    provider: "Razorpay",
    documentation: "https://razorpay.com/docs/webhooks/validate-test/",
    mechanism: Template(hmac_of_body("x-razorpay-signature", "", Hex)),
    // Retried for 24 hours.
    defaults: acknowledged(days(1)).answered_within(5),
};

pub(super) static SENTRY: Preset = Preset {
    name: "sentry",
    provider: "Sentry (integration platform)",
    documentation: "https://docs.sentry.io/organization/integrations/integration-platform/webhooks/",
    // Sentry-Hook-Timestamp is sent beside it and not signed: no evidence.
    mechanism: Template(hmac_of_body("sentry-hook-signature", "", Hex)),
    // "Your server should respond within 1 second."
    defaults: acknowledged(days(1)).answered_within(1),
};

pub(super) static SHOPIFY: Preset = Preset {
    name: "shopify",
    provider: "Shopify",
    documentation: "https://shopify.dev/docs/apps/build/webhooks/subscribe/https",
    mechanism: Template(hmac_of_body("x-shopify-hmac-sha256", "", Base64)),
    // Changelog of 2024-09-10: 8 retries over 4 hours with the original
    // payload, 48 hours before that. The longer costs only memory. Shopify
    // sends duplicates of its own accord and removes the subscription when it
    // is refused too often.
    defaults: acknowledged(days(2)).answered_within(5),
};

pub(super) static TYPEFORM: Preset = Preset {
    name: "typeform",
    provider: "Typeform",
    documentation: "https://www.typeform.com/developers/webhooks/secure-your-webhooks/",
    mechanism: Template(hmac_of_body("typeform-signature", "sha256=", Base64)),
    defaults: acknowledged(days(2)),
};

pub(super) static VERCEL: Preset = Preset {
    name: "vercel",
    provider: "Vercel",
    documentation: "https://vercel.com/docs/webhooks/webhooks-api",
    mechanism: Template(hmac_of_body("x-vercel-signature", "", Hex).hashed(Hash::Sha1)),
    // Retried for up to 24 hours.
    defaults: acknowledged(days(1)),
};

pub(super) static WOOCOMMERCE: Preset = Preset {
    name: "woocommerce",
    provider: "WooCommerce",
    documentation: "https://woocommerce.com/document/webhooks/",
    mechanism: Template(hmac_of_body("x-wc-webhook-signature", "", Base64)),
    // Not retried; the webhook is switched off after five failures.
    defaults: acknowledged(days(1)),
};

pub(super) static X: Preset = Preset {
    name: "x",
    provider: "X (account activity, filtered stream)",
    documentation: "https://docs.x.com/x-api/webhooks/quickstart",
    mechanism: Template(hmac_of_body("x-twitter-webhooks-signature", "sha256=", Base64)),
    // The documentation does not say for how long X tries again.
    defaults: acknowledged(days(2)).asked_by(Handshake::X),
};

pub(super) static XERO: Preset = Preset {
    name: "xero",
    provider: "Xero",
    documentation: "https://developer.xero.com/documentation/guides/webhooks/overview/",
    mechanism: Template(hmac_of_body("x-xero-signature", "", Base64)),
    // Retried for 24 hours.
    defaults: acknowledged(days(1)).asked_by(Handshake::Xero).answered_within(5),
};
