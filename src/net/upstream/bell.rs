//! The waker of one connection.
//!
//! hyper's two halves talk through channels that wake the other half. Both are
//! polled by the same task, so each such wake-up would only make the task poll
//! everything once more for nothing: one to three times per delivery. A bell
//! stands between: what rings while its owner polls is noted rather than
//! passed on. It also outlives the task that polled last, so that an idle
//! connection neither wakes nor keeps alive a task that is long done with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;

/// See the module's description.
#[derive(Debug)]
pub(super) struct Bell {
    rope: Arc<Rope>,
    /// Made once per connection; hyper and tokio keep clones of it.
    waker: Waker,
}

#[derive(Debug, Default)]
struct Rope {
    state: AtomicU8,
    task: AtomicWaker,
}

/// Nobody polls: a ring goes to the task.
const QUIET: u8 = 0;
/// The task polls: it will see for itself what the ring is about.
const POLLING: u8 = 1;
/// It polls, and something rang meanwhile.
const RANG: u8 = 2;

impl Bell {
    pub(super) fn new() -> Self {
        let rope = Arc::<Rope>::default();
        Self { waker: Waker::from(Arc::clone(&rope)), rope }
    }

    /// Polls `inside` on behalf of the task of `cx`.
    ///
    /// The task is woken for what rang meanwhile only if `inside` is pending:
    /// whoever got something from it comes back for more by himself.
    pub(super) fn poll<T>(
        &self,
        cx: &mut Context<'_>,
        inside: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        // In this order: a ring between the two must not use up the task's
        // waker that has just been registered.
        self.rope.state.store(POLLING, Ordering::Release);
        self.rope.task.register(cx.waker());
        let polled = inside(&mut Context::from_waker(&self.waker));
        let rang = self.rope.state.swap(QUIET, Ordering::AcqRel) == RANG;
        if rang && polled.is_pending() {
            cx.waker().wake_by_ref();
        }
        polled
    }

    /// Lets go of the task: from now on a ring is heard by nobody.
    pub(super) fn silence(&self) {
        self.rope.task.take();
    }

    /// The bell as a waker, for a look that nobody waits for.
    pub(super) fn waker(&self) -> &Waker {
        &self.waker
    }
}

impl Wake for Rope {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let noted = self.state.compare_exchange(POLLING, RANG, Ordering::AcqRel, Ordering::Acquire);
        if noted == Err(QUIET) {
            self.task.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How often the task was woken by a poll that rings twice and gives
    /// `outcome`, and by one ring after it.
    fn woken(outcome: Poll<()>, silence: bool) -> (usize, usize) {
        let count = Arc::<Count>::default();
        let task = Waker::from(Arc::clone(&count));
        let bell = Bell::new();
        let _ = bell.poll(&mut Context::from_waker(&task), |cx| {
            cx.waker().wake_by_ref();
            cx.waker().wake_by_ref();
            outcome
        });
        let during = count.0.load(Ordering::Relaxed);
        if silence {
            bell.silence();
        }
        bell.waker().wake_by_ref();
        (during, count.0.load(Ordering::Relaxed) - during)
    }

    #[test]
    fn rings_while_polling_are_passed_on_once_and_only_when_pending() {
        assert_eq!(woken(Poll::Pending, false).0, 1);
        assert_eq!(woken(Poll::Ready(()), false).0, 0);
    }

    #[test]
    fn a_ring_afterwards_wakes_the_task_unless_it_was_let_go() {
        assert_eq!(woken(Poll::Ready(()), false).1, 1);
        assert_eq!(woken(Poll::Ready(()), true).1, 0);
    }
}
