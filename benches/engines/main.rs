//! Processor time of a delivery with each engine of the ledger.
//!
//! `cargo bench --bench engines`. The program itself runs once for each engine,
//! on plain HTTP with one worker; a sender posts signed webhooks, each with an
//! id of its own, from kept-open connections, to each of them in turn. What
//! counts is the processor time of all threads of the guard's process for a
//! delivery, so that the engine's own threads are in it. Compare by ratio, in
//! rounds.
//!
//! Exits non-zero when a delivery failed, whatever the ratio. Without
//! `--bench`, as `cargo test --benches` runs it, it makes one short round.

#![allow(clippy::print_stdout, reason = "it is made to be read at a terminal")]

mod app;
mod guard;
mod sender;

use std::error::Error;
use std::fs;

use tempfile::TempDir;

use guard::Guard;

type Failure = Box<dyn Error + Send + Sync>;

/// The engines, by the flags that choose them; the first is what the others are
/// compared with. `{state}` is a directory.
const ENGINES: [(&str, &[&str]); 3] = [
    ("memory", &[]),
    ("file", &["--state-dir", "{state}"]),
    ("file, fsync always", &["--state-dir", "{state}", "--fsync", "always"]),
];

fn main() -> Result<(), Failure> {
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let (rounds, deliveries) = if is_bench { (21, 20_000) } else { (1, 320) };
    let directory = TempDir::new()?;
    let secret = countersign::cli::generate_secret()?;
    let secret_file = directory.path().join("secret");
    countersign::private_file::write(
        &secret_file,
        secret.expose(),
        countersign::private_file::Existing::Refuse,
    )?;
    let app = app::start()?;
    let mut guards = Vec::new();
    for (number, (_, flags)) in ENGINES.iter().enumerate() {
        let state = directory.path().join(number.to_string());
        fs::create_dir(&state)?;
        let state = state.display().to_string();
        let flags: Vec<String> = flags.iter().map(|flag| flag.replace("{state}", &state)).collect();
        guards.push(Guard::start(app, &secret_file, &flags)?);
    }
    let mut sender = sender::Sender::new(secret)?;
    let mut micros = vec![Vec::with_capacity(rounds); ENGINES.len()];
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
    println!("{:20} {:>8} {:>8} {:>8}  median ratio", "engine", "least µs", "median", "most");
    for ((name, _), of_engine) in ENGINES.iter().zip(&micros) {
        let ratios = of_engine.iter().zip(&micros[0]).map(|(engine, memory)| engine / memory);
        let (ratios, sorted) = (sorted(ratios), sorted(of_engine.iter().copied()));
        let (least, median, most) = (sorted[0], sorted[rounds / 2], sorted[rounds - 1]);
        println!("{name:20} {least:8.2} {median:8.2} {most:8.2}  {:.3}", ratios[rounds / 2]);
    }
    Ok(())
}

fn sorted(numbers: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers
}
