//! Parse, run, turn the outcome into an exit code.

use std::process::ExitCode;

use countersign::cli;
use countersign::config::Environment;

/// Many threads allocate and free small buffers of every delivery.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::run(std::env::args_os(), &Environment::of_process())
}
