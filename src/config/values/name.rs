//! The name of a source or an endpoint.

use super::Fault;

/// Reads a name. It stands in header fields, metric labels, paths and log lines.
pub(crate) fn name(text: &str) -> Result<String, Fault> {
    let well_formed = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if well_formed && (1..=NAME_BYTES_MAX).contains(&text.len()) {
        return Ok(text.to_owned());
    }
    Err("expected a name of up to 64 letters, digits, dots, dashes and underscores".into())
}

const NAME_BYTES_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_short() {
        assert_eq!(name("billing-2.eu_west"), Ok("billing-2.eu_west".to_owned()));
        for wrong in ["", "a b", "a/b", "\u{e9}", &"x".repeat(65)] {
            assert!(name(wrong).is_err(), "{wrong}");
        }
    }
}
