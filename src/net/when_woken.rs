//! A future that is polled when it was woken itself, and not with every
//! wake-up of the task around it.
//!
//! The task of a connection wakes several times per request. The signal to
//! drain and the timer beside it wake once in a long while, and to poll them
//! takes locks.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct WhenWoken<F> {
    future: Pin<Box<F>>,
    alarm: Arc<Alarm>,
    waker: Waker,
}

impl<F: Future> WhenWoken<F> {
    /// Wraps `future`.
    pub(crate) fn new(future: F) -> Self {
        let alarm = Arc::new(Alarm { rang: AtomicBool::new(true), task: AtomicWaker::new() });
        Self { future: Box::pin(future), waker: Waker::from(Arc::clone(&alarm)), alarm }
    }
}

impl<F: Future> Future for WhenWoken<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.get_mut();
        // Registered before the alarm is looked at: it may go off in between.
        this.alarm.task.register(cx.waker());
        if !this.alarm.rang.swap(false, Ordering::AcqRel) {
            return Poll::Pending;
        }
        this.future.as_mut().poll(&mut Context::from_waker(&this.waker))
    }
}

/// Remembers that the future was woken, and wakes the task around it.
#[derive(Debug)]
struct Alarm {
    rang: AtomicBool,
    task: AtomicWaker,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rang.store(true, Ordering::Release);
        self.task.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_is_polled_when_it_was_woken_and_not_otherwise() {
        let (send, mut receive) = tokio::sync::oneshot::channel::<()>();
        let mut polls = 0;
        let counted = std::future::poll_fn(|cx| {
            polls += 1;
            Pin::new(&mut receive).poll(cx)
        });
        let mut future = WhenWoken::new(counted);
        for _ in 0..5 {
            let pending = std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut future).poll(cx).is_pending()));
            assert!(pending.await);
        }
        assert_eq!(send.send(()), Ok(()));
        assert_eq!((&mut future).await, Ok(()));
        drop(future);
        assert_eq!(polls, 2);
    }
}
