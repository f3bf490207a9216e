//! The app: posts webhooks over kept-open connections, on each the next when
//! the one before is answered. HTTP is written by hand, so that the generator
//! takes little of a machine that it shares with what is measured.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::Failure;

/// Makes `deliveries` (less what does not divide among the connections) and
/// checks each answer. Fails when they take too long.
pub(crate) async fn run(proxy: SocketAddr, deliveries: u32) -> Result<(), Failure> {
    let mut connections = JoinSet::new();
    for _ in 0..CONNECTIONS {
        connections.spawn(deliver(proxy, deliveries / CONNECTIONS));
    }
    let all = async {
        while let Some(outcome) = connections.join_next().await {
            outcome??;
        }
        Ok(())
    };
    timeout(TIME_MAX, all).await?
}

async fn deliver(proxy: SocketAddr, deliveries: u32) -> Result<(), Failure> {
    let mut stream = TcpStream::connect(proxy).await?;
    stream.set_nodelay(true)?;
    let body = "x".repeat(BODY_BYTES);
    let webhook = format!(
        "POST / HTTP/1.1\r\nhost: {proxy}\r\nuser-agent: app/1.0\r\naccept: */*\r\n\
         content-type: application/json\r\ncontent-length: {BODY_BYTES}\r\n\r\n{body}"
    );
    let mut answer = Vec::with_capacity(1024);
    for _ in 0..deliveries {
        stream.write_all(webhook.as_bytes()).await?;
        answer.clear();
        // A 204 ends with its head (RFC 9110 section 15.3.5).
        while !answer.ends_with(b"\r\n\r\n") {
            if stream.read_buf(&mut answer).await? == 0 {
                return Err("the proxy closed the connection".into());
            }
        }
        if !answer.starts_with(b"HTTP/1.1 204 ") {
            return Err(format!("not delivered: {}", answer.escape_ascii()).into());
        }
    }
    Ok(())
}

const CONNECTIONS: u32 = 32;
const BODY_BYTES: usize = 1024;

/// For one run: many times what it takes.
const TIME_MAX: Duration = Duration::from_secs(60);
