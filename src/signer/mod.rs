//! The signer: a sidecar that signs an app's webhooks and delivers them.

pub mod egress;
