//! What every call to the API server has in common: a deadline, errors that
//! can be shown, and patience that grows.

use std::error::Error;
use std::time::Duration;

use kube::runtime::watcher;
use tokio::time::Instant;
use tokio::time::error::Elapsed;

/// For one call. It is not hurried: nobody waits for it.
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// When something may be tried again: at once, and then at growing intervals,
/// for as long as it keeps being necessary.
#[derive(Debug, Default)]
pub(crate) struct Retry {
    tries: u32,
    last: Option<Instant>,
    not_before: Option<Instant>,
}

impl Retry {
    /// Whether it may be tried now.
    pub(crate) fn is_due(&self) -> bool {
        self.at().is_none()
    }

    /// From when on, if that is still to come.
    pub(crate) fn at(&self) -> Option<Instant> {
        let pause = PAUSE_MIN.saturating_mul(1 << self.tries.saturating_sub(1).min(16)).min(PAUSE_MAX);
        let after_pause = self.last.map(|last| last + pause);
        after_pause.max(self.not_before).filter(|at| *at > Instant::now())
    }

    /// It is not tried for so long.
    pub(crate) fn wait(&mut self, pause: Duration) {
        self.not_before = Some(Instant::now() + pause);
    }

    /// It is tried now.
    pub(crate) fn note_try(&mut self) {
        let quiet = self.last.is_some_and(|last| last.elapsed() > QUIET);
        self.tries = if quiet { 1 } else { self.tries.saturating_add(1) };
        self.last = Some(Instant::now());
    }
}

/// What was written; `None` where somebody else wrote meanwhile. Otherwise the
/// error as [`describe`] shows it.
pub(crate) fn unless_conflict<T>(
    written: Result<Result<T, kube::Error>, Elapsed>,
) -> Result<Option<T>, String> {
    match written {
        Ok(Ok(written)) => Ok(Some(written)),
        Ok(Err(kube::Error::Api(status))) if status.code == CONFLICT => Ok(None),
        Ok(Err(error)) => Err(describe(&error)),
        Err(_) => Err("no answer in time".to_owned()),
    }
}

/// An error as a log line may have it: what the API server says of it, and
/// nothing that was in an object.
pub(crate) fn describe(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => {
            let message: String = status.message.chars().take(MESSAGE_CHARS_MAX).collect();
            format!("{} {}: {message}", status.code, status.reason)
        }
        // Its own text quotes what was read.
        kube::Error::SerdeError(_) => "an answer that cannot be read".to_owned(),
        other => {
            let mut deepest: &dyn Error = other;
            while let Some(cause) = deepest.source() {
                deepest = cause;
            }
            deepest.to_string()
        }
    }
}

/// The same of a watch.
pub(crate) fn describe_watch(error: &watcher::Error) -> String {
    use watcher::Error::{InitialListFailed, NoResourceVersion, WatchError, WatchFailed, WatchStartFailed};
    match error {
        InitialListFailed(error) => format!("list: {}", describe(error)),
        WatchStartFailed(error) | WatchFailed(error) => format!("watch: {}", describe(error)),
        WatchError(status) => describe(&kube::Error::Api(status.clone())),
        NoResourceVersion => "an answer without a version".to_owned(),
    }
}

/// Both `AlreadyExists` and `Conflict`.
const CONFLICT: u16 = 409;

const MESSAGE_CHARS_MAX: usize = 300;

const PAUSE_MIN: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// What was left alone for so long is no quarrel.
const QUIET: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use kube::core::Status;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn patience_grows_and_is_forgotten_when_it_is_quiet() {
        let mut retry = Retry::default();
        let mut pauses = Vec::new();
        for _ in 0..12 {
            assert!(retry.is_due());
            retry.note_try();
            let at = retry.at().unwrap();
            pauses.push((at - Instant::now()).as_millis());
            tokio::time::sleep_until(at).await;
        }
        assert_eq!((pauses[0], pauses[1], pauses[2], pauses[11]), (250, 500, 1000, 60_000));
        tokio::time::advance(QUIET * 2).await;
        retry.note_try();
        assert_eq!(retry.at().unwrap() - Instant::now(), PAUSE_MIN);
        retry.wait(PAUSE_MAX);
        assert_eq!(retry.at().unwrap() - Instant::now(), PAUSE_MAX);
    }

    #[test]
    fn an_error_shows_what_the_server_says_and_no_object() {
        let status =
            |code| kube::Error::Api(Status::failure("it is so", "Forbidden").with_code(code).boxed());
        assert_eq!(describe(&status(403)), "403 Forbidden: it is so");
        assert_eq!(unless_conflict::<()>(Ok(Err(status(409)))), Ok(None));
        let quoting = serde_json::from_str::<u8>("\"hunter2\"").unwrap_err();
        assert!(quoting.to_string().contains("hunter2"));
        assert!(!describe(&kube::Error::SerdeError(quoting)).contains("hunter2"));
    }
}
