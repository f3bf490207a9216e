//! `countersign status`: what a running guard says of itself on its control
//! socket.
//!
//! Exit codes: 0 it is shown, 1 there is nobody to ask or what came is not a
//! guard's, 2 the command line is wrong.

mod page;

use std::fmt;
use std::io;
use std::process::ExitCode;

use clap::Args;

use super::{WRONG, role, say};
use crate::config::ControlAddress;
use crate::control::{self, AskError, Status};

/// Shown below the flags.
pub(super) const EXAMPLES: &str = "\
Examples:
  A guard that was started with --control-socket /run/countersign-guard/control.sock:
    countersign status --control-socket /run/countersign-guard/control.sock

  The codes of one source, for a program:
    countersign status --control-socket 127.0.0.1:9846 --json | jq '.sources[] | select(.name == \"github\").codes'

  Again and again:
    watch countersign status --control-socket 127.0.0.1:9846

The socket is also read from COUNTERSIGN_GUARD_CONTROL_SOCKET. docs/operations.md says what each line means.

Exit codes: 0 shown; 1 nobody is there to ask, or it is not a guard; 2 wrong arguments.";

#[derive(Args, Debug)]
pub(super) struct StatusArgs {
    /// Where the guard's control socket is: what it was given as --control-socket.
    #[arg(long, value_name = "PATH|ADDRESS:PORT")]
    control_socket: Option<String>,

    /// Print the JSON as the guard gave it.
    #[arg(long)]
    json: bool,
}

/// Asks, and shows what came.
#[tokio::main(flavor = "current_thread")]
pub(super) async fn run(args: &StatusArgs) -> ExitCode {
    let address = match args.address() {
        Ok(address) => address,
        Err(problem) => return complain(problem, ExitCode::from(WRONG)),
    };
    match ask(&address, args.json).await {
        Ok(shown) => {
            say(&mut io::stdout(), shown.trim_end());
            ExitCode::SUCCESS
        }
        Err(error) => complain(role::chain(&error), ExitCode::FAILURE),
    }
}

impl StatusArgs {
    fn address(&self) -> Result<ControlAddress, String> {
        let Some(text) = &self.control_socket else {
            return Err(
                "--control-socket is missing: give the one that the guard was started with".to_owned()
            );
        };
        text.parse().map_err(|fault| format!("--control-socket {text:?}: {fault}"))
    }
}

async fn ask(address: &ControlAddress, as_json: bool) -> Result<String, AskError> {
    let json = control::ask(address).await?;
    let no_guard = |_| AskError::NoGuard(address.clone());
    let status: Status = serde_json::from_slice(&json).map_err(no_guard)?;
    // As it came: a later guard may say more than this program knows of.
    let text = if as_json { String::from_utf8_lossy(&json).into_owned() } else { page::page(&status) };
    Ok(visible(&text))
}

/// Nothing that comes over a socket moves the cursor of a terminal.
fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

fn complain(problem: impl fmt::Display, code: ExitCode) -> ExitCode {
    say(&mut io::stderr(), format_args!("countersign status: {problem}"));
    code
}
