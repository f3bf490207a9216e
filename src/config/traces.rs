//! Where spans go, and of how many deliveries.

use std::fmt;
use std::path::PathBuf;

use super::values::Destination;

/// A collector of spans.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceConfig {
    /// Where spans are posted.
    pub destination: Destination,
    /// CA certificates for it, PEM; the public ones when absent.
    pub ca: Option<PathBuf>,
    /// How many deliveries get one, where no parent decides.
    pub sample: SampleRatio,
}

/// A part of all, from none to each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SampleRatio(f64);

impl SampleRatio {
    /// All of them.
    pub const ALL: Self = Self(1.0);

    /// `None` where it is no part of one.
    pub(crate) fn new(ratio: f64) -> Option<Self> {
        (0.0..=1.0).contains(&ratio).then_some(Self(ratio))
    }

    /// Whether what has the random `number` belongs to the part. The number's
    /// lowest bit does not count, as with the samplers of OpenTelemetry.
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::cast_sign_loss)] // From 0 to 2^63.
    pub(crate) fn takes(self, number: u64) -> bool {
        number >> 1 < (self.0 * (1_u64 << 63) as f64) as u64
    }
}

impl fmt::Display for SampleRatio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_taken_by_number() {
        let takes = |ratio, number| SampleRatio::new(ratio).unwrap().takes(number);
        for number in [0, 1, u64::MAX / 2, u64::MAX] {
            assert!(takes(1.0, number) && !takes(0.0, number), "{number}");
        }
        assert!(takes(0.25, (1 << 62) - 1) && !takes(0.25, 1 << 62));
        assert!([-0.1, 1.1, f64::NAN].into_iter().all(|ratio| SampleRatio::new(ratio).is_none()));
    }
}
