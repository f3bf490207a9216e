//! The chunked coding (RFC 9112 section 7.1), followed without decoding it.
//!
//! ```text
//! chunked-body = *chunk last-chunk trailer-section CRLF
//! chunk        = chunk-size [ chunk-ext ] CRLF chunk-data CRLF
//! ```
//!
//! What is not data is bounded: sizes by their digits, extensions and trailers
//! in bytes over the whole body. The data is for the reader of the body to
//! bound. hyper decodes what passes.

use super::Http1Fault;
use super::framing::Followed;

/// A place in a chunked body.
#[derive(Debug, Default)]
pub(super) struct Chunked {
    state: State,
    /// Bytes of the extension being read.
    extension_bytes: usize,
    /// Bytes of all extensions.
    extension_bytes_total: usize,
    trailer_bytes: usize,
    trailer_fields: usize,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Size {
        size: u64,
        digits: usize,
    },
    /// White space between a size and its extension.
    SizeSpace {
        size: u64,
    },
    Extension {
        size: u64,
    },
    SizeLf {
        size: u64,
    },
    Data {
        left: u64,
    },
    DataCr,
    DataLf,
    /// The first byte of a trailer line, or the CR of the last line.
    TrailerStart,
    TrailerName,
    TrailerValue,
    TrailerLf,
    EndLf,
    Done,
}

impl Default for State {
    fn default() -> Self {
        Self::Size { size: 0, digits: 0 }
    }
}

impl Chunked {
    /// Follows `bytes` to their end or to that of the body.
    pub(super) fn follow(&mut self, bytes: &[u8]) -> Followed {
        let mut settled = 0;
        while settled < bytes.len() && !self.is_done() {
            if let State::Data { left } = self.state {
                let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len() - settled);
                settled += here;
                let left = left - here as u64;
                self.state = if left == 0 { State::DataCr } else { State::Data { left } };
                continue;
            }
            match self.step(bytes[settled]) {
                Some(next) => self.state = next,
                None => return Followed { settled, fault: Some(Http1Fault::BadChunk) },
            }
            settled += 1;
        }
        Followed { settled, fault: None }
    }

    /// Whether the body has ended.
    pub(super) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// The state behind `byte`, which is not data; `None` if it has no place
    /// there.
    fn step(&mut self, byte: u8) -> Option<State> {
        match (self.state, byte) {
            (State::Size { size, digits }, byte) if byte.is_ascii_hexdigit() && digits < SIZE_DIGITS_MAX => {
                let digit = char::from(byte).to_digit(16)?;
                Some(State::Size { size: size << 4 | u64::from(digit), digits: digits + 1 })
            }
            (State::Size { digits: 0, .. }, _) => None,
            (State::Size { size, .. } | State::Extension { size }, b'\r') => Some(State::SizeLf { size }),
            // Section 7.1.1: white space before the semicolon is bad, and
            // still to be read. Before CRLF it is no part of the grammar.
            (State::Size { size, .. } | State::SizeSpace { size }, b' ' | b'\t') => {
                self.extend().then_some(State::SizeSpace { size })
            }
            (State::Size { size, .. } | State::SizeSpace { size }, b';') => {
                self.extend().then_some(State::Extension { size })
            }
            (State::Extension { size }, byte) if is_text(byte) => {
                self.extend().then_some(State::Extension { size })
            }
            (State::SizeLf { size: 0 }, b'\n') => Some(State::TrailerStart),
            (State::SizeLf { size }, b'\n') => {
                self.extension_bytes = 0;
                Some(State::Data { left: size })
            }
            (State::DataCr, b'\r') => Some(State::DataLf),
            (State::DataLf, b'\n') => Some(State::default()),
            (State::EndLf, b'\n') => Some(State::Done),
            (State::TrailerStart | State::TrailerName | State::TrailerValue | State::TrailerLf, byte) => {
                self.step_trailer(byte)
            }
            _ => None,
        }
    }

    fn step_trailer(&mut self, byte: u8) -> Option<State> {
        self.trailer_bytes += 1;
        if self.trailer_bytes > TRAILER_BYTES_MAX {
            return None;
        }
        match (self.state, byte) {
            (State::TrailerStart, b'\r') => Some(State::EndLf),
            (State::TrailerStart, byte) if is_token(byte) => {
                self.trailer_fields += 1;
                (self.trailer_fields <= TRAILER_FIELDS_MAX).then_some(State::TrailerName)
            }
            (State::TrailerName, byte) if is_token(byte) => Some(State::TrailerName),
            (State::TrailerName, b':') => Some(State::TrailerValue),
            (State::TrailerValue, b'\r') => Some(State::TrailerLf),
            (State::TrailerValue, byte) if is_text(byte) => Some(State::TrailerValue),
            (State::TrailerLf, b'\n') => Some(State::TrailerStart),
            _ => None,
        }
    }

    /// Counts a byte of an extension; false over the bounds.
    fn extend(&mut self) -> bool {
        self.extension_bytes += 1;
        self.extension_bytes_total += 1;
        self.extension_bytes <= EXTENSION_BYTES_MAX && self.extension_bytes_total <= EXTENSION_BYTES_TOTAL_MAX
    }
}

