//! The rows: one for each provider.
//!
//! A row is data. It is taken from the provider's documentation and kept true
//! by the vectors of its name in `tests/vectors/`. Rows that sign alike stand
//! together: `body.rs`, `timed.rs`, `identified.rs`; what they have in common is
//! in `common.rs`. A new row is a `static` beside its siblings and a line in
//! [`PRESETS`].

mod body;
mod common;
mod components;
mod identified;
mod timed;

use super::preset::Preset;

/// The preset of this name.
pub fn preset(name: &str) -> Option<&'static Preset> {
    presets().iter().find(|preset| preset.name == name).copied()
}

/// Every preset, in the order of their names.
pub fn presets() -> &'static [&'static Preset] {
    PRESETS
}

static PRESETS: &[&Preset] = &[
    &components::APISIX_HMAC_AUTH,
    &body::GITHUB,
    &components::HTTP_SIGNATURE_CAVAGE,
    &components::KONG_HMAC_AUTH,
    &components::RFC9421,
    &body::SHOPIFY,
    &timed::SLACK,
    &identified::STANDARD_WEBHOOKS,
    &timed::STRIPE,
    &identified::SVIX,
];

#[cfg(test)]
mod tests {
    use super::super::preset::Mechanism;
    use super::super::template::Part::{Body, Id, Timestamp};
    use super::super::template::{Grammar, TimestampPlace};
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
