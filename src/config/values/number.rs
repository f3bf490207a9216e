//! A plain count within bounds.

use std::ops::RangeInclusive;

use super::Fault;

/// Reads a whole number in `range`.
pub(crate) fn number(text: &str, range: RangeInclusive<u32>) -> Result<u32, Fault> {
    // `parse` would take a leading plus sign.
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let value = text.parse().ok().filter(|value| digits && range.contains(value));
    value.ok_or_else(|| format!("expected a whole number from {} to {}", range.start(), range.end()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_stay_within_their_bounds() {
        assert_eq!(number("512", 1..=1000), Ok(512));
        for wrong in ["", "0", "1001", "+5", "5 ", "1e3", "99999999999"] {
            assert_eq!(
                number(wrong, 1..=1000),
                Err("expected a whole number from 1 to 1000".to_owned().into()),
                "{wrong}"
            );
        }
    }
}