/// RFC 9110 section 5.5: what a field value may hold.
fn is_text(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'~' | 0x80..)
}

/// RFC 9110 section 5.6.2: what a field name may hold.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Chunks of up to 4 GiB: far above any body, far below an overflow.
const SIZE_DIGITS_MAX: usize = 8;

const EXTENSION_BYTES_MAX: usize = 256;

/// Over one body. hyper stops at 16 KiB.
const EXTENSION_BYTES_TOTAL_MAX: usize = 8 * 1024;

/// hyper stops at 16 KiB.
const TRAILER_BYTES_MAX: usize = 4 * 1024;

/// hyper stops at 100.
const TRAILER_FIELDS_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    /// How far the body is followed, at once and byte by byte, and whether it
    /// ends there.
    fn follow(body: &[u8]) -> Result<(usize, bool), usize> {
        let mut whole = Chunked::default();
        let at_once = whole.follow(body);
        let mut drip = Chunked::default();
        let mut settled = 0;
        for byte in body.chunks(1) {
            let step = drip.follow(byte);
            settled += step.settled;
            if step.fault.is_some() || drip.is_done() {
                break;
            }
        }
        assert_eq!((settled, drip.state), (at_once.settled, whole.state), "{}", body.escape_ascii());
        match at_once.fault {
            Some(_) => Err(at_once.settled),
            None => Ok((at_once.settled, whole.is_done())),
        }
    }

    #[test]
    fn good_bodies_are_followed_to_their_end() {
        for body in [
            &b"0\r\n\r\n"[..],
            b"00000000\r\n\r\n",
            b"5\r\nhello\r\n0\r\n\r\n",
            b"a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n",
            b"1;a=b;c=\"d e\"\r\nx\r\n0;last\r\n\r\n",
            b"1 ;a\r\nx\r\n0\r\n\r\n",
            b"2\r\n\r\n\r\n0\r\n\r\n",
            b"0\r\na: b\r\nc-d:\r\n\r\n",
        ] {
            assert_eq!(follow(body), Ok((body.len(), true)), "{}", body.escape_ascii());
            assert_eq!(follow(&[body, b"GET /"].concat()), Ok((body.len(), true)), "{}", body.escape_ascii());
            assert_eq!(
                follow(&body[..body.len() - 1]),
                Ok((body.len() - 1, false)),
                "{}",
                body.escape_ascii()
            );
        }
    }

    #[test]
    fn bad_bodies_are_refused_at_the_byte() {
        for (body, at) in [
            (&b"\r\n\r\n"[..], 0),
            (b";a\r\n", 0),
            (b"-1\r\n", 0),
            (b"0x5\r\n", 1),
            (b"g\r\n", 0),
            (b"5\n", 1),
            (b"5\r\r\n", 2),
            (b"5 \r\n", 2),
            (b"5\0\r\n", 1),
            (b"5;a\0\r\n", 3),
            (b"5;a\nb\r\n", 3),
            (b"5;a\rb\r\n", 4),
            (b"000000005\r\n", 8),
            (b"FFFFFFFFFFFFFFFF\r\n", 8),
            (b"1\r\nxy\r\n", 4),
            (b"1\r\nx\n", 4),
            (b"1\r\nx\ry", 5),
            (b"2\r\nx\r\n0\r\n\r\n", 5),
            (b"0\r\n\n", 3),
            (b"0\r\n\rx", 4),
            (b"0\r\n a: b\r\n", 3),
            (b"0\r\na : b\r\n", 4),
            (b"0\r\n: b\r\n", 3),
            (b"0\r\na\r\n", 4),
            (b"0\r\na: b\n", 7),
            (b"0\r\na: b\r\n folded\r\n", 9),
            (b"0\r\na: \0\r\n", 6),
        ] {
            assert_eq!(follow(body), Err(at), "{}", body.escape_ascii());
        }
    }

    #[test]
    fn extensions_and_trailers_are_bounded() {
        let extended = |bytes: usize| [b"1;", "x".repeat(bytes - 1).as_bytes(), b"\r\nx\r\n"].concat();
        let end = b"0\r\n\r\n".as_slice();
        assert!(matches!(follow(&[&extended(EXTENSION_BYTES_MAX), end].concat()), Ok((_, true))));
        assert!(follow(&[&extended(EXTENSION_BYTES_MAX + 1), end].concat()).is_err());
        let most = EXTENSION_BYTES_TOTAL_MAX / EXTENSION_BYTES_MAX;
        assert!(matches!(
            follow(&[&extended(EXTENSION_BYTES_MAX).repeat(most), end].concat()),
            Ok((_, true))
        ));
        assert!(follow(&extended(EXTENSION_BYTES_MAX).repeat(most + 1)).is_err());

        let trailers = |count: usize, value: usize| {
            format!("0\r\n{}\r\n", format!("a:{}\r\n", "x".repeat(value)).repeat(count)).into_bytes()
        };
        assert!(matches!(follow(&trailers(TRAILER_FIELDS_MAX, 1)), Ok((_, true))));
        assert!(follow(&trailers(TRAILER_FIELDS_MAX + 1, 1)).is_err());
        assert!(follow(&trailers(1, TRAILER_BYTES_MAX)).is_err());
    }
}
