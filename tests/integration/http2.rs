//! HTTP/2, frame by frame (RFC 9113 section 4.1).

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::stand::Stand;

/// No client may throw an answer away because a reset follows it (RFC 9113
/// section 8.1). curl 7.88 does, and shows neither status nor code.
#[tokio::test]
async fn a_refusal_before_the_body_is_not_followed_by_a_reset() {
    let stand = Stand::with_flags(&["--plain"]).await;
    let mut stream = TcpStream::connect(stand.guard().address()).await.unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    send(&mut stream, SETTINGS, 0, 0, b"").await;
    send(&mut stream, HEADERS, END_HEADERS, 1, UNSIGNED_POST).await;
    assert_eq!(frames_until(&mut stream, (DATA, END_STREAM)).await, [(HEADERS, END_HEADERS)]);
    for body in [(0, &b"{"[..]), (END_STREAM, b"}")] {
        send(&mut stream, DATA, body.0, 1, body.1).await;
        send(&mut stream, PING, 0, 0, &[0; 8]).await;
        assert_eq!(frames_until(&mut stream, (PING, ACK)).await, [], "nothing more of the stream");
    }
}

async fn send(stream: &mut TcpStream, kind: u8, flags: u8, id: u32, payload: &[u8]) {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    stream.write_all(&[&length[1..], &[kind, flags], &id.to_be_bytes(), payload].concat()).await.unwrap();
}

/// Types and flags of the frames that concern a stream and come before `last`.
async fn frames_until(stream: &mut TcpStream, last: (u8, u8)) -> Vec<(u8, u8)> {
    let mut frames = Vec::new();
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.unwrap();
        let [a, b, c, kind, flags, id @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        stream.read_exact(&mut payload).await.unwrap();
        if (kind, flags) == last {
            return frames;
        }
        if u32::from_be_bytes(id) != 0 {
            frames.push((kind, flags));
        }
    }
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;

const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

/// `:method: POST`, `:scheme: http`, `:path: /hooks`, `:authority: localhost`
/// (RFC 7541 appendix A, section 6.2.2).
const UNSIGNED_POST: &[u8] = b"\x83\x86\x04\x06/hooks\x01\x09localhost";
