//! When a role that is up takes another configuration: on SIGHUP, and when a
//! file that its configuration comes from has changed.
//!
//! Files change in more than one step, and may be seen half written: a change
//! counts once two looks in a row have found the same. What is of no use is
//! tried again now and then, because what is missing may be a file that nobody
//! looks at yet.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::config::Stamps;

/// How a role takes another configuration.
pub(super) struct Reloading {
    /// Reads everything anew and takes it. Gives the files that it came from,
    /// or nothing where it was of no use, which was told already.
    take: Arc<Take>,
    looks: Looks,
}

type Take = dyn Fn() -> Option<Stamps> + Send + Sync;

impl Reloading {
    /// Of a role whose configuration came from `files`, as they were then.
    pub(super) fn new(files: Stamps, take: impl Fn() -> Option<Stamps> + Send + Sync + 'static) -> Self {
        Self { take: Arc::new(take), looks: Looks::new(files) }
    }

    /// Reloads whenever there is reason to, and never ends.
    pub(super) async fn watch(mut self) -> io::Result<Infallible> {
        let mut hangup = signal(SignalKind::hangup())?;
        let mut ticks = interval(LOOK_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut try_again = None;
        loop {
            let due = tokio::select! {
                _ = hangup.recv() => true,
                _ = ticks.tick() => {
                    self.look().await || try_again.is_some_and(|at| Instant::now() >= at)
                }
            };
            if due {
                try_again = (!self.reload().await).then(|| Instant::now() + TRY_AGAIN_AFTER);
            }
        }
    }

    /// Whether the files have changed, and have stopped changing.
    async fn look(&mut self) -> bool {
        let files = self.looks.settled.clone();
        let now = tokio::task::spawn_blocking(move || files.again()).await;
        now.is_ok_and(|now| self.looks.at(now))
    }

    /// Whether the configuration was taken.
    async fn reload(&mut self) -> bool {
        let take = Arc::clone(&self.take);
        // A panic was reported by itself, and the next try is another one.
        let taken = tokio::task::spawn_blocking(move || take()).await.unwrap_or_default();
        let is_taken = taken.is_some();
        self.looks = taken.map_or_else(|| Looks::new(self.looks.settled.clone()), Looks::new);
        is_taken
    }
}

/// Looks in a row, and what they say together.
struct Looks {
    /// What the configuration was read from.
    settled: Stamps,
    /// Something else, seen once.
    fresh: Option<Stamps>,
}

impl Looks {
    const fn new(settled: Stamps) -> Self {
        Self { settled, fresh: None }
    }

    /// Whether `now` is another state that has stopped changing.
    fn at(&mut self, now: Stamps) -> bool {
        if now == self.settled {
            self.fresh = None;
            return false;
        }
        if self.fresh.as_ref() != Some(&now) {
            self.fresh = Some(now);
            return false;
        }
        self.settled = now;
        self.fresh = None;
        true
    }
}

/// Kubernetes takes up to a minute to bring a changed Secret to a pod; a second
/// more is not noticed.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

const TRY_AGAIN_AFTER: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn a_change_counts_once_it_has_stopped() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        let write = |path: &Path, text: &str| fs::write(path, text).unwrap();
        write(&file, "one");
        let mut files = Stamps::default();
        files.look_at(&file);
        let mut looks = Looks::new(files);
        let mut look = || {
            let now = looks.settled.again();
            looks.at(now)
        };
        assert!(!look());
        write(&file, "half of tw");
        assert!(!look());
        write(&file, "half of two, and the rest");
        assert!(!look());
        assert!(look());
        assert!(!look());
        fs::remove_file(&file).unwrap();
        assert!(!look());
        assert!(look());
    }

    /// As Kubernetes does it: the mount is a link to a link to a directory.
    #[test]
    fn a_swapped_symbolic_link_is_a_change() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        for version in ["v1", "v2"] {
            fs::create_dir(path(version)).unwrap();
            fs::write(path(version).join("key"), "same length").unwrap();
        }
        std::os::unix::fs::symlink("v1", path("data")).unwrap();
        std::os::unix::fs::symlink("data/key", path("key")).unwrap();
        let mut files = Stamps::default();
        files.look_at(&path("key"));
        assert_eq!(files.again(), files);
        std::os::unix::fs::symlink("v2", path("data.new")).unwrap();
        fs::rename(path("data.new"), path("data")).unwrap();
        assert_ne!(files.again(), files);
    }
}
