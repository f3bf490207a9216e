//! Senders that are nobody's row: what a configuration starts from.

use super::common::*;

pub(super) static HMAC: Preset = Preset {
    name: "hmac",
    provider: "any HMAC, as the source describes it",
    documentation: "https://www.rfc-editor.org/rfc/rfc2104",
    mechanism: Template(hmac_of_body("x-signature", "", Hex)),
    defaults: acknowledged(days(1)),
};

pub(super) static MAILGUN: Preset = Preset {
    name: "mailgun",
    provider: "Mailgun",
    documentation: "https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks",
    mechanism: Mailgun,
    // Routes forward whole messages.
    defaults: Defaults { body_bytes_max: 25 * MIB, ..TIMED },
};
