//! Stopping: accept nothing more, finish what is in flight, give up at a
//! deadline.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Owns the signal to stop and knows every task that must heed it.
#[derive(Debug, Default)]
pub(crate) struct Drain {
    signal: CancellationToken,
    tasks: TaskTracker,
}

/// Tells one part of the process to stop. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct DrainSignal(CancellationToken);

/// How a drain ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drained {
    /// Every task came to its end.
    Whole,
    /// So many tasks were still running at the deadline.
    Left(usize),
}

impl Drain {
    /// What to hand to accept loops and connections.
    pub(crate) fn signal(&self) -> DrainSignal {
        DrainSignal(self.signal.clone())
    }

    /// A tracker to spawn connections on: [`Drain::finish`] waits for them.
    pub(crate) fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    /// Gives the signal, without waiting.
    pub(crate) fn begin(&self) {
        self.signal.cancel();
        self.tasks.close();
    }

    /// Gives the signal and waits for the tasks, at most `patience`.
    pub(crate) async fn finish(&self, patience: Duration) -> Drained {
        self.begin();
        match tokio::time::timeout(patience, self.tasks.wait()).await {
            Ok(()) => Drained::Whole,
            Err(_) => Drained::Left(self.tasks.len()),
        }
    }
}

impl DrainSignal {
    /// Waits for the signal.
    pub(crate) async fn begun(&self) {
        self.0.cancelled().await;
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
        let drain = Drain::default();
        let signal = drain.signal();
        drain.tasks().spawn(async move { signal.begun().await });
        assert_eq!(drain.finish(Duration::from_secs(1)).await, Drained::Whole);

        drain.tasks().spawn(std::future::pending::<()>());
        assert_eq!(drain.finish(Duration::from_secs(1)).await, Drained::Left(1));
        assert!(drain.signal().has_begun());
    }
}
