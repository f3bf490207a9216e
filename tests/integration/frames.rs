//! HTTP/2 by hand (RFC 9113): frames as no library writes them.

use std::time::Duration;

use rustls::version::TLS13;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use crate::stand::Stand;

// RFC 9113 section 6.
pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

/// A connection on which anything may be said.
pub(crate) struct Frames {
    stream: TlsStream<TcpStream>,
}

/// How a stream, or the connection under it, ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// An answer with this status, whole.
    Answer(u16),
    /// `RST_STREAM` with this code.
    Reset(u32),
    /// `GOAWAY` with this code.
    Goaway(u32),
    /// The connection was closed without a word.
    Closed,
    /// Nothing came for a while.
    Silence,
}

impl Frames {
    /// The preface, and settings under which answers are easy to read.
    pub(crate) async fn open(stand: &Stand) -> Self {
        Self::open_with(stand, &[]).await
    }

    pub(crate) async fn open_with(stand: &Stand, settings: &[(u16, u32)]) -> Self {
        let mut config = stand.tls_client(Some(&stand.sender), &[&TLS13]);
        config.alpn_protocols = vec![b"h2".to_vec()];
        let mut frames = Self { stream: stand.tls_connect(config).await.unwrap() };
        frames.stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        // A header table of 0 bytes: the status is spelled out in each answer.
        let settings = [&[(1, 0)], settings].concat();
        let pair = |(name, value): &(u16, u32)| [&name.to_be_bytes()[..], &value.to_be_bytes()].concat();
        frames.send(SETTINGS, 0, 0, &settings.iter().flat_map(pair).collect::<Vec<u8>>()).await;
        frames
    }

    /// Sends one frame.
    pub(crate) async fn send(&mut self, kind: u8, flags: u8, id: u32, payload: &[u8]) {
        self.send_raw(&frame(kind, flags, id, payload)).await;
    }

    /// A guard that has had enough may have closed by now.
    pub(crate) async fn send_raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.ok();
    }

    /// Sends the same bytes so often, a few at a time; false if the guard
    /// closed meanwhile.
    pub(crate) async fn flood(&mut self, bytes: impl Fn(u32) -> Vec<u8>, times: u32) -> bool {
        for batch in 0..times / 100 {
            let together: Vec<u8> = (0..100).flat_map(|n| bytes(batch * 100 + n)).collect();
            if !matches!(timeout(PATIENCE, self.stream.write_all(&together)).await, Ok(Ok(()))) {
                return false;
            }
        }
        true
    }

    /// Reads until stream `id` has ended, or the connection.
    pub(crate) async fn end_of(&mut self, id: u32) -> End {
        let mut status = 0;
        loop {
            let (kind, flags, of, payload) = match timeout(PATIENCE, self.next()).await {
                Err(_) => return End::Silence,
                Ok(None) => return End::Closed,
                Ok(Some(frame)) => frame,
            };
            match kind {
                GOAWAY => return End::Goaway(number(&payload[4..])),
                RST_STREAM if of == id && status == 0 => return End::Reset(number(&payload)),
                HEADERS if of == id => status = status_in(&payload),
                _ => {}
            }
            if of == id && matches!(kind, HEADERS | DATA) && flags & END_STREAM != 0 {
                return End::Answer(status);
            }
        }
    }

    async fn next(&mut self) -> Option<(u8, u8, u32, Vec<u8>)> {
        let mut head = [0; 9];
        self.stream.read_exact(&mut head).await.ok()?;
        let mut payload = vec![0; number(&[0, head[0], head[1], head[2]]) as usize];
        self.stream.read_exact(&mut payload).await.ok()?;
        Some((head[3], head[4], number(&head[5..]), payload))
    }
}

/// One frame as bytes.
pub(crate) fn frame(kind: u8, flags: u8, id: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &id.to_be_bytes(), payload].concat()
}

/// A header block: literals without indexing (RFC 7541 section 6.2.2).
pub(crate) fn block<N: AsRef<[u8]>, V: AsRef<[u8]>>(fields: &[(N, V)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name.as_ref(), value.as_ref()] {
            block.extend(length(text.len()));
            block.extend_from_slice(text);
        }
    }
    block
}

/// RFC 7541 section 5.1, with a prefix of seven bits.
fn length(mut value: usize) -> Vec<u8> {
    if value < 127 {
        return vec![value.to_le_bytes()[0]];
    }
    let mut bytes = vec![127];
    value -= 127;
    while value >= 128 {
        bytes.push(value.to_le_bytes()[0] | 128);
        value >>= 7;
    }
    bytes.push(value.to_le_bytes()[0]);
    bytes
}

/// The `:status` that begins a block: an index of RFC 7541 appendix A, or a
/// literal in the code of appendix B, where digits have 5 or 6 bits.
fn status_in(block: &[u8]) -> u16 {
    // A change of the table's size may come first.
    let block = if block[0] & 0xe0 == 0x20 { &block[1..] } else { block };
    if block[0] & 0x80 != 0 {
        return [200, 204, 206, 304, 400, 404, 500][usize::from(block[0] & 0x7f) - 8];
    }
    let bits =
        block[2..].iter().chain(&[0; 4]).take(4).fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
    let (mut status, mut at) = (0, 0);
    for _ in 0..3 {
        let six = bits << at >> 26;
        let (digit, width) = if six < 6 { (six >> 1, 5) } else { (six - 22, 6) };
        status = status * 10 + digit;
        at += width;
    }
    u16::try_from(status).unwrap()
}

fn number(bytes: &[u8]) -> u32 {
    bytes[..4].iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

const PATIENCE: Duration = Duration::from_secs(2);
