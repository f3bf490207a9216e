//! The sender: posts signed webhooks over kept-open connections, on each the
//! next when the one before is answered. HTTP is written by hand, so that it
//! takes little of a machine that it shares with what is measured.

use std::net::SocketAddr;
use std::time::Duration;

use countersign::clock::{Clock as _, SystemClock};
use countersign::keys::Secret;
use countersign::schemes::{Message, Scheme, SchemeOptions, preset};
use http::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::Failure;

/// Whoever has the secret.
pub(crate) struct Sender {
    scheme: Scheme,
    runtime: Runtime,
    body: String,
    /// Of the next webhook.
    number: u64,
}

impl Sender {
    pub(crate) fn new(secret: Secret) -> Result<Self, Failure> {
        let preset = preset("standard-webhooks").ok_or("a preset")?;
        Ok(Self {
            scheme: Scheme::new(preset, &[secret.into()], SchemeOptions::default())?,
            runtime: Builder::new_current_thread().enable_all().build()?,
            body: "x".repeat(BODY_BYTES),
            number: 0,
        })
    }

    /// Makes `deliveries` and checks each answer. Fails when they take too long.
    pub(crate) fn send(&mut self, guard: SocketAddr, deliveries: u32) -> Result<(), Failure> {
        let mut webhooks: Vec<Vec<Vec<u8>>> = vec![Vec::new(); CONNECTIONS];
        for number in 0..deliveries as usize {
            let webhook = self.webhook()?;
            webhooks[number % CONNECTIONS].push(webhook);
        }
        self.runtime.block_on(async {
            let mut connections = JoinSet::new();
            for webhooks in webhooks {
                connections.spawn(deliver(guard, webhooks));
            }
            let all = async {
                while let Some(outcome) = connections.join_next().await {
                    outcome??;
                }
                Ok(())
            };
            timeout(TIME_MAX, all).await?
        })
    }

    /// The next webhook, as bytes of the wire.
    fn webhook(&mut self) -> Result<Vec<u8>, Failure> {
        self.number += 1;
        let id = format!("msg_{}", self.number);
        let (body, timestamp) = (self.body.as_bytes(), SystemClock.now());
        let (method, target) = (&Method::POST, "/");
        let message = Message { id: Some(&id), timestamp, body, method, target, public_url: None };
        let mut request =
            b"POST / HTTP/1.1\r\nhost: guard.example\r\ncontent-type: application/json\r\n".to_vec();
        for (name, value) in self.scheme.sign(&message)? {
            request.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
        }
        request.extend(format!("content-length: {BODY_BYTES}\r\n\r\n{}", self.body).into_bytes());
        Ok(request)
    }
}

async fn deliver(guard: SocketAddr, webhooks: Vec<Vec<u8>>) -> Result<(), Failure> {
    let mut stream = TcpStream::connect(guard).await?;
    stream.set_nodelay(true)?;
    let mut answer = Vec::with_capacity(1024);
    for webhook in webhooks {
        stream.write_all(&webhook).await?;
        answer.clear();
        // A 204 ends with its head (RFC 9110 section 15.3.5).
        while !answer.ends_with(b"\r\n\r\n") {
            if stream.read_buf(&mut answer).await? == 0 {
                return Err("the guard closed the connection".into());
            }
        }
        if !answer.starts_with(b"HTTP/1.1 204 ") {
            return Err(format!("not delivered: {}", answer.escape_ascii()).into());
        }
    }
    Ok(())
}

const CONNECTIONS: usize = 32;
pub(crate) const BODY_BYTES: usize = 1024;

/// For one run: many times what it takes.
const TIME_MAX: Duration = Duration::from_secs(120);
