//! Processor time of a signed delivery beside that of a bare proxy.
//!
//! `cargo bench --bench signer`. An app posts webhooks in plain HTTP/1.1 to the
//! signer and, in turn, to a proxy made of hyper and rustls that only passes
//! them on. Both deliver over mutual TLS 1.3 to the same consumer. Each is one
//! thread, and what counts is the processor time of that thread for a
//! delivery: the other threads, and whoever else uses the machine, stay out of
//! it as far as they can. Compare by ratio, in pairs of runs next to each
//! other, of which each goes first every other time.
//!
//! Exits non-zero when a delivery failed, whatever the ratio. With a number, it
//! makes one round of so many deliveries, to be watched by `perf` or
//! `valgrind`. Without `--bench`, as `cargo test --benches` runs it, it makes one
//! short round.

#![allow(clippy::print_stdout, reason = "it is made to be read at a terminal")]

mod bare;
mod consumer;
mod generator;
mod peers;
mod pki;
mod processor;

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;

use countersign::cli;
use countersign::clock::SystemClock;
use countersign::config::Environment;
use countersign::signer::{self, Running};
use countersign::telemetry;
use tokio::runtime::Builder;

use peers::Peers;
use pki::Pki;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn Error + Send + Sync>;

/// A proxy in front of the consumer.
struct Subject {
    address: SocketAddr,
    /// The name of the thread that does its work.
    thread: &'static str,
}

fn main() -> Result<(), Failure> {
    let (rounds, deliveries) = extent();
    let pki = Pki::new()?;
    let peers = Peers::new(pki.server()?)?;
    let bare = Subject { address: bare::start(peers.consumer(), pki.client()?)?, thread: bare::THREAD };
    let running = start_signer(&pki, peers.consumer())?;
    let signer = Subject { address: running.address(), thread: "signer-0" };
    let micros = |subject: &Subject| micros_per_delivery(&peers, subject, deliveries);
    // Connections open and caches fill before anything counts.
    for subject in [&bare, &signer] {
        peers.deliver(subject.address, deliveries / 4)?;
    }
    let mut ratios = Vec::with_capacity(rounds);
    println!("round  bare µs  signer µs  ratio");
    for round in 1..=rounds {
        let (bare, signer) = if round % 2 == 0 {
            (micros(&bare)?, micros(&signer)?)
        } else {
            let signer = micros(&signer)?;
            (micros(&bare)?, signer)
        };
        ratios.push(signer / bare);
        println!("{round:5}  {bare:7.2}  {signer:9.2}  {:5.3}", signer / bare);
    }
    ratios.sort_by(f64::total_cmp);
    println!("median ratio of {rounds} rounds of {deliveries} deliveries: {:.3}", ratios[rounds / 2]);
    running.stop()?;
    Ok(())
}

/// How many rounds, of how many deliveries.
fn extent() -> (usize, u32) {
    if let Some(deliveries) = std::env::args().find_map(|argument| argument.parse().ok()) {
        return (1, deliveries);
    }
    if std::env::args().any(|argument| argument == "--bench") { (41, 5_000) } else { (1, 200) }
}

/// Processor time of the subject's thread for one of `deliveries`.
fn micros_per_delivery(peers: &Peers, subject: &Subject, deliveries: u32) -> Result<f64, Failure> {
    let before = processor::time_of_thread(subject.thread)?;
    peers.deliver(subject.address, deliveries)?;
    let spent = processor::time_of_thread(subject.thread)?.saturating_sub(before);
    Ok(spent.as_secs_f64() * 1e6 / f64::from(deliveries))
}

/// As the program starts it, with one worker. The lines of deliveries are made
/// and taken away as in the program, but for the last step: nobody reads them.
fn start_signer(pki: &Pki, consumer: SocketAddr) -> Result<Running, Failure> {
    let url = format!("https://{consumer}/hooks");
    let (ca, cert, key) = (pki.path("ca.pem"), pki.path("client.pem"), pki.path("client.key"));
    let secret = cli::generate_secret()?;
    let secret = ("SECRET".to_owned(), String::from_utf8(secret.expose().to_vec())?);
    let flags = [
        ["--listen", "127.0.0.1:0"],
        ["--admin-listen", "127.0.0.1:0"],
        ["--threads", "1"],
        ["--endpoint", &url],
        ["--allow-destination", "127.0.0.0/8"],
        ["--secret-env", "SECRET"],
        ["--ca", &ca],
        ["--cert", &cert],
        ["--key", &key],
    ];
    let (config, _remarks) = cli::signer_config(flags.concat(), &Environment::from_iter([secret]))?;
    telemetry::write_to(io::sink())?;
    Ok(signer::start(config, Arc::new(SystemClock))?)
}

/// Runs `work` on a thread of its own with a runtime of its own, until the
/// process ends.
fn spawn<F>(thread: &str, work: impl FnOnce() -> F + Send + 'static) -> Result<(), Failure>
where
    F: Future<Output = Result<(), Failure>>,
{
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let run = move || runtime.block_on(work()).expect("a part of the bench works until the end");
    thread::Builder::new().name(thread.to_owned()).spawn(run)?;
    Ok(())
}
