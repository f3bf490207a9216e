//! Which run of the operating system this is.

use std::fs;

/// One run of the operating system. What was written, and not synced, is lost
/// with it and not before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Boot(pub(super) [u8; 16]);

impl Boot {
    /// It cannot be known, which is never the same run.
    const UNKNOWN: Self = Self([0; 16]);

    /// The run of this moment (Linux, proc(5)).
    pub(super) fn current() -> Self {
        let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        Self::read(&text).unwrap_or(Self::UNKNOWN)
    }

    /// Thirty-two hexadecimal digits with dashes among them.
    fn read(text: &str) -> Option<Self> {
        let digits: String = text.trim().chars().filter(|c| *c != '-').collect();
        let number = (digits.len() == 32).then(|| u128::from_str_radix(&digits, 16).ok());
        number.flatten().map(|number| Self(number.to_be_bytes()))
    }

    /// Whether both are the same run, for certain.
    pub(super) fn is(self, other: Self) -> bool {
        self == other && self != Self::UNKNOWN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_read_as_the_system_writes_it() {
        let boot = Boot::read("0123f4a2-9c3e-4d11-8f00-aabbccddeeff\n").unwrap();
        assert_eq!(boot.0[..4], [0x01, 0x23, 0xf4, 0xa2]);
        assert!(boot.is(boot));
        for text in ["", "0123", "0123f4a2-9c3e-4d11-8f00-aabbccddeefg"] {
            assert_eq!(Boot::read(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_not_known_is_never_the_same() {
        assert!(!Boot::UNKNOWN.is(Boot::UNKNOWN));
    }
}
