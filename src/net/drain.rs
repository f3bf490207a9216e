//! Stopping: accept nothing more, finish what is in flight, give up at a
//! deadline.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Tells every part of the process to stop. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct DrainSignal(CancellationToken);

/// The tasks of one worker that must heed the signal.
#[derive(Debug)]
pub(crate) struct Drain {
    signal: DrainSignal,
    tasks: TaskTracker,
}

/// How a drain ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drained {
    /// Every task came to its end.
    Whole,
    /// So many tasks were still running at the deadline.
    Left(usize),
}

impl Drain {
    /// No tasks yet.
    pub(crate) fn new(signal: DrainSignal) -> Self {
        Self { signal, tasks: TaskTracker::new() }
    }

    /// What to hand to accept loops and connections.
    pub(crate) fn signal(&self) -> &DrainSignal {
        &self.signal
    }

    /// A tracker to spawn connections on: [`Drain::finish`] waits for them.
    pub(crate) fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    /// Gives the signal and waits for the tasks, at most `patience`.
    pub(crate) async fn finish(&self, patience: Duration) -> Drained {
        self.signal.begin();
        self.tasks.close();
        match tokio::time::timeout(patience, self.tasks.wait()).await {
            Ok(()) => Drained::Whole,
            Err(_) => Drained::Left(self.tasks.len()),
        }
    }
}

impl DrainSignal {
    /// A signal for one party alone, that this one gives too.
    pub(crate) fn of_one(&self) -> Self {
        Self(self.0.child_token())
    }

    /// Gives the signal, without waiting. Giving it again changes nothing.
    pub(crate) fn begin(&self) {
        self.0.cancel();
    }

    /// Waits for the signal.
    pub(crate) async fn begun(&self) {
        self.0.cancelled().await;
    }

    /// Of a part that takes work until the signal: why it takes none.
    pub(crate) fn still_open(&self) -> Result<(), &'static str> {
        if self.has_begun() { Err("stopping") } else { Ok(()) }
    }

    /// Whether it was given.
    pub(crate) fn has_begun(&self) -> bool {
        self.0.is_cancelled()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_drain_waits_for_its_tasks_until_the_deadline() {
        let drain = Drain::new(DrainSignal::default());
        let signal = drain.signal().clone();
        drain.tasks().spawn(async move { signal.begun().await });
        assert_eq!(drain.finish(Duration::from_secs(1)).await, Drained::Whole);

        drain.tasks().spawn(std::future::pending::<()>());
        assert_eq!(drain.finish(Duration::from_secs(1)).await, Drained::Left(1));
        assert!(drain.signal().has_begun());
    }
}
