//! A consumer that answers as it was told, byte for byte, and keeps what it
//! was sent.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use countersign::devcerts::Authority;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

use crate::over_tls::acceptor;

/// The consumer, one request a connection.
#[derive(Clone)]
pub(super) struct Consumer {
    pub(super) address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
    /// Told of each request.
    pub(super) reached: Arc<Notify>,
    /// Waited for before each answer, where the consumer was told to.
    pub(super) proceed: Arc<Notify>,
}

impl Consumer {
    /// Answers each request with the next of `answers`, and then with the last.
    pub(super) async fn answering(answers: &[&str]) -> Self {
        Self::start(answers, false, None).await
    }

    /// The same over TLS, as `localhost`.
    pub(super) async fn answering_over_tls(answers: &[&str], authority: &Authority) -> Self {
        Self::start(answers, false, Some(acceptor(authority))).await
    }

    /// Holds each answer until [`Consumer::proceed`].
    pub(super) async fn holding(answer: &str) -> Self {
        Self::start(&[answer], true, None).await
    }

    async fn start(answers: &[&str], hold: bool, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let consumer = Self {
            address: listener.local_addr().unwrap(),
            seen: Arc::default(),
            reached: Arc::default(),
            proceed: Arc::default(),
        };
        let mut answers: Vec<String> = answers.iter().map(|answer| (*answer).to_owned()).collect();
        let own = consumer.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
                match &tls {
                    None => drop(tokio::spawn(own.clone().serve(stream, answer, hold))),
                    Some(tls) => {
                        let Ok(stream) = tls.accept(stream).await else { continue };
                        tokio::spawn(own.clone().serve(stream, answer, hold));
                    }
                }
            }
        });
        consumer
    }

    async fn serve<S: AsyncRead + AsyncWrite + Unpin>(self, mut stream: S, answer: String, hold: bool) {
        let request = read_request(&mut stream).await;
        self.seen.lock().unwrap().push(request);
        self.reached.notify_one();
        if hold {
            self.proceed.notified().await;
        }
        stream.write_all(answer.as_bytes()).await.ok();
        stream.shutdown().await.ok();
    }

    /// Every request since the last call: head and body as text.
    pub(super) fn take_seen(&self) -> Vec<String> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

/// A field of a request as text, empty where it is not exactly one.
pub(super) fn field<'r>(request: &'r str, name: &str) -> &'r str {
    let lines = request.lines().take_while(|line| !line.is_empty());
    let mut values = lines.filter_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    });
    match (values.next(), values.next()) {
        (Some(value), None) => value,
        _ => "",
    }
}

async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length: usize = field(head, "content-length").parse().unwrap_or(0);
            if body.len() >= length {
                return text.replace("\r\n", "\n");
            }
        }
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return text,
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
        }
    }
}
