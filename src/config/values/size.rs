//! A number of bytes with its unit: `512KiB`, `1MiB`, `2MB`.

use std::fmt;
use std::str::FromStr;

use super::Fault;

/// A number of bytes, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ByteSize(pub u64);

impl FromStr for ByteSize {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let (_, bytes) = UNITS.iter().find(|(name, _)| *name == unit).ok_or(FORM)?;
        let size = number.parse::<u64>().ok().and_then(|number| number.checked_mul(*bytes));
        size.filter(|size| *size > 0).map(Self).ok_or_else(|| FORM.into())
    }
}

impl fmt::Display for ByteSize {
    /// In the largest unit that leaves no fraction.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact =
            UNITS.iter().filter(|(_, bytes)| self.0.is_multiple_of(*bytes)).max_by_key(|(_, bytes)| *bytes);
        let (unit, bytes) = exact.unwrap_or(&UNITS[0]);
        write!(f, "{}{unit}", self.0 / bytes)
    }
}

const FORM: &str = "expected a size with its unit, such as 512KiB, 1MiB or 2MB";

const UNITS: [(&str, u64); 7] = [
    ("B", 1),
    ("kB", 1000),
    ("KiB", 1 << 10),
    ("MB", 1_000_000),
    ("MiB", 1 << 20),
    ("GB", 1_000_000_000),
    ("GiB", 1 << 30),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_their_unit() {
        for (text, bytes) in [("1B", 1), ("512KiB", 524_288), ("1MiB", 1_048_576), ("2MB", 2_000_000)] {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
        }
    }

    #[test]
    fn bare_empty_fractional_and_absurd_sizes_are_refused() {
        for wrong in ["", "1024", "MiB", "0B", "1.5MiB", "1 MiB", "-1B", "1mib", "99999999999GiB"] {
            assert_eq!(wrong.parse::<ByteSize>(), Err(FORM.into()), "{wrong}");
        }
    }

    #[test]
    fn a_size_is_shown_in_the_largest_whole_unit() {
        assert_eq!(ByteSize(25 << 20).to_string(), "25MiB");
        assert_eq!(ByteSize(1025).to_string(), "1025B");
    }
}
