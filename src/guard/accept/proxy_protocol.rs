//! The PROXY protocol (versions 1 and 2, haproxy.org/download/2.9/doc/proxy-protocol.txt):
//! whose connection a proxy brings.
//!
//! Read only from peers that were named, and then it must be there: who may
//! speak it may not leave it out. Not a byte of what comes behind it is taken.

use std::io;
use std::net::IpAddr;

use ppp::{v1, v2};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Reads the header. `None` where the proxy speaks for itself, as in its own
/// health checks, or for a client that has no address.
pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<IpAddr>> {
    let mut header = vec![0; START_BYTES];
    stream.read_exact(&mut header).await?;
    if header == v2::PROTOCOL_PREFIX { read_v2(stream, header).await } else { read_v1(stream, header).await }
}

async fn read_v2(stream: &mut (impl AsyncRead + Unpin), mut header: Vec<u8>) -> io::Result<Option<IpAddr>> {
    header.resize(V2_FIXED_BYTES, 0);
    stream.read_exact(&mut header[START_BYTES..]).await?;
    let length = usize::from(u16::from_be_bytes([header[14], header[15]]));
    if length > V2_BYTES_MAX {
        return Err(malformed("is too long"));
    }
    header.resize(V2_FIXED_BYTES + length, 0);
    stream.read_exact(&mut header[V2_FIXED_BYTES..]).await?;
    let header = v2::Header::try_from(&header[..]).map_err(|error| malformed(&error.to_string()))?;
    if header.command == v2::Command::Local {
        return Ok(None);
    }
    Ok(match header.addresses {
        v2::Addresses::IPv4(client) => Some(client.source_address.into()),
        v2::Addresses::IPv6(client) => Some(client.source_address.into()),
        v2::Addresses::Unix(_) | v2::Addresses::Unspecified => None,
    })
}

/// Byte by byte to its end, which is at most 107 bytes away (section 2.1).
async fn read_v1(stream: &mut (impl AsyncRead + Unpin), mut header: Vec<u8>) -> io::Result<Option<IpAddr>> {
    if !header.starts_with(b"PROXY ") {
        return Err(malformed("is missing"));
    }
    while !header.ends_with(b"\r\n") {
        if header.len() == V1_BYTES_MAX {
            return Err(malformed("is too long"));
        }
        header.push(stream.read_u8().await?);
    }
    let header = v1::Header::try_from(&header[..]).map_err(|error| malformed(&error.to_string()))?;
    Ok(match header.addresses {
        v1::Addresses::Tcp4(client) => Some(client.source_address.into()),
        v1::Addresses::Tcp6(client) => Some(client.source_address.into()),
        v1::Addresses::Unknown => None,
    })
}

fn malformed(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the PROXY header {why}"))
}

/// Shorter than any header of either version, and enough to tell them apart.
const START_BYTES: usize = 12;
const V1_BYTES_MAX: usize = 107;
const V2_FIXED_BYTES: usize = 16;

/// Addresses are at most 216 bytes; the rest is room for what a proxy tells of
/// the TLS that it ended.
const V2_BYTES_MAX: usize = 4096;

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    /// What is read of `bytes`, and what is left of them.
    fn read_all(bytes: &[u8]) -> (io::Result<Option<IpAddr>>, usize) {
        let mut rest = bytes;
        let read = read(&mut rest).now_or_never().expect("a slice is always ready");
        (read, rest.len())
    }

    fn v2(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        [&b"\r\n\r\n\0\r\nQUIT\n"[..], &[command, family], &length, body, b"GET "].concat()
    }

    #[test]
    fn the_source_address_is_read_and_nothing_behind_the_header() {
        let ipv4 = [192, 0, 2, 1, 10, 0, 0, 1, 0x12, 0x34, 0, 80];
        let mut ipv6 = [0; 36];
        (ipv6[0], ipv6[1], ipv6[15]) = (0x20, 0x01, 1);
        let longest = [&ipv4[..], &[0x04, 0, 2, 0, 0]].concat();
        for (header, client) in [
            (b"PROXY TCP4 192.0.2.1 10.0.0.1 4660 80\r\nGET ".to_vec(), Some("192.0.2.1")),
            (b"PROXY TCP6 2001::1 2001::2 4660 80\r\nGET ".to_vec(), Some("2001::1")),
            (b"PROXY UNKNOWN\r\nGET ".to_vec(), None),
            (b"PROXY UNKNOWN a b c\r\nGET ".to_vec(), None),
            (v2(0x21, 0x11, &ipv4), Some("192.0.2.1")),
            (v2(0x21, 0x11, &longest), Some("192.0.2.1")),
            (v2(0x21, 0x21, &ipv6), Some("2001::1")),
            (v2(0x20, 0x11, &ipv4), None),
            (v2(0x20, 0x00, &[]), None),
            (v2(0x21, 0x31, &[0; 216]), None),
        ] {
            let (read, left) = read_all(&header);
            assert_eq!(read.unwrap(), client.map(|client| client.parse().unwrap()), "{header:?}");
            assert_eq!(left, 4, "{header:?}");
        }
    }

    #[test]
    fn what_is_no_header_is_an_error() {
        for wrong in [
            &b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..],
            b"PROXY TCP4 999.1.1.1 10.0.0.1 1 2\r\n",
            b"PROXY TCP4 192.0.2.1 10.0.0.1 70000 2\r\n",
            b"PROXY TCP4 192.0.2.1\r\n",
            b"PROXY TCP4 192.0.2.1 10.0.0.1 1 2\n\n\n\n\n\n\n\n\n",
            &[b"PROXY UNKNOWN ", &[b'x'; 200][..]].concat(),
            &v2(0x11, 0x11, &[0; 12]),
            &v2(0x22, 0x11, &[0; 12]),
            &v2(0x21, 0x11, &[0; 4]),
            &v2(0x21, 0x11, &[0; 5000]),
            b"\r\n\r\n\0\r\nQUIT\n\x21",
            b"PROXY",
            b"",
        ] {
            assert!(read_all(wrong).0.is_err(), "{:?}", String::from_utf8_lossy(wrong));
        }
    }
}
