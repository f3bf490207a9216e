//! Id and time are signed with the body: Standard Webhooks and its kin.

use super::common::*;

pub(super) static GITLAB_SIGNED: Preset = Preset {
    name: "gitlab-signed",
    provider: "GitLab (signing token)",
    documentation: "https://docs.gitlab.com/user/project/integrations/webhooks/",
    mechanism: Template(standard_webhooks("webhook-id", "webhook-timestamp", "webhook-signature")),
    // Pushes are as large as GitHub's.
    defaults: Defaults { body_bytes_max: 25 * MIB, ..TIMED.answered_within(10) },
};

pub(super) static STANDARD_WEBHOOKS: Preset = Preset {
    name: "standard-webhooks",
    provider: "Standard Webhooks (Resend, Polar, Supabase, Replicate and others)",
    documentation: "https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md",
    mechanism: Template(standard_webhooks("webhook-id", "webhook-timestamp", "webhook-signature")),
    defaults: TIMED,
};

/// How the guard proves to its app that it let a delivery through: Standard
/// Webhooks under names of our own, so that the sender's own three headers pass
/// beside them. In no list: no sender signs so.
pub static ATTESTATION: Preset = Preset {
    name: "countersign-attest",
    provider: "Countersign, for the app behind the guard",
    documentation: STANDARD_WEBHOOKS.documentation,
    mechanism: Template(standard_webhooks(
        "countersign-attest-id",
        "countersign-attest-timestamp",
        "countersign-attest-signature",
    )),
    defaults: TIMED,
};

pub(super) static SVIX: Preset = Preset {
    name: "svix",
    provider: "Svix (Clerk, Liveblocks and others)",
    documentation: "https://docs.svix.com/receiving/verifying-payloads/how-manual",
    mechanism: Template(standard_webhooks("svix-id", "svix-timestamp", "svix-signature")),
    defaults: TIMED.answered_within(15),
};
