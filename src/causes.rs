//! An error with what caused it, on one line of the log.
//!
//! `Display` of an error shows its own level and leaves the rest to `source()`.
//! The JSON lines of `tracing-subscriber` show no more than that, so a field
//! that is to say what happened is written by this.

use std::error::Error;
use std::fmt::{self, Display, Write as _};
use std::iter;

/// Shows an error and its causes, the outermost first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Causes<'a>(pub(crate) &'a (dyn Error + 'static));

impl Display for Causes<'_> {
    /// Within a bound, and on one line: a peer may have had a word in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let levels = iter::successors(Some(self.0), |error| (*error).source()).take(LEVELS_MAX);
        let mut levels: Vec<String> = levels.map(ToString::to_string).collect();
        // One that only wraps another says the same.
        levels.dedup();
        let text = levels.join(": ");
        for c in text.chars().take(CHARS_MAX) {
            if c.is_control() { write!(f, "{}", c.escape_default())? } else { f.write_char(c)? }
        }
        if text.chars().nth(CHARS_MAX).is_some() { f.write_char('…') } else { Ok(()) }
    }
}

/// More than any of ours has.
const LEVELS_MAX: usize = 16;

/// Several times what the longest of ours has, a path in it included.
const CHARS_MAX: usize = 1024;

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Level {
        text: &'static str,
        source: io::Error,
    }

    fn shown(text: &'static str, cause: &str) -> String {
        Causes(&Level { text, source: io::Error::other(cause) }).to_string()
    }

    #[test]
    fn an_error_is_shown_with_its_causes_on_one_line_within_a_bound() {
        for (text, cause, expected) in [
            ("reach the upstream", "refused", "reach the upstream: refused"),
            ("the same", "the same", "the same"),
            ("read", "a\r\nb\u{1b}", "read: a\\r\\nb\\u{1b}"),
        ] {
            assert_eq!(shown(text, cause), expected);
        }
        assert_eq!(shown("read", &"ö".repeat(5000)).chars().count(), CHARS_MAX + 1);
    }
}
