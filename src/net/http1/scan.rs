//! Where a head ends.
//!
//! Every line of a head ends in CRLF. RFC 9112 section 2.2 lets a recipient
//! take a lone LF; ours does not, because a peer that reads such a line
//! differently sees another head.

use memchr::memchr_iter;

use super::Http1Fault;

/// A search for the empty line that ends a head, taken up again as bytes come.
#[derive(Debug, Default)]
pub(super) struct HeadScan {
    /// Everything before this was looked at.
    scanned: usize,
    /// Where the line being looked at begins.
    line_start: usize,
    empty_lines: usize,
    in_head: bool,
}

impl HeadScan {
    /// The length of the head that `bytes` begins with, or `None` while it is
    /// unfinished: then call again with the same bytes and more behind them.
    pub(super) fn find_end(&mut self, bytes: &[u8], bytes_max: usize) -> Result<Option<usize>, Http1Fault> {
        let bytes = &bytes[..bytes.len().min(bytes_max)];
        let from = self.scanned;
        for lf in memchr_iter(b'\n', &bytes[from..]).map(|at| from + at) {
            let line = bytes[self.line_start..lf].strip_suffix(b"\r").ok_or(Http1Fault::Malformed)?;
            self.line_start = lf + 1;
            if !line.is_empty() {
                self.in_head = true;
                continue;
            }
            if self.in_head {
                return Ok(Some(lf + 1));
            }
            self.empty_lines += 1;
            if self.empty_lines > EMPTY_LINES_MAX {
                return Err(Http1Fault::Malformed);
            }
        }
        self.scanned = bytes.len();
        if bytes.len() == bytes_max {
            return Err(Http1Fault::HeadTooLarge);
        }
        Ok(None)
    }

    /// Whether an unfinished head of `len` bytes has begun, rather than just
    /// the empty lines that may stand before it.
    pub(super) fn has_begun(&self, len: usize) -> bool {
        self.in_head || len > self.line_start
    }
}

/// RFC 9112 section 2.2: at least one empty line before a request line is
/// passed over, for clients that send one behind a body.
const EMPTY_LINES_MAX: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(bytes: &[u8]) -> Result<Option<usize>, Http1Fault> {
        HeadScan::default().find_end(bytes, 16)
    }

    #[test]
    fn the_end_is_the_first_empty_line_behind_the_request_line() {
        for (bytes, expected) in [
            (&b"G\r\na:b\r\n\r\nrest"[..], Ok(Some(10))),
            (b"\r\n\r\nG\r\n\r\n", Ok(Some(9))),
            (b"\r\n\r\n\r\nG\r\n\r\n", Err(Http1Fault::Malformed)),
            (b"G\na:b\r\n\r\n", Err(Http1Fault::Malformed)),
            (b"\nG\r\n\r\n", Err(Http1Fault::Malformed)),
            (b"G\r\na:b\r\n\r", Ok(None)),
            (b"G123456789AB\r\n\r\n", Ok(Some(16))),
            (b"G123456789ABC\r\n\r\n", Err(Http1Fault::HeadTooLarge)),
        ] {
            assert_eq!(scan(bytes), expected, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn empty_lines_alone_do_not_begin_a_head() {
        for (bytes, begun) in [(&b""[..], false), (b"\r\n", false), (b"\r\nG", true), (b"G\r\n", true)] {
            let mut scan = HeadScan::default();
            assert_eq!(scan.find_end(bytes, 16), Ok(None));
            assert_eq!(scan.has_begun(bytes.len()), begun, "{}", bytes.escape_ascii());
        }
    }
}
