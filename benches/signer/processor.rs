//! Processor time by thread, as Linux counts it.

use std::fs;
use std::time::Duration;

use crate::Failure;

/// What the thread of that name has used so far, in user and kernel: the
/// first number of its `schedstat`, in nanoseconds.
pub(crate) fn time_of_thread(name: &str) -> Result<Duration, Failure> {
    for task in fs::read_dir("/proc/self/task")? {
        let task = task?.path();
        // A thread may end while we look.
        let Ok(comm) = fs::read_to_string(task.join("comm")) else { continue };
        if comm.trim_end() == name {
            let schedstat = fs::read_to_string(task.join("schedstat"))?;
            let nanos = schedstat.split(' ').next().ok_or("an empty schedstat")?.parse()?;
            return Ok(Duration::from_nanos(nanos));
        }
    }
    Err(format!("no thread is named {name}").into())
}
