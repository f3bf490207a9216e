//! Processor time of a delivery by what the guard is asked to do: with each
//! engine of the ledger, and with what can be had beside.
//!
//! `cargo bench --bench guard`. The program itself runs once for each way, on
//! plain HTTP with one worker; a sender posts signed webhooks, each with an id
//! of its own, from kept-open connections, to each of them in turn. What counts
//! is the processor time of all threads of the guard's process for a delivery,
//! so that those of an engine, or of the spans, are in it. Compare by ratio, in
//! rounds.
//!
//! Exits non-zero when a delivery failed, whatever the ratio. Without
//! `--bench`, as `cargo test --benches` runs it, it makes one short round.

#![allow(clippy::print_stdout, reason = "it is made to be read at a terminal")]

mod app;
mod collector;
mod process;
mod sender;

use std::error::Error;
use std::fs;
use std::path::Path;

use countersign::keys::Secret;
use tempfile::TempDir;

use process::Guard;

type Failure = Box<dyn Error + Send + Sync>;

/// The guards, by their flags; the first is what the others are compared with.
/// `{state}` is a directory.
const WAYS: [(&str, &[&str]); 8] = [
    ("memory", &[]),
    ("file", &["--state-dir", "{state}"]),
    ("file, fsync always", &["--state-dir", "{state}", "--fsync", "always"]),
    ("observe", &["--mode", "observe"]),
    ("control socket", &["--control-socket", "{state}/control.sock"]),
    ("proof", &["--attest-secret-file", "{attest}"]),
    ("spans of 1 in 100", &["--otlp-endpoint", "{collector}", "--otlp-sample", "0.01"]),
    ("spans of all", &["--otlp-endpoint", "{collector}"]),
];

fn main() -> Result<(), Failure> {
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let (rounds, deliveries) = if is_bench { (21, 20_000) } else { (1, 320) };
    let directory = TempDir::new()?;
    let [secret_file, attest_file] = ["secret", "attest"].map(|name| directory.path().join(name));
    let secret = new_secret(&secret_file)?;
    new_secret(&attest_file)?;
    let (app, collector) = (app::start()?, format!("http://{}", collector::start()?));
    let mut guards = Vec::new();
    for (number, (_, flags)) in WAYS.iter().enumerate() {
        let state = directory.path().join(number.to_string());
        fs::create_dir(&state)?;
        let names = [
            ("{state}", state.display().to_string()),
            ("{attest}", attest_file.display().to_string()),
            ("{collector}", collector.clone()),
        ];
        let with_names = |flag: &&str| {
            names.iter().fold((*flag).to_owned(), |flag, (name, value)| flag.replace(name, value))
        };
        let flags: Vec<String> = flags.iter().map(with_names).collect();
        guards.push(Guard::start(app, &secret_file, &flags)?);
    }
    let mut sender = sender::Sender::new(secret)?;
    let mut micros = vec![Vec::with_capacity(rounds); WAYS.len()];
    // Connections open and caches fill before anything counts.
    for guard in &guards {
        sender.send(guard.address, deliveries / 4)?;
    }
    for _ in 0..rounds {
        for (guard, micros) in guards.iter().zip(&mut micros) {
            let before = guard.processor_time()?;
            sender.send(guard.address, deliveries)?;
            let spent = guard.processor_time()?.saturating_sub(before);
            micros.push(spent.as_secs_f64() * 1e6 / f64::from(deliveries));
        }
    }
    println!("{rounds} rounds of {deliveries} deliveries");
    println!("{:20} {:>8} {:>8} {:>8}  median ratio", "guard", "least µs", "median", "most");
    for ((name, _), own) in WAYS.iter().zip(&micros) {
        let ratios = own.iter().zip(&micros[0]).map(|(own, first)| own / first);
        let (ratios, sorted) = (sorted(ratios), sorted(own.iter().copied()));
        let (least, median, most) = (sorted[0], sorted[rounds / 2], sorted[rounds - 1]);
        println!("{name:20} {least:8.2} {median:8.2} {most:8.2}  {:.3}", ratios[rounds / 2]);
    }
    Ok(())
}

fn new_secret(path: &Path) -> Result<Secret, Failure> {
    let secret = countersign::cli::generate_secret()?;
    let existing = countersign::private_file::Existing::Refuse;
    countersign::private_file::write(path, secret.expose(), existing)?;
    Ok(secret)
}

fn sorted(numbers: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers
}
