//! A shared token, and nothing is signed.
//!
//! Whoever sees one request can make any other, and send one again: TLS and an
//! allow list are what such a source has beside it.

use super::common::*;

pub(super) static API_KEY: Preset = Preset {
    name: "api-key",
    provider: "a key in a header of its own",
    documentation: "https://www.rfc-editor.org/rfc/rfc9110#section-11",
    mechanism: Token(TokenWire::plain("x-api-key")),
    defaults: TOKEN,
};

pub(super) static BASIC_AUTH: Preset = Preset {
    name: "basic-auth",
    provider: "HTTP Basic (RFC 7617)",
    documentation: "https://www.rfc-editor.org/rfc/rfc7617",
    mechanism: Token(TokenWire::authorization(TokenForm::Basic)),
    defaults: TOKEN,
};

pub(super) static BEARER: Preset = Preset {
    name: "bearer",
    provider: "a fixed bearer token (RFC 6750)",
    documentation: "https://www.rfc-editor.org/rfc/rfc6750",
    mechanism: Token(TokenWire::authorization(TokenForm::Bearer)),
    defaults: TOKEN,
};

pub(super) static CLOUDEVENTS: Preset = Preset {
    name: "cloudevents",
    provider: "CloudEvents web hooks (Azure Event Grid and others)",
    documentation: "https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md",
    // Section 3.1. A token in the query (section 3.2) is in every log on the way.
    mechanism: Token(TokenWire::authorization(TokenForm::Bearer)),
    defaults: TOKEN.asked_by(Handshake::CloudEvents),
};

pub(super) static GITLAB_TOKEN: Preset = Preset {
    name: "gitlab-token",
    provider: "GitLab (secret token)",
    documentation: "https://docs.gitlab.com/user/project/integrations/webhooks/",
    mechanism: Token(TokenWire::plain("x-gitlab-token")),
    defaults: Defaults { body_bytes_max: 25 * MIB, ..TOKEN.answered_within(10) },
};

pub(super) static OKTA: Preset = Preset {
    name: "okta",
    provider: "Okta (event hooks)",
    documentation: "https://developer.okta.com/docs/concepts/event-hooks/",
    // Whatever was typed in as the secret is the whole value.
    mechanism: Token(TokenWire::authorization(TokenForm::Plain)),
    defaults: TOKEN.asked_by(Handshake::Okta).answered_within(3),
};

pub(super) static TELEGRAM: Preset = Preset {
    name: "telegram",
    provider: "Telegram Bot API",
    documentation: "https://core.telegram.org/bots/api#setwebhook",
    mechanism: Token(TokenWire::plain("x-telegram-bot-api-secret-token")),
    defaults: TOKEN,
};
