//! The main job on real input, in one command:
//!
//! ```text
//! cargo run --release --example quickstart
//! cargo run --release --example quickstart -- --stay
//! ```
//!
//! Makes a development CA and certificates under `certs/dev/quickstart/`,
//! starts a receiver app and a guard with mutual TLS in front of it, sends real
//! traffic with a real client, and shows what each request got and what the app
//! saw. Then the same from the other end: an app hands webhooks to a signer,
//! which signs them and delivers them to that guard.
//!
//! Exits non-zero when any row differs from what it must be.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is made to be read at a terminal")]

// Shared with the integration tests, which use other parts of them.
#[allow(dead_code)]
mod app;
#[allow(dead_code)]
mod client;
mod scenes;
mod sidecar;
mod stay;
mod table;
mod world;

use std::process::ExitCode;
use std::time::Duration;

use crate::client::Failure;
use crate::world::World;

fn main() -> ExitCode {
    let stay = std::env::args().skip(1).any(|argument| argument == "--stay");
    match run(stay) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("quickstart: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every row was as it must be.
#[tokio::main(flavor = "current_thread")]
async fn run(stay: bool) -> Result<bool, Failure> {
    let world = World::start().await?;
    println!("\nsending to https://{} ...\n", world.guard_address());
    let mut table = table::Table::new();
    table.play(&world, scenes::guard::all()).await?;
    // The last scene took what the guard's rate allows in a second.
    tokio::time::sleep(Duration::from_secs(1)).await;
    println!("\nhanding over to http://{}, which signs and delivers ...\n", world.signer_address());
    table.play(&world, scenes::signer::all()).await?;
    table.close();
    if stay {
        stay::until_interrupted(&world).await?;
    }
    world.stop()?;
    Ok(table.is_as_it_must_be())
}
