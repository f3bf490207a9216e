//! The schemes without the proxy: what a server of your own does with a request
//! before it believes anything in it.
//!
//! `cargo run --example verify --no-default-features`
//!
//! What the guard does beside this is yours to do then: limits before any work,
//! a memory of what was accepted, and the order of the two.

#![allow(clippy::print_stdout, reason = "it is made to be read at a terminal")]

use countersign::clock::{Clock, SystemClock, UnixTime};
use countersign::keys::Secret;
use countersign::schemes::{Head, Message, Proof, Refusal, Scheme, SchemeOptions, preset};
use http::Request;

/// Compiled once, when the server starts: the secret becomes a key here, and an
/// unusable one is an error before the first request.
fn scheme() -> Result<Scheme, Box<dyn std::error::Error>> {
    let secret = Secret::new("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=");
    let preset = preset("standard-webhooks").ok_or("no such scheme")?;
    Ok(Scheme::new(preset, &[secret.into()], SchemeOptions::default())?)
}

/// The head first: what is stale or malformed is refused before its body is
/// read. The body comes in whatever pieces it arrives in, and must be the bytes
/// as they arrived: nothing may parse it before.
fn verify(scheme: &Scheme, request: &Request<Vec<u8>>, now: UnixTime) -> Result<Proof, Refusal> {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let head = Head { method: request.method(), target, fields: request.headers(), public_url: None };
    let mut open = scheme.open(&head, now)?;
    for piece in request.body().chunks(16 << 10) {
        open.update(piece);
    }
    open.finish(request.body())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (scheme, now) = (scheme()?, SystemClock.now());
    let genuine = signed(&scheme, now)?;
    let mut changed = genuine.clone();
    changed.body_mut().push(b'\n');

    for (name, request, at) in [
        ("as it was signed", &genuine, now),
        ("with a line end more", &changed, now),
        ("an hour later", &genuine, now.saturating_add(std::time::Duration::from_secs(3600))),
    ] {
        match verify(&scheme, request, at) {
            // The id is signed here, so it may name the delivery in your store.
            Ok(proof) => println!("{name}: genuine, id {:?}", proof.message_id()),
            Err(refusal) => println!("{name}: refused, {refusal}"),
        }
    }
    Ok(())
}

/// What a sender does: the same row that verifies, signs.
fn signed(scheme: &Scheme, now: UnixTime) -> Result<Request<Vec<u8>>, Box<dyn std::error::Error>> {
    let mut request = Request::post("/hooks").body(b"{\"paid\":true}".to_vec())?;
    let message = Message {
        id: Some("msg_1"),
        timestamp: now,
        body: request.body(),
        method: request.method(),
        target: "/hooks",
        public_url: None,
    };
    let fields = scheme.sign(&message)?;
    request.headers_mut().extend(fields);
    Ok(request)
}
