//! The program as a process, with one worker.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::Failure;

/// A guard that is up; killed when it is dropped.
pub(crate) struct Guard {
    process: Child,
    pub(crate) address: SocketAddr,
}

impl Guard {
    pub(crate) fn start(app: SocketAddr, secret_file: &Path, flags: &[String]) -> Result<Self, Failure> {
        let mut process = Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(["guard", "--plain", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
            .args(["--threads", "1", "--rate-limit-per-address", "1000000/s", "--ledger-max", "100000000"])
            .args(["--scheme", "standard-webhooks", "--upstream", &format!("http://{app}"), "--secret-file"])
            .arg(secret_file)
            .args(flags)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let log = process.stdout.take().ok_or("its output was asked for")?;
        let address = read_log(log)?;
        Ok(Self { process, address })
    }

    /// What all of its threads have used so far, in user and kernel: the first
    /// numbers of their `schedstat`, in nanoseconds.
    pub(crate) fn processor_time(&self) -> Result<Duration, Failure> {
        let mut nanos = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.process.id()))? {
            let schedstat = fs::read_to_string(task?.path().join("schedstat"))?;
            nanos += schedstat.split(' ').next().ok_or("an empty schedstat")?.parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanos))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Nobody is left to tell when it is gone already.
        let _ = self.process.kill().and_then(|()| self.process.wait());
    }
}

/// Where it listens; the rest of the log is read too, and forgotten.
fn read_log(log: ChildStdout) -> Result<SocketAddr, Failure> {
    let mut lines = BufReader::new(log).lines();
    let up = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("the guard is up")));
    let up = up.ok_or("the guard did not come up")??;
    std::thread::spawn(move || lines.for_each(drop));
    let mut words = up.split(|c: char| !(c.is_ascii_digit() || ".:".contains(c)));
    let address = words.find_map(|word| word.parse().ok());
    Ok(address.ok_or("the guard says where it listens")?)
}
