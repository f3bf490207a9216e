//! One log line, written field by field into a buffer that is used again.
//!
//! Both formats quote text as a JSON string (RFC 8259 section 7) of visible
//! ASCII, so that what a stranger sent can neither end the line, nor the
//! field, nor move the cursor of a terminal. A byte outside it becomes
//! `\u00NN`: bytes are shown as ISO 8859-1, which loses nothing.

use crate::config::LogFormat;

/// A line being written.
#[derive(Debug)]
pub(super) struct Line<'a> {
    buffer: &'a mut Vec<u8>,
    format: LogFormat,
}

impl<'a> Line<'a> {
    /// Begins a line with its time, of which every line has one.
    pub(super) fn new(buffer: &'a mut Vec<u8>, format: LogFormat, time: &str) -> Self {
        buffer.clear();
        match format {
            LogFormat::Json => buffer.extend_from_slice(b"{\"time\":\""),
            LogFormat::Text => {}
        }
        buffer.extend_from_slice(time.as_bytes());
        if matches!(format, LogFormat::Json) {
            buffer.push(b'"');
        }
        Self { buffer, format }
    }

    /// A word of ours: letters, digits, dots, colons and the like.
    pub(super) fn word(&mut self, key: &str, word: &str) {
        self.key(key);
        self.quote();
        self.buffer.extend_from_slice(word.as_bytes());
        self.quote();
    }

    /// A number.
    pub(super) fn number(&mut self, key: &str, number: u64) {
        self.key(key);
        self.buffer.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }

    /// Text from outside: escaped, and shortened to [`TEXT_BYTES_MAX`].
    pub(super) fn text(&mut self, key: &str, text: &[u8]) {
        self.key(key);
        self.buffer.push(b'"');
        let shown = &text[..text.len().min(TEXT_BYTES_MAX)];
        if shown.iter().copied().all(is_plain) {
            self.buffer.extend_from_slice(shown);
        } else {
            for byte in shown {
                self.escaped(*byte);
            }
        }
        if shown.len() < text.len() {
            self.buffer.extend_from_slice(b"...");
        }
        self.buffer.push(b'"');
    }

    /// Ends the line.
    pub(super) fn end(self) {
        let end: &[u8] = match self.format {
            LogFormat::Json => b"}\n",
            LogFormat::Text => b"\n",
        };
        self.buffer.extend_from_slice(end);
    }

    fn key(&mut self, key: &str) {
        match self.format {
            LogFormat::Json => {
                self.buffer.extend_from_slice(b",\"");
                self.buffer.extend_from_slice(key.as_bytes());
                self.buffer.extend_from_slice(b"\":");
            }
            LogFormat::Text => {
                self.buffer.push(b' ');
                self.buffer.extend_from_slice(key.as_bytes());
                self.buffer.push(b'=');
            }
        }
    }

    /// Around a word: text needs none.
    fn quote(&mut self) {
        if matches!(self.format, LogFormat::Json) {
            self.buffer.push(b'"');
        }
    }

    fn escaped(&mut self, byte: u8) {
        match byte {
            _ if is_plain(byte) => self.buffer.push(byte),
            b'"' | b'\\' => self.buffer.extend_from_slice(&[b'\\', byte]),
            _ => {
                let digit = |nibble: u8| HEX[usize::from(nibble)];
                let escape = [b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte & 15)];
                self.buffer.extend_from_slice(&escape);
            }
        }
    }
}

/// Stands for itself in a string.
const fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\')
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Longer text is cut after this many bytes. Ids of real providers have about
/// forty, names in certificates rarely over a hundred.
pub(super) const TEXT_BYTES_MAX: usize = 128;
