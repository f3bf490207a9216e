//! A receiver app to stand behind a guard: prints what it gets and answers.
//!
//! ```sh
//! cargo run --example receiver -- --listen 127.0.0.1:3000
//! ```
//!
//! It verifies nothing: whatever reaches it through the guard was verified.
//! `--answer 500` shows that a delivery which the app refused is let through
//! again. `receiver.py`, `receiver.mjs` and `receiver.go` do the same in Python,
//! Node and Go.
//!
//! Where others can reach the app too, `--attest-secret-file FILE` has it take
//! only what carries the guard's proof.

#![expect(clippy::print_stdout, reason = "printing is what this example is for")]

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use bytes::Bytes;
use clap::Parser;
use countersign::clock::{Clock as _, SystemClock};
use countersign::keys::Secret;
use countersign::schemes::{ATTESTATION, Head, Scheme, SchemeOptions};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;

/// Prints the deliveries that it receives.
#[derive(Parser)]
struct Args {
    /// Where to listen.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:3000")]
    listen: SocketAddr,

    /// The status of every answer.
    #[arg(long, value_name = "STATUS", default_value = "204")]
    answer: StatusCode,

    /// Take only what the guard proves under this secret.
    #[arg(long, value_name = "FILE")]
    attest_secret_file: Option<PathBuf>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let args = Args::parse();
    let proof = args.attest_secret_file.as_deref().map(proof_under).transpose()?.map(Arc::new);
    let listener = TcpListener::bind(args.listen).await?;
    println!("receiver: listening on {}, answering {}", listener.local_addr()?, args.answer);
    loop {
        let (stream, _) = listener.accept().await?;
        let proof = proof.clone();
        let service = service_fn(move |request| receive(request, args.answer, proof.clone()));
        tokio::spawn(async move {
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            if let Err(error) = connection.await {
                println!("receiver: {error}");
            }
        });
    }
}

async fn receive(
    request: Request<Incoming>,
    answer: StatusCode,
    proof: Option<Arc<Scheme>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let mut response = Response::new(Full::default());
    *response.status_mut() = match Limited::new(body, BODY_BYTES_MAX).collect().await {
        Ok(body) => {
            let body = body.to_bytes();
            let proven = proof.map(|proof| holds(&proof, &head, &body));
            print_delivery(&format!("{} {}", head.method, head.uri), &head.headers, &body, proven);
            if proven == Some(false) { StatusCode::UNAUTHORIZED } else { answer }
        }
        Err(error) => {
            println!("receiver: {error}");
            StatusCode::BAD_REQUEST
        }
    };
    Ok(response)
}

/// What the guard signs with `--attest-secret-file`: Standard Webhooks, under
/// other names.
fn proof_under(path: &Path) -> io::Result<Scheme> {
    let secret = Secret::new(fs::read_to_string(path)?.trim_end());
    Scheme::new(&ATTESTATION, &[secret.into()], SchemeOptions::default()).map_err(io::Error::other)
}

fn holds(proof: &Scheme, request: &Parts, body: &[u8]) -> bool {
    let head = Head { method: &request.method, target: "/", fields: &request.headers, public_url: None };
    let Ok(mut open) = proof.open(&head, SystemClock.now()) else { return false };
    open.update(body);
    open.finish(body).is_ok()
}

/// One block for each delivery: request line, what the guard says of it, body.
fn print_delivery(request_line: &str, fields: &HeaderMap, body: &[u8], proven: Option<bool>) {
    println!("\n{request_line}");
    for (name, value) in fields.iter().filter(|(name, _)| name.as_str().starts_with("countersign-")) {
        println!("  {name}: {}", value.as_bytes().escape_ascii());
    }
    if let Some(proven) = proven {
        println!("  proof of the guard: {}", if proven { "holds" } else { "refused" });
    }
    println!("  sha256: {:x}", Bytes::copy_from_slice(&Sha256::digest(body)));
    let shown = &body[..body.len().min(BODY_BYTES_SHOWN)];
    println!("  {} bytes: {}", body.len(), String::from_utf8_lossy(shown).escape_debug());
}

/// The guard lets through less than this; the bound is for a receiver that is reached without one.
const BODY_BYTES_MAX: usize = 32 * 1024 * 1024;

const BODY_BYTES_SHOWN: usize = 200;
