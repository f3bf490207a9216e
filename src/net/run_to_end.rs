//! A future that cannot be cancelled from a certain point on.
//!
//! hyper drops a service's future when its caller hangs up. That is right as
//! long as nothing was done, and wrong once the app may have acted: then the
//! rest must run. Spawning every delivery would do, at the price of a task
//! each; this spawns only those that were really abandoned.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

/// From this point on: set by the future itself, read by its wrapper.
#[derive(Clone, Debug, Default)]
pub(crate) struct PointOfNoReturn(Arc<AtomicBool>);

impl PointOfNoReturn {
    /// From now on the future runs to its end.
    pub(crate) fn pass(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_passed(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The wrapper: polls the future, and hands it to the runtime when it is
/// dropped past its point of no return.
pub(crate) struct RunToEnd<T: Send + 'static> {
    future: Option<Pin<Box<dyn Future<Output = T> + Send>>>,
    point: PointOfNoReturn,
    tasks: TaskTracker,
}

impl<T: Send + 'static> RunToEnd<T> {
    /// Wraps what `make` builds around the point. `tasks` keeps count of the
    /// abandoned, so that a drain waits for them.
    pub(crate) fn new<F>(tasks: TaskTracker, make: impl FnOnce(PointOfNoReturn) -> F) -> Self
    where
        F: Future<Output = T> + Send + 'static,
    {
        let point = PointOfNoReturn::default();
        let future = Box::pin(make(point.clone()));
        Self { future: Some(future), point, tasks }
    }
}

impl<T: Send + 'static> Future for RunToEnd<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let future = self.future.as_mut().expect("a future is not polled after it is ready");
        let ready = std::task::ready!(future.as_mut().poll(context));
        self.future = None;
        Poll::Ready(ready)
    }
}

impl<T: Send + 'static> Drop for RunToEnd<T> {
    fn drop(&mut self) {
        let Some(rest) = self.future.take().filter(|_| self.point.is_passed()) else { return };
        // Without a runtime the process is ending; the claim lapses by itself.
        if let Ok(runtime) = Handle::try_current() {
            self.tasks.spawn_on(
                async move {
                    drop(rest.await);
                },
                &runtime,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    async fn abandon(passed: bool) -> Option<u8> {
        let (finished, outcome) = oneshot::channel();
        let (proceed, gate) = oneshot::channel::<()>();
        let mut future = RunToEnd::new(TaskTracker::new(), |point| async move {
            if passed {
                point.pass();
            }
            gate.await.ok();
            finished.send(7).ok();
        });
        assert!(futures_util::poll!(&mut future).is_pending());
        drop(future);
        proceed.send(()).ok();
        outcome.await.ok()
    }

    #[tokio::test]
    async fn dropping_before_the_point_cancels() {
        assert_eq!(abandon(false).await, None);
    }

    #[tokio::test]
    async fn dropping_past_the_point_runs_the_rest() {
        assert_eq!(abandon(true).await, Some(7));
    }

    #[tokio::test]
    async fn undisturbed_it_is_the_future_itself() {
        let tasks = TaskTracker::new();
        assert_eq!(RunToEnd::new(tasks.clone(), |_| async { 3 }).await, 3);
        assert!(tasks.is_empty());
    }
}
